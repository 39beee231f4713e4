/* The only file that sees cblas.h, which defines short names such as I. */
#include "core/cpu/gemm.h"

#include <cblas.h>

sdag_status sdag_gemm_init(sdag_log *log)
{
    /* OpenMP counts threads for each calling thread apart: setting 1 here would not reach the pool's threads. */
    if (openblas_get_parallel() == OPENBLAS_OPENMP && openblas_get_num_threads() > 1)
        return sdag_fail(log, SDAG_FAILED, SDAG_NOLOC,
                         "OpenBLAS is the OpenMP flavour with %d threads: set OMP_NUM_THREADS=1, or choose the pthread "
                         "flavour (libopenblas0-pthread)",
                         openblas_get_num_threads());
    openblas_set_num_threads(1);
    return SDAG_OK;
}

void sdag_gemm(bool transa, bool transb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
               const float *b, int64_t ldb, float beta, float *c, int64_t ldc)
{
    if (m < 1 || n < 1) return;
    if (k < 1) {
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < n; j++) c[i * ldc + j] = beta == 0 ? 0.0f : beta * c[i * ldc + j];
        return;
    }
    cblas_sgemm(CblasRowMajor, transa ? CblasTrans : CblasNoTrans, transb ? CblasTrans : CblasNoTrans, (blasint)m,
                (blasint)n, (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
}
