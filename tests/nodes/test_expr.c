/* type: expr. Every function of formulas against a naive double version, value and gradient (central differences of
 * it); losses written as formulas against the built-in ones; what becomes of views, parameters and trained numbers.
 * What is refused is in tests/bad, PyTorch's numbers in tests/parity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/rng.h"
#include "graphs/expr/functions.h"
#include "tests/support/formula.h"
#include "tests/support/pipeline.h"

enum { N = 4, MOST = 64 };

static pipeline p;
static char text[4000];
static pipeline_options options = {.yaml = text, .types = formula_types, .fill = formula_weight, .train = true};

/* One training step of nodes, whose loss is `loss`. */
static void run(const char *nodes)
{
    int n = snprintf(text, sizeof text,
                     "version: 1\nphases:\n  a:\n    steps: 4\n    nodes:\n%s"
                     "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n",
                     nodes);
    assert_true(n > 0 && n < (int)sizeof text);
    if (pipeline_open(&p, &options)) fail_msg("the pipeline does not open:\n%s", text);
    assert_int_equal(pipeline_step(&p), SDAG_OK);
}

/* ---- the table: x, y f32[4,4], label i32[4] */

static int label[N];
typedef double matrix[N][N];

/* Each writes its result and returns how many numbers that is. */
typedef int reference(double *out, matrix x, matrix y);

#define ALL(i, j)               \
    for (int i = 0; i < N; i++) \
        for (int j = 0; j < N; j++)
#define EACH(name, formula)                          \
    static int name(double *out, matrix x, matrix y) \
    {                                                \
        ALL(i, j)                                    \
        {                                            \
            const double u = x[i][j], v = y[i][j];   \
            (void)u, (void)v;                        \
            out[i * N + j] = (formula);              \
        }                                            \
        return N * N;                                \
    }
EACH(r_arith, 2 * u - v / 4 + u * v - 3 / (v * v + 1))
EACH(r_powers, pow(fabs(u) + 1, 1.5) - pow(u, 3) + sqrt(v * v + 1) + 1 / (u * u + 2) + pow(2, v) - u * u)
EACH(r_tensor_power, pow(fabs(u) + 0.5, v))
EACH(r_compare, ((u < v) + 2 * (u <= v) + 4 * (u > v) + 8 * (u >= v) + 16 * (u == u) + 32 * (u != v)) * (u + v))
EACH(r_exp, exp(u) + log(v * v + 1) + tanh(v) + sqrt(v * v + 1))
EACH(r_relu, (u > 0 ? u : 0) + fabs(v) + u * 0.5 * erfc(-u / sqrt(2)))
EACH(r_sigmoid, 1 / (1 + exp(-u)) + log1p(exp(3 * v)) - log1p(exp(-9 * u)))
EACH(r_clamp, fmin(fmax(u, -0.5), 0.25) + fmax(u, v) - fmin(u, v) + fmax(0.1, v) + fmin(u, 0.2))
EACH(r_where, u > 0 ? u * v : 3)
EACH(r_stop, x[i][j] * 7)

static double rowsum(matrix x, int i)
{
    double s = 0;
    for (int j = 0; j < N; j++) s += x[i][j];
    return s;
}
static double variance(const double *at, int n, int step, double free)
{
    double m = 0, s = 0;
    for (int i = 0; i < n; i++) m += at[i * step] / n;
    for (int i = 0; i < n; i++) s += (at[i * step] - m) * (at[i * step] - m);
    return s / (n - free);
}
static double lse(const double *at, int step)
{
    double s = 0;
    for (int i = 0; i < N; i++) s += exp(at[i * step]);
    return log(s);
}
static double length(const double *at, int step)
{
    double s = 0;
    for (int i = 0; i < N; i++) s += at[i * step] * at[i * step];
    return sqrt(s);
}
static double mean_of(const double *at, int step) { return (at[0] + at[step] + at[2 * step] + at[3 * step]) / N; }

