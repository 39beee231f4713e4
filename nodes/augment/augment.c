/* augment -- views of images: the transforms of a list, one after the other, with fresh random numbers for every
 * sample, epoch, view and node.
 *   view_v(x) = t_n(... t_2(t_1(x)))            f32[B,h,w,C], 0..1 unless normalised
 * Two augment nodes on one source, or one with `views: 2`, give the pair that contrastive methods compare. */
#include "core/base/rng.h"
#include "core/node/node.h"
#include "core/node/sample.h"
#include "core/ops/ops.h"
#include "nodes/augment/chain.h"
#include "nodes/augment/transform.h"

typedef struct {
    sdag_records ops;
    int64_t views;
} augment;

static const sdag_opt opts[] = {
    SDAG_RECORDS(augment, ops, sdag_transforms, "transforms, in the order in which they are applied"),
    SDAG_INT(augment, views, 1, 1, 64, "how many views of each image; more than one make a bundle view_1, view_2, ..."),
    {0},
};
static const sdag_port ins[] = {{.name = "in", .type = "image", .help = "images, of one or of mixed sizes"}, {0}};
static const sdag_port outs[] = {{.name = "image", .type = "image", .help = "the views, all of one size"}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const augment *o = sdag_node_opts(self);
    int64_t channels = 0;
    sdag_val dims = 0, x = sdag_in_image(b, self, "in", &dims, &channels);
    if (sdag_build_failed(b)) return;
    sdag_val ids = sdag_sample_ids(b, x);
    for (int64_t v = 1; v <= o->views; v++) {
        const char *name = sdag_arena_printf(b->arena, "view_%d", (int)v);
        const char *stream =
            o->views == 1 ? sdag_node_name(self) : sdag_arena_printf(b->arena, "%s.%s", sdag_node_name(self), name);
        sdag_val y = sdag_op_augment(b, x, dims, channels, ids, &o->ops, sdag_hash32(stream));
        if (o->views == 1) sdag_out_image(b, self, "image", y, 0, channels);
        else sdag_out_view(b, self, "image", name, y);
    }
}

const sdag_node_type sdag_node_augment = {
    .name = "augment",
    .brief = "Random views of images.",
    .role = SDAG_ROLE_AUGMENT,
    .opts = opts,
    .opts_size = sizeof(augment),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: augment, in: images, ops: [{random_resized_crop: {size: 32}}, horizontal_flip]}"};
