/* decoder.transformer -- all patches of an image from those that an encoder saw: the narrow decoder of MAE.
 *   t = x W' + c                                  f32[B,K,D'],  x f32[B,K,D]
 *   t = t where a patch is visible, the mask token elsewhere            f32[B,N,D']
 *   t = norm(blocks(t + positions))               f32[B,N,D']
 * Without `visible`, x are the tokens of all patches, K = N. Weights: embed.weight, embed.bias, mask_token, pos_embed
 * (learned positions), blocks.*, norm.*. He et al. 2022, "Masked autoencoders are scalable vision learners",
 * arXiv:2111.06377, without its class token: the decoder sees patches alone. */
#include "nodes/layer/transformer.h"
#include "core/ops/ops.h"
#include "nodes/layer/patches.h"

typedef struct {
    int64_t width, layers, heads;
    float mlp_ratio;
    int positions;
} decoder;

static const sdag_opt opts[] = {
    SDAG_INT(decoder, width, 64, 1, 1 << 16, "numbers of a token; less than the encoder's will do"),
    SDAG_INT(decoder, layers, 2, 0, 1000, "transformer blocks"),
    SDAG_INT(decoder, heads, 2, 1, 1024, "attention heads; must divide the width"),
    SDAG_F32(decoder, mlp_ratio, 4, 0.1, 64, "hidden width of the two-layer networks, in widths"),
    SDAG_ENUM(decoder, positions, SDAG_POSITIONS_SINCOS, sdag_positions_choices, SDAG_POSITIONS_HELP),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,K,D]", "tokens of patches: encoder.tokens", 0},
                                {"visible", "i32[B,K]", "which patches they are; without it all", SDAG_PORT_OPTIONAL},
                                {0}};
static const sdag_port outs[] = {{"tokens", "f32[B,N,D]", "of all patches", 0}, {0}};

static const char *check(const void *p)
{
    const decoder *o = p;
    if (o->width % o->heads) return "heads must divide the width";
    return o->positions == SDAG_POSITIONS_SINCOS && o->width % 4 ? "positions: sincos needs a width that 4 divides"
                                                                 : NULL;
}

/* Tokens f32[B,K,D] at their places among n, the mask token at the others. */
static sdag_val spread(sdag_build *b, sdag_val t, sdag_val visible, int64_t n)
{
    const int64_t batch = sdag_dim(b, t, 0), k = sdag_dim(b, t, 1), d = sdag_dim(b, t, 2);
    sdag_val token = sdag_layer_token(b, "mask_token", d);
    sdag_val seen = sdag_op_put(b, sdag_filled(b, SDAG_SHAPE(batch, k, 1), 1), visible, n); /* f32[B,N,1] */
    sdag_val hidden = sdag_op_mul(b, sdag_op_affine(b, seen, -1, 1), token);
    return sdag_op_add(b, sdag_op_put(b, t, visible, n), hidden);
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const decoder *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "x"), visible = sdag_in(b, self, "visible");
    const sdag_beside beside = sdag_in_beside(b, self, "x");
    const sdag_grid g = {beside.grid_h, beside.grid_w};
    if (sdag_build_failed(b)) return;
    if (g.h < 1 || (!visible && sdag_dim(b, x, 1) != g.h * g.w)) {
        sdag_build_fail(b,
                        g.h < 1 ? "%s takes the tokens of patches of an image, such as those of encoder.vit"
                                : "%s: these are not all patches of the image: wire which they are to 'visible'",
                        b->node_name);
        return;
    }
    sdag_val t = sdag_layer_dense(b, "embed.", x, o->width, true, SDAG_START_XAVIER);
    if (visible) t = spread(b, t, visible, g.h * g.w);
    t = sdag_op_add(b, t, sdag_layer_positions(b, o->positions, g, o->width, NULL));
    const sdag_transformer blocks = {.names = SDAG_NAMES_VIT,
                                     .start = SDAG_START_XAVIER,
                                     .layers = o->layers,
                                     .heads = o->heads,
                                     .hidden = (int64_t)((float)o->width * o->mlp_ratio),
                                     .bias = true,
                                     .activation = SDAG_ACT_GELU,
                                     .eps = 1e-6f};
    sdag_out(b, self, "tokens", sdag_layer_transformer(b, t, &blocks));
    sdag_out_beside(b, self, "tokens", &(sdag_beside){.grid_h = g.h, .grid_w = g.w});
}

const sdag_node_type sdag_node_decoder_transformer = {
    .name = "decoder.transformer",
    .brief = "Tokens of all patches from the visible ones.",
    .role = SDAG_ROLE_DECODER,
    .opts = opts,
    .opts_size = sizeof(decoder),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .check = check,
    .lower = lower,
    .example = "{type: decoder.transformer, in: {x: vit.tokens}, width: 64, layers: 2, heads: 2}",
    .paper = "He et al. 2022, arXiv:2111.06377",
};
