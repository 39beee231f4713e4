#include "nodes/probe/gather.h"

#include <math.h>
#include <string.h>

#include "core/base/alloc.h"

static bool reserve(sdag_gathered *g, const sdag_collector *c, int pass, int64_t more, bool labels)
{
    if (g->n + more <= g->cap) return true;
    int64_t want = g->cap ? 2 * g->cap : c->rows[pass];
    if (want < g->n + more) want = g->n + more;
    size_t row;
    if (!sdag_mul_size(&row, (size_t)g->d, sizeof *g->x)) return false;
    float *x = sdag_realloc(g->x, (size_t)want, row);
    if (x) g->x = x;
    int32_t *label = labels ? sdag_realloc(g->label, (size_t)want, sizeof *label) : NULL;
    if (label) g->label = label;
    if (!x || (labels && !label)) return false;
    g->cap = want;
    return true;
}

static bool all_finite(const float *x, int64_t n)
{
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * 0; /* infinities and NaN both become NaN */
    return sum == 0;
}

/* The rows whose label is known; label NULL: all. */
static sdag_status gather(sdag_gathered *g, const sdag_collector *c, int pass, const sdag_tensor *features,
                          const int32_t *label, const char *what)
{
    const int64_t n = features->shape.d[0], d = n ? sdag_elems(&features->shape) / n : 0;
    if (g->d && g->d != d)
        return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: features have %lld numbers here and %lld there", c->node,
                         (long long)g->d, (long long)d);
    g->d = d;
    if (!reserve(g, c, pass, n, label)) return SDAG_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        if (label && label[i] < 0) continue;
        const float *x = SDAG_DATA_F32(*features) + i * d;
        if (!all_finite(x, d))
            return sdag_fail(c->log, SDAG_DIVERGED, c->loc, "%s: features of '%s' are not finite", c->node, what);
        memcpy(g->x + g->n * d, x, (size_t)d * sizeof *x);
        if (label) g->label[g->n] = label[i];
        g->n++;
    }
    return SDAG_OK;
}

sdag_status sdag_gather(sdag_gathered *g, const sdag_collector *c, int pass, const sdag_tensor *ports)
{
    if (!ports[1].data)
        return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: the data of '%s' have no labels", c->node,
                         pass ? "query" : "bank");
    return gather(g, c, pass, &ports[0], ports[1].data, pass ? "query" : "bank");
}

sdag_status sdag_gather_all(sdag_gathered *g, const sdag_collector *c, int pass, const sdag_tensor *ports)
{
    return gather(g, c, pass, &ports[0], NULL, "data");
}

void sdag_gathered_free(sdag_gathered *g)
{
    sdag_free(g->x);
    sdag_free(g->label);
    *g = (sdag_gathered){0};
}

sdag_status sdag_gathered_classes(int *classes, const sdag_gathered *g, const sdag_collector *c, int64_t option)
{
    int64_t n = option ? option : c->data[0] ? c->data[0]->classes : 0, most = 0;
    for (int64_t i = 0; i < g->n; i++)
        if (g->label[i] >= most) most = g->label[i] + 1;
    if (n && most > n)
        return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: label %d is outside 0..%d", c->node, (int)most - 1,
                         (int)n - 1);
    *classes = (int)(n ? n : most);
    return SDAG_OK;
}
