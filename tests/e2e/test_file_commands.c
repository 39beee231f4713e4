/* The commands that work on the text of a pipeline, as they are typed: extends, explain, fmt, inspect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/support/child.h"
#include "tests/support/temp.h"

static const char base[] = "version: 1\n"
                           "name: small\n"
                           "let: {steps: 4}\n"
                           "phases:\n"
                           "  train:\n"
                           "    steps: $steps\n"
                           "    nodes:\n"
                           "      text: {type: source.text, path: words.txt, tokens: char, context: 8, batch: 4}\n"
                           "      next: {type: pretext.next_token, in: text}\n"
                           "      model: {type: encoder.transformer, in: next.input, layers: 1, heads: 1, width: 8}\n"
                           "      head: {type: head.tokens, in: model}\n"
                           "      loss: {type: loss.cross_entropy, in: {logits: head, target: next}}\n"
                           "      optimizer: {type: optimizer.adamw, in: loss, lr: 1e-3}\n";
static const char over[] = "extends: lib/base.yaml\n"
                           "let: {steps: 3}\n"
                           "phases: {train: {nodes: {optimizer: {lr: 2e-3}, model: {causal: true}}}}\n";
static const char words[] = "some words that are read again and again, for a test needs no more than that\n";
static const char untidy[] = "# first\nversion:   1\nphases: { }   # none\n";

static int setup(void **state)
{
    (void)state;
    temp_write("lib/base.yaml", base, sizeof base - 1);
    temp_write("lib/words.txt", words, sizeof words - 1);
    temp_write("over.yaml", over, sizeof over - 1);
    temp_write("untidy.yaml", untidy, sizeof untidy - 1);
    temp_write("broken.yaml", "a: [1\n", 6);
    return 0;
}

static void test_table(void **state)
{
    (void)state;
    static const struct {
        const char *args[8];
        int code;
        const char *out, *err; /* must be part of what is said; NULL: anything */
    } rows[] = {
        {{"explain", "over.yaml", "optimizer.lr"}, 0, "optimizer.lr = 2e-3", NULL},
        {{"explain", "over.yaml", "optimizer.lr"},
         0,
         "schedule, 0 .. 10000, default 0.001; an option of optimizer.adamw",
         NULL},
        {{"explain", "over.yaml", "optimizer.lr"},
         0,
         "  lib/base.yaml:13:56  1e-3\n> over.yaml:3:42       2e-3\n",
         NULL},
        {{"explain", "over.yaml", "optimizer.lr", "--set", "optimizer.lr=1"}, 0, "> --set:1:14           1", NULL},
        {{"explain", "over.yaml", "train.steps"}, 0, "    over.yaml:2:14      3  (let.steps)", NULL},
        {{"explain", "over.yaml", "optimizer.eps"}, 0, "> default  1e-8", NULL},
        {{"explain", "over.yaml", "model"}, 0, "causal", NULL},
        {{"explain", "optimizer.lr", "over.yaml"}, 0, "optimizer.lr = 2e-3", NULL},
        {{"explain", "over.yaml", "seed"}, 2, NULL, "nothing sets 'seed', and it is no option"},
        {{"explain", "over.yaml", "optimizer.epz"}, 2, NULL, "of optimizer.adamw; did you mean 'eps'?"},
        {{"explain", "over.yaml", "optimiser.lr"}, 2, NULL, "did you mean 'optimizer'?"},
        {{"check", "over.yaml", "--set", "optimizer.lr=fast"},
         3,
         NULL,
         "--set:1:14: error: optimizer.adamw.lr is 'fast'"},
        {{"check", "over.yaml", "--set", "text.context=7"}, 0, NULL, NULL},
        {{"fmt", "untidy.yaml"}, 0, "# first\nversion: 1\nphases: {} # none\n", NULL},
        {{"fmt", "--check", "untidy.yaml"}, 1, "untidy.yaml\n", NULL},
        {{"fmt", "--check", "untidy.yaml", "broken.yaml"}, 3, "untidy.yaml\n", "broken.yaml:2:1: error: YAML"},
        {{"fmt", "broken.yaml"}, 3, NULL, "broken.yaml:2:1: error: YAML"},
        {{"fmt", "--check", "--write", "untidy.yaml"}, 2, NULL, "exclude each other"},
        {{"fmt", "untidy.yaml", "over.yaml"}, 2, NULL, "several files need --write or --check"},
        {{"fmt", "none.yaml"}, 4, NULL, "none.yaml"},
        {{"inspect", "augment"}, 0, "random_resized_crop", NULL},
        {{"inspect", "loss.nt_xent", "--markdown"}, 0, "<a id=\"loss.nt_xent\"></a>", NULL},
        {{"inspect", "loss.nt_xnt", "--json"}, 2, NULL, "did you mean 'loss.nt_xent'?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        child c = {0};
        child_start(&c, rows[i].args);
        child_wait(&c);
        bool good = c.code == rows[i].code && (!rows[i].out || strstr(c.out, rows[i].out)) &&
                    (!rows[i].err || strstr(c.err, rows[i].err));
        if (!good) fail_msg("row %zu, %s: code %d\n%s\n%s", i, rows[i].args[0], c.code, c.out, c.err);
    }
}

