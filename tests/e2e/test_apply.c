/* embed and predict: what a run has learned, applied to images that it has not seen. The run's own sinks say what must
 * come out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/support/child.h"
#include "tests/support/pictures.h"
#include "tests/support/temp.h"

static child c;

/* What is random in training is left out for new data: the phase that predicts says how they are read. */
static const char shop[] =
    "version: 1\n"
    "name: shop\n"
    "let:\n"
    "  norm: &norm {normalize: {mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3]}}\n"
    "phases:\n"
    "  train:\n"
    "    epochs: 2\n"
    "    nodes:\n"
    "      few: {type: source.images, path: data, split: train, size: 20, batch: 25}\n"
    "      view: {type: augment, in: few, ops: [{random_resized_crop: {size: 16}}, horizontal_flip, *norm]}\n"
    "      encoder: {type: encoder.cnn, in: view, widths: [6, 5]}\n"
    "      head: {type: head.classifier, in: encoder, classes: 3}\n"
    "      loss: {type: loss.cross_entropy, in: {logits: head, target: few.label}}\n"
    "      optimizer: {type: optimizer.adamw, in: loss, lr: 1e-2}\n"
    "  predict:\n"
    "    nodes:\n"
    "      test: {type: source.images, path: data, split: test, size: 16, batch: 8}\n"
    "      view: {type: augment, in: test, ops: [*norm]}\n"
    "      encoder: {use: train.encoder, in: view}\n"
    "      head: {use: train.head, in: encoder}\n"
    "      table: {type: sink.csv, in: {logits: head, id: test.id}, path: own.csv}\n"
    "      features: {type: sink.npy, in: encoder, path: own.npy}\n";

enum { TRAIN_EACH = 25, TEST_EACH = 7, CLASSES = 3, WIDTH = 5 };

static int setup(void **state)
{
    (void)state;
    pictures_tree("data", CLASSES, TRAIN_EACH, TEST_EACH);
    temp_write("shop.yaml", shop, strlen(shop));
    child_run(&c, "run", "shop.yaml", "--out", "run", "-q");
    if (c.code) fputs(c.err, stderr);
    return c.code;
}

static char *text_of(const char *name)
{
    size_t n;
    char *text = (char *)temp_read(&n, name), *copy = calloc(1, n + 1);
    assert_non_null(text);
    memcpy(copy, text, n);
    free(text);
    return copy;
}

static bool same_files(const char *a, const char *b)
{
    size_t n, m;
    uint8_t *x = temp_read(&n, a), *y = temp_read(&m, b);
    bool same = x && y && n == m && !memcmp(x, y, n);
    free(x);
    free(y);
    return same;
}

/* ---- what comes out */

static void test_features(void **state)
{
    (void)state;
    child_run(&c, "embed", "run", "data/test", "-o", "f.npy", "--csv", "f.csv");
    assert_true(child_ends(&c, 0, "'predict.encoder' with the weights of run/weights/train.encoder.safetensors"));
    assert_true(child_says(&c, "images of 16x16, 3 channels; normalize as in predict"));
    assert_true(same_files("f.npy", "run/own.npy"));
    char *csv = text_of("f.csv");
    assert_int_equal(strncmp(csv, "file,f0,f1,f2,f3,f4\ndata/test/", 30), 0);
    int lines = 0;
    for (const char *p = csv; (p = strchr(p, '\n')); p++) lines++;
    assert_int_equal(lines, 1 + CLASSES * TEST_EACH);
    free(csv);
}

/* Field number `at` of the line that begins with `first`; "" when there is none. */
static void field(char out[64], const char *csv, const char *first, int at)
{
    out[0] = 0;
    size_t n = strlen(first);
    for (const char *line = csv; line; line = (line = strchr(line, '\n')) ? line + 1 : NULL) {
        if (strncmp(line, first, n)) continue;
        for (; at && line; at--) line = (line = strchr(line, ',')) ? line + 1 : NULL;
        if (line) snprintf(out, 64, "%.*s", (int)strcspn(line, ",\n"), line);
        return;
    }
}

