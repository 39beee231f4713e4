/* What adjoints emit beside the ops of ops.h. */
#ifndef SDAG_OPS_ADJOINT_H
#define SDAG_OPS_ADJOINT_H

#include "core/ops/build.h"

/* scale * x (times z, which may be broadcast to x, unless 0), summed over the axes in which `to` was broadcast to x. */
sdag_val sdag_sum_product_to(sdag_build *b, sdag_val x, sdag_val z, sdag_shape to, float scale);

/* scale * x, broadcast to `to`. */
sdag_val sdag_expand_scaled(sdag_build *b, sdag_val x, sdag_shape to, float scale);

#endif
