/* probe.accuracy -- the share of samples whose class is among the `top` largest logits; 1 is all of them.
 *   logits f32[B,C],  target i32[B], -1: unknown, not counted. Of equal logits the lower class comes first. */
#include "core/node/node.h"
#include "nodes/probe/right.h"

typedef struct {
    int64_t top;
} accuracy;

static const sdag_opt opts[] = {SDAG_INT(accuracy, top, 1, 1, 1000, "the class may be among so many best"), {0}};
static const sdag_port ins[] = {
    {.name = "logits", .type = "f32[B,C]", .help = "a number a class; the largest is the guess"},
    {.name = "target", .type = "i32[B]", .help = "the true class"},
    {0},
};

static sdag_status batch(void *state, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    (void)pass, (void)n_ports;
    return sdag_right_add(state, c, ((const accuracy *)c->opts)->top, &ports[0], &ports[1]);
}

static const sdag_collect collect = {
    .open = sdag_right_open, .batch = batch, .close = sdag_right_close, .plain = sizeof(sdag_right)};
const sdag_node_type sdag_node_probe_accuracy = {
    .name = "probe.accuracy",
    .brief = "Share of samples that are classified rightly.",
    .role = SDAG_ROLE_PROBE,
    .opts = opts,
    .opts_size = sizeof(accuracy),
    .ins = ins,
    .collect = &collect,
    .example = "{type: probe.accuracy, in: {logits: head, target: test.label}}",
};
