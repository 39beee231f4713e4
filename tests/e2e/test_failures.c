/* What can be wrong when a pipeline runs: each a clear message, the right exit code, and nothing half-written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/child.h"
#include "tests/support/pictures.h"
#include "tests/support/temp.h"

static child c;

/* ---- pipelines and data */

static const char pictures[] = "version: 1\n"
                               "phases:\n"
                               "  a:\n"
                               "    epochs: 2\n"
                               "    nodes:\n"
                               "      images: {type: source.images, path: good, size: 12, batch: 4}\n"
                               "      encoder: {type: encoder.cnn, in: images, widths: [8]}\n"
                               "      head: {type: head.classifier, in: encoder, classes: 2}\n"
                               "      loss: {type: loss.cross_entropy, in: {logits: head, target: images.label}}\n"
                               "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n"
                               "  b:\n"
                               "    nodes:\n"
                               "      images: {type: source.images, path: good, size: 12, batch: 3}\n"
                               "      encoder: {use: a.encoder, in: images.image}\n"
                               "      head: {use: a.head, in: encoder}\n"
                               "      table: {type: sink.csv, in: {logits: head, id: images.id}, path: b.csv}\n";

static const char digits[] = "version: 1\n"
                             "phases:\n"
                             "  a:\n"
                             "    epochs: 2\n"
                             "    nodes:\n"
                             "      digits: {type: source.digits, fraction: 0.1, batch: 16}\n"
                             "      encoder: {type: encoder.cnn, in: digits, widths: [8]}\n"
                             "      head: {type: head.classifier, in: encoder, classes: 10}\n"
                             "      loss: {type: loss.cross_entropy, in: {logits: head, target: digits.label}}\n"
                             "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n"
                             "  b:\n"
                             "    nodes:\n"
                             "      test: {type: source.digits, split: test, fraction: 0.1, batch: 16}\n"
                             "      encoder: {use: a.encoder, in: test.image}\n"
                             "      head: {use: a.head, in: encoder}\n"
                             "      accuracy: {type: probe.accuracy, in: {logits: head, target: test.label}}\n"
                             "      table: {type: sink.csv, in: {logits: head, id: test.id}, path: predictions.csv}\n";

static const char mnist[] = "version: 1\n"
                            "let: {data: mnist}\n"
                            "phases:\n"
                            "  a:\n"
                            "    epochs: 1\n"
                            "    nodes:\n"
                            "      digits: {type: source.idx, path: $data, batch: 10}\n"
                            "      encoder: {type: encoder.mlp, in: digits, widths: [8]}\n"
                            "      head: {type: head.classifier, in: encoder, classes: 10}\n"
                            "      loss: {type: loss.cross_entropy, in: {logits: head, target: digits.label}}\n"
                            "      optimizer: {type: optimizer.adamw, in: loss, lr: 1e-3}\n";

static const char diverging[] =
    "version: 1\n"
    "phases:\n"
    "  a:\n"
    "    epochs: 50\n"
    "    nodes:\n"
    "      digits: {type: source.digits, batch: 16}\n"
    "      encoder: {type: encoder.mlp, in: digits, widths: [16, 16], norm: false, activation: none}\n"
    "      head: {type: head.classifier, in: encoder, classes: 10}\n"
    "      loss: {type: loss.cross_entropy, in: {logits: head, target: digits.label}}\n"
    "      optimizer: {type: optimizer.sgd, in: loss, lr: 10000}\n";

/* The same within a module of a module. */
static const char inner[] = "version: 1\n"
                            "modules:\n"
                            "  layers:\n"
                            "    in: x\n"
                            "    nodes:\n"
                            "      fc: {type: layer.linear, in: x, width: 16, repeat: 2}\n"
                            "    out: fc\n"
                            "  network:\n"
                            "    in: x\n"
                            "    nodes: {flat: {type: layer.flatten, in: x}, trunk: {type: module.layers, in: flat}}\n"
                            "    out: trunk\n"
                            "phases:\n"
                            "  a:\n"
                            "    epochs: 50\n"
                            "    nodes:\n"
                            "      digits: {type: source.digits, batch: 16}\n"
                            "      encoder: {type: module.network, in: digits}\n"
                            "      head: {type: head.classifier, in: encoder, classes: 10}\n"
                            "      loss: {type: loss.cross_entropy, in: {logits: head, target: digits.label}}\n"
                            "      optimizer: {type: optimizer.sgd, in: loss, lr: 10000}\n";

