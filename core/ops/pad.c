/* pad: zeros before and after along one axis; the adjoint of slice.
 * adjoint: the slice of g. */
#include "core/ops/pad.h"

#include <string.h>

#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static void pad_run(const sdag_args *a)
{
    const sdag_attr_pad *o = a->attr;
    size_t size = sdag_dtype_size(a->in[0].dtype);
    sdag_run r = sdag_run_of(&a->in[0].shape, (int)o->axis, 1);
    int64_t part = r.run * r.after, start = o->before * r.after, line = part + start + o->after * r.after;
    const char *in = a->in[0].data;
    char *out = a->out[0].data;
    for (int64_t i = a->lo; i < a->hi;) {
        int64_t at = i % line;
        int64_t end = at < start ? start : at < start + part ? start + part : line; /* of the zone that `at` is in */
        int64_t n = end - at < a->hi - i ? end - at : a->hi - i;
        char *to = out + (size_t)i * size;
        if (at >= start && at < start + part)
            memcpy(to, in + (size_t)(i / line * part + at - start) * size, (size_t)n * size);
        else memset(to, 0, (size_t)n * size);
        i += n;
    }
}

static bool pad_shape(sdag_shaping *s)
{
    const sdag_attr_pad *o = s->attr;
    if (!sdag_rule_axis(s, o->axis)) return false;
    s->out[0] = s->in[0];
    int64_t *d = &s->out[0].shape.d[o->axis];
    if (o->before < 0 || o->after < 0 || __builtin_add_overflow(*d, o->before, d) ||
        __builtin_add_overflow(*d, o->after, d))
        return sdag_shape_fail(s, "%lld zeros before and %lld after cannot be", (long long)o->before,
                               (long long)o->after);
    return true;
}

static void pad_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    const sdag_attr_pad *p = o->attr;
    if (wants[0])
        gin[0] = sdag_op_slice(b, gout[0], (int)p->axis, p->before, p->before + sdag_dim(b, o->in[0], (int)p->axis));
}

static const sdag_attr_pad pads[] = {{0, 1, 2}, {1, 0, 3}, {2, 4, 0}, {1, 3, 5}};

const sdag_op sdag_opdef_pad = {
    .name = "pad",
    .math = "y = [0; x; 0]",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_pad),
    .split = SDAG_SPLIT_ELEMS,
    .shape = pad_shape,
    .cpu = {.run = pad_run},
    .grad = pad_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &pads[0]},
                                     {.in = {"f32[3,5]"}, .attr = &pads[1]},
                                     {.in = {"f32[1,2,1]"}, .attr = &pads[2]},
                                     {.in = {"i32[3,2]"}, .attr = &pads[3]},
                                     {.in = {"u8[7]"}, .attr = &pads[0]},
                                     {.in = {"f32[11,61,67]"}, .attr = &pads[3]},
                                     {0}},
};

sdag_val sdag_op_pad(sdag_build *b, sdag_val x, int axis, int64_t before, int64_t after)
{
    if (sdag_build_failed(b)) return 0;
    sdag_shape s = sdag_shape_at(b, x);
    if (before == 0 && after == 0) return x;
    return sdag_emit1(b, &sdag_opdef_pad, x, &(sdag_attr_pad){sdag_axis(&s, axis), before, after});
}

/* Two views of one batch send back two paddings of its gradient; their sum is the joined parts, and the paddings
 * themselves are then needed by nobody. */
sdag_val sdag_pad_join(sdag_build *b, sdag_val x, sdag_val y)
{
    const sdag_value *vx = sdag_value_at(b, x), *vy = sdag_value_at(b, y);
    if (vx->producer < 0 || vy->producer < 0 || !sdag_shape_equal(vx->shape, vy->shape)) return 0;
    const sdag_program_op *p = &b->program->ops.at[vx->producer], *q = &b->program->ops.at[vy->producer];
    if (p->op != &sdag_opdef_pad || q->op != &sdag_opdef_pad) return 0;
    const sdag_attr_pad *po = p->attr, *qo = q->attr;
    if (po->axis != qo->axis) return 0;
    if (po->before > qo->before) {
        const sdag_program_op *t = p;
        p = q;
        q = t;
        po = p->attr;
        qo = q->attr;
    }
    if (vx->shape.d[po->axis] - po->after != qo->before) return 0; /* a gap, or an overlap */
    int axis = (int)po->axis;
    int64_t before = po->before, after = qo->after;
    return sdag_op_pad(b, sdag_op_concat(b, 2, (sdag_val[]){p->in[0], q->in[0]}, axis), axis, before, after);
}
