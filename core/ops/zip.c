#include "core/ops/zip.h"

#include "core/ops/rules.h"

bool sdag_zip_shape(sdag_shaping *s)
{
    s->out[0].dtype = SDAG_DT_F32;
    if (!sdag_rule_f32(s)) return false;
    return sdag_shape_broadcast(&s->out[0].shape, s->in[0].shape, s->in[1].shape) ||
           sdag_shape_fail(s, "shapes disagree");
}

void sdag_zip_run(const sdag_args *a, sdag_rows_fn *fn)
{
    sdag_broadcast p = sdag_broadcast_of(&a->out[0].shape, &a->in[0].shape, &a->in[1].shape);
    sdag_broadcast_run(&p, a->lo, a->hi, a->out[0].data, a->in[0].data, a->in[1].data, fn);
}
