/* probe.linear -- are the classes linearly separable in the features? Multinomial logistic regression on frozen ones.
 *   p = softmax(W z + b),  z = (f - mean) / std,  loss = -mean log p_y
 * SGD with momentum 0.9, rate lr * batch / 256 falling to 0 along a cosine, weights from 0. Mean and deviation are the
 * bank's, so that one rate suits features of any scale; raw features (standardize: false) are the protocol of the
 * ImageNet benchmarks. bank f32[N,D], query f32[n,D]; the metric is the share of queries whose class is right. */
#include <math.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "core/cpu/gemm.h"
#include "core/node/node.h"
#include "nodes/probe/gather.h"

typedef struct {
    int64_t epochs, batch, classes;
    float lr;
    bool standardize;
} linear;

static const sdag_opt opts[] = {
    SDAG_INT(linear, epochs, 90, 1, 100000, "passes over the bank"),
    SDAG_F32(linear, lr, 0.1, 1e-6, 1e4, "learning rate at a batch of 256"),
    SDAG_INT(linear, batch, 256, 1, 1 << 20, "rows of a step"),
    SDAG_BOOL(linear, standardize, true, "give the features of the bank mean 0 and deviation 1 first"),
    SDAG_INT(linear, classes, 0, 0, 1 << 20, "number of classes; 0: from the data"),
    {0},
};
static const sdag_port ins[] = {
    {.name = "of", .type = "f32[B,...]", .help = "what gives the features", .flags = SDAG_PORT_EVAL | SDAG_PORT_KEY},
    {.name = "bank", .type = "image", .help = "labelled data to learn from", .flags = SDAG_PORT_DATA | SDAG_PORT_KEY},
    {.name = "query", .type = "image", .help = "labelled data to classify", .flags = SDAG_PORT_DATA | SDAG_PORT_KEY},
    {0},
};
static const char *const passes[] = {"bank", "query", NULL};
static const float MOMENTUM = 0.9f;

typedef struct {
    sdag_gathered bank, query;
    float *mean, *scale; /* [D] */
    float *w, *v, *g;    /* [C,D+1]: weights, velocity, gradient; the last column is b */
    float *x, *p;        /* of a step: f32[batch,D+1] with a column of ones, f32[batch,C] */
    int64_t right, asked, step_rows;
    int classes;
    bool trained;
} state;

static void measure(state *s, bool standardize)
{
    const sdag_gathered *b = &s->bank;
    for (int64_t j = 0; j < b->d; j++) {
        double mean = 0, var = 0;
        for (int64_t i = 0; standardize && i < b->n; i++) mean += b->x[i * b->d + j];
        mean /= (double)b->n;
        for (int64_t i = 0; standardize && i < b->n; i++) {
            double r = b->x[i * b->d + j] - mean;
            var += r * r;
        }
        s->mean[j] = (float)mean;
        s->scale[j] = standardize && var > 0 ? (float)(1 / sqrt(var / (double)b->n)) : 1;
    }
}

static void put_row(state *s, int64_t at, const float *f)
{
    int64_t d = s->bank.d;
    float *x = s->x + at * (d + 1);
    for (int64_t j = 0; j < d; j++) x[j] = (f[j] - s->mean[j]) * s->scale[j];
    x[d] = 1;
}

/* p = x w', of n rows. */
static void scores(state *s, int64_t n)
{
    int64_t d = s->bank.d + 1;
    sdag_gemm(false, true, n, s->classes, d, 1, s->x, d, s->w, d, 0, s->p, s->classes);
}

/* p <- (softmax(p) - onehot) / n, one row. */
static void softmax_residual(float *p, int classes, int32_t label, int64_t n)
{
    float max = p[0], sum = 0;
    for (int c = 1; c < classes; c++) max = p[c] > max ? p[c] : max;
    for (int c = 0; c < classes; c++) sum += p[c] = expf(p[c] - max);
    for (int c = 0; c < classes; c++) p[c] = (p[c] / sum - (c == label ? 1.0f : 0.0f)) / (float)n;
}

static void step(state *s, const int32_t *row, int64_t n, float lr)
{
    int64_t d = s->bank.d + 1;
    for (int64_t i = 0; i < n; i++) put_row(s, i, s->bank.x + row[i] * s->bank.d);
    scores(s, n);
    for (int64_t i = 0; i < n; i++) softmax_residual(s->p + i * s->classes, s->classes, s->bank.label[row[i]], n);
    sdag_gemm(true, false, s->classes, d, n, 1, s->p, s->classes, s->x, d, 0, s->g, d);
    for (int64_t i = 0; i < s->classes * d; i++) {
        s->v[i] = MOMENTUM * s->v[i] + s->g[i];
        s->w[i] -= lr * s->v[i];
    }
}

