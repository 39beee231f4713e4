/* dropout (Srivastava et al. 2014): every element is kept with probability 1 - p and then scaled by 1 / (1 - p).
 *   y_i = m_i x_i,   m_i = [u_i >= p] / (1 - p)
 * u is a function of seed, op, step and i alone (Philox, core/base/rng.h), never of the tile. So the adjoint, gx = m
 * gy, is this op again with the forward op's number in its attributes, and no mask is kept. */
#include "core/cpu/keep.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_CLONES static void dropout_loop(float *y, const float *x, int64_t lo, int64_t hi, const sdag_keep *k)
{
    sdag_keep_range(y + lo, x + lo, lo, hi, k);
}

static void dropout_run(const sdag_args *a)
{
    const sdag_attr_dropout *o = a->attr;
    const sdag_keep k = sdag_keep_of(a->step->seed, (uint64_t)a->step->step, o->keyed ? o->salt : a->salt, o->p);
    dropout_loop(SDAG_DATA_F32(a->out[0]), SDAG_DATA_F32(a->in[0]), a->lo, a->hi, &k);
}

static bool dropout_shape(sdag_shaping *s)
{
    const sdag_attr_dropout *o = s->attr;
    if (!(o->p >= 0 && o->p <= 0.9999f))
        return sdag_shape_fail(s, "the probability %g is outside 0 .. 0.9999", (double)o->p);
    return sdag_rule_like_first(s);
}

static void dropout_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                         sdag_val *gin)
{
    const sdag_attr_dropout *k = o->attr, again = {.p = k->p, .keyed = 1, .salt = k->keyed ? k->salt : o->salt};
    if (wants[0] && gout[0]) gin[0] = sdag_emit1(b, &sdag_opdef_dropout, gout[0], &again);
}

static const sdag_attr_dropout tenth = {0.1f, 0, 0}, half = {0.5f, 0, 0}, none = {0, 0, 0};

const sdag_op sdag_opdef_dropout = {
    .name = "dropout",
    .math = "y = x [u >= p] / (1 - p)",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_dropout),
    .flags = SDAG_OP_INPLACE | SDAG_OP_RANDOM,
    .split = SDAG_SPLIT_ELEMS,
    .shape = dropout_shape,
    .cpu = {.run = dropout_run},
    .grad = dropout_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &half, .training = 1},
                                     {.in = {"f32[]"}, .attr = &tenth, .training = 1},
                                     {.in = {"f32[7,31]"}, .attr = &none, .training = 1},
                                     {.in = {"f32[5,3,6001]"}, .attr = &tenth, .training = 1},
                                     {0}},
};

sdag_val sdag_op_dropout(sdag_build *b, sdag_val x, float p)
{
    return b->training && p > 0 ? sdag_emit1(b, &sdag_opdef_dropout, x, &(sdag_attr_dropout){.p = p}) : x;
}
