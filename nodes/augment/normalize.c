/* normalize -- x <- (x - mean) / std, by channel. Last in a chain: the others take 0 for black, 1 for white. */
#include <stdio.h>

#include "core/cpu/simd.h"
#include "nodes/augment/transform.h"

typedef struct {
    sdag_floats mean, std;
} normalize;

static const sdag_opt opts[] = {
    {.name = "mean",
     .help = "one number, or one a channel; 0 is black, 1 white",
     .kind = SDAG_OPT_F32S,
     .offset = offsetof(normalize, mean),
     .min = -1e6,
     .max = 1e6,
     .required = true},
    {.name = "std",
     .help = "one number, or one a channel",
     .kind = SDAG_OPT_F32S,
     .offset = offsetof(normalize, std),
     .min = 1e-6,
     .max = 1e6,
     .required = true},
    {0},
};

enum { LANES = 16 };

/* The numbers of the channels, repeated until they fill whole vectors: x f32[n], scale and shift f32[LANES c]. */
SDAG_CLONES static void scale_shift(float *restrict x, int64_t n, const float *restrict scale,
                                    const float *restrict shift, int64_t period)
{
    for (; n >= period; n -= period, x += period)
        for (int64_t j = 0; j < period; j++) x[j] = x[j] * scale[j] + shift[j];
    for (int64_t j = 0; j < n; j++) x[j] = x[j] * scale[j] + shift[j];
}

static void apply(sdag_image *im, const void *opts_, sdag_rng *r)
{
    const normalize *o = opts_;
    (void)r;
    float *x = sdag_image_px(im), *scale = im->tmp, *shift = scale + LANES * im->c;
    for (int64_t j = 0; j < LANES * im->c; j++) {
        int64_t ch = j % im->c;
        scale[j] = 1 / o->std.at[o->std.n == 1 ? 0 : ch];
        shift[j] = -o->mean.at[o->mean.n == 1 ? 0 : ch] * scale[j];
    }
    scale_shift(x, im->h * im->w * im->c, scale, shift, LANES * im->c);
}

static bool size(sdag_frame *f, const void *opts_, char why[SDAG_TRANSFORM_WHY])
{
    const normalize *o = opts_;
    if ((o->mean.n == 1 || o->mean.n == f->c) && (o->std.n == 1 || o->std.n == f->c)) return true;
    snprintf(why, SDAG_TRANSFORM_WHY, "%d means and %d stds for images of %d channel%s", o->mean.n, o->std.n, (int)f->c,
             f->c == 1 ? "" : "s");
    return false;
}

static int64_t tmp(const sdag_frame *f, const void *opts_)
{
    (void)opts_;
    return 2 * LANES * f->c;
}

static const char *check(const void *opts_)
{
    const normalize *o = opts_;
    return o->mean.n && o->std.n ? NULL : "mean and std are one number or one a channel";
}

static const sdag_transform transform = {.size = size, .tmp = tmp, .apply = apply};
const sdag_record_type sdag_transform_normalize = {
    .name = "normalize",
    .brief = "Subtracts the mean and divides by the deviation of each channel.",
    .opts = opts,
    .opts_size = sizeof(normalize),
    .type = &transform,
    .fixed = true,
    .check = check,
    .example = "{normalize: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}}"};
