/* loss.cross_entropy -- the log-probability of the right class, with optional label smoothing.
 *   p = softmax(logits)                               f32[B,C]
 *   loss = mean_i -( (1-e) log p_i,target(i) + e/C sum_c log p_ic )     over rows whose target is not ignore_index
 * Soft targets t f32[B,C]: loss = mean_i - sum_c ( (1-e) t_ic + e/C ) log p_ic.   Szegedy et al. 2016 (smoothing). */
#include "core/node/node.h"
#include "core/ops/ops.h"

typedef struct {
    float label_smoothing;
    int64_t ignore_index;
} cross_entropy;

static const sdag_opt opts[] = {
    SDAG_F32(cross_entropy, label_smoothing, 0, 0, 0.99, "share of probability spread over all classes"),
    SDAG_INT(cross_entropy, ignore_index, -100, INT32_MIN, INT32_MAX, "rows with this target do not count"),
    {0},
};

static const sdag_port ins[] = {
    {"logits", "f32[B,C]|f32[B,T,C]|f32[B,H,W,C]", "class scores", 0},
    {"target", "i32[B]|i32[B,T]|i32[B,H,W]|f32[B,C]|f32[B,T,C]|f32[B,H,W,C]", "class numbers, or probabilities", 0},
    {0}};
static const sdag_port outs[] = {{"loss", "f32[]", "mean over the rows that count", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const cross_entropy *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "logits"), target = sdag_in(b, self, "target");
    if (b->status) return;
    if (sdag_value_at(b, target)->dtype == SDAG_DT_F32) {
        const float e = o->label_smoothing;
        if (e > 0) target = sdag_op_affine(b, target, 1 - e, e / (float)sdag_dim(b, x, -1));
        sdag_out(b, self, "loss", sdag_op_mean_all(b, sdag_op_softmax_xent_soft(b, x, target)));
        return;
    }
    int32_t ignore = (int32_t)o->ignore_index;
    sdag_val row = sdag_op_softmax_xent(b, x, target, ignore);
    if (o->label_smoothing > 0) {
        sdag_val even = sdag_op_sub(b, sdag_op_logsumexp(b, x, -1, false), sdag_op_mean(b, x, 1, (int[]){-1}, false));
        sdag_val ignored = sdag_op_equal(b, target, sdag_const(b, SDAG_DT_I32, SDAG_SCALAR, &ignore));
        even = sdag_op_mul(b, even, sdag_op_affine(b, ignored, -1, 1));
        row = sdag_op_add(b, sdag_op_affine(b, row, 1 - o->label_smoothing, 0),
                          sdag_op_affine(b, even, o->label_smoothing, 0));
    }
    sdag_out(b, self, "loss", sdag_op_div(b, sdag_op_sum_all(b, row), sdag_op_count_not(b, target, ignore)));
}

const sdag_node_type sdag_node_loss_cross_entropy = {
    .name = "loss.cross_entropy",
    .brief = "Log-probability of the right class.",
    .role = SDAG_ROLE_LOSS,
    .opts = opts,
    .opts_size = sizeof(cross_entropy),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: loss.cross_entropy, in: {logits: head, target: few.label}}",
};
