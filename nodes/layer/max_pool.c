/* layer.max_pool -- the largest number of every window of a feature map.
 *   y = max over size x size pixels        f32[B,H,W,C] -> f32[B,H',W',C],  H' = (H + 2 padding - size) / stride + 1 */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

typedef struct {
    int64_t size, stride, padding;
} pool;

static const sdag_opt opts[] = {
    SDAG_INT(pool, size, 2, 1, 63, "height and width of the window"),
    SDAG_INT(pool, stride, 2, 1, 63, "pixels from one window to the next"),
    SDAG_INT(pool, padding, 0, 0, 31, "rows on every side that are never the largest"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,H,W,C]", "a feature map", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,H,W,C]", "a smaller one", 0}, {0}};

static const char *check(const void *p)
{
    const pool *o = p;
    return 2 * o->padding > o->size ? "padding is at most half of size" : NULL;
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const pool *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "x");
    sdag_out(b, self, "y", sdag_op_max_pool(b, x, (int)o->size, (int)o->stride, (int)o->padding));
}

const sdag_node_type sdag_node_layer_max_pool = {
    .name = "layer.max_pool",
    .brief = "The largest number of every window of a feature map.",
    .role = SDAG_ROLE_LAYER,
    .opts = opts,
    .opts_size = sizeof(pool),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .check = check,
    .lower = lower,
    .example = "{type: layer.max_pool, in: images, size: 2}",
};
