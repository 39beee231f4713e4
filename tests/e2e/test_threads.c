/* The same bytes for any number of threads and on every repetition: weights, predictions and metrics of every example,
 * made small, and of a pipeline that decodes and augments pictures of mixed sizes. Run from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "graphs/graph/graph.h"
#include "tests/support/child.h"
#include "tests/support/pictures.h"
#include "tests/support/temp.h"

static const char *const threads[] = {"1", "2", "3", "4", "8", "2"};
enum { TIMES = sizeof threads / sizeof *threads, WORDS = 60 };

static child c;

/* Runs the pipeline with every number of threads; all results must be those of the first. */
static void compare(const char *file, const char *const *more)
{
    tree_remove("runs");
    for (int i = 0; i < TIMES; i++) {
        char out[16];
        const char *args[WORDS + 8] = {"run", file, "--quiet", "--threads", threads[i], "--out", out};
        int n = 7;
        snprintf(out, sizeof out, "runs/%d", i);
        for (int k = 0; more && more[k]; k++) args[n++] = more[k];
        c = (child){0};
        child_start(&c, args);
        child_wait(&c);
        if (!child_ends(&c, 0, NULL)) fail_msg("%s with %s threads", file, threads[i]);
        if (i && !runs_agree("runs/0", out)) fail_msg("%s: %s threads, unlike %s", file, threads[i], threads[0]);
    }
}

/* ---- the examples */

static char *examples[64];
static int n_examples;

static int note_example(const char *path, const struct stat *st, int type, struct FTW *at)
{
    size_t n = strlen(path);
    (void)st, (void)at;
    if (type == FTW_F && n > 5 && !strcmp(path + n - 5, ".yaml") && n_examples < 64) examples[n_examples++] = strdup(path);
    return 0;
}

typedef struct sets {
    sdag_arena *a;
    const char *at[WORDS];
    int n;
} sets;

static void set(sets *s, const char *value)
{
    assert_true(s->n + 2 < WORDS);
    s->at[s->n++] = "--set";
    s->at[s->n++] = value;
}

/* Few steps, small batches, narrow networks, and data of our own where the file names some. */
static void shrink(sets *s, const char *file)
{
    static const char *const lets[] = {"width=4", "batch=16", "epochs=1"};
    const sdag_spec *raw, *spec;
    sdag_graph *g;
    char *text;
    size_t len;
    sdag_log *log = sdag_log_create(stderr);
    int n_types;
    sdag_catalog types = {.types = sdag_node_types(&n_types)};
    types.n = n_types;
    assert_int_equal(sdag_file_read(&text, &len, s->a, log, SDAG_NOLOC, file, SDAG_SPEC_TEXT_MAX), SDAG_OK);
    assert_int_equal(sdag_spec_parse(&raw, s->a, log, file, text, len), SDAG_OK);
    assert_int_equal(sdag_spec_resolve(&spec, s->a, log, raw, NULL, 0), SDAG_OK);
    assert_int_equal(sdag_graph_build(&g, s->a, log, spec, &types), SDAG_OK);
    const sdag_spec *let = sdag_spec_get(raw, "let");
    for (int i = 0; i < 3; i++)
        if (let && sdag_spec_get(let, sdag_arena_copy(s->a, lets[i], strcspn(lets[i], "=")))) set(s, lets[i]);
    if (let && sdag_spec_get(let, "data")) set(s, "data=data");
    for (int i = 0; i < g->n_phases; i++)
        if (g->phases[i].optimizer >= 0)
            set(s, sdag_arena_printf(s->a, "phases.%s.%s", g->phases[i].name,
                                     g->phases[i].length.unit == SDAG_STEPS ? "steps=3" : "epochs=1"));
    for (int i = 0; i < g->n_nodes; i++) {
        const sdag_gnode *n = &g->nodes[i];
        const sdag_spec *batch = n->type->role == SDAG_ROLE_SOURCE ? sdag_spec_get(n->spec, "batch") : NULL;
        int64_t v;
        if (strchr(n->name, '.') || !batch || !sdag_spec_i64(&v, batch) || v <= 40) continue;
        set(s, sdag_arena_printf(s->a, "phases.%s.nodes.%s.batch=%d", g->phases[n->phase].name, n->name, v % 37 ? 40 : 37));
    }
    sdag_log_destroy(log);
}

