/* Every operation against its naive double version, by the rows of its own `check` table.
 *
 *   test_ops            all of them
 *   test_ops 'batch*'   those whose names match
 *
 * For each row: the value; the gradient against central differences; tiles in any order, in place and with other
 * garbage in workspace (support/interp.c); NaN stays NaN; every allocation failing in turn; arguments of other types
 * and shapes are refused with a message or computed rightly. Ops that only adjoints use are met in their programs; the
 * ones that have rows of their own are tested by them as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "core/ops/ops.h"
#include "tests/ops/row.h"

enum { PROBES = 24, DIRECTIONS = 2, SMALL = 2048, SEEN_MAX = 512 };

static const sdag_op *seen[SEEN_MAX];
static int n_seen;

/* ---- a row, built and run ---- */

typedef struct bench {
    sdag_arena arena;
    sdag_row row;
    sdag_interp t;
    int number; /* of the row */
    double *x[SDAG_IN_MAX], *y[SDAG_OUT_MAX];
} bench;

static void bench_open(bench *w, const sdag_op *op, int number)
{
    *w = (bench){.number = number};
    sdag_arena_init(&w->arena);
    w->row = (sdag_row){.op = op, .check = &op->check[number], .arena = &w->arena, .log = sdag_log_create(NULL)};
}

static void bench_close(bench *w)
{
    sdag_log_destroy(w->row.log);
    sdag_arena_free(&w->arena);
}

static const char *bench_message(const bench *w)
{
    int n = sdag_log_count(w->row.log);
    return n ? sdag_log_at(w->row.log, n - 1)->text : "no message";
}

static double elem(const sdag_tensor *t, int64_t i)
{
    if (t->dtype == SDAG_DT_F32) return (double)((const float *)t->data)[i];
    return t->dtype == SDAG_DT_I32 ? (double)((const int32_t *)t->data)[i] : (double)((const uint8_t *)t->data)[i];
}

static double *doubles_of(bench *w, sdag_val v)
{
    const sdag_tensor *t = &w->t.at[v];
    int64_t n = sdag_elems(&t->shape);
    double *x = SDAG_NEWS(&w->arena, double, n + 1);
    for (int64_t i = 0; i < n; i++) x[i] = elem(t, i);
    return x;
}

/* Memory and arguments; x keeps them as doubles, since an op that updates states overwrites them. */
static void bench_fill(bench *w, const sdag_draw *draws, uint32_t seed)
{
    sdag_interp_init(&w->t, &w->arena, &w->row.program);
    sdag_row_fill(&w->row, &w->t, draws, seed);
    for (int i = 0; i < w->row.n_in; i++) w->x[i] = doubles_of(w, w->row.in[i]);
    for (int i = 0; i < w->row.op->n_out; i++)
        w->y[i] = SDAG_NEWS(&w->arena, double, sdag_elems(&w->t.at[w->row.out[i]].shape) + 1);
}

static void bench_run(bench *w)
{
    sdag_status s = sdag_interp_run(&w->t);
    if (s == SDAG_FAILED && w->t.wrong[0]) fail_msg("row %d: %s", w->number, w->t.wrong);
    if (s) fail_msg("row %d: %s: %s", w->number, sdag_status_name(s), w->t.fault.text);
}

static void bench_ready(bench *w, const sdag_op *op, int number, unsigned only)
{
    bench_open(w, op, number);
    if (sdag_row_build(&w->row, only, NULL)) fail_msg("row %d: %s", number, bench_message(w));
    bench_fill(w, NULL, 1 + (uint32_t)number);
}

/* ---- values ---- */

static double spread(const double *y, int64_t n) /* root mean square of what is finite */
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += isfinite(y[i]) ? y[i] * y[i] : 0;
    return n ? sqrt(sum / (double)n) : 0;
}

static bool close_to(double got, double want, double tolerance, double scale)
{
    if (isnan(want)) return isnan(got);
    if (isinf(want)) return got == want;
    return fabs(got - want) <= tolerance * (fabs(want) + scale) + 1e-37;
}

static void check_values(bench *w, const sdag_reference *f, const char *when)
{
    sdag_row_value(&w->row, &w->t, f, w->x, w->y);
    double tolerance = f->tolerance > 0 ? f->tolerance : 4e-6;
    for (int i = 0; i < w->row.op->n_out; i++) {
        const sdag_tensor *t = &w->t.at[w->row.out[i]];
        int64_t n = sdag_elems(&t->shape);
        double scale = t->dtype == SDAG_DT_F32 ? spread(w->y[i], n) : 0;
        for (int64_t k = 0; k < n; k++)
            if (!close_to(elem(t, k), w->y[i][k], t->dtype == SDAG_DT_F32 ? tolerance : 0, scale))
                fail_msg("row %d%s: result %d[%lld] is %.9g, the reference gives %.9g", w->number, when, i,
                         (long long)k, elem(t, k), w->y[i][k]);
    }
}

