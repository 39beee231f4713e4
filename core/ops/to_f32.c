/* to_f32: y = scale x + shift for whole numbers x: u8[...] or i32[...] -> f32[...]. Pixels to 0..1: scale 1/255. */
#include "core/cpu/simd.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"

SDAG_CLONES static void to_f32_from_u8(float *y, const uint8_t *x, int64_t n, float scale, float shift)
{
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) y[i] = scale * (float)x[i] + shift;
}

SDAG_CLONES static void to_f32_from_i32(float *y, const int32_t *x, int64_t n, float scale, float shift)
{
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) y[i] = scale * (float)x[i] + shift;
}

static void to_f32_run(const sdag_args *a)
{
    const sdag_attr_affine *o = a->attr;
    float *y = SDAG_DATA_F32(a->out[0]) + a->lo;
    int64_t n = a->hi - a->lo;
    if (a->in[0].dtype == SDAG_DT_U8) to_f32_from_u8(y, SDAG_DATA_U8(a->in[0]) + a->lo, n, o->scale, o->shift);
    else to_f32_from_i32(y, SDAG_DATA_I32(a->in[0]) + a->lo, n, o->scale, o->shift);
}

static bool to_f32_shape(sdag_shaping *s)
{
    if (s->in[0].dtype == SDAG_DT_F32) return sdag_shape_fail(s, "the argument is f32 already");
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = s->in[0].shape};
    return true;
}

static const sdag_attr_affine some[] = {{1.0f / 255, 0}, {0.5f, -3}};

const sdag_op sdag_opdef_to_f32 = {
    .name = "to_f32",
    .math = "y = scale x + shift",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_affine),
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_ELEMS,
    .shape = to_f32_shape,
    .cpu = {.run = to_f32_run},
    .check = (const sdag_op_check[]){{.in = {"u8[3,5]"}, .attr = &some[0]},
                                     {.in = {"i32[7]<100"}, .attr = &some[1]},
                                     {.in = {"i32[]"}, .attr = &some[1]},
                                     {.in = {"u8[5,8191]"}, .attr = &some[0]},
                                     {0}},
};

sdag_val sdag_op_to_f32(sdag_build *b, sdag_val x, float scale, float shift)
{
    return sdag_emit1(b, &sdag_opdef_to_f32, x, &(sdag_attr_affine){scale, shift});
}
