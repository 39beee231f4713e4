/* color_jitter -- brightness, contrast, saturation and hue change by random factors in random order.
 *   brightness  x <- b x                              b = U(1 - v, 1 + v)
 *   contrast    x <- c x + (1 - c) mean(L)            L = 0.299 R + 0.587 G + 0.114 B
 *   saturation  x <- s x + (1 - s) L
 *   hue         H <- H + t in HSV, a full turn is 1   t = U(-v, v)
 * With probability p; each result is clipped to 0..1 (as torchvision's ColorJitter). Images of one channel have no
 * saturation and no hue. */
#include "core/cpu/simd.h"
#include "nodes/augment/transform.h"

typedef struct {
    sdag_floats brightness, contrast, saturation, hue;
    float p;
} color_jitter;

static const sdag_opt opts[] = {
    SDAG_F32S(color_jitter, brightness, "[0]", 0, 100, "v for a factor in [1 - v, 1 + v], or [from, to]"),
    SDAG_F32S(color_jitter, contrast, "[0]", 0, 100, "v for a factor in [1 - v, 1 + v], or [from, to]"),
    SDAG_F32S(color_jitter, saturation, "[0]", 0, 100, "v for a factor in [1 - v, 1 + v], or [from, to]"),
    SDAG_F32S(color_jitter, hue, "[0]", -0.5, 0.5, "v for a turn in [-v, v], or [from, to]; 0.5 is the opposite hue"),
    SDAG_F32(color_jitter, p, 1, 0, 1, "probability that anything changes"),
    {0},
};

/* ---- kernels, on planes: f32[c,n] ---- */

