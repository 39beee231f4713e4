/* loss.cross_entropy -- the log-probability of the right class, with optional label smoothing and weights of the rows.
 *   p = softmax(logits)                               f32[...,C], a row an image, a token or a pixel
 *   l_i = -( (1-e) log p_i,target(i) + e/C sum_c log p_ic )            soft targets t f32[...,C]:
 *   l_i = - sum_c ( (1-e) t_ic + e/C ) log p_ic
 *   loss = sum_i w_i l_i / sum_i w_i       over rows whose target is not ignore_index; w = 1 where no weight is wired
 * Szegedy et al. 2016 (smoothing). Weights of rows are those of their classes in Zhang et al. 2016, eq. 4. */
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
    {"target", "i32[B]|i32[B,T]|i32[B,H,W]|f32[B,C]|f32[B,T,C]", "class numbers, or probabilities", 0},
    {"weight", "f32[B]|f32[B,T]|f32[B,H,W]", "how much each row counts; no gradient enters", SDAG_PORT_OPTIONAL},
    {0}};
static const sdag_port outs[] = {{"loss", "f32[]", "mean over the rows that count", 0}, {0}};

/* sum w l / sum w; 1 where the target counts, 0 elsewhere, is in w already. */
static sdag_val weighted_mean(sdag_build *b, sdag_val l, sdag_val w)
{
    sdag_val all = sdag_op_clamp(b, sdag_op_sum_all(b, w), 1e-12f, 3e38f);
    return sdag_op_div(b, sdag_op_sum_all(b, sdag_op_mul(b, l, w)), all);
}

static sdag_val soft(sdag_build *b, const sdag_node *self, sdag_val x, sdag_val target, sdag_val w)
{
    const float e = ((const cross_entropy *)sdag_node_opts(self))->label_smoothing;
    if (e > 0) target = sdag_op_affine(b, target, 1 - e, e / (float)sdag_dim(b, x, -1));
    sdag_val l = sdag_op_softmax_xent_soft(b, x, target);
    return w ? weighted_mean(b, l, w) : sdag_op_mean_all(b, l);
}

static sdag_val hard(sdag_build *b, const sdag_node *self, sdag_val x, sdag_val target, sdag_val w)
{
    const cross_entropy *o = sdag_node_opts(self);
    const int32_t ignore = (int32_t)o->ignore_index;
    const float e = o->label_smoothing;
    sdag_val l = sdag_op_softmax_xent(b, x, target, ignore), counts = 0;
    if (e > 0 || w) {
        sdag_val ignored = sdag_op_equal(b, target, sdag_const(b, SDAG_DT_I32, SDAG_SCALAR, &ignore));
        counts = sdag_op_affine(b, ignored, -1, 1);
    }
    if (e > 0) {
        sdag_val even = sdag_op_sub(b, sdag_op_logsumexp(b, x, -1, false), sdag_op_mean(b, x, 1, (int[]){-1}, false));
        even = sdag_op_mul(b, even, counts);
        l = sdag_op_add(b, sdag_op_affine(b, l, 1 - e, 0), sdag_op_affine(b, even, e, 0));
    }
    if (w) return weighted_mean(b, l, sdag_op_mul(b, w, counts));
    return sdag_op_div(b, sdag_op_sum_all(b, l), sdag_op_count_not(b, target, ignore));
}

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_val x = sdag_in(b, self, "logits"), target = sdag_in(b, self, "target"), w = sdag_in(b, self, "weight");
    if (b->status) return;
    const bool is_soft = sdag_value_at(b, target)->dtype == SDAG_DT_F32;
    if (w && sdag_shape_at(b, w).rank != sdag_shape_at(b, x).rank - 1)
        sdag_build_fail(b, "%s: there must be one weight for every row of logits", sdag_node_name(self));
    if (w) w = sdag_op_stop_grad(b, w);
    sdag_out(b, self, "loss", (is_soft ? soft : hard)(b, self, x, target, w));
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
    .pulls = "scores and target class",
};
