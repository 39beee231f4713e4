/* layer.*: each against its formula in double precision, from the values that it read and the weights that it has,
 * outside of training. What they do in training is that of the built-in networks, to the bit:
 * tests/nodes/test_modules.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/ops/ops.h"
#include "tests/support/formula.h"
#include "tests/support/pipeline.h"

enum { B = 2, S = 5, C = 4, T = 6, D = 8, HEADS = 2, VOCAB = 7 };

/* ---- test.tokens: B x T tokens */

static const sdag_port tokens_outs[] = {{"tokens", "i32[B,T]", "tokens", 0}, {0}};

static int32_t token(int i) { return (int32_t)(formula_word(3, (uint32_t)i) % VOCAB); }

static void tokens_lower(sdag_build *b, const sdag_node *self)
{
    int32_t x[B * T];
    for (int i = 0; i < B * T; i++) x[i] = token(i);
    sdag_out(b, self, "tokens", sdag_const(b, SDAG_DT_I32, SDAG_SHAPE(B, T), x));
    sdag_out_beside(b, self, "tokens", &(sdag_beside){.vocab = VOCAB});
}

static const sdag_node_type tokens_type = {.name = "test.tokens",
                                           .brief = "Given tokens.",
                                           .role = SDAG_ROLE_MATH,
                                           .outs = tokens_outs,
                                           .lower = tokens_lower,
                                           .example = "{type: test.tokens}"};

static const char text[] = "version: 1\nphases:\n  look:\n    nodes:\n"
                           "      images: {type: source.formula, size: 5, channels: 3, batch: 2}\n"
                           "      x: {type: layer.conv2d, in: images, width: 4}\n"
                           "      y: {type: layer.conv2d, in: images, width: 4, start: uniform}\n"
                           "      conv: {type: layer.conv2d, in: x, width: 3, stride: 2, bias: true}\n"
                           "      conv_wide: {type: layer.conv2d, in: x, width: 2, kernel: 4, padding: 0}\n"
                           "      norm: {type: layer.batch_norm, in: x}\n"
                           "      norm_add: {type: layer.batch_norm, in: {x: x, add: y}, relu: true}\n"
                           "      norm_plain: {type: layer.batch_norm, in: {x: x, add: y}, affine: false, relu: true}\n"
                           "      rows: {type: layer.layer_norm, in: x, eps: 0.01}\n"
                           "      linear: {type: layer.linear, in: x, width: 3}\n"
                           "      relu: {type: layer.relu, in: x}\n"
                           "      gelu: {type: layer.activation, in: x, kind: gelu}\n"
                           "      tanh: {type: layer.activation, in: x, kind: tanh}\n"
                           "      sigmoid: {type: layer.activation, in: x, kind: sigmoid}\n"
                           "      silu: {type: layer.activation, in: x, kind: silu}\n"
                           "      none: {type: layer.activation, in: x, kind: none}\n"
                           "      add: {type: layer.add, in: {x: x, y: y}}\n"
                           "      multiply: {type: layer.multiply, in: {x: x, y: y}}\n"
                           "      pool: {type: layer.global_pool, in: x}\n"
                           "      gate: {type: layer.multiply, in: {x: y, y: pool}}\n"
                           "      flat: {type: layer.flatten, in: x}\n"
                           "      concat: {type: layer.concat, in: {x: x, y: conv_same, z: y}}\n"
                           "      conv_same: {type: layer.conv2d, in: y, width: 1, kernel: 1}\n"
                           "      pair: {type: layer.concat, in: {x: pool, y: pool}}\n"
                           "      most: {type: layer.max_pool, in: x, size: 3, stride: 2, padding: 1}\n"
                           "      dropout: {type: layer.dropout, in: x, rate: 0.9}\n"
                           "      same: {type: layer.shortcut, in: x, width: 4}\n"
                           "      down: {type: layer.shortcut, in: x, width: 4, stride: 2}\n"
                           "      row: {type: layer.tokens, in: x}\n"
                           "      mean: {type: layer.global_pool, in: row}\n"
                           "      place: {type: layer.position, in: row}\n"
                           "      tokens: {type: test.tokens}\n"
                           "      table: {type: layer.embedding, in: tokens, width: 8}\n"
                           "      see: {type: layer.attention, in: table, heads: 2}\n"
                           "      before: {type: layer.attention, in: table, heads: 2, causal: true, bias: false}\n";

