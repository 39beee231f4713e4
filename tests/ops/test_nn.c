/* What a row of a check table cannot say: messages of failing steps, decoding, recomputation bit for bit, groups of
 * gradients, statistics of long and far-off columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/data/dataset.h"
#include "core/ops/ops.h"
#include "runtime/optest/interp.h"

typedef struct bench {
    sdag_arena arena;
    sdag_log *log;
    sdag_program program;
    sdag_build b;
    sdag_interp t;
} bench;

static void bench_open(bench *w)
{
    *w = (bench){0};
    sdag_arena_init(&w->arena);
    w->log = sdag_log_create(NULL);
    sdag_build_init(&w->b, &w->arena, w->log, &w->program);
    w->b.node_name = "node";
    w->b.training = true;
}

static void bench_close(bench *w)
{
    sdag_log_destroy(w->log);
    sdag_arena_free(&w->arena);
}

static sdag_val input(bench *w, sdag_shape s) { return sdag_input(&w->b, SDAG_DT_F32, s); }

static float *data(bench *w, sdag_val v) { return SDAG_DATA_F32(w->t.at[v]); }

static void ready(bench *w)
{
    assert_int_equal(w->b.status, SDAG_OK);
    sdag_interp_init(&w->t, &w->arena, &w->program);
    w->t.step = (sdag_step){.seed = 3, .step = 5, .training = 1};
}

/* shift + scale N(0,1) */
static void fill(bench *w, sdag_val v, float shift, float scale)
{
    sdag_rng r = sdag_rng_at(1, (uint32_t)v, 0, 0);
    for (int64_t i = 0; i < sdag_elems(&w->t.at[v].shape); i++) data(w, v)[i] = shift + scale * sdag_rng_normal(&r);
}

static void run(bench *w)
{
    sdag_status s = sdag_interp_run(&w->t);
    if (s) fail_msg("%s: %s%s", sdag_status_name(s), w->t.wrong, w->t.fault.text);
}

static const char *last_message(const bench *w) { return sdag_log_at(w->log, sdag_log_count(w->log) - 1)->text; }

/* ---- batch norm ---- */

static void test_again_gives_the_same_bits(void **state)
{
    (void)state;
    const int64_t rows[] = {33, 3000}, cols[] = {7, 64, 300};
    for (int k = 0; k < 2 * 3 * 2; k++) {
        const int64_t n = rows[k % 2], c = cols[k / 2 % 3];
        bench w;
        bench_open(&w);
        sdag_val x = input(&w, SDAG_SHAPE(n, c)), gamma = input(&w, SDAG_SHAPE(c)), beta = input(&w, SDAG_SHAPE(c));
        sdag_val r = k < 6 ? 0 : input(&w, SDAG_SHAPE(n, c));
        sdag_val y = sdag_op_batch_norm(&w.b, x, gamma, beta, r, true, 1e-5f, NULL, NULL);
        const sdag_program_op o = w.program.ops.at[0];
        sdag_val z = o.op->again(&w.b, &o);
        ready(&w);
        for (sdag_val v = x; v <= (r ? r : beta); v++) fill(&w, v, 0.5f, 2);
        run(&w);
        assert_memory_equal(data(&w, y), data(&w, z), (size_t)(n * c) * sizeof(float));
        bench_close(&w);
    }
}

/* Columns far from 0 keep their variance, in narrow and in wide matrices of many tiles. */
static void test_statistics_of_far_columns(void **state)
{
    (void)state;
    const int64_t shapes[][2] = {{70001, 3}, {9001, 64}, {1037, 300}};
    for (int k = 0; k < 3; k++) {
        const int64_t n = shapes[k][0], c = shapes[k][1];
        bench w;
        bench_open(&w);
        sdag_val mean, var, x = input(&w, SDAG_SHAPE(n, c));
        sdag_op_batch_norm(&w.b, x, 0, 0, 0, false, 1e-5f, &mean, &var);
        ready(&w);
        fill(&w, x, 4000, 0.5f);
        run(&w);
        for (int64_t j = 0; j < c; j++) {
            double m = 0, v = 0;
            for (int64_t i = 0; i < n; i++) m += (double)data(&w, x)[i * c + j] / (double)n;
            for (int64_t i = 0; i < n; i++) v += pow((double)data(&w, x)[i * c + j] - m, 2) / (double)n;
            assert_true(fabs((double)data(&w, mean)[j] - m) < 1e-7 * m);
            assert_true(fabs((double)data(&w, var)[j] - v) < 1e-6 * v);
        }
        bench_close(&w);
    }
}

