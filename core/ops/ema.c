/* ema: a state that follows another value, as momentum encoders do.   t <- m t + (1 - m) s,   m f32[]
 * With m = 1 the state keeps its bits, with m = 0 it takes those of s. */
#include "core/cpu/simd.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/update.h"

SDAG_CLONES static void ema_loop(float *t, const float *s, float m, int64_t n)
{
    const float rest = 1.0f - m;
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) t[i] = m * t[i] + rest * s[i];
}

static void ema_run(const sdag_args *a)
{
    ema_loop(SDAG_DATA_F32(a->out[0]) + a->lo, SDAG_DATA_F32(a->in[1]) + a->lo, *SDAG_DATA_F32(a->in[2]),
             a->hi - a->lo);
}

static bool ema_shape(sdag_shaping *s) { return sdag_update_shape(s, 1, 0); }

const sdag_op sdag_opdef_ema = {
    .name = "ema",
    .math = "t <- m t + (1 - m) s",
    .n_in = 3,
    .n_out = 1,
    .flags = SDAG_OP_UPDATES,
    .split = SDAG_SPLIT_ELEMS,
    .shape = ema_shape,
    .cpu = {.run = ema_run},
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]", "f32[3,5]", "f32[]=0.99"}},
                                     {.in = {"f32[1]", "f32[1]", "f32[]=1"}},
                                     {.in = {"f32[5,8191]", "f32[5,8191]", "f32[]=0.9"}},
                                     {0}},
};

void sdag_op_ema(sdag_build *b, sdag_val target, sdag_val source, sdag_val momentum)
{
    sdag_emit(b, &sdag_opdef_ema, 3, (sdag_val[]){target, source, momentum}, NULL, NULL);
}
