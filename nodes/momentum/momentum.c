/* momentum -- a moving average of trained nodes: the teacher that changes slowly.
 *   t <- m t + (1 - m) s      for every weight s of the nodes named by `of`, after the optimizer's update
 * It is those nodes once more, one behind the other, on an input of its own. Weights alone are averaged; batch norms
 * keep statistics of their own, of the batches that they see. No gradient enters. Starts as a copy of the nodes. He et
 * al. 2020 (MoCo), eq. 2; Grill et al. 2020 (BYOL), eq. 1. */
#include "core/node/node.h"
#include "core/ops/ops.h"

typedef struct {
    sdag_schedule momentum;
} average;

static const sdag_opt opts[] = {
    SDAG_SCHEDULE(average, momentum, 0.99, 0, 1, "share of the old value that stays in every step; 1: it never moves"),
    {0},
};
static const sdag_port ins[] = {
    {"of", "f32[B,...]", "the nodes that are averaged, such as [encoder, projector]", SDAG_PORT_EVAL | SDAG_PORT_KEY},
    {"x", "image|f32[B,...]|i32[B,...]", "what the average of them reads", 0},
    {0},
};
static const sdag_port outs[] = {{"z", "f32[B,...]", "what the last of the nodes gives", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self) { sdag_lower_copy(b, self, "of", "x", "z"); }

static void update(sdag_build *b, const sdag_node *self)
{
    const average *o = sdag_node_opts(self);
    sdag_val m = sdag_scheduled_val(b, &o->momentum), copy, source;
    for (int i = 0; sdag_copied_at(b, self, i, &copy, &source); i++) sdag_op_ema(b, copy, source, m);
}

const sdag_node_type sdag_node_momentum = {
    .name = "momentum",
    .brief = "A moving average of trained nodes (momentum encoder, target network).",
    .role = SDAG_ROLE_MOMENTUM,
    .opts = opts,
    .opts_size = sizeof(average),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .lower = lower,
    .update = update,
    .example = "{type: momentum, of: [encoder, projector], in: view_i, momentum: 0.99}",
    .paper = "He et al. 2020, arXiv:1911.05722",
};
