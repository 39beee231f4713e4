/* Probes and sinks: metrics against plain versions, files to the byte, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "core/cpu/gemm.h"
#include "core/node/collector.h"
#include "core/node/node.h"
#include "nodes/sink/path.h"
#include "tests/support/opts.h"
#include "tests/support/temp.h"

static sdag_arena arena, *const a = &arena;
static sdag_log *logs;
static double metric;
static int metrics;

void sdag_metric(sdag_collector *c, const char *name, double value)
{
    (void)c;
    assert_null(name);
    metric = value;
    metrics++;
}

static int set_up(void **state)
{
    (void)state;
    sdag_arena_init(a);
    logs = sdag_log_create(NULL);
    metrics = 0;
    metric = NAN;
    return logs == NULL || sdag_gemm_init(logs);
}

static int tear_down(void **state)
{
    (void)state;
    sdag_arena_free(a);
    sdag_log_destroy(logs);
    temp_clear();
    return 0;
}

static const sdag_node_type *type_of(const char *name)
{
    int n;
    const sdag_node_type *const *types = sdag_node_types(&n);
    for (int i = 0; i < n; i++)
        if (!strcmp(types[i]->name, name)) return types[i];
    fail_msg("no type %s", name);
    return NULL;
}

#define OPTS(type, ...) sdag_test_opts(a, type_of(type)->opts, type_of(type)->opts_size, __VA_ARGS__, NULL)

/* ---- bank and query ---- */

typedef struct sample_set {
    int64_t n, d;
    float *x;       /* f32[n,d] */
    int32_t *label; /* NULL: none */
    int classes;
} sample_set;

/* Classes as clouds around random centres; every 16th point stands twice, so that similarities tie. */
static sample_set clouds(int64_t n, int64_t d, int classes, float spread, uint32_t seed)
{
    sample_set s = {.n = n, .d = d, .classes = classes};
    s.x = SDAG_NEWS(a, float, n *d);
    s.label = SDAG_NEWS(a, int32_t, n);
    for (int64_t i = 0; i < n; i++) {
        sdag_rng r = sdag_rng_at(seed, 1, 0, (uint32_t)(i % 16 == 15 ? i - 1 : i));
        s.label[i] = (int32_t)sdag_rng_below(&r, (uint32_t)classes);
        sdag_rng center = sdag_rng_at(99, 2, 0, (uint32_t)s.label[i]);
        for (int64_t j = 0; j < d; j++) s.x[i * d + j] = sdag_rng_normal(&center) + spread * sdag_rng_normal(&r);
        if (i % 16 == 15) s.label[i] = (s.label[i] + 1) % classes;
    }
    return s;
}

static sdag_status evaluate(const char *type, const void *opts, const sample_set *bank, const sample_set *query,
                            int64_t batch)
{
    const sdag_collect *k = type_of(type)->collect;
    const sample_set *sets[2] = {bank, query};
    sdag_dataset data[2] = {{.n = bank->n, .classes = bank->classes}, {.n = query->n, .classes = query->classes}};
    sdag_collector c = {.opts = opts,
                        .log = logs,
                        .node = "probe",
                        .out_dir = ".",
                        .seed = 3,
                        .rows = {bank->n, query->n},
                        .data = {&data[0], &data[1]}};
    void *state;
    sdag_status s = k->open(&state, &c);
    if (s) return s;
    for (int p = 0; p < 2; p++)
        for (int64_t i = 0; !s && i < sets[p]->n; i += batch) {
            int64_t n = sets[p]->n - i < batch ? sets[p]->n - i : batch;
            sdag_tensor ports[3] = {
                {sets[p]->x + i * sets[p]->d, SDAG_DT_F32, SDAG_SHAPE(n, sets[p]->d)},
                {sets[p]->label ? sets[p]->label + i : NULL, SDAG_DT_I32, SDAG_SHAPE(n)},
                {NULL, SDAG_DT_I32, SDAG_SHAPE(n)},
            };
            s = k->batch(state, &c, p, ports, 3);
        }
    sdag_status closed = k->close(state, &c, s == SDAG_OK);
    return s ? s : closed;
}

/* ---- knn ---- */

typedef struct vote {
    double s;
    int64_t key;
} vote;

static int better_first(const void *x, const void *y)
{
    const vote *p = x, *q = y;
    if (p->s != q->s) return p->s > q->s ? -1 : 1;
    return p->key < q->key ? -1 : 1;
}

