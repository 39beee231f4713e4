/* loss.bce -- the binary cross-entropy: every value is the probability of a coin of its own, such as an ink pixel.
 *   d = -( y log p + (1 - y) log(1 - p) ),  p = sigmoid(x)  f32[B,...], y in 0..1
 *     = max(x, 0) - x y + log(1 + e^-|x|)                   stable for any x
 *   loss = sum m d / sum m, m the mask (1 without)          or mean_i sum_j m_ij d_ij with sum: true
 * With logits: false, x is p itself, held within 1e-7 .. 1 - 1e-7 (no gradient beyond). Kingma & Welling 2014, C.1. */
#include "core/ops/ops.h"
#include "nodes/loss/common.h"

typedef struct {
    bool logits, sum;
} bce;

static const sdag_opt opts[] = {
    SDAG_BOOL(bce, logits, true, "x comes before the sigmoid; false: x is a probability"),
    SDAG_BOOL(bce, sum, false, SDAG_COMPARE_SUM_HELP),
    {0},
};

static sdag_val of_probabilities(sdag_build *b, sdag_val p, sdag_val y)
{
    p = sdag_op_clamp(b, p, 1e-7f, 1 - 1e-7f);
    sdag_val one = sdag_op_mul(b, y, sdag_op_log(b, p));
    sdag_val zero = sdag_op_mul(b, sdag_op_affine(b, y, -1, 1), sdag_op_log(b, sdag_op_affine(b, p, -1, 1)));
    return sdag_op_affine(b, sdag_op_add(b, one, zero), -1, 0);
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const bce *o = sdag_node_opts(self);
    sdag_val x, y;
    sdag_compare_values(b, self, &x, &y);
    sdag_compare_out(b, self, o->logits ? sdag_op_sigmoid_xent(b, x, y) : of_probabilities(b, x, y), o->sum);
}

const sdag_node_type sdag_node_loss_bce = {
    .name = "loss.bce",
    .brief = "Binary cross-entropy, for reconstruction of values in 0..1.",
    .role = SDAG_ROLE_LOSS,
    .opts = opts,
    .opts_size = sizeof(bce),
    .ins = sdag_compare_ins,
    .outs = sdag_compare_outs,
    .lower = lower,
    .example = "{type: loss.bce, in: {x: decoder, y: images}}",
    .pulls = "output and target",
};
