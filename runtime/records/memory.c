/* The memory of a phase as rectangles: bytes by ops. */
#include <stdlib.h>

#include "runtime/records/parts.h"

enum { VALUES = 400 };

typedef struct rectangle {
    int64_t offset, bytes;
    int32_t first, last, node;
} rectangle;

static int by_bytes(const void *x, const void *y)
{
    const rectangle *a = x, *b = y;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? 1 : -1;
    return a->offset != b->offset ? (a->offset > b->offset) - (a->offset < b->offset) : a->first - b->first;
}

/* Values that the feed hands over exist twice and live through the whole step: behind the block, slot after slot. */
static int add_feed(rectangle *to, const sdag_task *t)
{
    const sdag_program *p = &t->lowered->program;
    int n = 0;
    for (sdag_val v = 1; v < p->values.n; v++) {
        const sdag_value *x = &p->values.at[v];
        size_t bytes = 0;
        if (t->plan->places[v].at != SDAG_AT_FEED || x->alias) continue;
        sdag_shape_bytes(&bytes, x->dtype, x->shape);
        for (size_t slot = 0; slot < 2; slot++)
            to[n++] = (rectangle){.offset = (int64_t)(t->plan->block + slot * t->plan->feed_block) +
                                            t->plan->places[v].offset,
                                  .bytes = (int64_t)bytes,
                                  .last = p->ops.n > 0 ? p->ops.n - 1 : 0,
                                  .node = x->producer >= 0 ? p->ops.at[x->producer].node : x->node};
    }
    return n;
}

/* What all values would take, each in memory of its own. */
static int64_t unshared(const sdag_task *t)
{
    const sdag_program *p = &t->lowered->program;
    int64_t sum = 2 * (int64_t)t->plan->feed_block;
    for (sdag_val v = 1; v < p->values.n; v++) {
        size_t bytes = 0;
        if (t->plan->places[v].at != SDAG_AT_BLOCK || p->values.at[v].alias) continue;
        sdag_shape_bytes(&bytes, p->values.at[v].dtype, p->values.at[v].shape);
        sum += (int64_t)bytes;
    }
    for (int i = 0; i < p->ops.n; i++)
        if (t->plan->workspace[i] >= 0) sum += (int64_t)t->plan->tilings[i].workspace;
    return sum;
}

json_t *sdag_plan_record(sdag_arena *a, const sdag_task *t)
{
    const sdag_program *p = &t->lowered->program;
    rectangle *list = SDAG_NEWS(a, rectangle, t->plan->n_pieces + 2 * p->values.n + 1);
    int n = 0;
    for (; n < t->plan->n_pieces; n++) {
        const sdag_plan_piece *l = &t->plan->pieces[n];
        list[n] = (rectangle){l->offset, l->bytes, l->first, l->last, p->ops.at[l->writer].node};
    }
    n += add_feed(list + n, t);
    qsort(list, (size_t)n, sizeof *list, by_bytes);
    json_t *values = json_array();
    for (int i = 0; i < n && i < VALUES; i++)
        json_array_append_new(values, json_pack("[I, I, i, i, s]", (json_int_t)list[i].offset,
                                                (json_int_t)list[i].bytes, (int)list[i].first, (int)list[i].last,
                                                list[i].node >= 0 ? t->session->node_names[list[i].node] : "compiler"));
    return json_pack("{s:I, s:I, s:i, s:i, s:o}", "bytes", (json_int_t)t->bytes, "unshared_bytes",
                     (json_int_t)unshared(t), "ops", (int)p->ops.n, "all_values", n, "values", values);
}
