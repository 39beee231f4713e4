/* loss.dcl -- the decoupled contrastive loss: NT-Xent without the positive pair in the denominator, so that easy
 * positives do not make the gradient of hard negatives small; it learns from small batches.
 *   z_a, z_b  unit rows                                                        f32[B,D]
 *   l_i = -w_i <za_i, zb_i> / t + log sum_{j != i} ( exp(<za_i, za_j> / t) + exp(<za_i, zb_j> / t) )   f32[B]
 *   loss = mean over both views and all i
 *   w_i = 1, or with sigma > 0 (DCLW)  2 - exp(<za_i, zb_i> / sigma) / mean_k exp(<za_k, zb_k> / sigma)
 * Yeh et al. 2021, arXiv:2110.06848, eq. 6 and 7. */
#include "core/node/plugin.h"

#define HIDDEN -1e9f /* far below any <x, y> / t: its exponential is 0 */

typedef struct {
    float temperature, sigma;
} dcl;

static const sdag_opt opts[] = {
    SDAG_F32(dcl, temperature, 0.1, 1e-3, 10, "softmax temperature; small = harder negatives"),
    SDAG_F32(dcl, sigma, 0, 0, 100,
             "positives that lie far apart weigh more, the more the smaller this is; 0: all alike"),
    {0},
};

static const sdag_port ins[] = {
    {"z", "f32[B,D]", "embeddings: a bundle of two views of the same images", SDAG_PORT_BUNDLE}, {0}};
static const sdag_port outs[] = {{"loss", "f32[]", "mean over all 2B views", 0}, {0}};

/* log sum over the negatives of the rows of x: everything but the image itself, in its own and in the other view. */
static sdag_val negatives(sdag_build *b, sdag_val x, sdag_val other, float temperature) /* f32[B,D] -> f32[B] */
{
    sdag_val own = sdag_op_mask_diag(b, sdag_op_matmul_nt(b, x, x, 1 / temperature), HIDDEN);
    sdag_val far = sdag_op_mask_diag(b, sdag_op_matmul_nt(b, x, other, 1 / temperature), HIDDEN);
    return sdag_op_logsumexp(b, sdag_op_concat(b, 2, (sdag_val[]){own, far}, 1), 1, false);
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const dcl *o = sdag_node_opts(self);
    int views = sdag_in_views(b, self, "z");
    if (views != 2 && !sdag_build_failed(b))
        sdag_build_fail(b, "%s: the loss compares two views, but 'z' carries %d", sdag_node_name(self), views);
    sdag_val x = sdag_op_l2norm(b, sdag_in_view(b, self, "z", 0), 1e-12f);
    sdag_val y = sdag_op_l2norm(b, sdag_in_view(b, self, "z", 1), 1e-12f);
    sdag_val same = sdag_op_sum(b, sdag_op_mul(b, x, y), 1, (int[]){1}, false); /* <x_i, y_i>, f32[B] */
    sdag_val pull = same;
    if (o->sigma > 0) { /* B softmax(same / sigma) is exp(...) / mean exp(...) */
        sdag_val near = sdag_op_softmax(b, sdag_op_affine(b, sdag_op_stop_grad(b, same), 1 / o->sigma, 0));
        pull = sdag_op_mul(b, same, sdag_op_affine(b, near, -(float)sdag_dim(b, x, 0), 2));
    }
    sdag_val push = sdag_op_add(b, negatives(b, x, y, o->temperature), negatives(b, y, x, o->temperature));
    sdag_val both = sdag_op_sub(b, sdag_op_affine(b, push, 0.5f, 0), sdag_op_affine(b, pull, 1 / o->temperature, 0));
    sdag_out(b, self, "loss", sdag_op_mean_all(b, both));
}

static const sdag_node_type loss_dcl = {
    .name = "loss.dcl",
    .brief = "Decoupled contrastive loss between views.",
    .role = SDAG_ROLE_LOSS,
    .opts = opts,
    .opts_size = sizeof(dcl),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: loss.dcl, in: projector, temperature: 0.1}",
    .paper = "Yeh et al. 2021, arXiv:2110.06848",
};

static const sdag_node_type *const types[] = {&loss_dcl, NULL};
SDAG_PLUGIN(.name = "dcl", .about = "Decoupled contrastive learning.", .version = "1.0", .types = types)
