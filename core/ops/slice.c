/* slice: the part [from, to) of one axis. When all axes before it have size 1 the part lies in one piece, and a second
 * descriptor gives it as a view; otherwise it is copied.
 * adjoint: g among zeros (pad). */
#include <string.h>

#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static void slice_run(const sdag_args *a)
{
    const sdag_attr_slice *o = a->attr;
    size_t size = sdag_dtype_size(a->in[0].dtype);
    sdag_run r = sdag_run_of(&a->in[0].shape, (int)o->axis, 1);
    int64_t line = (o->to - o->from) * r.after;
    const char *in = a->in[0].data;
    char *out = a->out[0].data;
    for (int64_t i = a->lo; i < a->hi;) {
        int64_t at = i % line, n = line - at < a->hi - i ? line - at : a->hi - i;
        int64_t from = (i / line * r.run + o->from) * r.after + at;
        memcpy(out + (size_t)i * size, in + (size_t)from * size, (size_t)n * size);
        i += n;
    }
}

static bool slice_shape(sdag_shaping *s)
{
    const sdag_attr_slice *o = s->attr;
    if (!sdag_rule_axis(s, o->axis)) return false;
    if (o->from < 0 || o->from > o->to || o->to > s->in[0].shape.d[o->axis])
        return sdag_shape_fail(s, "there is no part %lld to %lld of axis %lld", (long long)o->from, (long long)o->to,
                               (long long)o->axis);
    s->out[0] = s->in[0];
    s->out[0].shape.d[o->axis] = o->to - o->from;
    return true;
}

static bool in_one_piece(const sdag_shape *s, int64_t axis) { return sdag_run_of(s, (int)axis, 1).before == 1; }

static bool view_shape(sdag_shaping *s)
{
    const sdag_attr_slice *o = s->attr;
    if (!slice_shape(s)) return false;
    return in_one_piece(&s->in[0].shape, o->axis) || sdag_shape_fail(s, "the part is not in one piece");
}

static int64_t view_offset(const sdag_shaping *s)
{
    const sdag_attr_slice *o = s->attr;
    return o->from * sdag_run_of(&s->in[0].shape, (int)o->axis, 1).after;
}

static void slice_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    const sdag_attr_slice *s = o->attr;
    if (wants[0]) gin[0] = sdag_op_pad(b, gout[0], (int)s->axis, s->from, sdag_dim(b, o->in[0], (int)s->axis) - s->to);
}

static const sdag_attr_slice parts[] = {{0, 1, 3}, {1, 0, 2}, {2, 1, 2}, {1, 3, 60}, {0, 2, 2}, {1, 1, 3}};

const sdag_op sdag_opdef_slice = {
    .name = "slice",
    .math = "y = x[.., from:to, ..]",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_slice),
    .split = SDAG_SPLIT_ELEMS,
    .shape = slice_shape,
    .cpu = {.run = slice_run},
    .grad = slice_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &parts[1]},
                                     {.in = {"f32[2,4,3]"}, .attr = &parts[2]},
                                     {.in = {"u8[3,4,3]"}, .attr = &parts[0]},
                                     {.in = {"i32[3,4]"}, .attr = &parts[4]},
                                     {.in = {"f32[11,67,61]"}, .attr = &parts[3]},
                                     {0}},
};

static const sdag_op slice_view_op = {
    .name = "slice_view",
    .math = "y = x[from:to, ..]",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_slice),
    .flags = SDAG_OP_VIEW,
    .shape = view_shape,
    .view_offset = view_offset,
    .grad = slice_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &parts[0]},
                                     {.in = {"f32[1,4,3]"}, .attr = &parts[5]},
                                     {.in = {"u8[3]"}, .attr = &parts[0]},
                                     {.in = {"i32[3,4]"}, .attr = &parts[4]},
                                     {0}},
};

sdag_val sdag_op_slice(sdag_build *b, sdag_val x, int axis, int64_t from, int64_t to)
{
    if (sdag_build_failed(b)) return 0;
    sdag_shape s = sdag_shape_at(b, x);
    sdag_attr_slice o = {sdag_axis(&s, axis), from, to};
    if (o.axis >= 0 && from == 0 && to == s.d[o.axis]) return x;
    bool view = o.axis >= 0 && in_one_piece(&s, o.axis);
    return sdag_emit1(b, view ? &slice_view_op : &sdag_opdef_slice, x, &o);
}