/* ---- gradients ---- */

/* dL/ds at s = 0 of x_j + s * direction. */
static double slope(bench *w, const sdag_reference *f, int j, const double *direction)
{
    int64_t n = sdag_elems(&w->t.at[w->row.in[j]].shape);
    double *was = w->x[j], *moved = SDAG_NEWS(&w->arena, double, n + 1), h = f ? 1e-7 : 1e-2, L[2];
    for (int side = 0; side < 2; side++) {
        for (int64_t i = 0; i < n; i++) moved[i] = was[i] + (side ? h : -h) * direction[i];
        w->x[j] = moved;
        L[side] = sdag_row_value(&w->row, &w->t, f, w->x, w->y);
    }
    w->x[j] = was;
    return (L[1] - L[0]) / (2 * h);
}

static void check_gradient(bench *w, const sdag_reference *f, int j)
{
    int64_t n = sdag_elems(&w->t.at[w->row.in[j]].shape);
    sdag_val v = w->row.gin[j];
    if (v && !sdag_shape_equal(w->t.at[v].shape, w->t.at[w->row.in[j]].shape))
        fail_msg("row %d: the gradient of argument %d has another shape", w->number, j);
    double tolerance = w->row.check->tolerance > 0 ? w->row.check->tolerance : f ? 1e-4 : 1e-2;
    double *g = v ? doubles_of(w, v) : SDAG_NEWS(&w->arena, double, n + 1), size = spread(g, n);
    double *direction = SDAG_NEWS(&w->arena, double, n + 1);
    sdag_rng r = sdag_rng_at(2, (uint32_t)j, 0, 0);
    for (int64_t p = 0; p < (n > SMALL ? PROBES / 3 : PROBES) && p < n; p++) {
        int64_t i = n <= PROBES ? p : (int64_t)sdag_rng_below(&r, (uint32_t)n);
        memset(direction, 0, (size_t)n * sizeof *direction);
        direction[i] = 1;
        double want = slope(w, f, j, direction);
        if (!close_to(g[i], want, tolerance, size + 1e-3))
            fail_msg("row %d: gradient of argument %d[%lld] is %.9g, differences give %.9g", w->number, j, (long long)i,
                     g[i], want);
    }
    for (int k = 0; k < DIRECTIONS && n > PROBES; k++) {
        double got = 0;
        for (int64_t i = 0; i < n; i++) {
            direction[i] = (double)sdag_rng_normal(&r);
            got += g[i] * direction[i];
        }
        double want = slope(w, f, j, direction);
        if (!close_to(got, want, tolerance, size * sqrt((double)n)))
            fail_msg("row %d: gradient of argument %d along a direction is %.9g, differences give %.9g", w->number, j,
                     got, want);
    }
}

/* Asking for one gradient alone gives what asking for all gave. */
static void check_alone(const bench *all, int j)
{
    bench w;
    bench_ready(&w, all->row.op, all->number, 1u << j);
    bench_run(&w);
    sdag_val a = all->row.gin[j], b = w.row.gin[j];
    if (!a != !b)
        fail_msg("row %d: gradient %d exists only when others are asked for as well, or the other way", w.number, j);
    int64_t n = a ? sdag_elems(&all->t.at[a].shape) : 0;
    double *g = a ? doubles_of(&w, b) : NULL, size = spread(g, n);
    for (int64_t i = 0; i < n; i++)
        if (!close_to(elem(&all->t.at[a], i), g[i], 1e-5, size))
            fail_msg("row %d: gradient %d[%lld] alone is %.9g, with others %.9g", w.number, j, (long long)i, g[i],
                     elem(&all->t.at[a], i));
    bench_close(&w);
}

/* ---- NaN ---- */

static void check_nan(const sdag_op *op, int number, const sdag_reference *f, int j)
{
    bench w;
    bench_ready(&w, op, number, 0);
    const sdag_tensor *t = &w.t.at[w.row.in[j]];
    int64_t n = sdag_elems(&t->shape);
    if (t->dtype == SDAG_DT_F32 && n > 0) {
        ((float *)t->data)[n / 2] = NAN;
        w.x[j][n / 2] = NAN;
        w.t.plain = true;
        bench_run(&w);
        sdag_row_value(&w.row, &w.t, f, w.x, w.y);
        for (int i = 0; i < op->n_out; i++)
            for (int64_t k = 0; k < sdag_elems(&w.t.at[w.row.out[i]].shape); k++)
                if (isnan(w.y[i][k]) && !isnan(elem(&w.t.at[w.row.out[i]], k)))
                    fail_msg("row %d: NaN in argument %d is lost in result %d[%lld]", number, j, i, (long long)k);
    }
    bench_close(&w);
}