static void write_text(const char *name, const char *text) { temp_write(name, text, strlen(text)); }

/* The same folder of pictures, with one file cut to n bytes, or with byte n changed. */
static void damage(const char *dir, const char *file, size_t n, bool change)
{
    char name[128];
    size_t have;
    tree_copy(dir, "good");
    snprintf(name, sizeof name, "%s/%s", dir, file);
    uint8_t *x = temp_read(&have, name);
    assert_true(n < have);
    if (change) x[n] ^= 0x55;
    temp_write(name, x, change ? have : n);
    free(x);
}

static void make_pictures(void)
{
    char name[64];
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "good/%s/%d.%s", i % 2 ? "cat" : "dog", i, i % 4 < 2 ? "png" : "jpg");
        picture_write(name, 12, 12, i);
    }
    damage("cut_png", "cat/1.png", 100, false);
    damage("cut_jpg", "cat/3.jpg", 400, false);
    damage("empty_png", "dog/4.png", 0, false);
    damage("changed_png", "dog/0.png", 80, true);
    damage("no_jpg", "dog/2.jpg", 0, true);
    mkdir(temp_path("empty"), 0777);
    pictures_pack("good.tar", "good");
    size_t n;
    uint8_t *x = temp_read(&n, "good.tar");
    temp_write("cut.tar", x, n / 2);
    temp_write("noise.tar", x + 700, 600);
    free(x);
}

/* A folder of MNIST with one file that has these sizes and n bytes. */
static void damage_mnist(const char *dir, const char *file, int rank, const int *dims, size_t n, int value)
{
    char name[128];
    uint8_t *bytes = calloc(n + 1, 1);
    assert_non_null(bytes);
    memset(bytes, value, n);
    tree_copy(dir, "mnist");
    snprintf(name, sizeof name, "%s/%s", dir, file);
    idx_write(name, rank, dims, bytes, n);
    free(bytes);
}

static void make_mnist(void)
{
    pictures_mnist("mnist", 40, 10);
    damage_mnist("idx_cut", "train-images-idx3-ubyte", 3, (const int[]){40, 28, 28}, 5000, 1);
    damage_mnist("idx_long", "train-labels-idx1-ubyte", 1, (const int[]){40}, 41, 1);
    damage_mnist("idx_fewer", "train-labels-idx1-ubyte", 1, (const int[]){39}, 39, 1);
    damage_mnist("idx_label", "train-labels-idx1-ubyte", 1, (const int[]){40}, 40, 12);
    damage_mnist("idx_size", "train-images-idx3-ubyte", 3, (const int[]){40, 20, 28}, 40 * 20 * 28, 1);
    tree_copy("idx_missing", "mnist");
    assert_int_equal(unlink(temp_path("idx_missing/train-labels-idx1-ubyte")), 0);
    tree_copy("idx_text", "mnist");
    write_text("idx_text/train-images-idx3-ubyte", "these are no images");
}

