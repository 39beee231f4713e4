/* A run that is stopped or killed, anywhere and any number of times, ends with the same bytes as one that was not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/rng.h"
#include "tests/support/child.h"
#include "tests/support/temp.h"

/* All that a checkpoint has to hold: moments, running statistics, draws of augmentation and dropout, what probes have
 * counted, a queue, the order of the samples, schedules; and phases that take weights from one another. */
static const char yaml[] =
    "version: 1\n"
    "name: resume\n"
    "seed: 3\n"
    "let:\n"
    "  views: &views\n"
    "    - random_resized_crop: {size: 8, scale: [0.5, 1.0]}\n"
    "    - random_affine: {degrees: 12, translate: 0.1}\n"
    "    - noise: {std: 0.1}\n"
    "phases:\n"
    "  pretrain:\n"
    "    epochs: 5\n"
    "    checkpoint: 3 steps\n"
    "    report: 7 steps\n"
    "    nodes:\n"
    "      digits: {type: source.digits, fraction: 0.3, batch: 20}\n"
    "      view_i: {type: augment, in: digits, ops: *views}\n"
    "      view_j: {type: augment, in: digits, ops: *views}\n"
    "      encoder: {type: encoder.cnn, in: [view_i, view_j], widths: [8, 16]}\n"
    "      projector: {type: projector.mlp, in: encoder, widths: [32, 16]}\n"
    "      queue: {type: memory.queue, in: teacher, size: 50}\n"
    "      push: {type: loss.info_nce, in: {query: projector.view_i, positive: teacher, negatives: queue}}\n"
    "      pull: {type: loss.nt_xent, in: projector}\n"
    "      loss: {type: loss.sum, in: [push, pull]}\n"
    "      mean: {type: probe.mean, in: loss}\n"
    "      teacher: {type: momentum, of: [encoder, projector], in: view_i, momentum: {cosine: [0.8, 1]}}\n"
    "      follows: {type: probe.mean, in: teacher}\n"
    "      optimizer: {type: optimizer.adamw, in: loss, lr: {cosine: [3e-3, 0], warmup: 5 steps}}\n"
    "      knn: {type: probe.knn, of: encoder, bank: {type: source.digits, fraction: 0.1},"
    " query: {type: source.digits, split: test, fraction: 0.1}, every: 7 steps}\n"
    "  finetune:\n"
    "    epochs: 8\n"
    "    checkpoint: 2 steps\n"
    "    report: 5 steps\n"
    "    nodes:\n"
    "      few: {type: source.digits, per_class: 5, batch: 16, last: wrap}\n"
    "      view: {type: augment, in: few, ops: *views}\n"
    "      encoder: {use: pretrain.encoder, in: view}\n"
    "      head: {type: head.classifier, in: encoder, classes: 10, dropout: 0.3}\n"
    "      loss: {type: loss.cross_entropy, in: {logits: head, target: few.label}}\n"
    "      accuracy: {type: probe.accuracy, in: {logits: head, target: few.label}}\n"
    "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.05, momentum: 0.9, nesterov: true}\n"
    "  scratch:\n"
    "    epochs: 4\n"
    "    nodes:\n"
    "      few: {type: source.digits, per_class: 10, batch: 30, shuffle: false}\n"
    "      encoder: {type: encoder.mlp, in: few, widths: [32, 32], dropout: 0.2}\n"
    "      head: {type: head.classifier, in: encoder, classes: 10}\n"
    "      loss: {type: loss.cross_entropy, in: {logits: head, target: few.label}}\n"
    "      optimizer: {type: optimizer.lars, in: loss, lr: 0.5}\n"
    "  predict:\n"
    "    nodes:\n"
    "      test: {type: source.digits, split: test, batch: 64}\n"
    "      encoder: {use: finetune.encoder, in: test.image}\n"
    "      head: {use: finetune.head, in: encoder}\n"
    "      accuracy: {type: probe.accuracy, in: {logits: head, target: test.label}}\n"
    "      table: {type: sink.csv, in: {logits: head, id: test.id}, path: predictions.csv}\n"
    "      features: {type: sink.npy, in: encoder, path: deep/features.npy}\n";

enum { MOMENTS = 9, KILLS = 14 };

