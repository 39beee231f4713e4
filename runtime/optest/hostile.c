/* What an op must bear: NaN, memory that runs out, arguments that it was not made for. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "runtime/optest/bench.h"

/* ---- NaN ---- */

/* Notes which results hang on element i of argument j, as NaN in `to`: those that the reference makes NaN; without one,
 * those that change when it does. */
static void find_dependent(sdag_bench *w, int j, int64_t i, double **to)
{
    const sdag_reference *f = w->test->reference;
    double x = w->x[j][i];
    sdag_row_value(&w->row, &w->t, f, w->x, w->y);
    for (int side = -1; side <= 1 && !f; side += 2) {
        w->x[j][i] = x + 3 * side;
        sdag_row_value(&w->row, &w->t, f, w->x, to);
        for (int k = 0; k < w->row.op->n_out; k++)
            for (int64_t e = 0; e < sdag_elems(&w->t.at[w->row.out[k]].shape); e++)
                if (to[k][e] != w->y[k][e]) w->y[k][e] = (double)NAN;
    }
    w->x[j][i] = f ? (double)NAN : x;
    if (f) sdag_row_value(&w->row, &w->t, f, w->x, w->y);
    for (int k = 0; k < w->row.op->n_out; k++)
        memcpy(to[k], w->y[k], (size_t)sdag_elems(&w->t.at[w->row.out[k]].shape) * sizeof **to);
}

static bool nan_stays(sdag_bench *w, int j)
{
    const sdag_op *op = w->row.op;
    const sdag_tensor *t = &w->t.at[w->row.in[j]];
    int64_t n = sdag_elems(&t->shape);
    bool chooses = op->flags & SDAG_OP_NOGRAD || w->row.check->fixed & 1u << j; /* a condition, an index, ... */
    if (t->dtype != SDAG_DT_F32 || n == 0 || (!w->test->reference && chooses)) return true;
    double *y[SDAG_OUT_MAX];
    for (int i = 0; i < op->n_out; i++)
        y[i] = SDAG_NEWS(&w->arena, double, sdag_elems(&w->t.at[w->row.out[i]].shape) + 1);
    find_dependent(w, j, n / 2, y);
    ((float *)t->data)[n / 2] = NAN;
    w->t.plain = true;
    if (!sdag_bench_run(w)) return false;
    for (int i = 0; i < op->n_out; i++) {
        const sdag_tensor *out = &w->t.at[w->row.out[i]];
        for (int64_t k = 0; k < sdag_elems(&out->shape) && out->dtype == SDAG_DT_F32; k++)
            if (isnan(y[i][k]) && !isnan(sdag_bench_elem(out, k)))
                return sdag_bench_wrong(w, ": NaN in argument %d is lost in result %d[%lld]", j, i, (long long)k);
    }
    return true;
}

bool sdag_bench_nan(sdag_optest *t, int number, int j)
{
    sdag_bench w;
    bool ok = sdag_bench_ready(&w, t, number, 0) && nan_stays(&w, j);
    sdag_bench_close(&w);
    return ok;
}

static bool nan_seen(const sdag_bench *all, const sdag_bench *w, int j)
{
    int64_t n = sdag_elems(&w->t.at[w->row.gin[j]].shape), alive = 0, nan = 0;
    for (int64_t k = 0; k < n; k++) {
        alive += sdag_bench_elem(&all->t.at[all->row.gin[j]], k) != 0;
        nan += isnan(sdag_bench_elem(&w->t.at[w->row.gin[j]], k));
    }
    return !alive || nan || sdag_bench_wrong(w, ": NaN that comes in is lost in gradient %d", j);
}

/* A gradient that comes in as NaN must be seen in every gradient that goes out (and was not zero anyway). */
bool sdag_bench_nan_gradient(const sdag_bench *all)
{
    sdag_bench w;
    bool ok = sdag_bench_ready(&w, all->test, all->number, ~0u);
    for (int i = 0; ok && i < w.row.op->n_out; i++)
        for (int64_t k = 0; w.row.gout[i] && k < sdag_elems(&w.t.at[w.row.gout[i]].shape); k++)
            SDAG_DATA_F32(w.t.at[w.row.gout[i]])[k] = NAN;
    w.t.plain = true;
    ok = ok && sdag_bench_run(&w);
    for (int j = 0; ok && j < w.row.n_in; j++)
        if (w.row.gin[j]) ok = nan_seen(all, &w, j);
    sdag_bench_close(&w);
    return ok;
}

/* ---- memory that runs out ---- */

static sdag_status build_all(void *row) { return sdag_row_build(row, ~0u, NULL); }

bool sdag_bench_out_of_memory(sdag_optest *t, int number)
{
    for (uint64_t nth = 1;; nth++) {
        uint64_t used = 0;
        for (int forever = 0; forever < 2; forever++) {
            sdag_bench w;
            bool ok = true;
            sdag_bench_open(&w, t, number);
            uint64_t before = sdag_alloc_count();
            sdag_alloc_fail(nth, forever);
            sdag_status s = sdag_arena_try(&w.arena, build_all, &w.row);
            sdag_alloc_fail(0, false);
            used = sdag_alloc_count() - before;
            if (s != SDAG_OK && s != SDAG_NOMEM)
                ok = sdag_bench_wrong(&w, ": allocation %d failing gives '%s'", (int)nth, sdag_status_name(s));
            if (s == SDAG_OK && used >= nth)
                ok = sdag_bench_wrong(&w, ": allocation %d failing is not noticed", (int)nth);
            sdag_bench_close(&w);
            if (!ok) return false;
        }
        if (used < nth) return true;
    }
}