static int r_sums(double *out, matrix x, matrix y)
{
    double all = 0;
    ALL(i, j) all += y[i][j];
    for (int i = 0; i < N; i++) out[i] = rowsum(x, i) + all + all / 16 + mean_of(&x[0][i], N);
    return N;
}
static int r_keep(double *out, matrix x, matrix y)
{
    ALL(i, j) out[i * N + j] = x[i][j] - rowsum(x, i) + mean_of(&y[0][j], N);
    return N * N;
}
static int r_extremes(double *out, matrix x, matrix y)
{
    double top = -9, low = 9;
    ALL(i, j) top = fmax(top, y[i][j]);
    ALL(i, j) low = fmin(low, y[i][j]);
    for (int i = 0; i < N; i++) {
        double m = x[i][0], k = x[0][i];
        for (int j = 1; j < N; j++) m = fmax(m, x[i][j]), k = fmin(k, x[j][i]);
        out[i] = m + k + top + low;
    }
    return N;
}
static int r_var(double *out, matrix x, matrix y)
{
    for (int i = 0; i < N; i++)
        out[i] = variance(&x[0][i], N, N, 1) + sqrt(variance(y[i], N, 1, 0) + 0.01) + variance(&y[0][0], N * N, 1, 0);
    return N;
}
static int r_softmax(double *out, matrix x, matrix y)
{
    ALL(i, j)
    out[i * N + j] = exp(x[i][j] - lse(x[i], 1)) + y[i][j] - lse(&y[0][j], N) + lse(x[i], 1) * lse(&y[0][j], N);
    return N * N;
}
static int r_normalize(double *out, matrix x, matrix y)
{
    ALL(i, j) out[i * N + j] = x[i][j] / length(x[i], 1) + y[i][j] / length(&y[0][j], N);
    return N * N;
}
static int r_standard(double *out, matrix x, matrix y)
{
    ALL(i, j)
    out[i * N + j] = (x[i][j] - mean_of(&x[0][j], N)) / sqrt(variance(&x[0][j], N, N, 0) + 1e-5) + y[i][j] -
                     mean_of(&y[0][j], N) + y[i][j] - mean_of(y[i], 1);
    return N * N;
}
static double at_product(matrix x, matrix y, int i, int j, int tx, int ty)
{
    double s = 0;
    for (int k = 0; k < N; k++) s += (tx ? x[k][i] : x[i][k]) * (ty ? y[j][k] : y[k][j]);
    return s;
}
static int r_products(double *out, matrix x, matrix y)
{
    ALL(i, j)
    out[i * N + j] = at_product(x, y, i, j, 0, 1) / 3 - 2 * at_product(x, y, i, j, 1, 0) +
                     at_product(x, x, i, j, 0, 0) + at_product(y, x, i, j, 1, 1) + at_product(y, x, j, i, 0, 0) +
                     x[j][i] + 1;
    return N * N;
}
static int r_nested(double *out, matrix x, matrix y) /* (x @ y)' @ (x - 1) */
{
    matrix xy, x1;
    ALL(i, j) xy[i][j] = at_product(x, y, i, j, 0, 0);
    ALL(i, j) x1[i][j] = x[i][j] - 1;
    ALL(i, j) out[i * N + j] = at_product(xy, x1, i, j, 1, 0);
    return N * N;
}
static int r_diag(double *out, matrix x, matrix y)
{
    ALL(i, j)
    out[i * N + j] = x[i][i] * (i == j ? 0 : y[i][j]) + (i == j ? 5 : x[i][j]) + (i == j ? y[i][j] : 0) +
                     (x[0][0] + x[1][1] + x[2][2] + x[3][3]);
    return N * N;
}
static int r_dot(double *out, matrix x, matrix y)
{
    for (int i = 0; i < N; i++) {
        out[i] = 0;
        for (int j = 0; j < N; j++) out[i] += x[i][j] * y[i][j];
    }
    return N;
}
static int r_entropy(double *out, matrix x, matrix y)
{
    (void)y;
    for (int i = 0; i < N; i++) {
        out[i] = lse(x[i], 1) - x[i][label[i]] + lse(x[i], 1) - x[i][(i + 3) % N];
        for (int j = 0; j < N; j++) out[i] += (lse(x[i], 1) - x[i][j]) / N;
    }
    return N;
}
static int r_masked(double *out, matrix x, matrix y)
{
    (void)y;
    for (int i = 0; i < N; i++) {
        double s = 0;
        for (int j = 0; j < N; j++) s += i == j ? 0 : exp(x[i][j]);
        out[i] = log(s);
    }
    return N;
}
static int r_labels(double *out, matrix x, matrix y)
{
    ALL(i, j)
    out[i * N + j] =
        (label[i] == label[j]) * x[i][j] + (label[i] == j) * y[i][j] + x[label[i]][j] + label[i] / 2.0 * y[i][j];
    return N * N;
}
static int r_moving(double *out, matrix x, matrix y)
{
    for (int i = 0; i < 2 * N; i++)
        for (int j = 0; j < N; j++)
            out[i * N + j] = (i < N ? x[i][j] : y[i - N][j]) * (i < N ? y[(i + N - 1) % N][j] : x[(i - N + 1) % N][j]);
    return 2 * N * N;
}
static int r_shapes(double *out, matrix x, matrix y)
{
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 8; j++)
            out[i * 8 + j] = (&x[0][0])[i * 8 + j] * (j < 4 ? y[1 + i][j] : x[i][j - 3 > 3 ? 3 : j - 3]);
    return 16;
}
static int r_sizes(double *out, matrix x, matrix y)
{
    (void)y;
    ALL(i, j) out[i * N + j] = x[i][j] * (4 + 10 * 4 + 100 * 16 + M_PI + 1 - exp(2) + 3);
    return N * N;
}

