/* The pictures of examples/ say what the pipelines say now: each committed SVG has the words, links and tooltips of one
 * that is drawn anew. Where things stand is not compared, for that depends on the fonts of the machine. Drawn anew by
 *   build/ssldag viz examples/X/Y.yaml -o examples/X/Y.svg
 *   build/ssldag viz --map M -o examples/maps/M.svg
 * Run from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/str.h"
#include "runtime/cli/pipelines.h"
#include "tests/support/examples.h"
#include "tests/support/xml.h"
#include "viz/viz.h"

enum { TEXT_MAX = 8 << 20 };

static sdag_arena arena, *const a = &arena;
static sdag_log *logs;

static int by_text(const void *x, const void *y) { return strcmp(*(const char *const *)x, *(const char *const *)y); }

/* The texts between tags, and the attributes that carry words, a line each; sorted, since the order in which things are
 * drawn may follow from where they stand. */
static const char *words(const char *svg)
{
    static const char *const attributes[] = {"xlink:title=\"", "xlink:href=\""};
    SDAG_VEC(const char *) all = {0};
    sdag_str s = {.a = a};
    for (const char *at = strstr(svg, "<svg"); at && *at; at++) {
        for (size_t i = 0; i < 2; i++)
            if (strncmp(at, attributes[i], strlen(attributes[i])) == 0) {
                at += strlen(attributes[i]);
                *SDAG_PUSH(a, &all) = sdag_arena_copy(a, at, strcspn(at, "\""));
            }
        if (*at != '>' || at[1] == '\n' || at[1] == '<' || !at[1]) continue;
        *SDAG_PUSH(a, &all) = sdag_arena_copy(a, at + 1, strcspn(at + 1, "<"));
    }
    if (all.n) qsort(all.at, (size_t)all.n, sizeof *all.at, by_text);
    sdag_str_add(&s, "");
    for (int i = 0; i < all.n; i++) sdag_str_addf(&s, "%s\n", all.at[i]);
    return s.at;
}

static const char *first_difference(const char *x, const char *y)
{
    while (*x && *x == *y) x++, y++;
    return sdag_arena_printf(a, "'%.60s' is now '%.60s'", x, y);
}

static void compare(const char *path, const char *svg)
{
    char *old;
    size_t len;
    assert_int_equal(sdag_file_read(&old, &len, a, logs, SDAG_NOLOC, path, TEXT_MAX), SDAG_OK);
    const char *before = words(old), *now = words(svg);
    if (strcmp(before, now)) fail_msg("%s is stale: %s", path, first_difference(before, now));
}

static void test_pipelines(void **state)
{
    (void)state;
    const example *all;
    int drawn = 0;
    for (int i = 0, n = examples(&all); i < n; i++) {
        const char *path = all[i].path, *dot = strrchr(path, '.');
        const char *svg = sdag_arena_printf(a, "%.*s.svg", (int)(dot - path), path);
        char *text, why[200];
        size_t len;
        if (access(svg, R_OK)) continue;
        sdag_graph *g = example_graph(a, logs, path, NULL, 0);
        assert_non_null(g);
        sdag_viz_options o = {.shapes = SDAG_VIZ_SHAPES_TIPS};
        assert_int_equal(sdag_viz_text(&text, &len, a, logs, g, &o), SDAG_OK);
        if (!xml_is_sound(text, len, why)) fail_msg("%s: %s", path, why);
        compare(svg, text);
        drawn++;
    }
    assert_true(drawn > 15);
}

/* Where a text begins, in points from the left. */
static double place_of(const char *svg, const char *text)
{
    const char *at = strstr(svg, text), *x = NULL;
    if (!at) fail_msg("'%s' is not in the picture", text);
    for (const char *p = svg; (p = strstr(p, " x=\"")) && p < at; p++) x = p;
    return x ? strtod(x + 4, NULL) : -1;
}

/* Phases stand in their order, also where dot by itself would turn them round; and no line is drawn twice. */
static void test_order(void **state)
{
    (void)state;
    static const char *const files[] = {"autoencoder/autoencoder", "mae/digits", "rotation/digits", "byol/collapse",
                                        "workflow/workflow"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *text;
        size_t len;
        sdag_graph *g = example_graph(a, logs, sdag_arena_printf(a, "examples/%s.yaml", files[i]), NULL, 0);
        assert_int_equal(sdag_viz_text(&text, &len, a, logs, g, &(sdag_viz_options){0}), SDAG_OK);
        if (place_of(text, ">Phase 1: ") >= place_of(text, ">Phase 2: ")) fail_msg("%s: phase 2 is left", files[i]);
        for (const char *e = text; (e = strstr(e, "class=\"edge\"")); e++) {
            const char *end = strstr(e, "</g>"), *double_line = strstr(e, "stroke=\"transparent\"");
            int paths = 0;
            for (const char *p = e; end && (p = strstr(p, "<path")) && p < end; p++) paths++;
            if (paths > 1 && (!double_line || double_line > end)) fail_msg("%s: %.60s", files[i], e);
        }
    }
}

static void test_maps(void **state)
{
    (void)state;
    sdag_cli c = {.command = "viz", .arena = a, .log = logs};
    sdag_field_entry *list;
    int n;
    assert_int_equal(sdag_cli_pipelines(&list, &n, &c, "examples", "examples/maps"), SDAG_OK);
    for (int m = 0; m < SDAG_FIELD_MAPS; m++) {
        char *text, why[200];
        size_t len;
        int links;
        assert_int_equal(sdag_field_text(&text, &len, a, logs, (sdag_field_map)m, list, n, SDAG_VIZ_SVG), SDAG_OK);
        if (!xml_is_map(text, len, &links, why)) fail_msg("%s: %s", sdag_field_names[m], why);
        assert_true(links > 3);
        compare(sdag_arena_printf(a, "examples/maps/%s.svg", sdag_field_names[m]), text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pipelines), cmocka_unit_test(test_order),
                                       cmocka_unit_test(test_maps)};
    sdag_arena_init(a);
    logs = sdag_log_create(stderr);
    const int failed = logs ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    sdag_log_destroy(logs);
    sdag_arena_free(a);
    return failed;
}
