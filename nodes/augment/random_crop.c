/* random_crop -- a window of fixed size at a random place, after a border of zeros was put around the image.
 * Where the image is still smaller than the window, more zeros fill it up. */
#include "nodes/augment/transform.h"

typedef struct {
    sdag_ints size;
    int64_t padding;
} random_crop;

static const sdag_opt opts[] = {
    SDAG_SIZE(random_crop, size, "of the window: [height, width], or one number for a square"),
    SDAG_INT(random_crop, padding, 0, 0, 4096, "width of the border of zeros on every side"),
    {0},
};

/* A place in -padding .. have + padding - want; the middle when there is none. */
static int64_t place(int64_t have, int64_t want, int64_t padding, sdag_rng *r)
{
    int64_t room = have + 2 * padding - want;
    return room < 0 ? (have - want) / 2 : sdag_rng_below(r, (uint32_t)room + 1) - padding;
}

static void apply(sdag_image *im, const void *opts_, sdag_rng *r)
{
    const random_crop *o = opts_;
    int64_t h = sdag_size_h(o->size), w = sdag_size_w(o->size);
    int64_t y = place(im->h, h, o->padding, r), x = place(im->w, w, o->padding, r);
    sdag_image_crop(im, y, x, h, w);
}

static bool size(sdag_frame *f, const void *opts_, char why[SDAG_TRANSFORM_WHY])
{
    const random_crop *o = opts_;
    return sdag_crop_frame(f, sdag_size_h(o->size), sdag_size_w(o->size), o->padding > 0, why);
}

static int64_t tmp(const sdag_frame *f, const void *opts_)
{
    return sdag_crop_tmp(f, sdag_size_w(((const random_crop *)opts_)->size));
}

static const char *check(const void *opts_) { return sdag_size_check(((const random_crop *)opts_)->size); }

static const sdag_transform transform = {.any_pixels = true, .crops = true, .size = size, .tmp = tmp, .apply = apply};
const sdag_record_type sdag_transform_random_crop = {.name = "random_crop",
                                                     .brief = "A window of fixed size at a random place.",
                                                     .opts = opts,
                                                     .opts_size = sizeof(random_crop),
                                                     .type = &transform,
                                                     .check = check,
                                                     .example = "{random_crop: {size: 32, padding: 4}}"};
