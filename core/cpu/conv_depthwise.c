/* Depthwise convolution: every channel has its own kernel, so there is nothing to multiply as matrices.
 *   y[n,i,j,c] = sum_rs x[n, i sh - ph + r dh, j sw - pw + s dw, c] w[c,r,s]
 * Kernels are first turned to channels last, f32[kh,kw,C]; then rows of the result are tiles.
 * The weights' gradient is summed over slots of rows, f32[slots,kh,kw,C], and the slots are added in order. */
#include <string.h>

#include "core/cpu/conv_int.h"
#include "core/cpu/simd.h"

enum { SLOTS = 32 };

bool sdag_conv_fits_depthwise(const sdag_conv *cv) { return cv->groups > 1 && cv->groups == cv->c && cv->o == cv->c; }

static int64_t slot_count(const sdag_conv_job *j) { return sdag_min_i64(SLOTS, j->cv->n * j->oh); }

void sdag_conv_plan_depthwise(const sdag_conv_job *j, sdag_tiling *t)
{
    const sdag_conv *cv = j->cv;
    const int64_t kernel = cv->kh * cv->kw * cv->c;
    t->stages = 2;
    if (j->kind == SDAG_CONV_BACK_WEIGHTS) {
        t->tiles[0] = slot_count(j);
        t->tiles[1] = 1;
        t->workspace = (size_t)(slot_count(j) * kernel) * sizeof(float);
    } else {
        t->tiles[0] = 1;
        t->tiles[1] = cv->n * (j->kind == SDAG_CONV_FORWARD ? j->oh : cv->h);
        t->workspace = (size_t)kernel * sizeof(float);
    }
}

SDAG_CLONES static void add_product(float *y, const float *a, const float *b, int64_t n)
{
    SDAG_SIMD for (int64_t i = 0; i < n; i++) y[i] += a[i] * b[i];
}

static void turn_kernels(const sdag_conv_job *j)
{
    const int64_t c = j->cv->c, taps = j->cv->kh * j->cv->kw;
    for (int64_t t = 0; t < taps; t++)
        for (int64_t i = 0; i < c; i++) j->work[t * c + i] = j->b[i * taps + t];
}

/* One row of y. */
static void forward_row(const sdag_conv_job *j)
{
    const sdag_conv *cv = j->cv;
    const int64_t c = cv->c, n = j->tile / j->oh, i = j->tile % j->oh;
    float *y = j->out + j->tile * j->ow * c;
    memset(y, 0, (size_t)(j->ow * c) * sizeof *y);
    for (int64_t q = 0; q < j->ow; q++)
        for (int64_t r = 0; r < cv->kh; r++)
            for (int64_t s = 0; s < cv->kw; s++) {
                const int64_t h = i * cv->stride_h - cv->pad_h + r * cv->dil_h;
                const int64_t w = q * cv->stride_w - cv->pad_w + s * cv->dil_w;
                if (h < 0 || h >= cv->h || w < 0 || w >= cv->w) continue;
                add_product(y + q * c, j->a + ((n * cv->h + h) * cv->w + w) * c, j->work + (r * cv->kw + s) * c, c);
            }
}

/* One row of gx: the results that each pixel went into. */
static void back_row(const sdag_conv_job *j)
{
    const sdag_conv *cv = j->cv;
    const int64_t c = cv->c, n = j->tile / cv->h, h = j->tile % cv->h;
    float *gx = j->out + j->tile * cv->w * c;
    memset(gx, 0, (size_t)(cv->w * c) * sizeof *gx);
    for (int64_t w = 0; w < cv->w; w++)
        for (int64_t r = 0; r < cv->kh; r++)
            for (int64_t s = 0; s < cv->kw; s++) {
                const int64_t i = h + cv->pad_h - r * cv->dil_h, q = w + cv->pad_w - s * cv->dil_w;
                if (i < 0 || q < 0 || i % cv->stride_h || q % cv->stride_w) continue;
                if (i / cv->stride_h >= j->oh || q / cv->stride_w >= j->ow) continue;
                const float *gy = j->a + ((n * j->oh + i / cv->stride_h) * j->ow + q / cv->stride_w) * c;
                add_product(gx + w * c, gy, j->work + (r * cv->kw + s) * c, c);
            }
}

static void weights_slot(const sdag_conv_job *j)
{
    const sdag_conv *cv = j->cv;
    const int64_t c = cv->c, kernel = cv->kh * cv->kw * c, rows = cv->n * j->oh, slots = slot_count(j);
    float *sum = j->work + j->tile * kernel;
    memset(sum, 0, (size_t)kernel * sizeof *sum);
    for (int64_t row = rows * j->tile / slots; row < rows * (j->tile + 1) / slots; row++)
        for (int64_t r = 0; r < cv->kh; r++) {
            const int64_t h = row % j->oh * cv->stride_h - cv->pad_h + r * cv->dil_h;
            for (int64_t s = 0; h >= 0 && h < cv->h && s < cv->kw; s++)
                for (int64_t q = 0; q < j->ow; q++) {
                    const int64_t w = q * cv->stride_w - cv->pad_w + s * cv->dil_w;
                    if (w < 0 || w >= cv->w) continue;
                    add_product(sum + (r * cv->kw + s) * c, j->a + ((row / j->oh * cv->h + h) * cv->w + w) * c,
                                j->b + (row * j->ow + q) * c, c);
                }
        }
}

static void weights_sum(const sdag_conv_job *j)
{
    const int64_t c = j->cv->c, taps = j->cv->kh * j->cv->kw, slots = slot_count(j);
    for (int64_t i = 0; i < c; i++)
        for (int64_t t = 0; t < taps; t++) {
            float sum = 0;
            for (int64_t s = 0; s < slots; s++) sum += j->work[(s * taps + t) * c + i];
            j->out[i * taps + t] = sum;
        }
}

void sdag_conv_run_depthwise(const sdag_conv_job *j)
{
    if (j->kind == SDAG_CONV_BACK_WEIGHTS) (j->stage == 0 ? weights_slot : weights_sum)(j);
    else if (j->stage == 0) turn_kernels(j);
    else (j->kind == SDAG_CONV_FORWARD ? forward_row : back_row)(j);
}
