/* center_crop -- the window of fixed size in the middle; zeros where the image is smaller. */
#include <math.h>

#include "nodes/augment/transform.h"

typedef struct {
    sdag_ints size;
} center_crop;

static const sdag_opt opts[] = {
    SDAG_SIZE(center_crop, size, "of the window: [height, width], or one number for a square"),
    {0},
};

/* torchvision rounds halves to even inside the image, and pads less on the near side outside. */
static int64_t place(int64_t have, int64_t want)
{
    return have >= want ? lrint((double)(have - want) / 2) : -((want - have) / 2);
}

static void apply(sdag_image *im, const void *opts_, sdag_rng *r)
{
    const center_crop *o = opts_;
    (void)r;
    int64_t h = sdag_size_h(o->size), w = sdag_size_w(o->size);
    sdag_image_crop(im, place(im->h, h), place(im->w, w), h, w);
}

static bool size(sdag_frame *f, const void *opts_, char why[SDAG_TRANSFORM_WHY])
{
    const center_crop *o = opts_;
    return sdag_crop_frame(f, sdag_size_h(o->size), sdag_size_w(o->size), false, why);
}

static int64_t tmp(const sdag_frame *f, const void *opts_)
{
    return sdag_crop_tmp(f, sdag_size_w(((const center_crop *)opts_)->size));
}

static const char *check(const void *opts_) { return sdag_size_check(((const center_crop *)opts_)->size); }

static const sdag_transform transform = {.any_pixels = true, .crops = true, .size = size, .tmp = tmp, .apply = apply};
const sdag_record_type sdag_transform_center_crop = {.name = "center_crop",
                                                     .brief = "The window in the middle.",
                                                     .opts = opts,
                                                     .opts_size = sizeof(center_crop),
                                                     .type = &transform,
                                                     .fixed = true,
                                                     .check = check,
                                                     .example = "{center_crop: {size: 224}}"};