/* ---- other arguments than the row's ---- */

enum { MUTATIONS = 10 };

static void grow_rank(sdag_shape *s)
{
    memmove(s->d + 1, s->d, (size_t)s->rank * sizeof s->d[0]);
    s->d[0] = 2;
    s->rank++;
}

static void shrink_rank(sdag_shape *s)
{
    s->rank--;
    memmove(s->d, s->d + 1, (size_t)s->rank * sizeof s->d[0]);
}

/* false: there is no such change of this argument. */
static bool mutate(sdag_draw *d, int how)
{
    sdag_shape *s = &d->shape;
    if (how >= 4 && how != 6 && !s->rank) return false;
    switch (how) {
    case 0: d->dtype = d->dtype == SDAG_DT_F32 ? SDAG_DT_I32 : SDAG_DT_F32; break;
    case 1: d->dtype = d->dtype == SDAG_DT_U8 ? SDAG_DT_F32 : SDAG_DT_U8; break;
    case 2: *s = SDAG_SCALAR; return true;
    case 3: *s = SDAG_SHAPE(3); return true;
    case 4: s->d[s->rank - 1]++; return true;
    case 5: s->d[0]++; return true;
    case 6:
        if (s->rank == SDAG_RANK_MAX) return false;
        grow_rank(s);
        return true;
    case 7: shrink_rank(s); return true;
    case 8: s->d[0] = 0; return true;
    case 9: s->d[s->rank - 1] = 0; return true;
    default: return false;
    }
    d->how = d->dtype == SDAG_DT_F32 ? SDAG_DRAW_FREE : SDAG_DRAW_WHOLE;
    if (d->bound < 1) d->bound = 3;
    return true;
}

static bool refused_or_right(sdag_bench *w, const sdag_draw *draws, int j)
{
    char text[SDAG_SHAPE_TEXT], when[SDAG_SHAPE_TEXT + 40];
    sdag_shape_text(text, draws[j].dtype, draws[j].shape);
    snprintf(when, sizeof when, ", argument %d %s", j, text);
    sdag_status s = sdag_row_build(&w->row, ~0u, draws);
    if (s && w->row.out[0]) return sdag_bench_wrong(w, "%s: adjoint: %s", when, sdag_bench_message(w));
    if (s && (sdag_log_errors(w->row.log) != 1 || !strstr(sdag_bench_message(w), w->row.op->name)))
        return sdag_bench_wrong(w, "%s: %d messages, the last: %s", when, sdag_log_errors(w->row.log),
                                sdag_bench_message(w));
    if (s) return true;
    sdag_bench_fill(w, draws, 7);
    s = sdag_interp_run(&w->t);
    if (s == SDAG_FAILED && w->t.wrong[0]) return sdag_bench_wrong(w, "%s: %s", when, w->t.wrong);
    return s || sdag_bench_values(w, when);
}

bool sdag_bench_other(sdag_optest *t, int number, int j)
{
    bool ok = true;
    for (int how = 0; ok && how < MUTATIONS; how++) {
        sdag_bench w;
        sdag_draw draws[SDAG_IN_MAX];
        sdag_bench_open(&w, t, number);
        for (int i = 0; i < SDAG_IN_MAX && w.row.check->in[i]; i++) sdag_draw_parse(&draws[i], w.row.check->in[i]);
        if (mutate(&draws[j], how)) ok = refused_or_right(&w, draws, j);
        sdag_bench_close(&w);
    }
    return ok;
}

bool sdag_bench_fewer(sdag_optest *t, int number)
{
    sdag_bench w;
    const sdag_op *op = t->op;
    bool ok = true;
    sdag_bench_open(&w, t, number);
    sdag_op_check fewer = *w.row.check;
    int n = 0, max = op->n_in_max ? op->n_in_max : op->n_in;
    while (n < SDAG_IN_MAX && fewer.in[n]) n++;
    if (n < op->n_in || n > max)
        ok = sdag_bench_wrong(&w, " has %d arguments, the op takes %d to %d", n, op->n_in, max);
    else if (op->n_in > 1) { /* an op on states needs at least those */
        memset(fewer.in + op->n_in - 1, 0, sizeof fewer.in - (size_t)(op->n_in - 1) * sizeof fewer.in[0]);
        w.row.check = &fewer;
        sdag_status s = sdag_row_build(&w.row, 0, NULL);
        if (s != SDAG_INVALID || sdag_log_errors(w.row.log) != 1)
            ok = sdag_bench_wrong(&w, " with %d arguments: %s, %d messages", op->n_in - 1, sdag_status_name(s),
                                  sdag_log_errors(w.row.log));
    }
    sdag_bench_close(&w);
    return ok;
}
