/* encoder.vit -- the vision transformer: an image as a sequence of patches, under timm's weight names.
 *   t = conv_p/p(x) + bias                      f32[B,N,D]      N = HW/p^2 patches, row by row
 *   t_i = mask token  where mask_i = 1          (SimMIM: before the positions are added)
 *   t = t + positions                           learned, or fixed sines and cosines (MAE)
 *   t = t at the visible patches                f32[B,K,D]      (MAE: the others are not computed at all)
 *   t = [class token; t]                        when there is one
 *   t = norm(blocks(t))
 *   features  the class token's, or the mean of the patches'     f32[B,D];    tokens  the patches'    f32[B,K,D]
 * Dosovitskiy et al. 2021, arXiv:2010.11929; He et al. 2022 (MAE), arXiv:2111.06377; Xie et al. 2022 (SimMIM),
 * arXiv:2111.09886. */
#include "core/ops/ops.h"
#include "nodes/layer/patches.h"
#include "nodes/layer/transformer.h"

typedef struct {
    int64_t patch, width, layers, heads;
    float mlp_ratio, dropout;
    int positions, pool, init;
    bool class_token;
} vit;

enum { POOL_CLASS, POOL_MEAN };
static const char *const pools[] = {"class", "mean", NULL};
static const char *const inits[] = {"normal", "xavier", NULL}; /* as SDAG_START_NORMAL, SDAG_START_XAVIER */

static const sdag_opt opts[] = {
    SDAG_INT(vit, patch, 16, 1, 1024, "side of a patch in pixels; must divide the image"),
    SDAG_INT(vit, width, 192, 1, 1 << 16, "numbers of a token"),
    SDAG_INT(vit, layers, 12, 1, 1000, "transformer blocks"),
    SDAG_INT(vit, heads, 3, 1, 1024, "attention heads; must divide the width"),
    SDAG_F32(vit, mlp_ratio, 4, 0.1, 64, "hidden width of the two-layer networks, in widths"),
    SDAG_ENUM(vit, positions, SDAG_POSITIONS_LEARNED, sdag_positions_choices, SDAG_POSITIONS_HELP),
    SDAG_BOOL(vit, class_token, true, "a token that is no patch, for the image as a whole"),
    SDAG_ENUM(vit, pool, POOL_CLASS, pools, "features: the class token, or the mean of the patches"),
    SDAG_F32(vit, dropout, 0, 0, 0.99, "share of attention and of what the blocks add that is set to zero in training"),
    SDAG_ENUM(vit, init, SDAG_START_XAVIER, inits, "how matrices start: N(0, 0.02) as timm's, or Xavier's as MAE's"),
    {0},
};

static const sdag_port ins[] = {
    {"x", "f32[B,H,W,C]", "images", 0},
    {"visible", "i32[B,K]", "the patches to be looked at, rising; without it all", SDAG_PORT_OPTIONAL},
    {"mask", "f32[B,N]", "1: the mask token stands in for this patch", SDAG_PORT_OPTIONAL},
    {0}};
static const sdag_port outs[] = {
    {"features", "f32[B,D]", "of the image", 0}, {"tokens", "f32[B,N,D]", "of the (visible) patches", 0}, {0}};

static const char *check(const void *p)
{
    const vit *o = p;
    if (o->pool == POOL_CLASS && !o->class_token) return "pool: class needs the class token; take pool: mean";
    if (o->width % o->heads) return "heads must divide the width";
    return o->positions == SDAG_POSITIONS_SINCOS && o->width % 4 ? "positions: sincos needs a width that 4 divides"
                                                                 : NULL;
}

static sdag_grid grid_of(sdag_build *b, const vit *o, sdag_val x)
{
    const int64_t h = sdag_dim(b, x, 1), w = sdag_dim(b, x, 2), p = o->patch;
    if (!sdag_build_failed(b) && (h < p || w < p))
        sdag_build_fail(b, "%s: an image of %lldx%lld is smaller than a patch of %lldx%lld", b->node_name, (long long)h,
                        (long long)w, (long long)p, (long long)p);
    else if (!sdag_build_failed(b) && (h % p || w % p))
        sdag_build_fail(b, "%s: patches of %lldx%lld do not divide an image of %lldx%lld", b->node_name, (long long)p,
                        (long long)p, (long long)h, (long long)w);
    return (sdag_grid){h / p, w / p};
}

