/* random_affine -- a random rotation, shift, scaling and shear about the centre; what comes from outside is `fill`.
 *   out(p) = in(M^-1 (p - centre - t) + centre),   M = scale R(angle) Shear(x, y)
 * Angles in degrees, clockwise; shifts drawn as fractions of the size and rounded to pixels (as torchvision's
 * RandomAffine). */
#include <math.h>

#include "core/cpu/simd.h"
#include "nodes/augment/transform.h"

typedef struct {
    sdag_floats degrees, translate, scale, shear;
    float fill;
    int interpolation;
} random_affine;

static const char *const modes[] = {"bilinear", "nearest", NULL};
static const sdag_opt opts[] = {
    SDAG_F32S(random_affine, degrees, "[0]", -360, 360, "v for a rotation in [-v, v], or [from, to]"),
    SDAG_F32S(random_affine, translate, "[0]", 0, 1, "largest shift as a part of the size: v or [down, right]"),
    SDAG_F32S(random_affine, scale, "[1, 1]", 0.01, 100, "factor of the size, as a range"),
    SDAG_F32S(random_affine, shear, "[0]", -89, 89, "degrees along x, v or [from, to]; four numbers: along x and y"),
    SDAG_F32(random_affine, fill, 0, -1e3, 1e3, "value of what lies outside the image"),
    SDAG_ENUM(random_affine, interpolation, 0, modes, "how pixels are interpolated"),
    {0},
};

/* From an output pixel to where it comes from: y' = a[0] y + a[1] x + a[2], x' = a[3] y + a[4] x + a[5]. */
typedef struct {
    float a[6];
} mapping;

SDAG_INLINE float at(const float *a, int64_t y, int64_t x) { return a[0] * (float)y + a[1] * (float)x + a[2]; }

/* One value of a plane of an image, `fill` outside. */
SDAG_INLINE float value_at(const sdag_raster *s, int64_t y, int64_t x, int64_t j, float fill)
{
    bool inside = y >= 0 && x >= 0 && y < s->h && x < s->w;
    return inside ? ((const float *)s->at)[y * s->stride + x * s->c + j] : fill;
}

SDAG_CLONES static void sample_bilinear(float *restrict dst, const sdag_raster *s, mapping m, float fill)
{
    for (int64_t y = 0; y < s->h; y++)
        for (int64_t x = 0; x < s->w; x++, dst += s->c) {
            float sy = at(m.a, y, x), sx = at(m.a + 3, y, x);
            float fy = floorf(sy), fx = floorf(sx), wy = sy - fy, wx = sx - fx;
            if (!(fy >= -1 && fx >= -1 && fy < (float)s->h && fx < (float)s->w)) {
                for (int64_t j = 0; j < s->c; j++) dst[j] = fill;
                continue;
            }
            int64_t iy = (int64_t)fy, ix = (int64_t)fx;
            for (int64_t j = 0; j < s->c; j++) {
                float a = value_at(s, iy, ix, j, fill), b = value_at(s, iy, ix + 1, j, fill);
                float c = value_at(s, iy + 1, ix, j, fill), d = value_at(s, iy + 1, ix + 1, j, fill);
                a += wx * (b - a);
                c += wx * (d - c);
                dst[j] = a + wy * (c - a);
            }
        }
}

SDAG_CLONES static void sample_nearest(float *restrict dst, const sdag_raster *s, mapping m, float fill)
{
    for (int64_t y = 0; y < s->h; y++)
        for (int64_t x = 0; x < s->w; x++, dst += s->c) {
            float sy = at(m.a, y, x), sx = at(m.a + 3, y, x);
            bool near = fabsf(sy) < 1e6f && fabsf(sx) < 1e6f;
            int64_t iy = near ? (int64_t)rintf(sy) : -1, ix = near ? (int64_t)rintf(sx) : -1;
            for (int64_t j = 0; j < s->c; j++) dst[j] = value_at(s, iy, ix, j, fill);
        }
}

static mapping invert(double degrees, double dy, double dx, double scale, double shear_x, double shear_y, int64_t h,
                      int64_t w)
{
    const double rad = 0.017453292519943295;
    double turn = degrees * rad, sx = shear_x * rad, sy = shear_y * rad;
    /* M = scale [a b; c d]; its determinant without the scale is 1. */
    double a = cos(turn - sy) / cos(sy), b = -cos(turn - sy) * tan(sx) / cos(sy) - sin(turn);
    double c = sin(turn - sy) / cos(sy), d = -sin(turn - sy) * tan(sx) / cos(sy) + cos(turn);
    double cy = 0.5 * (double)(h - 1), cx = 0.5 * (double)(w - 1);
    double yy = a / scale, yx = -c / scale, xy = -b / scale, xx = d / scale;
    return (mapping){{(float)yy, (float)yx, (float)(cy - yy * (cy + dy) - yx * (cx + dx)), (float)xy, (float)xx,
                      (float)(cx - xy * (cy + dy) - xx * (cx + dx))}};
}

static float draw(sdag_floats v, int at, sdag_rng *r)
{
    if (v.n == 1) return sdag_rng_uniform(r, -v.at[0], v.at[0]);
    return sdag_rng_uniform(r, v.at[at], v.at[at + 1]);
}

static void apply(sdag_image *im, const void *opts_, sdag_rng *r)
{
    const random_affine *o = opts_;
    float most_y = o->translate.at[0] * (float)im->h, most_x = o->translate.at[o->translate.n - 1] * (float)im->w;
    float turn = draw(o->degrees, 0, r), dy = rintf(sdag_rng_uniform(r, -most_y, most_y));
    float dx = rintf(sdag_rng_uniform(r, -most_x, most_x)), scale = sdag_range_draw(o->scale, r);
    float shear_x = draw(o->shear, 0, r), shear_y = o->shear.n == 4 ? draw(o->shear, 2, r) : 0;
    mapping m = invert(turn, dy, dx, scale, shear_x, shear_y, im->h, im->w);
    sdag_image_px(im);
    (o->interpolation ? sample_nearest : sample_bilinear)(sdag_image_spare(im), &im->src, m, o->fill);
    sdag_image_swap(im, im->h, im->w);
}

static const char *check(const void *opts_)
{
    const random_affine *o = opts_;
    if (o->degrees.n != 1 && o->degrees.n != 2) return "degrees is one number or [from, to]";
    if (o->translate.n != 1 && o->translate.n != 2) return "translate is one number or [down, right]";
    if (o->shear.n != 1 && o->shear.n != 2 && o->shear.n != 4) return "shear has one, two or four numbers";
    return sdag_range_check(o->scale);
}

static const sdag_transform transform = {.apply = apply};
const sdag_record_type sdag_transform_random_affine = {.name = "random_affine",
                                                       .brief = "Rotates, shifts, scales and shears about the centre.",
                                                       .opts = opts,
                                                       .opts_size = sizeof(random_affine),
                                                       .type = &transform,
                                                       .check = check,
                                                       .example = "{random_affine: {degrees: 12, translate: 0.1}}"};
