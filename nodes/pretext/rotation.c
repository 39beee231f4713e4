/* pretext.rotation -- which way up? Images turned by 0, 90, 180 or 270 degrees; the turn is the label.
 *   turns: all      every image in all four, one after the other      image [4B,H,H,C],  label i32[4B] =
 * 0,1,2,3,0,1,... turns: random   every image in one of them, drawn anew each epoch  image [B,H,H,C],   label i32[B]
 * Counter-clockwise, without interpolation: pixels stay what they are, bytes or numbers. All four in one batch is what
 * the paper found to train best. Gidaris, Singh, Komodakis 2018, "Unsupervised representation learning by predicting
 * image rotations", arXiv:1803.07728. */
#include "core/base/rng.h"
#include "core/node/node.h"
#include "core/node/sample.h"
#include "core/ops/ops.h"

typedef struct {
    int turns;
} rotation;

enum { ALL, RANDOM, TURNS = 4 };
static const char *const choices[] = {"all", "random", NULL};

static const sdag_opt opts[] = {
    SDAG_ENUM(rotation, turns, ALL, choices, "all: each image in all four rotations; random: each in one of them"),
    {0},
};
static const sdag_port ins[] = {{.name = "in", .type = "image", .help = "square images of one size"}, {0}};
static const sdag_port outs[] = {{.name = "image", .type = "image", .help = "the turned images"},
                                 {.name = "label", .type = "i32[B]", .help = "quarter turns, 0..3"},
                                 {0}};

static sdag_val all_turns(sdag_build *b, int64_t batch)
{
    int32_t *k = SDAG_NEWS(b->arena, int32_t, batch * TURNS);
    for (int64_t i = 0; i < batch * TURNS; i++) k[i] = (int32_t)(i % TURNS);
    return sdag_const(b, SDAG_DT_I32, SDAG_SHAPE(batch * TURNS), k);
}

static sdag_val random_turns(sdag_build *b, const sdag_node *self, sdag_val x)
{
    sdag_val ids = sdag_sample_ids(b, x);
    return sdag_op_random_index(b, ids ? ids : x, sdag_hash32(sdag_node_name(self)), TURNS);
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const rotation *o = sdag_node_opts(self);
    int64_t channels = 0;
    sdag_val dims = 0, x = sdag_in_image(b, self, "in", &dims, &channels);
    if (sdag_build_failed(b)) return;
    if (dims) {
        sdag_build_fail(b,
                        "%s: images of mixed sizes: give the source a size, or put an augment that resizes before it",
                        sdag_node_name(self));
        return;
    }
    if (sdag_dim(b, x, 1) != sdag_dim(b, x, 2)) {
        sdag_build_fail(b, "%s turns square images, these are %lldx%lld", sdag_node_name(self),
                        (long long)sdag_dim(b, x, 1), (long long)sdag_dim(b, x, 2));
        return;
    }
    sdag_val k = o->turns == ALL ? all_turns(b, sdag_dim(b, x, 0)) : random_turns(b, self, x);
    sdag_out_image(b, self, "image", sdag_op_quarter_turns(b, x, k), 0, channels);
    sdag_out(b, self, "label", k);
}

const sdag_node_type sdag_node_pretext_rotation = {
    .name = "pretext.rotation",
    .brief = "Images turned by quarter turns; the turn is the label.",
    .role = SDAG_ROLE_PRETEXT,
    .opts = opts,
    .opts_size = sizeof(rotation),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: pretext.rotation, in: view_i}",
    .paper = "Gidaris et al. 2018, arXiv:1803.07728",
};