static int set_up(void **state)
{
    (void)state;
    write_text("pictures.yaml", pictures);
    write_text("digits.yaml", digits);
    write_text("mnist.yaml", mnist);
    write_text("diverging.yaml", diverging);
    write_text("inner.yaml", inner);
    make_pictures();
    make_mnist();
    child_run(&c, "run", "digits.yaml", "--out", "trained", "--quiet");
    if (!child_ends(&c, 0, NULL)) return 1;
    size_t n;
    uint8_t *x = temp_read(&n, "trained/weights/a.encoder.safetensors");
    temp_write("cut.safetensors", x, 200);
    temp_write("short.safetensors", x, n - 4);
    free(x);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

/* ---- data and weights that are not right */

typedef struct row {
    const char *file, *set; /* set NULL: none */
    int code;
    const char *says;
} row;

static const row rows[] = {
    {"pictures.yaml", NULL, 0, ""},
    {"pictures.yaml", "phases.b.nodes.images.path=good.tar", 0, ""},
    {"mnist.yaml", NULL, 0, ""},
    {"pictures.yaml", "phases.a.nodes.images.path=cut_png", 4,
     "pictures.yaml:6:7: error: images: cat/1.png: truncated PNG"},
    {"pictures.yaml", "phases.a.nodes.images.path=cut_jpg", 4,
     "pictures.yaml:6:7: error: images: cat/3.jpg: truncated JPEG"},
    {"pictures.yaml", "phases.a.nodes.images.path=empty_png", 4,
     "pictures.yaml:6:7: error: images: dog/4.png: empty file"},
    {"pictures.yaml", "phases.a.nodes.images.path=changed_png", 4, "pictures.yaml:6:7: error: images: dog/0.png: "},
    {"pictures.yaml", "phases.a.nodes.images.path=no_jpg", 4, "pictures.yaml:6:7: error: images: dog/2.jpg: "},
    {"pictures.yaml", "phases.b.nodes.images.path=cut_png", 4,
     "pictures.yaml:13:7: error: images: cat/1.png: truncated PNG"},
    {"pictures.yaml", "phases.a.nodes.images.path=empty", 4,
     "pictures.yaml:6:7: error: no PNG or JPEG file in 'empty'"},
    {"pictures.yaml", "phases.a.nodes.images.path=nowhere", 4,
     "pictures.yaml:6:7: error: cannot open 'nowhere': No such file or directory"},
    {"pictures.yaml", "phases.a.nodes.images.split=train", 4, "pictures.yaml:6:7: error: cannot open '"},
    {"pictures.yaml", "phases.a.nodes.images.path=cut.tar", 4,
     "pictures.yaml:6:7: error: cannot read the archive 'cut.tar': "},
    {"pictures.yaml", "phases.a.nodes.images.path=noise.tar", 4,
     "pictures.yaml:6:7: error: cannot read the archive 'noise.tar': "},
    {"pictures.yaml", "phases.a.nodes.images.classes=[dog]", 4, "folder 'cat' is none of the classes"},
    {"mnist.yaml", "data=idx_cut", 4, "mnist.yaml:7:7: error: cannot read 'idx_cut/train-images-idx3-ubyte': "},
    {"mnist.yaml", "data=idx_long", 4, "mnist.yaml:7:7: error: cannot read 'idx_long/train-labels-idx1-ubyte': "},
    {"mnist.yaml", "data=idx_fewer", 4,
     "mnist.yaml:7:7: error: idx_fewer/train-labels-idx1-ubyte: 39 labels for 40 images"},
    {"mnist.yaml", "data=idx_size", 4, "images are 20x28 with 1 channel, not 28x28 with 1"},
    {"mnist.yaml", "data=idx_missing", 4, "mnist.yaml:7:7: error: neither 'train-labels-idx1-ubyte' nor"},
    {"mnist.yaml", "data=idx_text", 4, "mnist.yaml:7:7: error: cannot read 'idx_text/train-images-idx3-ubyte': "},
    {"mnist.yaml", "data=nowhere", 4, "mnist.yaml:7:7: error: neither "},
    {"mnist.yaml", "data=idx_label", 4, "mnist.yaml:10:7: error: loss: label 12 is outside 0..9"},
    {"mnist.yaml", "phases.a.nodes.digits.classes=5", 4, "label 5 of image 5 is outside 0..4"},
    {"mnist.yaml", "phases.a.nodes.digits.batch=1", 3, "batch statistics of one value per channel"},
    {"digits.yaml", "phases.a.nodes.head.classes=7", 4, "digits.yaml:9:7: error: loss: label "},
    {"digits.yaml", "phases.a.nodes.digits.fraction=1e-6", 4, "digits.yaml:6:7: error: 'digits' has no samples left"},
    {"digits.yaml", "phases.a.nodes.digits={type: source.digits, per_class: 2, batch: 21, last: drop}", 4,
     "'digits' has 20 samples, fewer than a batch of 21: give a smaller batch, or last: wrap"},
    {"digits.yaml", "phases.a.nodes.encoder.weights=nowhere.safetensors", 4,
     "error: cannot read 'nowhere.safetensors': No such file or directory"},
    {"digits.yaml", "phases.a.nodes.encoder.weights=cut.safetensors", 4,
     "error: cannot read 'cut.safetensors': it is truncated"},
    {"digits.yaml", "phases.a.nodes.encoder.weights=short.safetensors", 4, "it may be truncated"},
    {"digits.yaml", "phases.a.nodes.encoder.weights=digits.yaml", 4, "it is not a safetensors file"},
    {"digits.yaml", "phases.a.nodes.encoder.weights=trained/weights/a.head.safetensors", 4,
     "trained/weights/a.head.safetensors has no weight '0.weight'"},
    {"digits.yaml",
     "phases.a.nodes.encoder={type: encoder.cnn, in: digits, widths: [9],"
     " weights: trained/weights/a.encoder.safetensors}",
     4, "weight '0.weight' of 'encoder' is f32[9,1,3,3], but"},
    {"digits.yaml", "phases.b.nodes.table.path=../out.csv", 3, "digits.yaml:17:7: error: "},
    {"digits.yaml", "phases.b.nodes.table.path=graph.svg/out.csv", 3,
     "digits.yaml:17:7: error: sink.csv: path is the run's own"},
    {"diverging.yaml", NULL, 5, " gave a number that is not finite ("},
    {"inner.yaml", NULL, 5, "inner.yaml:6:7: error: encoder.trunk.fc."},
    {"inner.yaml", NULL, 5, "inner.yaml:17:7: note: in 'encoder', here"},
};

static void test_data(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const row *r = &rows[i];
        if (r->set) child_run(&c, "run", r->file, "--quiet", "--out", "out", "--set", r->set);
        else child_run(&c, "run", r->file, "--quiet", "--out", "out");
        bool fine = child_ends(&c, r->code, r->says) && run_is_whole("out") && !files_like("", ".tmp.");
        if (!fine) print_error("%s %s\n", r->file, r->set ? r->set : "");
        wrong += !fine;
        tree_remove("out");
    }
    assert_int_equal(wrong, 0);
}