/* f32[B,H,W,C] -> f32[B,N,D]: a linear map of every patch, which is a convolution whose stride is its size. */
static sdag_val embed(sdag_build *b, const vit *o, sdag_val x, sdag_grid g)
{
    const int64_t in = sdag_dim(b, x, -1) * o->patch * o->patch, n = sdag_dim(b, x, 0);
    x = sdag_layer_conv(b, "patch_embed.proj.", x, o->width, (int)o->patch, (int)o->patch, 0, SDAG_CONV_UNIFORM);
    x = sdag_layer_bias(b, "patch_embed.proj.", x, in);
    return sdag_op_reshape(b, x, SDAG_SHAPE(n, g.h * g.w, o->width));
}

/* t + m (token - t): the token where m is 1. */
static sdag_val hide(sdag_build *b, const vit *o, sdag_val t, sdag_val m)
{
    sdag_val token = sdag_layer_token(b, "mask_token", o->width);
    m = sdag_op_reshape(b, m, SDAG_SHAPE(sdag_dim(b, t, 0), sdag_dim(b, t, 1), 1));
    return sdag_op_add(b, sdag_op_mul(b, t, sdag_op_affine(b, m, -1, 1)), sdag_op_mul(b, m, token));
}

static sdag_val with_class(sdag_build *b, const vit *o, sdag_val t, sdag_val position)
{
    sdag_val c = sdag_layer_token(b, "cls_token", o->width);
    if (position) c = sdag_op_add(b, c, position);
    const sdag_val parts[] = {sdag_op_expand(b, c, SDAG_SHAPE(sdag_dim(b, t, 0), 1, o->width)), t};
    return sdag_op_concat(b, 2, parts, 1);
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const vit *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "x"), visible = sdag_in(b, self, "visible"), mask = sdag_in(b, self, "mask");
    sdag_grid g = grid_of(b, o, x);
    if (sdag_build_failed(b)) return;
    if (mask && sdag_dim(b, mask, 1) != g.h * g.w) {
        sdag_build_fail(b, "%s: a mask of %lld patches for an image of %lldx%lld: is 'patch' the same in both?",
                        b->node_name, (long long)sdag_dim(b, mask, 1), (long long)g.h, (long long)g.w);
        return;
    }
    sdag_val prefix = 0, t = embed(b, o, x, g);
    if (mask) t = hide(b, o, t, mask);
    t = sdag_op_add(b, t, sdag_layer_positions(b, o->positions, g, o->width, o->class_token ? &prefix : NULL));
    if (visible) t = sdag_op_take(b, t, visible);
    if (o->class_token) t = with_class(b, o, t, prefix);
    const sdag_transformer blocks = {.names = SDAG_NAMES_VIT,
                                     .start = o->init,
                                     .layers = o->layers,
                                     .heads = o->heads,
                                     .hidden = (int64_t)((float)o->width * o->mlp_ratio),
                                     .bias = true,
                                     .activation = SDAG_ACT_GELU,
                                     .dropout = o->dropout,
                                     .eps = 1e-6f};
    t = sdag_layer_transformer(b, t, &blocks);
    const int64_t first = o->class_token ? 1 : 0, n = sdag_dim(b, t, 1), batch = sdag_dim(b, t, 0);
    sdag_val patches = sdag_op_slice(b, t, 1, first, n);
    sdag_out(b, self, "features",
             o->pool == POOL_MEAN ? sdag_op_mean(b, patches, 1, (const int[]){1}, false)
                                  : sdag_op_reshape(b, sdag_op_slice(b, t, 1, 0, 1), SDAG_SHAPE(batch, o->width)));
    sdag_out(b, self, "tokens", patches);
    sdag_out_beside(b, self, "tokens", &(sdag_beside){.grid_h = g.h, .grid_w = g.w});
}

const sdag_node_type sdag_node_encoder_vit = {
    .name = "encoder.vit",
    .brief = "Vision transformer, whole or on visible patches only.",
    .role = SDAG_ROLE_ENCODER,
    .opts = opts,
    .opts_size = sizeof(vit),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .check = check,
    .lower = lower,
    .example = "{type: encoder.vit, in: [view_i, view_j], patch: 8, width: 64, layers: 4, heads: 4}",
    .paper = "Dosovitskiy et al. 2021, arXiv:2010.11929",
};