static const struct {
    const char *formula;
    reference *of;
} rows_of_table[] = {
    {"2 * x - y / 4 + x * y - 3 / (y * y + 1)", r_arith},
    {"(abs(x) + 1)^1.5 - x^3 + (square(y) + 1)^0.5 + (x^2 + 2)^-1 + 2^y - x*x", r_powers},
    {"(abs(x) + 0.5)^y", r_tensor_power},
    {"((x < y) + 2 * (x <= y) + 4 * (x > y) + 8 * (x >= y) + 16 * (x == x) + 32 * (x != y)) * (x + y)", r_compare},
    {"exp(x) + log(y^2 + 1) + tanh(y) + sqrt(y^2 + 1)", r_exp},
    {"relu(x) + abs(y) + gelu(x)", r_relu},
    {"sigmoid(x) + softplus(3 * y) + log_sigmoid(9 * x)", r_sigmoid},
    {"clamp(x, -0.5, 0.25) + maximum(x, y) - minimum(x, y) + maximum(0.1, y) + minimum(x, 0.2)", r_clamp},
    {"where(x > 0, x * y, 3)", r_where},
    {"logsumexp(where(eye(4) > 0, -inf, x))", r_masked},
    {"7 * x", r_stop},
    {"sum(x, 1) + sum(y) + mean(y, axis=[0, 1]) + mean(x, axis=0)", r_sums},
    {"x - sum(x, axis=-1, keep=true) + mean(y, axis=0)", r_keep},
    {"max(x, axis=1) + min(x, axis=0) + max(y) + min(y, [0, 1])", r_extremes},
    {"var(x, axis=0, unbiased=true) + std(y, axis=1, eps=0.01) + var(y)", r_var},
    {"softmax(x) + log_softmax(y, axis=0) + column(logsumexp(x)) * row(logsumexp(y, axis=0))", r_softmax},
    {"normalize(x) + normalize(y, axis=0)", r_normalize},
    {"standardize(x) + center(y) + center(y, axis=1)", r_standard},
    {"x @ y' / 3 - 2 * x' @ y + x @ x + y' @ x' + (y @ x)' + transpose(x) + 1", r_products},
    {"(x @ y)' @ (x - 1)", r_nested},
    {"column(diag(x)) * offdiag(y) + offdiag(x, 5) + eye(rows(x)) * y + trace(x)", r_diag},
    {"dot(x, y)", r_dot},
    {"cross_entropy(x, l) + cross_entropy(x, roll(arange(4), 1)) + cross_entropy(x, stop_grad(0 * x + 0.25))",
     r_entropy},
    {"(column(l) == row(l)) * x + onehot(l, 4) * y + gather(x, l) + column(l / 2) * y", r_labels},
    {"concat(x, y) * concat(roll(y, 1), roll(x, -1))", r_moving},
    {"reshape(x, [2, -1]) * concat(slice(y, 1, 3), concat(slice(slice(x, 0, 2), 1, 4, axis=1), slice(slice(x, 0, 2), "
     "3, "
     "4, axis=1), axis=1), axis=1)",
     r_shapes},
    {"x * (rows(x) + 10 * columns(x) + 100 * count(x) + pi + true - exp(2) + min(3))", r_sizes},
};
enum { ROWS = sizeof rows_of_table / sizeof rows_of_table[0] };

