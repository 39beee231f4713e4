/* report.html and compare.html from folders: what they show, and what no folder can make of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "runtime/report/compare.h"
#include "runtime/report/report.h"
#include "runtime/report/series.h"
#include "runtime/report/svg.h"
#include "tests/support/child.h"
#include "tests/support/run_folder.h"
#include "tests/support/temp.h"
#include "tests/support/xml.h"

static sdag_arena arena;
static sdag_log *logs;
static char *page;

static int set_up(void **state)
{
    (void)state;
    sdag_arena_init(&arena);
    logs = sdag_log_create(NULL);
    page = NULL;
    return logs == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    free(page);
    sdag_arena_free(&arena);
    sdag_log_destroy(logs);
    temp_clear();
    return 0;
}

static void take_page(const char *name)
{
    size_t n;
    char why[200];
    free(page);
    uint8_t *bytes = temp_read(&n, name);
    assert_non_null(bytes);
    page = calloc(1, n + 1);
    assert_non_null(page);
    memcpy(page, bytes, n);
    free(bytes);
    if (!page_is_sound(page, n, why)) fail_msg("%s: %s", name, why);
    assert_non_null(strstr(page, "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "));
    assert_null(strstr(page, "nan\""));
    assert_null(strstr(page, "inf\""));
}

static void write_page(const char *dir)
{
    char name[64];
    assert_int_equal(sdag_report_write(&arena, logs, NULL, temp_path(dir)), SDAG_OK);
    snprintf(name, sizeof name, "%s/report.html", dir);
    take_page(name);
}

static void has(const char *text)
{
    if (!strstr(page, text)) fail_msg("the page has no '%s'", text);
}

/* Every section, with the numbers of the folder. */
static void test_whole(void **state)
{
    static const char *const parts[] = {
        "<title>digits x \xe2\x80\x93 done</title>",
        "data-state=\"done\"",
        "computing for <b>2.5 s</b>",
        "<p>about x</p>",
        "data-phase=\"pretrain\" data-metric=\"loss\" data-value=\"4.125\"",
        "data-phase=\"predict\" data-metric=\"accuracy\" data-value=\"0.96\"",
        "<g><text x=\"1\" y=\"2\">digits</text></g></svg>",
        "data-phase=\"pretrain\" data-curve=\"loss\" data-points=\"3\" data-last-step=\"3\" data-last=\"4.125\"",
        "data-curve=\"optimizer.lr\" data-points=\"3\"",
        "data-file=\"report/views.png\"><img class=\"pixels\" alt=\"first x\" src=\"data:image/png;base64,iVBORw0KGgo",
        "data-points=\"3\" data-moments=\"2\"",
        "<title>one x</title>",
        "93 of 100 right, 93.0 %",
        "title=\"zero as one x: 5 (10.0 %)\">5</td>",
        "Mistaken most often: zero for one x (5), one x for zero (2).",
        "No collapse. A spread of 0.75",
        "rank of 9:",
        "<tr><th>encoder x</th><td class=\"bar\"><i style=\"width:100.00%\"></i></td><td class=\"num\">4</td>",
        "8.0 KiB in one block; 12.0 KiB if every value had a place of its own",
        "<title>projector: 2.0 KiB, operations 5 to 9</title>",
        "<b>temperature</b>: 0.5",
        "<tr><th>libraries: OpenBLAS</th><td>0.3.21 x</td></tr>",
        "<td>ssldag run x</td>",
        "<td>2026-11-25 09:46:40 UTC</td>",
    };
    (void)state;
    run_folder_write("run", "x");
    write_page("run");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) has(parts[i]);
    assert_null(strstr(page, "What could not be read"));
    assert_null(strstr(page, "secret"));
}

/* A folder with nothing in it, and with one file less each time. */
static void test_missing(void **state)
{
    (void)state;
    temp_write("none/nothing.txt", "", 0);
    write_page("none");
    assert_int_equal(sdag_report_write(&arena, logs, NULL, temp_path("nowhere")), SDAG_IO);
    assert_true(temp_says(logs, "cannot open"));
    for (const run_file *f = run_files; f->name; f++) {
        run_folder_write("run", "x");
        char name[128];
        snprintf(name, sizeof name, "run/%s", f->name);
        assert_int_equal(unlink(temp_path(name)), 0);
        write_page("run");
        assert_null(strstr(page, "What could not be read"));
    }
}

