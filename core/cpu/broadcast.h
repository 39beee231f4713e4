/* NumPy broadcasting of two tensors of 4-byte elements, as loops over rows.
 *
 *   sdag_broadcast p = sdag_broadcast_of(&out_shape, &x_shape, &y_shape);
 *   sdag_broadcast_run(&p, lo, hi, out, x, y, add_rows);     // elements [lo,hi) of out
 *
 * Axes that both arguments run through alike are joined first, so that equal shapes are one long row, and a row vector
 * or a scalar beside a matrix is one call of the loop. */
#ifndef SDAG_CPU_BROADCAST_H
#define SDAG_CPU_BROADCAST_H

#include "core/cpu/simd.h"
#include "core/tensor/tensor.h"

typedef struct sdag_broadcast {
    int rank;                                                     /* at least 1 */
    int64_t n[SDAG_RANK_MAX], x[SDAG_RANK_MAX], y[SDAG_RANK_MAX]; /* sizes; distances in elements, 0: repeated */
} sdag_broadcast;

sdag_broadcast sdag_broadcast_of(const sdag_shape *out, const sdag_shape *x, const sdag_shape *y);

/* rows x n elements of out, contiguous; rows of x and y are rx and ry apart, their elements sx and sy (0 or 1). */
typedef void sdag_rows_fn(void *out, const void *x, const void *y, int64_t rows, int64_t n, int64_t rx, int64_t ry,
                          int64_t sx, int64_t sy);

void sdag_broadcast_run(const sdag_broadcast *p, int64_t lo, int64_t hi, void *out, const void *x, const void *y,
                        sdag_rows_fn *fn);

/* Makes such a function: out = f(u, v) in float, u and v of type T. */
#define SDAG_ROWS(name, T, formula)                                                                            \
    SDAG_CLONES static void name(void *out, const void *x, const void *y, int64_t rows, int64_t n, int64_t rx, \
                                 int64_t ry, int64_t sx, int64_t sy)                                           \
    {                                                                                                          \
        for (int64_t r = 0; r < rows; r++) {                                                                   \
            float *o = (float *)out + r * n;                                                                   \
            const T *p = (const T *)x + r * rx, *q = (const T *)y + r * ry;                                    \
            if (sx && sy) {                                                                                    \
                SDAG_SIMD for (int64_t i = 0; i < n; i++)                                                      \
                {                                                                                              \
                    const T u = p[i], v = q[i];                                                                \
                    o[i] = (formula);                                                                          \
                }                                                                                              \
            } else if (sx) {                                                                                   \
                const T v = *q;                                                                                \
                SDAG_SIMD for (int64_t i = 0; i < n; i++)                                                      \
                {                                                                                              \
                    const T u = p[i];                                                                          \
                    o[i] = (formula);                                                                          \
                }                                                                                              \
            } else if (sy) {                                                                                   \
                const T u = *p;                                                                                \
                SDAG_SIMD for (int64_t i = 0; i < n; i++)                                                      \
                {                                                                                              \
                    const T v = q[i];                                                                          \
                    o[i] = (formula);                                                                          \
                }                                                                                              \
            } else {                                                                                           \
                const T u = *p, v = *q;                                                                        \
                SDAG_SIMD for (int64_t i = 0; i < n; i++) o[i] = (formula);                                    \
            }                                                                                                  \
        }                                                                                                      \
    }

#endif
