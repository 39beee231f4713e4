/* pretext.mask -- a part of every image is hidden, to be filled in: inpainting, MAE, SimMIM, denoising of a kind.
 *   kind: patches   exactly round(ratio N) of the N = HW/p^2 patches, every choice alike    (He et al. 2022)
 *   kind: block     one rectangle of about ratio of the area                                (Pathak et al. 2016)
 *   image       f32[B,H,W,C]   hidden pixels replaced: by the mean of the image's visible ones, by normal noise like
 *                              them, by a number, or by the mean of the visible pixels along the border of the hole
 *   mask        f32[B,H,W,1]   1: hidden
 *   patch_mask  f32[B,N]       1: hidden; patches row by row
 *   visible     i32[B,N-K]     the visible patches, rising
 *   target      f32[B,H,W,C]   the image; with normalize, each patch less its mean and over its deviation (MAE)
 * What is hidden depends on seed, node, epoch and sample; outside training on seed, node and sample.
 * A baseline: with fill: border, loss.mse of image against target under mask is what filling the hole plainly costs. */
#include <math.h>

#include "core/base/rng.h"
#include "core/node/node.h"
#include "core/node/sample.h"
#include "core/ops/attr.h"
#include "core/ops/ops.h"

typedef struct {
    int kind, fill;
    int64_t patch;
    float ratio, value;
    bool normalize;
} mask;

enum { PATCHES, BLOCK };
static const char *const kinds[] = {"patches", "block", NULL};
static const char *const fills[] = {"value", "mean", "noise", "border", NULL}; /* as SDAG_FILL_VALUE, ... */

static const sdag_opt opts[] = {
    SDAG_ENUM(mask, kind, PATCHES, kinds, "patches of a grid, or one rectangle"),
    SDAG_INT(mask, patch, 4, 1, 1024, "side of a patch in pixels; must divide the image"),
    SDAG_F32(mask, ratio, 0.75, 0, 1, "part of the image that is hidden, between 0 and 1"),
    SDAG_ENUM(mask, fill, SDAG_FILL_MEAN, fills,
              "what hidden pixels become: value, mean of the visible ones, noise like them, mean of the hole's border"),
    SDAG_F32(mask, value, 0, -1e6, 1e6, "for fill: value"),
    SDAG_BOOL(mask, normalize, false, "target: every patch less its mean, over its deviation"),
    {0},
};
static const sdag_port ins[] = {{.name = "in", .type = "f32[B,H,W,C]", .help = "images of one size"}, {0}};
static const sdag_port outs[] = {
    {.name = "image", .type = "f32[B,H,W,C]", .help = "with the hidden pixels replaced"},
    {.name = "mask", .type = "f32[B,H,W,1]", .help = "1 where hidden"},
    {.name = "patch_mask",
     .type = "f32[B,N]",
     .help = "1: a hidden patch (kind: patches)",
     .flags = SDAG_PORT_OPTIONAL},
    {.name = "visible", .type = "i32[B,K]", .help = "the visible patches (kind: patches)", .flags = SDAG_PORT_OPTIONAL},
    {.name = "target", .type = "f32[B,H,W,C]", .help = "the image"},
    {0},
};

static const char *check(const void *p)
{
    const mask *o = p;
    if (o->ratio <= 0 || o->ratio >= 1) return "ratio must be above 0 and below 1: some must be hidden, some seen";
    if (o->value != 0 && o->fill != SDAG_FILL_VALUE) return "value has a meaning only with fill: value";
    return NULL;
}

/* [B,H,W,C] -> [B,H/p,W/p,p,p,C], and back. */
static sdag_val to_patches(sdag_build *b, sdag_val x, int64_t p)
{
    const sdag_shape s = sdag_shape_at(b, x);
    x = sdag_op_reshape(b, x, SDAG_SHAPE(s.d[0], s.d[1] / p, p, s.d[2] / p, p, s.d[3]));
    return sdag_op_permute(b, x, 6, (const int[]){0, 1, 3, 2, 4, 5});
}

static sdag_val from_patches(sdag_build *b, sdag_val x, sdag_shape to)
{
    return sdag_op_reshape(b, sdag_op_permute(b, x, 6, (const int[]){0, 1, 3, 2, 4, 5}), to);
}

