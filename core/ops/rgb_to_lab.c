/* rgb_to_lab: sRGB pixels in 0..1 as CIE L*a*b* (1976), white D65 of the 2 degree observer; f32[...,3] -> f32[...,3].
 *   u = c / 12.92 where c <= 0.04045, else ((c + 0.055) / 1.055)^2.4        IEC 61966-2-1
 *   (X, Y, Z) = M u,   t = (X / 0.95047, Y, Z / 1.08883)
 *   f(t) = t^(1/3) where t > 0.008856, else 7.787 t + 16 / 116
 *   L = 116 f_y - 16   (0..100),   a = 500 (f_x - f_y),   b = 200 (f_y - f_z)   (of sRGB: -108..99)
 * Constants of scikit-image, so that numbers agree with its rgb2lab. Powers are exp and log of core/cpu/mathf.h. */
#include "core/cpu/mathf.h"
#include "core/cpu/simd.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_INLINE float linear(float c)
{
    const float p = sdag_expf(2.4f * sdag_logf((c + 0.055f) * (1 / 1.055f)));
    return c > 0.04045f ? p : c * (1 / 12.92f);
}

/* One step of Newton brings the root of exp and log to half the last digit: a and b are differences of such. */
SDAG_INLINE float root(float t)
{
    const float s = t > 0.008856f ? t : 1.0f, y = sdag_expf(sdag_logf(s) * (1 / 3.0f));
    const float better = y - (y * y * y - s) / (3 * y * y);
    return t > 0.008856f ? better : 7.787f * t + 16 / 116.0f;
}

SDAG_CLONES static void rgb_to_lab_loop(float *y, const float *x, int64_t n)
{
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) {
        const float r = linear(x[3 * i]), g = linear(x[3 * i + 1]), b = linear(x[3 * i + 2]);
        const float fx = root((0.412453f * r + 0.357580f * g + 0.180423f * b) * (1 / 0.95047f)),
                    fy = root(0.212671f * r + 0.715160f * g + 0.072169f * b),
                    fz = root((0.019334f * r + 0.119193f * g + 0.950227f * b) * (1 / 1.08883f));
        y[3 * i] = 116 * fy - 16;
        y[3 * i + 1] = 500 * (fx - fy);
        y[3 * i + 2] = 200 * (fy - fz);
    }
}

static void rgb_to_lab_run(const sdag_args *a)
{
    rgb_to_lab_loop(SDAG_DATA_F32(a->out[0]) + a->lo * 3, SDAG_DATA_F32(a->in[0]) + a->lo * 3, a->hi - a->lo);
}

static void rgb_to_lab_plan(sdag_tiling *t, const sdag_args *a)
{
    t->flops = 60.0 * (double)sdag_elems(&a->out[0].shape);
}

const sdag_op sdag_opdef_rgb_to_lab = {
    .name = "rgb_to_lab",
    .math = "y = L*a*b* of sRGB",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ROWS,
    .shape = sdag_rule_colours,
    .cpu = {.plan = rgb_to_lab_plan, .run = rgb_to_lab_run},
    .check = (const sdag_op_check[]){{.in = {"f32[5,3]<1"}},
                                     {.in = {"f32[3]<1"}},
                                     {.in = {"f32[2,1,7,3]"}}, /* outside 0..1 too */
                                     {.in = {"f32[11,1009,3]<1"}},
                                     {0}},
};

sdag_val sdag_op_rgb_to_lab(sdag_build *b, sdag_val x) { return sdag_emit1(b, &sdag_opdef_rgb_to_lab, x, NULL); }
