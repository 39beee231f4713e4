/* What a row of a check table cannot say of the basic operations: what their functions emit (views, chains, joined
 * paddings), what they refuse, accuracy of long sums, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "core/ops/op_list.h"
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
}

static void bench_close(bench *w)
{
    sdag_log_destroy(w->log);
    sdag_arena_free(&w->arena);
}

/* f32 constant 0, 1, 2, ... */
static sdag_val counting(bench *w, sdag_shape s)
{
    int64_t n = sdag_elems(&s);
    float *x = SDAG_NEWS(&w->arena, float, n + 1);
    for (int64_t i = 0; i < n; i++) x[i] = (float)i;
    return sdag_const(&w->b, SDAG_DT_F32, s, x);
}

static sdag_val numbers(bench *w, int64_t n, const float *x)
{
    return sdag_const(&w->b, SDAG_DT_F32, SDAG_SHAPE(n), x);
}

static void run(bench *w)
{
    assert_int_equal(w->b.status, SDAG_OK);
    sdag_interp_init(&w->t, &w->arena, &w->program);
    sdag_status s = sdag_interp_run(&w->t);
    if (s) fail_msg("%s: %s%s", sdag_status_name(s), w->t.wrong, w->t.fault.text);
}

static float at(const bench *w, sdag_val v, int64_t i) { return SDAG_DATA_F32(w->t.at[v])[i]; }

static void assert_shape(const bench *w, sdag_val v, sdag_shape s)
{
    char is[SDAG_SHAPE_TEXT], want[SDAG_SHAPE_TEXT];
    assert_string_equal(sdag_shape_text(is, SDAG_DT_F32, sdag_shape_at(&w->b, v)),
                        sdag_shape_text(want, SDAG_DT_F32, s));
}

static const char *producer(const bench *w, sdag_val v)
{
    int32_t i = sdag_value_at(&w->b, v)->producer;
    return i < 0 ? "none" : w->program.ops.at[i].op->name;
}

/* The builder has refused, and said so in these words. */
static void assert_refused(bench *w, sdag_val v, const char *words)
{
    assert_int_equal(v, 0);
    assert_int_equal(w->b.status, SDAG_INVALID);
    assert_int_equal(sdag_log_count(w->log), 1);
    if (!strstr(sdag_log_at(w->log, 0)->text, words))
        fail_msg("'%s' is not in: %s", words, sdag_log_at(w->log, 0)->text);
    bench_close(w);
    bench_open(w);
}

/* ---- reductions ---- */

static void test_axes_that_are_not_neighbours(void **state)
{
    (void)state;
    bench w;
    bench_open(&w);
    sdag_val x = counting(&w, SDAG_SHAPE(3, 4, 5));
    const int axes[] = {-1, 0};
    sdag_val s = sdag_op_sum(&w.b, x, 2, axes, false), m = sdag_op_mean(&w.b, x, 2, axes, true);
    sdag_val v = sdag_op_var(&w.b, x, 2, axes, true, true), all = sdag_op_var(&w.b, x, 0, NULL, false, false);
    sdag_val mean = sdag_op_mean_all(&w.b, x), largest = sdag_op_max(&w.b, x, -2, false);
    assert_shape(&w, s, SDAG_SHAPE(4));
    assert_shape(&w, m, SDAG_SHAPE(1, 4, 1));
    assert_shape(&w, v, SDAG_SHAPE(1, 4, 1));
    assert_shape(&w, all, SDAG_SCALAR);
    assert_shape(&w, largest, SDAG_SHAPE(3, 5));
    run(&w);
    for (int j = 0; j < 4; j++) {
        double sum = 0, spread = 0;
        for (int i = 0; i < 15; i++) sum += i / 5 * 20 + j * 5 + i % 5;
        for (int i = 0; i < 15; i++) spread += pow(i / 5 * 20 + j * 5 + i % 5 - sum / 15, 2);
        assert_true(fabs((double)at(&w, s, j) - sum) < 1e-3);
        assert_true(fabs((double)at(&w, m, j) - sum / 15) < 1e-4);
        assert_true(fabs((double)at(&w, v, j) - spread / 14) < 1e-2);
    }
    assert_true(fabsf(at(&w, all, 0) - (60.0f * 60.0f - 1) / 12) < 1e-2f);
    assert_true(fabsf(at(&w, mean, 0) - 29.5f) < 1e-4f);
    assert_true(at(&w, largest, 14) == 59.0f);
    bench_close(&w);
}

