/* Naive double-precision versions of the operations: what test_ops.c compares with.
 *
 *   static void ref_relu(const sdag_ref_args *r)
 *   {
 *       for (int64_t i = 0; i < sdag_elems(&r->out[0].shape); i++) r->out[0].at[i] = fmax(r->in[0].at[i], 0);
 *   }
 *   const sdag_reference sdag_reference_math[] = {{"relu", ref_relu, 0}, {0}};
 *
 * What such a function gets: core/ops/reference.h. */
#ifndef SDAG_TESTS_OPS_REFERENCE_H
#define SDAG_TESTS_OPS_REFERENCE_H

#include "core/ops/reference.h"

/* What dropout multiplies element i with: 0 or 1 / (1 - p). */
double sdag_ref_kept(const sdag_ref_args *r, int64_t i, float p, uint32_t salt);

/* Each table ends with {0}; an op without a row has its gradient checked against its own float version. */
extern const sdag_reference sdag_reference_math[];  /* reference_math.c: element-wise, reductions, products, moving */
extern const sdag_reference sdag_reference_nn[];    /* reference_nn.c: convolution, norms, probabilities, updates */
extern const sdag_reference sdag_reference_token[]; /* reference_token.c: attention, tokens, sequences */
extern const sdag_reference sdag_reference_image[]; /* reference_image.c: images, colours, sampling */

/* The reference of an op, NULL: none. */
const sdag_reference *sdag_reference_find(const char *op);

#endif
