/* What a run keeps for its report: every file against what can be computed without it, the same results with and
 * without, and nothing lost by a kill. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/io/image.h"
#include "runtime/records/grid.h"
#include "tests/support/child.h"
#include "tests/support/pictures.h"
#include "tests/support/temp.h"

enum { STEPS = 48, TEST = 500 };

static const char yaml[] =
    "version: 1\n"
    "name: records\n"
    "seed: 5\n"
    "phases:\n"
    "  pretrain:\n"
    "    epochs: 6\n"
    "    report: 3 steps\n"
    "    checkpoint: 4 steps\n"
    "    nodes:\n"
    "      digits: {type: source.digits, fraction: 0.2, batch: 32}\n"
    "      view: {type: augment, in: digits, ops: [{random_affine: {degrees: 12}}, {noise: {std: 0.1}}]}\n"
    "      encoder: {type: encoder.cnn, in: view, widths: [8, 16]}\n"
    "      code: {type: projector.mlp, in: encoder.map, widths: [12]}\n"
    "      decoder: {type: decoder.conv, in: code, widths: [8], size: 8, activation: sigmoid}\n"
    "      loss: {type: loss.mse, in: {x: decoder, y: digits.image}}\n"
    "      knn: {type: probe.knn, of: encoder, bank: digits, query: {type: source.digits, split: test}, k: 5}\n"
    "      optimizer: {type: optimizer.adamw, in: loss, lr: 3e-3}\n"
    "  finetune:\n"
    "    epochs: 8\n"
    "    nodes:\n"
    "      few: {type: source.digits, per_class: 5, batch: 25}\n"
    "      encoder: {use: pretrain.encoder, in: few.image}\n"
    "      head: {type: head.classifier, in: encoder, classes: 10}\n"
    "      loss: {type: loss.cross_entropy, in: {logits: head, target: few.label}}\n"
    "      right: {type: probe.accuracy, in: {logits: head, target: few.label}}\n"
    "      optimizer: {type: optimizer.adamw, in: loss, lr: 1e-2}\n"
    "  predict:\n"
    "    nodes:\n"
    "      test: {type: source.digits, split: test, batch: 64}\n"
    "      encoder: {use: finetune.encoder, in: test.image}\n"
    "      head: {use: finetune.head, in: encoder}\n"
    "      accuracy: {type: probe.accuracy, in: {logits: head, target: test.label}}\n"
    "      features: {type: sink.npy, in: encoder, path: features.npy}\n"
    "      labels: {type: sink.npy, in: test.label, path: labels.npy}\n"
    "      seen: {type: sink.npy, in: test, path: seen.npy}\n";

static child c;

static json_t *load(const char *name)
{
    json_error_t e;
    json_t *o = json_load_file(temp_path(name), JSON_REJECT_DUPLICATES, &e);
    if (!o) fail_msg("%s: %s", name, e.text);
    return o;
}

static double number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_number(v)) fail_msg("'%s' is no number", key);
    return json_number_value(v);
}

static double at(const json_t *list, size_t i) { return json_number_value(json_array_get(list, i)); }

/* The object of an array with this phase and node. */
static json_t *entry(json_t *list, const char *phase, const char *node)
{
    size_t i;
    json_t *o;
    json_array_foreach(list, i, o) if (!strcmp(json_string_value(json_object_get(o, "phase")), phase) &&
                                       !strcmp(json_string_value(json_object_get(o, "node")), node)) return o;
    fail_msg("nothing of %s.%s", phase, node);
    return NULL;
}

/* The numbers of a .npy file, behind its header of version 1.0. */
static void *npy(const char *name, size_t bytes)
{
    size_t n;
    uint8_t *file = temp_read(&n, name);
    assert_non_null(file);
    const size_t head = 10 + file[8] + 256u * file[9];
    assert_int_equal(n, head + bytes);
    memmove(file, file + head, bytes);
    return file;
}

