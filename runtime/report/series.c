#include "runtime/report/series.h"

#include <math.h>

enum { PARTS = SDAG_SERIES_MAX / 2 - 1 }; /* two points a part, and the two ends */

struct sdag_series_part {
    sdag_point low, high, first, last;
    int64_t n;
    bool high_first; /* the largest came before the smallest */
};

typedef struct sdag_series_part part;

/* b follows a. */
static part join(const part *a, const part *b)
{
    part c = *a;
    c.n += b->n;
    c.last = b->last;
    bool low_is_new = b->low.y<a->low.y, high_is_new = b->high.y> a->high.y;
    if (low_is_new) c.low = b->low;
    if (high_is_new) c.high = b->high;
    if (low_is_new && high_is_new) c.high_first = b->high_first;
    else if (low_is_new != high_is_new) c.high_first = low_is_new;
    return c;
}

static void halve(sdag_series *s)
{
    int n = 0;
    for (int i = 0; i < s->n_parts; i += 2)
        s->parts[n++] = i + 1 < s->n_parts ? join(&s->parts[i], &s->parts[i + 1]) : s->parts[i];
    s->n_parts = n;
    s->each *= 2;
}

void sdag_series_add(sdag_series *s, sdag_arena *a, double x, double y)
{
    s->last_bad = !(fabs(y) < 1e150) || !(fabs(x) < 1e150);
    if (s->last_bad) {
        s->bad++;
        return;
    }
    if (s->n == 0) s->first_x = x, s->min = s->max = y, s->each = 1;
    s->n++;
    s->last_x = x;
    s->last = y;
    s->min = fmin(s->min, y);
    s->max = fmax(s->max, y);
    sdag_point p = {x, y};
    part one = {.low = p, .high = p, .first = p, .last = p, .n = 1};
    part *end = s->n_parts ? &s->parts[s->n_parts - 1] : NULL;
    if (end && end->n < s->each) {
        *end = join(end, &one);
        return;
    }
    if (s->n_parts == PARTS) halve(s);
    end = s->n_parts ? &s->parts[s->n_parts - 1] : NULL;
    if (end && end->n < s->each) *end = join(end, &one); /* an odd part is left when they are halved */
    else {
        if (s->n_parts == s->cap_parts) sdag_vec_grow(a, (void **)&s->parts, &s->cap_parts, sizeof *s->parts);
        s->parts[s->n_parts++] = one;
    }
}

static void put(sdag_series *s, sdag_point p)
{
    if (s->n_at && s->at[s->n_at - 1].x == p.x && s->at[s->n_at - 1].y == p.y) return;
    s->at[s->n_at++] = p;
}

void sdag_series_finish(sdag_series *s, sdag_arena *a)
{
    s->n_at = 0;
    if (!s->n_parts) return;
    s->at = SDAG_NEWS(a, sdag_point, 2 * s->n_parts + 2);
    put(s, s->parts[0].first);
    for (int i = 0; i < s->n_parts; i++) {
        const part *q = &s->parts[i];
        put(s, q->high_first ? q->high : q->low);
        put(s, q->high_first ? q->low : q->high);
    }
    put(s, s->parts[s->n_parts - 1].last);
}