/* (x - mean) / sqrt(var + 1e-6) in every patch, with the unbiased variance, as the authors' code of MAE has it. */
static sdag_val normalized(sdag_build *b, sdag_val x, int64_t p)
{
    const sdag_shape s = sdag_shape_at(b, x);
    const int axes[] = {3, 4, 5};
    sdag_val y = to_patches(b, x, p);
    sdag_val mean = sdag_op_mean(b, y, 3, axes, true), var = sdag_op_var(b, y, 3, axes, true, true);
    sdag_val std = sdag_op_sqrt(b, sdag_op_affine(b, var, 1, 1e-6f));
    return from_patches(b, sdag_op_div(b, sdag_op_sub(b, y, mean), std), s);
}

static bool fits(sdag_build *b, const sdag_node *self, const mask *o, int64_t h, int64_t w, int64_t c)
{
    const char *name = sdag_node_name(self);
    const int64_t p = o->patch, n = p ? h / p * (w / p) : 0;
    if (sdag_build_failed(b) || (o->kind == BLOCK && !o->normalize)) return !sdag_build_failed(b);
    if (h < p || w < p)
        sdag_build_fail(b, "%s: an image of %lldx%lld is smaller than a patch of %lldx%lld", name, (long long)h,
                        (long long)w, (long long)p, (long long)p);
    else if (h % p || w % p)
        sdag_build_fail(b, "%s: patches of %lldx%lld do not divide an image of %lldx%lld", name, (long long)p,
                        (long long)p, (long long)h, (long long)w);
    else if (o->normalize && p * p * c < 2)
        sdag_build_fail(b, "%s: patches of one number have no deviation to normalise by", name);
    else if (o->kind == PATCHES &&
             (lround((double)o->ratio * (double)n) < 1 || lround((double)o->ratio * (double)n) >= n))
        sdag_build_fail(b, "%s: a ratio of %g leaves %s of the %lld patches hidden", name, (double)o->ratio,
                        o->ratio < 0.5f ? "none" : "all", (long long)n);
    return !sdag_build_failed(b);
}

/* The mask f32[B,H,W,1] from that of the patches: every entry is repeated over its pixels. */
static sdag_val over_pixels(sdag_build *b, sdag_val m, int64_t h, int64_t w, int64_t p)
{
    const int64_t n = sdag_dim(b, m, 0);
    m = sdag_op_reshape(b, m, SDAG_SHAPE(n, h / p, 1, w / p, 1));
    m = sdag_op_expand(b, m, SDAG_SHAPE(n, h / p, p, w / p, p));
    return sdag_op_reshape(b, m, SDAG_SHAPE(n, h, w, 1));
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const mask *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "in"), ids = sdag_sample_ids(b, x), samples = ids ? ids : x, m;
    const int64_t h = sdag_dim(b, x, 1), w = sdag_dim(b, x, 2), p = o->patch;
    const uint32_t stream = sdag_hash32(sdag_node_name(self));
    if (!fits(b, self, o, h, w, sdag_dim(b, x, 3))) return;
    if (o->kind == PATCHES) {
        const int64_t n = h / p * (w / p);
        sdag_val visible,
            chosen = sdag_op_random_subset(b, samples, stream, n, lround((double)o->ratio * (double)n), &visible);
        sdag_out(b, self, "patch_mask", chosen);
        sdag_out(b, self, "visible", visible);
        m = over_pixels(b, chosen, h, w, p);
    } else {
        m = sdag_op_random_box(b, samples, stream, h, w, o->ratio);
    }
    const bool grid = o->kind == PATCHES;
    const sdag_attr_fill how = {.fill = o->fill,
                                .value = o->value,
                                .cell_h = grid ? p : h,
                                .cell_w = grid ? p : w,
                                .stream = sdag_hash32(sdag_arena_printf(b->arena, "%s.fill", sdag_node_name(self)))};
    sdag_out(b, self, "image", sdag_op_fill_holes(b, x, m, ids, &how));
    sdag_out(b, self, "mask", m);
    sdag_out(b, self, "target", o->normalize ? normalized(b, x, p) : x);
}

const sdag_node_type sdag_node_pretext_mask = {
    .name = "pretext.mask",
    .brief = "Images with a part hidden, to be filled in.",
    .role = SDAG_ROLE_PRETEXT,
    .opts = opts,
    .opts_size = sizeof(mask),
    .ins = ins,
    .outs = outs,
    .check = check,
    .lower = lower,
    .example = "{type: pretext.mask, in: view_i, patch: 4, ratio: 0.75}",
    .paper = "Pathak et al. 2016, arXiv:1604.07379; He et al. 2022, arXiv:2111.06377",
};
