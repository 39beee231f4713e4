#include "core/ops/reduction.h"

#include "core/ops/ops.h"

bool sdag_reduction_shape(sdag_shaping *s)
{
    const sdag_attr_reduce *o = s->attr;
    sdag_shape x = s->in[0].shape, y = {0};
    if (!sdag_rule_f32(s)) return false;
    if (o->n < 0 || o->axis < 0 || o->axis + o->n > x.rank)
        return sdag_shape_fail(s, "there are no axes %d to %d", o->axis, o->axis + o->n - 1);
    for (int i = 0; i < x.rank; i++) {
        bool gone = i >= o->axis && i < o->axis + o->n;
        if (!gone || o->keep) y.d[y.rank++] = gone ? 1 : x.d[i];
    }
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = y};
    return true;
}

sdag_run sdag_reduction_run(const sdag_args *a)
{
    const sdag_attr_reduce *o = a->attr;
    return sdag_run_of(&a->in[0].shape, o->axis, o->n);
}

unsigned sdag_reduction_axes(sdag_build *b, const char *op, sdag_val x, int n, const int *axes)
{
    if (sdag_build_failed(b)) return 0;
    sdag_shape s = sdag_shape_at(b, x);
    unsigned mask = 0;
    for (int i = 0; i < n; i++) {
        int axis = sdag_axis(&s, axes[i]);
        if (axis < 0) sdag_build_fail(b, "%s: %s: there is no axis %d in rank %d", b->node_name, op, axes[i], s.rank);
        else if (mask & 1u << axis) sdag_build_fail(b, "%s: %s: axis %d is given twice", b->node_name, op, axes[i]);
        else mask |= 1u << axis;
    }
    return n ? mask : (1u << s.rank) - 1;
}

sdag_val sdag_reduction_emit(sdag_build *b, const sdag_op *op, sdag_val x, unsigned mask, bool keep)
{
    sdag_shape s = sdag_shape_at(b, x), rest = {0};
    int last = s.rank - 1;
    while (last >= 0) {
        int first = last;
        while (first >= 0 && mask & 1u << first) first--;
        sdag_attr_reduce o = {.axis = first + 1, .n = last - first, .keep = 1};
        if (o.n > 0) x = sdag_emit1(b, op, x, &o);
        last = first - 1;
    }
    for (int i = 0; i < s.rank; i++)
        if (!(mask & 1u << i)) rest.d[rest.rank++] = s.d[i];
    return keep ? x : sdag_op_reshape(b, x, rest);
}

sdag_val sdag_reduction_spread(sdag_build *b, sdag_val g, sdag_val x, const sdag_attr_reduce *o)
{
    sdag_shape s = sdag_shape_at(b, x);
    for (int i = 0; i < o->n && !sdag_build_failed(b); i++) s.d[o->axis + i] = 1;
    return sdag_op_reshape(b, g, s);
}