static int set_up(void **state)
{
    (void)state;
    temp_write("pipe.yaml", yaml, strlen(yaml));
    child_run(&c, "run", "pipe.yaml", "--out", "kept", "--threads", "2", "--quiet");
    return !child_ends(&c, 0, NULL) || !run_is_whole("kept");
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

/* ---- timing and plan */

static double sum_of(const json_t *rows, const char *key)
{
    const char *name;
    json_t *row;
    double sum = 0;
    json_object_foreach((json_t *)rows, name, row) sum += number(row, key);
    return sum;
}

static void test_timing(void **state)
{
    (void)state;
    static const char *const phases[] = {"pretrain", "finetune", "predict"};
    json_t *all = load("kept/timing.json");
    for (int i = 0; i < 3; i++) {
        const json_t *p = json_object_get(json_object_get(all, "phases"), phases[i]);
        const json_t *nodes = json_object_get(p, "nodes"), *kinds = json_object_get(p, "kinds");
        const double step = number(p, "step_s"), busy = sum_of(nodes, "seconds");
        assert_true(number(p, "threads") == 2 && number(p, "steps") >= 3 && step > 0);
        assert_true(fabs(busy - sum_of(kinds, "seconds")) < 1e-4 * busy);
        assert_true(busy <= 2.001 * step && busy > 0.1 * step); /* ops run inside their step */
        assert_true(sum_of(nodes, "ops") == sum_of(kinds, "ops"));
        assert_true(number(json_object_get(nodes, "encoder"), "bytes") > 0);
    }
    json_decref(all);
}

static bool overlap(double a, double n, double b, double m) { return a < b + m && b < a + n; }

static void check_rectangles(const json_t *p)
{
    const json_t *values = json_object_get(p, "values");
    const size_t n = json_array_size(values);
    assert_true(n > 10 && (double)n == number(p, "all_values"));
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(values, i);
        assert_true(at(v, 0) >= 0 && at(v, 1) > 0 && at(v, 0) + at(v, 1) <= number(p, "bytes"));
        assert_true(at(v, 2) >= 0 && at(v, 2) <= at(v, 3) && at(v, 3) < number(p, "ops"));
        assert_true(i == 0 || at(v, 1) <= at(json_array_get(values, i - 1), 1)); /* the largest first */
        for (size_t k = 0; k < i; k++) {
            const json_t *w = json_array_get(values, k);
            assert_false(overlap(at(v, 0), at(v, 1), at(w, 0), at(w, 1)) &&
                         overlap(at(v, 2), at(v, 3) - at(v, 2) + 1, at(w, 2), at(w, 3) - at(w, 2) + 1));
        }
    }
}

/* The most bytes below `block` that are alive at one operation. */
static double most_alive(const json_t *p, double block)
{
    double most = 0;
    size_t i;
    json_t *v;
    for (int op = 0; op < (int)number(p, "ops"); op++) {
        double alive = 0;
        json_array_foreach(json_object_get(p, "values"), i, v) if (at(v, 0) < block && at(v, 2) <= op && op <= at(v, 3))
            alive += at(v, 1);
        most = fmax(most, alive);
    }
    return most;
}

static void test_plan(void **state)
{
    (void)state;
    static const char *const phases[] = {"pretrain", "finetune", "predict"};
    json_t *all = load("kept/report/plan.json");
    for (int i = 0; i < 3; i++) {
        const json_t *p = json_object_get(all, phases[i]);
        double block, feed, alive;
        check_rectangles(p);
        assert_true(number(p, "unshared_bytes") > number(p, "bytes"));
        child_run(&c, "dump", "pipe.yaml", "--stage", "plan", "--phase", phases[i]);
        assert_int_equal(sscanf(strstr(c.out, "block "), "block %lf bytes (at least %lf", &block, &alive), 2);
        assert_int_equal(sscanf(strstr(c.out, "feed 2 x "), "feed 2 x %lf", &feed), 1);
        assert_true(number(p, "bytes") == block + 2 * feed);
        assert_true(most_alive(p, block) == alive);
    }
    json_decref(all);
}

/* ---- confusion */

static void check_counts(const json_t *e, const double seen[10], double accuracy)
{
    double right = 0, all = 0;
    const json_t *counts = json_object_get(e, "counts");
    assert_int_equal(json_array_size(counts), 10);
    assert_int_equal(json_array_size(json_object_get(e, "classes")), 10);
    for (size_t i = 0; i < 10; i++) {
        double row = 0;
        for (size_t k = 0; k < 10; k++) row += at(json_array_get(counts, i), k);
        right += at(json_array_get(counts, i), i);
        all += row;
        assert_true(row == seen[i]);
    }
    assert_true(fabs(right / all - accuracy) < 1e-8);
}