static double naive_knn(const sample_set *bank, const sample_set *query, int64_t k, double temperature)
{
    int64_t right = 0, asked = 0, d = bank->d;
    vote *v = SDAG_NEWS(a, vote, bank->n);
    for (int64_t q = 0; q < query->n; q++) {
        if (query->label[q] < 0) continue;
        int64_t n = 0;
        for (int64_t i = 0; i < bank->n; i++) {
            if (bank->label[i] < 0) continue;
            double dot = 0, nb = 0, nq = 0;
            for (int64_t j = 0; j < d; j++) {
                double x = bank->x[i * d + j], y = query->x[q * d + j];
                dot += x * y, nb += x * x, nq += y * y;
            }
            v[n++] = (vote){dot / sqrt(nb * nq), i};
        }
        qsort(v, (size_t)n, sizeof *v, better_first);
        double score[64] = {0};
        for (int64_t i = 0; i < k && i < n; i++) score[bank->label[v[i].key]] += exp(v[i].s / temperature);
        int best = 0;
        for (int c = 1; c < 64; c++)
            if (score[c] > score[best]) best = c;
        right += best == query->label[q];
        asked++;
    }
    return (double)right / (double)asked;
}

static void test_knn(void **state)
{
    (void)state;
    static const struct {
        int64_t n, q, d, k, batch;
        int classes;
        const char *opts[2];
    } rows[] = {
        {300, 100, 17, 200, 64, 5, {"200", "0.1"}},
        {300, 100, 17, 1, 7, 5, {"1", "0.1"}},
        {50, 70, 3, 20, 70, 7, {"20", "1"}},
        {20, 9, 8, 20, 100, 3, {"200", "0.07"}},      /* k is cut to the bank */
        {5000, 130, 12, 33, 1000, 10, {"33", "0.5"}}, /* more than one block of keys and of queries */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sample_set bank = clouds(rows[i].n, rows[i].d, rows[i].classes, 1.5f, 1);
        sample_set query = clouds(rows[i].q, rows[i].d, rows[i].classes, 1.5f, 2);
        bank.label[3] = query.label[5] = -1; /* unknown: not compared with, not asked */
        const void *o = OPTS("probe.knn", "k", rows[i].opts[0], "temperature", rows[i].opts[1]);
        assert_int_equal(evaluate("probe.knn", o, &bank, &query, rows[i].batch), SDAG_OK);
        double want = naive_knn(&bank, &query, rows[i].k, atof(rows[i].opts[1]));
        if (fabs(metric - want) > 1e-12) fail_msg("row %d: %g, not %g", (int)i, metric, want);
        double first = metric;
        assert_int_equal(evaluate("probe.knn", o, &bank, &query, rows[i].batch + 3), SDAG_OK);
        assert_true(metric == first && metric > 1.2 / rows[i].classes);
    }
}

/* Its own data as bank and query: the nearest of each is itself. */
static void test_knn_itself(void **state)
{
    (void)state;
    sample_set s = clouds(15, 4, 6, 1, 7);
    for (int i = 0; i < 15; i++) s.x[4 * i] *= 1e-20f; /* lengths do not matter, only directions */
    assert_int_equal(evaluate("probe.knn", OPTS("probe.knn", "k", "1"), &s, &s, 4), SDAG_OK);
    assert_true(metric == 1 && metrics == 1);
}

/* ---- linear ---- */

static void test_linear(void **state)
{
    (void)state;
    sample_set bank = clouds(2000, 10, 4, 0.4f, 1), query = clouds(500, 10, 4, 0.4f, 2);
    for (int64_t i = 15; i < 2000; i += 16) bank.label[i] = -1;
    for (int64_t i = 15; i < 500; i += 16) query.label[i] = -1;
    const void *o = OPTS("probe.linear", "epochs", "30");
    assert_int_equal(evaluate("probe.linear", o, &bank, &query, 128), SDAG_OK);
    double first = metric;
    assert_true(first > 0.97);
    assert_int_equal(evaluate("probe.linear", o, &bank, &query, 37), SDAG_OK); /* batches of the pass do not matter */
    assert_true(metric == first);
    for (int64_t i = 0; i < bank.n * 10; i++) bank.x[i] = bank.x[i] * 1000 + 50; /* neither do scale and shift */
    for (int64_t i = 0; i < query.n * 10; i++) query.x[i] = query.x[i] * 1000 + 50;
    assert_int_equal(evaluate("probe.linear", o, &bank, &query, 128), SDAG_OK);
    assert_true(fabs(metric - first) < 0.005);
}