static pipeline p;

static const float *value(const char *node, int64_t n)
{
    sdag_tensor t = pipeline_value(&p, node, NULL);
    assert_non_null(t.data);
    if (sdag_elems(&t.shape) != n) fail_msg("%s has %lld numbers", node, (long long)sdag_elems(&t.shape));
    return SDAG_DATA_F32(t);
}

static const float *weight(const char *node, const char *name, int64_t n)
{
    sdag_tensor t = pipeline_state(&p, node, name);
    if (!t.data || sdag_elems(&t.shape) != n) fail_msg("%s has no %s of %lld numbers", node, name, (long long)n);
    return SDAG_DATA_F32(t);
}

static void near(const char *node, int64_t i, double have, double want)
{
    if (!(fabs(have - want) <= 2e-5 * (1 + fabs(want))))
        fail_msg("%s[%lld] is %g, expected %g", node, (long long)i, have, want);
}

/* ---- feature maps: f32[B,S,S,C] */

enum { N = B * S * S * C };

/* x f32[B,S,S,C] -> f32[B,out,out,width] at (n, h, w, o). */
static double convolved(const float *x, const float *w, int k, int stride, int pad, const int at[4])
{
    double sum = 0;
    for (int c = 0; c < C; c++)
        for (int i = 0; i < k * k; i++) {
            int h = at[1] * stride + i / k - pad, v = at[2] * stride + i % k - pad;
            if (h < 0 || v < 0 || h >= S || v >= S) continue;
            sum += (double)x[((at[0] * S + h) * S + v) * C + c] * w[(at[3] * C + c) * k * k + i];
        }
    return sum;
}

static void check_conv(const char *node, int k, int stride, int pad, int width, bool bias)
{
    const int out = (S + 2 * pad - k) / stride + 1;
    const float *y = value(node, (int64_t)B * out * out * width), *x = value("x", N);
    const float *w = weight(node, "weight", (int64_t)width * C * k * k), *c = bias ? weight(node, "bias", width) : NULL;
    for (int i = 0; i < B * out * out * width; i++) {
        const int at[4] = {i / width / out / out, i / width / out % out, i / width % out, i % width};
        near(node, i, y[i], convolved(x, w, k, stride, pad, at) + (c ? c[at[3]] : 0));
    }
}

static void test_conv(void **state)
{
    (void)state;
    check_conv("conv", 3, 2, 1, 3, true);
    check_conv("conv_wide", 4, 1, 0, 2, false);
}

static void check_norm(const char *node, bool affine, bool add)
{
    const float *x = value("x", N), *r = value("y", N), *y = value(node, N);
    const float *mean = weight(node, "running_mean", C), *var = weight(node, "running_var", C);
    const float *g = affine ? weight(node, "weight", C) : NULL, *b = affine ? weight(node, "bias", C) : NULL;
    for (int i = 0; i < N; i++) {
        double v = (x[i] - mean[i % C]) / sqrt(var[i % C] + 1e-5);
        if (affine) v = v * g[i % C] + b[i % C];
        if (add) v = fmax(v + r[i], 0);
        near(node, i, y[i], v);
    }
}

static void test_norms(void **state)
{
    (void)state;
    check_norm("norm", true, false);
    check_norm("norm_add", true, true);
    check_norm("norm_plain", false, true);
    const float *x = value("x", N), *y = value("rows", N), *g = weight("rows", "weight", C),
                *b = weight("rows", "bias", C);
    for (int i = 0; i < N; i += C) {
        double mean = 0, var = 0;
        for (int c = 0; c < C; c++) mean += x[i + c] / (double)C;
        for (int c = 0; c < C; c++) var += (x[i + c] - mean) * (x[i + c] - mean) / C;
        for (int c = 0; c < C; c++) near("rows", i + c, y[i + c], (x[i + c] - mean) / sqrt(var + 0.01) * g[c] + b[c]);
    }
}