/* The step on which it happens does not depend on the threads, nor does the message. */
static void test_diverging(void **state)
{
    (void)state;
    static char first[1 << 16];
    static const char *const threads[] = {"1", "2", "4"};
    for (int i = 0; i < 3; i++) {
        child_run(&c, "run", "diverging.yaml", "--quiet", "--out", "out", "--threads", threads[i]);
        assert_true(child_ends(&c, 5, "diverging.yaml:"));
        if (!i) strcpy(first, c.err);
        assert_string_equal(first, c.err);
        assert_true(run_is_whole("out"));
        tree_remove("out");
    }
    assert_non_null(strstr(first, " on step "));
}

/* What the very last update writes is read by no step; it is not saved all the same. */
static void test_last_update(void **state)
{
    (void)state;
    const float huge = 1e35f;
    size_t n;
    uint8_t *x = temp_read(&n, "trained/weights/a.head.safetensors");
    memcpy(x + n - sizeof huge, &huge, sizeof huge);
    temp_write("huge.safetensors", x, n);
    free(x);
    child_run(&c, "run", "digits.yaml", "--quiet", "--out", "out", "--set", "phases.a.epochs=1", "--set",
              "phases.a.nodes.digits={type: source.digits, per_class: 2, batch: 20}", "--set",
              "phases.a.nodes.head.weights=huge.safetensors", "--set",
              "phases.a.nodes.optimizer={type: optimizer.sgd, in: loss, lr: 10000, weight_decay: 1, exclude: []}");
    assert_true(child_ends(&c, 5, "digits.yaml:7:7: error: encoder: '"));
    assert_true(child_says(&c, "' holds a number that is not finite after the update of step 0"));
    assert_false(temp_exists("out/weights"));
    assert_false(temp_exists("out/checkpoints"));
    assert_true(run_is_whole("out"));
    tree_remove("out");
}