static void test_fmt_write(void **state)
{
    (void)state;
    child c;
    size_t n;
    child_run(&c, "fmt", "--write", "untidy.yaml");
    assert_int_equal(c.code, 0);
    assert_string_equal(c.out, "");
    char *now = (char *)temp_read(&n, "untidy.yaml");
    assert_int_equal(n, strlen("# first\nversion: 1\nphases: {} # none\n"));
    assert_memory_equal(now, "# first\nversion: 1\nphases: {} # none\n", n);
    free(now);
    child_run(&c, "fmt", "--check", "untidy.yaml");
    assert_int_equal(c.code, 0);
    temp_write("other.yaml", untidy, sizeof untidy - 1); /* a link stays one, and a file keeps who may read it */
    const char *link = temp_path("link.yaml"), *other = temp_path("other.yaml");
    struct stat st;
    assert_int_equal(chmod(other, 0640), 0);
    assert_int_equal(symlink("other.yaml", link), 0);
    child_run(&c, "fmt", "-w", "link.yaml");
    assert_int_equal(c.code, 0);
    assert_true(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
    assert_true(stat(other, &st) == 0 && (st.st_mode & 0777) == 0640);
    child_run(&c, "fmt", "--check", "other.yaml");
    assert_int_equal(c.code, 0);
}

/* The folder of a run holds the pipeline whole: its paths are right from there, and it resumes without the base. */
static void test_run_extended(void **state)
{
    (void)state;
    child c;
    size_t n;
    child_run(&c, "run", "over.yaml", "--out", "r", "--quiet");
    assert_int_equal(c.code, 0);
    char *bytes = (char *)temp_read(&n, "r/config.yaml"), *config = malloc(n + 1);
    memcpy(config, bytes, n);
    config[n] = 0;
    assert_non_null(strstr(config, "path: lib/words.txt"));
    assert_non_null(strstr(config, "steps: 3"));
    assert_null(strstr(config, "extends"));
    free(bytes);
    free(config);
    child_run(&c, "run", "r/config.yaml", "--out", "again", "--quiet");
    assert_int_equal(c.code, 0);
    assert_true(runs_agree("r", "again"));
    child_run(&c, "run", "--resume", "r", "--quiet");
    assert_int_equal(c.code, 0);
    static const char use[] = "extends: r/config.yaml\nphases: {train: {steps: 2}}\n";
    temp_write("use.yaml", use, sizeof use - 1);
    child_run(&c, "run", "use.yaml", "--out", "used", "--quiet"); /* a run's own file is a base like any other */
    assert_true(child_ends(&c, 0, NULL));
}

static void test_json(void **state)
{
    (void)state;
    child c;
    child_run(&c, "explain", "over.yaml", "optimizer.lr", "--json");
    assert_int_equal(c.code, 0);
    json_t *j = json_loads(c.out, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(j);
    assert_true(json_number_value(json_object_get(j, "value")) > 0.0019);
    const json_t *from = json_object_get(j, "from"), *last = json_array_get(from, json_array_size(from) - 1);
    assert_string_equal(json_string_value(json_object_get(last, "file")), "over.yaml");
    assert_int_equal(json_integer_value(json_object_get(last, "line")), 3);
    json_decref(j);
    child_run(&c, "inspect", "augment", "--json");
    j = json_loads(c.out, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(j);
    const json_t *ops = json_array_get(json_object_get(j, "options"), 0);
    assert_string_equal(json_string_value(json_object_get(ops, "name")), "ops");
    assert_true(json_array_size(json_object_get(ops, "records")) > 5);
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_table, setup),
        cmocka_unit_test_setup(test_fmt_write, setup),
        cmocka_unit_test_setup(test_run_extended, setup),
        cmocka_unit_test_setup(test_json, setup),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    temp_clear();
    return failed;
}
