/* Reductions of one row f32[n], for kernels that are SDAG_CLONES. Floats are added over SDAG_ROW_BLOCK elements at most
 * (in the lanes of a vector), beyond them in double. */
#ifndef SDAG_CPU_ROWS_H
#define SDAG_CPU_ROWS_H

#include <stdint.h>

#include "core/cpu/mathf.h"
#include "core/cpu/simd.h"

enum { SDAG_ROW_BLOCK = 1024 };

#define SDAG_ROW_SUM(name, args, term)                                                                 \
    SDAG_INLINE double name args                                                                       \
    {                                                                                                  \
        double sum = 0;                                                                                \
        for (int64_t at = 0; at < n; at += SDAG_ROW_BLOCK) {                                           \
            const int64_t end = n - at < SDAG_ROW_BLOCK ? n : at + SDAG_ROW_BLOCK;                     \
            float part = 0;                                                                            \
            _Pragma("omp simd reduction(+ : part)") for (int64_t i = at; i < end; i++) part += (term); \
            sum += (double)part;                                                                       \
        }                                                                                              \
        return sum;                                                                                    \
    }

SDAG_ROW_SUM(sdag_row_sum, (const float *x, int64_t n), x[i])
SDAG_ROW_SUM(sdag_row_dot, (const float *x, const float *y, int64_t n), x[i] * y[i])
SDAG_ROW_SUM(sdag_row_spread, (const float *x, float mean, int64_t n), (x[i] - mean) * (x[i] - mean))
SDAG_ROW_SUM(sdag_row_exp_sum, (const float *x, float max, int64_t n), sdag_expf(x[i] - max))

/* The largest; elements that are NaN do not count (they come out of the exponentials that follow). */
SDAG_INLINE float sdag_row_max(const float *x, int64_t n)
{
    enum { LANES = 16 };
    float lane[LANES], m = -__builtin_inff();
    int64_t i = 0;
    for (int k = 0; k < LANES; k++) lane[k] = m;
    for (; i + LANES <= n; i += LANES) {
        SDAG_SIMD
        for (int k = 0; k < LANES; k++) lane[k] = x[i + k] > lane[k] ? x[i + k] : lane[k];
    }
    for (; i < n; i++) m = x[i] > m ? x[i] : m;
    for (int k = 0; k < LANES; k++) m = lane[k] > m ? lane[k] : m;
    return m;
}

/* y = exp(x - max); returns the sum. y may be x. */
SDAG_INLINE double sdag_row_exp(float *y, const float *x, float max, int64_t n)
{
    double sum = 0;
    for (int64_t at = 0; at < n; at += SDAG_ROW_BLOCK) {
        const int64_t end = n - at < SDAG_ROW_BLOCK ? n : at + SDAG_ROW_BLOCK;
        float part = 0;
#pragma omp simd reduction(+ : part)
        for (int64_t i = at; i < end; i++) {
            const float e = sdag_expf(x[i] - max);
            y[i] = e;
            part += e;
        }
        sum += (double)part;
    }
    return sum;
}

/* y = scale x. y may be x. */
SDAG_INLINE void sdag_row_scale(float *y, const float *x, float scale, int64_t n)
{
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) y[i] = scale * x[i];
}

#endif
