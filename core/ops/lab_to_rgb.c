/* lab_to_rgb: CIE L*a*b* as sRGB pixels, the inverse of rgb_to_lab (whose file has the constants); colours that sRGB
 * does not have are clipped to 0..1. f32[...,3] -> f32[...,3]
 *   f_y = (L + 16) / 116,   f_x = f_y + a / 500,   f_z = max(f_y - b / 200, 0)
 *   t = f^3 where f > 0.2068966, else (f - 16 / 116) / 7.787
 *   u = M^-1 (0.95047 t_x, t_y, 1.08883 t_z)
 *   c = 12.92 u where u <= 0.0031308, else 1.055 u^(1/2.4) - 0.055 */
#include "core/cpu/mathf.h"
#include "core/cpu/simd.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

SDAG_INLINE float cube(float f) { return f > 0.2068966f ? f * f * f : (f - 16 / 116.0f) * (1 / 7.787f); }

SDAG_INLINE float gamma_of(float u)
{
    const float p = 1.055f * sdag_expf(sdag_logf(u) * (1 / 2.4f)) - 0.055f, c = u > 0.0031308f ? p : 12.92f * u;
    return c < 0 ? 0 : c > 1 ? 1 : c;
}

SDAG_CLONES static void lab_to_rgb_loop(float *y, const float *x, int64_t n)
{
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) {
        const float fy = (x[3 * i] + 16) * (1 / 116.0f), fx = fy + x[3 * i + 1] * (1 / 500.0f),
                    fz = fy - x[3 * i + 2] * (1 / 200.0f);
        const float u = 0.95047f * cube(fx), v = cube(fy), w = 1.08883f * cube(fz < 0 ? 0 : fz);
        y[3 * i] = gamma_of(3.240481343f * u - 1.537151516f * v - 0.498536326f * w);
        y[3 * i + 1] = gamma_of(-0.969254950f * u + 1.875990001f * v + 0.041555927f * w);
        y[3 * i + 2] = gamma_of(0.055646639f * u - 0.204041338f * v + 1.057311070f * w);
    }
}

static void lab_to_rgb_run(const sdag_args *a)
{
    lab_to_rgb_loop(SDAG_DATA_F32(a->out[0]) + a->lo * 3, SDAG_DATA_F32(a->in[0]) + a->lo * 3, a->hi - a->lo);
}

static void lab_to_rgb_plan(sdag_tiling *t, const sdag_args *a)
{
    t->flops = 40.0 * (double)sdag_elems(&a->out[0].shape);
}

const sdag_op sdag_opdef_lab_to_rgb = {
    .name = "lab_to_rgb",
    .math = "y = sRGB of L*a*b*, clipped to 0..1",
    .n_in = 1,
    .n_out = 1,
    .flags = SDAG_OP_INPLACE | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ROWS,
    .shape = sdag_rule_colours,
    .cpu = {.plan = lab_to_rgb_plan, .run = lab_to_rgb_run},
    .check = (const sdag_op_check[]){{.in = {"f32[5,3]#100"}},
                                     {.in = {"f32[3]"}},
                                     {.in = {"f32[2,1,7,3]#60"}},
                                     {.in = {"f32[11,1009,3]#100"}},
                                     {0}},
};

sdag_val sdag_op_lab_to_rgb(sdag_build *b, sdag_val x) { return sdag_emit1(b, &sdag_opdef_lab_to_rgb, x, NULL); }