/* A gradient that comes in as NaN must be seen in every gradient that goes out (and was not zero anyway). */
static void check_nan_gradient(const bench *all)
{
    bench w;
    bench_ready(&w, all->row.op, all->number, ~0u);
    for (int i = 0; i < w.row.op->n_out; i++)
        for (int64_t k = 0; w.row.gout[i] && k < sdag_elems(&w.t.at[w.row.gout[i]].shape); k++)
            SDAG_DATA_F32(w.t.at[w.row.gout[i]])[k] = NAN;
    w.t.plain = true;
    bench_run(&w);
    for (int j = 0; j < w.row.n_in; j++) {
        if (!w.row.gin[j]) continue;
        int64_t n = sdag_elems(&w.t.at[w.row.gin[j]].shape), alive = 0, nan = 0;
        for (int64_t k = 0; k < n; k++) {
            alive += elem(&all->t.at[all->row.gin[j]], k) != 0;
            nan += isnan(elem(&w.t.at[w.row.gin[j]], k));
        }
        if (alive && !nan) fail_msg("row %d: NaN that comes in is lost in gradient %d", w.number, j);
    }
    bench_close(&w);
}

/* ---- memory that runs out ---- */

static sdag_status build_all(void *row) { return sdag_row_build(row, ~0u, NULL); }

static void check_out_of_memory(const sdag_op *op, int number)
{
    for (uint64_t nth = 1;; nth++) {
        uint64_t used = 0;
        for (int forever = 0; forever < 2; forever++) {
            bench w;
            bench_open(&w, op, number);
            uint64_t before = sdag_alloc_count();
            sdag_alloc_fail(nth, forever);
            sdag_status s = sdag_arena_try(&w.arena, build_all, &w.row);
            sdag_alloc_fail(0, false);
            used = sdag_alloc_count() - before;
            if (s != SDAG_OK && s != SDAG_NOMEM)
                fail_msg("row %d: allocation %d failing gives '%s'", number, (int)nth, sdag_status_name(s));
            if (s == SDAG_OK && used >= nth) fail_msg("row %d: allocation %d failing is not noticed", number, (int)nth);
            bench_close(&w);
        }
        if (used < nth) return;
    }
}

/* ---- other arguments than the row's ---- */

static bool mutate(sdag_draw *d, int how)
{
    sdag_shape *s = &d->shape;
    switch (how) {
    case 0: d->dtype = d->dtype == SDAG_DT_F32 ? SDAG_DT_I32 : SDAG_DT_F32; break;
    case 1: d->dtype = d->dtype == SDAG_DT_U8 ? SDAG_DT_F32 : SDAG_DT_U8; break;
    case 2: *s = SDAG_SCALAR; return true;
    case 3: *s = SDAG_SHAPE(3); return true;
    case 4:
        if (!s->rank) return false;
        s->d[s->rank - 1]++;
        return true;
    case 5:
        if (!s->rank) return false;
        s->d[0]++;
        return true;
    case 6:
        if (s->rank == SDAG_RANK_MAX) return false;
        memmove(s->d + 1, s->d, (size_t)s->rank * sizeof s->d[0]);
        s->d[0] = 2;
        s->rank++;
        return true;
    case 7:
        if (!s->rank) return false;
        s->rank--;
        memmove(s->d, s->d + 1, (size_t)s->rank * sizeof s->d[0]);
        return true;
    case 8:
        if (!s->rank) return false;
        s->d[0] = 0;
        return true;
    case 9:
        if (!s->rank) return false;
        s->d[s->rank - 1] = 0;
        return true;
    default: return false;
    }
    d->how = d->dtype == SDAG_DT_F32 ? SDAG_DRAW_FREE : SDAG_DRAW_WHOLE;
    if (d->bound < 1) d->bound = 3;
    return true;
}

enum { MUTATIONS = 10 };

static void check_mutation(const sdag_op *op, int number, const sdag_reference *f, int j, int how)
{
    bench w;
    sdag_draw draws[SDAG_IN_MAX];
    bench_open(&w, op, number);
    for (int i = 0; i < SDAG_IN_MAX && w.row.check->in[i]; i++) sdag_draw_parse(&draws[i], w.row.check->in[i]);
    if (mutate(&draws[j], how)) {
        char text[SDAG_SHAPE_TEXT];
        sdag_shape_text(text, draws[j].dtype, draws[j].shape);
        sdag_status s = sdag_row_build(&w.row, ~0u, draws);
        if (s && w.row.out[0]) fail_msg("row %d, argument %d %s: adjoint: %s", number, j, text, bench_message(&w));
        if (s && (sdag_log_errors(w.row.log) != 1 || !strstr(bench_message(&w), op->name)))
            fail_msg("row %d, argument %d %s: %d messages, the last: %s", number, j, text, sdag_log_errors(w.row.log),
                     bench_message(&w));
        if (!s) {
            char when[SDAG_SHAPE_TEXT + 40];
            snprintf(when, sizeof when, ", argument %d %s", j, text);
            bench_fill(&w, draws, 7);
            s = sdag_interp_run(&w.t);
            if (s == SDAG_FAILED && w.t.wrong[0]) fail_msg("row %d%s: %s", number, when, w.t.wrong);
            if (!s && f) check_values(&w, f, when);
        }
    }
    bench_close(&w);
}

