/* The spec stage: what parses to what, what is refused and where, $names, --set, printing.
 *
 * Files of tests/fuzz/corpus/yaml tell what they expect: good_* parse, resolve and print; bad_* fail with exactly the
 * messages of their lines "# expect: LINE:COL: TEXT", in that order ("*: TEXT" for any place). */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/spec_check.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif
#ifndef SDAG_SOURCE_DIR
#define SDAG_SOURCE_DIR "."
#endif
#define CORPUS SDAG_SOURCE_DIR "/tests/fuzz/corpus/yaml"

static sdag_arena a;
static sdag_log *l;

static int setup(void **state)
{
    (void)state;
    sdag_arena_init(&a);
    l = sdag_log_create(NULL);
    return l ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    sdag_arena_free(&a);
    sdag_log_destroy(l);
    return 0;
}

static const sdag_spec *parsed(const char *text)
{
    const sdag_spec *s;
    if (sdag_spec_parse(&s, &a, l, "g.yaml", text, strlen(text)) != SDAG_OK)
        fail_msg("%s", sdag_log_at(l, sdag_log_count(l) - 1)->text);
    return s;
}

static sdag_status resolve(const sdag_spec **out, const char *text, const char *path, const char *value)
{
    sdag_spec_set set = {path, value};
    return sdag_spec_resolve(out, &a, l, parsed(text), &set, path != NULL);
}

/* Follows keys from s; a NULL ends them. */
static const sdag_spec *at(const sdag_spec *s, ...)
{
    va_list ap;
    va_start(ap, s);
    for (const char *key; s && (key = va_arg(ap, const char *));) s = sdag_spec_get(s, key);
    va_end(ap);
    assert_non_null(s);
    return s;
}

/* s on one line, which below some lists even a map is. */
static const char *shown(const sdag_spec *s)
{
    sdag_str out = {.a = &a};
    for (int i = 0; i < 4; i++) {
        sdag_spec *list = SDAG_NEW(&a, sdag_spec);
        *list = (sdag_spec){.kind = SDAG_SPEC_LIST, .n = 1, .items = SDAG_NEWS(&a, const sdag_spec *, 1)};
        list->items[0] = s;
        s = list;
    }
    sdag_spec_print(&out, s); /* "- [[[...]]]" and the line's end */
    out.at[out.n - 4] = 0;
    return out.at + 5;
}

static const char *last_message(void)
{
    return sdag_log_count(l) ? sdag_log_at(l, sdag_log_count(l) - 1)->text : "(no message)";
}

/* ---- the corpus ---- */

static void check_messages(const char *name, const char *text, size_t len)
{
    int found = 0;
    for (const char *p = text; p && p < text + len; p++) {
        p = memmem(p, (size_t)(text + len - p), "# expect: ", 10);
        if (!p) break;
        p += 10;
        char want[300], got[300];
        snprintf(want, sizeof want, "%.*s", (int)strcspn(p, "\n"), p);
        const sdag_diag *d = sdag_log_at(l, found++);
        if (!d) fail_msg("%s: no message, expected %s", name, want);
        if (want[0] == '*') snprintf(got, sizeof got, "*: %s", d->text);
        else snprintf(got, sizeof got, "%d:%d: %s", d->loc.line, d->loc.col, d->text);
        if (strcmp(got, want) != 0) fail_msg("%s: got %s, expected %s", name, got, want);
    }
    if (found == 0 || found != sdag_log_errors(l))
        fail_msg("%s: %d errors, %d expected", name, sdag_log_errors(l), found);
}

static void check_file(const char *name)
{
    char *text;
    size_t len;
    const sdag_spec *raw = NULL, *spec = NULL;
    const char *path = sdag_path_join(&a, CORPUS, name);
    assert_int_equal(sdag_file_read(&text, &len, &a, l, SDAG_NOLOC, path, 1 << 20), SDAG_OK);
    sdag_status s = sdag_spec_parse(&raw, &a, l, name, text, len);
    if (s == SDAG_OK) s = sdag_spec_resolve(&spec, &a, l, raw, NULL, 0);
    if (strncmp(name, "bad_", 4) == 0) {
        if (s != SDAG_INVALID || spec) fail_msg("%s: not refused", name);
        check_messages(name, text, len);
        return;
    }
    if (s != SDAG_OK) fail_msg("%s: %s", name, last_message());
    if (sdag_log_count(l)) fail_msg("%s: %s", name, last_message()); /* no warnings either */
    if (!spec_round_trip(&a, raw) || !spec_round_trip(&a, spec)) fail_msg("%s: printed differently", name);
}

