/* head.pixels -- an image from the tokens of its patches: one linear layer, and the patches put together.
 *   y = x W' + b           f32[B,N,p^2 C],  x f32[B,N,D]:  of patch (h,w) pixel (p,q) channel c   ("h w p q c")
 *   image                  f32[B,H,W,C],    H W = N p^2
 * The head of SimMIM, and the last layer of MAE's decoder. */
#include "core/ops/ops.h"
#include "nodes/layer/transformer.h"

typedef struct {
    int64_t patch, channels;
} pixels;

static const sdag_opt opts[] = {
    SDAG_INT_REQ(pixels, patch, 1, 1024, "side of a patch in pixels"),
    SDAG_INT(pixels, channels, 3, 1, 1 << 16, "of the image"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,N,D]", "tokens of all patches of an image", 0}, {0}};
static const sdag_port outs[] = {{"image", "f32[B,H,W,C]", "the image", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const pixels *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "x");
    const sdag_beside g = sdag_in_beside(b, self, "x");
    const int64_t n = sdag_dim(b, x, 0), p = o->patch, c = o->channels;
    if (sdag_build_failed(b)) return;
    if (g.grid_h < 1 || g.grid_h * g.grid_w != sdag_dim(b, x, 1)) {
        sdag_build_fail(b,
                        "%s takes the tokens of all patches of an image, such as those of encoder.vit or "
                        "decoder.transformer",
                        b->node_name);
        return;
    }
    x = sdag_layer_dense(b, "", x, p * p * c, true, SDAG_START_XAVIER);
    x = sdag_op_reshape(b, x, SDAG_SHAPE(n, g.grid_h, g.grid_w, p, p, c));
    x = sdag_op_permute(b, x, 6, (const int[]){0, 1, 3, 2, 4, 5});
    sdag_out(b, self, "image", sdag_op_reshape(b, x, SDAG_SHAPE(n, g.grid_h * p, g.grid_w * p, c)));
}

const sdag_node_type sdag_node_head_pixels = {
    .name = "head.pixels",
    .brief = "An image from the tokens of its patches.",
    .role = SDAG_ROLE_HEAD,
    .opts = opts,
    .opts_size = sizeof(pixels),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .lower = lower,
    .example = "{type: head.pixels, in: {x: vit.tokens}, patch: 4, channels: 3}",
    .paper = "Xie et al. 2022, arXiv:2111.09886",
};
