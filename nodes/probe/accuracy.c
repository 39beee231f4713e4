/* probe.accuracy -- the share of samples whose class is among the `top` largest logits; 1 is all of them.
 *   logits f32[B,C],  target i32[B], -1: unknown, not counted. Of equal logits the lower class comes first. */
#include "core/base/alloc.h"
#include "core/node/collector.h"
#include "core/node/node.h"

typedef struct {
    int64_t top;
} accuracy;

static const sdag_opt opts[] = {SDAG_INT(accuracy, top, 1, 1, 1000, "the class may be among so many best"), {0}};
static const sdag_port ins[] = {
    {.name = "logits", .type = "f32[B,C]", .help = "a number a class; the largest is the guess"},
    {.name = "target", .type = "i32[B]", .help = "the true class"},
    {0},
};

typedef struct {
    int64_t right, seen;
} state;

static sdag_status open_accuracy(void **out, sdag_collector *c)
{
    (void)c;
    *out = sdag_alloc(sizeof(state));
    return *out ? SDAG_OK : SDAG_NOMEM;
}

/* Classes that come before y. */
static int64_t rank_of(const float *x, int64_t n, int64_t y)
{
    int64_t before = 0;
    for (int64_t i = 0; i < n; i++) before += x[i] > x[y] || (x[i] == x[y] && i < y);
    return x[y] == x[y] ? before : n; /* a NaN is last */
}

static sdag_status batch(void *state_, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    state *s = state_;
    (void)pass, (void)n_ports;
    int64_t classes = ports[0].shape.d[1];
    for (int64_t i = 0; i < ports[0].shape.d[0]; i++) {
        int32_t y = SDAG_DATA_I32(ports[1])[i];
        if (y < 0) continue;
        if (y >= classes)
            return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: label %d is outside 0..%lld", c->node, (int)y,
                             (long long)classes - 1);
        s->seen++;
        s->right += rank_of(SDAG_DATA_F32(ports[0]) + i * classes, classes, y) < ((const accuracy *)c->opts)->top;
    }
    return SDAG_OK;
}

static sdag_status close_accuracy(void *state_, sdag_collector *c, bool ok)
{
    state *s = state_;
    sdag_status st = SDAG_OK;
    if (ok && s->seen) sdag_metric(c, NULL, (double)s->right / (double)s->seen);
    else if (ok) st = sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: no sample has a label", c->node);
    sdag_free(s);
    return st;
}

static const sdag_collect collect = {
    .open = open_accuracy, .batch = batch, .close = close_accuracy, .plain = sizeof(state)};
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
