/* Arithmetic in values: what it gives, what stays text, and where its mistakes are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "graphs/spec/spec.h"

static sdag_arena arena, *const a = &arena;
static sdag_log *logs;

static int begin(void **state)
{
    (void)state;
    sdag_arena_init(a);
    logs = sdag_log_create(NULL);
    return logs ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    sdag_arena_free(a);
    sdag_log_destroy(logs);
    return 0;
}

static const sdag_spec *resolved(const char *text, const sdag_spec_set *sets, int n)
{
    const sdag_spec *raw, *spec;
    if (sdag_spec_parse(&raw, a, logs, "x.yaml", text, strlen(text)) || sdag_spec_resolve(&spec, a, logs, raw, sets, n))
        return NULL;
    return spec;
}

/* What `name: <value>` is with a few names, as it is printed. */
static const char *value_of(const char *value)
{
    char text[1000];
    snprintf(text, sizeof text,
             "let: {w: 64, e: 30, lr: 0.3, b: 128, data: digits, per-class: 10, on: true, all: [1, 2], none: }\n"
             "name: %s\nabout: [$w, $e, $lr, $b, $data, $per-class, $on, $all, $none]\n",
             value);
    const sdag_spec *spec = resolved(text, NULL, 0);
    if (!spec) return sdag_log_at(logs, sdag_log_count(logs) - 1)->text;
    sdag_str s = {.a = a};
    sdag_spec_print(&s, sdag_spec_get(spec, "name"));
    s.at[s.n - 1] = 0;
    return s.at;
}

