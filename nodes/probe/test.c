/* probe.test -- how good a classifier is on held-out data, while it trains and at the end of its phase.
 *   accuracy = share of samples whose class is among the `top` largest logits     logits f32[n,C], labels of the data
 * probe.accuracy counts the same in the batches of the phase itself. */
#include "core/node/node.h"
#include "nodes/probe/right.h"

typedef struct {
    int64_t top;
} test;

static const sdag_opt opts[] = {SDAG_INT(test, top, 1, 1, 1000, "the class may be among so many best"), {0}};
static const sdag_port ins[] = {
    {"of", "f32[B,C]", "the head that gives the class scores", SDAG_PORT_EVAL | SDAG_PORT_KEY},
    {"data", "image|i32[B,T]", "labelled data that training does not see", SDAG_PORT_DATA | SDAG_PORT_KEY},
    {0},
};
static const char *const passes[] = {"data", NULL};

static sdag_status batch(void *state, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    (void)pass, (void)n_ports;
    return sdag_right_add(state, c, ((const test *)c->opts)->top, &ports[0], &ports[1]);
}

static const sdag_collect collect = {
    .passes = passes, .open = sdag_right_open, .batch = batch, .close = sdag_right_close};
const sdag_node_type sdag_node_probe_test = {
    .name = "probe.test",
    .brief = "Accuracy of a trained classifier on held-out data.",
    .role = SDAG_ROLE_PROBE,
    .opts = opts,
    .opts_size = sizeof(test),
    .ins = ins,
    .collect = &collect,
    .example = "{type: probe.test, of: encoder, data: test, every: 10 epochs}",
};
