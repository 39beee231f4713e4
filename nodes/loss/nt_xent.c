/* loss.nt_xent -- the SimCLR loss: every image must find its other view among 2B-1 candidates.
 *   z = unit rows of [za; zb]            f32[2B,D]
 *   s = z z' / temperature, diagonal out f32[2B,2B]
 *   loss = mean_i ( logsumexp_j s_ij - s_i,partner(i) )        Chen et al. 2020, eq. 1 */
#include <math.h>

#include "core/node/node.h"
#include "core/ops/ops.h"

typedef struct {
    float temperature;
    bool normalize;
} nt_xent;

static const sdag_opt opts[] = {
    SDAG_F32(nt_xent, temperature, 0.5, 1e-3, 10.0, "softmax temperature; small = harder negatives"),
    SDAG_BOOL(nt_xent, normalize, true, "scale rows to unit length first"),
    {0},
};

static const sdag_port ins[] = {
    {"z", "f32[B,D]", "embeddings: a bundle of two views of the same images", SDAG_PORT_BUNDLE}, {0}};
static const sdag_port outs[] = {{"loss", "f32[]", "mean over all 2B views", 0}, {0}};

/* Row i's partner: the same image in the other view. i32[2B] */
static sdag_val partners(sdag_build *b, int64_t rows)
{
    if (b->status) return 0;
    int32_t *at = SDAG_NEWS(b->arena, int32_t, rows);
    for (int64_t i = 0; i < rows; i++) at[i] = (int32_t)((i + rows / 2) % rows);
    return sdag_const(b, SDAG_DT_I32, SDAG_SHAPE(rows), at);
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const nt_xent *o = sdag_node_opts(self);
    int views = sdag_in_views(b, self, "z");
    if (views != 2 && !b->status)
        sdag_build_fail(b, "%s: NT-Xent compares two views, but 'z' carries %d", sdag_node_name(self), views);
    sdag_val z = sdag_in_joint(b, self, "z");
    if (o->normalize) z = sdag_op_l2norm(b, z, 1e-12f);
    sdag_val s = sdag_op_matmul_nt(b, z, z, 1.0f / o->temperature);
    s = sdag_op_mask_diag(b, s, -INFINITY);
    sdag_val row = sdag_op_softmax_xent(b, s, partners(b, sdag_dim(b, z, 0)), -100);
    sdag_out(b, self, "loss", sdag_op_mean_all(b, row));
}

const sdag_node_type sdag_node_loss_nt_xent = {
    .name = "loss.nt_xent",
    .brief = "Contrastive loss between views (SimCLR).",
    .role = SDAG_ROLE_LOSS,
    .opts = opts,
    .opts_size = sizeof(nt_xent),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: loss.nt_xent, in: projector, temperature: 0.2}",
    .paper = "Chen et al. 2020, arXiv:2002.05709",
    .pulls = "views of one sample",
    .pushes = "all other samples of the batch",
};
