/* probe.collapse -- does an embedding still use its dimensions, or has it collapsed to a point or a line?
 *   z = unit rows of the features                            f32[N,D]
 *   std = mean_j sqrt( mean_i (z_ij - mean_j)^2 )            Chen & He 2021, section 4.1: 1/sqrt(D) when spread evenly
 *   spread = std sqrt(D)                                     1: evenly spread, 0: collapsed; at most 1
 *   rank = e^H, H = -sum_k p_k log p_k, p = the eigenvalues of the covariance of z, over their sum
 * rank is the effective rank of Roy & Vetterli 2007, of the covariance: from 1, all on a line, to D; 0 where nothing
 * varies. With fewer samples than dimensions it comes from the N x N products, which have the same eigenvalues. */
#include <math.h>

#include "core/base/alloc.h"
#include "core/cpu/eigen.h"
#include "core/cpu/gemm.h"
#include "core/node/node.h"
#include "nodes/probe/gather.h"

static const sdag_port ins[] = {
    {"of", "f32[B,...]", "what gives the embedding", SDAG_PORT_EVAL | SDAG_PORT_KEY},
    {"data", "image|i32[B,T]", "the samples that are embedded", SDAG_PORT_DATA | SDAG_PORT_KEY},
    {0},
};
static const char *const passes[] = {"data", NULL};
enum { ORDER_MAX = 32767 /* see eigen.h */, COLUMNS = 64 };

static sdag_status open_collapse(void **out, sdag_collector *c)
{
    (void)c;
    *out = sdag_alloc(sizeof(sdag_gathered));
    return *out ? SDAG_OK : SDAG_NOMEM;
}

static sdag_status batch(void *state, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    (void)n_ports;
    return sdag_gather_all(state, c, pass, ports);
}

static void unit_rows(const sdag_gathered *g)
{
    for (int64_t i = 0; i < g->n; i++) {
        float *x = g->x + i * g->d;
        double sum = 0;
        for (int64_t j = 0; j < g->d; j++) sum += (double)x[j] * (double)x[j];
        for (int64_t j = 0; j < g->d && sum > 0; j++) x[j] = (float)((double)x[j] / sqrt(sum));
    }
}

/* Columns [from, from + k): takes their means away, returns the sum of their deviations. */
static double center_block(const sdag_gathered *g, int64_t from, int64_t k)
{
    double mean[COLUMNS] = {0}, var[COLUMNS] = {0}, std = 0;
    for (int64_t i = 0; i < g->n; i++)
        for (int64_t j = 0; j < k; j++) mean[j] += (double)g->x[i * g->d + from + j];
    for (int64_t j = 0; j < k; j++) mean[j] /= (double)g->n;
    for (int64_t i = 0; i < g->n; i++) {
        float *x = g->x + i * g->d + from;
        for (int64_t j = 0; j < k; j++) {
            const double r = (double)x[j] - mean[j];
            var[j] += r * r;
            x[j] = (float)r;
        }
    }
    for (int64_t j = 0; j < k; j++) std += sqrt(var[j] / (double)g->n);
    return std;
}

/* Takes the mean away from every dimension; returns the mean of their deviations. */
static double center(const sdag_gathered *g)
{
    double std = 0;
    for (int64_t j = 0; j < g->d; j += COLUMNS) std += center_block(g, j, g->d - j < COLUMNS ? g->d - j : COLUMNS);
    return std / (double)g->d;
}

static double entropy_rank(const double *w, int64_t n)
{
    double sum = 0, h = 0;
    for (int64_t i = 0; i < n; i++) sum += w[i] > 0 ? w[i] : 0;
    for (int64_t i = 0; i < n && sum > 0; i++)
        if (w[i] > 0) h -= w[i] / sum * log(w[i] / sum);
    return sum > 0 ? exp(h) : 0;
}

/* Of the centred rows. */
static sdag_status effective_rank(double *rank, const sdag_gathered *g, const sdag_collector *c)
{
    const bool wide = g->n < g->d;
    const int64_t n = wide ? g->n : g->d, k = wide ? g->d : g->n;
    if (n > ORDER_MAX)
        return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: %lld dimensions are more than the rank can be found of, %d",
                         c->node, (long long)n, ORDER_MAX);
    const size_t cells = (size_t)n * (size_t)n;
    float *cov = sdag_alloc_array(cells, sizeof *cov);
    double *a = sdag_alloc_array(cells, sizeof *a), *w = sdag_alloc_array((size_t)n, sizeof *w);
    sdag_status st = cov && a && w ? SDAG_OK : SDAG_NOMEM;
    if (!st) {
        sdag_gemm(!wide, wide, n, n, k, 1, g->x, g->d, g->x, g->d, 0, cov, n);
        for (size_t i = 0; i < cells; i++) a[i] = (double)cov[i];
        st = sdag_eigen_values(w, a, n);
        if (st == SDAG_FAILED) sdag_fail(c->log, st, c->loc, "%s: the eigenvalues cannot be found", c->node);
    }
    if (!st) *rank = entropy_rank(w, n);
    sdag_free(cov);
    sdag_free(a);
    sdag_free(w);
    return st;
}

static sdag_status close_collapse(void *state, sdag_collector *c, bool ok)
{
    sdag_gathered *g = state;
    sdag_status st = SDAG_OK;
    if (ok && g->n) {
        double rank = 0;
        unit_rows(g);
        const double std = center(g);
        st = effective_rank(&rank, g, c);
        if (!st) {
            sdag_metric(c, "std", std);
            sdag_metric(c, "spread", std * sqrt((double)g->d));
            sdag_metric(c, "rank", rank);
        }
    }
    sdag_gathered_free(g);
    sdag_free(g);
    return st;
}

static const sdag_collect collect = {.passes = passes, .open = open_collapse, .batch = batch, .close = close_collapse};
const sdag_node_type sdag_node_probe_collapse = {
    .name = "probe.collapse",
    .brief = "Deviation and effective rank of an embedding: has it collapsed?",
    .role = SDAG_ROLE_PROBE,
    .ins = ins,
    .collect = &collect,
    .example = "{type: probe.collapse, of: projector, data: test, every: 5 epochs}",
    .paper = "Chen & He 2021, arXiv:2011.10566",
};
