/* A row of an op's checks: built, filled, run, compared. */
#include "runtime/optest/bench.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

bool sdag_bench_wrong(const sdag_bench *w, const char *fmt, ...)
{
    va_list ap;
    int n = snprintf(w->test->why, sizeof w->test->why, "row %d", w->number);
    va_start(ap, fmt);
    vsnprintf(w->test->why + n, sizeof w->test->why - (size_t)n, fmt, ap);
    va_end(ap);
    return false;
}

void sdag_bench_open(sdag_bench *w, sdag_optest *t, int number)
{
    *w = (sdag_bench){.test = t, .number = number};
    sdag_arena_init(&w->arena);
    w->row = (sdag_row){.op = t->op, .check = &t->op->check[number], .arena = &w->arena, .log = sdag_log_create(NULL)};
}

void sdag_bench_close(sdag_bench *w)
{
    sdag_log_destroy(w->row.log);
    sdag_arena_free(&w->arena);
}

const char *sdag_bench_message(const sdag_bench *w)
{
    int n = sdag_log_count(w->row.log);
    return n ? sdag_log_at(w->row.log, n - 1)->text : "no message";
}

double sdag_bench_elem(const sdag_tensor *t, int64_t i)
{
    if (t->dtype == SDAG_DT_F32) return (double)((const float *)t->data)[i];
    return t->dtype == SDAG_DT_I32 ? (double)((const int32_t *)t->data)[i] : (double)((const uint8_t *)t->data)[i];
}

double *sdag_bench_doubles(sdag_bench *w, sdag_val v)
{
    const sdag_tensor *t = &w->t.at[v];
    int64_t n = sdag_elems(&t->shape);
    double *x = SDAG_NEWS(&w->arena, double, n + 1);
    for (int64_t i = 0; i < n; i++) x[i] = sdag_bench_elem(t, i);
    return x;
}

/* Memory and arguments; x keeps them as doubles, since an op that updates states overwrites them. */
void sdag_bench_fill(sdag_bench *w, const sdag_draw *draws, uint32_t seed)
{
    sdag_interp_init(&w->t, &w->arena, &w->row.program);
    sdag_row_fill(&w->row, &w->t, draws, seed);
    for (int i = 0; i < w->row.n_in; i++) w->x[i] = sdag_bench_doubles(w, w->row.in[i]);
    for (int i = 0; i < w->row.op->n_out; i++)
        w->y[i] = SDAG_NEWS(&w->arena, double, sdag_elems(&w->t.at[w->row.out[i]].shape) + 1);
}

bool sdag_bench_run(sdag_bench *w)
{
    sdag_status s = sdag_interp_run(&w->t);
    if (s == SDAG_FAILED && w->t.wrong[0]) return sdag_bench_wrong(w, ": %s", w->t.wrong);
    return !s || sdag_bench_wrong(w, ": %s: %s", sdag_status_name(s), w->t.fault.text);
}

bool sdag_bench_ready(sdag_bench *w, sdag_optest *t, int number, unsigned only)
{
    sdag_bench_open(w, t, number);
    if (sdag_row_build(&w->row, only, NULL)) return sdag_bench_wrong(w, ": %s", sdag_bench_message(w));
    sdag_bench_fill(w, NULL, 1 + (uint32_t)number);
    return true;
}

double sdag_bench_spread(const double *y, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += isfinite(y[i]) ? y[i] * y[i] : 0;
    return n ? sqrt(sum / (double)n) : 0;
}

bool sdag_bench_close_to(double got, double want, double tolerance, double scale)
{
    if (isnan(want)) return isnan(got);
    if (isinf(want)) return got == want;
    return fabs(got - want) <= tolerance * (fabs(want) + scale) + 1e-37;
}

bool sdag_bench_values(sdag_bench *w, const char *when)
{
    const sdag_reference *f = w->test->reference;
    if (!f) return true;
    sdag_row_value(&w->row, &w->t, f, w->x, w->y);
    double tolerance = f->tolerance > 0 ? f->tolerance : 4e-6;
    for (int i = 0; i < w->row.op->n_out; i++) {
        const sdag_tensor *t = &w->t.at[w->row.out[i]];
        int64_t n = sdag_elems(&t->shape);
        double scale = t->dtype == SDAG_DT_F32 ? sdag_bench_spread(w->y[i], n) : 0;
        for (int64_t k = 0; k < n; k++)
            if (!sdag_bench_close_to(sdag_bench_elem(t, k), w->y[i][k], t->dtype == SDAG_DT_F32 ? tolerance : 0, scale))
                return sdag_bench_wrong(w, "%s: result %d[%lld] is %.9g, the reference gives %.9g", when, i,
                                        (long long)k, sdag_bench_elem(t, k), w->y[i][k]);
    }
    return true;
}