static void test_confusion(void **state)
{
    (void)state;
    json_t *all = load("kept/report/confusion.json");
    int32_t *labels = npy("kept/labels.npy", TEST * sizeof *labels);
    double test[10] = {0}, few[10];
    for (int i = 0; i < TEST; i++) test[labels[i]]++;
    for (int i = 0; i < 10; i++) few[i] = 5;
    assert_int_equal(json_array_size(all), 3);
    check_counts(entry(all, "pretrain", "knn"), test, run_metric("kept", "pretrain", "knn"));
    check_counts(entry(all, "finetune", "right"), few, run_metric("kept", "finetune", "right"));
    check_counts(entry(all, "predict", "accuracy"), test, run_metric("kept", "predict", "accuracy"));
    free(labels);
    json_decref(all);
}

/* ---- maps of features */

/* The direction of the largest spread of x f64[n,d], by power iteration; taken out of x. along f64[n]. */
static void take_axis(double *along, double *x, int n, int d)
{
    double *v = calloc((size_t)d, sizeof *v), *w = calloc((size_t)d, sizeof *w);
    assert_true(v && w);
    for (int j = 0; j < d; j++) v[j] = 1 + 0.01 * j;
    for (int turn = 0; turn < 3000; turn++) {
        double square = 0;
        memset(w, 0, (size_t)d * sizeof *w);
        for (int i = 0; i < n; i++) {
            double dot = 0;
            for (int j = 0; j < d; j++) dot += x[i * d + j] * v[j];
            for (int j = 0; j < d; j++) w[j] += dot * x[i * d + j];
        }
        for (int j = 0; j < d; j++) square += w[j] * w[j];
        for (int j = 0; j < d; j++) v[j] = w[j] / sqrt(square);
    }
    for (int i = 0; i < n; i++) {
        along[i] = 0;
        for (int j = 0; j < d; j++) along[i] += x[i * d + j] * v[j];
        for (int j = 0; j < d; j++) x[i * d + j] -= along[i] * v[j];
    }
    free(v);
    free(w);
}

/* The map of `predict` is that of the features that its sink wrote, for the same samples. */
static void test_embedding_values(void **state)
{
    (void)state;
    enum { D = 16 };
    json_t *all = load("kept/report/embedding.json"), *e = entry(all, "predict", "encoder");
    float *features = npy("kept/features.npy", TEST * D * sizeof *features);
    int32_t *labels = npy("kept/labels.npy", TEST * sizeof *labels);
    static double x[TEST * D], along[2][TEST];
    double mean[D] = {0};
    for (int i = 0; i < TEST * D; i++) mean[i % D] += (double)features[i] / TEST;
    for (int i = 0; i < TEST * D; i++) x[i] = (double)features[i] - mean[i % D];
    for (int axis = 0; axis < 2; axis++) take_axis(along[axis], x, TEST, D);
    const json_t *xy = json_object_get(json_array_get(json_object_get(e, "moments"), 0), "xy");
    assert_int_equal(json_array_size(xy), TEST);
    for (size_t axis = 0; axis < 2; axis++) {
        double far = 0, sign = 1;
        for (size_t i = 0; i < TEST; i++)
            if (fabs(along[axis][i]) > far) {
                far = fabs(along[axis][i]);
                sign = along[axis][i] < 0 ? -1 : 1;
            }
        for (size_t i = 0; i < TEST; i++)
            assert_true(fabs(at(json_array_get(xy, i), axis) - sign * along[axis][i]) < 2e-3 * far);
    }
    for (size_t i = 0; i < TEST; i++) assert_true(at(json_object_get(e, "labels"), i) == labels[i]);
    free(features);
    free(labels);
    json_decref(all);
}