/* Name, probability and sum of the probabilities, for every file, beside what the run's own table says. */
static void test_classes(void **state)
{
    (void)state;
    child_run(&c, "predict", "run", "data/test", "-o", "p.csv");
    assert_true(child_ends(&c, 0, "21 samples in p.csv"));
    char *got = text_of("p.csv"), *own = text_of("run/own.csv"), *save;
    assert_int_equal(strncmp(got, "file,class,probability,p_", 25), 0);
    strtok_r(own, "\n", &save);
    int rows = 0;
    for (char *line; (line = strtok_r(NULL, "\n", &save)); rows++) {
        char file[128], name[64], p[64], key[192], mine[64];
        assert_int_equal(sscanf(line, "%*d,%127[^,],%*d,%63[^,],%63s", file, name, p), 3);
        snprintf(key, sizeof key, "data/test/%s,", file);
        field(mine, got, key, 1);
        assert_string_equal(mine, name);
        field(mine, got, key, 2);
        assert_true(fabs(atof(mine) - atof(p)) < 1e-6);
        double sum = 0;
        for (int k = 0; k < CLASSES; k++) {
            field(mine, got, key, 3 + k);
            sum += atof(mine);
        }
        assert_true(fabs(sum - 1) < 1e-5);
    }
    assert_int_equal(rows, CLASSES * TEST_EACH);
    free(got);
    free(own);
}

/* More than one batch and a part of one: each file once; flat, nested, packed or named one by one is all the same. */
static void test_every_file_once(void **state)
{
    (void)state;
    child_run(&c, "embed", "run", "data/train", "-o", "all.npy", "--json");
    assert_true(child_ends(&c, 0, NULL));
    json_t *j = json_loads(c.out, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(j, "samples")), CLASSES * TRAIN_EACH);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(j, "shape"), 1)), WIDTH);
    assert_string_equal(json_string_value(json_object_get(j, "node")), "predict.encoder");
    json_decref(j);
    pictures_pack("train.tar", "data/train");
    child_run(&c, "embed", "run", "train.tar", "-o", "packed.npy");
    assert_true(child_ends(&c, 0, NULL));
    assert_true(same_files("all.npy", "packed.npy"));
    child_run(&c, "embed", "run", "data/train", "data/test", "--csv", "two.csv", "-t", "1");
    assert_true(child_ends(&c, 0, "96 samples"));
    picture_write("flat/a.png", 16, 16, 1);
    picture_write("flat/b.jpg", 40, 30, 2);
    picture_write("flat/c.png", 9, 50, 3);
    child_run(&c, "predict", "run", "flat", "-o", "flat.csv");
    assert_true(child_ends(&c, 0, "3 samples"));
    child_run(&c, "predict", "run", "flat/a.png", "flat/b.jpg", "flat/c.png", "-o", "named.csv");
    assert_true(child_ends(&c, 0, "3 samples"));
    assert_true(same_files("flat.csv", "named.csv"));
}

static void test_json(void **state)
{
    (void)state;
    picture_write("flat/a.png", 16, 16, 1);
    child_run(&c, "predict", "run", "flat/a.png", "--json", "-q");
    assert_true(child_ends(&c, 0, NULL));
    assert_string_equal(c.err, "");
    json_t *j = json_loads(c.out, 0, NULL), *row = json_array_get(json_object_get(j, "predictions"), 0), *p, *value;
    const char *name;
    double sum = 0, best = 0;
    assert_string_equal(json_string_value(json_object_get(row, "file")), "flat/a.png");
    p = json_object_get(row, "probabilities");
    json_object_foreach(p, name, value)
    {
        sum += json_number_value(value);
        if (json_number_value(value) > best) best = json_number_value(value);
    }
    assert_int_equal(json_object_size(p), CLASSES);
    assert_true(fabs(sum - 1) < 1e-6);
    assert_true(fabs(best - json_number_value(json_object_get(row, "probability"))) < 1e-9);
    value = json_object_get(p, json_string_value(json_object_get(row, "class")));
    assert_true(fabs(best - json_number_value(value)) < 1e-9);
    json_decref(j);
}

