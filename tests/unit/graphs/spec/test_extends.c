/* extends: a file put over another: what merges, what takes the place, whose places and paths stay what they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/alloc.h"
#include "graphs/spec/origin.h"
#include "tests/support/temp.h"

static sdag_arena a;
static sdag_log *l;

static int setup(void **state)
{
    (void)state;
    sdag_arena_init(&a);
    l = sdag_log_create(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sdag_arena_free(&a);
    sdag_log_destroy(l);
    return 0;
}

static const char *file(const char *name, const char *text)
{
    return sdag_arena_str(&a, temp_write(name, text, strlen(text)));
}

static const char *shown(const sdag_spec *s)
{
    sdag_str t = {.a = &a};
    sdag_spec_print(&t, s);
    return t.at;
}

/* over.yaml, which extends base.yaml, resolved. */
static sdag_status load(const sdag_spec **out, const char *base, const char *over, const sdag_spec_set *set)
{
    sdag_spec_files f;
    *out = NULL;
    file("base.yaml", base);
    const char *path = file("over.yaml", sdag_arena_printf(&a, "extends: base.yaml\n%s", over));
    sdag_status s = sdag_spec_load(&f, &a, l, path);
    return s ? s : sdag_spec_resolve(out, &a, l, f.root, set, set != NULL);
}

static void test_merge(void **state)
{
    (void)state;
    static const struct {
        const char *base, *over, *want;
    } rows[] = {
        {"a: 1\nb: {c: 2, d: {e: 3}}\n", "b: {d: {e: 4, f: 5}}\n", "a: 1\nb:\n  c: 2\n  d:\n    e: 4\n    f: 5\n"},
        {"a: [1, 2]\nb: {c: 1}\n", "a: [3]\nb: 2\n", "a: [3]\nb: 2\n"},                      /* lists are no maps */
        {"a: 1\nb: {c: 1, d: 2}\n", "b: {c: null}\na: ~\n", "b:\n  d: 2\n"},                 /* removed */
        {"a: 1\n", "b: 2\n", "a: 1\nb: 2\n"},                                                /* new keys come last */
        {"let: {x: 1, y: 2}\na: $x\nb: $y\n", "let: {x: 3}\nc: $x\n", "a: 3\nb: 2\nc: 3\n"}, /* names */
        {"let: {v: &v [1]}\na: *v\nb: $v\n", "let: {v: [2]}\n", "a: [2]\nb: [2]\n"}, /* and what aliases repeat */
        {"let: {v: &v {p: 1, q: 2}}\na: *v\n", "let: {v: {q: 3}}\n", "a:\n  p: 1\n  q: 3\n"},
        {"let: {v: &v {p: 1}}\na: {<<: *v, r: 1}\nb: *v\n", "b: {p: 2}\n", "a:\n  p: 1\n  r: 1\nb:\n  p: 2\n"},
        /* a node of another type keeps its wires, and nothing else */
        {"n: {type: t.a, in: x, width: 3}\n", "n: {type: t.b, depth: 1}\n", "n:\n  type: t.b\n  depth: 1\n  in: x\n"},
        {"n: {type: t.a, in: x, width: 3}\n", "n: {type: t.b, in: y}\n", "n:\n  type: t.b\n  in: y\n"},
        {"n: {type: t.a, in: x, width: 3}\n", "n: {type: t.a, width: 4}\n", "n:\n  type: t.a\n  in: x\n  width: 4\n"},
        {"n: {type: t.a, width: 3}\n", "n: {use: p.n}\n", "n:\n  use: p.n\n"},
        /* keys that exclude each other */
        {"phases: {p: {epochs: 3}}\n", "phases: {p: {steps: 4}}\n", "phases:\n  p:\n    steps: 4\n"},
        {"lr: {cosine: [1, 0], warmup: 2 steps}\n", "lr: {linear: [2, 1]}\n",
         "lr:\n  warmup: 2 steps\n  linear: [2, 1]\n"},
        {"lr: {steps: 1, at: [2 epochs]}\n", "lr: {steps: 3}\n", "lr:\n  steps: 3\n  at: [2 epochs]\n"},
        {"lr: {steps: 1, at: [2 epochs]}\n", "lr: {cosine: [3, 0]}\n", "lr:\n  cosine: [3, 0]\n"},
        {"n: {linear: 1, other: 2}\n", "n: {cosine: 3}\n", "n:\n  linear: 1\n  other: 2\n  cosine: 3\n"},
        {"let: {epochs: 1}\na: $epochs\nb: $steps\n", "let: {steps: 2}\n", "a: 1\nb: 2\n"},
        {"let: {lr: {cosine: [1, 0]}}\na: $lr\n", "let: {lr: {linear: [1, 0]}}\n", "a:\n  linear: [1, 0]\n"},
        {"base: data\na: 1\n", "b: 2\n", "a: 1\nb: 2\n"}, /* says where the base's own paths are */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const sdag_spec *s;
        if (load(&s, rows[i].base, rows[i].over, NULL)) fail_msg("row %zu: %s", i, temp_last(l));
        if (strcmp(shown(s), rows[i].want) != 0) fail_msg("row %zu:\n%s", i, shown(s));
    }
}

