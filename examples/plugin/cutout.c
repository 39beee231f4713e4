/* cutout -- squares of the image at random places are hidden.
 *   with probability p, `holes` times:  centre (y, x) uniform over the image,
 *   x <- fill in [y - s/2, y + s/2) x [x - s/2, x + s/2), as much of it as lies inside
 * DeVries & Taylor 2017, arXiv:1708.04552: the centre may be at the edge, so that some images stay nearly whole. */
#include "core/node/plugin.h"

typedef struct {
    int64_t size, holes;
    float p, fill;
} cutout;

static const sdag_opt opts[] = {
    SDAG_INT(cutout, size, 8, 1, 4096, "side of a square, in pixels"),
    SDAG_INT(cutout, holes, 1, 1, 64, "how many squares"),
    SDAG_F32(cutout, p, 1, 0, 1, "probability"),
    SDAG_F32(cutout, fill, 0, -10, 10, "what the hidden pixels become; 0: black, or the mean once normalised"),
    {0},
};

static int64_t inside(int64_t at, int64_t size) { return at < 0 ? 0 : at > size ? size : at; }

static void hide(float *px, const sdag_image *im, const cutout *o, sdag_rng *r) /* px f32[h,w,c] */
{
    const int64_t cy = sdag_rng_below(r, (uint32_t)im->h), cx = sdag_rng_below(r, (uint32_t)im->w);
    const int64_t y1 = inside(cy - o->size / 2 + o->size, im->h), x1 = inside(cx - o->size / 2 + o->size, im->w);
    for (int64_t y = inside(cy - o->size / 2, im->h); y < y1; y++)
        for (int64_t x = inside(cx - o->size / 2, im->w); x < x1; x++)
            for (int64_t c = 0; c < im->c; c++) px[(y * im->w + x) * im->c + c] = o->fill;
}

static void apply(sdag_image *im, const void *opts_, sdag_rng *r)
{
    const cutout *o = opts_;
    if (sdag_rng_f32(r) >= o->p) return;
    float *px = sdag_image_px(im);
    for (int64_t i = 0; i < o->holes; i++) hide(px, im, o, r);
}

static const sdag_transform transform = {.apply = apply};
static const sdag_record_type record = {
    .name = "cutout",
    .brief = "Squares at random places are hidden.",
    .opts = opts,
    .opts_size = sizeof(cutout),
    .type = &transform,
    .example = "{cutout: {size: 16}}",
};

static const sdag_plugin_record records[] = {{"augment", "ops", &record}, {0}};
SDAG_PLUGIN(.name = "cutout", .about = "Cutout for augment.", .version = "1.0", .records = records)
