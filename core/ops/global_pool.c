/* global_pool: the mean over the pixels of every image, f32[N,H,W,C] -> f32[N,C]: `mean` of the two middle axes. */
#include "core/ops/ops.h"

sdag_val sdag_op_global_pool(sdag_build *b, sdag_val x) { return sdag_op_mean(b, x, 2, (const int[]){1, 2}, false); }