/* ---- where the run writes */

static void test_unwritable(void **state)
{
    (void)state;
    child_run(&c, "run", "digits.yaml", "--out", "digits.yaml/run");
    assert_true(child_ends(&c, 4, "cannot make the directory 'digits.yaml/run': Not a directory"));
    child_run(&c, "run", "digits.yaml", "--out", "/proc/nothing/run");
    assert_true(child_ends(&c, 4, "cannot make the directory '/proc/nothing/run': "));
    child_run(&c, "run", "digits.yaml", "--out", "/proc/self/task");
    assert_true(child_ends(&c, 2, "/proc/self/task exists and is not empty"));
    child_run(&c, "run", "nowhere.yaml");
    assert_true(child_ends(&c, 4, "cannot open 'nowhere.yaml': No such file or directory"));
    child_run(&c, "run", "empty");
    assert_true(child_ends(&c, 4, "'empty'"));
    assert_false(temp_exists("runs"));
    for (int i = 0; i < 3; i++) {
        static const char *const commands[3][4] = {
            {"check", "digits.yaml"}, {"schema"}, {"dump", "digits.yaml", "--stage=ops"}};
        c = (child){.closed = true};
        child_start(&c, commands[i]);
        child_wait(&c);
        assert_true(child_ends(&c, 4, "standard output: No space left on device"));
    }
}

/* No file can become larger than so much: the picture, the metrics, the checkpoints or the table are the first to. */
static void test_full_disk(void **state)
{
    (void)state;
    static const struct {
        int64_t most;
        const char *set, *also, *says;
    } limits[] = {
        {300, "seed=1", "seed=2", "out/config.yaml"},
        {4000, "seed=1", "seed=2", "out/graph.svg"},
        {40000, "phases.a.epochs=300", "seed=2", "out/metrics.jsonl"},
        {30000, "phases.a.nodes.encoder.widths=[64, 32]", "seed=2", "out/weights/a.encoder.safetensors"},
        {30000, "phases.a.nodes.encoder.widths=[64, 32]", "phases.a.checkpoint=2 steps",
         "out/checkpoints/000001.safetensors"},
        {28000, "phases.b.nodes.test={type: source.digits, split: all, batch: 16}", "seed=2", "out/predictions.csv"},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const char *const args[] = {"run",   "digits.yaml", "--quiet", "--out",        "out",
                                    "--set", limits[i].set, "--set",   limits[i].also, NULL};
        c = (child){.max_file = limits[i].most};
        child_start(&c, args);
        child_wait(&c);
        if (!child_ends(&c, 4, limits[i].says)) fail_msg("%s was expected to fail", limits[i].says);
        assert_true(child_says(&c, "File too large"));
        assert_true(run_is_whole("out"));
        tree_remove("out");
    }
}

/* A system call that fails, at its n-th time: by strace, where there is one that may be used. The files of the report
 * are no reason to fail; without them it is known which file is hit. */