static void test_values(void **state)
{
    static const struct {
        const char *value, *is;
    } rows[] = {
        {"$w / 2", "32"},
        {"${w / 2}", "32"},
        {"'${ w/2 }'", "32"},
        {"\"${w / 2}\"", "32"},
        {"${$w / 2}", "32"},
        {"$lr * $b / 256", "0.15"},
        {"0.1 * 3 * $b / $b", "0.3"}, /* not 0.30000000000000004 */
        {"${0.1 * 30}", "3"},
        {"2 * ($w + 1) - 3^2", "121"},
        {"${-2^2}", "-4"},
        {"${2^-1}", "0.5"},
        {"${2^3^2}", "512"},
        {"${w / 3}", "21.3333333333333"},
        {"max($w, $e)", "64"},
        {"${min(w, e, 7) + floor(2.5) + ceil(2.5) + round(2.5) + sqrt(16) + abs(-1)}", "20"},
        {"${1e15 * 9}", "9000000000000000"},
        {"${1 / 1e10}", "1e-10"},
        {"$per-class * 2", "20"},
        {"$per-class - 2", "8"},
        {"${w}", "64"},
        {"${all}", "- 1\n- 2"},
        {"$all", "- 1\n- 2"},
        {"${data}", "digits"},
        {"${e / 3} epochs", "10 epochs"},
        {"'${data}/${w}.tar'", "digits/64.tar"},
        {"'${w}${e}'", "6430"},
        {"'${on}'", "true"},
        {"'a\\${w}'", "\"a\\\\${w}\""},
        {"'\\${w} is ${w}'", "\"\\\\${w} is 64\""},
        {"costs $w", "costs $w"},
        {"'$w / 2'", "\"$w / 2\""},
        {"5 $", "5 $"},
        {"-$w", "-64"},
        {"${w} $e", "64 $e"},
        /* mistakes */
        {"$w / 0", "a division by 0"},
        {"${w / (w - 64)}", "a division by 0"},
        {"$data / 2", "'$data' is 'digits', no number"},
        {"$all / 2", "'$all' is a list, no number"},
        {"$none / 2", "'$none' is nothing, no number"},
        {"x${all}", "this is a list, which is no part of a text"},
        {"${w < 3}", "only numbers are computed here, with + - * / ^ ( ), min, max, floor, ceil, round, sqrt and abs"},
        {"${w = 3}", "'=' has no meaning in arithmetic"},
        {"${}", "there is nothing to compute within ${ }"},
        {"${(-1) ^ 0.5}", "this has no finite value"},
        {"${12345678901234567 + 1}", "1.23456789012346e16"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(state);
        const char *is = value_of(rows[i].value);
        if (strcmp(is, rows[i].is) != 0) fail_msg("%s is %s, expected %s", rows[i].value, is, rows[i].is);
        end(state);
    }
}

static void test_sets(void **state)
{
    (void)state;
    static const char text[] =
        "let: {width: 64, half: $width / 2, more: \"${half + 8}\"}\nname: run-${more}\nseed: $more * 2\n";
    const sdag_spec_set set = {"width", "${2 * 10}"};
    const sdag_spec *one = resolved(text, NULL, 0), *other = resolved(text, &set, 1);
    assert_string_equal(sdag_spec_get(one, "name")->text, "run-40");
    assert_string_equal(sdag_spec_get(one, "seed")->text, "80");
    assert_string_equal(sdag_spec_get(other, "name")->text, "run-18");
    assert_string_equal(sdag_spec_get(other, "seed")->text, "36");
}

/* Every mark in a scalar is found where it stands in the file. */
static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line, col;
    } rows[] = {
        {"name: a + @", 1, 11},
        {"name: &x a + @", 1, 14},
        {"name: 'it''s @'", 1, 14},
        {"name: \"\\t\\\"a\\x41\\u00e9 @\"", 1, 24},
        {"name: \"a\\\n   b @\"", 2, 6},
        {"name: a\n   b\n   @", 3, 4},
        {"name: |\n   a\n\n     b @\n", 4, 8},
        {"name: |2- # what follows\n    a\n  @\n", 3, 3},
        {"name: >\n   a\n   b\n\n   @\n", 5, 4},
        {"name: !!str >-\n\n   \xc3\xa9 @", 3, 6},
        {"name: |\r\n  a\r\n  @\r\n", 3, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const sdag_spec *spec = resolved(rows[i].text, NULL, 0);
        if (!spec) fail_msg("row %d: %s", (int)i, sdag_log_at(logs, sdag_log_count(logs) - 1)->text);
        const sdag_spec *v = sdag_spec_get(spec, "name");
        sdag_loc loc = sdag_spec_place(v, (int)(strchr(v->text, '@') - v->text), 1);
        if (loc.line != rows[i].line || loc.col != rows[i].col)
            fail_msg("row %d: %d:%d, expected %d:%d", (int)i, loc.line, loc.col, rows[i].line, rows[i].col);
    }
}

/* In the body of a module the names of its parameters stay, the others are put in. */
static void test_fill(void **state)
{
    (void)state;
    static const char text[] =
        "let: {scale: 3}\nmodules: {m: {params: {w: 2}, nodes: {a: $w * $scale, b: '${w} x ${scale}', "
        "c: \"${w + w * scale}\", d: $w}}}\nname: ${scale}\n";
    const sdag_spec *spec = resolved(text, NULL, 0);
    assert_non_null(spec);
    const sdag_spec *m = sdag_spec_get(sdag_spec_get(spec, "modules"), "m");
    sdag_map names = {.a = a};
    sdag_map_put(&names, "w", 0);
    const sdag_spec *values[] = {sdag_spec_get(sdag_spec_get(m, "params"), "w")};
    const sdag_spec_filling filling = {a, &names, values, NULL, NULL};
    const sdag_spec *filled = sdag_spec_fill(&filling, sdag_spec_get(m, "nodes"));
    assert_string_equal(sdag_spec_get(filled, "a")->text, "6");
    assert_string_equal(sdag_spec_get(filled, "b")->text, "2 x 3");
    assert_string_equal(sdag_spec_get(filled, "c")->text, "8");
    assert_string_equal(sdag_spec_get(filled, "d")->text, "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test_setup_teardown(test_sets, begin, end),
        cmocka_unit_test_setup_teardown(test_places, begin, end),
        cmocka_unit_test_setup_teardown(test_fill, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