/* Every file in every way that it can be damaged: the page stands, and says what is wrong where a file is no JSON. */
static void test_damaged(void **state)
{
    static const struct {
        const char *text;
        bool json;
    } damages[] = {
        {"", false},
        {"{", false},
        {"\xff\xfe\x80", false},
        {"[1, 2", false},
        {"[[[[[[[[[[[[[[[[[[[[", false},
        {"{}", true},
        {"[]", true},
        {"null", true},
        {"3", true},
        {"[null, 3, \"x\", [], {}, [[]], {\"moments\": 3}, {\"moments\": [3, {\"xy\": 3}, {\"xy\": [3, [], "
         "[\"a\"]]}]}, "
         "{\"counts\": [[1]]}, {\"counts\": [3, null, {}]}, {\"file\": 3}, {\"file\": \"nothing.png\"}]",
         true},
        {"{\"phases\": [], \"pretrain\": 3, \"a\": {\"values\": [3, [], [1, 2], [-1, 1e300, 1e300, -4, 7]]}, "
         "\"state\": {}, "
         "\"elapsed_s\": \"x\", \"name\": 3}",
         true},
        {"{\"phases\": {\"pretrain\": {\"loss\": {}, \"nodes\": {\"a\": 3, \"b\": {\"seconds\": \"x\"}, \"c\": "
         "{\"seconds\": "
         "-1}, \"d\": {\"seconds\": 1e300}, \"e\": {\"seconds\": 0, \"bytes\": 1e300}}, \"kinds\": []}, \"b\": null}}",
         true},
        {"[{\"moments\": [{\"xy\": [[1e308, -1e308], [1e308, 1e308], [0, 0]]}, {\"xy\": [[0, 0], [0, 0]]}], "
         "\"labels\": [-1, "
         "1e300, 3.5], \"classes\": [3]}, {\"classes\": [], \"counts\": [[1e300, -4], [\"x\"]]}]",
         true},
        {"{\"phase\":\"a\",\"step\":1e308,\"epoch\":-1e308,\"metric\":\"m\",\"value\":1e308}\n{\"phase\":\"a\","
         "\"step\":-1e308,"
         "\"metric\":\"m\",\"value\":-1e308}\n{\"phase\":\"a\",\"metric\":\"n\",\"value\":1e149}\n{\"phase\":\"a\","
         "\"step\":5,"
         "\"metric\":\"n\",\"value\":-1e149}\n{\"phase\":\"a\",\"step\":4,\"metric\":\"n\",\"value\":null}\n",
         false},
    };
    (void)state;
    for (size_t d = 0; d < sizeof damages / sizeof *damages; d++)
        for (const run_file *f = run_files; f->name; f++) {
            char name[128];
            bool json = strstr(f->name, ".json") && !strstr(f->name, ".jsonl");
            run_folder_write("run", "x");
            snprintf(name, sizeof name, "run/%s", f->name);
            temp_write(name, damages[d].text, strlen(damages[d].text));
            write_page("run");
            if (json && !damages[d].json) has("What could not be read");
            if (json && !damages[d].json) has(f->name);
        }
}

/* What is no regular file is not opened: a pipe would be waited for. */
static void test_no_files(void **state)
{
    (void)state;
    for (const run_file *f = run_files; f->name; f++) {
        char name[128];
        run_folder_write("run", "x");
        snprintf(name, sizeof name, "run/%s", f->name);
        assert_int_equal(unlink(temp_path(name)), 0);
        assert_int_equal(mkfifo(temp_path(name), 0600), 0);
        write_page("run");
        has("What could not be read");
        assert_int_equal(unlink(temp_path(name)), 0);
    }
}

/* A folder may come from anybody: what its links lead to is not shown. */
static void test_links(void **state)
{
    (void)state;
    run_folder_write("run", "x");
    temp_write("secret", "<svg>a key of mine</svg>", 24);
    assert_int_equal(symlink("../secret", temp_path("run/tale.txt")), 0);
    assert_int_equal(unlink(temp_path("run/config.yaml")), 0);
    assert_int_equal(symlink("../secret", temp_path("run/config.yaml")), 0);
    write_page("run");
    has("What could not be read");
    assert_null(strstr(page, "a key of mine"));
    assert_int_equal(unlink(temp_path("run/tale.txt")), 0);
    assert_int_equal(unlink(temp_path("run/config.yaml")), 0);
}

