/* layer.dropout -- some numbers become 0, in training only.
 *   y = m x / (1 - rate),  m = 0 with probability rate, 1 otherwise        f32[B,...]
 * Srivastava et al. 2014. */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

typedef struct {
    float rate;
} dropout;

static const sdag_opt opts[] = {
    SDAG_F32(dropout, rate, 0.5, 0, 0.999, "how likely a number is dropped"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,...]", "any value", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,...]", "what is left, scaled up", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const dropout *o = sdag_node_opts(self);
    sdag_layer_out(b, self, sdag_op_dropout(b, sdag_in(b, self, "x"), o->rate));
}

const sdag_node_type sdag_node_layer_dropout = {
    .name = "layer.dropout",
    .brief = "Some numbers become 0, in training only.",
    .role = SDAG_ROLE_LAYER,
    .opts = opts,
    .opts_size = sizeof(dropout),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .lower = lower,
    .example = "{type: layer.dropout, in: encoder, rate: 0.1}",
    .paper = "Srivastava et al. 2014, JMLR 15",
};
