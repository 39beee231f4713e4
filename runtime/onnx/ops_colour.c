/* Rows of the table for colours: sRGB and CIE L*a*b*, with the constants of core/ops/rgb_to_lab.c and lab_to_rgb.c.
 * Every step over the three channels is a product with a small matrix, so any rank will do. */
#include "runtime/onnx/emit.h"

static const char *constant(sdag_onnx *x, int rank, const float *v, size_t bytes)
{
    const int64_t dims[] = {3, 3};
    return sdag_onnx_const(x->m, sdag_arena_printf(x->a, "colour_%d", x->m->fresh++), SDAG_ONNX_F32, rank,
                           dims + 2 - rank, v, bytes);
}

/* y_j = sum_i x_i m_ij + shift_j */
static const char *mix(sdag_onnx *x, const char *in, const float m[9], const float *shift)
{
    const char *y = sdag_onnx_node(x->m, "MatMul", in, constant(x, 2, m, 9 * sizeof *m), NULL);
    return shift ? sdag_onnx_node(x->m, "Add", y, constant(x, 1, shift, 3 * sizeof *shift), NULL) : y;
}

/* scale x + shift */
static const char *line(sdag_onnx *x, const char *in, float scale, float shift)
{
    const char *y = sdag_onnx_node(x->m, "Mul", in, sdag_onnx_number(x->m, scale), NULL);
    return shift == 0 ? y : sdag_onnx_node(x->m, "Add", y, sdag_onnx_number(x->m, shift), NULL);
}

static const char *power(sdag_onnx *x, const char *in, float e)
{
    return sdag_onnx_node(x->m, "Pow", in, sdag_onnx_number(x->m, e), NULL);
}

/* a where x > edge, else b */
static const char *above(sdag_onnx *x, const char *in, float edge, const char *a, const char *b)
{
    const char *yes = sdag_onnx_node(x->m, "Greater", in, sdag_onnx_number(x->m, edge), NULL);
    return sdag_onnx_node(x->m, "Where", yes, a, b, NULL);
}

void sdag_onnx_rgb_to_lab(sdag_onnx *x, const sdag_program_op *o)
{
    static const float xyz[] = {0.412453f / 0.95047f, 0.212671f, 0.019334f / 1.08883f,
                                0.357580f / 0.95047f, 0.715160f, 0.119193f / 1.08883f,
                                0.180423f / 0.95047f, 0.072169f, 0.950227f / 1.08883f};
    static const float lab[] = {0, 500, 0, 116, -500, 200, 0, 0, -200}, shift[] = {-16, 0, 0};
    const char *c = sdag_onnx_in(x, o, 0);
    c = above(x, c, 0.04045f, power(x, line(x, c, 1 / 1.055f, 0.055f / 1.055f), 2.4f), line(x, c, 1 / 12.92f, 0));
    const char *t = mix(x, c, xyz, NULL);
    t = above(x, t, 0.008856f, power(x, t, 1 / 3.0f), line(x, t, 7.787f, 16 / 116.0f));
    sdag_onnx_set(x, o->out[0], mix(x, t, lab, shift));
}

void sdag_onnx_lab_to_rgb(sdag_onnx *x, const sdag_program_op *o)
{
    static const float f[] = {1 / 116.0f, 1 / 116.0f, 1 / 116.0f, 1 / 500.0f, 0, 0, 0, 0, -1 / 200.0f};
    static const float shift[] = {16 / 116.0f, 16 / 116.0f, 16 / 116.0f}, least[] = {-1e30f, -1e30f, 0};
    static const float rgb[] = {3.240481343f * 0.95047f,
                                -0.969254950f * 0.95047f,
                                0.055646639f * 0.95047f,
                                -1.537151516f,
                                1.875990001f,
                                -0.204041338f,
                                -0.498536326f * 1.08883f,
                                0.041555927f * 1.08883f,
                                1.057311070f * 1.08883f};
    const char *t = mix(x, sdag_onnx_in(x, o, 0), f, shift);
    t = sdag_onnx_node(x->m, "Max", t, constant(x, 1, least, sizeof least), NULL);
    t = above(x, t, 0.2068966f, power(x, t, 3), line(x, t, 1 / 7.787f, -16 / 116.0f / 7.787f));
    const char *u = mix(x, t, rgb, NULL), *p = sdag_onnx_node(x->m, "Max", u, sdag_onnx_number(x->m, 1e-12f), NULL);
    u = above(x, u, 0.0031308f, line(x, power(x, p, 1 / 2.4f), 1.055f, -0.055f), line(x, u, 12.92f, 0));
    sdag_onnx_set(x, o->out[0],
                  sdag_onnx_node(x->m, "Clip", u, sdag_onnx_number(x->m, 0), sdag_onnx_number(x->m, 1), NULL));
}
