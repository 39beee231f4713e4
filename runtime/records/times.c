#include "runtime/records/times.h"

#include <stdlib.h>
#include <string.h>

static int by_seconds(const void *x, const void *y)
{
    const sdag_time *a = x, *b = y;
    if (a->seconds != b->seconds) return a->seconds < b->seconds ? 1 : -1;
    return strcmp(a->name, b->name);
}

static sdag_time *row_of(sdag_time *list, int *n, const char *name)
{
    int i = 0;
    while (i < *n && strcmp(list[i].name, name)) i++;
    if (i == *n) list[(*n)++] = (sdag_time){.name = name};
    return &list[i];
}

static void add_op(sdag_time *row, double seconds)
{
    row->seconds += seconds;
    row->ops++;
}

/* Bytes that the plan keeps for a value of its own; 0: a view, a state, a constant. */
static int64_t planned(const sdag_task *t, sdag_val v)
{
    const sdag_value *x = &t->lowered->program.values.at[v];
    const sdag_at at = t->plan->places[v].at;
    size_t n = 0;
    if (x->alias || (at != SDAG_AT_BLOCK && at != SDAG_AT_FEED)) return 0;
    sdag_shape_bytes(&n, x->dtype, x->shape);
    return (int64_t)n * (at == SDAG_AT_FEED ? 2 : 1);
}

static const char *name_of(const sdag_session *s, int32_t node) { return node >= 0 ? s->node_names[node] : "compiler"; }

sdag_times sdag_times_sum(sdag_arena *a, const sdag_task *t, const double *op_s, int64_t steps)
{
    const sdag_session *s = t->session;
    const sdag_program *p = &t->lowered->program;
    sdag_times all = {.nodes = SDAG_NEWS(a, sdag_time, s->graph->n_nodes + 2),
                      .kinds = SDAG_NEWS(a, sdag_time, p->ops.n + 1)};
    for (int i = 0; i < p->ops.n; i++) {
        const sdag_program_op *o = &p->ops.at[i];
        sdag_time *node = row_of(all.nodes, &all.n_nodes, name_of(s, o->node));
        if (t->plan->workspace[i] >= 0) node->bytes += (int64_t)t->plan->tilings[i].workspace;
        if (!t->plan->tilings[i].tiles[0]) continue; /* a view, or nobody needs it */
        add_op(node, op_s[i] / (double)steps);
        add_op(row_of(all.kinds, &all.n_kinds, o->op->name), op_s[i] / (double)steps);
    }
    for (sdag_val v = 1; v < p->values.n; v++) {
        const sdag_value *x = &p->values.at[v];
        const int64_t bytes = planned(t, v);
        const int32_t node = x->producer >= 0 ? p->ops.at[x->producer].node : x->node;
        if (bytes) row_of(all.nodes, &all.n_nodes, name_of(s, node))->bytes += bytes;
    }
    qsort(all.nodes, (size_t)all.n_nodes, sizeof *all.nodes, by_seconds);
    qsort(all.kinds, (size_t)all.n_kinds, sizeof *all.kinds, by_seconds);
    return all;
}

/* ---- while a phase runs */

enum { WARM = 2, AT_ONCE = 3, EVERY = 50 };

void sdag_timing_start(sdag_timing *m, sdag_arena *a, const sdag_task *t, int64_t to_come)
{
    *m = (sdag_timing){.op_s = SDAG_NEWS(a, double, t->lowered->program.ops.n + 1), .to_come = to_come};
}

static bool is_due(const sdag_timing *m)
{
    if (m->to_come <= WARM) return true;
    return (m->seen >= WARM && m->seen < WARM + AT_ONCE) || m->seen % EVERY == EVERY - 1;
}

void sdag_timing_before(sdag_timing *m, const sdag_task *t)
{
    m->on = m->op_s && is_due(m);
    if (!m->on) return;
    sdag_exec_stats stats;
    sdag_exec_clock(t->exec, true);
    sdag_exec_stats_get(t->exec, &stats);
    m->before = stats.wall_s;
}

void sdag_timing_after(sdag_timing *m, const sdag_task *t)
{
    m->seen++;
    if (!m->on) return;
    sdag_exec_stats stats;
    sdag_exec_stats_get(t->exec, &stats);
    m->on = false;
    m->step_s += stats.wall_s - m->before;
    for (int i = 0; i < t->lowered->program.ops.n; i++) m->op_s[i] += stats.op_s[i];
    m->steps++;
    sdag_exec_clock(t->exec, false);
}