static void test_examples(void **state)
{
    (void)state;
    assert_int_equal(nftw("examples", note_example, 8, FTW_PHYS), 0);
    assert_true(n_examples >= 4);
    pictures_mnist("data", 130, 41);
    pictures_tree("data", 3, 30, 7);
    for (int i = 0; i < n_examples; i++) {
        sdag_arena a;
        sdag_arena_init(&a);
        sets s = {.a = &a};
        char here[4096];
        shrink(&s, examples[i]);
        char *file = sdag_path_join(&a, getcwd(here, sizeof here), examples[i]);
        compare(file, s.at);
        sdag_arena_free(&a);
        free(examples[i]);
    }
}

/* ---- pictures of mixed sizes */

static const char pictures[] =
    "version: 1\n"
    "name: pictures\n"
    "seed: 5\n"
    "let:\n"
    "  data: pictures\n"
    "  views: &views\n"
    "    - random_resized_crop: {size: 24, scale: [0.3, 1.0]}\n"
    "    - random_affine: {degrees: 12, translate: 0.1}\n"
    "    - horizontal_flip\n"
    "    - color_jitter: {brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8}\n"
    "    - grayscale: {p: 0.2}\n"
    "    - gaussian_blur: {sigma: [0.1, 2.0], p: 0.5}\n"
    "    - solarize: {p: 0.2}\n"
    "    - noise: {std: 0.05}\n"
    "    - normalize: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}\n"
    "phases:\n"
    "  pretrain:\n"
    "    epochs: 2\n"
    "    nodes:\n"
    "      images: {type: source.images, path: $data, split: train, size: 0, batch: 9}\n"
    "      views: {type: augment, in: images, views: 2, ops: *views}\n"
    "      encoder: {type: encoder.resnet, in: views, depth: 18, stem: small, width: 4}\n"
    "      projector: {type: projector.mlp, in: encoder, widths: [16, 8]}\n"
    "      loss: {type: loss.nt_xent, in: projector}\n"
    "      optimizer: {type: optimizer.lars, in: loss, lr: 0.2}\n"
    "  finetune:\n"
    "    epochs: 2\n"
    "    nodes:\n"
    "      images: {type: source.images, path: $data, split: train, size: 20, min_side: 20, batch: 7, last: wrap}\n"
    "      encoder: {use: pretrain.encoder, in: images.image}\n"
    "      head: {type: head.classifier, in: encoder, classes: 3, dropout: 0.2}\n"
    "      loss: {type: loss.cross_entropy, in: {logits: head, target: images.label}}\n"
    "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.05, momentum: 0.9}\n"
    "  predict:\n"
    "    nodes:\n"
    "      images: {type: source.images, path: $data, split: test, size: 20, batch: 4}\n"
    "      encoder: {use: finetune.encoder, in: images.image}\n"
    "      head: {use: finetune.head, in: encoder}\n"
    "      table: {type: sink.csv, in: {logits: head, id: images.id, label: images.label}, path: predictions.csv}\n";

static void test_pictures(void **state)
{
    (void)state;
    temp_write("pictures.yaml", pictures, strlen(pictures));
    for (int i = 0; i < 33; i++) {
        char name[64];
        snprintf(name, sizeof name, "pictures/%s/kind%d/%02d.%s", i < 24 ? "train" : "test", i % 3, i, i % 2 ? "jpg" : "png");
        picture_write(name, 9 + i * 17 % 71, 8 + i * 29 % 93, i);
    }
    pictures_pack("pictures.tar", "pictures");
    compare("pictures.yaml", NULL);
    child_run(&c, "run", "pictures.yaml", "--quiet", "--out", "runs/tar", "--set", "data=pictures.tar");
    assert_true(child_ends(&c, 0, NULL));
    assert_true(runs_agree("runs/0", "runs/tar"));
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples), cmocka_unit_test(test_pictures)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
