/* Matrix products over OpenBLAS, on one BLAS thread: all parallelism is the pool's.
 *
 *   sdag_status s = sdag_gemm_init(log);      // once, before any thread starts
 *   sdag_gemm(false, true, m, n, k, 1, a, k, b, k, 0, c, n);  // c[m,n] = a[m,k] b[n,k]'
 *
 * Row-major; op(a) is m x k, op(b) is k x n; lda, ldb, ldc are the distances of stored rows. With beta 0 what c
 * held does not matter, NaN included. alpha is not 0. Sizes and distances are below 2^31, m and n may be 0, and k = 0
 * gives beta c. Safe to call from many threads at once. The bits of a row depend on m, n and k, so callers cut the
 * rows by shapes alone. */
#ifndef SDAG_CPU_GEMM_H
#define SDAG_CPU_GEMM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/log.h"
#include "core/base/status.h"

/* The OpenBLAS that is loaded: "OpenBLAS 0.3.21 NO_AFFINITY ...", the kernels it took for this processor ("Zen"), and
 * "pthread", "openmp" or "none": whose threads it would use. */
typedef struct sdag_gemm_library {
    const char *config, *core, *threads;
} sdag_gemm_library;
sdag_gemm_library sdag_gemm_about(void);

/* SDAG_FAILED: the OpenMP flavour of OpenBLAS with more than one thread, which cannot be told to use one from here. */
sdag_status sdag_gemm_init(sdag_log *log);

void sdag_gemm(bool transa, bool transb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
               const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

#endif