static double relu(double x) { return x > 0 ? x : 0; }
static double gelu(double x) { return x * 0.5 * erfc(-x / sqrt(2)); }
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double silu(double x) { return x * sigmoid(x); }
static double same(double x) { return x; }

static void test_activations(void **state)
{
    (void)state;
    static const struct {
        const char *node;
        double (*f)(double);
    } rows[] = {{"relu", relu}, {"gelu", gelu},    {"tanh", tanh}, {"sigmoid", sigmoid}, {"silu", silu},
                {"none", same}, {"dropout", same}, {"same", same}, {"flat", same},       {"row", same}};
    const float *x = value("x", N);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const float *y = value(rows[r].node, N);
        for (int i = 0; i < N; i++) near(rows[r].node, i, y[i], rows[r].f(x[i]));
    }
}

static void test_pairs(void **state)
{
    (void)state;
    const float *x = value("x", N), *y = value("y", N), *pool = value("pool", B * C), *z = value("conv_same", N / C);
    const float *sum = value("add", N), *product = value("multiply", N), *gate = value("gate", N);
    const float *all = value("concat", N / C * (2 * C + 1)), *pair = value("pair", 2 * B * C);
    for (int i = 0; i < N; i++) {
        const int n = i / (S * S * C), c = i % C, pixel = i / C;
        near("add", i, sum[i], (double)x[i] + y[i]);
        near("multiply", i, product[i], (double)x[i] * y[i]);
        near("gate", i, gate[i], (double)y[i] * pool[n * C + c]);
        near("concat", i, all[pixel * (2 * C + 1) + c], x[i]);
        near("concat", i, all[pixel * (2 * C + 1) + C], z[pixel]);
        near("concat", i, all[pixel * (2 * C + 1) + C + 1 + c], y[i]);
    }
    for (int i = 0; i < 2 * B * C; i++) near("pair", i, pair[i], pool[i / (2 * C) * C + i % C]);
}

static void test_pools(void **state)
{
    (void)state;
    enum { HALF = 3 };
    const float *x = value("x", N), *pool = value("pool", B * C), *tokens = value("mean", B * C),
                *most = value("most", B * HALF * HALF * C);
    for (int i = 0; i < B * C; i++) {
        double mean = 0;
        for (int k = 0; k < S * S; k++) mean += x[(i / C * S * S + k) * C + i % C] / (double)(S * S);
        near("pool", i, pool[i], mean);
        near("mean", i, tokens[i], mean);
    }
    for (int i = 0; i < B * HALF * HALF * C; i++) {
        const int c = i % C, w = i / C % HALF, h = i / C / HALF % HALF, n = i / C / HALF / HALF;
        double best = -INFINITY;
        for (int k = 0; k < 9; k++) {
            int r = 2 * h + k / 3 - 1, q = 2 * w + k % 3 - 1;
            if (r >= 0 && q >= 0 && r < S && q < S) best = fmax(best, x[((n * S + r) * S + q) * C + c]);
        }
        near("most", i, most[i], best);
    }
}

static void test_linear(void **state)
{
    (void)state;
    const float *x = value("x", N), *y = value("linear", N / C * 3);
    const float *w = weight("linear", "weight", 3 * C), *b = weight("linear", "bias", 3);
    for (int i = 0; i < N / C * 3; i++) {
        double sum = b[i % 3];
        for (int c = 0; c < C; c++) sum += (double)x[i / 3 * C + c] * w[i % 3 * C + c];
        near("linear", i, y[i], sum);
    }
}

