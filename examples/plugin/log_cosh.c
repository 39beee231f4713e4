/* loss.log_cosh -- a distance for reconstruction that is square near 0 and absolute far out, and smooth everywhere;
 * with an operation of its own.
 *   d = log cosh(x - y)                                  f32[B,...]
 *   loss = mean of d
 * Saleh & Saleh 2022, arXiv:2208.04564. */
#include <math.h>

#include "core/cpu/mathf.h"
#include "core/node/plugin.h"
#include "core/ops/map.h"
#include "core/ops/rules.h"

/* ---- the operation: y = log cosh x, element by element
 * = |x| + log(1 + e^-2|x|) - log 2; near 0, where that cancels, its series x^2/2 - x^4/12 + x^6/45 - 17 x^8/2520.
 * adjoint: gx = g tanh x */

SDAG_INLINE float log_cosh(float x)
{
    const float a = sdag_absf(x), z = x * x;
    const float far = a + sdag_logf(1 + sdag_expf(-2 * a)) - 0.6931471806f;
    const float near = z * (0.5f - z * (0.0833333333f - z * (0.0222222222f - z * 0.00674603175f)));
    return a < 0.5f ? near : far;
}

SDAG_MAP1(log_cosh_run, , log_cosh(u))

/* u: the argument, v: the gradient that comes in */
SDAG_MAP2(log_cosh_grad_run, , sdag_tanhf(u) * v)

static const sdag_op log_cosh_grad_op = {
    .name = "log_cosh_grad",
    .math = "gx = g tanh(x)",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_INPLACE_1 | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = log_cosh_grad_run},
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]", "f32[3,5]"}}, {0}},
};

static void log_cosh_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                          sdag_val *gin)
{
    if (wants[0]) gin[0] = sdag_emit2(b, &log_cosh_grad_op, o->in[0], gout[0], NULL);
}

static const sdag_op log_cosh_op = {
    .name = "log_cosh",
    .math = "y = log(cosh(x))",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_like_first,
    .cpu = {.run = log_cosh_run},
    .grad = log_cosh_grad,
    .check =
        (const sdag_op_check[]){
            {.in = {"f32[3,5]"}}, {.in = {"f32[]"}}, {.in = {"f32[5]=40"}}, {.in = {"f32[5,8191]"}}, {0}},
};

/* In double, by the formula: what `ssldag test` compares values and gradients with. */
static void log_cosh_reference(const sdag_ref_args *r)
{
    for (int64_t i = 0; i < sdag_elems(&r->out[0].shape); i++) {
        const double a = fabs(r->in[0].at[i]);
        r->out[0].at[i] = a + log1p(exp(-2 * a)) - log(2);
    }
}

static const sdag_reference references[] = {{"log_cosh", log_cosh_reference, 0}, {0}};

/* ---- the node */

static const sdag_port ins[] = {
    {"x", "f32[B,...]", "what the network makes", 0}, {"y", "f32[B,...]", "what it should be", 0}, {0}};
static const sdag_port outs[] = {{"loss", "f32[]", "mean over all values", 0}, {0}};

static sdag_val flat(sdag_build *b, sdag_val x) /* f32[B,...] -> f32[B,D] */
{
    return sdag_op_reshape(b, x, SDAG_SHAPE(sdag_dim(b, x, 0), -1));
}

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_val d = sdag_op_sub(b, flat(b, sdag_in(b, self, "x")), flat(b, sdag_in(b, self, "y")));
    sdag_out(b, self, "loss", sdag_op_mean_all(b, sdag_emit1(b, &log_cosh_op, d, NULL)));
}

static const sdag_node_type loss_log_cosh = {
    .name = "loss.log_cosh",
    .brief = "Smooth distance that forgives outliers, for reconstruction.",
    .role = SDAG_ROLE_LOSS,
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: loss.log_cosh, in: {x: decoder, y: images}}",
    .paper = "Saleh & Saleh 2022, arXiv:2208.04564",
};

static const sdag_node_type *const types[] = {&loss_log_cosh, NULL};
static const sdag_op *const ops[] = {&log_cosh_op, &log_cosh_grad_op, NULL};
SDAG_PLUGIN(.name = "log_cosh", .about = "The log-cosh distance.", .version = "1.0", .types = types, .ops = ops,
            .references = references)
