/* probe.knn -- how good are features without training anything? Each query asks its nearest neighbours.
 *   f = unit rows,   s_j = f . bank_j,   N = the k largest s_j
 *   class = argmax_c sum_{j in N} exp(s_j / T) [y_j = c]          (Wu et al. 2018, arXiv:1805.01978, section 3.4)
 * bank f32[N,D], query f32[n,D]; the metric is the share of queries whose class is right. */
#include <math.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/cpu/gemm.h"
#include "core/cpu/simd.h"
#include "core/node/node.h"
#include "nodes/probe/gather.h"

typedef struct {
    int64_t k, classes;
    float temperature;
} knn;

static const sdag_opt opts[] = {
    SDAG_INT(knn, k, 200, 1, 100000, "neighbours that vote; no more than the bank has"),
    SDAG_F32(knn, temperature, 0.1, 1e-3, 100, "small: the nearest decide; large: all count alike"),
    SDAG_INT(knn, classes, 0, 0, 1 << 20, "number of classes; 0: from the data"),
    {0},
};
static const sdag_port ins[] = {
    {.name = "of", .type = "f32[B,...]", .help = "what gives the features", .flags = SDAG_PORT_EVAL | SDAG_PORT_KEY},
    {.name = "bank", .type = "image", .help = "labelled data to compare with", .flags = SDAG_PORT_DATA | SDAG_PORT_KEY},
    {.name = "query", .type = "image", .help = "labelled data to classify", .flags = SDAG_PORT_DATA | SDAG_PORT_KEY},
    {0},
};
static const char *const passes[] = {"bank", "query", NULL};

enum { QUERIES = 64, KEYS = 2048 }; /* of one product: the similarities stay in the L2 cache */

/* The best k so far, as a heap with the worst on top. Of equal similarities the later in the bank is worse. */
typedef struct {
    float s;
    int32_t key;
} neighbour;
typedef struct {
    neighbour *at;
    int64_t n;
} heap;

typedef struct {
    sdag_gathered bank, query; /* bank: unit rows; query: of one batch */
    float *sims;               /* f32[QUERIES,KEYS] */
    neighbour *neighbours;     /* [QUERIES,k] */
    double *score;             /* [classes] */
    int64_t k, right, asked;
    int classes;
} state;

static bool worse(neighbour a, neighbour b) { return a.s < b.s || (a.s == b.s && a.key > b.key); }

static void sift_down(heap *h, int64_t i)
{
    for (;;) {
        int64_t l = 2 * i + 1, low = i;
        if (l < h->n && worse(h->at[l], h->at[low])) low = l;
        if (l + 1 < h->n && worse(h->at[l + 1], h->at[low])) low = l + 1;
        if (low == i) return;
        neighbour t = h->at[i];
        h->at[i] = h->at[low];
        h->at[low] = t;
        i = low;
    }
}

static void offer(heap *h, int64_t k, neighbour x)
{
    if (h->n == k) {
        if (!worse(h->at[0], x)) return;
        h->at[0] = x;
        sift_down(h, 0);
        return;
    }
    int64_t i = h->n++;
    for (; i > 0 && worse(x, h->at[(i - 1) / 2]); i = (i - 1) / 2) h->at[i] = h->at[(i - 1) / 2];
    h->at[i] = x;
}

/* First i from `from` on in a block of 16 that has a number above floor; n when there is none. Most have none. */
SDAG_CLONES static int64_t next_block(const float *s, int64_t from, int64_t n, float floor)
{
    for (; from + 16 <= n; from += 16) {
        int any = 0;
        for (int i = 0; i < 16; i++) any |= s[from + i] > floor;
        if (any) return from;
    }
    return from;
}

static void offer_all(heap *h, int64_t k, const float *s, int64_t n, int64_t first)
{
    for (int64_t i = 0; i < n;) {
        if (h->n == k) i = next_block(s, i, n, h->at[0].s);
        for (int64_t to = i + 16; i < n && i < to; i++) offer(h, k, (neighbour){s[i], (int32_t)(first + i)});
    }
}

static void unit_rows(float *x, int64_t n, int64_t d)
{
    for (int64_t i = 0; i < n; i++, x += d) {
        double sum = 0;
        for (int64_t j = 0; j < d; j++) sum += (double)x[j] * (double)x[j];
        float scale = (float)(1 / fmax(sqrt(sum), 1e-12));
        for (int64_t j = 0; j < d; j++) x[j] *= scale;
    }
}

