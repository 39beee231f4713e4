#include "core/ops/rules.h"

bool sdag_rule_dtype(sdag_shaping *s, int i, sdag_dtype t)
{
    if (s->in[i].dtype == t) return true;
    return sdag_shape_fail(s, "argument %d is %s, not %s", i, sdag_dtype_name(s->in[i].dtype), sdag_dtype_name(t));
}

bool sdag_rule_f32(sdag_shaping *s)
{
    for (int i = 0; i < s->n_in; i++)
        if (!sdag_rule_dtype(s, i, SDAG_DT_F32)) return false;
    return true;
}

bool sdag_rule_like_first(sdag_shaping *s) { return sdag_rule_f32(s) && sdag_shape_like_first(s); }

bool sdag_rule_same(sdag_shaping *s)
{
    for (int i = 1; i < s->n_in; i++)
        if (!sdag_shape_equal(s->in[i].shape, s->in[0].shape)) return sdag_shape_fail(s, "shapes differ");
    return sdag_rule_like_first(s);
}

bool sdag_rule_colours(sdag_shaping *s)
{
    const sdag_shape x = s->in[0].shape;
    if (x.rank && x.d[x.rank - 1] == 3) return sdag_rule_like_first(s);
    return sdag_shape_fail(s, "colours have 3 numbers, on the last axis");
}

bool sdag_rule_axis(sdag_shaping *s, int64_t axis)
{
    if (axis >= 0 && axis < s->in[0].shape.rank) return true;
    return sdag_shape_fail(s, "there is no axis %lld", (long long)axis);
}

sdag_run sdag_run_of(const sdag_shape *s, int axis, int n)
{
    sdag_run r = {1, 1, 1};
    for (int i = 0; i < s->rank; i++) *(i < axis ? &r.before : i < axis + n ? &r.run : &r.after) *= s->d[i];
    return r;
}
