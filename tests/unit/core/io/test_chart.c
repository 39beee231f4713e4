/* Charts as SVG: points where they belong, gaps, hostile names, and numbers of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/io/chart.h"
#include "tests/support/temp.h"
#include "tests/support/xml.h"

static sdag_log *logs;
static char *svg;

static int set_up(void **state)
{
    (void)state;
    svg = NULL;
    logs = sdag_log_create(NULL);
    return logs == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    free(svg);
    sdag_log_destroy(logs);
    temp_clear();
    return 0;
}

/* The one style sheet must be inert, too: it loads nothing. Blank, since it is no element of a drawing. */
static void take_style_out(void)
{
    char *from = strstr(svg, "<style>"), *to = strstr(svg, "</style>");
    assert_true(from && to && from < to);
    for (char *p = from; p < to + strlen("</style>"); p++) {
        assert_false(*p == '@' || *p == '\\' || !strncmp(p, "url", 3));
        *p = ' ';
    }
    assert_null(strstr(svg, "<style"));
}

/* Writes the chart and leaves it in svg. No picture holds a number that is none. */
static void draw(const sdag_chart *c)
{
    char why[200];
    size_t n;
    free(svg);
    assert_int_equal(sdag_chart_write(c, logs, temp_path("chart.svg")), SDAG_OK);
    uint8_t *bytes = temp_read(&n, "chart.svg");
    svg = calloc(1, n + 1);
    assert_non_null(svg);
    memcpy(svg, bytes, n);
    free(bytes);
    take_style_out();
    if (!xml_is_sound(svg, n, why)) fail_msg("%s:\n%s", why, svg);
    if (strstr(svg, "nan") || strstr(svg, "inf")) fail_msg("not a number:\n%s", svg);
}

static int count(const char *part)
{
    int n = 0;
    for (const char *p = svg; (p = strstr(p, part)); p++) n++;
    return n;
}

/* The pen's way of line k: "M10,20L30,40"; at most 199 characters. */
static const char *way(int k)
{
    static char text[200];
    const char *p = svg;
    for (int i = 0; p && i <= k; i++) p = strstr(p + 1, "<g><title>");
    assert_non_null(p);
    assert_non_null(p = strstr(p, "<path d=\""));
    p += strlen("<path d=\"");
    snprintf(text, sizeof text, "%.*s", (int)strcspn(p, "\""), p);
    return text;
}

static void three_points(int k, int x[3], int y[3])
{
    int n = 0;
    assert_int_equal(sscanf(way(k), "M%d,%dL%d,%dL%d,%d%n", &x[0], &y[0], &x[1], &y[1], &x[2], &y[2], &n), 6);
    assert_int_equal(strlen(way(k)), n);
}

static const double one_ten[] = {1, 10, 100}, rising[] = {0, 5, 10};

static void test_linear(void **state)
{
    (void)state;
    const double falling[] = {10, 5, 0}, x[] = {2, 4, 6};
    const sdag_chart_line lines[] = {{"up", rising}, {"down", falling}};
    int px[3], up[3], down[3];
    draw(&(sdag_chart){
        .title = "a title", .x_label = "x", .y_label = "y", .n = 3, .x = x, .n_lines = 2, .lines = lines});
    three_points(0, px, up);
    assert_true(px[0] > 0 && px[0] < px[1] && px[1] < px[2] && px[2] < 640);
    assert_true(abs(px[0] + px[2] - 2 * px[1]) <= 1);
    assert_true(up[0] < 400 && up[0] > up[1] && up[1] > up[2] && up[2] > 0); /* y grows upwards, pixels downwards */
    assert_true(abs(up[0] + up[2] - 2 * up[1]) <= 1);
    three_points(1, px, down);
    for (int i = 0; i < 3; i++) assert_int_equal(down[i], up[2 - i]);
    assert_int_equal(count("<path transform="), 3 + 3 + 2); /* the points, and a mark of each line in the legend */
    assert_int_equal(count("stroke=\"#0072b2\""), 2);       /* a colour of its own, there and there */
    assert_int_equal(count("stroke=\"#d55e00\""), 2);
    assert_int_equal(count(">a title</text>"), 1);
    assert_int_equal(count(">up</t"), 2); /* its title, and the legend */
}

static void test_log(void **state)
{
    (void)state;
    const sdag_chart_line line = {"a", rising};
    int x[3], y[3];
    draw(&(sdag_chart){.n = 3, .x = one_ten, .n_lines = 1, .lines = &line, .log_x = true});
    three_points(0, x, y);
    assert_true(x[0] < x[1] && abs(x[0] + x[2] - 2 * x[1]) <= 1);
    int ends[2] = {x[0], x[2]};
    draw(&(sdag_chart){.n = 3, .x = one_ten, .n_lines = 1, .lines = &line});
    three_points(0, x, y);
    assert_true(x[0] == ends[0] && x[2] == ends[1]);
    assert_true(abs((x[2] - x[0]) - 11 * (x[1] - x[0])) <= 11);
}

