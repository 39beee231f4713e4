/* random_resized_crop -- a random part of the image, at a fixed size: what makes two views of one image differ most.
 *   area = U(scale) h w,   ratio = e^U(log ratio),   box = round(sqrt(area ratio)) wide, round(sqrt(area / ratio)) high
 * The first of ten boxes that fits is taken, at a uniformly drawn place; otherwise the largest centred box whose ratio
 * is in range (Szegedy et al. 2015; as torchvision's RandomResizedCrop). */
#include <math.h>

#include "nodes/augment/resample.h"
#include "nodes/augment/transform.h"

typedef struct {
    sdag_ints size;
    sdag_floats scale, ratio;
    int interpolation;
} random_resized_crop;

typedef struct {
    int64_t y, x, h, w;
} box;

static const sdag_opt opts[] = {
    SDAG_SIZE(random_resized_crop, size, "what comes out: [height, width], or one number for a square"),
    SDAG_F32S(random_resized_crop, scale, "[0.08, 1]", 1e-4, 1, "area of the part, as a range of fractions"),
    SDAG_F32S(random_resized_crop, ratio, "[0.75, 1.3333333]", 1e-2, 100, "width / height of the part, as a range"),
    SDAG_ENUM(random_resized_crop, interpolation, 0, sdag_filter_choices, "how pixels are interpolated"),
    {0},
};

static box fallback(int64_t h, int64_t w, double lo, double hi)
{
    double ratio = (double)w / (double)h;
    box b = {.h = h, .w = w};
    if (ratio < lo) b.h = lrint((double)w / lo);
    if (ratio > hi) b.w = lrint((double)h * hi);
    if (b.h < 1) b.h = 1;
    if (b.w < 1) b.w = 1;
    b.y = (h - b.h) / 2;
    b.x = (w - b.w) / 2;
    return b;
}

static box draw(const random_resized_crop *o, int64_t h, int64_t w, sdag_rng *r)
{
    float log_lo = logf(o->ratio.at[0]), log_hi = logf(o->ratio.at[1]);
    for (int i = 0; i < 10; i++) {
        float area = (float)(h * w) * sdag_range_draw(o->scale, r);
        float ratio = expf(sdag_rng_uniform(r, log_lo, log_hi));
        box b = {.h = lrintf(sqrtf(area / ratio)), .w = lrintf(sqrtf(area * ratio))};
        if (b.h < 1 || b.w < 1 || b.h > h || b.w > w) continue;
        b.y = sdag_rng_below(r, (uint32_t)(h - b.h + 1));
        b.x = sdag_rng_below(r, (uint32_t)(w - b.w + 1));
        return b;
    }
    return fallback(h, w, o->ratio.at[0], o->ratio.at[1]);
}

static void apply(sdag_image *im, const void *opts_, sdag_rng *r)
{
    const random_resized_crop *o = opts_;
    box b = draw(o, im->h, im->w, r);
    sdag_image_crop(im, b.y, b.x, b.h, b.w);
    sdag_filter f = sdag_filter_of(o->interpolation);
    sdag_image_resize(im, sdag_size_h(o->size), sdag_size_w(o->size), f);
}

static bool size(sdag_frame *f, const void *opts_, char why[SDAG_TRANSFORM_WHY])
{
    const random_resized_crop *o = opts_;
    (void)why;
    int64_t h = sdag_size_h(o->size), w = sdag_size_w(o->size);
    *f = (sdag_frame){.h = h, .w = w, .c = f->c, .most = h * w * f->c};
    return true;
}

static int64_t tmp(const sdag_frame *f, const void *opts_)
{
    const random_resized_crop *o = opts_;
    int64_t h = f->h ? f->h : f->most / f->c, w = f->w ? f->w : f->most / f->c;
    return sdag_resample_tmp(h, w, f->c, sdag_size_w(o->size));
}

static const char *check(const void *opts_)
{
    const random_resized_crop *o = opts_;
    const char *why = sdag_size_check(o->size);
    if (!why) why = sdag_range_check(o->scale);
    return why ? why : sdag_range_check(o->ratio);
}

static const sdag_transform transform = {.any_pixels = true, .size = size, .tmp = tmp, .apply = apply};
const sdag_record_type sdag_transform_random_resized_crop = {.name = "random_resized_crop",
                                                             .brief = "A random part of the image, resized.",
                                                             .opts = opts,
                                                             .opts_size = sizeof(random_resized_crop),
                                                             .type = &transform,
                                                             .check = check,
                                                             .example =
                                                                 "{random_resized_crop: {size: 32, scale: [0.2, 1]}}"};
