/* Operations for tests of the runtime: vectors in, vectors out, with every trait that the pool and the plan must
 * respect (stages, workspace, scratch, in place, views, updates), and some that fail on demand. */
#ifndef SDAG_TESTS_SUPPORT_TOY_H
#define SDAG_TESTS_SUPPORT_TOY_H

#include <stdatomic.h>

#include "core/ops/build.h"

extern const sdag_op sdag_toy_mix;    /* 1..4 f32[any] -> f32[like the first]: two stages, workspace, scratch */
extern const sdag_op sdag_toy_blend;  /* f32[n], f32[any] -> f32[n]: element-wise, may run in place */
extern const sdag_op sdag_toy_half;   /* f32[n] -> f32[n/2]: a view of the second half */
extern const sdag_op sdag_toy_update; /* state f32[n], f32[any] -> state: element-wise */
extern const sdag_op sdag_toy_sum;    /* f32[n] -> f32[] */

/* f32[n] -> f32[n], a copy that does as it is told. */
typedef struct sdag_toy_order {
    int64_t step;  /* on which it does something; -1: on every step */
    int32_t tiles; /* 1 or more */
    float value;   /* written to element `at`, where at >= 0 */
    int32_t at;
    int32_t fail_from; /* tiles from here on report a failure; 0: none does (tile 0 never fails) */
    int32_t spin_us;   /* busy so long in every tile */
    int32_t meet;      /* all tiles wait until this many run at once, 5 s at most; `value` then says whether they did */
    _Atomic int32_t *count; /* runs so far */
} sdag_toy_order;
extern const sdag_op sdag_toy_obey;
extern const sdag_op sdag_toy_obey_inf; /* the same with SDAG_OP_INFINITE */
extern const sdag_op sdag_toy_empty;    /* f32[n], f32[n]... -> f32[n]: does nothing, its result is never written */

#endif
