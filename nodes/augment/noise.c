/* noise -- with probability p, x <- x + std z with z = N(0, 1) for every value; clipped to 0..1 by default.
 * Two uniform numbers u, v make two normal ones (Box & Muller 1958): sqrt(-2 ln u) times cos 2 pi v and sin 2 pi v. */
#include <math.h>

#include "core/cpu/mathf.h"
#include "nodes/augment/transform.h"

typedef struct {
    float std, p;
    bool clip;
} noise;

static const sdag_opt opts[] = {
    SDAG_F32(noise, std, 0.1, 0, 100, "standard deviation; white is 1"),
    SDAG_F32(noise, p, 1, 0, 1, "probability"),
    SDAG_BOOL(noise, clip, true, "keep the result in 0..1"),
    {0},
};

enum { PAIRS = 128 };

/* sin 2 pi t for |t| <= 1/4: the series to t^11, error 6e-8. */
SDAG_INLINE float sin_turn(float t)
{
    float y = 6.28318531f * t, z = y * y;
    float q = -2.50521084e-8f;
    q = q * z + 2.75573192e-6f;
    q = q * z + -1.98412698e-4f;
    q = q * z + 8.33333333e-3f;
    q = q * z + -1.66666667e-1f;
    return y + y * z * q;
}

/* z[2 PAIRS] from the random words u and v. */
SDAG_CLONES static void to_normal(float *restrict z, const uint32_t *restrict u, const uint32_t *restrict v)
{
    SDAG_SIMD for (int i = 0; i < PAIRS; i++)
    {
        float t = (float)(int32_t)(v[i] >> 8) * 0x1p-24f - 0.5f, a = sdag_absf(t);
        float length = sqrtf(-2 * sdag_logf((float)(int32_t)((u[i] >> 8) + 1) * 0x1p-24f)); /* of (0,1], so finite */
        float cosine = sin_turn(0.25f - a), sine = sin_turn(a > 0.25f ? 0.5f - a : a);
        z[i] = length * cosine;
        z[PAIRS + i] = length * sdag_copysignf(sine, t);
    }
}

SDAG_CLONES static void add(float *restrict x, const float *restrict z, int64_t n, float std, float lo, float hi)
{
    SDAG_SIMD for (int64_t i = 0; i < n; i++)
    {
        float y = x[i] + std * z[i];
        x[i] = y < lo ? lo : y > hi ? hi : y;
    }
}

static void apply(sdag_image *im, const void *opts_, sdag_rng *r)
{
    const noise *o = opts_;
    if (sdag_rng_f32(r) >= o->p) return;
    float *x = sdag_image_px(im), z[2 * PAIRS], lo = o->clip ? 0 : -INFINITY, hi = o->clip ? 1 : INFINITY;
    uint32_t words[2 * PAIRS];
    int64_t n = im->h * im->w * im->c;
    for (int64_t from = 0; from < n; from += 2 * PAIRS) {
        for (int i = 0; i < 2 * PAIRS; i++) words[i] = sdag_rng_u32(r);
        to_normal(z, words, words + PAIRS);
        add(x + from, z, n - from < 2 * PAIRS ? n - from : 2 * PAIRS, o->std, lo, hi);
    }
}

static const sdag_transform transform = {.apply = apply};
const sdag_record_type sdag_transform_noise = {.name = "noise",
                                               .brief = "Adds Gaussian noise.",
                                               .opts = opts,
                                               .opts_size = sizeof(noise),
                                               .type = &transform,
                                               .example = "{noise: {std: 0.1, p: 0.5}}"};
