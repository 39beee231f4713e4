/* Sound as a plugin; but one op has a wrong adjoint, one loses NaN, one writes beyond its tile, one crashes. For
 * `ssldag test`. */
#include <signal.h>

#include "core/ops/map.h"
#include "core/ops/rules.h"
#include "tests/plugins/good/good.h"

SDAG_MAP1(bad_double_run, , 2 * u)
SDAG_MAP1(bad_nan_run, , u > 0 ? u : 0)

static void wrong_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    (void)o;
    if (wants[0]) gin[0] = sdag_op_affine(b, gout[0], 3, 0);
}

static void nan_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    sdag_val zero = sdag_filled(b, sdag_shape_at(b, o->in[0]), 0);
    if (wants[0]) gin[0] = sdag_op_mul(b, gout[0], sdag_op_less(b, zero, o->in[0]));
}

static void beyond_run(const sdag_args *a)
{
    for (int64_t i = a->lo; i <= a->hi; i++) SDAG_DATA_F32(a->out[0])[i] = SDAG_DATA_F32(a->in[0])[i < a->hi ? i : 0];
}

static void crash_run(const sdag_args *a) { raise(a->n_in ? SIGSEGV : SIGBUS); }

#define OP(n, r, g, f)                                       \
    static const sdag_op n = {.name = #n,                    \
                              .math = "y = x",               \
                              .n_in = 1,                     \
                              .n_out = 1,                    \
                              .split = SDAG_SPLIT_ELEMS,     \
                              .flags = f,                    \
                              .shape = sdag_rule_like_first, \
                              .cpu = {.run = r},             \
                              .grad = g,                     \
                              .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}}, {0}}};
OP(bad_adjoint, bad_double_run, wrong_grad, 0)
OP(bad_nan, bad_nan_run, nan_grad, 0)
OP(bad_beyond, beyond_run, NULL, SDAG_OP_NOGRAD)
OP(bad_crash, crash_run, NULL, SDAG_OP_NOGRAD)
OP(bad_none, bad_double_run, NULL, 0)
OP(bad_value, bad_double_run, NULL, SDAG_OP_NOGRAD)
OP(good_nograd, bad_double_run, NULL, SDAG_OP_NOGRAD)

static void three_times(const sdag_ref_args *r)
{
    for (int64_t i = 0; i < sdag_elems(&r->out[0].shape); i++) r->out[0].at[i] = 3 * r->in[0].at[i];
}
static const sdag_reference references[] = {{"bad_value", three_times, 0}, {0}};

static const sdag_op *const ops[] = {&bad_adjoint, &bad_nan,   &bad_beyond,  &bad_crash,
                                     &bad_none,    &bad_value, &good_nograd, NULL};
static const sdag_node_type no_example = {.name = "loss.silent",
                                          .brief = "Has no example.",
                                          .role = SDAG_ROLE_LOSS,
                                          .ins = good_ins,
                                          .outs = good_outs,
                                          .lower = good_lower};
static void crash_lower(sdag_build *b, const sdag_node *self) { raise(b && self ? SIGSEGV : SIGBUS); }
static const sdag_node_type crashes = {.name = "loss.crashes",
                                       .brief = "Crashes.",
                                       .role = SDAG_ROLE_LOSS,
                                       .ins = good_ins,
                                       .outs = good_outs,
                                       .lower = crash_lower,
                                       .example = "{type: loss.crashes, in: decoder}"};
static const sdag_node_type *const types[] = {&good_type, &no_example, &crashes, NULL};
SDAG_PLUGIN(.name = "adjoint", .types = types, .ops = ops, .references = references)