/* Words that would be markup, code or an address somewhere; as they stand in JSON and in a quoted YAML text. */
static const char *const hostile[] = {
    "<script>alert(1)</script>",
    "</title></style></pre></svg><script src=x></script>",
    "'><img src=x onerror=alert(1)>",
    "\\\" onload=\\\"alert(1)",
    "<!-- ]]> <![CDATA[ <?php ?> &lt; &#0; &bogus;",
    "javascript:alert(1) url(http://example.com) @import 'x'",
    "\\u202e\\u2066reversed\\u200f",
    "%n%n%s%d",
    "\\u0001\\u0007\\u009b",
};

static void test_hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        run_folder_write("run", hostile[i]);
        write_page("run");
        assert_null(strstr(page, "<script"));
        assert_null(strstr(page, "<img src"));
        assert_null(strstr(page, "\xe2\x80\xae"));
        assert_null(strstr(page, "\xc2\x9b"));
        const char *dirs[] = {temp_path("run"), temp_path("run")};
        const char *labels[] = {hostile[i], "b"};
        assert_int_equal(sdag_compare_write(&arena, logs, dirs, labels, 2, NULL, temp_path("compare.html")), SDAG_OK);
        take_page("compare.html");
        assert_null(strstr(page, "<script"));
    }
}

/* How a run stands: as it says; but "running" is what a killed one says, and older ones say nothing. */
static void test_states(void **state)
{
    static const struct {
        const char *json, *want;
    } rows[] = {
        {"{\"state\": \"running\"}", "interrupted"},
        {"{\"state\": \"stopped\"}", "stopped"},
        {"{\"state\": \"failed\"}", "failed"},
        {"{\"state\": \"<i>\"}", "done"},
        {"{}", "done"},
    };
    char want[64];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run_folder_write("run", "x");
        temp_write("run/report/state.json", rows[i].json, strlen(rows[i].json));
        write_page("run");
        snprintf(want, sizeof want, "data-state=\"%s\"", rows[i].want);
        has(want);
    }
    temp_write("run/report/state.json", "{\"state\": \"running\", \"phase\": \"predict\", \"step\": 1, \"steps\": 4}",
               63);
    int fd = open(temp_path("run"), O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0); /* as a run holds it */
    write_page("run");
    has("data-state=\"running\"");
    has("phase <b>predict</b> (2 of 2)");
    has("step <b>1</b> of 4");
    has("<i style=\"width:62.5%\"></i>");
    close(fd);
    temp_write("run/summary.json", "{\"phases\": {\"pretrain\": {\"seconds\": 1}}}", 39);
    temp_write("run/report/state.json", "{}", 2);
    write_page("run");
    has("data-state=\"interrupted\"");
}

/* What sinks wrote beside it: text and drawings. */
static void test_sinks(void **state)
{
    (void)state;
    static const char text[] = "once <upon>\n\xff a time";
    run_folder_write("run", "x");
    temp_write("run/tale.txt", text, strlen(text));
    temp_write("run/curve.svg", "<svg/>", 6);
    temp_write("run/.unseen.txt", text, strlen(text));
    char *longer = calloc(1, 10001);
    assert_non_null(longer);
    for (int i = 0; i < 9999; i += 3) memcpy(longer + i, "\xe2\x82\xac", 3);
    temp_write("run/zeros.txt", longer, 9999);
    temp_write("run/euros.txt", longer + 2, 9997);
    free(longer);
    write_page("run");
    has("once &lt;upon&gt;\n\xef\xbf\xbd a time</pre>");
    has("data-file=\"zeros.txt\"><figcaption><b>zeros.txt</b><span>the first 3000 of 9999 bytes");
    has("data-file=\"euros.txt\"><figcaption><b>euros.txt</b><span>the first 2998 of 9997 bytes");
    has("data-file=\"curve.svg\"><img class=\"drawing\" alt=\"curve.svg\" "
        "src=\"data:image/svg+xml;base64,PHN2Zy8+\"/>");
    assert_null(strstr(page, "unseen"));
}

/* ---- drawings that may stand in a page */

#define SVG(inside) "<svg xmlns=\"http://www.w3.org/2000/svg\">" inside "</svg>"

