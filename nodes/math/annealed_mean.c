/* math.annealed_mean -- a value from the scores of classes that stand for values: their mean under a sharpened softmax.
 *   p = softmax(x / T)                                f32[...,Q]
 *   y = sum_q p_q v_q                                 f32[...,D]
 * T = 1 is the mean, T -> 0 the value of the best class. Zhang et al. 2016, eq. 5, T = 0.38: between the mean, which is
 * grey where colours are in doubt, and the mode, which is spotted. */
#include "core/node/node.h"
#include "core/ops/ops.h"

typedef struct {
    float temperature;
} annealed;

static const sdag_opt opts[] = {
    SDAG_F32(annealed, temperature, 0.38, 1e-3, 10, "1: the mean; towards 0: the value of the best class"),
    {0},
};
static const sdag_port ins[] = {{"logits", "f32[B,Q]|f32[B,T,Q]|f32[B,H,W,Q]", "class scores", 0},
                                {"values", "f32[Q,D]", "what each class stands for", 0},
                                {0}};
static const sdag_port outs[] = {{"y", "f32[B,...]", "the mean of the values", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const annealed *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "logits"), v = sdag_in(b, self, "values");
    if (b->status) return;
    sdag_shape s = sdag_shape_at(b, x);
    const int64_t q = s.d[s.rank - 1];
    sdag_val p = sdag_op_softmax(b, sdag_op_affine(b, sdag_op_reshape(b, x, SDAG_SHAPE(-1, q)), 1 / o->temperature, 0));
    s.d[s.rank - 1] = sdag_dim(b, v, 1);
    sdag_out(b, self, "y", sdag_op_reshape(b, sdag_op_matmul(b, p, v, false, false, 1), s));
}

const sdag_node_type sdag_node_math_annealed_mean = {
    .name = "math.annealed_mean",
    .brief = "A value from class scores: the mean of what the classes stand for, sharpened.",
    .role = SDAG_ROLE_MATH,
    .opts = opts,
    .opts_size = sizeof(annealed),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: math.annealed_mean, in: {logits: scores, values: colour.bins}, temperature: 0.38}",
    .paper = "Zhang et al. 2016, arXiv:1603.08511",
};
