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
#include "tests/support/child.h"
#include "tests/support/examples.h"
#include "tests/support/temp.h"

static child c;
static sdag_arena arena, *const a = &arena;

/* ---- node types */

/* A line of the pipeline below; the example takes the place of the node that `phase` and `name` say. */
typedef struct line {
    const char *phase, *name, *node;
} line;

static const line pipeline[] = {
    {"pretrain", "images", "{type: source.random, size: [48, 48], batch: 8}"},
    {"pretrain", "train", "{type: source.random, size: [32, 32], classes: 10}"},
    {"pretrain", "test", "{type: source.random, size: [32, 32], classes: 10}"},
    {"pretrain", "colour", "{type: pretext.colorize, in: train}"},
    {"pretrain", "view_i", "{type: augment, in: images, ops: [{random_resized_crop: {size: 32}}]}"},
    {"pretrain", "view_j", "{type: augment, in: images, ops: [{random_resized_crop: {size: 32}}]}"},
    {"pretrain", "encoder", "{type: encoder.cnn, in: [view_i, view_j], widths: [4]}"},
    {"pretrain", "scores", "{type: head.classifier, in: encoder.view_i, classes: 309, freeze: true}"},
    {"pretrain", "projector", "{type: projector.mlp, in: encoder, widths: [8, 4]}"},
    {"pretrain", "loss", "{type: loss.nt_xent, in: projector}"},
    {"pretrain", "optimizer", "{type: optimizer.sgd, in: loss, lr: 0.1}"},
    {"pretrain", "extra", NULL},
    {"finetune", "images", "{type: source.random, size: [300, 300], batch: 8, classes: 10}"},
    {"finetune", "few", "{type: source.random, size: [300, 300], batch: 8, classes: 10}"},
    {"finetune", "view", "{type: augment, in: images, ops: [{resize: {size: [16, 16]}}]}"},
    {"finetune", "encoder", "{type: encoder.cnn, in: view, widths: [4]}"},
    {"finetune", "head", "{type: head.classifier, in: encoder, classes: 10}"},
    {"finetune", "loss", "{type: loss.cross_entropy, in: {logits: head, target: few.label}}"},
    {"finetune", "optimizer", "{type: optimizer.sgd, in: loss, lr: 0.1}"},
    {"language", "text", "{type: source.text, path: text.txt, special: [mask]}"},
    {"language", "tokens", "{type: source.text, path: text.txt}"},
    {"language", "model", "{type: encoder.transformer, in: text, layers: 1, width: 8, heads: 2, causal: true}"},
    {"language", "head", "{type: head.tokens, in: model}"},
    {"language", "extra", NULL},
    {"code", "images", "{type: source.random, size: [8, 8], batch: 8}"},
    {"code", "encoder", "{type: encoder.mlp, in: images, widths: [16]}"},
    {"code", "mean", "{type: projector.mlp, in: encoder, widths: [4]}"},
    {"code", "log_var", "{type: projector.mlp, in: encoder, widths: [4]}"},
    {"code", "decoder", "{type: decoder.conv, in: mean, widths: [4], size: 8, channels: 3}"},
    {"code", "reconstruction", "{type: loss.mse, in: {x: decoder, y: images}}"},
    {"code", "kl", "{type: loss.kl, in: {mean: mean, log_var: log_var}}"},
    {"code", "loss", "{type: loss.sum, in: [reconstruction, kl]}"},
    {"code", "optimizer", "{type: optimizer.sgd, in: loss, lr: 0.1}"},
    {"code", "train", "{type: source.random, size: [8, 8]}"},
    {"code", "test", "{type: source.random, size: [8, 8]}"},
    {"code", "extra", NULL},
    {"predict", "test", "{type: source.random, size: [32, 32], batch: 8, classes: 10}"},
    {"predict", "encoder", "{use: finetune.encoder, in: test.image}"},
    {"predict", "head", "{use: finetune.head, in: encoder}"},
    {"predict", "vit", "{type: encoder.vit, in: test.image, patch: 8, width: 16, layers: 1, heads: 2}"},
    {"predict", "extra", NULL},
};
enum { LINES = sizeof pipeline / sizeof *pipeline };

/* The nodes that an example may stand in for. */
static const char *const places[] = {
    "pretrain.images",    "pretrain.view_i",    "pretrain.encoder",    "finetune.encoder", "pretrain.projector",
    "pretrain.loss",      "finetune.loss",      "code.reconstruction", "code.kl",          "code.loss",
    "pretrain.optimizer", "finetune.optimizer", "finetune.head",       "code.extra",       "pretrain.extra",
    "predict.extra",      "language.text",      "language.model",      "language.head",    "language.extra",
    "code.encoder",
};
enum { PLACES = sizeof places / sizeof *places };

/* Whether the pipeline with node in the given place passes `check`; else c.err says why not. */
static bool passes(const char *place, const char *node)
{
    sdag_str s = {.a = a};
    const char *phase = "";
    sdag_str_add(&s, "version: 1\nphases:\n");
    for (int i = 0; i < LINES; i++) {
        const line *l = &pipeline[i];
        bool here = !strcmp(place, sdag_arena_printf(a, "%s.%s", l->phase, l->name));
        if (strcmp(phase, l->phase))
            sdag_str_addf(&s, "  %s:\n%s    nodes:\n", l->phase,
                          strcmp(l->phase, "predict") && strcmp(l->phase, "language") ? "    epochs: 3\n" : "");
        phase = l->phase;
        if (here || l->node) sdag_str_addf(&s, "      %s: %s\n", l->name, here ? node : l->node);
    }
    temp_write("example.yaml", s.at, s.n);
    child_run(&c, "check", "example.yaml", "--quiet");
    return c.code == 0;
}

static bool passes_somewhere(const sdag_node_type *t, const char *node)
{
    for (int i = 0; i < PLACES; i++)
        if (passes(places[i], node)) return true;
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
        const char *place = t->role == SDAG_ROLE_AUGMENT     ? "finetune.view"
                            : t->role == SDAG_ROLE_OPTIMIZER ? "pretrain.optimizer"
                                                             : "pretrain.extra";
        const char *in = t->role == SDAG_ROLE_AUGMENT ? "images" : "loss", *more = "";
        if (t->role == SDAG_ROLE_OPTIMIZER) more = ", lr: 0.1";
        if (t->role == SDAG_ROLE_SINK) more = ", path: lines.svg, x: [1]";
        assert_non_null(o->records[i]->example);
        const char *dot = strrchr(o->name, '.'), *key = dot ? dot + 1 : o->name;
        const char *node = sdag_arena_printf(a, "{type: %s%s%s%s, %s: [%s]}", t->name, t->ins ? ", in: " : "",
                                             t->ins ? in : "", more, key, o->records[i]->example);
        if (passes(place, node)) continue;
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