/* A point that is missing breaks the line there; the others stay where they are. */
static void test_gaps(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4, 5}, whole[] = {0, 1, 2, 3, 4}, middle[] = {0, 1, NAN, 3, 4},
                 ends[] = {NAN, 1, INFINITY, 3, -INFINITY};
    const sdag_chart_line lines[] = {{"whole", whole}, {"middle", middle}, {"ends", ends}};
    char all[200], parts[200];
    int px[5], py[5];
    draw(&(sdag_chart){.n = 5, .x = x, .n_lines = 3, .lines = lines});
    snprintf(all, sizeof all, "%s", way(0));
    assert_int_equal(sscanf(all, "M%d,%dL%d,%dL%d,%dL%d,%dL%d,%d", &px[0], &py[0], &px[1], &py[1], &px[2], &py[2],
                            &px[3], &py[3], &px[4], &py[4]),
                     10);
    snprintf(parts, sizeof parts, "M%d,%dL%d,%dM%d,%dL%d,%d", px[0], py[0], px[1], py[1], px[3], py[3], px[4], py[4]);
    assert_string_equal(way(1), parts);
    snprintf(parts, sizeof parts, "M%d,%dM%d,%d", px[1], py[1], px[3], py[3]);
    assert_string_equal(way(2), parts);
    assert_int_equal(count("<path transform="), 5 + 4 + 2 + 3);
}

static void test_one_point(void **state)
{
    (void)state;
    const double x = 10, y = 0.9, none = NAN;
    const sdag_chart_line one = {"one", &y}, no = {"none", &none};
    for (int log = 0; log < 2; log++) {
        int px, py, n = 0;
        draw(&(sdag_chart){.n = 1, .x = &x, .n_lines = 1, .lines = &one, .log_x = log});
        assert_int_equal(sscanf(way(0), "M%d,%d%n", &px, &py, &n), 2);
        assert_int_equal(n, strlen(way(0)));
        assert_true(px > 70 && px < 470 && py > 44 && py < 342);
        draw(&(sdag_chart){.n = 1, .x = &x, .n_lines = 1, .lines = &no, .log_x = log});
        assert_string_equal(way(0), "");
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char hostile[] = "</text><script>alert(1)</script>\"'&amp;]]>\x01\n\t--\xc3\xa9\xf0\x9f\x90\x8d";
    const sdag_chart_line line = {hostile, rising};
    draw(&(sdag_chart){
        .title = hostile, .x_label = hostile, .y_label = hostile, .n = 3, .x = one_ten, .n_lines = 1, .lines = &line});
    assert_int_equal(count("<script"), 0);
    assert_int_equal(count("&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;'&amp;amp;]]&gt;   --\xc3\xa9"), 5);
    const sdag_chart_line empty = {"", rising};
    draw(&(sdag_chart){.title = "", .n = 3, .x = one_ten, .n_lines = 1, .lines = &empty});
}

/* More lines than styles: they come again. */
static void test_many_lines(void **state)
{
    (void)state;
    sdag_chart_line lines[9];
    for (int i = 0; i < 9; i++) lines[i] = (sdag_chart_line){"line", rising};
    draw(&(sdag_chart){.n = 3, .x = one_ten, .n_lines = 9, .lines = lines});
    assert_int_equal(count("<g><title>line</title>"), 9);
    assert_int_equal(count("stroke=\"#0072b2\""), 4);
}

/* Labels of the axes: those of numbers of any size differ from mark to mark. */
static void labels_differ(const double y[3])
{
    const sdag_chart_line line = {"a", y};
    char last[64] = "";
    int n = 0;
    draw(&(sdag_chart){.n = 3, .x = one_ten, .n_lines = 1, .lines = &line});
    for (const char *p = svg; (p = strstr(p, "text-anchor=\"end\">")); n++) {
        char text[64];
        p += strlen("text-anchor=\"end\">");
        snprintf(text, sizeof text, "%.*s", (int)strcspn(p, "<"), p);
        if (!strcmp(text, last)) fail_msg("two marks are called %s", text);
        if (strlen(text) > 12) fail_msg("a mark is called %s", text);
        snprintf(last, sizeof last, "%s", text);
    }
    assert_true(n >= 2 && n <= 8);
}

static void test_sizes(void **state)
{
    (void)state;
    labels_differ(rising);
    labels_differ((double[]){0.1, 0.2, 0.3});
    labels_differ((double[]){-0.3, 0, 0.3});
    labels_differ((double[]){1e-8, 3e-8, 2e-8});
    labels_differ((double[]){3e20, 1e20, 2e20});
    labels_differ((double[]){1e20, 1e20, 1e20});
    labels_differ((double[]){-5, -5, -5});
    labels_differ((double[]){0, 0, 0});
    labels_differ((double[]){0.98765, 0.98764, 0.98766});
}

/* Numbers that come from float are called as they were written. */
static void test_marks_of_x(void **state)
{
    (void)state;
    const double x[] = {(double)0.1f, 2, 1000000};
    const sdag_chart_line line = {"a", rising};
    draw(&(sdag_chart){.n = 3, .x = x, .n_lines = 1, .lines = &line});
    assert_int_equal(count(">0.1<"), 1);
    assert_int_equal(count(">2<"), 2); /* of x and of y */
}

static void test_no_folder(void **state)
{
    (void)state;
    const sdag_chart_line line = {"a", rising};
    const sdag_chart c = {.n = 3, .x = one_ten, .n_lines = 1, .lines = &line};
    assert_int_equal(sdag_chart_write(&c, logs, temp_path("no/chart.svg")), SDAG_IO);
    assert_true(temp_says(logs, "no/chart.svg"));
    assert_int_equal(temp_count(), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {T(test_linear),    T(test_log),        T(test_gaps),
                                       T(test_one_point), T(test_names),      T(test_many_lines),
                                       T(test_sizes),     T(test_marks_of_x), T(test_no_folder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
