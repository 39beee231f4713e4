/* pretext.noise -- a spoilt image and the clean one that a denoising autoencoder must give back.
 *   x image f32[B,H,W,C] in 0..1,   target = x,   image =
 *     gaussian          x + std n,                   n ~ N(0, 1) for every value; kept in 0..1 unless clip: false
 *     mask              0 where u < ratio, else x    u ~ U(0, 1) for every pixel, all its channels together
 *     salt_and_pepper   the same, but half of those pixels 1       Vincent et al. 2010, section 3.3
 * Every sample has new numbers in every epoch, and the same ones in every pass of an evaluation. */
#include "core/base/rng.h"
#include "core/node/node.h"
#include "core/node/sample.h"
#include "core/ops/ops.h"

typedef struct {
    int kind;
    float std, ratio;
    bool clip;
} noise;

static const char *const kinds[] = {"gaussian", "mask", "salt_and_pepper", NULL};
enum { GAUSSIAN, MASK, SALT_AND_PEPPER };

static const sdag_opt opts[] = {
    SDAG_ENUM(noise, kind, GAUSSIAN, kinds, "what is done to the image"),
    SDAG_F32(noise, std, 0.3, 0, 100, "gaussian: standard deviation; white is 1"),
    SDAG_BOOL(noise, clip, true, "gaussian: keep the result in 0..1"),
    SDAG_F32(noise, ratio, 0.25, 0, 1, "mask, salt_and_pepper: share of the pixels"),
    {0},
};

static const sdag_port ins[] = {{.name = "in", .type = "image", .help = "clean images of one size"}, {0}};
static const sdag_port outs[] = {{.name = "image", .type = "f32[B,H,W,C]", .help = "the noisy images"},
                                 {.name = "target", .type = "f32[B,H,W,C]", .help = "the clean images"},
                                 {0}};

static sdag_val gaussian(sdag_build *b, const noise *o, sdag_val x, sdag_val samples, uint32_t stream)
{
    sdag_val n = sdag_op_randn(b, samples, sdag_shape_at(b, x), stream);
    sdag_val y = sdag_op_add(b, x, sdag_op_affine(b, n, o->std, 0));
    return o->clip ? sdag_op_clamp(b, y, 0, 1) : y;
}

static sdag_val spots(sdag_build *b, const noise *o, sdag_val x, sdag_val samples, uint32_t stream)
{
    sdag_shape s = sdag_shape_at(b, x);
    s.d[3] = 1;
    sdag_val u = sdag_op_rand(b, samples, s, stream);
    sdag_val hit = sdag_op_less(b, u, sdag_const_f32(b, o->ratio));
    sdag_val y = sdag_op_mul(b, x, sdag_op_affine(b, hit, -1, 1));
    return o->kind == MASK ? y : sdag_op_add(b, y, sdag_op_less(b, u, sdag_const_f32(b, o->ratio / 2)));
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const noise *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "in");
    if (b->status) return;
    sdag_val ids = sdag_sample_ids(b, x);
    uint32_t stream = sdag_hash32(sdag_node_name(self));
    sdag_val y = (o->kind == GAUSSIAN ? gaussian : spots)(b, o, x, ids ? ids : x, stream);
    sdag_out(b, self, "image", y);
    sdag_out(b, self, "target", x);
}

const sdag_node_type sdag_node_pretext_noise = {
    .name = "pretext.noise",
    .brief = "Noisy images and the clean ones (denoising).",
    .role = SDAG_ROLE_PRETEXT,
    .opts = opts,
    .opts_size = sizeof(noise),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: pretext.noise, in: images, kind: gaussian, std: 0.3}",
    .paper = "Vincent et al. 2010, JMLR 11:3371",
};
