/* Eigenvalues and eigenvectors of symmetric matrices, over LAPACK (which OpenBLAS brings along; see gemm.h for its
 * threads).
 *
 *   sdag_status s = sdag_eigen_largest(values, vectors, a, 784, 16);
 *   if (s == SDAG_FAILED) ...                       // LAPACK found no solution: never seen for finite numbers */
#ifndef SDAG_CPU_EIGEN_H
#define SDAG_CPU_EIGEN_H

#include <stdint.h>

#include "core/base/status.h"

/* The k largest eigenvalues of a f64[n,n] (symmetric; overwritten) into values f64[k], rising, and their unit vectors
 * into the rows of vectors f64[k,n]. 1 <= k <= n < 2^15. */
sdag_status sdag_eigen_largest(double *values, double *vectors, double *a, int64_t n, int64_t k);

/* All eigenvalues of a into values f64[n], rising. 0 <= n < 2^15. */
sdag_status sdag_eigen_values(double *values, double *a, int64_t n);

#endif