static void test_set_after(void **state)
{
    (void)state;
    const sdag_spec *s;
    sdag_spec_set set = {"v", "[5]"};
    assert_int_equal(load(&s, "let: {v: &v [1]}\na: *v\nb: $v\n", "let: {v: [2]}\n", &set), SDAG_OK);
    assert_string_equal(shown(s), "a: [5]\nb: [5]\n");
}

/* A name of the base that nothing uses any more is no slip; one of the file at hand is. */
static void test_unused(void **state)
{
    (void)state;
    const sdag_spec *s;
    assert_int_equal(load(&s, "let: {x: 1}\na: $x\n", "a: 2\n", NULL), SDAG_OK);
    assert_int_equal(sdag_log_count(l), 0);
    assert_int_equal(load(&s, "let: {x: 1}\na: $x\n", "a: 2\nlet: {y: 1}\n", NULL), SDAG_OK);
    assert_int_equal(sdag_log_count(l), 1);
    assert_true(temp_says(l, "'y' is never used"));
}

/* Each value points into the file that it stands in, and says where its paths start. */
static void test_places(void **state)
{
    (void)state;
    sdag_spec_files f;
    file("deep/base/b.yaml", "a: {p: x, q: y}\nc: z\n");
    file("deep/mid.yaml", "extends: base/b.yaml\nbase: there\nd: w\n");
    assert_int_equal(sdag_spec_load(&f, &a, l, file("top.yaml", "extends: deep/mid.yaml\na: {q: v}\n")), SDAG_OK);
    const sdag_spec *root = f.root, *m = sdag_spec_get(root, "a");
    const sdag_spec *p = sdag_spec_get(m, "p"), *q = sdag_spec_get(m, "q"), *d = sdag_spec_get(root, "d");
    assert_int_equal(f.n, 3);
    assert_string_equal(sdag_spec_get(f.layers[0], "c")->text, "z");
    assert_non_null(strstr(p->loc.file, "deep/base/b.yaml"));
    assert_non_null(strstr(p->dir, "deep/base"));
    assert_int_equal(p->loc.col, 8);
    assert_non_null(strstr(q->loc.file, "top.yaml"));
    assert_null(q->dir);
    assert_int_equal(q->loc.line, 2);
    assert_non_null(strstr(d->dir, "deep/there")); /* what the base's own `base:` says */
    assert_non_null(strstr(root->loc.file, "top.yaml"));
    assert_null(sdag_spec_get(root, "extends"));
    assert_null(sdag_spec_get(root, "base"));
}

