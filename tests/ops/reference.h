/* Naive double-precision versions of the operations: what test_ops.c compares with.
 *
 *   static void ref_relu(const sdag_ref *r)
 *   {
 *       for (int64_t i = 0; i < sdag_elems(&r->out[0].shape); i++) r->out[0].at[i] = fmax(r->in[0].at[i], 0);
 *   }
 *   const sdag_reference sdag_reference_math[] = {{"relu", ref_relu, 0}, {0}};
 *
 * Loops as the formula has them: no tricks, so that a mistake here is not the kernel's mistake again. The shapes of
 * out are set by the op's own shape rule. Integer tensors come as doubles too. A state that an op updates comes as
 * in[i] (old) and out[i] (new), in memory of their own. */
#ifndef SDAG_TESTS_OPS_REFERENCE_H
#define SDAG_TESTS_OPS_REFERENCE_H

#include "core/ops/op.h"
#include "core/tensor/tensor.h"

typedef struct sdag_ref_tensor {
    double *at;
    sdag_dtype dtype;
    sdag_shape shape;
} sdag_ref_tensor;

typedef struct sdag_ref {
    const sdag_ref_tensor *in;
    sdag_ref_tensor *out;
    int n_in, n_out;
    const void *attr; /* see core/ops/attr.h */
    const sdag_step *step;
    uint32_t salt;
} sdag_ref;

typedef struct sdag_reference {
    const char *op;
    void (*run)(const sdag_ref *r);
    double tolerance; /* |y - reference| <= tolerance (|reference| + root mean square of the reference); 0: 4e-6 */
} sdag_reference;

/* What dropout multiplies element i with: 0 or 1 / (1 - p). */
double sdag_ref_kept(const sdag_ref *r, int64_t i, float p, uint32_t salt);

/* Each table ends with {0}; an op without a row has its gradient checked against its own float version. */
extern const sdag_reference sdag_reference_math[];  /* reference_math.c: element-wise, reductions, products, moving */
extern const sdag_reference sdag_reference_nn[];    /* reference_nn.c: convolution, norms, probabilities, updates */
extern const sdag_reference sdag_reference_token[]; /* reference_token.c: attention, tokens, sequences */
extern const sdag_reference sdag_reference_image[]; /* reference_image.c: images, colours, sampling */

#endif