static void test_axes_refused(void **state)
{
    (void)state;
    bench w;
    bench_open(&w);
    assert_refused(&w, sdag_op_sum(&w.b, counting(&w, SDAG_SHAPE(3, 4)), 1, (int[]){2}, false), "no axis 2");
    assert_refused(&w, sdag_op_mean(&w.b, counting(&w, SDAG_SHAPE(3, 4)), 2, (int[]){1, -1}, false), "given twice");
    assert_refused(&w, sdag_op_max(&w.b, counting(&w, SDAG_SCALAR), 0, false), "no axis 0");
    assert_refused(&w, sdag_op_max(&w.b, counting(&w, SDAG_SHAPE(2, 0)), 1, false), "no largest of 0");
    assert_refused(&w, sdag_op_var(&w.b, counting(&w, SDAG_SHAPE(1)), 0, NULL, false, true), "no variance");
    bench_close(&w);
}

static void test_long_sums(void **state)
{
    (void)state;
    enum { N = 3000017 };
    bench w;
    bench_open(&w);
    sdag_val x = sdag_filled(&w.b, SDAG_SHAPE(N), 0.1f),
             far = sdag_op_affine(&w.b, counting(&w, SDAG_SHAPE(1000)), 1, 1e5f);
    sdag_val s = sdag_op_sum_all(&w.b, x), m = sdag_op_mean_all(&w.b, x),
             v = sdag_op_var(&w.b, far, 0, NULL, false, false);
    run(&w);
    double want = (double)0.1f * N;
    if (!(fabs((double)at(&w, s, 0) - want) < 2e-7 * want)) fail_msg("%.9g, exactly %.17g", (double)at(&w, s, 0), want);
    assert_true(fabs((double)at(&w, m, 0) - (double)0.1f) < 2e-8);
    assert_true(fabs((double)at(&w, v, 0) - (1e6 - 1) / 12) < 0.1); /* of 83333, far from 0 */
    bench_close(&w);
}

static void test_logsumexp_limits(void **state)
{
    (void)state;
    bench w;
    bench_open(&w);
    sdag_val big = sdag_op_logsumexp(&w.b, numbers(&w, 3, (float[]){1000, 1000, -1000}), 0, false);
    sdag_val none = sdag_op_logsumexp(&w.b, numbers(&w, 2, (float[]){-INFINITY, -INFINITY}), 0, false);
    sdag_val some = sdag_op_logsumexp(&w.b, numbers(&w, 3, (float[]){-INFINITY, 2, -INFINITY}), 0, false);
    sdag_val all = sdag_op_logsumexp(&w.b, numbers(&w, 2, (float[]){INFINITY, 1}), 0, false);
    run(&w);
    assert_true(fabsf(at(&w, big, 0) - 1000.693147f) < 1e-3f);
    assert_true(at(&w, none, 0) == -INFINITY);
    assert_true(at(&w, some, 0) == 2.0f);
    assert_true(at(&w, all, 0) == INFINITY);
    bench_close(&w);
}

/* ---- views and copies ---- */