static void test_probes_refuse(void **state)
{
    (void)state;
    static const char *const types[] = {"probe.knn", "probe.linear"};
    for (int i = 0; i < 2; i++) {
        sample_set bank = clouds(40, 4, 4, 1, 1), query = clouds(10, 4, 4, 1, 2), bad = bank;
        const void *o = OPTS(types[i], "classes", "0");
        bad.label = NULL;
        assert_int_equal(evaluate(types[i], o, &bad, &query, 8), SDAG_INVALID);
        assert_true(temp_says(logs, "probe: the data of 'bank' have no labels"));
        assert_int_equal(evaluate(types[i], o, &bank, &bad, 8), SDAG_INVALID);
        assert_true(temp_says(logs, "probe: the data of 'query' have no labels"));
        bad = clouds(40, 4, 4, 1, 1);
        bad.label[39] = 7;
        assert_int_equal(evaluate(types[i], o, &bad, &query, 8), SDAG_INVALID);
        assert_true(temp_says(logs, "probe: label 7 is outside 0..3"));
        for (int k = 0; k < 40; k++) bad.label[k] = -1;
        assert_int_equal(evaluate(types[i], o, &bad, &query, 8), SDAG_INVALID);
        assert_true(temp_says(logs, "probe: no sample of 'bank' has a label"));
        assert_int_equal(evaluate(types[i], o, &bank, &bad, 8), SDAG_INVALID);
        assert_true(temp_says(logs, "probe: no sample of 'query' has a label"));
        query.x[7] = INFINITY;
        assert_int_equal(evaluate(types[i], o, &bank, &query, 8), SDAG_DIVERGED);
        assert_true(temp_says(logs, "probe: features of 'query' are not finite"));
        assert_int_equal(metrics, 0);
    }
}

static void test_probes_out_of_memory(void **state)
{
    (void)state;
    static const char *const types[] = {"probe.knn", "probe.linear"};
    for (int i = 0; i < 2; i++) {
        sample_set bank = clouds(40, 4, 4, 1, 1), query = clouds(10, 4, 4, 1, 2);
        const void *o = OPTS(types[i], "classes", "0");
        sdag_status s = SDAG_NOMEM;
        for (int n = 1; s != SDAG_OK && n < 100; n++) {
            sdag_alloc_fail((uint64_t)n, false);
            s = evaluate(types[i], o, &bank, &query, 8);
            sdag_alloc_fail(0, false);
            assert_true(s == SDAG_OK || s == SDAG_NOMEM);
        }
        assert_int_equal(s, SDAG_OK);
    }
}

/* ---- collectors of the phase's own values ---- */

static sdag_collector collector(const void *opts, const sdag_dataset *data)
{
    const char *dir = sdag_arena_str(a, temp_path(""));
    return (sdag_collector){.opts = opts, .log = logs, .node = "it", .out_dir = dir, .data = {data}};
}

/* Feeds the same ports twice. */
static sdag_status collect_twice(const char *type, sdag_collector *c, const sdag_tensor *ports, int n)
{
    const sdag_collect *k = type_of(type)->collect;
    void *state;
    sdag_status s = k->open(&state, c);
    if (s) return s;
    for (int i = 0; i < 2 && !s; i++) s = k->batch(state, c, 0, ports, n);
    sdag_status closed = k->close(state, c, s == SDAG_OK);
    return s ? s : closed;
}

static float logits[] = {0, 2, 1, /**/ 5, 5, 5, /**/ -1, -2, -3, /**/ 0, 1, 2};

static void test_accuracy(void **state)
{
    (void)state;
    int32_t target[] = {1, 1, 2, -1};
    sdag_tensor ports[2] = {{logits, SDAG_DT_F32, SDAG_SHAPE(4, 3)}, {target, SDAG_DT_I32, SDAG_SHAPE(4)}};
    sdag_collector c = collector(OPTS("probe.accuracy", "top", "1"), NULL);
    assert_int_equal(collect_twice("probe.accuracy", &c, ports, 2), SDAG_OK);
    assert_true(metric == 1.0 / 3);
    c = collector(OPTS("probe.accuracy", "top", "2"), NULL);
    assert_int_equal(collect_twice("probe.accuracy", &c, ports, 2), SDAG_OK);
    assert_true(metric == 2.0 / 3);
    target[1] = 3;
    assert_int_equal(collect_twice("probe.accuracy", &c, ports, 2), SDAG_INVALID);
    assert_true(temp_says(logs, "it: label 3 is outside 0..2"));
    target[0] = target[1] = target[2] = -1;
    assert_int_equal(collect_twice("probe.accuracy", &c, ports, 2), SDAG_INVALID);
    assert_true(temp_says(logs, "it: no sample has a label"));
}