static void test_one_row_is_refused(void **state)
{
    (void)state;
    bench w;
    bench_open(&w);
    assert_int_equal(sdag_op_batch_norm(&w.b, input(&w, SDAG_SHAPE(1, 1, 1, 8)), 0, 0, 0, true, 1e-5f, NULL, NULL), 0);
    assert_int_equal(w.b.status, SDAG_INVALID);
    assert_non_null(strstr(last_message(&w), "batch statistics of one value per channel"));
    bench_close(&w);
}

/* ---- steps that fail ---- */

static void test_label_out_of_range(void **state)
{
    (void)state;
    const int32_t labels[] = {1, 12, -100};
    bench w;
    bench_open(&w);
    sdag_val x = input(&w, SDAG_SHAPE(3, 10)), t = sdag_const(&w.b, SDAG_DT_I32, SDAG_SHAPE(3), labels);
    sdag_op_softmax_xent(&w.b, x, t, -100);
    ready(&w);
    fill(&w, x, 0, 1);
    assert_int_equal(sdag_interp_run(&w.t), SDAG_IO);
    assert_string_equal(w.t.fault.text, "label 12 is outside 0..9");
    bench_close(&w);
}

/* Sample i is i + 1 pixels high, 2 wide, of value i; sample 3 is broken. */
static sdag_status load(const sdag_dataset *d, int64_t id, int slot, uint8_t *dst, int64_t hw[2], char *why)
{
    assert_int_equal(slot, 0);
    if (id == 3) {
        snprintf(why, 128, "truncated JPEG");
        return SDAG_IO;
    }
    hw[0] = d->h ? d->h : id + 1;
    hw[1] = 2;
    memset(dst, (int)id, (size_t)(hw[0] * hw[1] * d->c));
    return SDAG_OK;
}

static const char *name(const sdag_dataset *d, int64_t id)
{
    (void)d;
    return id == 3 ? "train/cat/0003.jpg" : NULL;
}

static void decode(bench *w, sdag_dataset *d, const int32_t ids[3], sdag_val *x, sdag_val *dims)
{
    bench_open(w);
    w->b.samples = d;
    sdag_val id = sdag_const(&w->b, SDAG_DT_I32, SDAG_SHAPE(3), ids);
    *x = sdag_op_decode(&w->b, id, d->h, d->w, d->c, (int64_t)d->cap, dims);
    ready(w);
}

static void test_decode(void **state)
{
    (void)state;
    bench w;
    sdag_val x, dims;
    sdag_dataset fixed = {.n = 5, .h = 3, .w = 2, .c = 1, .cap = 6, .load = load, .name = name};
    sdag_dataset mixed = {.n = 5, .c = 3, .cap = 30, .load = load, .name = name};
    decode(&w, &fixed, (const int32_t[]){4, 0, 2}, &x, &dims);
    run(&w);
    const uint8_t want[18] = {4, 4, 4, 4, 4, 4, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2};
    assert_int_equal(w.t.at[x].shape.rank, 4);
    assert_memory_equal(SDAG_DATA_U8(w.t.at[x]), want, sizeof want);
    bench_close(&w);

    decode(&w, &mixed, (const int32_t[]){4, 0, 2}, &x, &dims);
    run(&w);
    const int32_t sizes[6] = {5, 2, 1, 2, 3, 2};
    const uint8_t *p = SDAG_DATA_U8(w.t.at[x]);
    assert_memory_equal(SDAG_DATA_I32(w.t.at[dims]), sizes, sizeof sizes);
    assert_true(p[29] == 4 && p[30] == 0 && p[59] == 0 && p[60] == 2 && p[77] == 2 && p[78] == 0);
    bench_close(&w);

    decode(&w, &mixed, (const int32_t[]){4, 3, 2}, &x, &dims);
    assert_int_equal(sdag_interp_run(&w.t), SDAG_IO);
    assert_string_equal(w.t.fault.text, "train/cat/0003.jpg: truncated JPEG");
    bench_close(&w);

    decode(&w, &mixed, (const int32_t[]){4, 5, 2}, &x, &dims);
    assert_int_equal(sdag_interp_run(&w.t), SDAG_IO);
    assert_string_equal(w.t.fault.text, "there is no sample 5");
    bench_close(&w);

    mixed.cap = 20; /* not used by samples 0 to 2 */
    decode(&w, &mixed, (const int32_t[]){0, 1, 2}, &x, &dims);
    run(&w);
    bench_close(&w);
}