static sdag_status train(state *s, const sdag_collector *c)
{
    const linear *o = c->opts;
    int64_t n = s->bank.n, steps = (n + s->step_rows - 1) / s->step_rows, all = steps * o->epochs, t = 0;
    int32_t *order = sdag_alloc_array((size_t)n, sizeof *order);
    if (!order) return SDAG_NOMEM;
    for (int64_t i = 0; i < n; i++) order[i] = (int32_t)i;
    for (int64_t e = 0; e < o->epochs; e++) {
        sdag_rng r = sdag_rng_at(c->seed, sdag_hash32(c->node), (uint32_t)e, 0);
        for (int64_t i = n - 1; i > 0; i--) {
            int64_t j = sdag_rng_below(&r, (uint32_t)i + 1);
            int32_t k = order[i];
            order[i] = order[j];
            order[j] = k;
        }
        for (int64_t i = 0; i < n; i += s->step_rows, t++) {
            int64_t rows = n - i < s->step_rows ? n - i : s->step_rows;
            double fall = all > 1 ? 0.5 * (1 + cos(3.14159265358979323846 * (double)t / (double)(all - 1))) : 1;
            step(s, order + i, rows, (float)(o->lr * (double)s->step_rows / 256 * fall));
        }
    }
    sdag_free(order);
    return SDAG_OK;
}

/* The bank is complete. */
static sdag_status prepare(state *s, const sdag_collector *c)
{
    const linear *o = c->opts;
    if (s->bank.n == 0) return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: no sample of 'bank' has a label", c->node);
    sdag_status st = sdag_gathered_classes(&s->classes, &s->bank, c, o->classes);
    if (st) return st;
    s->step_rows = o->batch < s->bank.n ? o->batch : s->bank.n;
    size_t d = (size_t)s->bank.d + 1, rows = (size_t)s->step_rows, classes = (size_t)s->classes, weights, x;
    if (!sdag_mul_size(&weights, classes, d) || !sdag_mul_size(&x, rows, d)) return SDAG_NOMEM;
    s->mean = sdag_alloc_array(d, sizeof(float));
    s->scale = sdag_alloc_array(d, sizeof(float));
    s->w = sdag_alloc_array(weights, sizeof(float));
    s->v = sdag_alloc_array(weights, sizeof(float));
    s->g = sdag_alloc_array(weights, sizeof(float));
    s->x = sdag_alloc_array(x, sizeof(float));
    s->p = sdag_alloc_array(rows, classes * sizeof(float));
    if (!s->mean || !s->scale || !s->w || !s->v || !s->g || !s->x || !s->p) return SDAG_NOMEM;
    measure(s, o->standardize);
    s->trained = true;
    return train(s, c);
}

static void classify(state *s, sdag_collector *c)
{
    const sdag_gathered *q = &s->query;
    for (int64_t i = 0; i < q->n; i += s->step_rows) {
        int64_t n = q->n - i < s->step_rows ? q->n - i : s->step_rows;
        for (int64_t k = 0; k < n; k++) put_row(s, k, q->x + (i + k) * q->d);
        scores(s, n);
        for (int64_t k = 0; k < n; k++) {
            const float *p = s->p + k * s->classes;
            int best = 0;
            for (int j = 1; j < s->classes; j++) best = p[j] > p[best] ? j : best;
            s->right += best == q->label[i + k];
            sdag_confused(c, s->classes, q->label[i + k], best);
        }
    }
    s->asked += q->n;
}

static sdag_status open_linear(void **out, sdag_collector *c)
{
    (void)c;
    *out = sdag_alloc(sizeof(state));
    return *out ? SDAG_OK : SDAG_NOMEM;
}

static sdag_status batch(void *state_, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    state *s = state_;
    (void)n_ports;
    if (!pass) return sdag_gather(&s->bank, c, pass, ports);
    sdag_status st = s->trained ? SDAG_OK : prepare(s, c);
    if (st) return st;
    s->query.n = 0;
    s->query.d = s->bank.d;
    st = sdag_gather(&s->query, c, pass, ports);
    if (!st) classify(s, c);
    return st;
}

static sdag_status close_linear(void *state_, sdag_collector *c, bool ok)
{
    state *s = state_;
    sdag_status st = SDAG_OK;
    if (ok && s->asked) sdag_metric(c, NULL, (double)s->right / (double)s->asked);
    else if (ok) st = sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: no sample of 'query' has a label", c->node);
    sdag_gathered_free(&s->bank);
    sdag_gathered_free(&s->query);
    float *const owned[] = {s->mean, s->scale, s->w, s->v, s->g, s->x, s->p};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) sdag_free(owned[i]);
    sdag_free(s);
    return st;
}

static const sdag_collect collect = {.passes = passes, .open = open_linear, .batch = batch, .close = close_linear};
const sdag_node_type sdag_node_probe_linear = {
    .name = "probe.linear",
    .brief = "Accuracy of a linear classifier on frozen features.",
    .role = SDAG_ROLE_PROBE,
    .opts = opts,
    .opts_size = sizeof(linear),
    .ins = ins,
    .collect = &collect,
    .example = "{type: probe.linear, of: encoder, bank: train, query: test, epochs: 50}",
};
