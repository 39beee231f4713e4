/* Plugins as the host meets them: those that it refuses, each with a clear message at the line that names it, and those
 * that it takes. Their sources: tests/plugins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "runtime/plugin/apart.h"
#include "tests/support/child.h"
#include "tests/support/temp.h"

static child c;
static sdag_arena arena, *const a = &arena;

/* build/tests/plugins, beside this program */
static const char *plugin(const char *name)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = 0;
    *strrchr(self, '/') = 0;
    return sdag_arena_printf(a, "%s/plugins/%s.so", self, name);
}

/* A pipeline whose loss is of a type; plugins: as typed. */
static void write_yaml(const char *plugins, const char *loss)
{
    const char *text = sdag_arena_printf(
        a,
        "version: 1\nplugins: %s\nphases:\n  pretrain:\n    steps: 2\n    nodes:\n"
        "      digits: {type: source.digits, batch: 32}\n      net: {type: encoder.mlp, in: digits, widths: [4]}\n"
        "      loss: {type: %s, in: net}\n      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n",
        plugins, loss);
    temp_write("toy.yaml", text, strlen(text));
}

/* ---- refused */

static const struct {
    const char *plugin;
    int code;
    const char *says;
} refused[] = {
    {"magic", 3, "is no plugin of ssldag: its table begins with 0000000000001234 instead of 6e6967756c506453"},
    {"major", 3, "was built for plugin ABI 1.1, but this is ssldag "},
    {"minor", 3, "was built for plugin ABI 0.8, but this is ssldag "},
    {"larger", 3, "was built with another ssldag: sdag_opt has 96 bytes there and 88 here"},
    {"other_shape", 3, "was built with another ssldag: sdag_shape has 64 bytes there and 72 here"},
    {"symbol", 3, "is no plugin of ssldag: it has no function sdag_plugin_get"},
    {"unresolved", 4, "undefined symbol: sdag_function_of_the_future; is it for a newer ssldag?"},
    {"crash", 3, "crashed (SIGSEGV) in its init"},
    {"loading", 3, "crashed (SIGABRT) while it was loaded"},
    {"leaves", 3, "ended the process (exit code 0) in its init"},
    {"tables", 3, "crashed (SIGSEGV) while its tables were read"},
    {"refuses", 3, "cannot be used: the licence server is asleep"},
    {"fast_math", 3, "was compiled with -ffast-math: a NaN would pass unseen"},
#if defined(__SSE__)
    {"flush", 3, "changes the arithmetic of the whole process (flush-to-zero) when it is loaded"},
#endif
    {"duplicate", 3, "brings the node type 'loss.nt_xent', which is built in"},
    {"beyond", 3, "is not in order: option 'how' of loss.beyond lies beyond its struct of 4 bytes"},
    {"empty", 3, "is not in order: gives nothing"},
    {"record", 3, "has a record for 'loss.nt_xent.temperature', which takes none"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const char *path = plugin(refused[i].plugin);
        write_yaml(sdag_arena_printf(a, "[%s]", path), "loss.mse");
        child_run(&c, "check", "toy.yaml");
        assert_true(child_ends(&c, refused[i].code, refused[i].says));
        assert_true(child_says(&c, "toy.yaml:2:11: error: plugin '"));
        assert_string_equal(c.out, "");
        child_run(&c, "test", path);
        assert_true(child_ends(&c, refused[i].code, refused[i].says));
    }
}

/* All entries are tried, so that every error is seen at once. */
static void test_several(void **state)
{
    (void)state;
    temp_write("text.so", "hello\n", 6);
    write_yaml(sdag_arena_printf(a, "[%s, ./none.so, nowhere, ./text.so, [1], %s]", plugin("good"), plugin("again")),
               "loss.good");
    child_run(&c, "check", "toy.yaml");
    assert_true(child_ends(&c, 4, "error: there is no plugin './none.so'\n"));
    assert_true(
        child_says(&c, "there is no plugin 'nowhere': nowhere.so is neither in a folder of --plugin-path nor in "));
    assert_true(child_says(&c, "plugin './text.so' cannot be loaded: "));
    assert_true(child_says(&c, "plugins is a list, expected names or paths"));
    assert_true(child_says(&c, "brings the node type 'loss.good', which another plugin brings too"));
}

/* ---- taken */