static void test_what_need_not_run(void **state)
{
    (void)state;
    bench w;
    bench_open(&w);
    sdag_val x = counting(&w, SDAG_SHAPE(4, 1, 6));
    assert_int_equal(sdag_op_affine(&w.b, x, 1, 0), x);
    assert_int_equal(sdag_op_slice(&w.b, x, 2, 0, 6), x);
    assert_int_equal(sdag_op_pad(&w.b, x, 0, 0, 0), x);
    assert_int_equal(sdag_op_reshape(&w.b, x, SDAG_SHAPE(4, 1, -1)), x);
    assert_int_equal(sdag_op_concat(&w.b, 1, &x, 0), x);
    assert_int_equal(sdag_op_sum_to(&w.b, x, SDAG_SHAPE(4, 1, 6)), x);
    sdag_val part = sdag_op_slice(&w.b, x, 0, 1, 3), moved = sdag_op_permute(&w.b, x, 3, (int[]){1, 0, 2});
    assert_string_equal(producer(&w, part), "slice_view");
    assert_string_equal(producer(&w, moved), "reshape");
    assert_shape(&w, moved, SDAG_SHAPE(1, 4, 6));
    assert_int_equal(sdag_value_at(&w.b, part)->alias, x);
    assert_int_equal(sdag_value_at(&w.b, part)->offset, 6 * (int)sizeof(float));
    assert_string_equal(producer(&w, sdag_op_permute(&w.b, x, 3, (int[]){2, 1, 0})), "permute");
    run(&w);
    assert_true(at(&w, part, 0) == 6.0f);
    bench_close(&w);
}

static void test_moves_refused(void **state)
{
    (void)state;
    bench w;
    bench_open(&w);
    assert_refused(&w, sdag_op_reshape(&w.b, counting(&w, SDAG_SHAPE(6)), SDAG_SHAPE(-1, -1)), "reshape");
    assert_refused(&w, sdag_op_reshape(&w.b, counting(&w, SDAG_SHAPE(6)), SDAG_SHAPE(4, -1)),
                   "another number of elements");
    assert_refused(&w, sdag_op_permute(&w.b, counting(&w, SDAG_SHAPE(6, 2)), 1, (int[]){0}), "order of 1 axes");
    assert_refused(&w, sdag_op_permute(&w.b, counting(&w, SDAG_SHAPE(6, 2)), 2, (int[]){1, 1}), "not one of the axes");
    assert_refused(&w, sdag_op_permute(&w.b, counting(&w, SDAG_SHAPE(6, 2)), 2, (int[]){0, 2}), "not one of the axes");
    assert_refused(&w, sdag_op_slice(&w.b, counting(&w, SDAG_SHAPE(6)), 0, 2, 7), "no part 2 to 7");
    assert_refused(&w, sdag_op_slice(&w.b, counting(&w, SDAG_SHAPE(6)), 1, 0, 1), "no axis");
    assert_refused(&w, sdag_op_pad(&w.b, counting(&w, SDAG_SHAPE(6)), 0, -1, 0), "-1 zeros");
    assert_refused(&w, sdag_op_concat(&w.b, 0, NULL, 0), "0 tensors");
    assert_refused(&w, sdag_op_expand(&w.b, counting(&w, SDAG_SHAPE(6)), SDAG_SHAPE(6, 2)),
                   "cannot be repeated to f32[6,2]");
    assert_refused(&w, sdag_op_clamp(&w.b, counting(&w, SDAG_SHAPE(6)), 2, 1), "wrong order");
    bench_close(&w);
}

static void test_concat_of_many(void **state)
{
    (void)state;
    enum { N = 37 };
    bench w;
    bench_open(&w);
    sdag_val x[N];
    for (int i = 0; i < N; i++) x[i] = sdag_filled(&w.b, SDAG_SHAPE(2, 1 + i % 3), (float)i);
    sdag_val y = sdag_op_concat(&w.b, N, x, -1);
    assert_shape(&w, y, SDAG_SHAPE(2, 73));
    run(&w);
    for (int i = 0, column = 0; i < N; i++)
        for (int k = 0; k <= i % 3; k++, column++) assert_true(at(&w, y, 73 + column) == (float)i);
    bench_close(&w);
}

