/* The adjoint of an op against central differences of L = sum_i <gout_i, out_i>. */
#include <math.h>
#include <string.h>

#include "core/base/rng.h"
#include "runtime/optest/bench.h"

enum { PROBES = 24, DIRECTIONS = 2 };

/* A step, small enough for the curve and, in float, large enough for the rounding. The op's own float version is asked
 * with several, since no one of them suits both a bend (relu at 0) and a long sum. */
static const double steps_double[] = {1e-7, 0}, steps_float[] = {1e-2, 1e-3, 1e-4, 0};

/* What rounding can make of L in float: 2^-23 sum_i |gout_i y_i|. */
static double rounding(const sdag_bench *w)
{
    double sum = 0;
    for (int i = 0; i < w->row.op->n_out; i++)
        if (w->row.gout[i])
            for (int64_t k = 0, n = sdag_elems(&w->t.at[w->row.out[i]].shape); k < n; k++)
                sum += fabs(sdag_bench_elem(&w->t.at[w->row.gout[i]], k) * w->y[i][k]);
    return sum / (1 << 23);
}

/* dL/ds at s = 0 of x_j + s * direction. */
static double slope(sdag_bench *w, int j, const double *direction, double h)
{
    const sdag_reference *f = w->test->reference;
    int64_t n = sdag_elems(&w->t.at[w->row.in[j]].shape);
    double *was = w->x[j], *moved = SDAG_NEWS(&w->arena, double, n + 1), L[2];
    for (int side = 0; side < 2; side++) {
        for (int64_t i = 0; i < n; i++) moved[i] = was[i] + (side ? h : -h) * direction[i];
        w->x[j] = moved;
        L[side] = sdag_row_value(&w->row, &w->t, f, w->x, w->y);
    }
    w->x[j] = was;
    return (L[1] - L[0]) / (2 * h);
}

/* *want: what the last step gave. */
static bool agrees(double *want, sdag_bench *w, int j, const double *direction, double got, double tolerance,
                   double scale)
{
    const sdag_reference *f = w->test->reference;
    for (const double *h = f ? steps_double : steps_float; *h > 0; h++) {
        *want = slope(w, j, direction, *h);
        double noise = f ? 0 : fmin(rounding(w) / *h, 0.1 * (fabs(got) + scale));
        if (sdag_bench_close_to(got, *want, tolerance, scale) || fabs(got - *want) <= noise) return true;
    }
    return false;
}

static bool single_elements(sdag_bench *w, int j, const double *g, double *direction, double tolerance, sdag_rng *r)
{
    int64_t n = sdag_elems(&w->t.at[w->row.in[j]].shape);
    double size = sdag_bench_spread(g, n);
    for (int64_t p = 0; p < (n > SDAG_BENCH_SMALL ? PROBES / 3 : PROBES) && p < n; p++) {
        int64_t i = n <= PROBES ? p : (int64_t)sdag_rng_below(r, (uint32_t)n);
        memset(direction, 0, (size_t)n * sizeof *direction);
        direction[i] = 1;
        double want;
        if (!agrees(&want, w, j, direction, g[i], tolerance, size + 1e-3))
            return sdag_bench_wrong(w, ": gradient of argument %d[%lld] is %.9g, differences give %.9g", j,
                                    (long long)i, g[i], want);
    }
    return true;
}

static bool directions(sdag_bench *w, int j, const double *g, double *direction, double tolerance, sdag_rng *r)
{
    int64_t n = sdag_elems(&w->t.at[w->row.in[j]].shape);
    double size = sdag_bench_spread(g, n);
    for (int k = 0; k < DIRECTIONS && n > PROBES; k++) {
        double got = 0;
        for (int64_t i = 0; i < n; i++) {
            direction[i] = (double)sdag_rng_normal(r);
            got += g[i] * direction[i];
        }
        double want;
        if (!agrees(&want, w, j, direction, got, tolerance, size * sqrt((double)n)))
            return sdag_bench_wrong(w, ": gradient of argument %d along a direction is %.9g, differences give %.9g", j,
                                    got, want);
    }
    return true;
}

bool sdag_bench_gradient(sdag_bench *w, int j)
{
    int64_t n = sdag_elems(&w->t.at[w->row.in[j]].shape);
    sdag_val v = w->row.gin[j];
    if (v && !sdag_shape_equal(w->t.at[v].shape, w->t.at[w->row.in[j]].shape))
        return sdag_bench_wrong(w, ": the gradient of argument %d has another shape", j);
    double tolerance = w->row.check->tolerance > 0 ? w->row.check->tolerance : w->test->reference ? 1e-4 : 1e-2;
    double *g = v ? sdag_bench_doubles(w, v) : SDAG_NEWS(&w->arena, double, n + 1);
    double *direction = SDAG_NEWS(&w->arena, double, n + 1);
    sdag_rng r = sdag_rng_at(2, (uint32_t)j, 0, 0);
    w->test->gradients++;
    return single_elements(w, j, g, direction, tolerance, &r) && directions(w, j, g, direction, tolerance, &r);
}

static bool same_alone(const sdag_bench *all, sdag_bench *w, int j)
{
    if (!sdag_bench_ready(w, all->test, all->number, 1u << j) || !sdag_bench_run(w)) return false;
    sdag_val a = all->row.gin[j], b = w->row.gin[j];
    if (!a != !b)
        return sdag_bench_wrong(w, ": gradient %d exists only when others are asked for as well, or the other way", j);
    int64_t n = a ? sdag_elems(&all->t.at[a].shape) : 0;
    double *g = a ? sdag_bench_doubles(w, b) : NULL, size = sdag_bench_spread(g, n);
    for (int64_t i = 0; i < n; i++)
        if (!sdag_bench_close_to(sdag_bench_elem(&all->t.at[a], i), g[i], 1e-5, size))
            return sdag_bench_wrong(w, ": gradient %d[%lld] alone is %.9g, with others %.9g", j, (long long)i, g[i],
                                    sdag_bench_elem(&all->t.at[a], i));
    return true;
}

bool sdag_bench_alone(const sdag_bench *all, int j)
{
    sdag_bench w;
    bool ok = same_alone(all, &w, j);
    sdag_bench_close(&w);
    return ok;
}