SDAG_INLINE float clip(float x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

SDAG_CLONES static void split(float *restrict r, float *restrict g, float *restrict b, const float *restrict x,
                              int64_t n)
{
    SDAG_SIMD for (int64_t i = 0; i < n; i++) r[i] = x[3 * i], g[i] = x[3 * i + 1], b[i] = x[3 * i + 2];
}

SDAG_CLONES static void merge(float *restrict x, const float *restrict r, const float *restrict g,
                              const float *restrict b, int64_t n)
{
    SDAG_SIMD for (int64_t i = 0; i < n; i++) x[3 * i] = r[i], x[3 * i + 1] = g[i], x[3 * i + 2] = b[i];
}

/* x <- clip(f x + add) */
SDAG_CLONES static void blend(float *x, int64_t n, float f, float add)
{
    SDAG_SIMD for (int64_t i = 0; i < n; i++) x[i] = clip(f * x[i] + add);
}

/* Sums of single precision stay short, so that a large image loses nothing. */
SDAG_CLONES static double sum(const float *x, int64_t n)
{
    double all = 0;
    for (int64_t from = 0; from < n; from += 1024) {
        int64_t to = from + 1024 < n ? from + 1024 : n;
        float part = 0;
#pragma omp simd reduction(+ : part)
        for (int64_t i = from; i < to; i++) part += x[i];
        all += part;
    }
    return all;
}

SDAG_CLONES static void saturate(float *restrict r, float *restrict g, float *restrict b, int64_t n, float f)
{
    SDAG_SIMD for (int64_t i = 0; i < n; i++)
    {
        float l = (1 - f) * (0.299f * r[i] + 0.587f * g[i] + 0.114f * b[i]);
        r[i] = clip(f * r[i] + l);
        g[i] = clip(f * g[i] + l);
        b[i] = clip(f * b[i] + l);
    }
}

/* One colour of HSV as RGB, with chroma C = S V and k = (5 | 3 | 1) + 6 H mod 6:  V - C clip(min(k, 4 - k)). */
SDAG_INLINE float from_hue(float k, float v, float chroma)
{
    k = k >= 6 ? k - 6 : k;
    return v - chroma * clip(k < 4 - k ? k : 4 - k);
}

SDAG_CLONES static void turn_hue(float *restrict r, float *restrict g, float *restrict b, int64_t n, float turn)
{
    SDAG_SIMD for (int64_t i = 0; i < n; i++)
    {
        float x = r[i], y = g[i], z = b[i];
        float hi = x > y ? x : y, lo = x < y ? x : y;
        hi = z > hi ? z : hi;
        lo = z < lo ? z : lo;
        float chroma = hi - lo, inv = 1 / (chroma > 0 ? chroma : 1);
        float of_x = (y - z) * inv, of_y = 2 + (z - x) * inv, of_z = 4 + (x - y) * inv;
        float h = hi == x ? of_x : hi == y ? of_y : of_z; /* in sixths of a turn, -1 .. 5 */
        h += 6 * turn;
        h = h < 0 ? h + 6 : h;
        h = h >= 6 ? h - 6 : h;
        r[i] = from_hue(5 + h, hi, chroma);
        g[i] = from_hue(3 + h, hi, chroma);
        b[i] = from_hue(1 + h, hi, chroma);
    }
}

/* ---- the transform ---- */

static float draw(sdag_floats v, float middle, float lowest, sdag_rng *r)
{
    if (v.n == 2) return sdag_rng_uniform(r, v.at[0], v.at[1]);
    float lo = middle - v.at[0], hi = middle + v.at[0];
    return sdag_rng_uniform(r, lo < lowest ? lowest : lo, hi);
}

static double mean_luma(const float *p, int64_t n, int64_t c)
{
    if (c != 3) return sum(p, n * c) / (double)(n * c);
    return (0.299 * sum(p, n) + 0.587 * sum(p + n, n) + 0.114 * sum(p + 2 * n, n)) / (double)n;
}

enum { BRIGHTNESS, CONTRAST, SATURATION, HUE, KINDS };

static void change(float *p, int64_t n, int64_t c, int kind, float f)
{
    if (f == (kind == HUE ? 0 : 1)) return;
    if (kind == BRIGHTNESS) blend(p, n * c, f, 0);
    if (kind == CONTRAST) blend(p, n * c, f, (1 - f) * (float)mean_luma(p, n, c));
    if (kind == SATURATION && c == 3) saturate(p, p + n, p + 2 * n, n, f);
    if (kind == HUE && c == 3) turn_hue(p, p + n, p + 2 * n, n, f);
}

static void apply(sdag_image *im, const void *opts_, sdag_rng *r)
{
    const color_jitter *o = opts_;
    if (sdag_rng_f32(r) >= o->p) return;
    float factor[KINDS];
    factor[BRIGHTNESS] = draw(o->brightness, 1, 0, r);
    factor[CONTRAST] = draw(o->contrast, 1, 0, r);
    factor[SATURATION] = draw(o->saturation, 1, 0, r);
    factor[HUE] = draw(o->hue, 0, -0.5f, r);
    int order[KINDS] = {BRIGHTNESS, CONTRAST, SATURATION, HUE};
    for (uint32_t i = KINDS - 1; i > 0; i--) {
        uint32_t j = sdag_rng_below(r, i + 1);
        int t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
    int64_t n = im->h * im->w;
    float *x = sdag_image_px(im), *p = im->c == 3 ? sdag_image_spare(im) : x;
    if (im->c == 3) split(p, p + n, p + 2 * n, x, n);
    for (int i = 0; i < KINDS; i++) change(p, n, im->c, order[i], factor[order[i]]);
    if (im->c == 3) merge(x, p, p + n, p + 2 * n, n);
}

static const char *check(const void *opts_)
{
    const color_jitter *o = opts_;
    const sdag_floats *const all[] = {&o->brightness, &o->contrast, &o->saturation, &o->hue};
    for (int i = 0; i < KINDS; i++) {
        if (all[i]->n != 1 && all[i]->n != 2) return "a strength is one number or [from, to]";
        if (all[i]->n == 2 && all[i]->at[0] > all[i]->at[1]) return "a range [from, to] begins with the smaller number";
    }
    return o->hue.n == 1 && o->hue.at[0] < 0 ? "hue is a turn to both sides, so not below 0" : NULL;
}

static const sdag_transform transform = {.apply = apply};
const sdag_record_type sdag_transform_color_jitter = {
    .name = "color_jitter",
    .brief = "Changes brightness, contrast, saturation and hue.",
    .opts = opts,
    .opts_size = sizeof(color_jitter),
    .type = &transform,
    .check = check,
    .example = "{color_jitter: {brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8}}"};
