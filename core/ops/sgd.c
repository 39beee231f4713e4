/* sgd: stochastic gradient descent with momentum, as PyTorch has it.
 *   d = scale g + wd p,   v <- momentum v + d,   p <- p - lr (nesterov ? d + momentum v : v)
 * sgd_plain is the same without v (momentum 0). */
#include "core/cpu/simd.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/update.h"

SDAG_CLONES static void sgd_loop(float *p, float *v, const float *g, int64_t n, float lr, float scale, float wd,
                                 float momentum, float ahead)
{
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) {
        const float d = scale * g[i] + wd * p[i], u = momentum * v[i] + d;
        v[i] = u;
        p[i] -= lr * (ahead != 0 ? d + ahead * u : u);
    }
}

static void sgd_run(const sdag_args *a)
{
    const sdag_attr_sgd *o = a->attr;
    const float lr = *SDAG_DATA_F32(a->in[3]) * o->lr_mul;
    sgd_loop(SDAG_DATA_F32(a->out[0]) + a->lo, SDAG_DATA_F32(a->out[1]) + a->lo, SDAG_DATA_F32(a->in[2]) + a->lo,
             a->hi - a->lo, lr, sdag_update_scale(a, 4), o->wd, o->momentum, o->nesterov ? o->momentum : 0);
}

static bool sgd_shape(sdag_shaping *s) { return sdag_update_shape(s, 2, 0); }

SDAG_CLONES static void sgd_plain_loop(float *p, const float *g, int64_t n, float lr, float scale, float wd)
{
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) p[i] -= lr * (scale * g[i] + wd * p[i]);
}

static void plain_run(const sdag_args *a)
{
    const sdag_attr_sgd *o = a->attr;
    sgd_plain_loop(SDAG_DATA_F32(a->out[0]) + a->lo, SDAG_DATA_F32(a->in[1]) + a->lo, a->hi - a->lo,
                   *SDAG_DATA_F32(a->in[2]) * o->lr_mul, sdag_update_scale(a, 3), o->wd);
}

static bool plain_shape(sdag_shaping *s) { return sdag_update_shape(s, 1, 0); }

static const sdag_attr_sgd heavy = {1.0f, 1e-2f, 0.9f, 0, 0}, nesterov = {0.5f, 1e-3f, 0.8f, 0, 1},
                           bare = {2.0f, 1e-2f, 0, 0, 0};

/* arguments: p, v, g, lr, [scale] */
const sdag_op sdag_opdef_sgd = {
    .name = "sgd",
    .math = "v <- momentum v + g + wd p; p <- p - lr v",
    .n_in = 4,
    .n_in_max = 5,
    .n_out = 2,
    .attr_size = sizeof(sdag_attr_sgd),
    .flags = SDAG_OP_UPDATES,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sgd_shape,
    .cpu = {.run = sgd_run},
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]", "f32[3,5]", "f32[3,5]", "f32[]=0.1"}, .attr = &heavy},
                                     {.in = {"f32[7]", "f32[7]", "f32[7]", "f32[]=0.1", "f32[]<1"}, .attr = &nesterov},
                                     {.in = {"f32[5,8191]", "f32[5,8191]", "f32[5,8191]", "f32[]=0.1"}, .attr = &heavy},
                                     {0}},
};

/* arguments: p, g, lr, [scale] */
const sdag_op sdag_opdef_sgd_plain = {
    .name = "sgd_plain",
    .math = "p <- p - lr (g + wd p)",
    .n_in = 3,
    .n_in_max = 4,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_sgd),
    .flags = SDAG_OP_UPDATES,
    .split = SDAG_SPLIT_ELEMS,
    .shape = plain_shape,
    .cpu = {.run = plain_run},
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]", "f32[3,5]", "f32[]=0.1"}, .attr = &bare},
                                     {.in = {"f32[1]", "f32[1]", "f32[]=0.1", "f32[]<1"}, .attr = &bare},
                                     {.in = {"f32[5,8191]", "f32[5,8191]", "f32[]=0.1"}, .attr = &bare},
                                     {0}},
};

void sdag_op_sgd(sdag_build *b, sdag_val p, sdag_val g, sdag_val v, sdag_val lr, sdag_val scale, float lr_mul, float wd,
                 float momentum, bool nesterov_form)
{
    const sdag_attr_sgd o = {.lr_mul = lr_mul, .wd = wd, .momentum = momentum, .nesterov = nesterov_form};
    if (v) sdag_emit(b, &sdag_opdef_sgd, scale ? 5 : 4, (sdag_val[]){p, v, g, lr, scale}, &o, NULL);
    else sdag_emit(b, &sdag_opdef_sgd_plain, scale ? 4 : 3, (sdag_val[]){p, g, lr, scale}, &o, NULL);
}
