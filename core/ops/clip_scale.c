/* clip_scale: the factor that brings the common length of some tensors down to max_norm, at most 1.
 *   y = min(1, max_norm / (norm + 1e-6)),   norm = sqrt(sum of the squares of all)             f32[...], ... -> f32[]
 * clip_norm is norm alone. Of more tensors than an op can take, norms of groups are taken first.
 * Stage 0 sums the squares of tiles, stage 1 adds them in order. */
#include <math.h>

#include "core/cpu/rows.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

enum { TILE = 65536 };

static int64_t tiles_of(const sdag_tensor *x)
{
    const int64_t n = sdag_elems(&x->shape);
    return n > TILE ? (n + TILE - 1) / TILE : 1;
}

static int64_t all_tiles(const sdag_args *a)
{
    int64_t tiles = 0;
    for (int i = 0; i < a->n_in; i++) tiles += tiles_of(&a->in[i]);
    return tiles;
}

static bool scalar_shape(sdag_shaping *s)
{
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = SDAG_SCALAR};
    return sdag_rule_f32(s);
}

static void norm_plan(sdag_tiling *t, const sdag_args *a)
{
    t->stages = 2;
    t->tiles[0] = all_tiles(a);
    t->tiles[1] = 1;
    t->workspace = (size_t)t->tiles[0] * sizeof(double);
}

/* Squares of norms beyond 1e15 would leave the range of float, so those go through double one by one. */
SDAG_CLONES static double clip_squares(const float *x, int64_t n)
{
    double sum = sdag_row_dot(x, x, n);
    if (!(sum > 1e-30 && sum < 1e30)) {
        sum = 0;
        for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    }
    return sum;
}

/* Stage 0: one tile of one of the arguments. Stage 1 returns the norm. */
static double norm_stage(const sdag_args *a)
{
    double *part = a->workspace, sum = 0;
    if (a->stage == 1) {
        for (int64_t t = 0, n = all_tiles(a); t < n; t++) sum += part[t];
        return sqrt(sum);
    }
    int64_t tile = a->tile;
    int i = 0;
    while (tile >= tiles_of(&a->in[i])) tile -= tiles_of(&a->in[i++]);
    const int64_t n = sdag_elems(&a->in[i].shape), lo = tile * TILE;
    part[a->tile] = clip_squares(SDAG_DATA_F32(a->in[i]) + lo, n - lo < TILE ? n - lo : TILE);
    return 0;
}

static void clip_norm_run(const sdag_args *a)
{
    const double norm = norm_stage(a);
    if (a->stage == 1) *SDAG_DATA_F32(a->out[0]) = (float)norm;
}

static void clip_scale_run(const sdag_args *a)
{
    const double scale = (double)((const sdag_attr_clip *)a->attr)->max_norm / (norm_stage(a) + 1e-6);
    if (a->stage == 1) *SDAG_DATA_F32(a->out[0]) = scale > 1 ? 1.0f : (float)scale; /* NaN stays */
}

static const sdag_attr_clip one = {1}, many = {1e3f};

const sdag_op sdag_opdef_clip_norm = {
    .name = "clip_norm",
    .math = "y = sqrt(sum of squares of all)",
    .n_in = 1,
    .n_in_max = SDAG_IN_MAX,
    .n_out = 1,
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_PLAN,
    .shape = scalar_shape,
    .cpu = {.plan = norm_plan, .run = clip_norm_run},
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]", "f32[1]", "f32[]"}},
                                     {.in = {"f32[7]"}},
                                     {.in = {"f32[3,33001]", "f32[2]", "f32[65537]"}},
                                     {0}},
};

const sdag_op sdag_opdef_clip_scale = {
    .name = "clip_scale",
    .math = "y = min(1, max_norm / (norm + 1e-6))",
    .n_in = 1,
    .n_in_max = SDAG_IN_MAX,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_clip),
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_PLAN,
    .shape = scalar_shape,
    .cpu = {.plan = norm_plan, .run = clip_scale_run},
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]", "f32[1]", "f32[]"}, .attr = &one},
                                     {.in = {"f32[7]"}, .attr = &many},
                                     {.in = {"f32[3,33001]", "f32[2]", "f32[65537]"}, .attr = &one},
                                     {0}},
};

sdag_val sdag_op_clip_scale(sdag_build *b, int n, const sdag_val *grads, float max_norm)
{
    while (n > SDAG_IN_MAX && !sdag_build_failed(b)) {
        const int groups = (n + SDAG_IN_MAX - 1) / SDAG_IN_MAX;
        sdag_val *norms = SDAG_NEWS(b->arena, sdag_val, groups);
        for (int i = 0; i < groups; i++) {
            const int from = i * SDAG_IN_MAX, len = n - from < SDAG_IN_MAX ? n - from : SDAG_IN_MAX;
            norms[i] = sdag_emit(b, &sdag_opdef_clip_norm, len, grads + from, NULL, NULL);
        }
        grads = norms;
        n = groups;
    }
    return sdag_emit(b, &sdag_opdef_clip_scale, n, grads, &(sdag_attr_clip){max_norm}, NULL);
}