/* The gradients of the views of one batch come back as paddings; their sum is one joined tensor. */
static void test_paddings_are_joined(void **state)
{
    (void)state;
    bench w;
    bench_open(&w);
    sdag_val p[3], apart;
    for (int i = 0; i < 3; i++)
        p[i] = sdag_op_pad(&w.b, sdag_filled(&w.b, SDAG_SHAPE(2, 3), (float)(i + 1)), 0, 2 * i, 4 - 2 * i);
    sdag_val y = sdag_op_add(&w.b, sdag_op_add(&w.b, p[2], p[1]), p[0]);
    assert_string_equal(producer(&w, y), "concat");
    assert_shape(&w, y, SDAG_SHAPE(6, 3));
    apart = sdag_op_add(&w.b, p[0], p[2]);
    assert_string_equal(producer(&w, apart), "add");
    assert_string_equal(producer(&w, sdag_op_add(&w.b, p[0], p[0])), "add");
    run(&w);
    for (int i = 0; i < 18; i++) assert_true(at(&w, y, i) == (float)(i / 6 + 1));
    for (int i = 0; i < 18; i++) assert_true(at(&w, apart, i) == (i / 6 == 1 ? 0.0f : (float)(i / 6 + 1)));
    bench_close(&w);
}

/* ---- products and choosing ---- */

static void test_linear(void **state)
{
    (void)state;
    bench w;
    bench_open(&w);
    sdag_val x = counting(&w, SDAG_SHAPE(3)), many = counting(&w, SDAG_SHAPE(2, 2, 3)),
             wt = counting(&w, SDAG_SHAPE(2, 3));
    sdag_val bias = numbers(&w, 2, (float[]){10, 20});
    sdag_val y = sdag_op_linear(&w.b, x, wt, bias), z = sdag_op_linear(&w.b, many, wt, 0);
    assert_shape(&w, y, SDAG_SHAPE(2));
    assert_shape(&w, z, SDAG_SHAPE(2, 2, 2));
    run(&w);
    assert_true(at(&w, y, 0) == 15.0f && at(&w, y, 1) == 34.0f);
    assert_true(at(&w, z, 0) == 5.0f && at(&w, z, 7) == 9.0f * 3 + 10.0f * 4 + 11.0f * 5);
    bench_close(&w);
}

static void test_products_refused(void **state)
{
    (void)state;
    bench w;
    bench_open(&w);
    sdag_val x = counting(&w, SDAG_SHAPE(2, 3)), y = counting(&w, SDAG_SHAPE(4, 5));
    assert_refused(&w, sdag_op_matmul(&w.b, x, y, false, false, 1), "3 columns meet 4 rows");
    x = counting(&w, SDAG_SHAPE(2, 3));
    assert_refused(&w, sdag_op_matmul(&w.b, x, x, false, true, 0), "alpha is 0");
    x = counting(&w, SDAG_SHAPE(2, 3));
    assert_refused(&w, sdag_op_linear(&w.b, x, x, numbers(&w, 3, (float[]){1, 2, 3})), "bias");
    assert_refused(&w, sdag_op_add(&w.b, counting(&w, SDAG_SHAPE(2)), counting(&w, SDAG_SHAPE(3))), "f32[2], f32[3]");
    bench_close(&w);
}

static void test_index_out_of_range(void **state)
{
    (void)state;
    for (int scatter = 0; scatter < 2; scatter++) {
        bench w;
        bench_open(&w);
        sdag_val index = sdag_const(&w.b, SDAG_DT_I32, SDAG_SHAPE(3), (int32_t[]){1, scatter ? -1 : 4, 0});
        sdag_val x = counting(&w, scatter ? SDAG_SHAPE(3, 2) : SDAG_SHAPE(4, 2));
        if (scatter) sdag_op_scatter_add(&w.b, index, x, 4);
        else sdag_op_gather(&w.b, x, index);
        sdag_interp_init(&w.t, &w.arena, &w.program);
        assert_int_equal(sdag_interp_run(&w.t), SDAG_IO);
        assert_string_equal(w.t.fault.text, scatter ? "index -1 is outside 0..3" : "index 4 is outside 0..3");
        bench_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_axes_that_are_not_neighbours),
        cmocka_unit_test(test_axes_refused),
        cmocka_unit_test(test_long_sums),
        cmocka_unit_test(test_logsumexp_limits),
        cmocka_unit_test(test_what_need_not_run),
        cmocka_unit_test(test_moves_refused),
        cmocka_unit_test(test_concat_of_many),
        cmocka_unit_test(test_paddings_are_joined),
        cmocka_unit_test(test_linear),
        cmocka_unit_test(test_products_refused),
        cmocka_unit_test(test_index_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
