#include "core/ops/norm.h"

#include "core/ops/rules.h"

int sdag_norm_pack(sdag_val *in, const sdag_norm_vals *v, bool stats)
{
    int n = 0;
    in[n++] = v->x;
    if (stats) in[n++] = v->mean, in[n++] = v->var;
    if (v->gamma) in[n++] = v->gamma;
    if (v->beta) in[n++] = v->beta;
    if (v->r) in[n++] = v->r;
    return n;
}

sdag_norm_vals sdag_norm_unpack(const sdag_val *in, const sdag_attr_norm *o, bool stats)
{
    sdag_norm_vals v = {.x = *in++};
    if (stats) v.mean = *in++, v.var = *in++;
    if (o->gamma) v.gamma = *in++;
    if (o->beta) v.beta = *in++;
    if (o->residual) v.r = *in++;
    return v;
}

sdag_norm_args sdag_norm_args_of(const sdag_args *a, bool stats)
{
    const sdag_attr_norm *o = a->attr;
    int i = stats ? 3 : 1;
    sdag_norm_args n = {.x = SDAG_DATA_F32(a->in[0])};
    if (o->gamma) n.gamma = SDAG_DATA_F32(a->in[i++]);
    if (o->beta) n.beta = SDAG_DATA_F32(a->in[i++]);
    if (o->residual) n.r = SDAG_DATA_F32(a->in[i]);
    return n;
}

bool sdag_norm_shape(sdag_shaping *s, bool stats)
{
    const sdag_attr_norm *o = s->attr;
    const sdag_shape x = s->in[0].shape, vector = SDAG_SHAPE(sdag_last(&x));
    const int vectors = (stats ? 2 : 0) + !!o->gamma + !!o->beta, all = 1 + vectors + !!o->residual;
    if (!sdag_rule_f32(s)) return false;
    if (x.rank < 2) return sdag_shape_fail(s, "there must be rows and channels");
    if (s->n_in != all) return sdag_shape_fail(s, "%d arguments, not %d", all, s->n_in);
    for (int i = 1; i <= vectors; i++)
        if (!sdag_shape_equal(s->in[i].shape, vector))
            return sdag_shape_fail(s, "argument %d must have one number a channel", i);
    if (o->residual && !sdag_shape_equal(s->in[all - 1].shape, x))
        return sdag_shape_fail(s, "the residual has another shape");
    return sdag_shape_like_first(s);
}
