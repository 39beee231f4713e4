/* vertical_flip -- top becomes bottom, with probability p. */
#include <string.h>

#include "nodes/augment/transform.h"

typedef struct {
    float p;
} vertical_flip;

static const sdag_opt opts[] = {SDAG_F32(vertical_flip, p, 0.5, 0, 1, "probability"), {0}};

static void apply(sdag_image *im, const void *opts_, sdag_rng *r)
{
    const vertical_flip *o = opts_;
    if (sdag_rng_f32(r) >= o->p) return;
    const float *src = sdag_image_px(im);
    float *dst = sdag_image_spare(im);
    int64_t n = im->w * im->c;
    for (int64_t y = 0; y < im->h; y++) memcpy(dst + y * n, src + (im->h - 1 - y) * n, (size_t)n * sizeof *dst);
    sdag_image_swap(im, im->h, im->w);
}

static const sdag_transform transform = {.apply = apply};
const sdag_record_type sdag_transform_vertical_flip = {.name = "vertical_flip",
                                                       .brief = "Mirrors top and bottom.",
                                                       .opts = opts,
                                                       .opts_size = sizeof(vertical_flip),
                                                       .type = &transform,
                                                       .example = "{vertical_flip: {p: 0.5}}"};