/* Against a count by hand: of ties the first class wins, a NaN is worse than all, samples without a class do not count.
 */
static void test_held_out_accuracy(void **state)
{
    (void)state;
    static const double want[] = {0, 2.0 / 5, 3.0 / 5, 1};
    float scores[] = {3, 1, 2, /**/ 1, 1, 0, /**/ 1, 2, 3, /**/ 0, 2, 1, /**/ 2, NAN, 1, /**/ 0, 0, 9};
    int32_t classes[] = {0, 1, 2, 0, 1, -1}; /* ranks 0, 1, 0, 2, last, not asked */
    sdag_tensor ports[3] = {{scores, SDAG_DT_F32, SDAG_SHAPE(6, 3)},
                            {classes, SDAG_DT_I32, SDAG_SHAPE(6)},
                            {NULL, SDAG_DT_I32, SDAG_SHAPE(6)}};
    for (int top = 1; top <= 2; top++) {
        sdag_collector c = collector(OPTS("probe.test", "top", top == 1 ? "1" : "2"), NULL);
        assert_int_equal(collect_twice("probe.test", &c, ports, 3), SDAG_OK);
        assert_true(metric == want[top] && metrics == top);
    }
    scores[13] = 0; /* no NaN: with three of three classes, all are right */
    sdag_collector c = collector(OPTS("probe.test", "top", "3"), NULL);
    assert_int_equal(collect_twice("probe.test", &c, ports, 3), SDAG_OK);
    assert_true(metric == want[3]);
    classes[2] = 3;
    assert_int_equal(collect_twice("probe.test", &c, ports, 3), SDAG_INVALID);
    assert_true(temp_says(logs, "it: label 3 is outside 0..2"));
    for (int i = 0; i < 6; i++) classes[i] = -1;
    assert_int_equal(collect_twice("probe.test", &c, ports, 3), SDAG_INVALID);
    assert_true(temp_says(logs, "it: no sample has a label"));
    ports[1].data = NULL;
    assert_int_equal(collect_twice("probe.test", &c, ports, 3), SDAG_INVALID);
    assert_true(temp_says(logs, "it: no sample has a label"));
    ports[0].shape = SDAG_SHAPE(6, 3, 1);
    assert_int_equal(collect_twice("probe.test", &c, ports, 3), SDAG_INVALID);
    assert_true(temp_says(logs, "it takes class scores, f32[B,C]"));
    assert_int_equal(metrics, 3);
}

static void test_mean(void **state)
{
    (void)state;
    sdag_tensor port = {logits, SDAG_DT_F32, SDAG_SHAPE(4, 3)};
    sdag_collector c = collector(NULL, NULL);
    assert_int_equal(collect_twice("probe.mean", &c, &port, 1), SDAG_OK);
    assert_true(metric == 1.25);
    port.shape = SDAG_SCALAR;
    assert_int_equal(collect_twice("probe.mean", &c, &port, 1), SDAG_OK);
    assert_true(metric == 0);
}

/* ---- files ---- */

static const char *file_name(const sdag_dataset *d, int64_t id)
{
    static const char *const names[] = {"cat/1.png", "a, \"b\".png", "c.png", "d.png"};
    (void)d;
    return names[id];
}

static void assert_file(const char *name, const char *text)
{
    size_t n;
    char *got = (char *)temp_read(&n, name);
    if (n != strlen(text) || memcmp(got, text, n)) fail_msg("%s:\n%.*s", name, (int)n, got);
    free(got);
}

