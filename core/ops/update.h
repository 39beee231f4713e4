/* What the updates of optimizers share: shapes, and the numbers that arrive as f32[].
 *
 * The arguments are the states (parameter first), the gradient, the scalars, and at last the optional scale. */
#ifndef SDAG_OPS_UPDATE_H
#define SDAG_OPS_UPDATE_H

#include "core/ops/op.h"

/* states and the gradient have one shape; counters i32[] follow, then f32[]; out[i] is like states i. */
bool sdag_update_shape(sdag_shaping *s, int states, int counters);

/* The optional last argument: what the gradient is multiplied by. */
static inline float sdag_update_scale(const sdag_args *a, int i)
{
    return i < a->n_in ? *SDAG_DATA_F32(a->in[i]) : 1.0f;
}

#endif
