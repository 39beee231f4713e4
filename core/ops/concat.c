/* concat: tensors of one element type joined along an axis; their other sizes agree.
 * adjoint: each argument's slice of g (along the first axis: views, nothing is copied). */
#include <string.h>

#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

/* A row of out is the rows of the arguments end to end; [lo,hi) may start and end inside one. */
static void concat_run(const sdag_args *a)
{
    int axis = ((const sdag_attr_axis *)a->attr)->axis;
    size_t size = sdag_dtype_size(a->out[0].dtype);
    sdag_run r = sdag_run_of(&a->out[0].shape, axis, 1);
    int64_t line = r.run * r.after;
    char *out = a->out[0].data;
    for (int64_t i = a->lo; i < a->hi;) {
        int64_t row = i / line, at = i % line, n = 0;
        for (int k = 0; k < a->n_in && i < a->hi; k++, at -= n) {
            n = a->in[k].shape.d[axis] * r.after;
            if (at >= n) continue;
            int64_t now = n - at < a->hi - i ? n - at : a->hi - i;
            const char *in = a->in[k].data;
            memcpy(out + (size_t)i * size, in + (size_t)(row * n + at) * size, (size_t)now * size);
            i += now;
            at = n; /* the next argument starts here */
        }
    }
}

static bool concat_shape(sdag_shaping *s)
{
    int axis = ((const sdag_attr_axis *)s->attr)->axis;
    if (!sdag_rule_axis(s, axis)) return false;
    s->out[0] = s->in[0];
    for (int i = 1; i < s->n_in; i++) {
        sdag_shape x = s->in[i].shape, *y = &s->out[0].shape;
        if (!sdag_rule_dtype(s, i, s->in[0].dtype)) return false;
        if (x.rank != y->rank) return sdag_shape_fail(s, "ranks differ");
        for (int k = 0; k < x.rank; k++)
            if (k != axis && x.d[k] != y->d[k]) return sdag_shape_fail(s, "sizes of axis %d differ", k);
        if (__builtin_add_overflow(y->d[axis], x.d[axis], &y->d[axis])) return sdag_shape_fail(s, "too large");
    }
    return true;
}

static void concat_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    int axis = ((const sdag_attr_axis *)o->attr)->axis;
    int64_t from = 0;
    for (int i = 0; i < o->n_in; i++) {
        int64_t to = from + sdag_dim(b, o->in[i], axis);
        if (wants[i]) gin[i] = sdag_op_slice(b, gout[0], axis, from, to);
        from = to;
    }
}

static const sdag_attr_axis axes[] = {{0}, {1}, {2}};

const sdag_op sdag_opdef_concat = {
    .name = "concat",
    .math = "y = [x0; x1; ...]",
    .n_in = 1,
    .n_in_max = SDAG_IN_MAX,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_axis),
    .split = SDAG_SPLIT_ELEMS,
    .shape = concat_shape,
    .cpu = {.run = concat_run},
    .grad = concat_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]", "f32[2,5]"}, .attr = &axes[0]},
                                     {.in = {"f32[3,1]", "f32[3,4]", "f32[3,2]"}, .attr = &axes[1]},
                                     {.in = {"f32[2,1,3]"}, .attr = &axes[1]},
                                     {.in = {"u8[2,3,1]", "u8[2,3,4]"}, .attr = &axes[2]},
                                     {.in = {"i32[1,2]", "i32[0,2]", "i32[3,2]"}, .attr = &axes[0]},
                                     {.in = {"f32[5,8191]", "f32[2,8191]"}, .attr = &axes[0]},
                                     {.in = {"f32[9,61,67]", "f32[9,3,67]", "f32[9,8,67]"}, .attr = &axes[1]},
                                     {0}},
};

/* More arguments than one op takes: joined in groups. */
sdag_val sdag_op_concat(sdag_build *b, int n, const sdag_val *x, int axis)
{
    sdag_val part[SDAG_IN_MAX];
    if (sdag_build_failed(b)) return 0;
    if (n == 1) return x[0];
    if (n < 1 || n > SDAG_IN_MAX * SDAG_IN_MAX) {
        sdag_build_fail(b, "%s: concat: %d tensors cannot be joined", b->node_name, n);
        return 0;
    }
    sdag_shape s = sdag_shape_at(b, x[0]);
    sdag_attr_axis o = {sdag_axis(&s, axis)};
    int m = 0;
    for (int i = 0; i < n && n > SDAG_IN_MAX; i += SDAG_IN_MAX, m++)
        part[m] = sdag_op_concat(b, n - i < SDAG_IN_MAX ? n - i : SDAG_IN_MAX, x + i, axis);
    return sdag_emit(b, &sdag_opdef_concat, m ? m : n, m ? part : x, &o, NULL);
}
