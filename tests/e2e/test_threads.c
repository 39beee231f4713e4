/* The same bytes for any number of threads and on every repetition: weights, predictions and metrics of every example,
 * made small, and of a pipeline that decodes and augments pictures of mixed sizes. Run from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/examples.h"
#include "tests/support/pictures.h"
#include "tests/support/temp.h"

static const char *const threads[] = {"1", "2", "3", "4", "8", "2"};
enum { TIMES = sizeof threads / sizeof *threads };

static child c;

/* Runs the pipeline with every number of threads; all results must be those of the first. */
static void compare(const char *file, const char *const *more)
{
    tree_remove("runs");
    for (int i = 0, times = child_slow() ? 2 : TIMES; i < times; i++) {
        char out[16];
        const char *args[2 * EXAMPLE_SETS + 8] = {"run", file, "--quiet", "--threads", threads[i], "--out", out};
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

static void test_examples(void **state)
{
    (void)state;
    const example *list;
    int n = examples(&list);
    assert_true(n >= 4);
    examples_data("data");
    for (int i = 0; i < n; i++) {
        sdag_arena a;
        sdag_arena_init(&a);
        const char *args[2 * EXAMPLE_SETS + 1] = {0};
        sdag_spec_set sets[EXAMPLE_SETS];
        int n_sets = example_shrink(sets, &a, &list[i], "data");
        for (int k = 0; k < n_sets; k++) {
            args[2 * k] = "--set";
            args[2 * k + 1] = sdag_arena_printf(&a, "%s=%s", sets[k].path, sets[k].value);
        }
        compare(list[i].path, args);
        sdag_arena_free(&a);
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
        snprintf(name, sizeof name, "pictures/%s/kind%d/%02d.%s", i < 24 ? "train" : "test", i % 3, i,
                 i % 2 ? "jpg" : "png");
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