/* A run that was stopped has no weights/ yet: its checkpoint does as well. */
static void test_checkpoint(void **state)
{
    (void)state;
    child_run(&c, "predict", "run", "data/test", "-o", "whole.csv");
    tree_copy("stopped", "run");
    tree_remove("stopped/weights");
    child_run(&c, "predict", "stopped", "data/test", "-o", "stopped.csv");
    assert_true(child_ends(&c, 0, "with the weights of checkpoint"));
    assert_true(same_files("whole.csv", "stopped.csv"));
    tree_remove("stopped/checkpoints");
    child_run(&c, "predict", "stopped", "data/test");
    assert_true(child_ends(&c, 4, "stopped has no weights of 'predict.head' yet"));
    child_run(&c, "predict", "stopped", "data/test", "--node", "train.head");
    assert_true(child_ends(&c, 4, "stopped has no weights of 'train.head'"));
    tree_copy("part", "run");
    tree_remove("part/checkpoints");
    assert_int_equal(remove(temp_path("part/weights/train.encoder.safetensors")), 0);
    child_run(&c, "predict", "part", "data/test");
    assert_true(child_ends(&c, 4, "part has no weight '0.weight' of 'encoder'")); /* never one that is made up */
}

/* Names of classes are the run's: they are known when the training data are gone. */
static void test_names(void **state)
{
    (void)state;
    picture_write("flat/a.png", 16, 16, 1);
    tree_copy("moved", "run");
    assert_int_equal(rename(temp_path("data"), temp_path("gone")), 0);
    child_run(&c, "predict", "moved", "flat/a.png", "-o", "n.csv");
    assert_int_equal(rename(temp_path("gone"), temp_path("data")), 0);
    assert_true(child_ends(&c, 0, NULL));
    char *with = text_of("n.csv"), *numbers;
    assert_null(strstr(with, "p_0,p_1,p_2"));
    assert_int_equal(remove(temp_path("moved/classes.json")), 0);
    child_run(&c, "predict", "moved", "flat/a.png", "-o", "n.csv");
    numbers = text_of("n.csv");
    assert_non_null(strstr(numbers, "file,class,probability,p_0,p_1,p_2\n"));
    free(with);
    free(numbers);
}

/* Names of files and folders are any bytes: what is no UTF-8 is one sign instead in JSON, and stays as it is in tables.
 */
static void test_any_bytes(void **state)
{
    (void)state;
    picture_write("latin/caf\xe9/b.png", 16, 16, 1);
    tree_copy("r\xe9", "run");
    child_run(&c, "predict", "r\xe9", "latin/caf\xe9", "--json", "-q");
    assert_true(child_ends(&c, 0, NULL));
    json_t *j = json_loads(c.out, 0, NULL), *row = json_array_get(json_object_get(j, "predictions"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "file")), "latin/caf\xef\xbf\xbd/b.png");
    assert_string_equal(json_string_value(json_object_get(j, "run")), "r\xef\xbf\xbd");
    json_decref(j);
    child_run(&c, "embed", "r\xe9", "latin/caf\xe9", "--csv", "\xe9.csv", "--json", "-q");
    assert_true(child_ends(&c, 0, NULL));
    assert_non_null(strstr(c.out, "\"csv\": \"\xef\xbf\xbd.csv\""));
    char *table = text_of("\xe9.csv");
    assert_non_null(strstr(table, "latin/caf\xe9/b.png,"));
    free(table);
    child_run(&c, "export", "r\xe9", "-o", "\xe9.onnx", "--json", "-q");
    assert_true(child_ends(&c, 0, NULL));
    assert_non_null(strstr(c.out, "\"onnx\": \"\xef\xbf\xbd.onnx\""));
}

