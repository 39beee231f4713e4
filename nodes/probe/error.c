/* probe.error -- how far what was made is from what it should be, beside the errors of those who do not look.
 *   rmse = sqrt(mean (x - y)^2)                        of all numbers of the pass
 *   zero = sqrt(mean y^2)                              the answer 0 everywhere
 *   mean = sqrt(mean (y - m)^2)                        the best constant: m_c the mean of y in channel c (the last
 * axis) All times `scale`. A network has learnt something where rmse is below both; 1 - (rmse / mean)^2 is R^2, the
 * share of the variance that it explains. */
#include <math.h>

#include "core/base/alloc.h"
#include "core/node/collector.h"
#include "core/node/node.h"

enum { CHANNELS = 64 };

typedef struct {
    float scale;
} error;

static const sdag_opt opts[] = {
    SDAG_F32(error, scale, 1, 1e-6, 1e6, "factor of the errors: 110 for colours of pretext.colorize"), {0}};
static const sdag_port ins[] = {
    {.name = "x", .type = "f32[B,C]|f32[B,T,C]|f32[B,H,W,C]", .help = "what was made"},
    {.name = "y", .type = "f32[B,C]|f32[B,T,C]|f32[B,H,W,C]", .help = "what it should be"},
    {0},
};

typedef struct {
    int64_t channels, n; /* numbers of each channel */
    double off, sum[CHANNELS], square[CHANNELS];
} state;

static sdag_status open_error(void **out, sdag_collector *c)
{
    (void)c;
    *out = sdag_alloc(sizeof(state));
    return *out ? SDAG_OK : SDAG_NOMEM;
}

static sdag_status batch(void *state_, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    state *s = state_;
    const int64_t n = sdag_elems(&ports[1].shape), k = sdag_last(&ports[1].shape);
    const float *x = SDAG_DATA_F32(ports[0]), *y = SDAG_DATA_F32(ports[1]);
    (void)pass, (void)n_ports;
    if (!sdag_shape_equal(ports[0].shape, ports[1].shape) || k > CHANNELS || k < 1) {
        char one[SDAG_SHAPE_TEXT], two[SDAG_SHAPE_TEXT];
        return sdag_fail(c->log, SDAG_INVALID, c->loc,
                         "%s: x is %s and y is %s; one shape with 1..%d channels is needed", c->node,
                         sdag_shape_text(one, SDAG_DT_F32, ports[0].shape),
                         sdag_shape_text(two, SDAG_DT_F32, ports[1].shape), CHANNELS);
    }
    for (int64_t i = 0; i < n; i++) {
        const double v = (double)y[i], d = (double)x[i] - v;
        s->off += d * d;
        s->sum[i % k] += v;
        s->square[i % k] += v * v;
    }
    s->channels = k;
    s->n += n / k;
    return SDAG_OK;
}

static sdag_status close_error(void *state_, sdag_collector *c, bool ok)
{
    state *s = state_;
    const double scale = (double)((const error *)c->opts)->scale, all = (double)(s->n * s->channels);
    double zero = 0, spread = 0;
    for (int64_t k = 0; k < s->channels; k++) {
        zero += s->square[k];
        spread += fmax(s->square[k] - s->sum[k] * s->sum[k] / (double)s->n, 0);
    }
    if (ok && s->n) {
        sdag_metric(c, "rmse", scale * sqrt(s->off / all));
        sdag_metric(c, "mean", scale * sqrt(spread / all));
        sdag_metric(c, "zero", scale * sqrt(zero / all));
    }
    sdag_free(s);
    return SDAG_OK;
}

static const sdag_collect collect = {.open = open_error, .batch = batch, .close = close_error, .plain = sizeof(state)};
const sdag_node_type sdag_node_probe_error = {
    .name = "probe.error",
    .brief = "Root mean square error, beside the errors of the answers 0 and mean.",
    .role = SDAG_ROLE_PROBE,
    .opts = opts,
    .opts_size = sizeof(error),
    .ins = ins,
    .collect = &collect,
    .example = "{type: probe.error, in: {x: encoder, y: encoder}}",
};
