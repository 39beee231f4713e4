#include "core/cpu/plane.h"

#include <math.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/cpu/eigen.h"
#include "core/cpu/gemm.h"

/* f32[n,d] less the mean of the rows; NULL: no memory. */
static float *centred(const float *x, int64_t n, int64_t d)
{
    float *y = sdag_alloc_array((size_t)n, (size_t)d * sizeof *y);
    double *mean = sdag_alloc_array((size_t)d, sizeof *mean);
    for (int64_t i = 0; mean && i < n * d; i++) mean[i % d] += (double)x[i];
    for (int64_t j = 0; mean && j < d; j++) mean[j] /= (double)n;
    for (int64_t i = 0; y && mean && i < n * d; i++) y[i] = (float)((double)x[i] - mean[i % d]);
    if (!mean) {
        sdag_free(y);
        y = NULL;
    }
    sdag_free(mean);
    return y;
}

/* y y' f64[n,n] or, when there are fewer columns, y' y f64[d,d]: they have the same eigenvalues. */
static sdag_status products(double *to, const float *y, int64_t n, int64_t d)
{
    const int64_t k = n < d ? n : d;
    float *part = sdag_alloc_array((size_t)k, (size_t)k * sizeof *part);
    if (!part) return SDAG_NOMEM;
    if (n < d) sdag_gemm(false, true, n, n, d, 1, y, d, y, d, 0, part, n);
    else sdag_gemm(true, false, d, d, n, 1, y, d, y, d, 0, part, d);
    sdag_status s = SDAG_OK;
    for (int64_t i = 0; i < k * k; i++) {
        to[i] = (double)part[i];
        if (!isfinite(to[i])) s = SDAG_FAILED;
    }
    sdag_free(part);
    return s;
}

static void set_axis(double *xy, int64_t n, const double *vector, double value, const float *y, int64_t d)
{
    double far = 0;
    for (int64_t i = 0; i < n; i++) {
        double at = 0;
        if (n < d) at = sqrt(value > 0 ? value : 0) * vector[i];
        for (int64_t j = 0; n >= d && j < d; j++) at += vector[j] * (double)y[i * d + j];
        xy[2 * i] = at;
        if (fabs(at) > fabs(far)) far = at;
    }
    for (int64_t i = 0; i < n && far < 0; i++) xy[2 * i] = -xy[2 * i];
}

sdag_status sdag_plane_pca(double *xy, const float *x, int64_t n, int64_t d)
{
    const int64_t k = n < d ? n : d, axes = k < 2 ? k : 2;
    memset(xy, 0, 2 * (size_t)n * sizeof *xy);
    if (axes < 1) return SDAG_OK;
    float *y = centred(x, n, d);
    double *a = sdag_alloc_array((size_t)k, (size_t)k * sizeof *a), values[2];
    double *vectors = sdag_alloc_array((size_t)k, 2 * sizeof *vectors);
    sdag_status s = y && a && vectors ? products(a, y, n, d) : SDAG_NOMEM;
    if (!s) s = sdag_eigen_largest(values, vectors, a, k, axes);
    for (int64_t i = 0; i < axes && !s; i++) /* they come rising */
        set_axis(xy + i, n, vectors + (axes - 1 - i) * k, values[axes - 1 - i], y, d);
    sdag_free(y);
    sdag_free(a);
    sdag_free(vectors);
    return s;
}

void sdag_plane_align(double *xy, const double *to, int64_t n)
{
    double m[2][2] = {{0}}; /* sum xy_i' to_i */
    for (int64_t i = 0; i < n; i++)
        for (int a = 0; a < 2; a++)
            for (int b = 0; b < 2; b++) m[a][b] += xy[2 * i + a] * to[2 * i + b];
    /* A turn by t gains cos t (m00 + m11) + sin t (m01 - m10), a mirrored one cos t (m00 - m11) + sin t (m01 + m10). */
    const double turn = hypot(m[0][0] + m[1][1], m[0][1] - m[1][0]);
    const double mirror = hypot(m[0][0] - m[1][1], m[0][1] + m[1][0]);
    const double sign = mirror > turn ? -1 : 1, gain = mirror > turn ? mirror : turn;
    if (!(gain > 0)) return;
    const double c = (m[0][0] + sign * m[1][1]) / gain, s = (m[0][1] - sign * m[1][0]) / gain;
    for (int64_t i = 0; i < n; i++) {
        const double u = xy[2 * i], v = sign * xy[2 * i + 1];
        xy[2 * i] = c * u - s * v;
        xy[2 * i + 1] = s * u + c * v;
    }
}