static void check_moments(const json_t *e, size_t points, int64_t steps)
{
    const json_t *moments = json_object_get(e, "moments");
    const size_t n = json_array_size(moments);
    assert_true(n >= 2 && n <= 6);
    assert_int_equal(json_array_size(json_object_get(e, "labels")), points);
    for (size_t i = 0; i < n; i++) {
        const json_t *m = json_array_get(moments, i);
        assert_int_equal(json_array_size(json_object_get(m, "xy")), points);
        assert_true(i == 0 || number(m, "step") > number(json_array_get(moments, i - 1), "step"));
    }
    assert_true(number(json_array_get(moments, 0), "step") == 0);
    assert_true(number(json_array_get(moments, n - 1), "step") == (double)steps);
}

static void test_embedding(void **state)
{
    (void)state;
    json_t *all = load("kept/report/embedding.json");
    assert_int_equal(json_array_size(all), 3);
    check_moments(entry(all, "pretrain", "encoder"), 259, STEPS); /* a fifth of the digits */
    check_moments(entry(all, "finetune", "encoder"), 50, 16);
    json_decref(all);
    child_run(&c, "run", "pipe.yaml", "--out", "tsne", "--embedding", "tsne", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    all = load("tsne/report/embedding.json");
    assert_string_equal(json_string_value(json_object_get(entry(all, "predict", "encoder"), "method")), "tsne");
    check_moments(entry(all, "pretrain", "encoder"), 259, STEPS);
    json_decref(all);
    child_run(&c, "run", "pipe.yaml", "--out", "umap", "--embedding", "umap");
    assert_true(child_ends(&c, 2, "--embedding is 'umap', expected pca or tsne"));
}

/* ---- pictures */

/* A PNG of the report as bytes, grey; its size as its entry says. */
static uint8_t *picture(int *h, int *w, const json_t *e)
{
    char path[256], why[SDAG_WHY];
    size_t n;
    sdag_image_head head;
    snprintf(path, sizeof path, "kept/report/%s", json_string_value(json_object_get(e, "file")));
    uint8_t *file = temp_read(&n, path);
    assert_non_null(file);
    assert_int_equal(sdag_image_read_head(&head, file, n, why), SDAG_OK);
    assert_true(head.width == number(e, "columns") * (number(e, "tile") + SDAG_GRID_GAP) + SDAG_GRID_GAP);
    assert_true(head.height == number(e, "rows") * (number(e, "tile") + SDAG_GRID_GAP) + SDAG_GRID_GAP);
    uint8_t *pixels = calloc((size_t)head.width, (size_t)head.height);
    sdag_decoder *d = sdag_decoder_create();
    assert_true(pixels && d);
    assert_int_equal(sdag_image_decode(d, pixels, (size_t)head.width * (size_t)head.height, h, w, file, n, 1, 0, why),
                     SDAG_OK);
    sdag_decoder_destroy(d);
    free(file);
    return pixels;
}

static void test_views(void **state)
{
    (void)state;
    json_t *all = load("kept/report/views.json");
    size_t i;
    json_t *e;
    int h, w;
    json_array_foreach(all, i, e) free(picture(&h, &w, e));
    entry(all, "pretrain", "digits");
    entry(all, "pretrain", "view");
    assert_int_equal(number(entry(all, "pretrain", "decoder"), "step"), 0);
    assert_true(temp_exists("kept/report/views-pretrain-decoder.png"));
    assert_true(temp_exists("kept/report/views-pretrain-decoder-first.png"));
    assert_int_equal(json_array_size(all), 6);
    /* every pixel of the first test digits, each six wide and high */
    float *seen = npy("kept/seen.npy", TEST * 64 * sizeof *seen);
    e = entry(all, "predict", "test");
    uint8_t *p = picture(&h, &w, e);
    const int columns = (int)number(e, "columns"), tile = (int)number(e, "tile"), block = tile + SDAG_GRID_GAP;
    assert_true(tile == 48 && columns == 8 && number(e, "rows") == 2);
    for (int k = 0; k < 16; k++)
        for (int y = 0; y < tile; y++)
            for (int x = 0; x < tile; x++) {
                const int row = SDAG_GRID_GAP + k / columns * block + y,
                          column = SDAG_GRID_GAP + k % columns * block + x;
                assert_true(p[row * w + column] == (int)(255 * seen[k * 64 + y / 6 * 8 + x / 6] + 0.5f));
            }
    assert_true(p[0] == 255 && p[(SDAG_GRID_GAP + tile) * w] == 255); /* paper between them */
    free(p);
    free(seen);
    json_decref(all);
}

/* ---- photographs in folders, of mixed sizes, and a network that is built of layers */

static const char mixed[] = "version: 1\n"
                            "phases:\n"
                            "  a:\n"
                            "    epochs: 2\n"
                            "    nodes:\n"
                            "      photos: {type: source.images, path: photos, size: 0, batch: 8}\n"
                            "      view: {type: augment, in: photos, ops: [{random_resized_crop: {size: 16}},"
                            " {normalize: {mean: [0.5, 0.5, 0.5], std: [0.1, 0.1, 0.1]}}]}\n"
                            "      conv: {type: layer.conv2d, in: view, width: 4}\n"
                            "      pool: {type: layer.global_pool, in: conv}\n"
                            "      flat: {type: layer.linear, in: pool, width: 6}\n"
                            "      head: {type: head.classifier, in: flat, classes: 2}\n"
                            "      loss: {type: loss.cross_entropy, in: {logits: head, target: photos.label}}\n"
                            "      right: {type: probe.accuracy, in: {logits: head, target: photos.label}}\n"
                            "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.01}\n";

static void test_mixed(void **state)
{
    (void)state;
    char name[64];
    for (int i = 0; i < 24; i++) {
        snprintf(name, sizeof name, "photos/%s/%02d.png", i % 3 ? "cat" : "dog", i);
        picture_write(name, 17 + i, 30 - i / 2, i);
    }
    temp_write("mixed.yaml", mixed, strlen(mixed));
    child_run(&c, "run", "mixed.yaml", "--out", "mixed", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    /* that the photographs do not fit the encoder as they are is no error of the user's */
    assert_true(!strstr(c.err, "error:") && !strstr(c.err, "warning:"));
    json_t *views = load("mixed/report/views.json"), *maps = load("mixed/report/embedding.json"),
           *counts = load("mixed/report/confusion.json"), *map = entry(maps, "a", "flat");
    assert_int_equal(json_array_size(views), 1);
    entry(views, "a", "view");
    check_moments(map, 24, 6);
    for (int i = 0; i < 2; i++) {
        const json_t *classes = json_object_get(i ? map : entry(counts, "a", "right"), "classes");
        assert_string_equal(json_string_value(json_array_get(classes, 0)), "cat");
        assert_string_equal(json_string_value(json_array_get(classes, 1)), "dog");
    }
    json_decref(views);
    json_decref(maps);
    json_decref(counts);
}

/* ---- the environment, and what nothing of it may change */

static void test_env(void **state)
{
    (void)state;
    json_t *env = load("kept/report/env.json"), *versions = json_object_get(env, "versions");
    static const char *const libraries[] = {"ssldag", "openblas", "graphviz", "libyaml", "zlib", "libpng", "jansson"};
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        assert_true(json_string_length(json_object_get(versions, libraries[i])) > 0);
    const char *command = json_string_value(json_object_get(env, "command"));
    assert_true(command && strstr(command, " run pipe.yaml --out kept --threads 2 --quiet"));
    assert_true(number(env, "threads") == 2 && number(env, "seed") == 5);
    assert_true(strlen(json_string_value(json_object_get(env, "started"))) == 24);
    assert_true(strlen(json_string_value(json_object_get(env, "finished"))) == 24);
    assert_true(number(env, "seconds_for_report") < number(env, "seconds"));
    json_decref(env);
}

static void test_without(void **state)
{
    (void)state;
    child_run(&c, "run", "pipe.yaml", "--out", "plain", "--threads", "1", "--no-report", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    assert_true(runs_agree("kept", "plain"));
    assert_false(temp_exists("plain/report") || temp_exists("plain/timing.json"));
    child_run(&c, "report", "plain", "--quiet");
    assert_true(child_ends(&c, 0, NULL) && temp_exists("plain/report.html"));
}

/* Nothing is written into a folder that holds no run. */
static void test_no_run(void **state)
{
    (void)state;
    temp_write("other/notes.txt", "x", 1);
    child_run(&c, "report", "other");
    assert_true(child_ends(&c, 2, "'other' is no folder of a run: it has no config.yaml"));
    assert_false(temp_exists("other/report.html"));
}

/* ---- kills, and files that are not what they were */

/* Begins a run in dir, or goes on with it, and sends the signal as soon as there is that file in it (NULL: two
 * checkpoints). false: it was through before. */
static bool stopped_at(const char *dir, const char *file, int signal_number)
{
    char path[128], checkpoints[64];
    snprintf(path, sizeof path, "%s/%s", dir, file ? file : "");
    snprintf(checkpoints, sizeof checkpoints, "%s/checkpoints", dir);
    c = (child){0};
    if (temp_exists(dir)) child_start(&c, (const char *const[]){"run", "--resume", dir, NULL});
    else child_start(&c, (const char *const[]){"run", "pipe.yaml", "--out", dir, NULL});
    while (!(file ? temp_exists(path) : temp_exists(checkpoints) && files_like(checkpoints, ".safetensors") >= 2) &&
           !child_done(&c))
        usleep(100);
    child_kill(&c, signal_number);
    if (c.pid) child_wait(&c);
    return c.code == (signal_number == SIGKILL ? 128 + SIGKILL : 75);
}

/* On a machine that is busy the run may be through before this program comes to its turn: then once more. */
static void begin_and_stop(const char *dir, int signal_number)
{
    for (int turn = 0; turn < 20; turn++) {
        if (stopped_at(dir, NULL, signal_number)) return;
        tree_remove(dir);
    }
    fail_msg("never stopped in time");
}

static void test_kill(void **state)
{
    (void)state;
    begin_and_stop("killed", SIGKILL);
    stopped_at("killed", "weights/pretrain.encoder.safetensors", SIGKILL); /* or the end */
    child_run(&c, "run", "--resume", "killed", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    assert_true(runs_agree("kept", "killed"));
    assert_true(run_is_whole("killed"));
    json_t *all = load("killed/report/embedding.json"), *views = load("killed/report/views.json"),
           *timing = load("killed/timing.json"), *plan = load("killed/report/plan.json");
    assert_int_equal(json_array_size(all), 3);
    check_moments(entry(all, "pretrain", "encoder"), 259, STEPS); /* that before the first step is still there */
    check_moments(entry(all, "finetune", "encoder"), 50, 16);
    assert_int_equal(json_array_size(views), 6);
    assert_int_equal(json_object_size(json_object_get(timing, "phases")), 3);
    assert_int_equal(json_object_size(plan), 3);
    json_decref(all);
    json_decref(views);
    json_decref(timing);
    json_decref(plan);
}

static void test_damage(void **state)
{
    (void)state;
    begin_and_stop("hurt", SIGINT);
    assert_true(run_is_whole("hurt"));
    temp_write("hurt/report/views.json", "[{\"phase\": ", 11);
    temp_write("hurt/report/confusion.json", "{}", 2);
    temp_write("hurt/report/embedding.json", "[1, {\"phase\": \"pretrain\", \"node\": \"encoder\", \"moments\": 7}]",
               57);
    child_run(&c, "run", "--resume", "hurt", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    assert_true(child_says(&c, "warning: hurt/report/views.json is damaged"));
    assert_true(child_says(&c, "warning: hurt/report/confusion.json is damaged"));
    assert_true(runs_agree("kept", "hurt"));
    assert_true(run_is_whole("hurt"));
}

/* A file where the folder should be: a warning, and the same results. */
static void test_no_folder(void **state)
{
    (void)state;
    begin_and_stop("barred", SIGINT);
    tree_remove("barred/report");
    temp_write("barred/report", "x", 1);
    child_run(&c, "run", "--resume", "barred", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    assert_true(child_says(&c, "the run goes on, its report will lack something"));
    assert_true(runs_agree("kept", "barred"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timing),    cmocka_unit_test(test_plan),
        cmocka_unit_test(test_confusion), cmocka_unit_test(test_embedding_values),
        cmocka_unit_test(test_views),     cmocka_unit_test(test_embedding),
        cmocka_unit_test(test_env),       cmocka_unit_test(test_without),
        cmocka_unit_test(test_no_run),    cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_kill),      cmocka_unit_test(test_damage),
        cmocka_unit_test(test_no_folder),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