static void test_corpus(void **state)
{
    struct dirent **list;
    int n = scandir(CORPUS, &list, NULL, alphasort), files = 0;
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        if (list[i]->d_name[0] != '.') {
            teardown(state); /* a log of its own for every file */
            setup(state);
            check_file(list[i]->d_name);
            files++;
        }
        free(list[i]);
    }
    free(list);
    assert_true(files > 40);
}

/* ---- values ---- */

static void test_places(void **state)
{
    (void)state;
    const sdag_spec *s = parsed("a: 1\nphases:\n    loss: {in: projector, t: \"x\"}\n    ä: [ö, hello]\n");
    const sdag_spec *in = at(s, "phases", "loss", "in", NULL);
    assert_int_equal(in->loc.line, 3);
    assert_int_equal(in->loc.col, 16);
    assert_int_equal(in->loc.len, 9);
    assert_string_equal(in->loc.file, "g.yaml");
    assert_int_equal(at(s, "phases", "loss", "t", NULL)->loc.len, 3);
    assert_int_equal(at(s, "phases", "loss", NULL)->loc.col, 11);
    const sdag_spec_entry *e = &at(s, "phases", NULL)->entries[1];
    assert_int_equal(e->loc.line, 4);
    assert_int_equal(e->loc.col, 5);
    assert_int_equal(e->loc.len, 1);
    assert_int_equal(e->value->items[1]->loc.col, 12); /* characters, not bytes */
    assert_null(sdag_spec_get(s, "b"));
    assert_null(sdag_spec_get(in, "b"));
    assert_null(sdag_spec_get(NULL, "b"));
}

static void test_readers(void **state)
{
    (void)state;
    const sdag_spec *s = parsed("i: 12\nq: \"12\"\nf: 1e-3\nt: true\ny: yes\nT: True\nn: null\nl: [1]\ne:\nz: \"\"\n");
    int64_t i = 0;
    double f = 0;
    bool b = false;
    const char *text;
    assert_true(sdag_spec_i64(&i, at(s, "i", NULL)));
    assert_int_equal(i, 12);
    assert_false(sdag_spec_i64(&i, at(s, "q", NULL)));
    assert_false(sdag_spec_f64(&f, at(s, "q", NULL)));
    assert_true(sdag_spec_str(&text, at(s, "q", NULL)));
    assert_string_equal(text, "12");
    assert_true(sdag_spec_f64(&f, at(s, "f", NULL)));
    assert_true(f == 1e-3);
    assert_false(sdag_spec_i64(&i, at(s, "f", NULL)));
    assert_true(sdag_spec_bool(&b, at(s, "t", NULL)));
    assert_true(b);
    assert_false(sdag_spec_bool(&b, at(s, "y", NULL)));
    assert_false(sdag_spec_bool(&b, at(s, "T", NULL)));
    assert_int_equal(at(s, "n", NULL)->kind, SDAG_SPEC_NULL);
    assert_int_equal(at(s, "e", NULL)->kind, SDAG_SPEC_NULL);
    assert_false(sdag_spec_str(&text, at(s, "n", NULL)));
    assert_false(sdag_spec_str(&text, at(s, "l", NULL)));
    assert_true(sdag_spec_str(&text, at(s, "z", NULL)));
    assert_string_equal(text, "");
}

static void test_scalars(void **state)
{
    (void)state;
    const sdag_spec *s = parsed("a: !!str 12\nb: '$x'\nc: \\$x\nd: >\n  one\n  two\ne: \"a\\tb\\u20ac\"\n"
                                "f: 'true'\ng: 'word'\n");
    assert_true(at(s, "a", NULL)->quoted);
    assert_true(at(s, "b", NULL)->quoted);
    assert_true(at(s, "c", NULL)->quoted);
    assert_string_equal(at(s, "c", NULL)->text, "$x");
    assert_string_equal(at(s, "d", NULL)->text, "one two\n");
    assert_string_equal(at(s, "e", NULL)->text, "a\tb\xe2\x82\xac");
    assert_true(at(s, "f", NULL)->quoted);
    assert_false(at(s, "g", NULL)->quoted); /* quotes that change nothing are not remembered */
}