/* The same for a class, whose name a run keeps. */
static void test_class_of_any_bytes(void **state)
{
    (void)state;
    picture_write("odd/a/1.png", 16, 16, 1);
    picture_write("odd/caf\xe9/2.png", 16, 16, 2);
    static const char text[] = "version: 1\n"
                               "phases:\n"
                               "  train:\n"
                               "    steps: 2\n"
                               "    nodes:\n"
                               "      few: {type: source.images, path: odd, size: 16, batch: 2}\n"
                               "      encoder: {type: encoder.cnn, in: few, widths: [4]}\n"
                               "      head: {type: head.classifier, in: encoder, classes: 2}\n"
                               "      loss: {type: loss.cross_entropy, in: {logits: head, target: few.label}}\n"
                               "      optimizer: {type: optimizer.adamw, in: loss, lr: 1e-3}\n";
    temp_write("odd.yaml", text, strlen(text));
    child_run(&c, "run", "odd.yaml", "--out", "odd\xe9", "--json", "-q");
    assert_true(child_ends(&c, 0, NULL));
    assert_non_null(strstr(c.out, "\"folder\": \"odd\xef\xbf\xbd\""));
    child_run(&c, "predict", "odd\xe9", "odd/a");
    assert_true(child_ends(&c, 0, NULL));
    assert_non_null(strstr(c.out, "file,class,probability,p_a,p_caf\xef\xbf\xbd\n"));
    child_run(&c, "compare", "odd\xe9", "run", "--json");
    assert_true(child_ends(&c, 0, NULL));
    json_t *j = json_loads(c.out, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(j, "runs")), 2);
    json_decref(j);
}

/* A page is made of a run, not of any folder. */
static void test_report_of_no_run(void **state)
{
    (void)state;
    child_run(&c, "report", "data");
    assert_true(child_ends(&c, 2, "'data' is no folder of a run"));
    assert_int_not_equal(access(temp_path("data/report.html"), F_OK), 0);
    child_run(&c, "report", "nowhere");
    assert_true(child_ends(&c, 4, "cannot open 'nowhere'"));
    child_run(&c, "report", ".");
    assert_true(child_ends(&c, 2, "'.' is no run, but holds some"));
}

/* Images of mixed sizes, and a chain that resizes: what is drawn is left out, a random crop cuts the middle. */
static void test_resizing(void **state)
{
    (void)state;
    static const char *const chains[][2] = {
        {"[{resize: {size: 12}}, {center_crop: {size: 10}}, {normalize: {mean: 0, std: 1}}]",
         "resize, center_crop, normalize as in predict"},
        {"[{resize: {size: 12}}, {random_crop: {size: 10}}, horizontal_flip, {normalize: {mean: 0, std: 1}}]",
         "resize, center_crop, normalize as in predict; left out: random_crop, horizontal_flip"},
    };
    picture_write("sizes/test/a/1.png", 16, 30, 1);
    picture_write("sizes/test/b/2.jpg", 40, 30, 2);
    picture_write("sizes/test/b/3.png", 19, 50, 3);
    for (int i = 0; i < 2; i++) {
        char text[2000];
        snprintf(text, sizeof text,
                 "version: 1\nphases:\n  train:\n    steps: 1\n    nodes:\n"
                 "      images: {type: source.images, path: sizes, size: 10, batch: 2}\n"
                 "      encoder: {type: encoder.cnn, in: images, widths: [4]}\n"
                 "      wide: {type: projector.mlp, in: encoder, widths: [4]}\n"
                 "      loss: {type: loss.mse, in: {x: wide, y: encoder}}\n"
                 "      optimizer: {type: optimizer.sgd, in: loss}\n"
                 "  predict:\n    nodes:\n"
                 "      images: {type: source.images, path: sizes, split: test, size: 0, batch: 2}\n"
                 "      view: {type: augment, in: images, ops: %s}\n"
                 "      encoder: {use: train.encoder, in: view}\n"
                 "      file: {type: sink.npy, in: encoder, path: own.npy}\n",
                 chains[i][0]);
        temp_write("sizes.yaml", text, strlen(text));
        tree_remove("sized");
        child_run(&c, "run", "sizes.yaml", "--out", "sized", "-q");
        assert_true(child_ends(&c, 0, NULL));
        child_run(&c, "embed", "sized", "sizes/test", "-o", i ? "drawn.npy" : "fixed.npy");
        assert_true(child_ends(&c, 0, chains[i][1]));
        if (!i) assert_true(same_files("fixed.npy", "sized/own.npy"));
    }
    assert_true(same_files("fixed.npy", "drawn.npy"));
    temp_write("sizes/test/b/4.png", "no picture", 10);
    child_run(&c, "embed", "sized", "sizes/test", "-o", "x.npy");
    assert_true(child_ends(&c, 4, "sizes/test/b/4.png: not a PNG or JPEG file"));
    child_run(&c, "embed", "sized", "sizes/test", "-o", "x.npy", "--skip-bad");
    assert_true(child_ends(&c, 0, "warning: sizes/test/b/4.png"));
}