static void test_csv(void **state)
{
    (void)state;
    int32_t ids[] = {2, 1, 3, 0}, label[] = {1, 1, 2, -1};
    float features[] = {0.1f, -2, 1e-9f, 3e20f, 0, 1, 1.0f / 3, 7};
    const char *const classes[] = {"cat", "the, dog", "bird"};
    sdag_dataset data = {.n = 4, .classes = 3, .class_names = classes, .name = file_name};
    sdag_tensor ports[4] = {
        {logits, SDAG_DT_F32, SDAG_SHAPE(4, 3)},
        {ids, SDAG_DT_I32, SDAG_SHAPE(4)},
        {label, SDAG_DT_I32, SDAG_SHAPE(4)},
        {features, SDAG_DT_F32, SDAG_SHAPE(4, 2)},
    };
    const void *o = OPTS("sink.csv", "path", "deep/er/table.csv");
    sdag_collector c = collector(o, &data);
    ports[3].data = NULL;
    assert_int_equal(collect_twice("sink.csv", &c, ports, 4), SDAG_OK);
#define ROWS                                      \
    "2,c.png,1,\"the, dog\",0.66524094,1\n"       \
    "1,\"a, \"\"b\"\".png\",0,cat,0.33333334,1\n" \
    "3,d.png,0,cat,0.66524094,2\n"                \
    "0,cat/1.png,2,bird,0.66524094,-1\n"
    assert_file("deep/er/table.csv", "id,file,predicted,name,probability,label\n" ROWS ROWS);
    assert_int_equal(temp_count(), 1); /* nothing else was left there */

    c.data[0] = NULL;
    ports[2].data = NULL;
    assert_int_equal(collect_twice("sink.csv", &c, ports, 4), SDAG_OK);
#define BARE "2,1,0.66524094\n1,0,0.33333334\n3,0,0.66524094\n0,2,0.66524094\n"
    assert_file("deep/er/table.csv", "id,predicted,probability\n" BARE BARE);

    ports[0].data = ports[1].data = NULL;
    ports[3].data = features;
    assert_int_equal(collect_twice("sink.csv", &c, ports, 4), SDAG_OK);
    assert_file("deep/er/table.csv", "id,f0,f1\n0,0.1,-2\n1,1e-9,3e20\n2,0,1\n3,0.33333334,7\n"
                                     "4,0.1,-2\n5,1e-9,3e20\n6,0,1\n7,0.33333334,7\n");
    ports[3].data = NULL;
    assert_int_equal(collect_twice("sink.csv", &c, ports, 4), SDAG_INVALID);
    assert_true(temp_says(logs, "it: nothing is connected"));
}

static void test_npy(void **state)
{
    (void)state;
    sdag_tensor port = {logits, SDAG_DT_F32, SDAG_SHAPE(4, 3)};
    sdag_collector c = collector(OPTS("sink.npy", "path", "x.npy"), NULL);
    assert_int_equal(collect_twice("sink.npy", &c, &port, 1), SDAG_OK);
    size_t n;
    uint8_t *got = temp_read(&n, "x.npy");
    assert_memory_equal(got, "\x93NUMPY", 6);
    assert_non_null(memmem(got, n, "(8, 3)", 6));
    assert_memory_equal(got + n - sizeof logits, logits, sizeof logits);
    assert_memory_equal(got + n - 2 * sizeof logits, logits, sizeof logits);
    free(got);
    port.shape = SDAG_SCALAR;
    assert_int_equal(collect_twice("sink.npy", &c, &port, 1), SDAG_OK);
    got = temp_read(&n, "x.npy");
    assert_non_null(memmem(got, n, "(2,)", 4));
    free(got);
}

/* A run that fails in the middle leaves no file. */
static void test_abandoned(void **state)
{
    (void)state;
    static const char *const types[] = {"sink.csv", "sink.npy"};
    sdag_tensor ports[4] = {{logits, SDAG_DT_F32, SDAG_SHAPE(4, 3)}};
    for (int i = 0; i < 2; i++) {
        const sdag_collect *k = type_of(types[i])->collect;
        sdag_collector c = collector(OPTS(types[i], "path", "file"), NULL);
        void *s;
        assert_int_equal(k->open(&s, &c), SDAG_OK);
        assert_int_equal(k->batch(s, &c, 0, ports, i ? 1 : 4), SDAG_OK);
        assert_int_equal(k->close(s, &c, false), SDAG_OK);
        assert_int_equal(temp_count(), 0);
    }
}

static void test_paths(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "a/b.csv", "..a/b..", "./x"};
    static const char *const bad[] = {"config.yaml", "weights/a.csv", "", "/a", "..", "a/../b", "../a", "a/", "a/.."};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) assert_null(sdag_sink_path_check(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_non_null(sdag_sink_path_check(bad[i]));
    assert_string_equal(type_of("sink.csv")->check(OPTS("sink.csv", "path", "x/../../y")),
                        "path leaves the directory of the run");
    assert_string_equal(type_of("sink.npy")->check(OPTS("sink.npy", "path", "/etc/x")),
                        "path is absolute: results go to the directory of the run");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_knn),
        T(test_knn_itself),
        T(test_linear),
        T(test_probes_refuse),
        T(test_probes_out_of_memory),
        T(test_accuracy),
        T(test_held_out_accuracy),
        T(test_mean),
        T(test_csv),
        T(test_npy),
        T(test_abandoned),
        T(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
