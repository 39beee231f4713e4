/* grayscale -- with probability p every channel becomes the luma L = 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
 * Images of one channel stay as they are. */
#include "core/cpu/simd.h"
#include "nodes/augment/transform.h"

typedef struct {
    float p;
} grayscale;

static const sdag_opt opts[] = {SDAG_F32(grayscale, p, 0.2, 0, 1, "probability"), {0}};

SDAG_CLONES static void to_luma(float *x, int64_t n)
{
    SDAG_SIMD for (int64_t i = 0; i < n; i++)
    {
        float l = 0.299f * x[3 * i] + 0.587f * x[3 * i + 1] + 0.114f * x[3 * i + 2];
        x[3 * i] = l, x[3 * i + 1] = l, x[3 * i + 2] = l;
    }
}

static void apply(sdag_image *im, const void *opts_, sdag_rng *r)
{
    const grayscale *o = opts_;
    if (sdag_rng_f32(r) >= o->p || im->c != 3) return;
    to_luma(sdag_image_px(im), im->h * im->w);
}

static const sdag_transform transform = {.apply = apply};
const sdag_record_type sdag_transform_grayscale = {.name = "grayscale",
                                                   .brief = "Takes the colour away.",
                                                   .opts = opts,
                                                   .opts_size = sizeof(grayscale),
                                                   .type = &transform,
                                                   .example = "{grayscale: {p: 0.2}}"};