/* A table of labels in the place of class folders; its own predictions can be one. */
static void test_table(void **state)
{
    (void)state;
    static const char text[] = "version: 1\nphases:\n  train:\n    epochs: 1\n    nodes:\n"
                               "      few: {type: source.images, path: flat, labels: labels.csv, size: 8, batch: 2}\n"
                               "      encoder: {type: encoder.cnn, in: few, widths: [4]}\n"
                               "      head: {type: head.classifier, in: encoder, classes: 2}\n"
                               "      loss: {type: loss.cross_entropy, in: {logits: head, target: few.label}}\n"
                               "      optimizer: {type: optimizer.sgd, in: loss}\n";
    static const char labels[] = "file,class\nc.png,old\na.png,new\n";
    picture_write("flat/a.png", 16, 16, 1);
    picture_write("flat/b.jpg", 40, 30, 2);
    picture_write("flat/c.png", 9, 50, 3);
    temp_write("table.yaml", text, strlen(text));
    temp_write("labels.csv", labels, strlen(labels));
    child_run(&c, "run", "table.yaml", "--out", "table", "-q");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "predict", "table", "flat", "-o", "guess.csv");
    assert_true(child_ends(&c, 0, "3 samples in guess.csv"));
    char *csv = text_of("guess.csv");
    assert_int_equal(strncmp(csv, "file,class,probability,p_new,p_old\nflat/a.png,", 46), 0);
    free(csv);
    child_run(&c, "run", "table.yaml", "--set", "phases.train.nodes.few.labels=guess.csv", "--out", "again", "-q");
    assert_true(child_ends(&c, 0, NULL));
    temp_write("labels.csv", "c.png,old\nq.png,new\n", 20);
    child_run(&c, "run", "table.yaml", "--out", "wrong", "-q");
    assert_true(child_ends(&c, 4, "labels.csv, line 2: no file 'q.png'"));
}

/* ---- what is wrong with the images */

static void test_bad_images(void **state)
{
    (void)state;
    size_t n;
    picture_write("mixed/a.png", 16, 16, 1);
    picture_write("mixed/b.png", 16, 16, 2);
    picture_write("mixed/c.png", 16, 16, 3);
    child_run(&c, "predict", "run", "mixed", "-o", "good.csv");
    uint8_t *png = temp_read(&n, "mixed/b.png");
    temp_write("mixed/b.png", png, n / 2);
    free(png);
    child_run(&c, "predict", "run", "mixed", "-o", "bad.csv");
    assert_true(child_ends(&c, 4, "mixed/b.png: truncated PNG"));
    assert_false(temp_exists("bad.csv"));
    child_run(&c, "predict", "run", "mixed", "-o", "bad.csv", "--skip-bad");
    assert_true(child_ends(&c, 0, "warning: mixed/b.png: truncated PNG"));
    char *good = text_of("good.csv"), *bad = text_of("bad.csv"), a[64], b[64];
    assert_non_null(strstr(bad, "mixed/b.png,,,,,\n"));
    for (int i = 1; i < 6; i++) { /* the others are what they were */
        field(a, good, "mixed/c.png,", i);
        field(b, bad, "mixed/c.png,", i);
        assert_string_equal(a, b);
    }
    free(good);
    free(bad);
    child_run(&c, "embed", "run", "mixed", "--skip-bad", "-o", "bad.npy", "--csv", "bad.csv");
    assert_true(child_ends(&c, 0, "3 samples"));
    float x[3 * WIDTH];
    uint8_t *npy = temp_read(&n, "bad.npy");
    memcpy(x, npy + n - sizeof x, sizeof x);
    for (int i = 0; i < 3 * WIDTH; i++) assert_int_equal(isnan(x[i]) != 0, i / WIDTH == 1);
    free(npy);
}