static double functional(reference *of, matrix x, matrix y)
{
    double out[MOST], sum = 0;
    int n = of(out, x, y);
    for (int i = 0; i < n; i++) sum += out[i] * (double)formula_number(sdag_hash32("functional"), (uint32_t)i);
    return sum;
}

static void near(const char *what, int i, double got, double want, double scale)
{
    if (!(fabs(got - want) <= 1e-5 * (scale + 0.1))) fail_msg("%s, number %d: %.9g is not %.9g", what, i, got, want);
}

static void check_gradient(const char *formula, const char *name, reference *of, matrix x, matrix y, matrix at)
{
    double want[N * N], max = 0;
    sdag_tensor g = pipeline_grad(&p, name, "weight");
    for (int i = 0; i < N * N; i++) {
        double *v = &at[0][0] + i, was = *v, h = 1e-5;
        *v = was + h;
        want[i] = functional(of, x, y);
        *v = was - h;
        want[i] = (want[i] - functional(of, x, y)) / (2 * h);
        *v = was;
        max = fmax(max, fabs(want[i]));
    }
    if (!g.data) fail_msg("%s: no gradient of %s", formula, name);
    for (int i = 0; i < N * N; i++) near(formula, i, (double)SDAG_DATA_F32(g)[i], want[i], max);
}

/* A weight that the formula does not read has no gradient. */
static bool reads(const char *formula, char name)
{
    for (const char *c = formula; (c = strchr(c, name)) != NULL; c++)
        if ((c == formula || !isalpha((unsigned char)c[-1])) && !isalpha((unsigned char)c[1])) return true;
    return false;
}

static void check_row(int k)
{
    const char *formula = rows_of_table[k].formula;
    bool ry = reads(formula, 'y'), rl = reads(formula, 'l');
    char nodes[2000];
    snprintf(nodes, sizeof nodes,
             "      x: {type: test.weight, rows: 4, width: 4}\n%s%s"
             "      v: {type: expr, in: {x: x%s%s}, role: math, formula: \"%s\"}\n"
             "      flat: {type: expr, in: {v: v}, formula: \"reshape(v, [1, -1])\"}\n"
             "      loss: {type: loss.dot, in: flat}\n",
             ry ? "      y: {type: test.weight, rows: 4, width: 4}\n" : "",
             rl ? "      data: {type: source.formula, size: 2, batch: 4, classes: 4}\n" : "", ry ? ", y: y" : "",
             rl ? ", l: data.label" : "", formula);
    run(nodes);
    matrix x, y = {{0}};
    ALL(i, j) x[i][j] = (double)SDAG_DATA_F32(pipeline_value(&p, "x", NULL))[i * N + j];
    if (ry) ALL(i, j) y[i][j] = (double)SDAG_DATA_F32(pipeline_value(&p, "y", NULL))[i * N + j];
    double want[MOST];
    int n = rows_of_table[k].of(want, x, y);
    sdag_tensor v = pipeline_value(&p, "v", NULL);
    if (sdag_elems(&v.shape) != n) fail_msg("%s: %d numbers, not %d", formula, (int)sdag_elems(&v.shape), n);
    for (int i = 0; i < n; i++) near(formula, i, (double)SDAG_DATA_F32(v)[i], want[i], fabs(want[i]));
    check_gradient(formula, "x", rows_of_table[k].of, x, y, x);
    if (ry) check_gradient(formula, "y", rows_of_table[k].of, x, y, y);
    pipeline_close(&p);
}

