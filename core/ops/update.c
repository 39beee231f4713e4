#include "core/ops/update.h"

#include "core/ops/rules.h"

bool sdag_update_shape(sdag_shaping *s, int states, int counters)
{
    for (int i = 0; i < s->n_in; i++) {
        const bool tensor = i <= states, counter = !tensor && i <= states + counters;
        if (!sdag_rule_dtype(s, i, counter ? SDAG_DT_I32 : SDAG_DT_F32)) return false;
        if (tensor && !sdag_shape_equal(s->in[i].shape, s->in[0].shape))
            return sdag_shape_fail(s, "argument %d is not like the parameter", i);
        if (!tensor && s->in[i].shape.rank) return sdag_shape_fail(s, "argument %d must be a scalar", i);
    }
    for (int i = 0; i < states; i++) s->out[i] = s->in[i];
    return true;
}
