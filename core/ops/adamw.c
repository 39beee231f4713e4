/* adamw (Loshchilov & Hutter 2019, arXiv:1711.05101), in PyTorch's order. t: steps done before this one.
 *   p <- p (1 - lr wd),   m <- beta1 m + (1 - beta1) g,   v <- beta2 v + (1 - beta2) g^2        (g times scale)
 *   p <- p - lr / (1 - beta1^(t+1)) m / ( sqrt(v) / sqrt(1 - beta2^(t+1)) + eps ) */
#include <math.h>

#include "core/cpu/simd.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/update.h"

typedef struct adam_step {
    float scale, keep, beta1, rest1, beta2, rest2, rate, inv_root2, eps; /* rest: 1 - beta */
} adam_step;

SDAG_CLONES static void adamw_loop(float *p, float *m, float *v, const float *g, int64_t n, const adam_step *s)
{
    const float scale = s->scale, keep = s->keep, beta1 = s->beta1, rest1 = s->rest1, beta2 = s->beta2,
                rest2 = s->rest2;
    const float rate = s->rate, inv_root2 = s->inv_root2, eps = s->eps;
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) {
        const float d = scale * g[i], mi = beta1 * m[i] + rest1 * d, vi = beta2 * v[i] + rest2 * (d * d);
        m[i] = mi;
        v[i] = vi;
        p[i] = p[i] * keep - rate * mi / (sqrtf(vi) * inv_root2 + eps);
    }
}

static void adamw_run(const sdag_args *a)
{
    const sdag_attr_adamw *o = a->attr;
    const double t = (double)*SDAG_DATA_I32(a->in[4]) + 1, lr = (double)*SDAG_DATA_F32(a->in[5]) * (double)o->lr_mul;
    const double b1 = (double)o->beta1, b2 = (double)o->beta2;
    const adam_step s = {.scale = sdag_update_scale(a, 6),
                         .keep = (float)(1 - lr * (double)o->wd),
                         .beta1 = o->beta1,
                         .rest1 = (float)(1 - b1),
                         .beta2 = o->beta2,
                         .rest2 = (float)(1 - b2),
                         .rate = (float)(lr / (1 - pow(b1, t))),
                         .inv_root2 = (float)(1 / sqrt(1 - pow(b2, t))),
                         .eps = o->eps};
    adamw_loop(SDAG_DATA_F32(a->out[0]) + a->lo, SDAG_DATA_F32(a->out[1]) + a->lo, SDAG_DATA_F32(a->out[2]) + a->lo,
               SDAG_DATA_F32(a->in[3]) + a->lo, a->hi - a->lo, &s);
}

static bool adamw_shape(sdag_shaping *s) { return sdag_update_shape(s, 3, 1); }

static const sdag_attr_adamw usual = {1.0f, 1e-2f, 0.9f, 0.999f, 1e-8f}, other = {0.5f, 0.1f, 0.8f, 0.95f, 1e-3f};

/* arguments: p, m, v, g, t, lr, [scale] */
const sdag_op sdag_opdef_adamw = {
    .name = "adamw",
    .math = "p <- p (1 - lr wd) - lr m^ / (sqrt v^ + eps)",
    .n_in = 6,
    .n_in_max = 7,
    .n_out = 3,
    .attr_size = sizeof(sdag_attr_adamw),
    .flags = SDAG_OP_UPDATES,
    .split = SDAG_SPLIT_ELEMS,
    .shape = adamw_shape,
    .cpu = {.run = adamw_run},
    .check =
        (const sdag_op_check[]){
            {.in = {"f32[3,5]", "f32[3,5]", "f32[3,5]>0", "f32[3,5]", "i32[]<9", "f32[]=0.01"}, .attr = &usual},
            {.in = {"f32[1]", "f32[1]", "f32[1]>0", "f32[1]", "i32[]<1", "f32[]=0.1", "f32[]<1"}, .attr = &other},
            {.in = {"f32[3,11003]", "f32[3,11003]", "f32[3,11003]>0", "f32[3,11003]", "i32[]<999", "f32[]=0.01"},
             .attr = &usual},
            {0}},
};

void sdag_op_adamw(sdag_build *b, sdag_val p, sdag_val g, sdag_val m, sdag_val v, sdag_val t, sdag_val lr,
                   sdag_val scale, float lr_mul, float wd, float beta1, float beta2, float eps)
{
    const sdag_attr_adamw o = {lr_mul, wd, beta1, beta2, eps};
    sdag_emit(b, &sdag_opdef_adamw, scale ? 7 : 6, (sdag_val[]){p, m, v, g, t, lr, scale}, &o, NULL);
}