static void test_functions(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) label[i] = (int)(formula_word(sdag_hash32("label"), (uint32_t)i) % N);
    for (int k = 0; k < ROWS; k++) check_row(k);
}

/* A function that no row calls is not tested. */
static void test_every_function(void **state)
{
    (void)state;
    int missing = 0;
    const sdag_expr_function *f;
    for (int i = 0; (f = sdag_expr_function_at(i)) != NULL; i++) {
        char call[64];
        bool found = false;
        snprintf(call, sizeof call, "%s(", f->name);
        for (int k = 0; k < ROWS && !found; k++) {
            const char *at = strstr(rows_of_table[k].formula, call);
            found = at && (at == rows_of_table[k].formula || !strchr("_abcdefghijklmnopqrstuvwxyz", at[-1]));
        }
        if (!found) print_error("no row calls %s\n", f->name);
        missing += !found;
    }
    assert_int_equal(missing, 0);
}

/* ---- losses as formulas, and the built-in ones */

#define VIEWS \
    "      za: {type: test.weight, rows: 6, width: 5}\n      zb: {type: test.weight, rows: 6, width: 5, scale: 1.5}\n"

static const struct {
    const char *built_in, *formula;
    double tolerance; /* 0: the same bits */
} losses[] = {
    {"loss.nt_xent, in: [za, zb], temperature: 0.1",
     "expr, in: {z: [za, zb]}, params: {t: 0.1}, formula: \"u = normalize(z); "
     "mean(cross_entropy(offdiag(u @ u' / t, -inf), roll(arange(rows(z)), rows(z) / 2)))\"",
     0},
    {"loss.nt_xent, in: [za, zb], temperature: 0.5", /* as the paper has it */
     "expr, in: {za: za, zb: zb}, params: {t: 0.5}, formula: \"a = normalize(za); b = normalize(zb); z = concat(a, b); "
     "mean(logsumexp(offdiag(z @ z' / t, -inf))) - mean(dot(a, b)) / t\"",
     1e-6},
    {"loss.barlow_twins, in: [za, zb], lambda: 0.2",
     "expr, in: {z: [za, zb]}, params: {lambda: 0.2}, formula: \"c = standardize(z[0])' @ standardize(z[1]) / "
     "rows(z[0]); "
     "sum((diag(c) - 1)^2) + lambda * sum(offdiag(c)^2)\"",
     1e-6},
    {"loss.vicreg, in: [za, zb], invariance: 25, variance: 25, covariance: 1",
     "expr, in: {za: za, zb: zb}, formula: \"v(z) = mean(relu(1 - std(z, axis=0, unbiased=true, eps=1e-4))); "
     "cov(z) = center(z)' @ center(z) / (rows(z) - 1); c(z) = sum(offdiag(cov(z))^2) / columns(z); "
     "25 * mean((za - zb)^2) + 25 * (v(za) + v(zb)) / 2 + c(za) + c(zb)\"",
     1e-6},
    {"loss.mse, in: {x: za, y: zb}", "expr, in: {x: za, y: zb}, formula: mean((x - y)^2)", 0},
    {"loss.cosine, in: {online: za, target: zb}",
     "expr, in: {p: za, z: zb}, formula: \"2 - 2 * mean(dot(normalize(p), normalize(z)))\"", 1e-6},
};

typedef struct result {
    double loss, grad[2][30];
} result;

static result loss_of(const char *node)
{
    char nodes[2000];
    result r;
    snprintf(nodes, sizeof nodes, VIEWS "      loss: {type: %s}\n", node);
    run(nodes);
    r.loss = (double)pipeline_loss(&p);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 30; i++)
            r.grad[k][i] = (double)SDAG_DATA_F32(pipeline_grad(&p, k ? "zb" : "za", "weight"))[i];
    pipeline_close(&p);
    return r;
}

