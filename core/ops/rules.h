/* Shape rules that several operations share. Each returns false with a sentence in s->why. */
#ifndef SDAG_OPS_RULES_H
#define SDAG_OPS_RULES_H

#include "core/ops/op.h"

bool sdag_rule_f32(sdag_shaping *s); /* every argument is f32 */
bool sdag_rule_dtype(sdag_shaping *s, int i, sdag_dtype t);
bool sdag_rule_like_first(sdag_shaping *s);         /* f32 arguments; the result is like the first */
bool sdag_rule_same(sdag_shaping *s);               /* f32 arguments of one shape, which is the result's too */
bool sdag_rule_colours(sdag_shaping *s);            /* f32[...,3]; the result is like the first */
bool sdag_rule_axis(sdag_shaping *s, int64_t axis); /* axis is one of in[0]'s */

/* The axes [axis, axis + n) of s as f32[before, run, after]. */
typedef struct sdag_run {
    int64_t before, run, after;
} sdag_run;
sdag_run sdag_run_of(const sdag_shape *s, int axis, int n);

#endif
