/* loss.l1 -- the absolute distance between two values, for reconstruction; or the smooth one, square near 0.
 *   d = |x - y|                                             f32[B,...]
 *   beta > 0: d = (x - y)^2 / (2 beta) where |x - y| < beta, |x - y| - beta / 2 elsewhere
 *   loss = sum m d / sum m, m the mask (1 without)          or mean_i sum_j m_ij d_ij with sum: true
 * Xie et al. 2022 (SimMIM): on the hidden pixels; Girshick 2015, eq. 3 (smooth, beta 1). */
#include "core/ops/ops.h"
#include "nodes/loss/common.h"

typedef struct {
    float beta;
    bool sum;
} l1;

static const sdag_opt opts[] = {
    SDAG_F32(l1, beta, 0, 0, 1e6, "differences below this one count by their square; 0: none"),
    SDAG_BOOL(l1, sum, false, SDAG_COMPARE_SUM_HELP),
    {0},
};

static void lower(sdag_build *b, const sdag_node *self)
{
    const l1 *o = sdag_node_opts(self);
    sdag_val x, y;
    sdag_compare_values(b, self, &x, &y);
    sdag_val d = sdag_op_abs(b, sdag_op_sub(b, x, y));
    if (o->beta > 0) { /* with c = min(d, beta): c (d - c / 2) / beta */
        sdag_val c = sdag_op_clamp(b, d, 0, o->beta);
        d = sdag_op_mul(b, sdag_op_affine(b, c, 1 / o->beta, 0), sdag_op_sub(b, d, sdag_op_affine(b, c, 0.5f, 0)));
    }
    sdag_compare_out(b, self, d, o->sum);
}

const sdag_node_type sdag_node_loss_l1 = {
    .name = "loss.l1",
    .brief = "Absolute distance, for reconstruction.",
    .role = SDAG_ROLE_LOSS,
    .opts = opts,
    .opts_size = sizeof(l1),
    .ins = sdag_compare_ins,
    .outs = sdag_compare_outs,
    .lower = lower,
    .example = "{type: loss.l1, in: {x: decoder, y: images}}",
    .pulls = "output and target",
};