static void test_losses(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof losses / sizeof losses[0]; k++) {
        result a = loss_of(losses[k].built_in), b = loss_of(losses[k].formula);
        double max = 0, worst = fabs(a.loss - b.loss) / fabs(a.loss);
        for (int i = 0; i < 60; i++) max = fmax(max, fabs(a.grad[i / 30][i % 30]));
        for (int i = 0; i < 60; i++) worst = fmax(worst, fabs(a.grad[i / 30][i % 30] - b.grad[i / 30][i % 30]) / max);
        if (!(worst <= losses[k].tolerance)) fail_msg("%s: differs by %g", losses[k].built_in, worst);
    }
}

/* ---- a matrix product takes up the factor and the transpositions */

static void test_operations(void **state)
{
    (void)state;
    run(VIEWS "      loss: {type: expr, in: {za: za, zb: zb}, params: {t: 0.5}, "
              "formula: \"s = 3 * (za @ zb') / t; sum(s')\"}\n");
    const sdag_program *g = &p.lowered->program;
    int products = 0, others = 0;
    for (int i = 0; i < g->ops.n; i++) {
        const sdag_program_op *o = &g->ops.at[i];
        if (o->part != SDAG_PART_FORWARD || strcmp(p.graph->nodes[o->node].name, "loss")) continue;
        products += !strcmp(o->op->name, "matmul");
        others += !strcmp(o->op->name, "permute") || !strcmp(o->op->name, "affine") || !strcmp(o->op->name, "mul");
    }
    assert_int_equal(products, 1);
    assert_int_equal(others, 0);
    pipeline_close(&p);
}

/* ---- parameters that follow a schedule, and numbers that are trained */

static void test_parameters(void **state)
{
    (void)state;
    run(VIEWS "      loss: {type: expr, in: {x: za, y: zb}, params: {w: {linear: [1, 4]}}, learn: {b: 2}, "
              "formula: \"w * b^2 + 0 * sum(x + y)\"}\n");
    double b = (double)*SDAG_DATA_F32(pipeline_state(&p, "loss", "b")); /* of the test's own making */
    near("w b^2", 0, (double)pipeline_loss(&p), b * b, 1);
    near("2 w b", 0, (double)*SDAG_DATA_F32(pipeline_grad(&p, "loss", "b")), 2 * b, 1);
    assert_int_equal(pipeline_step(&p), SDAG_OK);
    near("w b^2", 1, (double)pipeline_loss(&p), 2 * b * b, 1);
    pipeline_close(&p);
}

/* ---- views: the formula for each of them, and further outputs */

static void test_views(void **state)
{
    (void)state;
    run(VIEWS
        "      unit: {type: expr, in: {z: [za, zb]}, map: true, formula: \"s = sum(z, axis=0); z - s\", outputs: [s]}\n"
        "      loss: {type: expr, in: {a: unit.za, b: unit.zb, s: unit.s.zb, all: unit}, "
        "formula: \"sum(a) + 2 * sum(b) + 0 * sum(all) + 3 * sum(s)\"}\n");
    const float *a = SDAG_DATA_F32(pipeline_value(&p, "za", NULL)), *b = SDAG_DATA_F32(pipeline_value(&p, "zb", NULL));
    double sa = 0, sb = 0;
    for (int i = 0; i < 30; i++) sa += (double)a[i], sb += (double)b[i];
    near("views", 0, (double)pipeline_loss(&p), -5 * sa - 10 * sb + 3 * sb, 1);
    pipeline_close(&p);
}

/* ---- the example that `inspect` shows */

static void test_example(void **state)
{
    (void)state;
    char nodes[1000];
    snprintf(nodes, sizeof nodes,
             "      view_i: {type: test.weight, rows: 4, width: 3}\n"
             "      view_j: {type: test.weight, rows: 4, width: 3}\n"
             "      projector: {type: projector.mlp, in: [view_i, view_j], widths: [5]}\n      loss: %s\n",
             sdag_expr_static.example);
    run(nodes);
    assert_true(pipeline_loss(&p) > 0);
    pipeline_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions),  cmocka_unit_test(test_every_function), cmocka_unit_test(test_losses),
        cmocka_unit_test(test_operations), cmocka_unit_test(test_parameters),     cmocka_unit_test(test_views),
        cmocka_unit_test(test_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
