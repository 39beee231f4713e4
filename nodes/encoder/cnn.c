/* encoder.cnn -- a plain convolutional network for small images.
 *   for every width: x = relu(bn(conv3x3(x)))     f32[B,H,W,width]
 *                    x = maxpool2(x)              f32[B,H/2,W/2,width]   after all but the last
 *   features = mean over H, W of x                f32[B,width_last] */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

typedef struct {
    sdag_ints widths;
    int64_t depth;
    bool pool;
} cnn;

static const sdag_opt opts[] = {
    SDAG_INTS(cnn, widths, "[32, 64, 128]", 1, 1 << 16, "channels of every stage"),
    SDAG_INT(cnn, depth, 1, 1, 16, "convolutions in a stage"),
    SDAG_BOOL(cnn, pool, true, "halve height and width between the stages"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,H,W,C]", "images", 0}, {0}};
static const sdag_port outs[] = {{"features", "f32[B,D]", "mean over height and width", 0},
                                 {"map", "f32[B,H,W,D]", "output of the last convolution", 0},
                                 {0}};

static const char *check(const void *p) { return ((const cnn *)p)->widths.n ? NULL : "widths needs at least one size"; }

static void lower(sdag_build *b, const sdag_node *self)
{
    const cnn *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "x");
    int number = 0;
    for (int i = 0; i < o->widths.n && !b->status; i++) {
        for (int k = 0; k < o->depth; k++) {
            x = sdag_layer_conv(b, sdag_layer_name(b, "%d.", number++), x, o->widths.at[i], 3, 1, 1, SDAG_CONV_KAIMING);
            x = sdag_layer_norm(b, sdag_layer_name(b, "%d.", number++), x, 0, true);
            number++; /* the relu */
        }
        bool halve = o->pool && i + 1 < o->widths.n && sdag_dim(b, x, 1) > 1 && sdag_dim(b, x, 2) > 1;
        if (halve) x = sdag_op_max_pool(b, x, 2, 2, 0);
        number += halve;
    }
    sdag_out(b, self, "features", sdag_op_global_pool(b, x));
    sdag_out(b, self, "map", x);
}

const sdag_node_type sdag_node_encoder_cnn = {
    .name = "encoder.cnn",
    .brief = "A plain convolutional network for small images.",
    .role = SDAG_ROLE_ENCODER,
    .opts = opts,
    .opts_size = sizeof(cnn),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .check = check,
    .lower = lower,
    .example = "{type: encoder.cnn, in: [view_i, view_j], widths: [32, 64, 128]}",
};
