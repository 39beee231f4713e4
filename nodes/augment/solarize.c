/* solarize -- with probability p every value of at least `threshold` is inverted: x <- 1 - x
 * (Grill et al. 2020, appendix B). */
#include "core/cpu/simd.h"
#include "nodes/augment/transform.h"

typedef struct {
    float p, threshold;
} solarize;

static const sdag_opt opts[] = {
    SDAG_F32(solarize, p, 0.2, 0, 1, "probability"),
    SDAG_F32(solarize, threshold, 0.5, 0, 1, "values from here on are inverted; white is 1"),
    {0},
};

SDAG_CLONES static void invert(float *x, int64_t n, float threshold)
{
    SDAG_SIMD for (int64_t i = 0; i < n; i++) x[i] = x[i] >= threshold ? 1 - x[i] : x[i];
}

static void apply(sdag_image *im, const void *opts_, sdag_rng *r)
{
    const solarize *o = opts_;
    if (sdag_rng_f32(r) < o->p) invert(sdag_image_px(im), im->h * im->w * im->c, o->threshold);
}

static const sdag_transform transform = {.apply = apply};
const sdag_record_type sdag_transform_solarize = {.name = "solarize",
                                                  .brief = "Inverts the bright values.",
                                                  .opts = opts,
                                                  .opts_size = sizeof(solarize),
                                                  .type = &transform,
                                                  .example = "{solarize: {p: 0.2, threshold: 0.5}}"};
