/* t-SNE, exact (van der Maaten & Hinton 2008, "Visualizing data using t-SNE", algorithm 1):
 *   p_j|i ~ exp(-|x_i - x_j|^2 / 2 s_i^2), s_i such that the entropy of p_.|i is log perplexity    eq. 1
 *   p_ij = (p_j|i + p_i|j) / 2n                                                                    section 3.1
 *   q_ij ~ 1 / (1 + |y_i - y_j|^2)                                                                 eq. 4
 *   dC/dy_i = 4 sum_j (p_ij - q_ij) (y_i - y_j) / (1 + |y_i - y_j|^2)                              eq. 5
 * Descent with momentum 0.5, later 0.8, a gain for every coordinate, and p times 12 in the first 250 steps. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/cpu/gemm.h"
#include "core/cpu/plane.h"

enum { EXAGGERATED = 250, SEARCH = 60 };
static const double exaggeration = 12, tiny = 1e-12;

typedef struct tsne {
    int64_t n;
    double *p, *q;            /* f64[n,n]; q: 1 / (1 + |y_i - y_j|^2), not yet divided by its sum */
    double *y;                /* f64[n,2] */
    double *speed, *gain, *g; /* f64[n,2] */
    double sum;               /* of q */
} tsne;

/* Squared distances of the rows of x, to f64[n,n]. */
static sdag_status distances(double *to, const float *x, int64_t n, int64_t d)
{
    float *dots = sdag_alloc_array((size_t)n, (size_t)n * sizeof *dots);
    if (!dots) return SDAG_NOMEM;
    sdag_status s = SDAG_OK;
    sdag_gemm(false, true, n, n, d, 1, x, d, x, d, 0, dots, n);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double v = (double)dots[i * n + i] + (double)dots[j * n + j] - 2 * (double)dots[i * n + j];
            if (!isfinite(v)) s = SDAG_FAILED;
            to[i * n + j] = i == j || v < 0 ? 0 : v;
        }
    sdag_free(dots);
    return s;
}

/* The row p_.|i from its distances, in place: the width is found by bisection on b = 1 / 2 s_i^2. */
static void set_row(double *row, int64_t n, int64_t i, double entropy, double *work)
{
    double b = 1, lo = 0, hi = INFINITY, least = INFINITY, mean = 0;
    for (int64_t j = 0; j < n; j++) {
        if (j != i && row[j] < least) least = row[j];
        mean += row[j];
    }
    if (mean > 0) b = (double)n / mean;
    for (int turn = 0; turn < SEARCH; turn++) {
        double sum = 0, weighted = 0;
        for (int64_t j = 0; j < n; j++) {
            work[j] = j == i ? 0 : exp(-b * (row[j] - least)); /* the nearest one has 1: nothing underflows together */
            sum += work[j];
            weighted += work[j] * (row[j] - least);
        }
        const double h = log(sum) + b * weighted / sum, off = h - entropy;
        if (fabs(off) < 1e-7) break;
        if (off > 0) lo = b;
        else hi = b;
        b = isinf(hi) ? 2 * b : (lo + hi) / 2;
    }
    double sum = 0;
    for (int64_t j = 0; j < n; j++) sum += work[j];
    for (int64_t j = 0; j < n; j++) row[j] = work[j] / sum;
}

static void set_p(tsne *t, double perplexity)
{
    const int64_t n = t->n;
    for (int64_t i = 0; i < n; i++) set_row(t->p + i * n, n, i, log(perplexity), t->q);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++) {
            const double v = (t->p[i * n + j] + t->p[j * n + i]) / (2 * (double)n);
            t->p[i * n + j] = t->p[j * n + i] = v > tiny ? v : tiny;
        }
}

static void set_q(tsne *t)
{
    const int64_t n = t->n;
    t->sum = 0;
    for (int64_t i = 0; i < n; i++) {
        const double a = t->y[2 * i], b = t->y[2 * i + 1];
        double row = 0;
        for (int64_t j = 0; j < i; j++) {
            const double u = a - t->y[2 * j], v = b - t->y[2 * j + 1];
            row += t->q[i * n + j] = 1 / (1 + u * u + v * v);
        }
        t->sum += 2 * row;
    }
}

