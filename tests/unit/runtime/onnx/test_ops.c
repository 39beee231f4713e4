/* The table of operations that ONNX knows: complete, without doubles, and what has no counterpart says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/ops/ops.h"
#include "runtime/onnx/emit.h"
#include "runtime/onnx/proto.h"

/* A new op needs a row: what it becomes, or why it is in no network that is applied. */
static void test_every_op_has_a_row(void **state)
{
    (void)state;
    int n;
    const sdag_op *const *all = sdag_op_table(&n);
    for (int i = 0; i < n; i++) {
        const sdag_onnx_row *row = sdag_onnx_find(all[i]->name);
        if (!row) print_error("core/ops: %s has no row in runtime/onnx/ops.c\n", all[i]->name);
        assert_non_null(row);
    }
}

static void test_rows(void **state)
{
    (void)state;
    int n, written = 0;
    const sdag_op *const *all = sdag_op_table(&n);
    for (int i = 0; i < sdag_onnx_rows_n; i++) {
        const sdag_onnx_row *row = &sdag_onnx_rows[i];
        assert_true((row->emit != NULL) != (row->why != NULL));                     /* one of the two */
        assert_ptr_equal(sdag_onnx_find(row->op), row);                             /* no op twice */
        bool known = !strcmp(row->op, "augment") || !strcmp(row->op, "slice_view"); /* of a node; of slice */
        for (int k = 0; k < n; k++) known |= !strcmp(all[k]->name, row->op);
        if (!known) print_error("runtime/onnx/ops.c: there is no op %s\n", row->op);
        assert_true(known);
        written += row->emit != NULL;
    }
    assert_true(written >= 44);
    assert_null(sdag_onnx_find("conv3d"));
}

/* Bytes as the documentation of protocol buffers gives them. */
static void test_wire(void **state)
{
    (void)state;
    sdag_arena a;
    sdag_arena_init(&a);
    sdag_proto p = {.a = &a}, inner = {.a = &a};
    sdag_proto_int(&p, 1, 150);
    assert_int_equal(p.n, 3);
    assert_memory_equal(p.at, "\x08\x96\x01", 3);
    sdag_proto_text(&p, 2, "testing");
    assert_memory_equal(p.at + 3, "\x12\x07testing", 9);
    sdag_proto_int(&inner, 1, 150);
    p.n = 0;
    sdag_proto_message(&p, 3, &inner);
    assert_memory_equal(p.at, "\x1a\x03\x08\x96\x01", 5);
    p.n = 0;
    sdag_proto_ints(&p, 6, (int64_t[]){3, 270, 86942}, 3);
    assert_memory_equal(p.at, "\x32\x06\x03\x8E\x02\x9E\xA7\x05", 8);
    p.n = 0;
    sdag_proto_int(&p, 1, -1); /* ten bytes */
    assert_int_equal(p.n, 11);
    assert_memory_equal(p.at, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
    p.n = 0;
    sdag_proto_f32(&p, 2, 1);
    assert_memory_equal(p.at, "\x15\x00\x00\x80\x3f", 5);
    sdag_arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_op_has_a_row), cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_wire)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