static void test_taken(void **state)
{
    (void)state;
    write_yaml(sdag_arena_printf(a, "[%s]", plugin("good")), "loss.good");
    child_run(&c, "check", "toy.yaml");
    assert_true(child_ends(&c, 0, NULL));
    assert_string_equal(c.err, "");
    child_run(&c, "viz", "toy.yaml", "-f", "dot");
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "loss.good"));
    child_run(&c, "dump", "--stage", "ops", "toy.yaml");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "inspect", "loss.good", "--plugins", plugin("good"));
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "loss.good -- The mean of anything."));
    child_run(&c, "schema", "--plugins", plugin("good"));
    assert_true(child_ends(&c, 0, NULL) && c.out[0] == '{');
    child_run(&c, "run", "toy.yaml", "--out", "run", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "run", "--resume", "run", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    write_yaml("good", "loss.good");
    char *dir = sdag_arena_str(a, plugin("good"));
    *strrchr(dir, '/') = 0;
    child_run(&c, "check", "toy.yaml", "--plugin-path", sdag_arena_printf(a, "/nowhere:%s", dir));
    assert_true(child_ends(&c, 0, NULL));
}

/* Shorter structs are filled up with zeros. */
static void test_older(void **state)
{
    (void)state;
    write_yaml(sdag_arena_printf(a, "[%s]", plugin("older")), "loss.older");
    child_run(&c, "run", "toy.yaml", "--out", "older", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "inspect", "loss.older", "--plugins", plugin("older"));
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "what the loss is multiplied by"));
}

/* A source, a node with weights, an optimizer and a probe, all from a plugin: they learn, and give the same with one
 * thread and with three. */
static void test_parts(void **state)
{
    (void)state;
    const char *text = sdag_arena_printf(
        a,
        "version: 1\nplugins: %s\nphases:\n  train:\n    epochs: 4\n    nodes:\n"
        "      stripes: {type: source.stripes, count: 100, batch: 10}\n"
        "      encoder: {type: encoder.affine, in: stripes}\n"
        "      head: {type: head.classifier, in: encoder, classes: 2}\n"
        "      loss: {type: loss.cross_entropy, in: {logits: head, target: stripes.label}}\n"
        "      optimizer: {type: optimizer.plain, in: loss, lr: {cosine: [0.5, 0.1]}}\n"
        "      largest: {type: probe.largest, in: encoder}\n"
        "  test:\n    nodes:\n      stripes: {type: source.stripes, count: 40, batch: 7}\n"
        "      encoder: {use: train.encoder, in: stripes}\n      head: {use: train.head, in: encoder}\n"
        "      right: {type: probe.accuracy, in: {logits: head, target: stripes.label}}\n",
        plugin("parts"));
    temp_write("parts.yaml", text, strlen(text));
    child_run(&c, "run", "parts.yaml", "--out", "runs/parts", "--quiet", "--threads", "1");
    assert_true(child_ends(&c, 0, NULL));
    assert_true(run_metric("runs/parts", "test", "right") > 0.9);
    double largest = run_metric("runs/parts", "train", "largest");
    assert_true(largest > 0.1 && largest < 1);
    child_run(&c, "run", "parts.yaml", "--out", "runs/parts3", "--quiet", "--threads", "3");
    assert_true(child_ends(&c, 0, NULL) && runs_agree("runs/parts", "runs/parts3"));
    child_run(&c, "test", plugin("parts"));
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "4 checks passed"));
}