/* ---- what is wrong with the command */

typedef struct wrong {
    const char *args[8];
    int code;
    const char *says;
} wrong;

static void test_messages(void **state)
{
    (void)state;
    static const wrong list[] = {
        {{"predict"}, 2, "'ssldag predict' needs RUN [FILES...]"},
        {{"predict", "nowhere", "data"}, 4, "cannot open 'nowhere'"},
        {{"predict", "data", "data"}, 2, "'data' is no folder of a run: it has no config.yaml"},
        {{"predict", ".", "data"}, 2, "'.' is no run, but holds some: did you mean './"},
        {{"predict", "run", "nowhere"}, 4, "cannot open 'nowhere'"},
        {{"predict", "run", "empty"}, 4, "no PNG or JPEG file in 'empty'"},
        {{"predict", "run", "shop.yaml"}, 4, "shop.yaml"},
        {{"predict", "run", "data", "--node", "predict.hed"}, 2, "no node 'predict.hed'; did you mean 'predict.head'?"},
        {{"predict", "run", "data", "--node", "encoder"}, 2, "encoder.cnn, which gives no scores of classes"},
        {{"embed", "run", "data", "--node", "train.loss"}, 2, "gives nothing for new data"},
        {{"embed", "run", "data", "--node", "encoder.mop"}, 2, "has no output 'mop': it has features, map"},
        {{"embed", "run", "data/test", "-o", "none/f.npy"}, 4, "none/f.npy"},
        {{"embed", "run", "data/test", "d.idx"}, 2, "'d.idx' is not of the same kind as 'data/test'"},
        {{"embed", "run", "d.idx"}, 4, "d.idx: images are 7x7 with 1 channel, not 16x16 with 3"},
    };
    static const uint8_t pixels[49];
    mkdir(temp_path("empty"), 0755);
    idx_write("d.idx", 3, (const int[]){1, 7, 7}, pixels, sizeof pixels);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        c = (child){0};
        child_start(&c, list[i].args);
        child_wait(&c);
        assert_true(child_ends(&c, list[i].code, list[i].says));
    }
}

/* ---- other data */

/* Digits that are built in: a folder is read in their size and in grey. Without files, the data of the phase. */
static void test_digits(void **state)
{
    (void)state;
    static const char text[] = "version: 1\nphases:\n  train:\n    steps: 3\n    nodes:\n"
                               "      digits: {type: source.digits, batch: 32}\n"
                               "      encoder: {type: encoder.mlp, in: digits, widths: [4]}\n"
                               "      head: {type: head.classifier, in: encoder, classes: 10}\n"
                               "      loss: {type: loss.cross_entropy, in: {logits: head, target: digits.label}}\n"
                               "      optimizer: {type: optimizer.sgd, in: loss}\n";
    temp_write("digits.yaml", text, strlen(text));
    child_run(&c, "run", "digits.yaml", "--out", "digits", "-q");
    assert_true(child_ends(&c, 0, NULL));
    picture_write("flat/a.png", 16, 16, 1);
    child_run(&c, "predict", "digits", "flat/a.png");
    assert_true(child_ends(&c, 0, "images of 8x8, 1 channel"));
    assert_non_null(strstr(c.out, "file,class,probability,p_0,p_1"));
    child_run(&c, "embed", "digits", "--json");
    assert_true(child_ends(&c, 0, NULL));
    assert_non_null(strstr(c.out, "\"samples\": 1297"));
}