static void test_merge(void **state)
{
    (void)state;
    const sdag_spec *s = parsed("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {b: 9, <<: [*x, *y], d: 5}\n");
    assert_string_equal(shown(at(s, "z", NULL)), "{a: 1, c: 4, b: 9, d: 5}");
    assert_ptr_equal(at(s, "z", "c", NULL), at(s, "y", "c", NULL)); /* shared, so its place is where it was typed */
}

static void test_long_map(void **state)
{
    (void)state;
    sdag_str t = {.a = &a};
    for (int i = 0; i < 3000; i++) sdag_str_addf(&t, "key%d: %d\n", i, i);
    const sdag_spec *s = parsed(t.at);
    assert_int_equal(s->n, 3000);
    assert_string_equal(sdag_spec_get(s, "key2999")->text, "2999");
    assert_null(sdag_spec_get(s, "key3000"));
    assert_string_equal(sdag_nearest("kye17", sdag_spec_key, s), "key17");
}

static void test_many_errors(void **state)
{
    (void)state;
    sdag_str t = {.a = &a};
    const sdag_spec *s;
    for (int i = 0; i < 100; i++) sdag_str_add(&t, "a: 1\n");
    assert_int_equal(sdag_spec_parse(&s, &a, l, "g.yaml", t.at, t.n), SDAG_INVALID);
    assert_int_equal(sdag_log_errors(l), SDAG_SPEC_ERRORS_MAX);
    assert_non_null(strstr(last_message(), "20 errors"));
}

/* ---- let and --set ---- */

static void test_let(void **state)
{
    (void)state;
    const sdag_spec *s;
    static const char text[] = "let: {n: 3, m: $n, v: [$n, {k: $m}]}\na: $v\nb: {c: $m, d: '$n', e: x$n}\n";
    assert_int_equal(resolve(&s, text, NULL, NULL), SDAG_OK);
    assert_string_equal(shown(s), "{a: [3, {k: 3}], b: {c: 3, d: \"$n\", e: x$n}}");
    assert_int_equal(at(s, "b", "c", NULL)->loc.line, 1); /* the place is that of the value, in let: */
    assert_int_equal(at(s, "b", "c", NULL)->loc.col, 10);
    assert_int_equal(sdag_log_count(l), 0);
}

static void test_let_unused(void **state)
{
    (void)state;
    const sdag_spec *s;
    assert_int_equal(resolve(&s, "let: {a: 1, b: $a, c: &c [1], d: 4}\nx: *c\ny: $d\n", NULL, NULL), SDAG_OK);
    assert_int_equal(sdag_log_count(l), 2);
    assert_string_equal(sdag_log_at(l, 0)->text, "'a' is never used");
    assert_string_equal(sdag_log_at(l, 1)->text, "'b' is never used");
    assert_int_equal(sdag_log_at(l, 1)->level, SDAG_WARNING);
    assert_int_equal(sdag_log_at(l, 1)->loc.col, 13);
    assert_int_equal(sdag_log_errors(l), 0);
}

static const char graph[] =
    "name: x\n"
    "let: {epochs: 3, size: &size 8, views: &v [{crop: {size: 8}}, flip], base: &base {lr: 1}}\n"
    "phases:\n"
    "  pretrain: {epochs: $epochs, lr: 5, nodes: {a: {ops: *v}, b: {ops: $views}, c: {<<: *base, s: *size}}}\n"
    "  empty:\n";