static int vote(state *s, const heap *h, double temperature)
{
    double best = -INFINITY;
    memset(s->score, 0, (size_t)s->classes * sizeof *s->score);
    for (int64_t i = 0; i < h->n; i++) best = fmax(best, (double)h->at[i].s);
    for (int64_t i = 0; i < h->n; i++) /* less the largest, so that nothing overflows; the winner is the same */
        s->score[s->bank.label[h->at[i].key]] += exp(((double)h->at[i].s - best) / temperature);
    int winner = 0;
    for (int c = 1; c < s->classes; c++)
        if (s->score[c] > s->score[winner]) winner = c;
    return winner;
}

/* Best first, so that the order in which a vote is summed depends on nothing but who votes. */
static void sort(heap *h)
{
    for (int64_t n = h->n; n > 1; n--) { /* heap sort: the worst goes to the end */
        neighbour t = h->at[0];
        h->at[0] = h->at[n - 1];
        h->at[n - 1] = t;
        heap rest = {h->at, n - 1};
        sift_down(&rest, 0);
    }
}

static void ask(state *s, sdag_collector *c, const float *query, const int32_t *label, int64_t n, double temperature)
{
    heap heaps[QUERIES];
    const sdag_gathered *b = &s->bank;
    for (int64_t i = 0; i < n; i++) heaps[i] = (heap){s->neighbours + i * s->k, 0};
    for (int64_t key = 0; key < b->n; key += KEYS) {
        int64_t keys = b->n - key < KEYS ? b->n - key : KEYS;
        sdag_gemm(false, true, n, keys, b->d, 1, query, b->d, b->x + key * b->d, b->d, 0, s->sims, KEYS);
        for (int64_t i = 0; i < n; i++) offer_all(&heaps[i], s->k, s->sims + i * KEYS, keys, key);
    }
    for (int64_t i = 0; i < n; i++) {
        sort(&heaps[i]);
        const int guess = vote(s, &heaps[i], temperature);
        s->right += guess == label[i];
        sdag_confused(c, s->classes, label[i], guess);
    }
    s->asked += n;
}

/* The bank is complete. */
static sdag_status begin_queries(state *s, const sdag_collector *c)
{
    const knn *o = c->opts;
    if (s->bank.n == 0) return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: no sample of 'bank' has a label", c->node);
    sdag_status st = sdag_gathered_classes(&s->classes, &s->bank, c, o->classes);
    if (st) return st;
    s->k = o->k < s->bank.n ? o->k : s->bank.n;
    s->sims = sdag_alloc_array(QUERIES * KEYS, sizeof *s->sims);
    s->neighbours = sdag_alloc_array((size_t)s->k * QUERIES, sizeof *s->neighbours);
    s->score = sdag_alloc_array((size_t)s->classes, sizeof *s->score);
    return s->sims && s->neighbours && s->score ? SDAG_OK : SDAG_NOMEM;
}

static sdag_status open_knn(void **out, sdag_collector *c)
{
    (void)c;
    *out = sdag_alloc(sizeof(state));
    return *out ? SDAG_OK : SDAG_NOMEM;
}

static sdag_status batch(void *state_, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    state *s = state_;
    (void)n_ports;
    sdag_gathered *g = pass ? &s->query : &s->bank;
    sdag_status st = pass && !s->sims ? begin_queries(s, c) : SDAG_OK;
    if (st) return st;
    if (pass) {
        g->n = 0;
        g->d = s->bank.d;
    }
    int64_t before = g->n;
    st = sdag_gather(g, c, pass, ports);
    if (st) return st;
    unit_rows(g->x + before * g->d, g->n - before, g->d);
    double temperature = ((const knn *)c->opts)->temperature;
    for (int64_t i = 0; pass && i < g->n; i += QUERIES)
        ask(s, c, g->x + i * g->d, g->label + i, g->n - i < QUERIES ? g->n - i : QUERIES, temperature);
    return SDAG_OK;
}

static sdag_status close_knn(void *state_, sdag_collector *c, bool ok)
{
    state *s = state_;
    sdag_status st = SDAG_OK;
    if (ok && s->asked) sdag_metric(c, NULL, (double)s->right / (double)s->asked);
    else if (ok) st = sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: no sample of 'query' has a label", c->node);
    sdag_gathered_free(&s->bank);
    sdag_gathered_free(&s->query);
    sdag_free(s->sims);
    sdag_free(s->neighbours);
    sdag_free(s->score);
    sdag_free(s);
    return st;
}

static const sdag_collect collect = {.passes = passes, .open = open_knn, .batch = batch, .close = close_knn};
const sdag_node_type sdag_node_probe_knn = {
    .name = "probe.knn",
    .brief = "Accuracy of the nearest neighbours of frozen features.",
    .role = SDAG_ROLE_PROBE,
    .opts = opts,
    .opts_size = sizeof(knn),
    .ins = ins,
    .collect = &collect,
    .example = "{type: probe.knn, of: encoder, bank: train, query: test, every: 5 epochs}",
    .paper = "Wu et al. 2018, arXiv:1805.01978",
};
