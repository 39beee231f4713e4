/* What batch_norm and norm_apply share: the order of arguments, and one adjoint for both. */
#ifndef SDAG_OPS_NORM_H
#define SDAG_OPS_NORM_H

#include "core/cpu/columns.h"
#include "core/ops/attr.h"
#include "core/ops/build.h"

/* The arguments of a normalisation as values (0: not given) and as tensors (NULL: not given). */
typedef struct sdag_norm_vals {
    sdag_val x, mean, var, gamma, beta, r, y;
} sdag_norm_vals;
typedef struct sdag_norm_args {
    const float *x, *gamma, *beta, *r;
} sdag_norm_args;

/* in: x, [mean, var when stats,] then what o says. Returns the number of arguments. */
int sdag_norm_pack(sdag_val *in, const sdag_norm_vals *v, bool stats);
sdag_norm_vals sdag_norm_unpack(const sdag_val *in, const sdag_attr_norm *o, bool stats);
sdag_norm_args sdag_norm_args_of(const sdag_args *a, bool stats);

/* Arguments are x[...,C], vectors [C], and a residual of x's shape; out[0] is like x. */
bool sdag_norm_shape(sdag_shaping *s, bool stats);

/* Gradients of the normalisation. given: mean and var are arguments, not statistics of x; then gmean and gvar are 0,
 * and the gradients to mean and var are made when wanted. Otherwise gmean and gvar (0: none) are what reaches the
 * statistics. gy may be 0, too. */
typedef struct sdag_norm_grads {
    sdag_val x, mean, var, gamma, beta, r;
} sdag_norm_grads;
void sdag_norm_adjoint(sdag_build *b, sdag_norm_grads *out, const sdag_norm_vals *v, float eps, bool relu, bool given,
                       sdag_val gy, sdag_val gmean, sdag_val gvar, bool wants_r, bool wants_stats);

#endif