/* ---- dropout, clipping ---- */

static void test_dropout_keeps_its_share(void **state)
{
    (void)state;
    enum { N = 200000 };
    bench w;
    bench_open(&w);
    sdag_val x = sdag_filled(&w.b, SDAG_SHAPE(N), 1), y = sdag_op_dropout(&w.b, x, 0.3f),
             z = sdag_op_dropout(&w.b, x, 0.3f);
    w.b.training = false;
    assert_int_equal(sdag_op_dropout(&w.b, x, 0.3f), x);
    ready(&w);
    run(&w);
    double kept = 0, both = 0;
    for (int i = 0; i < N; i++) {
        kept += data(&w, y)[i] > 0;
        both += data(&w, y)[i] > 0 && data(&w, z)[i] > 0;
    }
    assert_true(fabs(kept / N - 0.7) < 5e-3);  /* five standard deviations */
    assert_true(fabs(both / N - 0.49) < 6e-3); /* two ops draw independently */
    bench_close(&w);
}

static void test_clip_of_many(void **state)
{
    (void)state;
    enum { N = 300 };
    bench w;
    bench_open(&w);
    sdag_val g[N];
    for (int i = 0; i < N; i++) g[i] = input(&w, SDAG_SHAPE(1 + i % 5));
    sdag_val y = sdag_op_clip_scale(&w.b, N, g, 2);
    ready(&w);
    double sum = 0;
    for (int i = 0; i < N; i++) {
        fill(&w, g[i], 0, 1e3f);
        for (int k = 0; k < 1 + i % 5; k++) sum += pow((double)data(&w, g[i])[k], 2);
    }
    run(&w);
    const double want = 2 / (sqrt(sum) + 1e-6);
    assert_true(fabs((double)*data(&w, y) - want) < 1e-6 * want);
    bench_close(&w);
}

/* Where the sum of exponentials of plain floats would overflow, and where probabilities vanish. */
static void test_softmax_of_extremes(void **state)
{
    (void)state;
    const float rows[3][4] = {
        {1000, 1000, -INFINITY, -1000}, {-1e30f, 0, -1e30f, 88}, {-INFINITY, -INFINITY, -5000, -5000}};
    const float want[3][4] = {{0.5f, 0.5f, 0, 0}, {0, 6.0546e-39f, 0, 1}, {0, 0, 0.5f, 0.5f}};
    bench w;
    bench_open(&w);
    sdag_val y = sdag_op_softmax(&w.b, sdag_const(&w.b, SDAG_DT_F32, SDAG_SHAPE(3, 4), rows));
    ready(&w);
    run(&w);
    for (int i = 0; i < 12; i++) assert_true(fabsf(data(&w, y)[i] - want[i / 4][i % 4]) <= 1e-6f);
    bench_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_again_gives_the_same_bits),
        cmocka_unit_test(test_statistics_of_far_columns),
        cmocka_unit_test(test_one_row_is_refused),
        cmocka_unit_test(test_label_out_of_range),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_dropout_keeps_its_share),
        cmocka_unit_test(test_clip_of_many),
        cmocka_unit_test(test_softmax_of_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
