/* loss.barlow_twins -- the two views' features must correlate each with itself and with no other.
 *   c = za' zb / B,  za, zb the views with mean 0 and variance 1 over the batch (biased)      f32[D,D]
 *   loss = scale ( sum_i (c_ii - 1)^2 + lambda sum_i sum_j!=i c_ij^2 )      Zbontar et al. 2021, eq. 1, 2
 * Each view is normalised by statistics of its own, as in the paper's code; they are the batch's in inference, too. */
#include "core/ops/ops.h"
#include "nodes/loss/common.h"

typedef struct {
    float lambda, scale;
} barlow_twins;

static const sdag_opt opts[] = {
    SDAG_F32(barlow_twins, lambda, 5e-3, 0, 1e3, "weight of the redundancy: the correlations that should be 0"),
    SDAG_F32(barlow_twins, scale, 1, 1e-6, 1e6, "factor of the whole loss"),
    {0},
};

static const sdag_port ins[] = {
    {"z", "f32[B,D]", "embeddings: a bundle of two views of the same images", SDAG_PORT_BUNDLE}, {0}};
static const sdag_port outs[] = {{"loss", "f32[]", "distance of the correlations from the identity", 0}, {0}};

static sdag_val standard(sdag_build *b, sdag_val z)
{
    return sdag_op_batch_norm(b, z, 0, 0, 0, false, 1e-5f, NULL, NULL);
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const barlow_twins *o = sdag_node_opts(self);
    sdag_loss_two_views(b, self, "z", "Barlow Twins");
    sdag_val za = standard(b, sdag_in_view(b, self, "z", 0)), zb = standard(b, sdag_in_view(b, self, "z", 1));
    sdag_val c = sdag_op_matmul(b, za, zb, true, false, 1.0f / (float)sdag_dim(b, za, 0));
    sdag_out(b, self, "loss", sdag_op_eye_distance(b, c, 1, o->scale, o->scale * o->lambda));
}

const sdag_node_type sdag_node_loss_barlow_twins = {
    .name = "loss.barlow_twins",
    .brief = "Cross-correlation of two views against the identity (Barlow Twins).",
    .role = SDAG_ROLE_LOSS,
    .opts = opts,
    .opts_size = sizeof(barlow_twins),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: loss.barlow_twins, in: projector, lambda: 5e-3}",
    .paper = "Zbontar et al. 2021, arXiv:2103.03230",
    .pulls = "each feature over both views",
    .pushes = "different features",
};
