/* What reductions over axes share. One op reduces one run of neighbouring axes, f32[before, run, after] over the
 * middle; other sets of axes become a chain of such ops. */
#ifndef SDAG_OPS_REDUCTION_H
#define SDAG_OPS_REDUCTION_H

#include "core/ops/attr.h"
#include "core/ops/build.h"
#include "core/ops/rules.h"

/* Shape rule of an op with sdag_attr_reduce: f32, the run exists; out[0] without the run, or with sizes 1. */
bool sdag_reduction_shape(sdag_shaping *s);
sdag_run sdag_reduction_run(const sdag_args *a); /* of in[0] */

/* The axes of x that are asked for, as a bit mask; n 0: all. Fails the build when one does not exist or comes twice. */
unsigned sdag_reduction_axes(sdag_build *b, const char *op, sdag_val x, int n, const int *axes);

/* op over all axes of the mask, the last run first. */
sdag_val sdag_reduction_emit(sdag_build *b, const sdag_op *op, sdag_val x, unsigned mask, bool keep);

/* g, of the shape of a result, given sizes 1 where axes of x were reduced, so that it broadcasts against x. */
sdag_val sdag_reduction_spread(sdag_build *b, sdag_val g, sdag_val x, const sdag_attr_reduce *o);

#endif
