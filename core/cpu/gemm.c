/* The only file that sees cblas.h, which defines short names such as I.
 *
 * OpenBLAS takes its AVX2 kernels on processors that are younger than it is. Where there is AVX-512 the products go
 * through the panels of kern.h instead, a block of columns at a time, copied together on the stack. */
#include "core/cpu/gemm.h"

#include <cblas.h>
#include <string.h>

#include "core/cpu/kern.h"
#include "core/cpu/simd.h"

enum { DEPTH = 1024, ROOM = 32 * DEPTH }; /* rows of a block of b, and its floats */

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

sdag_gemm_library sdag_gemm_about(void)
{
    const int p = openblas_get_parallel();
    return (sdag_gemm_library){.config = openblas_get_config(),
                               .core = openblas_get_corename(),
                               .threads = p == OPENBLAS_OPENMP   ? "openmp"
                                          : p == OPENBLAS_THREAD ? "pthread"
                                                                 : "none"};
}

typedef float gemm_vec __attribute__((vector_size(64), aligned(4), may_alias));

/* One step of a transposition: of two rows, the halves of every 2 d numbers change places across. */
#define LOW(t, d) ((t) & (d) ? 16 + (t) - (d) : (t))
#define HIGH(t, d) ((t) & (d) ? 16 + (t) : (t) + (d))
#define PICK(f, x, y, d)                                                                                           \
    __builtin_shufflevector(x, y, f(0, d), f(1, d), f(2, d), f(3, d), f(4, d), f(5, d), f(6, d), f(7, d), f(8, d), \
                            f(9, d), f(10, d), f(11, d), f(12, d), f(13, d), f(14, d), f(15, d))
#define STEP(r, d)                                   \
    for (int i = 0; i < 16; i++)                     \
        if (!(i & (d))) {                            \
            const gemm_vec x = r[i], y = r[i + (d)]; \
            r[i] = PICK(LOW, x, y, d);               \
            r[i + (d)] = PICK(HIGH, x, y, d);        \
        }

/* to[16,16] = alpha b[16,16]'. */
SDAG_INLINE void gemm_turn(float *to, float alpha, const float *b, int64_t ldb)
{
    gemm_vec r[16];
    for (int i = 0; i < 16; i++) r[i] = alpha * *(const gemm_vec *)(b + i * ldb);
    STEP(r, 8)
    STEP(r, 4)
    STEP(r, 2)
    STEP(r, 1)
    for (int i = 0; i < 16; i++) *(gemm_vec *)(to + i * 16) = r[i];
}

/* One panel of k rows: alpha b[k,cols], or of b[cols,k]'; at most 16 columns, filled up with zeros. */
SDAG_INLINE void gemm_panel(float *to, bool transb, int64_t cols, int64_t k, float alpha, const float *b, int64_t ldb)
{
    const int64_t turned = transb && cols == SDAG_LANES ? k / SDAG_LANES * SDAG_LANES : 0;
    if (cols < SDAG_LANES) memset(to, 0, (size_t)(k * SDAG_LANES) * sizeof *to);
    for (int64_t q = 0; q < turned; q += SDAG_LANES) gemm_turn(to + q * SDAG_LANES, alpha, b + q, ldb);
    for (int64_t q = turned; q < k; q++) {
        if (!transb && cols == SDAG_LANES) {
            SDAG_SIMD
            for (int l = 0; l < SDAG_LANES; l++) to[q * SDAG_LANES + l] = alpha * b[q * ldb + l];
        } else
            for (int64_t l = 0; l < cols; l++)
                to[q * SDAG_LANES + l] = alpha * (transb ? b[l * ldb + q] : b[q * ldb + l]);
    }
}

SDAG_CLONES static void gemm_panels(float *to, bool transb, int64_t n, int64_t k, float alpha, const float *b,
                                    int64_t ldb)
{
    for (int64_t j = 0; j < n; j += SDAG_LANES, to += k * SDAG_LANES)
        gemm_panel(to, transb, n - j < SDAG_LANES ? n - j : SDAG_LANES, k, alpha, transb ? b + j * ldb : b + j, ldb);
}

static void gemm_wide(const sdag_kern *kr, bool transa, bool transb, int64_t m, int64_t n, int64_t k, float alpha,
                      const float *a, int64_t lda, const float *b, int64_t ldb, bool add, float *c, int64_t ldc)
{
    _Alignas(64) float panels[ROOM];
    const int64_t parts = (k + DEPTH - 1) / DEPTH, most = (k + parts - 1) / parts;
    const int64_t cols = ROOM / most / SDAG_LANES * SDAG_LANES;
    sdag_kern_mul *mul = transa ? kr->mul_t : kr->mul;
    for (int64_t j = 0; j < n; j += cols)
        for (int64_t q = 0; q < k; q += most) {
            const int64_t nj = n - j < cols ? n - j : cols, kq = k - q < most ? k - q : most;
            gemm_panels(panels, transb, nj, kq, alpha, transb ? b + j * ldb + q : b + q * ldb + j, ldb);
            mul(m, nj, kq, transa ? a + q * lda : a + q, lda, panels, kq * SDAG_LANES, c + j, ldc, add || q > 0);
        }
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
    const sdag_kern *kr = sdag_kern_best();
    if (kr == sdag_kern_at(2) && (beta == 0 || beta == 1)) {
        gemm_wide(kr, transa, transb, m, n, k, alpha, a, lda, b, ldb, beta != 0, c, ldc);
        return;
    }
    cblas_sgemm(CblasRowMajor, transa ? CblasTrans : CblasNoTrans, transb ? CblasTrans : CblasNoTrans, (blasint)m,
                (blasint)n, (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
}