static child c, other;
static double seconds;       /* that the reference took */
static int64_t metrics_size; /* bytes of its metrics.jsonl */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int64_t size_of(const char *name)
{
    struct stat st;
    return stat(temp_path(name), &st) == 0 ? st.st_size : -1;
}

static int set_up(void **state)
{
    (void)state;
    temp_write("pipe.yaml", yaml, strlen(yaml));
    double began = now();
    child_run(&c, "run", "pipe.yaml", "--out", "whole", "--threads", "2", "--quiet");
    seconds = now() - began;
    metrics_size = size_of("whole/metrics.jsonl");
    return !child_ends(&c, 0, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

/* Starts a run in `dir`, or continues it where there is one. */
static void set_off(const char *dir, const char *threads)
{
    char config[64];
    snprintf(config, sizeof config, "%s/config.yaml", dir);
    c = (child){0};
    if (temp_exists(config)) {
        child_start(&c, (const char *const[]){"run", "--resume", dir, "--threads", threads, NULL});
    } else {
        tree_remove(dir);
        child_start(&c, (const char *const[]){"run", "pipe.yaml", "--out", dir, "--threads", threads, NULL});
    }
}

static const char *threads_of(int i)
{
    static const char *const some[] = {"1", "2", "3"};
    return some[i % 3];
}

/* ---- signals */

/* Sends a signal as soon as the run has written so much of its metrics. */
static void stop_at(const char *dir, int64_t bytes, int signal_number)
{
    char metrics[64];
    snprintf(metrics, sizeof metrics, "%s/metrics.jsonl", dir);
    while (size_of(metrics) < bytes && !child_done(&c)) usleep(100);
    child_kill(&c, signal_number);
    while (!child_done(&c)) usleep(100);
}

static void test_signals(void **state)
{
    (void)state;
    int stopped = 0;
    for (int i = 1; i < MOMENTS; i++) {
        set_off("stopped", threads_of(i));
        stop_at("stopped", metrics_size * i / MOMENTS, i % 2 ? SIGINT : SIGTERM);
        assert_true(c.code == 75 || c.code == 0);
        if (c.code == 0) break;
        stopped++;
        assert_true(child_says(&c, "continue with: ssldag run --resume stopped"));
        assert_true(run_is_whole("stopped"));
        assert_true(files_like("stopped/checkpoints", ".safetensors") <= 2);
    }
    assert_true(stopped >= 3);
    child_run(&c, "run", "--resume", "stopped");
    assert_true(child_ends(&c, 0, NULL));
    assert_true(runs_agree("whole", "stopped"));
}

/* ---- kills */

static void test_kills(void **state)
{
    (void)state;
    sdag_rng r = sdag_rng_at(7, 0, 0, 0);
    int kills = 0, finished = 0;
    for (int i = 0; kills < KILLS || !finished; i++) {
        set_off("killed", threads_of(i));
        double at = now() + seconds * sdag_rng_uniform(&r, 0.0f, 0.8f);
        while (kills < KILLS && now() < at && !child_done(&c)) usleep(200);
        if (kills < KILLS) child_kill(&c, SIGKILL);
        if (c.pid) child_wait(&c);
        kills += c.code == 128 + SIGKILL;
        if (c.code == 128 + SIGKILL) continue;
        assert_true(child_ends(&c, 0, NULL));
        assert_true(runs_agree("whole", "killed"));
        assert_true(run_is_whole("killed")); /* what the killed ones left is gone */
        tree_remove("killed");
        finished++;
    }
}

/* ---- bad checkpoints */

/* The path of the newest (nth 0) or an older checkpoint. */
static const char *checkpoint(const char *dir, int nth)
{
    static char name[512];
    char folder[64];
    struct dirent **list;
    snprintf(folder, sizeof folder, "%s/checkpoints", dir);
    int n = scandir(temp_path(folder), &list, NULL, alphasort);
    assert_true(n > 2 + nth);
    snprintf(name, sizeof name, "%s/%.100s", folder, list[n - 1 - nth]->d_name);
    for (int i = 0; i < n; i++) free(list[i]);
    free(list);
    return name;
}

typedef enum { CUT, EMPTIED, FLIPPED_DATA, FLIPPED_HEAD, FLIPPED_STEP, LONGER, DAMAGES } damage;

static void spoil(const char *name, damage how)
{
    size_t n;
    uint8_t *x = temp_read(&n, name);
    if (how == FLIPPED_DATA) x[n - n / 5] ^= 4;
    if (how == FLIPPED_HEAD) x[40] ^= 1;
    char *step = how == FLIPPED_STEP ? memmem(x, n, "ssldag.step\":\"", 14) : NULL;
    if (how == FLIPPED_STEP) assert_non_null(step);
    if (step) step[14] ^= 1; /* still a digit: the file stays well-formed, the run would only go on elsewhere */
    size_t m = how == CUT ? n / 2 : how == EMPTIED ? 0 : how == LONGER ? n + 1 : n;
    x[n] = 0; /* temp_read leaves one byte behind the file */
    temp_write(name, x, m);
    free(x);
}

/* A run that was stopped half-way, with two checkpoints. */
static void make_half(const char *dir)
{
    set_off(dir, "2");
    stop_at(dir, metrics_size / 3, SIGINT);
    assert_int_equal(c.code, 75);
    assert_int_equal(files_like("half/checkpoints", ".safetensors"), 2);
}

static void test_bad_checkpoints(void **state)
{
    (void)state;
    make_half("half");
    for (int how = 0; how < DAMAGES; how++) {
        tree_copy("bad", "half");
        char newest[512], said[600];
        strcpy(newest, checkpoint("bad", 0));
        spoil(newest, (damage)how);
        child_run(&c, "run", "--resume", "bad", "--quiet");
        snprintf(said, sizeof said, "warning: %s cannot be used; trying the one before it", newest);
        assert_true(child_ends(&c, 0, said));
        assert_true(runs_agree("whole", "bad"));
        tree_remove("bad");
    }
}

/* The good checkpoint before a bad one is kept until there are better ones. */
static void test_good_one_is_kept(void **state)
{
    (void)state;
    tree_copy("bad", "half");
    char newest[512], older[512];
    strcpy(newest, checkpoint("bad", 0));
    strcpy(older, checkpoint("bad", 1));
    spoil(newest, FLIPPED_DATA);
    set_off("bad", "1");
    while (temp_exists(newest) && !child_done(&c)) usleep(50);
    child_kill(&c, SIGKILL);
    if (c.pid) child_wait(&c);
    assert_true(temp_exists(older) || files_like("bad/checkpoints", ".safetensors") == 2);
    spoil(checkpoint("bad", 0), CUT);
    child_run(&c, "run", "--resume", "bad", "--quiet");
    assert_true(child_ends(&c, 0, "trying the one before it"));
    assert_true(runs_agree("whole", "bad"));
    tree_remove("bad");
}

static void test_no_good_checkpoint(void **state)
{
    (void)state;
    tree_copy("bad", "half");
    for (int i = 0; i < 2; i++) spoil(checkpoint("bad", i), i ? CUT : FLIPPED_DATA);
    child_run(&c, "run", "--resume", "bad");
    assert_true(child_ends(&c, 4, "none of its 2 checkpoints can be used"));
    tree_remove("bad/checkpoints");
    child_run(&c, "run", "--resume", "bad", "--quiet");
    assert_true(child_ends(&c, 0, "bad has no checkpoint: the run starts anew"));
    assert_true(runs_agree("whole", "bad"));
    tree_remove("bad");
}

/* Metrics that were lost with the disk's cache are lost, but the run goes on. */
static void test_short_metrics(void **state)
{
    (void)state;
    tree_copy("bad", "half");
    temp_write("bad/metrics.jsonl", "", 0);
    child_run(&c, "run", "--resume", "bad", "--quiet");
    assert_true(child_ends(&c, 0, "some lines are lost"));
    assert_true(run_is_whole("bad"));
    assert_true(trees_agree("whole/weights", "bad/weights"));
    tree_remove("bad");
}

/* ---- what is refused */

static void test_refused(void **state)
{
    (void)state;
    child_run(&c, "run", "--resume", "nowhere");
    assert_true(child_ends(&c, 4, "nowhere/config.yaml"));
    temp_write("other/notes.txt", "x", 1);
    child_run(&c, "run", "--resume", "other");
    assert_true(child_ends(&c, 4, "other/config.yaml"));
    child_run(&c, "run", "pipe.yaml", "--out", "other");
    assert_true(child_ends(&c, 2, "other exists and is not empty"));
    child_run(&c, "run", "pipe.yaml", "--out", "pipe.yaml");
    assert_true(child_ends(&c, 2, "pipe.yaml exists and is not a folder"));
    child_run(&c, "run", "pipe.yaml", "--out", "whole");
    assert_true(child_ends(&c, 2, "continue it with --resume whole"));
    child_run(&c, "run", "--resume", "whole", "--set", "seed=4");
    assert_true(child_ends(&c, 2, "it takes no --set"));
    child_run(&c, "run", "--resume", "whole", "--out", "elsewhere");
    assert_true(child_ends(&c, 2, "--out and --resume exclude each other"));
    assert_false(temp_exists("elsewhere"));
}

static void test_finished(void **state)
{
    (void)state;
    tree_copy("done", "whole");
    child_run(&c, "run", "--resume", "done");
    assert_true(child_ends(&c, 0, NULL));
    assert_non_null(strstr(c.out, "results in done"));
    assert_true(trees_agree("done", "whole"));
}

/* Another pipeline's checkpoint is none of this one's. */
static void test_changed_config(void **state)
{
    (void)state;
    static const char *const from = "widths: [8, 16]", *const to = "widths: [8, 17]";
    size_t n;
    tree_copy("bad", "half");
    char *text = (char *)temp_read(&n, "bad/config.yaml");
    text[n] = 0;
    char *at = strstr(text, from);
    assert_non_null(at);
    memcpy(at, to, strlen(to));
    temp_write("bad/config.yaml", text, n);
    free(text);
    child_run(&c, "run", "--resume", "bad");
    assert_true(child_ends(&c, 4, "has another shape than this pipeline's"));
    tree_remove("bad");
}

static void test_two_at_once(void **state)
{
    (void)state;
    other = (child){0};
    child_start(&other, (const char *const[]){"run", "pipe.yaml", "--out", "busy", "--set",
                                              "phases.pretrain.epochs=100000", NULL});
    while (size_of("busy/metrics.jsonl") < 1 && !child_done(&other)) usleep(500);
    child_run(&c, "run", "pipe.yaml", "--out", "busy");
    assert_true(child_ends(&c, 2, "busy: another run is working there"));
    child_run(&c, "run", "--resume", "busy");
    assert_true(child_ends(&c, 2, "busy: another run is working there"));
    child_kill(&other, SIGTERM);
    child_wait(&other);
    assert_true(child_ends(&other, 75, NULL));
}

/* Paths of --set are relative to where they were typed, those of the file and of `base` to them; also when continued.
 */
static void test_paths_after_resume(void **state)
{
    (void)state;
    static const char text[] =
        "version: 1\n"
        "name: paths\n"
        "base: ../data\n"
        "phases:\n"
        "  a:\n"
        "    epochs: 1\n"
        "    nodes:\n"
        "      digits: {type: source.digits, fraction: 0.1, batch: 20}\n"
        "      encoder: {type: encoder.cnn, in: digits, widths: [8, 16], weights: start.safetensors}\n"
        "      head: {type: head.classifier, in: encoder, classes: 10, weights: head.safetensors}\n"
        "      loss: {type: loss.cross_entropy, in: {logits: head, target: digits.label}}\n"
        "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n";
    size_t n;
    uint8_t *encoder = temp_read(&n, "whole/weights/pretrain.encoder.safetensors");
    temp_write("data/start.safetensors", encoder, n);
    free(encoder);
    uint8_t *head = temp_read(&n, "whole/weights/finetune.head.safetensors");
    temp_write("here.safetensors", head, n);
    free(head);
    temp_write("pipes/paths.yaml", text, strlen(text));
    child_run(&c, "run", "pipes/paths.yaml", "--out", "paths/one", "--set",
              "phases.a.nodes.head.weights=here.safetensors");
    assert_true(child_ends(&c, 0, NULL));
    tree_copy("paths/two", "paths/one");
    tree_remove("paths/two/checkpoints");
    tree_remove("paths/two/weights");
    child_run(&c, "run", "--resume", "paths/two");
    assert_true(child_ends(&c, 0, "the run starts anew"));
    assert_true(runs_agree("paths/one", "paths/two"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_kills),
        cmocka_unit_test(test_bad_checkpoints),
        cmocka_unit_test(test_good_one_is_kept),
        cmocka_unit_test(test_no_good_checkpoint),
        cmocka_unit_test(test_short_metrics),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_finished),
        cmocka_unit_test(test_changed_config),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_paths_after_resume),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
