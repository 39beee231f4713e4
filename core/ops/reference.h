/* The naive double-precision version of an operation, to compare its kernel with. Loops as the formula has them: no
 * tricks, so that a mistake here is not the kernel's mistake again. The shapes of out are set by the op's own shape
 * rule. Integer tensors come as doubles too. A state that an op updates comes as in[i] (old) and out[i] (new), in
 * memory of their own. */
#ifndef SDAG_OPS_REFERENCE_H
#define SDAG_OPS_REFERENCE_H

#include "core/ops/op.h"
#include "core/tensor/tensor.h"

typedef struct sdag_ref_tensor {
    double *at;
    sdag_dtype dtype;
    sdag_shape shape;
} sdag_ref_tensor;

typedef struct sdag_ref_args {
    const sdag_ref_tensor *in;
    sdag_ref_tensor *out;
    int n_in, n_out;
    const void *attr; /* see core/ops/attr.h */
    const sdag_step *step;
    uint32_t salt;
} sdag_ref_args;

typedef struct sdag_reference {
    const char *op;
    void (*run)(const sdag_ref_args *r);
    double tolerance; /* |y - reference| <= tolerance (|reference| + root mean square of the reference); 0: 4e-6 */
} sdag_reference;

#endif
