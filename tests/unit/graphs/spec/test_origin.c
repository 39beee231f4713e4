/* Where values come from, in order: "kind line:column value", deeper ones behind dots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "graphs/spec/origin.h"
#include "tests/support/temp.h"

static const char base[] = "let: {n: 3, m: $n, v: &v [{noise: {std: 1}}], k: &k 7}\n"
                           "phases:\n"
                           "  p:\n"
                           "    nodes:\n"
                           "      a: {type: t.a, in: x, lr: $m, ops: *v, k: *k}\n"
                           "      b: {type: t.b, lr: 1}\n"
                           "      free: &free {w: 5}\n"
                           "      again: *free\n"
                           "sum: [$m, \"${2 * n}\"]\n"
                           "text: n is ${n}\n"
                           "modules:\n"
                           "  mod:\n"
                           "    params: {n: 16, q: $n}\n"
                           "    nodes: {w: {x: $n, y: \"${n * k}\", z: [$m, $n * 2]}}\n"
                           "  small: {params: {n: 7}, nodes: {w: $n}}\n";
static const char over[] = "extends: base.yaml\n"
                           "let: {n: 4}\n"
                           "phases: {p: {nodes: {a: {lr: null}, b: {type: t.c, lr: 2}}}}\n";

static void test_origins(void **state)
{
    (void)state;
    static const struct {
        const char *path, *set, *value, *want;
    } rows[] = {
        {"b.lr", NULL, NULL, "file base 6:26 1; type over 3:47 t.c; file over 3:56 2; "},
        {"b.lr", "b.lr", "9", "file base 6:26 1; type over 3:47 t.c; file over 3:56 2; set --set 1:6 9; "},
        {"a.in", NULL, NULL, "file base 5:26 x; "},
        {"a.lr", NULL, NULL,
         "file base 5:33 $m; .let base 1:16 $n; ..let base 1:10 3; ..let over 2:10 4; removed over 3:30 null; "},
        {"let.m", NULL, NULL, "file base 1:16 $n; .let base 1:10 3; .let over 2:10 4; "},
        {"m", "n", "8", "file base 1:16 $n; .let base 1:10 3; .let over 2:10 4; .set --set 1:3 8; "},
        {"a.ops.noise.std", NULL, NULL, "file base 5:37 *v; .let base 1:41 1; "},
        {"a.ops.noise.std", "v.noise.std", "2", "file base 5:37 *v; .let base 1:41 1; .set --set 1:13 2; "},
        {"a.k", "k", "2", "file base 5:46 *k; .let base 1:50 7; .set --set 1:3 2; "},
        {"p.again.w", NULL, NULL, "file base 8:7 *free; file base 7:23 5; "},
        {"b.new", NULL, NULL, ""},
        {"a.new", NULL, NULL, ""},
        {"free.w", NULL, NULL, "file base 7:23 5; "},
        {"sum", NULL, NULL,
         "file base 9:6 [$m, \"${2 * n}\"]; .let base 1:16 $n; ..let base 1:10 3; ..let over 2:10 4; "
         ".let base 1:10 3; .let over 2:10 4; "},
        {"text", NULL, NULL, "file base 10:7 \"n is ${n}\"; .let base 1:10 3; .let over 2:10 4; "},
        /* in the body of a module its parameters hide the names of let: */
        {"modules.mod.w.x", NULL, NULL, "file base 14:20 $n; .let base 13:17 16; "},
        {"modules.mod.w.y", NULL, NULL, "file base 14:27 \"${n * k}\"; .let base 13:17 16; .let base 1:50 7; "},
        {"modules.mod.w.z", NULL, NULL,
         "file base 14:42 [$m, $n * 2]; .let base 1:16 $n; ..let base 1:10 3; ..let over 2:10 4; .let base 13:17 16; "},
        {"modules.small", NULL, NULL, "file base 15:10 {params: {n: 7}, nodes: {w: $n}}; .let base 15:23 7; "},
        {"modules.mod.params.q", NULL, NULL, "file base 13:24 $n; .let base 1:10 3; .let over 2:10 4; "},
    };
    int wrong = 0;
    sdag_arena a;
    sdag_log *l = sdag_log_create(NULL);
    sdag_arena_init(&a);
    temp_write("base.yaml", base, sizeof base - 1);
    const char *path = sdag_arena_str(&a, temp_write("over.yaml", over, sizeof over - 1));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sdag_spec_files f;
        sdag_spec_origins o;
        sdag_spec_set set = {rows[i].set, rows[i].value};
        sdag_str s = {.a = &a};
        assert_int_equal(sdag_spec_load(&f, &a, l, path), SDAG_OK);
        sdag_loc typed = {"KEY", 1, 1, 0};
        if (sdag_spec_origins_find(&o, &a, l, &f, &set, rows[i].set != NULL, rows[i].path, typed))
            fail_msg("%s: %s", rows[i].path, temp_last(l));
        sdag_str_add(&s, "");
        for (int k = 0; k < o.list.n; k++) {
            const sdag_spec_origin *at = &o.list.at[k];
            const char *file = strstr(at->loc.file, "base.yaml") ? "base"
                               : strstr(at->loc.file, "over")    ? "over"
                                                                 : at->loc.file;
            sdag_str_addf(&s, "%.*s%s %s %d:%d ", at->depth, "....", sdag_origin_kind_name(at->kind), file,
                          at->loc.line, at->loc.col);
            if (at->alias) sdag_str_addf(&s, "*%s", at->alias);
            else sdag_spec_print_line(&s, at->value);
            sdag_str_add(&s, "; ");
        }
        if (strcmp(s.at, rows[i].want) != 0) print_error("%s:\n  %s\n  %s\n", rows[i].path, s.at, rows[i].want);
        wrong += strcmp(s.at, rows[i].want) != 0;
    }
    sdag_arena_free(&a);
    sdag_log_destroy(l);
    assert_int_equal(wrong, 0);
}

/* Twelve rows of ten names, each the sum of the row below: 10^12 ways from the first name to the last row. */
static void test_many_names(void **state)
{
    (void)state;
    enum { ROWS = 12, WIDE = 10 };
    sdag_arena a;
    sdag_log *l = sdag_log_create(NULL);
    sdag_spec_files f;
    sdag_spec_origins o;
    sdag_arena_init(&a);
    sdag_str s = {.a = &a};
    sdag_str_add(&s, "seed: $a0_0\nlet:\n");
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < WIDE; k++) {
            sdag_str_addf(&s, "  a%d_%d: 1", i, k);
            for (int j = 0; j < WIDE && i + 1 < ROWS; j++) sdag_str_addf(&s, "%s$a%d_%d", j ? " + " : " * (", i + 1, j);
            sdag_str_add(&s, i + 1 < ROWS ? ") / 10\n" : "\n");
        }
    const char *path = sdag_arena_str(&a, temp_write("many.yaml", s.at, s.n));
    assert_int_equal(sdag_spec_load(&f, &a, l, path), SDAG_OK);
    assert_int_equal(sdag_spec_origins_find(&o, &a, l, &f, NULL, 0, "seed", (sdag_loc){"KEY", 1, 1, 0}), SDAG_OK);
    assert_true(o.list.n > 100 && o.list.n < 1000);
    assert_string_equal(o.value->text, "1");
    sdag_arena_free(&a);
    sdag_log_destroy(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_origins), cmocka_unit_test(test_many_names)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    temp_clear();
    return failed;
}
