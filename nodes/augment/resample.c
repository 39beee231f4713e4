#include "nodes/augment/resample.h"

#include <math.h>
#include <string.h>

#include "core/cpu/simd.h"

typedef float f32x16 __attribute__((vector_size(64), aligned(4)));
typedef float f32x4 __attribute__((vector_size(16), aligned(4)));
typedef uint8_t u8x16 __attribute__((vector_size(16), aligned(1)));

/* ---- weights ---- */

/* The inputs that one output draws on: [from, from + n), with weights. */
typedef struct taps {
    int32_t from, n;
} taps;

static double filter_at(sdag_filter f, double x)
{
    x = fabs(x);
    if (f == SDAG_FILTER_BILINEAR) return x < 1 ? 1 - x : 0;
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1; /* Keys 1981 with a = -1/2 */
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

static double reach_of(sdag_filter f) { return f == SDAG_FILTER_BICUBIC ? 2 : 1; }

static taps make_taps(float *w, int64_t i, int64_t in, int64_t out, sdag_filter f, double gain)
{
    double s = (double)in / (double)out, wide = s > 1 ? s : 1, center = ((double)i + 0.5) * s, sum = 0;
    double reach = reach_of(f) * wide, lo = center - reach + 0.5, hi = center + reach + 0.5;
    taps t = {.from = lo > 0 ? (int32_t)lo : 0};
    int64_t to = (int64_t)hi < in ? (int64_t)hi : in;
    t.n = (int32_t)(to - t.from);
    for (int k = 0; k < t.n; k++) sum += w[k] = (float)filter_at(f, (t.from + k + 0.5 - center) / wide);
    for (int k = 0; k < t.n; k++) w[k] = (float)(w[k] * (gain / sum));
    return t;
}

/* Most taps of one output. */
static int64_t most_taps(int64_t in, int64_t out)
{
    int64_t n = 4 * (in > out ? (in + out - 1) / out : 1) + 2;
    return n < in ? n : in;
}

/* ---- rows: dst[i] = sum_k w[k] src[k * stride + i] ----
 * Whole vectors; the last one begins earlier rather than being cut, and computes a few elements twice. */

SDAG_CLONES static void blend_f32(float *restrict dst, const float *src, int64_t stride, const float *w, int n,
                                  int64_t len)
{
    if (len < 16) {
        for (int64_t i = 0; i < len; i++) {
            float sum = 0;
            for (int k = 0; k < n; k++) sum += w[k] * src[k * stride + i];
            dst[i] = sum;
        }
        return;
    }
    for (int64_t at = 0; at < len; at += 16) {
        int64_t i = at + 16 <= len ? at : len - 16;
        f32x16 sum = w[0] * *(const f32x16 *)(src + i);
        for (int k = 1; k < n; k++) sum += w[k] * *(const f32x16 *)(src + k * stride + i);
        *(f32x16 *)(dst + i) = sum;
    }
}

SDAG_CLONES static void blend_u8(float *restrict dst, const uint8_t *src, int64_t stride, const float *w, int n,
                                 int64_t len)
{
    if (len < 16) {
        for (int64_t i = 0; i < len; i++) {
            float sum = 0;
            for (int k = 0; k < n; k++) sum += w[k] * (float)src[k * stride + i];
            dst[i] = sum;
        }
        return;
    }
    for (int64_t at = 0; at < len; at += 16) {
        int64_t i = at + 16 <= len ? at : len - 16;
        f32x16 sum = w[0] * __builtin_convertvector(*(const u8x16 *)(src + i), f32x16);
        for (int k = 1; k < n; k++)
            sum += w[k] * __builtin_convertvector(*(const u8x16 *)(src + k * stride + i), f32x16);
        *(f32x16 *)(dst + i) = sum;
    }
}

void sdag_bytes_to_f32(float *dst, const uint8_t *src, int64_t n)
{
    blend_u8(dst, src, 0, (const float[]){1.0f / 255}, 1, n);
}

/* ---- columns: dst[x] = sum_k w[k] row[from + k], c channels at once ---- */

/* Three channels fit in a vector of four: the fourth lane is another pixel's and is overwritten by the next store. */
static void columns_3(float *dst, const float *row, const taps *t, const float *w, int64_t per, int64_t n)
{
    for (int64_t x = 0; x < n; x++, w += per) {
        const float *p = row + 3 * t[x].from;
        f32x4 sum = w[0] * *(const f32x4 *)p;
        for (int k = 1; k < t[x].n; k++) sum += w[k] * *(const f32x4 *)(p + 3 * k);
        if (x + 1 < n) *(f32x4 *)(dst + 3 * x) = sum;
        else dst[3 * x] = sum[0], dst[3 * x + 1] = sum[1], dst[3 * x + 2] = sum[2];
    }
}

static void columns(float *dst, const float *row, const taps *t, const float *w, int64_t per, int64_t n, int64_t c)
{
    if (c == 3) {
        columns_3(dst, row, t, w, per, n);
        return;
    }
    for (int64_t x = 0; x < n; x++, w += per)
        for (int64_t j = 0; j < c; j++) {
            float sum = 0;
            for (int k = 0; k < t[x].n; k++) sum += w[k] * row[(t[x].from + k) * c + j];
            dst[x * c + j] = sum;
        }
}

SDAG_CLONES static void clip01(float *x, int64_t n)
{
    SDAG_SIMD for (int64_t i = 0; i < n; i++) x[i] = x[i] < 0 ? 0 : x[i] > 1 ? 1 : x[i];
}

int64_t sdag_resample_tmp(int64_t in_h, int64_t in_w, int64_t c, int64_t out_w)
{
    /* a row, one output's vertical weights, taps and weights of all columns (2 reach max(in, out) + 2 out, reach 2) */
    int64_t longer = in_w > out_w ? in_w + out_w : out_w;
    return in_w * c + SDAG_IMAGE_PAD + in_h + 2 * out_w + 4 * longer + 2 * out_w;
}

/* Rows first: they are whole vectors, and the columns then have only the output's rows to do. */
void sdag_resample(float *dst, const sdag_raster *src, sdag_resample_to to, sdag_filter f, float *tmp)
{
    int64_t c = src->c, per = most_taps(src->w, to.W);
    float *row = tmp, *wy = row + src->w * c + SDAG_IMAGE_PAD, *wx = wy + src->h;
    taps *tx = (taps *)(wx + per * to.w);
    for (int64_t x = 0; x < to.w; x++) tx[x] = make_taps(wx + x * per, to.x + x, src->w, to.W, f, 1);
    int64_t first = tx[0].from, last = tx[to.w - 1].from + tx[to.w - 1].n; /* the columns that are needed */
    for (int64_t x = 0; x < to.w; x++) tx[x].from -= (int32_t)first;
    memset(row + (last - first) * c, 0, SDAG_IMAGE_PAD * sizeof *row);

    for (int64_t y = 0; y < to.h; y++) {
        taps ty = make_taps(wy, to.y + y, src->h, to.H, f, src->bytes ? 1.0 / 255 : 1.0);
        int64_t at = ty.from * src->stride + first * c, len = (last - first) * c;
        if (src->bytes) blend_u8(row, (const uint8_t *)src->at + at, src->stride, wy, ty.n, len);
        else blend_f32(row, (const float *)src->at + at, src->stride, wy, ty.n, len);
        columns(dst + y * to.w * c, row, tx, wx, per, to.w, c);
    }
    if (src->bytes && f == SDAG_FILTER_BICUBIC) clip01(dst, to.h * to.w * c);
}