/* The identity has no weights; where the size changes they have torchvision's names. */
static void test_shortcut(void **state)
{
    (void)state;
    enum { HALF = 3 };
    const float *x = value("x", N), *y = value("down", B * HALF * HALF * C), *w = weight("down", "0.weight", C * C);
    const float *g = weight("down", "1.weight", C), *b = weight("down", "1.bias", C);
    const float *mean = weight("down", "1.running_mean", C), *var = weight("down", "1.running_var", C);
    assert_null(pipeline_state(&p, "same", "0.weight").data);
    for (int i = 0; i < B * HALF * HALF * C; i++) {
        const int at[4] = {i / C / HALF / HALF, i / C / HALF % HALF, i / C % HALF, i % C};
        const double v = convolved(x, w, 1, 2, 0, at);
        near("down", i, y[i], (v - mean[at[3]]) / sqrt(var[at[3]] + 1e-5) * g[at[3]] + b[at[3]]);
    }
}

/* ---- tokens: f32[B,T,D] */

static void test_embedding(void **state)
{
    (void)state;
    const float *y = value("table", B * T * D), *w = weight("table", "weight", VOCAB * D);
    for (int i = 0; i < B * T * D; i++) near("table", i, y[i], w[token(i / D) * D + i % D]);
}

static void test_position(void **state)
{
    (void)state;
    const float *x = value("row", N), *y = value("place", N), *w = weight("place", "weight", S * S * C);
    for (int i = 0; i < N; i++) near("place", i, y[i], (double)x[i] + w[i % (S * S * C)]);
}

static double row_by(const float *x, const float *w, const float *bias, int o)
{
    double sum = bias ? bias[o] : 0;
    for (int d = 0; d < D; d++) sum += (double)x[d] * w[o * D + d];
    return sum;
}

static void check_attention(const char *node, bool causal, bool bias)
{
    static double qkv[B * T][3 * D], mixed[B * T][D];
    const float *x = value("table", B * T * D), *y = value(node, B * T * D);
    const float *w = weight(node, "qkv.weight", 3 * D * D), *b = bias ? weight(node, "qkv.bias", 3 * D) : NULL;
    const float *v = weight(node, "proj.weight", D * D), *c = bias ? weight(node, "proj.bias", D) : NULL;
    for (int i = 0; i < B * T; i++)
        for (int o = 0; o < 3 * D; o++) qkv[i][o] = row_by(x + i * D, w, b, o);
    for (int i = 0; i < B * T; i++)
        for (int h = 0; h < HEADS; h++) {
            const int first = i / T * T, end = causal ? i + 1 : first + T, width = D / HEADS;
            double score[T], total = 0;
            for (int k = first; k < end; k++) {
                double dot = 0;
                for (int d = h * width; d < (h + 1) * width; d++) dot += qkv[i][d] * qkv[k][D + d];
                total += score[k - first] = exp(dot / sqrt(width));
            }
            for (int d = h * width; d < (h + 1) * width; d++) {
                mixed[i][d] = 0;
                for (int k = first; k < end; k++) mixed[i][d] += score[k - first] / total * qkv[k][2 * D + d];
            }
        }
    for (int i = 0; i < B * T * D; i++) {
        double sum = c ? c[i % D] : 0;
        for (int d = 0; d < D; d++) sum += mixed[i / D][d] * v[i % D * D + d];
        near(node, i, y[i], sum);
    }
}

static void test_attention(void **state)
{
    (void)state;
    check_attention("see", false, true);
    check_attention("before", true, false);
}

/* ---- */

static int set_up(void **state)
{
    (void)state;
    static const sdag_node_type *types[32];
    static pipeline_options o = {.yaml = text, .types = types, .fill = formula_weight};
    int n = 0;
    while (formula_types[n]) types[n] = formula_types[n], n++;
    types[n] = &tokens_type;
    return pipeline_open(&p, &o) || pipeline_step(&p) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    pipeline_close(&p);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_conv),        cmocka_unit_test(test_norms),
                                       cmocka_unit_test(test_activations), cmocka_unit_test(test_pairs),
                                       cmocka_unit_test(test_pools),       cmocka_unit_test(test_linear),
                                       cmocka_unit_test(test_shortcut),    cmocka_unit_test(test_embedding),
                                       cmocka_unit_test(test_attention),   cmocka_unit_test(test_position)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
