#include "nodes/layer/patches.h"

#include <math.h>

#include "core/ops/ops.h"

const char *const sdag_positions_choices[] = {"learned", "sincos", NULL};

static const sdag_init start = {SDAG_INIT_NORMAL, 0.02f};

/* sin(w_k at), then cos(w_k at), for k = 0 .. n/2 - 1. */
static void waves(float *to, int64_t n, double at)
{
    for (int64_t k = 0; k < n / 2; k++) {
        const double w = pow(10000, -(double)k / ((double)n / 2));
        to[k] = (float)sin(w * at);
        to[n / 2 + k] = (float)cos(w * at);
    }
}

static sdag_val fixed(sdag_build *b, sdag_grid g, int64_t d)
{
    if (d % 4)
        sdag_build_fail(b, "%s: positions of sines and cosines need a width that 4 divides, not %lld", b->node_name,
                        (long long)d);
    if (sdag_build_failed(b)) return 0;
    float *table = SDAG_NEWS(b->arena, float, g.h *g.w *d);
    for (int64_t i = 0; i < g.h * g.w; i++) {
        waves(table + i * d, d / 2, (double)(i % g.w));
        waves(table + i * d + d / 2, d / 2, (double)(i / g.w));
    }
    return sdag_const(b, SDAG_DT_F32, SDAG_SHAPE(1, g.h * g.w, d), table);
}

sdag_val sdag_layer_positions(sdag_build *b, int choice, sdag_grid g, int64_t width, sdag_val *prefix)
{
    const int64_t before = prefix ? 1 : 0, n = g.h * g.w;
    if (prefix) *prefix = 0;
    if (choice == SDAG_POSITIONS_SINCOS) return fixed(b, g, width);
    sdag_val all = sdag_param(b, "pos_embed", SDAG_SHAPE(1, before + n, width), start, SDAG_STATE_BIAS);
    if (!prefix) return all;
    *prefix = sdag_op_slice(b, all, 1, 0, 1);
    return sdag_op_slice(b, all, 1, 1, 1 + n);
}

sdag_val sdag_layer_token(sdag_build *b, const char *name, int64_t width)
{
    return sdag_param(b, name, SDAG_SHAPE(1, 1, width), start, SDAG_STATE_BIAS);
}