static void test_paths(void **state)
{
    (void)state;
    static const char base[] =
        "version: 1\nphases:\n  p:\n    nodes:\n      d: {type: source.text, path: t.txt, vocabulary: v.txt}\n"
        "      s: {type: sink.csv, in: {logits: d}, path: p.csv}\n";
    sdag_spec_files f;
    const sdag_spec *s;
    file("lib/base.yaml", base);
    const char *path = file("top.yaml", "extends: lib/base.yaml\nphases: {p: {nodes: {d: {path: mine.txt}}}}\n");
    assert_int_equal(sdag_spec_load(&f, &a, l, path), SDAG_OK);
    assert_int_equal(sdag_spec_resolve(&s, &a, l, f.root, NULL, 0), SDAG_OK);
    s = sdag_spec_get(sdag_spec_get(sdag_spec_get(sdag_spec_get(s, "phases"), "p"), "nodes"), "d");
    assert_null(sdag_spec_get(s, "path")->dir);
    assert_string_equal(sdag_spec_get(s, "vocabulary")->dir, sdag_arena_str(&a, temp_path("lib")));
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *base, *over, *want;
        int line;
    } rows[] = {
        {"a: {bb: 1}\n", "a: {bc: null}\n", "nothing to remove: the base has no 'bc' here; did you mean 'bb'?", 2},
        {"extends: over.yaml\n", "", "a file that extends itself: ", 1},
        {"extends: base.yaml\n", "", "a file that extends itself: ", 1},
        {"extends: none.yaml\n", "", "", 1},
        {"extends: .\n", "", "extends: ", 1},
        {"extends: [a]\n", "", "extends is a list, expected the path of a file", 1},
        {"extends: /dev/zero\n", "", "extends: /dev/zero is a device or a pipe, not a file", 1},
        {"- a\n", "", "expected 'key: value' lines, found a list", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const sdag_spec *s;
        int before = sdag_log_count(l);
        assert_int_not_equal(load(&s, rows[i].base, rows[i].over, NULL), SDAG_OK);
        const sdag_diag *d = sdag_log_at(l, before);
        if (strncmp(d->text, rows[i].want, strlen(rows[i].want)) != 0) fail_msg("row %zu: %s", i, d->text);
        assert_int_equal(d->loc.line, rows[i].line);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    sdag_spec_files f;
    for (int i = 0; i < SDAG_SPEC_FILES_MAX; i++)
        file(sdag_arena_printf(&a, "c%d.yaml", i), sdag_arena_printf(&a, "extends: c%d.yaml\nk%d: 1\n", i + 1, i));
    file(sdag_arena_printf(&a, "c%d.yaml", SDAG_SPEC_FILES_MAX), "k: 1\n");
    assert_int_equal(sdag_spec_load(&f, &a, l, temp_path("c0.yaml")), SDAG_INVALID);
    assert_true(temp_says(l, "more than 8 files, each extending the next"));
    assert_int_equal(sdag_spec_load(&f, &a, l, temp_path("c1.yaml")), SDAG_OK);
    assert_int_equal(f.n, SDAG_SPEC_FILES_MAX);
    assert_int_equal(f.root->n, SDAG_SPEC_FILES_MAX);
}

typedef struct job {
    sdag_arena *a;
    sdag_log *log;
    const char *path;
} job;

static sdag_status run_job(void *arg)
{
    job *j = arg;
    sdag_spec_files f;
    const sdag_spec *s;
    sdag_spec_origins o;
    sdag_spec_set set = {"v.0", "3"};
    sdag_status status = sdag_spec_load(&f, j->a, j->log, j->path);
    if (!status) status = sdag_spec_resolve(&s, j->a, j->log, f.root, &set, 1);
    return status ? status : sdag_spec_origins_find(&o, j->a, j->log, &f, &set, 1, "a", (sdag_loc){"KEY", 1, 1, 0});
}

static void test_every_failure(void **state)
{
    (void)state;
    const sdag_spec *s;
    assert_int_equal(load(&s, "let: {v: &v [1]}\na: *v\nb: {c: $v}\n", "let: {v: [2]}\nb: {c: null, d: 1}\n", NULL),
                     SDAG_OK);
    const char *path = sdag_arena_str(&a, temp_path("over.yaml"));
    for (uint64_t nth = 1;; nth++) {
        sdag_arena b;
        job j = {&b, sdag_log_create(NULL), path};
        sdag_arena_init(&b);
        sdag_alloc_fail(nth, nth % 2);
        uint64_t before = sdag_alloc_count();
        sdag_status status = sdag_arena_try(&b, run_job, &j);
        bool all = sdag_alloc_count() - before < nth;
        sdag_alloc_fail(0, false);
        sdag_arena_free(&b);
        sdag_log_destroy(j.log);
        if (status) assert_int_equal(status, SDAG_NOMEM);
        if (all) break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_merge, setup, teardown),
        cmocka_unit_test_setup_teardown(test_set_after, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_failure, setup, teardown),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    temp_clear();
    return failed;
}
