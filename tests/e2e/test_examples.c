/* Every example is true: those of the node types, in a pipeline that offers what they name, and the ready pipelines.
 * And what only looks at a pipeline opens nothing that it names. Run from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/node/node.h"
#include "runtime/optest/example.h"
#include "tests/support/child.h"
#include "tests/support/examples.h"
#include "tests/support/temp.h"

static child c;
static sdag_arena arena, *const a = &arena;

/* ---- node types */

/* Whether the pipeline with node in the given place passes `check`; else c.err says why not. */
static bool passes(int place, const char *node)
{
    const char *text = sdag_example_text(a, place, node);
    temp_write("example.yaml", text, strlen(text));
    child_run(&c, "check", "example.yaml", "--quiet");
    return c.code == 0;
}

static bool passes_somewhere(const sdag_node_type *t, const char *node)
{
    for (int i = 0; sdag_example_text(a, i, node); i++)
        if (passes(i, node)) return true;
    print_error("%s: its example passes `check` nowhere: %s\n%s\n", t->name, node, c.err);
    return false;
}

static void test_types(void **state)
{
    (void)state;
    int n, wrong = 0;
    const sdag_node_type *const *types = sdag_node_types(&n);
    assert_true(n >= 20);
    for (int i = 0; i < n; i++) {
        assert_non_null(types[i]->example);
        assert_non_null(strstr(types[i]->example, types[i]->name));
        wrong += !passes_somewhere(types[i], types[i]->example);
    }
    assert_int_equal(wrong, 0);
}

/* The records of a node's list (transforms, parameter groups), each alone in the list. */
static int try_records(const sdag_node_type *t, const sdag_opt *o)
{
    int wrong = 0;
    for (int i = 0; o->records && o->records[i]; i++) {
        const char *place;
        assert_non_null(o->records[i]->example);
        const char *node = sdag_example_of_record(a, &place, t, o, o->records[i]);
        if (passes(sdag_example_find(place), node)) continue;
        print_error("%s: the example of %s does not pass `check`: %s\n%s\n", t->name, o->records[i]->name, node, c.err);
        wrong++;
    }
    return wrong;
}

static void test_records(void **state)
{
    (void)state;
    int n, wrong = 0, tables = 0;
    const sdag_node_type *const *types = sdag_node_types(&n);
    for (int i = 0; i < n; i++)
        for (const sdag_opt *o = types[i]->opts; o && o->name; o++) {
            tables += o->records != NULL;
            wrong += try_records(types[i], o);
        }
    assert_true(tables >= 2);
    assert_int_equal(wrong, 0);
}

/* ---- the ready pipelines */

static void test_pipelines(void **state)
{
    (void)state;
    const example *list;
    int n = examples(&list);
    assert_true(n >= 4);
    for (int i = 0; i < n; i++) { /* their data need not be there */
        child_run(&c, "check", list[i].path);
        assert_true(child_ends(&c, 0, NULL));
        assert_string_equal(c.err, "");
        assert_true(strlen(c.out) > 20);
    }
}

/* ---- opening nothing */

static const char stranger[] = "version: 1\n"
                               "phases:\n"
                               "  a:\n"
                               "    epochs: 1\n"
                               "    nodes:\n"
                               "      one: {type: source.images, path: secret.tar, size: 16, batch: 8}\n"
                               "      two: {type: source.idx, path: secret, batch: 8, size: 16, channels: 3}\n"
                               "      encoder: {type: encoder.cnn, in: [one, two], weights: secret.safetensors}\n"
                               "      loss: {type: loss.nt_xent, in: encoder}\n"
                               "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n"
                               "      knn: {type: probe.knn, of: encoder, bank: two, query: {type: source.idx, images:"
                               " secret-images, labels: secret-labels, size: 16, channels: 3}}\n"
                               "      table: {type: sink.csv, in: {features: encoder.one}, path: secret.csv}\n";

static void test_opens_nothing(void **state)
{
    (void)state;
    static const char *const commands[][5] = {
        {"check"}, {"viz"}, {"viz", "--level", "ops"}, {"dump", "--stage", "plan"}, {"dump", "--stage", "graph"}};
    temp_write("stranger.yaml", stranger, strlen(stranger));
    int files = files_like("", "");
    bool traced = system("strace -o /dev/null -e trace=none true 2>/dev/null") == 0;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        sdag_str s = {.a = a};
        c = (child){0};
        const char *args[8] = {commands[i][0], "stranger.yaml"};
        for (int k = 1; k < 5; k++) args[k + 1] = commands[i][k];
        child_start(&c, args);
        child_wait(&c);
        assert_true(child_ends(&c, 0, NULL));
        if (!traced) continue;
        sdag_str_addf(&s,
                      "cd '%s' && ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=%%file,connect \"$SSLDAG\"",
                      temp_path(""));
        for (int k = 0; args[k]; k++) sdag_str_addf(&s, " %s", args[k]);
        sdag_str_add(&s, " >said && ! grep secret trace");
        assert_int_equal(system(s.at), 0);
    }
    assert_int_equal(files_like("", ""), files + (traced ? 2 : 0));
}

/* ---- epochs */

/* The length of an epoch is that of the data which training reads, whatever a probe of the phase reads. */
static void test_epochs(void **state)
{
    (void)state;
    static const char text[] =
        "version: 1\n"
        "phases:\n"
        "  a:\n"
        "    epochs: 2\n"
        "    nodes:\n"
        "      few: {type: source.digits, per_class: 4, batch: 10}\n"
        "      encoder: {type: encoder.cnn, in: few, widths: [4]}\n"
        "      head: {type: head.classifier, in: encoder, classes: 10}\n"
        "      loss: {type: loss.cross_entropy, in: {logits: head, target: few.label}}\n"
        "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n"
        "      knn: {type: probe.knn, of: encoder, bank: few, query: {type: source.digits, batch: 5}}\n"
        "  b:\n"
        "    nodes:\n"
        "      test: {type: source.digits, split: test, batch: 30}\n"
        "      encoder: {use: a.encoder, in: test.image}\n"
        "      knn: {type: probe.knn, of: encoder, bank: {type: source.digits, batch: 20}, query: test}\n";
    temp_write("epochs.yaml", text, strlen(text));
    child_run(&c, "run", "epochs.yaml", "--out", "epochs", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    size_t n;
    char *lines = (char *)temp_read(&n, "epochs/metrics.jsonl");
    lines[n] = 0;
    assert_non_null(strstr(lines, "{\"phase\":\"a\",\"step\":4,\"epoch\":1,\"loss\":"));
    assert_non_null(strstr(lines, "{\"phase\":\"a\",\"step\":8,\"epoch\":2,\"loss\":"));
    assert_non_null(strstr(lines, "\"phase\":\"b\""));
    free(lines);
}

static int set_up(void **state)
{
    (void)state;
    sdag_arena_init(a);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sdag_arena_free(a);
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),         cmocka_unit_test(test_records), cmocka_unit_test(test_pipelines),
        cmocka_unit_test(test_opens_nothing), cmocka_unit_test(test_epochs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