static void test_system_calls(void **state)
{
    (void)state;
    static const char *const calls[] = {"rename:error=ENOSPC", "fsync:error=EIO", "mkdir:error=EACCES",
                                        "ftruncate:error=EIO"};
    static const int most[] = {6, 12, 1, 1};
    char command[1024];
    tree_remove("out");
    snprintf(command, sizeof command, "strace -o /dev/null -e trace=none true 2>/dev/null");
    if (system(command)) skip();
    for (int i = 0; i < 4; i++)
        for (int n = 1; n <= most[i]; n++) {
            const bool report = n % 2 == 0;
            snprintf(command, sizeof command,
                     "cd '%s' && ASAN_OPTIONS=detect_leaks=0 strace -f -o /dev/null -e trace=%.*s -e inject=%s:when=%d "
                     "\"$SSLDAG\" run digits.yaml --quiet"
                     " --out out %s 2>said",
                     temp_path(""), (int)strcspn(calls[i], ":"), calls[i], calls[i], n, report ? "" : "--no-report");
            int code = system(command);
            if (code != 4 << 8 && (code || !report)) fail_msg("%s at %d: ended with %d", calls[i], n, code);
            assert_true(run_is_whole("out"));
            tree_remove("out");
        }
}

/* ---- wrong usage */

static const struct {
    const char *args[6];
    const char *says;
} wrong_usage[] = {
    {{"rum", "digits.yaml"}, "unknown command 'rum'; did you mean 'run'?"},
    {{"frobnicate"}, "unknown command 'frobnicate'"},
    {{"run"}, "'ssldag run' needs the path of a pipeline"},
    {{"check"}, "'ssldag check' needs the path of a pipeline"},
    {{"run", "digits.yaml", "digits.yaml"}, "one argument too many: 'digits.yaml'"},
    {{"run", "digits.yaml", "--thread", "2"}, "unknown option '--thread'; did you mean '--threads'?"},
    {{"run", "digits.yaml", "--threads", "0"}, "--threads takes 1 to 255, not '0'"},
    {{"run", "digits.yaml", "--threads=many"}, "--threads takes 1 to 255, not 'many'"},
    {{"run", "digits.yaml", "--threads"}, "--threads needs a value"},
    {{"run", "digits.yaml", "--out"}, "--out needs a value"},
    {{"run", "digits.yaml", "--out="}, "--out needs a value"},
    {{"dump", "digits.yaml", "--json"}, "'ssldag dump' has no option --json"},
    {{"run", "digits.yaml", "--set", "epochs"}, "--set takes KEY=VALUE, not 'epochs'"},
    {{"run", "digits.yaml", "--set", "=1"}, "--set takes KEY=VALUE, not '=1'"},
    {{"check", "digits.yaml", "--quiet=yes"}, "--quiet takes no value"},
    {{"dump", "digits.yaml"}, "--stage"},
    {{"dump", "digits.yaml", "--stage", "plam"}, "did you mean 'plan'?"},
    {{"dump", "digits.yaml", "--stage", "ops", "--phase=z"}, "'digits.yaml' has no phase 'z'"},
    {{"bench", "digits.yaml", "--steps", "-1"}, "--steps takes a number from 1, not '-1'"},
    {{"viz", "digits.yaml", "-o", "x.foo"}, "'x.foo' ends in none of"},
    {{"viz", "digits.yaml", "--format", "sgv"}, "did you mean 'svg'?"},
    {{"inspect", "encoder.cn"}, "unknown node type 'encoder.cn'; did you mean 'encoder.cnn'?"},
};

static void test_usage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_usage / sizeof *wrong_usage; i++) {
        c = (child){0};
        child_start(&c, wrong_usage[i].args);
        child_wait(&c);
        assert_true(child_ends(&c, 2, wrong_usage[i].says));
        assert_string_equal(c.out, "");
    }
    child_run(&c, "--help");
    assert_int_equal(c.code, 0);
    assert_non_null(strstr(c.out, "exit codes: 0 done"));
    child_run(&c, "run", "--help");
    assert_int_equal(c.code, 0);
    assert_non_null(strstr(c.out, "--resume"));
    c = (child){0};
    child_start(&c, (const char *const[]){NULL});
    child_wait(&c);
    assert_int_equal(c.code, 2);
    assert_false(temp_exists("runs"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data),       cmocka_unit_test(test_diverging), cmocka_unit_test(test_last_update),
        cmocka_unit_test(test_unwritable), cmocka_unit_test(test_full_disk), cmocka_unit_test(test_system_calls),
        cmocka_unit_test(test_usage),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
