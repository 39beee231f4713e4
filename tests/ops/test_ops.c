/* Every operation against its naive double version, by the rows of its own `check` table.
 *
 *   test_ops            all of them
 *   test_ops 'batch*'   those whose names match
 *
 * What is checked of each row: runtime/optest/optest.h. Ops that only adjoints use are met in their programs; the ones
 * that have rows of their own are tested by them as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/ops/ops.h"
#include "runtime/optest/optest.h"
#include "tests/ops/reference.h"

enum { SEEN_MAX = 512 };

static const sdag_op *seen[SEEN_MAX];
static int n_seen;

static void meet(void *ctx, const sdag_op *op)
{
    (void)ctx;
    for (int i = 0; i < n_seen; i++)
        if (seen[i] == op) return;
    assert_true(n_seen < SEEN_MAX);
    seen[n_seen++] = op;
}

static void check_op(const sdag_op *op)
{
    assert_non_null(op->name);
    assert_non_null(op->math);
    assert_non_null(op->shape);
    assert_in_range(op->n_out, 1, SDAG_OUT_MAX);
    assert_true(op->cpu.run || op->flags & SDAG_OP_VIEW);
    assert_false(op->flags & SDAG_OP_NOGRAD && op->grad);
    sdag_optest t = {.op = op, .reference = sdag_reference_find(op->name), .met = meet};
    if (!sdag_optest_run(&t)) fail_msg("%s: %s", op->name, t.why);
}

static void test_op(void **state)
{
    const sdag_op *op = *state;
    int first = n_seen;
    if (!op->check && !(op->flags & SDAG_OP_SAMPLES)) fail_msg("%s has no row to check", op->name);
    if (!(op->flags & SDAG_OP_NOGRAD)) assert_true(op->grad || op->flags & SDAG_OP_UPDATES);
    meet(NULL, op);
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
