/* gaussian_blur -- with probability p, convolution with a Gaussian of random width, rows then columns:
 *   w_k ~ exp(-k^2 / (2 sigma^2)),  |k| <= r,  sum 1;   sigma = U(sigma)
 * Edges are mirrored (without repeating the edge itself), as torchvision's GaussianBlur. */
#include <math.h>
#include <string.h>

#include "core/cpu/simd.h"
#include "nodes/augment/transform.h"

typedef struct {
    sdag_floats sigma;
    float p;
    int64_t kernel;
} gaussian_blur;

static const sdag_opt opts[] = {
    SDAG_F32S(gaussian_blur, sigma, "[0.1, 2]", 0.01, 100, "width in pixels, drawn from this range"),
    SDAG_F32(gaussian_blur, p, 0.5, 0, 1, "probability"),
    SDAG_INT(gaussian_blur, kernel, 0, 0, 999, "number of weights, odd; 0: as many as three sigmas need"),
    {0},
};

typedef float f32x16 __attribute__((vector_size(64), aligned(4)));

/* dst[i] = sum_k w[k] row[k][i]; the last vector begins earlier rather than being cut. */
SDAG_CLONES static void weigh_rows(float *restrict dst, const float *const *row, const float *w, int64_t n, int64_t len)
{
    for (int64_t at = 0; at < len; at += 16) {
        if (len < 16) {
            for (int64_t i = 0; i < len; i++) {
                float sum = 0;
                for (int64_t k = 0; k < n; k++) sum += w[k] * row[k][i];
                dst[i] = sum;
            }
            return;
        }
        int64_t i = at + 16 <= len ? at : len - 16;
        f32x16 sum = w[0] * *(const f32x16 *)(row[0] + i);
        for (int64_t k = 1; k < n; k++) sum += w[k] * *(const f32x16 *)(row[k] + i);
        *(f32x16 *)(dst + i) = sum;
    }
}

/* Index i of an axis of n, mirrored at 0 and n - 1 as often as it takes. */
static int64_t mirrored(int64_t i, int64_t n)
{
    if (n == 1) return 0;
    i %= 2 * (n - 1);
    if (i < 0) i += 2 * (n - 1);
    return i < n ? i : 2 * (n - 1) - i;
}

/* A row with r mirrored pixels at each end: f32[w + 2r, c]. */
static void widen(float *wide, const float *x, int64_t w, int64_t c, int64_t r)
{
    memcpy(wide + r * c, x, (size_t)(w * c) * sizeof *wide);
    for (int64_t k = 0; k < r; k++)
        for (int64_t j = 0; j < c; j++) {
            wide[k * c + j] = x[mirrored(k - r, w) * c + j];
            wide[(r + w + k) * c + j] = x[mirrored(w + k, w) * c + j];
        }
}

static int64_t reach_of(const gaussian_blur *o, float sigma)
{
    return o->kernel ? o->kernel / 2 : (int64_t)ceilf(3 * sigma);
}

static void weights(float *w, int64_t r, float sigma)
{
    double sum = 0;
    for (int64_t k = -r; k <= r; k++) sum += w[k + r] = expf(-0.5f * (float)(k * k) / (sigma * sigma));
    for (int64_t k = 0; k <= 2 * r; k++) w[k] = (float)(w[k] / sum);
}

static void apply(sdag_image *im, const void *opts_, sdag_rng *g)
{
    const gaussian_blur *o = opts_;
    if (sdag_rng_f32(g) >= o->p) return;
    float sigma = sdag_range_draw(o->sigma, g);
    int64_t r = reach_of(o, sigma), n = 2 * r + 1, h = im->h, w = im->w, c = im->c;
    float *x = sdag_image_px(im), *half = sdag_image_spare(im);
    const float **row = (const float **)im->tmp;
    float *wk = im->tmp + 2 * (h + n), *wide = wk + n; /* a pointer takes the room of two floats */
    weights(wk, r, sigma);

    for (int64_t k = 0; k < n; k++) row[k] = wide + k * c;
    for (int64_t y = 0; y < h; y++) {
        widen(wide, x + y * w * c, w, c, r);
        weigh_rows(half + y * w * c, row, wk, n, w * c);
    }
    for (int64_t k = 0; k < h + n - 1; k++) row[k] = half + mirrored(k - r, h) * w * c;
    for (int64_t y = 0; y < h; y++) weigh_rows(x + y * w * c, row + y, wk, n, w * c);
}

static int64_t tmp(const sdag_frame *f, const void *opts_)
{
    const gaussian_blur *o = opts_;
    int64_t n = 2 * reach_of(o, o->sigma.at[1]) + 1, h = f->h ? f->h : f->most / f->c, w = f->w ? f->w : f->most / f->c;
    return 2 * (h + n) + n + (w + n) * f->c;
}

static const char *check(const void *opts_)
{
    const gaussian_blur *o = opts_;
    if (o->kernel && o->kernel % 2 == 0) return "kernel is odd, or 0";
    return sdag_range_check(o->sigma);
}

static const sdag_transform transform = {.tmp = tmp, .apply = apply};
const sdag_record_type sdag_transform_gaussian_blur = {.name = "gaussian_blur",
                                                       .brief = "Blurs with a Gaussian of random width.",
                                                       .opts = opts,
                                                       .opts_size = sizeof(gaussian_blur),
                                                       .type = &transform,
                                                       .check = check,
                                                       .example = "{gaussian_blur: {sigma: [0.1, 2], p: 0.5}}"};
