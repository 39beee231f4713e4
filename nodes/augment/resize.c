/* resize -- to [height, width], or the shorter side to one number, the other in proportion (rounded down).
 * Shrinking averages over all pixels (antialiasing, see resample.h). */
#include <stdio.h>

#include "nodes/augment/resample.h"
#include "nodes/augment/transform.h"

typedef struct {
    sdag_ints size;
    int interpolation;
} resize;

static const sdag_opt opts[] = {
    SDAG_SIZE(resize, size, "[height, width], or one number for the shorter side"),
    SDAG_ENUM(resize, interpolation, 0, sdag_filter_choices, "how pixels are interpolated"),
    {0},
};

static void sides(int64_t *h, int64_t *w, sdag_ints s)
{
    int64_t in_h = *h, in_w = *w;
    *h = sdag_size_h(s);
    *w = sdag_size_w(s);
    if (s.n == 1 && in_h > in_w) *h = s.at[0] * in_h / in_w;
    if (s.n == 1 && in_w > in_h) *w = s.at[0] * in_w / in_h;
}

static void apply(sdag_image *im, const void *opts_, sdag_rng *r)
{
    const resize *o = opts_;
    (void)r;
    int64_t h = im->h, w = im->w;
    sides(&h, &w, o->size);
    sdag_image_resize(im, h, w, sdag_filter_of(o->interpolation));
}

static bool size(sdag_frame *f, const void *opts_, char why[SDAG_TRANSFORM_WHY])
{
    const resize *o = opts_;
    (void)why;
    if (!f->h && o->size.n == 1) {
        f->shorter = o->size.at[0];
        return true;
    }
    sides(&f->h, &f->w, o->size);
    f->most = f->h * f->w * f->c;
    return true;
}

static int64_t tmp(const sdag_frame *f, const void *opts_)
{
    const resize *o = opts_;
    int64_t h = f->h, w = f->w, longest = f->most / f->c;
    if (!h && o->size.n == 1) return 0; /* the crop that follows asks */
    sides(&h, &w, o->size);
    return f->h ? sdag_resample_tmp(f->h, f->w, f->c, w) : sdag_resample_tmp(longest, longest, f->c, w);
}

static const char *check(const void *opts_) { return sdag_size_check(((const resize *)opts_)->size); }

static const sdag_transform transform = {.any_pixels = true, .size = size, .tmp = tmp, .apply = apply};
const sdag_record_type sdag_transform_resize = {.name = "resize",
                                                .brief = "Resamples to a size.",
                                                .opts = opts,
                                                .opts_size = sizeof(resize),
                                                .type = &transform,
                                                .fixed = true,
                                                .check = check,
                                                .example = "{resize: {size: 256}}"};
