/* head.classifier -- one linear layer to class scores.
 *   logits = x W' + b       f32[B,C],  W f32[C,D], b f32[C] */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

typedef struct {
    int64_t classes;
    float dropout;
} classifier;

static const sdag_opt opts[] = {
    SDAG_INT_REQ(classifier, classes, 2, 1 << 20, "number of classes"),
    SDAG_F32(classifier, dropout, 0, 0, 0.99, "share of features set to zero in training"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,D]|f32[B,H,W,C]", "features", 0}, {0}};
static const sdag_port outs[] = {{"logits", "f32[B,C]", "a score for every class", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const classifier *o = sdag_node_opts(self);
    sdag_val x = sdag_layer_flat(b, sdag_in(b, self, "x"));
    if (o->dropout > 0) x = sdag_op_dropout(b, x, o->dropout);
    sdag_out(b, self, "logits", sdag_layer_linear(b, "", x, o->classes, true));
}

const sdag_node_type sdag_node_head_classifier = {
    .name = "head.classifier",
    .brief = "One linear layer from features to class scores.",
    .role = SDAG_ROLE_HEAD,
    .opts = opts,
    .opts_size = sizeof(classifier),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .lower = lower,
    .example = "{type: head.classifier, in: encoder, classes: 10}",
};
