/* probe.mean -- the mean of all numbers that a wire carried: of a loss over held-out data, of a norm, ...
 *   in f32[...]  ->  (sum over batches and elements) / count */
#include "core/base/alloc.h"
#include "core/node/collector.h"
#include "core/node/node.h"

static const sdag_port ins[] = {{.name = "in", .type = "f32[...]", .help = "numbers to average"}, {0}};

typedef struct {
    double sum;
    int64_t n;
} state;

static sdag_status open_mean(void **out, sdag_collector *c)
{
    (void)c;
    *out = sdag_alloc(sizeof(state));
    return *out ? SDAG_OK : SDAG_NOMEM;
}

static sdag_status batch(void *state_, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    state *s = state_;
    (void)c, (void)pass, (void)n_ports;
    int64_t n = sdag_elems(&ports[0].shape);
    for (int64_t i = 0; i < n; i++) s->sum += (double)SDAG_DATA_F32(ports[0])[i];
    s->n += n;
    return SDAG_OK;
}

static sdag_status close_mean(void *state_, sdag_collector *c, bool ok)
{
    state *s = state_;
    if (ok && s->n) sdag_metric(c, NULL, s->sum / (double)s->n);
    sdag_free(s);
    return SDAG_OK;
}

static const sdag_collect collect = {.open = open_mean, .batch = batch, .close = close_mean, .plain = sizeof(state)};
const sdag_node_type sdag_node_probe_mean = {
    .name = "probe.mean",
    .brief = "Mean of the numbers on a wire.",
    .role = SDAG_ROLE_PROBE,
    .ins = ins,
    .collect = &collect,
    .example = "{type: probe.mean, in: loss}",
};
