/* A queue of negatives in a run: it starts as random directions, takes in what it should, and leaves with the weights;
 * a later phase may go on with it. Run from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/io/safetensors.h"
#include "tests/support/child.h"
#include "tests/support/temp.h"

/* Three steps of 20 rows into 70, then two more into the same queue. */
static const char yaml[] = "version: 1\n"
                           "phases:\n"
                           "  a:\n"
                           "    steps: $steps\n"
                           "    nodes:\n"
                           "      digits: {type: source.digits, batch: 20}\n"
                           "      encoder: {type: encoder.mlp, in: digits, widths: [16, 6]}\n"
                           "      queue: {type: memory.queue, in: encoder, size: 70}\n"
                           "      loss: {type: loss.info_nce, in: {query: encoder, positive: encoder,"
                           " negatives: queue}}\n"
                           "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.01}\n"
                           "  b:\n"
                           "    steps: 2\n"
                           "    nodes:\n"
                           "      digits: {type: source.digits, batch: 20}\n"
                           "      encoder: {use: a.encoder, in: digits}\n"
                           "      queue: {use: a.queue, in: encoder}\n"
                           "      loss: {type: loss.info_nce, in: {query: encoder, positive: encoder,"
                           " negatives: queue}}\n"
                           "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.01}\n"
                           "let: {steps: 3}\n";
enum { SIZE = 70, D = 6, ROWS = 20 };

static child c;

typedef struct {
    float rows[SIZE * D];
    int64_t cursor;
} contents;

static contents read_queue(const char *name)
{
    contents q;
    sdag_st *st;
    sdag_log *log = sdag_log_create(NULL);
    assert_non_null(log);
    assert_int_equal(sdag_st_open(&st, log, SDAG_NOLOC, temp_path(name)), SDAG_OK);
    assert_int_equal(sdag_st_count(st), 2);
    const sdag_st_entry *rows = sdag_st_find(st, "queue"), *cursor = sdag_st_find(st, "queue_ptr");
    assert_non_null(rows);
    assert_non_null(cursor);
    assert_int_equal(rows->count, SIZE * D);
    assert_int_equal(sdag_st_read_f32(st, rows, q.rows, SIZE * D, log), SDAG_OK);
    assert_int_equal(sdag_st_read_i64(st, cursor, &q.cursor, 1, log), SDAG_OK);
    sdag_st_close(st);
    sdag_log_destroy(log);
    return q;
}

/* Rows [from,to) of both are the same bits. */
static bool same(const contents *x, const contents *y, int from, int to)
{
    return !memcmp(x->rows + from * D, y->rows + from * D, (size_t)((to - from) * D) * sizeof(float));
}

static void test_run(void **state)
{
    (void)state;
    temp_write("queue.yaml", yaml, strlen(yaml));
    child_run(&c, "run", "queue.yaml", "--out", "one", "--set", "steps=1", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "run", "queue.yaml", "--out", "three", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    const contents one = read_queue("one/weights/a.queue.safetensors"),
                   three = read_queue("three/weights/a.queue.safetensors"),
                   five = read_queue("three/weights/b.queue.safetensors");

    double mean = 0;
    for (int r = ROWS; r < SIZE; r++) { /* as they were at the start */
        double sum = 0;
        for (int k = 0; k < D; k++) sum += pow((double)one.rows[r * D + k], 2), mean += (double)one.rows[r * D + k];
        assert_true(fabs(sum - 1) < 1e-6);
        for (int s = ROWS; s < r; s++) assert_true(memcmp(one.rows + r * D, one.rows + s * D, D * sizeof(float)));
    }
    assert_true(fabs(mean / ((SIZE - ROWS) * D)) < 4 / sqrt((SIZE - ROWS) * D * D)); /* directions have no favourite */
    assert_int_equal(one.cursor, ROWS);

    assert_int_equal(three.cursor, 3 * ROWS);
    assert_true(same(&three, &one, 0, ROWS));
    assert_true(same(&three, &one, 3 * ROWS, SIZE));
    for (int r = ROWS; r < 3 * ROWS; r++) assert_false(same(&three, &one, r, r + 1));

    assert_int_equal(five.cursor, 5 * ROWS - SIZE);
    assert_true(same(&five, &three, 5 * ROWS - SIZE, 3 * ROWS));
    assert_false(same(&five, &three, 3 * ROWS, SIZE));
    assert_false(same(&five, &three, 0, 5 * ROWS - SIZE));
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_run)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
