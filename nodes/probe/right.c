#include "nodes/probe/right.h"

#include "core/base/alloc.h"

sdag_status sdag_right_open(void **out, sdag_collector *c)
{
    (void)c;
    *out = sdag_alloc(sizeof(sdag_right));
    return *out ? SDAG_OK : SDAG_NOMEM;
}

/* Classes that come before y. */
static int64_t rank_of(const float *x, int64_t n, int64_t y)
{
    int64_t before = 0;
    for (int64_t i = 0; i < n; i++) before += x[i] > x[y] || (x[i] == x[y] && i < y);
    return x[y] == x[y] ? before : n; /* a NaN is last */
}

static int64_t best_of(const float *x, int64_t n)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++) best = x[i] > x[best] || x[best] != x[best] ? i : best;
    return best;
}

sdag_status sdag_right_add(sdag_right *r, sdag_collector *c, int64_t top, const sdag_tensor *logits,
                           const sdag_tensor *labels)
{
    const sdag_shape *s = &logits->shape;
    if (s->rank != 2) return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s takes class scores, f32[B,C]", c->node);
    for (int64_t i = 0; labels->data && i < s->d[0]; i++) {
        int32_t y = SDAG_DATA_I32(*labels)[i];
        if (y < 0) continue;
        if (y >= s->d[1])
            return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: label %d is outside 0..%lld", c->node, (int)y,
                             (long long)s->d[1] - 1);
        const float *x = SDAG_DATA_F32(*logits) + i * s->d[1];
        r->seen++;
        r->right += rank_of(x, s->d[1], y) < top;
        sdag_confused(c, s->d[1], y, best_of(x, s->d[1]));
    }
    return SDAG_OK;
}

sdag_status sdag_right_close(void *right, sdag_collector *c, bool ok)
{
    sdag_right *r = right;
    sdag_status st = SDAG_OK;
    if (ok && r->seen) sdag_metric(c, NULL, (double)r->right / (double)r->seen);
    else if (ok) st = sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: no sample has a label", c->node);
    sdag_free(r);
    return st;
}