/* The characters of a text are numbered as in training, whatever stands in the new one. */
static void test_text(void **state)
{
    (void)state;
    static const char text[] =
        "version: 1\nphases:\n  train:\n    steps: 2\n    nodes:\n"
        "      text: {type: source.text, path: old.txt, context: 8, batch: 4}\n"
        "      next: {type: pretext.next_token, in: text}\n"
        "      model: {type: encoder.transformer, in: next.input, layers: 1, heads: 1, width: 6, "
        "causal: true}\n"
        "      head: {type: head.tokens, in: model}\n"
        "      loss: {type: loss.cross_entropy, in: {logits: head, target: next.target}}\n"
        "      optimizer: {type: optimizer.sgd, in: loss}\n";
    static const char old[] = "the quick brown fox jumps over the lazy dog, and over it once more, and then sleeps\n";
    temp_write("text.yaml", text, strlen(text));
    temp_write("old.txt", old, strlen(old));
    temp_write("new.txt", "a fox and a dog sleep\n", 22);
    temp_write("odd.txt", "a fox & a dog sleep\n", 20);
    child_run(&c, "run", "text.yaml", "--out", "text", "-q");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "embed", "text", "new.txt", "--csv", "t.csv");
    assert_true(child_ends(&c, 0, "2 samples, 6 numbers each"));
    child_run(&c, "embed", "text", "odd.txt", "--csv", "t.csv");
    assert_true(child_ends(&c, 4, "odd.txt"));
    child_run(&c, "predict", "text", "new.txt");
    assert_true(child_ends(&c, 2, "has no classifier"));
}

/* Lines with labels in training, with or without them afterwards. */
static void test_lines(void **state)
{
    (void)state;
    static const char text[] = "version: 1\nphases:\n  train:\n    epochs: 2\n    nodes:\n"
                               "      lines: {type: source.text, path: lines.tsv, tokens: bytes, special: [pad], "
                               "format: labelled, split: all, "
                               "context: 8, batch: 2}\n"
                               "      model: {type: encoder.transformer, in: lines, layers: 1, heads: 1, width: 6}\n"
                               "      head: {type: head.classifier, in: model.pooled, classes: 2}\n"
                               "      loss: {type: loss.cross_entropy, in: {logits: head, target: lines.label}}\n"
                               "      optimizer: {type: optimizer.sgd, in: loss}\n";
    static const char lines[] = "good\tyes, fine\nbad\tno\ngood\tfine\nbad\tno, no\n";
    temp_write("lines.yaml", text, strlen(text));
    temp_write("lines.tsv", lines, strlen(lines));
    temp_write("plain.txt", "yes, fine\nno\nfine\nno, no\n", 25);
    child_run(&c, "run", "lines.yaml", "--out", "lines", "-q");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "predict", "lines", "lines.tsv", "-o", "with.csv");
    assert_true(child_ends(&c, 0, "4 samples"));
    child_run(&c, "predict", "lines", "plain.txt", "-o", "without.csv");
    assert_true(child_ends(&c, 0, "4 samples"));
    assert_true(same_files("with.csv", "without.csv"));
    char *csv = text_of("with.csv");
    assert_int_equal(strncmp(csv, "file,class,probability,p_bad,p_good\n0,", 38), 0);
    free(csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_features),        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_every_file_once), cmocka_unit_test(test_json),
        cmocka_unit_test(test_checkpoint),      cmocka_unit_test(test_names),
        cmocka_unit_test(test_bad_images),      cmocka_unit_test(test_messages),
        cmocka_unit_test(test_digits),          cmocka_unit_test(test_text),
        cmocka_unit_test(test_table),           cmocka_unit_test(test_lines),
        cmocka_unit_test(test_resizing),        cmocka_unit_test(test_report_of_no_run),
        cmocka_unit_test(test_any_bytes),       cmocka_unit_test(test_class_of_any_bytes),
    };
    int failed = cmocka_run_group_tests(tests, setup, NULL);
    temp_clear();
    return failed;
}