static void test_svg(void **state)
{
    static const struct {
        const char *text;
        bool inert;
    } rows[] = {
        {SVG("<g><path d=\"M0,0\" fill=\"url(#a)\"/></g>"), true},
        {"<?xml version=\"1.0\"?><!DOCTYPE svg PUBLIC \"x\" \"http://x\"><!-- a -->\n" SVG("&amp;&#45;<!-- b -->") "\n",
         true},
        {SVG("<a xlink:title=\"one&#10;two\"/>"), true},
        {SVG("<script>1</script>"), false},
        {SVG("<style>*{}</style><g/>"), true}, /* it is taken out */
        {SVG("<style>*{}<g/></style>"), false},
        {SVG("<style type=\"x\">*{}</style>"), false},
        {"<style>*{}</style>", false},
        {SVG("<a href=\"http://x\"/>"), false},
        {SVG("<a xlink:href=\"#x\"/>"), false},
        {SVG("<g onclick=\"x\"/>"), false},
        {SVG("<g style=\"x\"/>"), false},
        {SVG("<image href=\"data:x\"/>"), false},
        {SVG("<foreignObject/>"), false},
        {SVG("<path fill=\"url(http://x)\"/>"), false},
        {SVG("<path fill=\"url( #x)\"/>"), false},
        {SVG("<g>"), false},
        {SVG("</g>"), false},
        {SVG("<g a=1/>"), false},
        {SVG("<g id=\"a\" id=\"b\"/>"), false},
        {SVG("&nbsp;"), false},
        {SVG("&#0;"), false},
        {SVG("&#x110000;"), false},
        {SVG("<g id=\"<\"/>"), false},
        {SVG("\xff"), false},
        {SVG("\x01"), false},
        {SVG("]]>"), false},
        {SVG("<!-- -- -->"), false},
        {SVG("<![CDATA[x]]>"), false},
        {SVG("") SVG(""), false},
        {SVG("") "x", false},
        {"<!DOCTYPE svg [<!ENTITY a \"b\">]>" SVG(""), false},
        {"<svg xmlns=\"http://www.w3.org/1999/xhtml\"/>", true}, /* an unknown element of text: as inert */
        {"<svg xmlns=\"urn:x\"/>", false},
        {"<g/>", false},
        {"<svg", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n;
        const char *drawing = sdag_svg_inert(&n, &arena, rows[i].text, strlen(rows[i].text));
        if (drawing) assert_null(strstr(drawing, "style"));
        if (!drawing == rows[i].inert) fail_msg("%s: %s", rows[i].text, rows[i].inert ? "refused" : "taken");
    }
    run_folder_write("run", "x");
    temp_write("run/graph.svg", SVG("<script>1</script>"), strlen(SVG("<script>1</script>")));
    write_page("run");
    has("<img alt=\"the pipeline\" src=\"data:image/svg+xml;base64,");
}

/* ---- curves */

static void test_series(void **state)
{
    (void)state;
    static const int lengths[] = {1, 2, 3, 248, 249, 250, 251, 497, 498, 499, 1000, 12345, 300000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int n = lengths[i], high = n / 3, low = n / 2;
        sdag_series s = {0};
        for (int x = 0; x < n; x++) sdag_series_add(&s, &arena, x, x == high ? 50 : x == low ? -50 : x % 7);
        sdag_series_finish(&s, &arena);
        bool has_high = false, has_low = false;
        assert_in_range(s.n_at, 1, SDAG_SERIES_MAX);
        for (int k = 0; k < s.n_at; k++) {
            has_high |= s.at[k].x == high && s.at[k].y == 50;
            has_low |= s.at[k].x == low && s.at[k].y == -50;
            assert_true(k == 0 || s.at[k].x > s.at[k - 1].x);
        }
        assert_true(has_high && (has_low || low == high));
        assert_true(s.at[0].x == 0 && s.at[s.n_at - 1].x == n - 1);
        assert_int_equal(s.n, n);
        if (n <= 200) assert_int_equal(s.n_at, n);
    }
}

/* Three hundred thousand lines: the peak is in the drawing, which is as small as ever. */
static void test_long(void **state)
{
    enum { LINES = 300000 };
    size_t cap = (size_t)LINES * 80, n = 0;
    char *text = malloc(cap);
    (void)state;
    assert_non_null(text);
    for (int i = 1; i <= LINES; i++)
        n += (size_t)snprintf(text + n, cap - n,
                              "{\"phase\":\"a\",\"step\":%d,\"epoch\":1,\"metric\":\"loss\",\"value\":%d}\n", i,
                              i == 77777 ? 1000 : i % 10);
    n += (size_t)snprintf(text + n, cap - n, "{\"phase\":\"a\",\"st"); /* a line that is being written */
    temp_write("run/metrics.jsonl", text, n);
    free(text);
    write_page("run");
    has("data-curve=\"loss\" data-points=\"300000\" data-last-step=\"300000\" data-last=\"0\"");
    has("<div class=\"range\">0 to 1000</div>");
    assert_null(strstr(page, "What could not be read"));
    assert_true(strlen(page) < 100000);
}

/* ---- several runs */

static void test_compare(void **state)
{
    static const char other[] = "{\"phases\": {\"pretrain\": {\"loss\": 3.5, \"more\": 0.25}}}";
    sdag_str s = {.a = &arena};
    (void)state;
    run_folder_write("runs/a", "x");
    run_folder_write("runs/b", "y");
    temp_write("runs/b/summary.json", other, strlen(other));
    temp_write("runs/b/metrics.jsonl", "", 0);
    const char *dirs[] = {temp_path("runs/a"), temp_path("runs/b/")};
    assert_int_equal(sdag_compare_table(&s, &arena, logs, dirs, NULL, 2), SDAG_OK);
    assert_string_equal(s.at, "                                        a         b\n"
                              "state                                done      done\n"
                              "pretrain.loss                       4.125       3.5\n"
                              "pretrain.collapse.spread             0.75         -\n"
                              "pretrain.collapse.rank                  9         -\n"
                              "pretrain.probe x                      0.5         -\n"
                              "pretrain.seconds                      1.5         -\n"
                              "pretrain.more                           -      0.25\n"
                              "predict.accuracy                     0.96         -\n"
                              "predict.seconds                       0.5         -\n"
                              "name                             digits x  digits y\n"
                              "about                             about x   about y\n"
                              "phases.pretrain.nodes.loss.note         x         y\n");
    assert_int_equal(sdag_compare_write(&arena, logs, dirs, NULL, 2, NULL, temp_path("compare.html")), SDAG_OK);
    take_page("compare.html");
    has("data-phase=\"pretrain\" data-metric=\"loss\" data-run=\"1\" data-value=\"3.5\">3.5</td>");
    has("<tr data-path=\"phases.pretrain.nodes.loss.note\">");
    has("<figcaption><b>a, b</b>"); /* one picture of both */
    s.n = 0;
    assert_int_equal(sdag_compare_json(&s, &arena, logs, dirs, NULL, 2), SDAG_OK);
    json_t *o = json_loads(s.at, 0, NULL), *m = json_array_get(json_object_get(o, "metrics"), 1);
    assert_string_equal(json_string_value(json_object_get(m, "metric")), "collapse.spread");
    assert_true(json_number_value(json_array_get(json_object_get(m, "values"), 0)) == 0.75);
    assert_true(json_is_null(json_array_get(json_object_get(m, "values"), 1)));
    json_decref(o);
    dirs[1] = temp_path("none");
    temp_write("none/x", "", 0);
    assert_int_equal(sdag_compare_table(&s, &arena, logs, dirs, NULL, 2), SDAG_IO);
    assert_true(temp_says(logs, "is not the folder of a run"));
}

/* Runs by their folders, and by more of the path where those are the same; many stand below each other. */
static void test_labels(void **state)
{
    const char *dirs[20];
    char name[64];
    sdag_str s = {.a = &arena};
    (void)state;
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "sweep/%d/run", i);
        run_folder_write(name, "x");
        dirs[i] = sdag_arena_str(&arena, temp_path(name));
    }
    assert_int_equal(sdag_compare_table(&s, &arena, logs, dirs, NULL, 10), SDAG_OK);
    assert_non_null(strstr(s.at, "\n3/run   done"));
    assert_null(strstr(s.at, "note")); /* the configs are the same */
    assert_int_equal(sdag_compare_write(&arena, logs, dirs, NULL, 10, NULL, temp_path("compare.html")), SDAG_OK);
    take_page("compare.html");
    has("<h2>What differs in the configs</h2>\n<p>Nothing.</p>");
    has("data-curve=\"loss\" data-lines=\"10\"");
}

/* Memory that runs out anywhere is said, and leaves no half of a page. */
static void test_memory(void **state)
{
    (void)state;
    run_folder_write("run", "x");
    const char *dir = sdag_arena_str(&arena, temp_path("run"));
    for (uint64_t n = 1, done = 0; !done; n += 1 + n / 16) {
        sdag_arena a;
        sdag_arena_init(&a);
        sdag_alloc_fail(n, true);
        sdag_status status = sdag_report_write_to(&a, logs, NULL, dir, "/dev/null");
        sdag_alloc_fail(0, false);
        sdag_arena_free(&a);
        done = !status;
        if (status) assert_true(status == SDAG_NOMEM || status == SDAG_IO);
    }
    assert_int_equal(files_like("run", ".tmp."), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_states, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sinks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_svg, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_series, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_compare, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_labels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
