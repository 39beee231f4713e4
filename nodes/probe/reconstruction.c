/* probe.reconstruction -- how much of an image is lost between encoder and decoder, and what a linear code would lose.
 *   error = mean over samples and pixels of (x - y)^2,   y the output of `of`, x the image as the data set has it, in
 * 0..1 Metrics: the error on `query`; bank: the same on `bank`; with components: K, pca: the error on `query` of the K
 * principal components of the bank, which no linear code of K numbers undercuts there (Pearson 1901).
 * `of` may read spoilt images (query: a pretext.noise): they are compared with the clean ones. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/node/collector.h"
#include "core/node/node.h"
#include "nodes/probe/pca.h"

typedef struct {
    int64_t components;
} reconstruction;

static const sdag_opt opts[] = {
    SDAG_INT(reconstruction, components, 0, 0, SDAG_PCA_MAX,
             "compare with so many principal components of the bank, such as the size of the code; 0: do not"),
    {0},
};
static const sdag_port ins[] = {
    {.name = "of", .type = "f32[B,H,W,C]", .help = "what gives the images", .flags = SDAG_PORT_EVAL | SDAG_PORT_KEY},
    {.name = "bank",
     .type = "image",
     .help = "data of the training: their error, and the components",
     .flags = SDAG_PORT_DATA | SDAG_PORT_KEY},
    {.name = "query",
     .type = "image",
     .help = "data that training did not see",
     .flags = SDAG_PORT_DATA | SDAG_PORT_KEY},
    {0},
};
static const char *const passes[] = {"bank", "query", NULL};
enum { BANK, QUERY, PASSES };

typedef struct {
    double error[PASSES], pca_error; /* sums over samples */
    int64_t n[PASSES], d;            /* samples; numbers of an image */
    sdag_pca pca;
    uint8_t *pixels; /* u8[cap] */
    float *x;        /* f32[rows,d]: the images of a batch */
    int64_t rows;
} state;

static sdag_status open_reconstruction(void **out, sdag_collector *c)
{
    (void)c;
    *out = sdag_alloc(sizeof(state));
    return *out ? SDAG_OK : SDAG_NOMEM;
}

static const char *pass_name(int pass) { return passes[pass]; }

/* Whether the data of a pass are images like those that come. */
static sdag_status check_sizes(const state *s, const sdag_collector *c, int pass, const sdag_tensor *y)
{
    const reconstruction *o = c->opts;
    const sdag_dataset *d = c->data[pass];
    const int64_t *k = y->shape.d;
    if (y->shape.rank != 4 || d->h != k[1] || d->w != k[2] || d->c != k[3])
        return sdag_fail(
            c->log, SDAG_INVALID, c->loc,
            "%s: '%s' has images of %lld by %lld with %lld channels%s, but 'of' gives %lld by %lld with %lld", c->node,
            pass_name(pass), (long long)d->h, (long long)d->w, (long long)d->c, d->h ? "" : " (0: of mixed sizes)",
            (long long)k[1], (long long)k[2], (long long)k[3]);
    if (s->d && s->d != k[1] * k[2] * k[3])
        return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: 'bank' and 'query' have images of different sizes",
                         c->node);
    if (o->components > k[1] * k[2] * k[3] || (o->components && k[1] * k[2] * k[3] > SDAG_PCA_MAX))
        return sdag_fail(
            c->log, SDAG_INVALID, c->loc,
            "%s.components: images of %lld numbers have at most %lld components; above %d numbers they are "
            "not computed",
            c->node, (long long)(k[1] * k[2] * k[3]), (long long)(k[1] * k[2] * k[3]), SDAG_PCA_MAX);
    return SDAG_OK;
}

static sdag_status reserve(state *s, const sdag_collector *c, int pass, const sdag_tensor *y)
{
    sdag_status st = check_sizes(s, c, pass, y);
    if (st) return st;
    const int64_t *k = y->shape.d;
    s->d = k[1] * k[2] * k[3];
    if (!s->pixels) s->pixels = sdag_alloc((size_t)s->d);
    if (k[0] > s->rows) {
        sdag_free(s->x);
        s->x = sdag_alloc_array((size_t)k[0], (size_t)s->d * sizeof *s->x);
        s->rows = k[0];
    }
    s->pca.d = s->d;
    s->pca.k = ((const reconstruction *)c->opts)->components;
    return s->pixels && s->x ? SDAG_OK : SDAG_NOMEM;
}

/* The images of the samples, as the data set has them, into s->x. */
static sdag_status load(state *s, const sdag_collector *c, const sdag_dataset *d, const int32_t *id, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t hw[2];
        char why[128] = "";
        sdag_status st = d->load(d, id[i], SDAG_SLOTS_MAX - 1, s->pixels, hw, why);
        if (st) return sdag_fail(c->log, st, c->loc, "%s: sample %d: %s", c->node, (int)id[i], why);
        for (int64_t k = 0; k < s->d; k++) s->x[i * s->d + k] = (float)s->pixels[k] / 255;
    }
    return SDAG_OK;
}

static sdag_status batch(void *state_, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    state *s = state_;
    (void)n_ports;
    sdag_status st = reserve(s, c, pass, &ports[0]);
    const int64_t n = ports[0].shape.d[0];
    if (!st) st = load(s, c, c->data[pass], SDAG_DATA_I32(ports[2]), n);
    if (!st && s->pca.k && pass == BANK) st = sdag_pca_add(&s->pca, s->x, n);
    if (!st && s->pca.k && pass == QUERY && !s->n[QUERY]) st = sdag_pca_fit(&s->pca);
    if (st == SDAG_FAILED) return sdag_fail(c->log, st, c->loc, "%s: no principal components of 'bank'", c->node);
    if (st) return st;
    const float *y = SDAG_DATA_F32(ports[0]);
    for (int64_t i = 0; i < n * s->d; i++)
        s->error[pass] += ((double)s->x[i] - (double)y[i]) * ((double)s->x[i] - (double)y[i]);
    for (int64_t i = 0; i < n && s->pca.k && pass == QUERY; i++)
        s->pca_error += sdag_pca_error(&s->pca, s->x + i * s->d);
    s->n[pass] += n;
    return SDAG_OK;
}

static sdag_status close_reconstruction(void *state_, sdag_collector *c, bool ok)
{
    state *s = state_;
    if (ok && s->n[QUERY]) sdag_metric(c, NULL, s->error[QUERY] / (double)(s->n[QUERY] * s->d));
    if (ok && s->n[BANK]) sdag_metric(c, "bank", s->error[BANK] / (double)(s->n[BANK] * s->d));
    if (ok && s->n[QUERY] && s->pca.k) sdag_metric(c, "pca", s->pca_error / (double)(s->n[QUERY] * s->d));
    sdag_pca_free(&s->pca);
    sdag_free(s->pixels);
    sdag_free(s->x);
    sdag_free(s);
    return SDAG_OK;
}

static const sdag_collect collect = {
    .passes = passes, .open = open_reconstruction, .batch = batch, .close = close_reconstruction};
const sdag_node_type sdag_node_probe_reconstruction = {
    .name = "probe.reconstruction",
    .brief = "Squared error of reconstructions, beside that of principal components.",
    .role = SDAG_ROLE_PROBE,
    .opts = opts,
    .opts_size = sizeof(reconstruction),
    .ins = ins,
    .collect = &collect,
    .example = "{type: probe.reconstruction, of: decoder, bank: train, query: test, components: 8, every: 5 epochs}",
    .paper = "Pearson 1901, Philosophical Magazine 2:559",
};
