/* lars: layer-wise adaptive rates (You et al. 2017, arXiv:1708.03888), the trust ratio inside the momentum.
 *   wd != 0:  d = (g + wd p) k,   k = eta |p| / (|g| + wd |p| + 1e-8), or 1 where |p| or |g| is 0          (g times
 * scale) wd = 0:   d = g v <- momentum v + d,   p <- p - lr (nesterov ? d + momentum v : v) Stage 0 sums the squares of
 * tiles; stage 1 adds them up in order, once for each of its tiles, and updates. */
#include <math.h>

#include "core/cpu/rows.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/update.h"

enum { TILE = 32768 };

typedef struct squares {
    double p, g;
} squares; /* sums of a tile */

static int64_t tiles_of(const sdag_args *a)
{
    const int64_t n = sdag_elems(&a->in[0].shape);
    return n > TILE ? (n + TILE - 1) / TILE : 1;
}

static void lars_plan(sdag_tiling *t, const sdag_args *a)
{
    const int64_t tiles = tiles_of(a);
    t->stages = tiles > 1 ? 2 : 1;
    t->tiles[0] = t->tiles[1] = tiles;
    t->workspace = (size_t)tiles * sizeof(squares);
}

SDAG_CLONES static void lars_squares(squares *s, const float *p, const float *g, int64_t n)
{
    s->p = sdag_row_dot(p, p, n);
    s->g = sdag_row_dot(g, g, n);
}

SDAG_CLONES static void lars_loop(float *p, float *v, const float *g, int64_t n, float lr, float scale, float wd,
                                  float momentum, float ahead)
{
    SDAG_SIMD
    for (int64_t i = 0; i < n; i++) {
        const float d = scale * g[i] + wd * p[i], u = momentum * v[i] + d;
        v[i] = u;
        p[i] -= lr * (ahead != 0 ? d + ahead * u : u);
    }
}

static double trust(const sdag_args *a, int64_t tiles, double scale)
{
    const sdag_attr_sgd *o = a->attr;
    const squares *part = a->workspace;
    squares all = {0, 0};
    for (int64_t t = 0; t < tiles; t++) all.p += part[t].p, all.g += part[t].g;
    const double p = sqrt(all.p), g = sqrt(all.g) * fabs(scale), wd = (double)o->wd;
    return wd == 0 || p == 0 || g == 0 ? 1 : (double)o->eta * p / (g + wd * p + 1e-8);
}

static void lars_run(const sdag_args *a)
{
    const sdag_attr_sgd *o = a->attr;
    const int64_t n = sdag_elems(&a->in[0].shape), lo = a->tile * TILE, len = n - lo < TILE ? n - lo : TILE,
                  tiles = tiles_of(a);
    float *p = SDAG_DATA_F32(a->out[0]) + lo, *v = SDAG_DATA_F32(a->out[1]) + lo;
    const float *g = SDAG_DATA_F32(a->in[2]) + lo, scale = sdag_update_scale(a, 4);
    if (a->stage == 0) lars_squares((squares *)a->workspace + a->tile, p, g, len);
    if (a->stage + 1 < (tiles > 1 ? 2 : 1)) return;
    const double k = trust(a, tiles, (double)scale);
    lars_loop(p, v, g, len, *SDAG_DATA_F32(a->in[3]) * o->lr_mul, (float)((double)scale * k),
              (float)((double)o->wd * k), o->momentum, o->nesterov ? o->momentum : 0);
}

static bool lars_shape(sdag_shaping *s) { return sdag_update_shape(s, 2, 0); }

static const sdag_attr_sgd usual = {1.0f, 1e-2f, 0.9f, 1e-1f, 0}, other = {0.5f, 1e-2f, 0.8f, 1e-1f, 1},
                           bare = {1.0f, 0, 0.9f, 1e-3f, 0};

/* arguments: p, v, g, lr, [scale] */
const sdag_op sdag_opdef_lars = {
    .name = "lars",
    .math = "v <- momentum v + (g + wd p) eta |p| / (|g| + wd |p|); p <- p - lr v",
    .n_in = 4,
    .n_in_max = 5,
    .n_out = 2,
    .attr_size = sizeof(sdag_attr_sgd),
    .flags = SDAG_OP_UPDATES,
    .split = SDAG_SPLIT_PLAN,
    .shape = lars_shape,
    .cpu = {.plan = lars_plan, .run = lars_run},
    .check =
        (const sdag_op_check[]){{.in = {"f32[3,5]", "f32[3,5]", "f32[3,5]", "f32[]=0.1"}, .attr = &usual},
                                {.in = {"f32[7]", "f32[7]", "f32[7]", "f32[]=0.1", "f32[]<1"}, .attr = &other},
                                {.in = {"f32[3]=0", "f32[3]", "f32[3]", "f32[]=0.1"}, .attr = &usual},
                                {.in = {"f32[1,9]", "f32[1,9]", "f32[1,9]", "f32[]=0.1"}, .attr = &bare},
                                {.in = {"f32[3,22003]", "f32[3,22003]", "f32[3,22003]", "f32[]=0.1"}, .attr = &usual},
                                {0}},
};

void sdag_op_lars(sdag_build *b, sdag_val p, sdag_val g, sdag_val v, sdag_val lr, sdag_val scale, float lr_mul,
                  float wd, float momentum, float eta, bool nesterov)
{
    const sdag_attr_sgd o = {.lr_mul = lr_mul, .wd = wd, .momentum = momentum, .eta = eta, .nesterov = nesterov};
    sdag_emit(b, &sdag_opdef_lars, scale ? 5 : 4, (sdag_val[]){p, v, g, lr, scale}, &o, NULL);
}