static void check_count(const sdag_op *op, int number)
{
    bench w;
    bench_open(&w, op, number);
    sdag_op_check fewer = *w.row.check;
    int n = 0, max = op->n_in_max ? op->n_in_max : op->n_in;
    while (n < SDAG_IN_MAX && fewer.in[n]) n++;
    assert_in_range(n, op->n_in, max);
    if (op->n_in > 1) { /* an op on states needs at least those */
        memset(fewer.in + op->n_in - 1, 0, sizeof fewer.in - (size_t)(op->n_in - 1) * sizeof fewer.in[0]);
        w.row.check = &fewer;
        assert_int_equal(sdag_row_build(&w.row, 0, NULL), SDAG_INVALID);
        assert_int_equal(sdag_log_errors(w.row.log), 1);
    }
    bench_close(&w);
}

/* ---- a row, an op, all ops ---- */

static void meet(const sdag_op *op)
{
    for (int i = 0; i < n_seen; i++)
        if (seen[i] == op) return;
    assert_true(n_seen < SEEN_MAX);
    seen[n_seen++] = op;
}

static void check_row(const sdag_op *op, int number)
{
    const sdag_reference *f = sdag_reference_find(op->name);
    bench w;
    bench_ready(&w, op, number, ~0u);
    for (int i = 0; i < w.row.program.ops.n; i++) meet(w.row.program.ops.at[i].op);
    bench_run(&w);
    if (f) check_values(&w, f, "");
    int64_t elems = 0;
    int wanted = 0, n_in = w.row.n_in;
    for (int j = 0; j < n_in; j++) elems += sdag_elems(&w.t.at[w.row.in[j]].shape);
    for (int j = 0; j < n_in; j++) wanted += w.row.wants[j];
    for (int j = 0; j < n_in; j++)
        if (w.row.wants[j]) check_gradient(&w, f, j);
    for (int j = 0; j < n_in && wanted > 1; j++)
        if (w.row.wants[j]) check_alone(&w, j);
    if (wanted) check_nan_gradient(&w);
    bench_close(&w);
    if (elems > SMALL) return;
    for (int j = 0; j < n_in; j++) {
        if (f) check_nan(op, number, f, j);
        for (int how = 0; how < MUTATIONS; how++) check_mutation(op, number, f, j, how);
    }
    check_count(op, number);
    check_out_of_memory(op, number);
}

static void check_op(const sdag_op *op)
{
    assert_non_null(op->name);
    assert_non_null(op->math);
    assert_non_null(op->shape);
    assert_in_range(op->n_out, 1, SDAG_OUT_MAX);
    assert_true(op->cpu.run || op->flags & SDAG_OP_VIEW);
    assert_false(op->flags & SDAG_OP_NOGRAD && op->grad);
    for (int i = 0; op->check && op->check[i].in[0]; i++) check_row(op, i);
}

static void test_op(void **state)
{
    const sdag_op *op = *state;
    int first = n_seen;
    if (!op->check && !(op->flags & SDAG_OP_SAMPLES)) fail_msg("%s has no row to check", op->name);
    if (!(op->flags & SDAG_OP_NOGRAD)) assert_true(op->grad || op->flags & SDAG_OP_UPDATES);
    meet(op);
    check_op(op);
    int n;
    const sdag_op *const *table = sdag_op_table(&n);
    for (int i = first; i < n_seen; i++) { /* ops that were met and are tested nowhere else */
        bool listed = false;
        for (int k = 0; k < n; k++) listed |= table[k] == seen[i];
        if (!listed) check_op(seen[i]);
    }
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[SEEN_MAX];
    int n, n_tests = 0;
    const sdag_op *const *table = sdag_op_table(&n);
    for (int i = 0; i < n && i < SEEN_MAX; i++)
        if (table[i]) /* a build of some ops alone leaves holes */
            tests[n_tests++] = (struct CMUnitTest){
                .name = table[i]->name, .test_func = test_op, .initial_state = (void *)(uintptr_t)table[i]};
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return _cmocka_run_group_tests("ops", tests, (size_t)n_tests, NULL, NULL);
}
