/* pretext.colorize -- the lightness of a picture is shown, its colours are to be guessed.
 *   (L, a, b) = CIE L*a*b* of the pixels, white D65           f32[B,H,W,3]
 *   image = L / 100                                           f32[B,H,W,1]   0..1
 *   ab = (a, b) / 110                                         f32[B,H,W,2]   within -1..1; 0 is grey
 * As classes: the grid over the ab plane where sRGB has colours (ab_bins.h).
 *   bins_q = (a, b) of point q / 110                          f32[Q,2]
 *   label = argmin_q |ab - bins_q|                            i32[B,H,W]
 *   weight = w_label,  w_q ~ 1 / ((1 - u) p~_q + u / Q),  sum_q p~_q w_q = 1         f32[B,H,W]
 *   p~ = G p,  p_q the share of bin q of all pixels of the batch,  G_qr ~ exp(-|c_q - c_r|^2 / 2 sigma^2), columns sum
 * to 1 Zhang et al. 2016, eq. 2 and 4, with u = lambda. The paper takes p from ImageNet once and for all. Here it is
 * the batch's own: nothing has to be counted beforehand or kept, any collection of pictures serves, and since u / Q
 * bounds the weight of rare colours, an error of a small p changes little. Labels are the nearest bin alone (the paper
 * spreads each over the five nearest), so that a pixel costs one number instead of Q. */
#include "core/ops/ops.h"

#include <math.h>

#include "core/node/node.h"
#include "nodes/pretext/ab_bins.h"

#define AB_SCALE 110.0f

typedef struct {
    float grid, uniform, sigma;
} colorize;

static const sdag_opt opts[] = {
    SDAG_F32(colorize, grid, 10, 5, 50, "distance of neighbouring bins, in units of a and b"),
    SDAG_F32(colorize, uniform, 0.5, 1e-3, 1, "weight: share of the uniform distribution in the prior; 1: all weigh 1"),
    SDAG_F32(colorize, sigma, 5, 0, 100, "weight: how far the prior is smoothed, in units of a and b"),
    {0},
};
static const sdag_port ins[] = {{"in", "image", "pictures with three colours in 0..1, of one size", 0}, {0}};
static const sdag_port outs[] = {
    {"image", "f32[B,H,W,1]", "lightness, L / 100", 0},
    {"ab", "f32[B,H,W,2]", "colour, (a, b) / 110", 0},
    {"label", "i32[B,H,W]", "the bin that is nearest to the colour", 0},
    {"weight", "f32[B,H,W]", "how much the pixel should count so that rare colours are learnt too; mean 1", 0},
    {"bins", "f32[Q,2]", "the colours of the bins, (a, b) / 110", 0},
    {"rgb", "f32[B,H,W,3]", "the pictures themselves", 0},
    {0},
};

/* G f32[Q,Q]: what a bin gives to the others. */
static sdag_val smoothing(sdag_build *b, const float *bins, int64_t n, double sigma)
{
    float *g = SDAG_NEWS(b->arena, float, n *n);
    for (int64_t r = 0; r < n; r++) {
        double sum = 0;
        for (int pass = 0; pass < 2; pass++)
            for (int64_t q = 0; q < n; q++) {
                const double x = (double)(bins[2 * q] - bins[2 * r]), y = (double)(bins[2 * q + 1] - bins[2 * r + 1]);
                const double e = sigma > 0 ? exp(-(x * x + y * y) / (2 * sigma * sigma)) : q == r;
                if (pass) g[q * n + r] = (float)(e / sum);
                else sum += e;
            }
    }
    return sdag_const(b, SDAG_DT_F32, SDAG_SHAPE(n, n), g);
}

/* w f32[Q] from the labels of the batch. */
static sdag_val weights(sdag_build *b, const colorize *o, sdag_val label, const float *bins, int64_t n)
{
    const sdag_shape s = sdag_shape_at(b, label);
    sdag_val one = sdag_op_to_f32(b, label, 0, 1.0f / (float)sdag_elems(&s)), p = sdag_op_scatter_add(b, label, one, n);
    p = sdag_op_matmul(b, smoothing(b, bins, n, (double)o->sigma), sdag_op_reshape(b, p, SDAG_SHAPE(n, 1)), false,
                       false, 1);
    sdag_val prior = sdag_op_affine(b, p, 1 - o->uniform, o->uniform / (float)n);
    sdag_val w = sdag_op_div(b, sdag_const_f32(b, 1), prior), mean = sdag_op_sum_all(b, sdag_op_mul(b, p, w));
    return sdag_op_reshape(b, sdag_op_div(b, w, mean), SDAG_SHAPE(n));
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const colorize *o = sdag_node_opts(self);
    sdag_val rgb = sdag_in(b, self, "in");
    if (b->status) return;
    if (sdag_dim(b, rgb, -1) != 3) {
        sdag_build_fail(b, "%s: colours are to be guessed, but the pictures have %lld channel%s, not 3",
                        sdag_node_name(self), (long long)sdag_dim(b, rgb, -1), sdag_dim(b, rgb, -1) == 1 ? "" : "s");
        return;
    }
    sdag_val lab = sdag_op_rgb_to_lab(b, rgb), light = sdag_op_slice(b, lab, -1, 0, 1);
    sdag_val ab = sdag_op_affine(b, sdag_op_slice(b, lab, -1, 1, 3), 1 / AB_SCALE, 0);
    float *at;
    const int64_t n = sdag_ab_bins(&at, b->arena, (double)o->grid);
    sdag_val bins = sdag_op_affine(b, sdag_const(b, SDAG_DT_F32, SDAG_SHAPE(n, 2), at), 1 / AB_SCALE, 0);
    sdag_val label = sdag_op_nearest(b, ab, bins);
    sdag_out(b, self, "image", sdag_op_affine(b, light, 0.01f, 0));
    sdag_out(b, self, "ab", ab);
    sdag_out(b, self, "label", label);
    sdag_out(b, self, "weight", sdag_op_gather(b, weights(b, o, label, at, n), label));
    sdag_out(b, self, "bins", bins);
    sdag_out(b, self, "rgb", rgb);
}

const sdag_node_type sdag_node_pretext_colorize = {
    .name = "pretext.colorize",
    .brief = "Shows the lightness of pictures; their colours, as numbers or as classes, are to be guessed.",
    .role = SDAG_ROLE_PRETEXT,
    .opts = opts,
    .opts_size = sizeof(colorize),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: pretext.colorize, in: images}",
    .paper = "Zhang et al. 2016, arXiv:1603.08511",
};