/* Paths: beside the file, after --set, and in the folder of a run. */
static void test_paths(void **state)
{
    (void)state;
    temp_write("deep/er/none", "", 0);
    assert_int_equal(symlink(plugin("good"), temp_path("deep/er/good.so")), 0);
    write_yaml("./deep/er/good.so", "loss.good");
    child_run(&c, "run", "toy.yaml", "--out", "runs/beside", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "run", "--resume", "runs/beside", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    write_yaml("[]", "loss.good");
    child_run(&c, "run", "toy.yaml", "--out", "runs/set", "--quiet", "--set", "plugins=deep/er/good.so");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "run", "--resume", "runs/set", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    write_yaml("good", "loss.good");
    child_run(&c, "run", "toy.yaml", "--out", "runs/found", "--quiet", "--plugin-path", "deep/er");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "run", "--resume", "runs/found", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
}

/* A file that another one extends, in another folder; a sweep, which loads the pipeline many times. */
static void test_other_commands(void **state)
{
    (void)state;
    static const char top[] = "version: 1\nextends: low/base.yaml\nseed: 3\n";
    write_yaml("[./good.so]", "loss.good");
    temp_write("low/none", "", 0);
    assert_int_equal(symlink(plugin("good"), temp_path("low/good.so")), 0);
    assert_int_equal(rename(temp_path("toy.yaml"), temp_path("low/base.yaml")), 0);
    temp_write("top.yaml", top, sizeof top - 1);
    child_run(&c, "run", "top.yaml", "--out", "runs/top", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "run", "--resume", "runs/top", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "sweep", "top.yaml", "--set", "pretrain.loss.scale=[1, 2, 3]", "--out", "runs/sweep", "--quiet");
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "scale"));
    child_run(&c, "explain", "top.yaml", "pretrain.loss.scale");
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "what the loss is multiplied by"));
    child_run(&c, "explain", "top.yaml", "pretrain.loss.scale", "--no-plugins");
    assert_true(child_ends(&c, 2, "nothing sets"));
}

/* A stranger's file: nothing is loaded, not even what would leave a trace. */
static void test_untouched(void **state)
{
    (void)state;
    write_yaml(sdag_arena_printf(a, "[%s, ./none.so]", plugin("crash")), "loss.good");
    child_run(&c, "check", "toy.yaml", "--no-plugins");
    assert_true(child_ends(&c, 3, "toy.yaml:9:20: error: unknown type 'loss.good'"));
    assert_true(child_says(&c, "note: not loaded (--no-plugins): from here may come loss.good"));
    write_yaml(sdag_arena_printf(a, "[%s]", plugin("crash")), "loss.mean");
    child_run(&c, "viz", "toy.yaml", "--no-plugins", "-f", "dot");
    assert_true(child_ends(&c, 3, "loss.mean"));
}

/* ---- a process of its own */

static void hang(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10; i++) sleep(1);
}

static void ignore_alarm(void *arg)
{
    signal(SIGALRM, SIG_IGN);
    hang(arg);
}

static void test_hangs(void **state)
{
    (void)state;
    assert_string_equal(sdag_apart_run(a, 1, hang, NULL), "did not come back within 1 s");
    assert_string_equal(sdag_apart_run(a, 1, ignore_alarm, NULL), "did not come back within 1 s");
}

/* ---- ssldag test */

static void test_test(void **state)
{
    (void)state;
    static const char *const lines[] = {"FAILED op   bad_adjoint",  "gradient of argument 0[0] is ",
                                        "FAILED op   bad_nan",      "NaN in argument 0 is lost",
                                        "FAILED op   bad_beyond",   "its guards are gone|writes beyond result",
                                        "FAILED op   bad_crash",    "crashed (SIGSEGV)",
                                        "FAILED type loss.crashes", "crashed (SIGSEGV) in its example",
                                        "FAILED op   bad_value",    "the reference gives",
                                        "FAILED op   bad_none",     "has no adjoint",
                                        "ok     op   good_nograd",  "ok     type loss.good",
                                        "FAILED type loss.silent",  "has no example"};
    child_run(&c, "test", plugin("good"));
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "1 check passed"));
    child_run(&c, "test", plugin("adjoint"));
    assert_true(child_ends(&c, 1, "8 of 10 checks failed"));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char one[64];
        const char *bar = strchr(lines[i], '|');
        snprintf(one, sizeof one, "%.*s", bar ? (int)(bar - lines[i]) : 63, lines[i]);
        bool found = strstr(c.out, one) || (bar && strstr(c.out, bar + 1));
        if (!found) fail_msg("'%s' is not in\n%s", lines[i], c.out);
    }
}

static int begin(void **state)
{
    (void)state;
    sdag_arena_init(a);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sdag_arena_free(a);
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_several),   cmocka_unit_test(test_taken),
        cmocka_unit_test(test_older),          cmocka_unit_test(test_parts),     cmocka_unit_test(test_paths),
        cmocka_unit_test(test_other_commands), cmocka_unit_test(test_untouched), cmocka_unit_test(test_test),
        cmocka_unit_test(test_hangs),
    };
    return cmocka_run_group_tests_name("plugins", tests, begin, end);
}