static void set_gradient(tsne *t, double times)
{
    const int64_t n = t->n;
    memset(t->g, 0, 2 * (size_t)n * sizeof *t->g);
    for (int64_t i = 0; i < n; i++) {
        double gu = 0, gv = 0;
        for (int64_t j = 0; j < i; j++) {
            const double q = t->q[i * n + j], f = 4 * (times * t->p[i * n + j] - q / t->sum) * q;
            const double u = f * (t->y[2 * i] - t->y[2 * j]), v = f * (t->y[2 * i + 1] - t->y[2 * j + 1]);
            gu += u;
            gv += v;
            t->g[2 * j] -= u;
            t->g[2 * j + 1] -= v;
        }
        t->g[2 * i] += gu;
        t->g[2 * i + 1] += gv;
    }
}

/* One step; gains as in Jacobs 1988: they grow while the direction stays. */
static void descend(tsne *t, int64_t step, double rate)
{
    const bool early = step < EXAGGERATED;
    const double momentum = early ? 0.5 : 0.8;
    set_q(t);
    set_gradient(t, early ? exaggeration : 1);
    for (int64_t i = 0; i < 2 * t->n; i++) {
        const bool turned = t->g[i] * t->speed[i] > 0;
        t->gain[i] = turned ? t->gain[i] * 0.8 : t->gain[i] + 0.2;
        if (t->gain[i] < 0.01) t->gain[i] = 0.01;
        t->speed[i] = momentum * t->speed[i] - rate * t->gain[i] * t->g[i];
        t->y[i] += t->speed[i];
    }
}

/* The principal components, so small that all points feel each other: the first has a deviation of 1e-4. */
static sdag_status start(tsne *t, const float *x, int64_t d)
{
    double square = 0;
    sdag_status s = sdag_plane_pca(t->y, x, t->n, d);
    for (int64_t i = 0; i < t->n; i++) square += t->y[2 * i] * t->y[2 * i];
    const double scale = square > 0 ? 1e-4 / sqrt(square / (double)t->n) : 0;
    for (int64_t i = 0; i < 2 * t->n; i++) {
        t->y[i] *= scale;
        t->gain[i] = 1;
    }
    return s;
}

static double divergence(const tsne *t)
{
    double kl = 0;
    for (int64_t i = 0; i < t->n; i++)
        for (int64_t j = 0; j < i; j++) {
            const double p = t->p[i * t->n + j], q = t->q[i * t->n + j] / t->sum;
            kl += 2 * p * log(p / (q > DBL_MIN ? q : DBL_MIN));
        }
    return kl;
}

sdag_status sdag_plane_tsne(double *xy, const float *x, int64_t n, int64_t d, const sdag_tsne_options *o, double *kl)
{
    const double most = (double)(n - 1) / 3, auto_rate = fmax((double)n / exaggeration / 4, 50);
    size_t squares;
    if (n < 4) return SDAG_FAILED;
    if (!sdag_mul_size(&squares, (size_t)n, (size_t)n)) return SDAG_NOMEM;
    tsne t = {.n = n, .y = xy};
    t.p = sdag_alloc_array(squares, sizeof *t.p);
    t.q = sdag_alloc_array(squares, sizeof *t.q);
    t.speed = sdag_alloc_array((size_t)n, 2 * sizeof *t.speed);
    t.gain = sdag_alloc_array((size_t)n, 2 * sizeof *t.gain);
    t.g = sdag_alloc_array((size_t)n, 2 * sizeof *t.g);
    sdag_status s = t.p && t.q && t.speed && t.gain && t.g ? distances(t.p, x, n, d) : SDAG_NOMEM;
    if (!s) s = start(&t, x, d);
    if (!s) set_p(&t, o->perplexity < most ? o->perplexity : most);
    for (int64_t i = 0; i < o->steps && !s; i++) descend(&t, i, o->rate > 0 ? o->rate : auto_rate);
    if (!s) set_q(&t);
    if (!s && kl) *kl = divergence(&t);
    double *const owned[] = {t.p, t.q, t.speed, t.gain, t.g};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) sdag_free(owned[i]);
    return s;
}