static void test_set(void **state)
{
    (void)state;
    static const struct {
        const char *path, *value, *at[5], *want;
    } rows[] = {
        {"epochs", "5", {"phases", "pretrain", "epochs"}, "5"}, /* a let name */
        {"let.epochs", "5", {"phases", "pretrain", "epochs"}, "5"},
        {"phases.pretrain.epochs", "7", {"phases", "pretrain", "epochs"}, "7"}, /* instead of its $name */
        {"pretrain.epochs", "$size", {"phases", "pretrain", "epochs"}, "8"},    /* below phases; may name a let */
        {"name", "y", {"name"}, "y"},
        {"seed", "3", {"seed"}, "3"}, /* new at the top level */
        {"pretrain.warmup", "{cosine: [1, 0]}", {"phases", "pretrain", "warmup"}, "{cosine: [1, 0]}"}, /* new */
        {"phases.empty.epochs", "2", {"phases", "empty"}, "{epochs: 2}"},
        {"pretrain.nodes.a.ops.0.crop.size",
         "4",
         {"phases", "pretrain", "nodes"},
         "{a: {ops: [{crop: {size: 4}}, flip]}, b: {ops: [{crop: {size: 8}}, flip]}, c: {lr: 1, s: 8}}"}, /* a alone */
        {"pretrain.nodes.b.ops.1",
         "[]",
         {"phases", "pretrain", "nodes"},
         "{a: {ops: [{crop: {size: 8}}, flip]}, b: {ops: [{crop: {size: 8}}, []]}, c: {lr: 1, s: 8}}"},
        {"views", "[blur]", {"phases", "pretrain", "nodes"}, "{a: {ops: [blur]}, b: {ops: [blur]}, c: {lr: 1, s: 8}}"},
        {"views.0.crop.size",
         "6",
         {"phases", "pretrain", "nodes"},
         "{a: {ops: [{crop: {size: 6}}, flip]}, b: {ops: [{crop: {size: 6}}, flip]}, c: {lr: 1, s: 8}}"},
        {"base.lr", "2", {"phases", "pretrain", "nodes", "c"}, "{lr: 2, s: 8}"}, /* reaches where it was merged */
        {"size", "9", {"phases", "pretrain", "nodes", "c"}, "{lr: 1, s: 9}"},
        {"a.o", "1", {"phases", "pretrain", "nodes", "a"}, "{ops: [{crop: {size: 8}}, flip], o: 1}"}, /* one phase's */
        {"pretrain.a.ops.crop.size", /* without nodes, and the record by its name */
         "4",
         {"phases", "pretrain", "nodes", "a"},
         "{ops: [{crop: {size: 4}}, flip]}"},
        {"views.crop", "{size: 5}", {"phases", "pretrain", "nodes", "b"}, "{ops: [{crop: {size: 5}}, flip]}"},
        {"pretrain.lr", "", {"phases", "pretrain", "lr"}, "null"},
        {"pretrain.lr", "\"12\"", {"phases", "pretrain", "lr"}, "\"12\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const sdag_spec *s;
        if (resolve(&s, graph, rows[i].path, rows[i].value)) fail_msg("%s: %s", rows[i].path, last_message());
        for (int k = 0; rows[i].at[k]; k++) s = at(s, rows[i].at[k], NULL);
        if (strcmp(shown(s), rows[i].want) != 0) fail_msg("%s: %s", rows[i].path, shown(s));
    }
}

static void test_set_place(void **state)
{
    (void)state;
    const sdag_spec *s;
    assert_int_equal(resolve(&s, graph, "epochs", "{path: x}"), SDAG_OK);
    const sdag_spec *e = at(s, "phases", "pretrain", "epochs", NULL);
    assert_string_equal(e->loc.file, "--set");
    assert_int_equal(e->loc.line, 1);
    assert_int_equal(e->loc.col, 8); /* behind "epochs=" */
    assert_int_equal(at(e, "path", NULL)->loc.col, 15);
    assert_true(e->from_set);
    assert_true(at(e, "path", NULL)->from_set);
    assert_false(at(s, "name", NULL)->from_set);
    assert_false(at(s, "phases", "pretrain", NULL)->from_set);
}

static void test_set_twice(void **state)
{
    (void)state;
    const sdag_spec *s;
    sdag_spec_set sets[] = {{"views", "[{a: 1}]"}, {"views.0.a", "2"}, {"seed", "1"}, {"seed", "2"}};
    assert_int_equal(sdag_spec_resolve(&s, &a, l, parsed(graph), sets, 4), SDAG_OK);
    assert_string_equal(shown(at(s, "phases", "pretrain", "nodes", "a", NULL)), "{ops: [{a: 2}]}");
    assert_string_equal(at(s, "seed", NULL)->text, "2");
}

static void test_set_bad(void **state)
{
    (void)state;
    static const struct {
        const char *path, *value, *want;
    } rows[] = {
        {"epoch", "1", "no 'epoch' in let:, the top level, phases: or nodes:; did you mean 'epochs'?"},
        {"phases.pretran.epochs", "1", "no 'pretran' in phases; did you mean 'pretrain'?"},
        {"pretran.epochs", "1", "no 'pretran' in let:, the top level, phases: or nodes:; did you mean 'pretrain'?"},
        {"phases.pretrain.zebra.x", "1", "no 'zebra' in phases.pretrain"},
        {"pretrain.lr.x", "1", "phases.pretrain.lr is a single value: there is no 'x' in it"},
        {"pretrain.zebras.x", "1", "no 'zebras' in phases.pretrain"},
        {"pretrain.aa.x", "1", "no 'aa' in phases.pretrain; did you mean 'a'?"}, /* a node, though nodes is left out */
        {"extends", "x.yaml", "'extends' is read before --set: write it in the file"},
        {"views.2", "1", "let.views is a list of 2, counted from 0: no item '2'"},
        {"views.x", "1", "let.views is a list of 2, counted from 0: no item 'x'"},
        {"", "1", "a path is keys joined by dots, such as pretrain.optimizer.lr"},
        {"a..b", "1", "a path is keys joined by dots, such as pretrain.optimizer.lr"},
        {"a\xb5", "1", "a path is keys joined by dots, such as pretrain.optimizer.lr"},
        {"a.", "1", "a path is keys joined by dots, such as pretrain.optimizer.lr"},
        {"epochs", "[1", "YAML: while parsing a flow sequence, did not find expected ',' or ']'"},
        {"epochs", "$zebra", "unknown name '$zebra': it is not in let:"},
        {"epochs", "$epochs", "a name that stands for itself: $epochs -> $epochs"},
        {"epochs", "*v", "no anchor &v comes before"},
        {"let", "3", "let: must be a map of names to values, not a value"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const sdag_spec *s;
        int before = sdag_log_count(l);
        assert_int_equal(resolve(&s, graph, rows[i].path, rows[i].value), SDAG_INVALID);
        const sdag_diag *d = sdag_log_at(l, before);
        if (strcmp(d->text, rows[i].want) != 0) fail_msg("%s: %s", rows[i].path, d->text);
        assert_null(s);
        assert_non_null(d->loc.file);
    }
    static const char two[] = "phases:\n  p: {nodes: {o: {lr: 1}}}\n  q: {nodes: {o: {lr: 1}}}\n";
    const sdag_spec *t;
    int first = sdag_log_count(l);
    assert_int_equal(resolve(&t, two, "o.lr", "2"), SDAG_INVALID);
    assert_string_equal(sdag_log_at(l, first)->text, "2 phases have a node 'o'; name one of p.o.lr, q.o.lr");
    sdag_spec_set several[] = {{"epoch", "1"}, {"nothing.here", "1"}}; /* both are reported */
    const sdag_spec *s;
    int before = sdag_log_errors(l);
    assert_int_equal(sdag_spec_resolve(&s, &a, l, parsed(graph), several, 2), SDAG_INVALID);
    assert_int_equal(sdag_log_errors(l) - before, 2);
    assert_int_equal(sdag_log_at(l, sdag_log_count(l) - 1)->loc.line, 2); /* the second of them */
    assert_int_equal(sdag_log_at(l, sdag_log_count(l) - 1)->loc.col, 1);
}

/* ---- printing ---- */

static void test_print(void **state)
{
    (void)state;
    sdag_str out = {.a = &a};
    sdag_spec_print(&out, parsed("version: 1\nabout: SimCLR on digits, then a classifier\nphases:\n  p:\n    nodes:\n"
                                 "      digits: {type: source.digits, \n        batch: 256, ids: ['1', x, \"a: b\"]}\n"
                                 "      wide: {first: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa, second: [bbbbbbbbbbbbbbbbbbb"
                                 "bbbbbb, ccccccccccccc, {dddddddddd: eeeeeeeeeeeee, f: g}]}\n"
                                 "list:\n- [1,\n   2]\n- {a: 1}\nnone: {}\n"));
    assert_string_equal(out.at, "version: 1\n"
                                "about: SimCLR on digits, then a classifier\n"
                                "phases:\n"
                                "  p:\n"
                                "    nodes:\n"
                                "      digits: {type: source.digits, batch: 256, ids: [\"1\", x, \"a: b\"]}\n"
                                "      wide:\n"
                                "        first: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
                                "        second: [bbbbbbbbbbbbbbbbbbbbbbbbb, ccccccccccccc, {dddddddddd: eeeeeeeee"
                                "eeee, f: g}]\n"
                                "list: [[1, 2], {a: 1}]\n"
                                "none: {}\n");
}

/* ---- hostile input ---- */

static const char *repeat(const char *head, const char *unit, int n, const char *tail)
{
    sdag_str s = {.a = &a};
    sdag_str_add(&s, head);
    for (int i = 0; i < n; i++) sdag_str_add(&s, unit);
    sdag_str_add(&s, tail);
    return s.at;
}

/* Refused with a place, and soon: the promise is 50 ms of processor time; ten times that, for slow and busy machines,
 * still tells a limit from none (a hundred thousand brackets would take 20 s). */
static void refuse(const char *what, const char *text)
{
    const sdag_spec *s, *r;
    struct timespec from, to;
    int before = sdag_log_count(l);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    sdag_status status = sdag_spec_parse(&s, &a, l, what, text, strlen(text));
    if (status == SDAG_OK) status = sdag_spec_resolve(&r, &a, l, s, NULL, 0);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    double ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) * 1e-6;
    if (status != SDAG_INVALID) fail_msg("%s: not refused", what);
    const sdag_diag *d = sdag_log_at(l, before);
    print_message("%-18s %6.1f ms  %d:%d: %.70s\n", what, ms, d->loc.line, d->loc.col, d->text);
    assert_true(strlen(text) > SDAG_SPEC_TEXT_MAX || (d->loc.line > 0 && d->loc.col > 0));
    if (ms > (SANITIZED ? 5000 : 500)) fail_msg("%s: %.1f ms", what, ms);
}

static void test_hostile(void **state)
{
    static const struct {
        const char *what, *head, *unit;
        int n;
        const char *tail;
    } rows[] = {
        {"brackets", "", "[", 1000000, ""},
        {"braces", "", "{", 1000000, ""},
        {"brackets on lines", "", "[\n", 500000, ""},
        {"braces on lines", "", "{a:\n", 250000, ""},
        {"dashes", "", "- ", 500000, ""},
        {"questions", "", "? ", 500000, ""},
        {"anchors", "", "&a ", 300000, ""},
        {"tags", "", "!a ", 300000, ""},
        {"aliases", "a: &a 1\nb: [", "*a,", 300000, "]"},
        {"alias of a list", "a: &a [1,2,3,4,5,6,7,8,9]\nb: [", "*a,", 300000, "]"},
        {"duplicates", "", "a: 1\n", 200000, ""},
        {"empty items", "a: [", "a,", 500000, "]"},
        {"null items", "a:\n", "-\n", 500000, ""},
        {"flow maps", "a: [", "{a},", 250000, "]"},
        {"tag directives", "", "%TAG !a! b\n", 90000, "---\na: 1\n"},
        {"directives later", "a: 1\n...\n", "%TAG !a! b\n", 90000, "---\na: 1\n"},
        {"documents", "", "---\n", 250000, ""},
        {"long text", "a: \"", "x", 1000000, "\""},
        {"open text", "a: \"", "x", 1000000, ""},
        {"text on lines", "a: \"", "x\n", 500000, "\""},
        {"plain on lines", "a: ", "x\n ", 300000, ""},
        {"blank lines", "a: >\n", "\n", 1000000, "  x\nb"},
        {"literal lines", "a: |\n", " x\n", 300000, ""},
        {"comments", "", "#\n", 500000, "a"},
        {"spaces", "", " ", 1000000, "a"},
        {"long key", "", "k", 1000000, ": 1"},
        {"explicit key", "? ", "k", 1000000, "\n: 1"},
        {"escapes", "a: \"", "\\x41", 250000, "\""},
        {"merges", "x: &x {a: 1, b: 2}\n", "<<: *x\n", 140000, ""},
        {"flow keys", "{", "a: 1, ", 170000, "}"},
        {"colons", "", "a:", 500000, ""},
        {"unknown names", "a: [", "$x,", 300000, "]"},
        {"let names", "let: {a: [1,2,3,4,5,6,7,8,9,$b], b: $a}\nx: [", "$a, ", 15000, "]"},
        {"too large", "", "a", 1100000, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        teardown(state);
        setup(state);
        refuse(rows[i].what, repeat(rows[i].head, rows[i].unit, rows[i].n, rows[i].tail));
    }
    teardown(state);
    setup(state);
    sdag_str s = {.a = &a}; /* maps that grow by merging what came before */
    sdag_str_add(&s, "m0: &m0 {a: 1}\n");
    for (int i = 1; i < 6000; i++) sdag_str_addf(&s, "m%d: &m%d {<<: *m%d, k%d: 1}\n", i, i, i - 1, i);
    refuse("growing merges", s.at);
    s = (sdag_str){.a = &a}; /* keys with one FNV hash would not help either: the table's hash is keyed */
    for (int i = 0; i < 26000; i++) sdag_str_addf(&s, "k%d: \n", i);
    refuse("many keys", s.at);
    s = (sdag_str){.a = &a};
    sdag_str_add(&s, "let:\n");
    for (int i = 0; i < 20000; i++) sdag_str_addf(&s, "  a%d: $a%d\n", i, i + 1);
    refuse("a chain of names", s.at);

    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    print_message("largest resident size %ld MiB\n", use.ru_maxrss >> 10);
    if (!SANITIZED) assert_true(use.ru_maxrss >> 10 < 64);
}

/* ---- memory ---- */

typedef struct job {
    sdag_arena *a;
    sdag_log *log;
    const char *text;
} job;

static sdag_status run_job(void *arg)
{
    job *j = arg;
    const sdag_spec *raw, *spec;
    sdag_spec_set set = {"views.0.crop.size", "[5, {x: y}]"};
    sdag_str out = {.a = j->a};
    sdag_status s = sdag_spec_parse(&raw, j->a, j->log, "g.yaml", j->text, strlen(j->text));
    if (!s) s = sdag_spec_resolve(&spec, j->a, j->log, raw, &set, 1);
    if (!s) sdag_spec_print(&out, spec);
    return s;
}

/* Whatever fails, the answer is right or SDAG_NOMEM, and libyaml holds nothing (which a leak checker sees). */
static void test_every_failure(void **state)
{
    (void)state;
    sdag_str text = {.a = &a};
    sdag_str_add(&text, graph);
    for (int i = 0; i < 300; i++) sdag_str_addf(&text, "key%d: {a: [1, 2, 3], b: \"text %d\"}\n", i, i);
    for (int forever = 0; forever < 2; forever++) {
        int nomem = 0;
        for (uint64_t nth = 1;; nth++) {
            job j = {.text = text.at, .log = sdag_log_create(NULL)};
            sdag_arena b;
            sdag_arena_init(&b);
            j.a = &b;
            sdag_alloc_fail(nth, forever);
            uint64_t before = sdag_alloc_count();
            sdag_status s = sdag_arena_try(&b, run_job, &j);
            bool all = sdag_alloc_count() - before < nth;
            sdag_alloc_fail(0, false);
            sdag_arena_free(&b);
            sdag_log_destroy(j.log);
            if (s != SDAG_OK) assert_int_equal(s, SDAG_NOMEM); /* the log alone may go on without memory */
            nomem += s == SDAG_NOMEM;
            if (all) break;
        }
        assert_true(nomem > 5);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_corpus),     T(test_places),   T(test_readers),     T(test_scalars),
        T(test_merge),      T(test_long_map), T(test_many_errors), T(test_let),
        T(test_let_unused), T(test_set),      T(test_set_place),   T(test_set_twice),
        T(test_set_bad),    T(test_print),    T(test_hostile),     T(test_every_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
