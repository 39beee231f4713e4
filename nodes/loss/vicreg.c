/* loss.vicreg -- two views must agree, every feature must vary over the batch, and no two features may vary together.
 *   s = mean_ij (za_ij - zb_ij)^2                           invariance; za, zb f32[B,D]
 *   v(z) = mean_j max(0, target - sqrt(var_j(z) + eps))     var unbiased
 *   c(z) = sum_i sum_j!=i cov_ij(z)^2 / D,  cov = (z - mean)' (z - mean) / (B - 1)
 *   loss = invariance s + variance (v(za) + v(zb)) / 2 + covariance (c(za) + c(zb))
 * Bardes et al. 2022, eq. 1-6; the half on the variance is that of the paper's code. */
#include "core/ops/ops.h"
#include "nodes/loss/common.h"

typedef struct {
    float invariance, variance, covariance, target, eps;
} vicreg;

static const sdag_opt opts[] = {
    SDAG_F32(vicreg, invariance, 25, 0, 1e6, "weight of the distance between the views"),
    SDAG_F32(vicreg, variance, 25, 0, 1e6, "weight of the hinge on the deviations"),
    SDAG_F32(vicreg, covariance, 1, 0, 1e6, "weight of the covariances"),
    SDAG_F32(vicreg, target, 1, 0, 1e6, "the deviation that every feature should reach"),
    SDAG_F32(vicreg, eps, 1e-4, 1e-12, 1, "added to the variances under the root"),
    {0},
};

static const sdag_port ins[] = {
    {"z", "f32[B,D]", "embeddings: a bundle of two views of the same images", SDAG_PORT_BUNDLE}, {0}};
static const sdag_port outs[] = {{"loss", "f32[]", "weighted sum of the three terms", 0}, {0}};

static sdag_val hinge(sdag_build *b, const vicreg *o, sdag_val z)
{
    sdag_val var = sdag_op_var(b, z, 1, (int[]){0}, false, true);
    sdag_val std = sdag_op_sqrt(b, sdag_op_affine(b, var, 1, o->eps));
    return sdag_op_mean_all(b, sdag_op_relu(b, sdag_op_affine(b, std, -1, o->target)));
}

static sdag_val together(sdag_build *b, const vicreg *o, sdag_val z)
{
    float rows = (float)sdag_dim(b, z, 0), width = (float)sdag_dim(b, z, 1);
    sdag_val centred = sdag_op_sub(b, z, sdag_op_mean(b, z, 1, (int[]){0}, true));
    sdag_val cov = sdag_op_matmul(b, centred, centred, true, false, 1 / (rows - 1));
    return sdag_op_eye_distance(b, cov, 0, 0, o->covariance / width);
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const vicreg *o = sdag_node_opts(self);
    sdag_loss_two_views(b, self, "z", "VICReg");
    sdag_val z[2] = {sdag_in_view(b, self, "z", 0), sdag_in_view(b, self, "z", 1)};
    if (!b->status && sdag_dim(b, z[0], 0) < 2)
        sdag_build_fail(b, "%s: the variance over a batch of one sample is not defined; use a larger batch",
                        sdag_node_name(self));
    if (b->status) return;
    sdag_val apart = sdag_op_mean_all(b, sdag_op_square(b, sdag_op_sub(b, z[0], z[1])));
    sdag_val loss = sdag_op_affine(b, apart, o->invariance, 0);
    for (int i = 0; i < 2; i++) {
        loss = sdag_op_add(b, loss, sdag_op_affine(b, hinge(b, o, z[i]), o->variance / 2, 0));
        loss = sdag_op_add(b, loss, together(b, o, z[i]));
    }
    sdag_out(b, self, "loss", loss);
}

const sdag_node_type sdag_node_loss_vicreg = {
    .name = "loss.vicreg",
    .brief = "Agreement, variance and decorrelation of two views (VICReg).",
    .role = SDAG_ROLE_LOSS,
    .opts = opts,
    .opts_size = sizeof(vicreg),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: loss.vicreg, in: projector}",
    .paper = "Bardes et al. 2022, arXiv:2105.04906",
    .pulls = "two views of one sample",
    .pushes = "the samples of a batch, and the features from each other",
};
