/* horizontal_flip -- left becomes right, with probability p. */
#include "nodes/augment/transform.h"

typedef struct {
    float p;
} horizontal_flip;

static const sdag_opt opts[] = {SDAG_F32(horizontal_flip, p, 0.5, 0, 1, "probability"), {0}};

typedef float f32x4 __attribute__((vector_size(16), aligned(4)));

/* Three channels move as vectors of four; the next pixel's store overwrites the lane too many. */
static void mirror_3(float *dst, const float *row, int64_t w)
{
    for (int64_t x = 0; x + 1 < w; x++) *(f32x4 *)(dst + 3 * x) = *(const f32x4 *)(row + 3 * (w - 1 - x));
    for (int64_t j = 0; j < 3; j++) dst[3 * (w - 1) + j] = row[j];
}

static void mirror(float *dst, const float *row, int64_t w, int64_t c)
{
    for (int64_t x = 0; x < w; x++)
        for (int64_t j = 0; j < c; j++) dst[x * c + j] = row[(w - 1 - x) * c + j];
}

static void apply(sdag_image *im, const void *opts_, sdag_rng *r)
{
    const horizontal_flip *o = opts_;
    if (sdag_rng_f32(r) >= o->p) return;
    const float *src = sdag_image_px(im);
    float *dst = sdag_image_spare(im);
    int64_t n = im->w * im->c;
    for (int64_t y = 0; y < im->h; y++) {
        if (im->c == 3) mirror_3(dst + y * n, src + y * n, im->w);
        else mirror(dst + y * n, src + y * n, im->w, im->c);
    }
    sdag_image_swap(im, im->h, im->w);
}

static const sdag_transform transform = {.apply = apply};
const sdag_record_type sdag_transform_horizontal_flip = {.name = "horizontal_flip",
                                                         .brief = "Mirrors left and right.",
                                                         .opts = opts,
                                                         .opts_size = sizeof(horizontal_flip),
                                                         .type = &transform,
                                                         .example = "{horizontal_flip: {p: 0.5}}"};
