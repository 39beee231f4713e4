/* The page of a run in a browser: nothing is loaded, nothing complains, and the numbers are those of the run's files.
 * Skipped where there is no Chromium. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/child.h"
#include "tests/support/temp.h"

static const char pipeline[] =
    "version: 1\nname: small\nfamily: contrastive\nabout: small <b>&amp;\nphases:\n"
    "  pretrain:\n    epochs: 3\n    nodes:\n"
    "      digits: {type: source.digits, fraction: 0.2, batch: 40}\n"
    "      view_i: {type: augment, in: digits, ops: [{noise: {std: 0.2}}]}\n"
    "      view_j: {type: augment, in: digits, ops: [{noise: {std: 0.2}}]}\n"
    "      encoder: {type: encoder.mlp, in: [view_i, view_j], widths: [32, 16]}\n"
    "      loss: {type: loss.nt_xent, in: encoder}\n"
    "      optimizer: {type: optimizer.adamw, in: loss, lr: 1e-3}\n"
    "      collapse: {type: probe.collapse, of: encoder, data: {type: source.digits, split: test}, every: 1 epochs}\n"
    "  finetune:\n    epochs: 4\n    nodes:\n"
    "      few: {type: source.digits, per_class: 5, batch: 25}\n"
    "      encoder: {use: pretrain.encoder, in: few.image}\n"
    "      head: {type: head.classifier, in: encoder, classes: 10}\n"
    "      loss: {type: loss.cross_entropy, in: {logits: head, target: few.label}}\n"
    "      optimizer: {type: optimizer.adamw, in: loss, lr: {cosine: [1e-3, 0]}}\n"
    "  predict:\n    nodes:\n"
    "      test: {type: source.digits, split: test, batch: 128}\n"
    "      encoder: {use: finetune.encoder, in: test.image}\n"
    "      head: {use: finetune.head, in: encoder}\n"
    "      accuracy: {type: probe.accuracy, in: {logits: head, target: test.label}}\n";

/* What shows that the watch is awake: a page that calls out and complains. */
static const char loud[] = "<!DOCTYPE html><html><body><img src=\"http://example.com/x.png\"/><script>throw 1</script>"
                           "</body></html>";

static const char *browser;
static char *dom; /* what the browser made of the page */

static char *text_of(const char *name)
{
    size_t n;
    uint8_t *bytes = temp_read(&n, name);
    assert_non_null(bytes);
    char *text = calloc(1, n + 1);
    assert_non_null(text);
    memcpy(text, bytes, n);
    free(bytes);
    return text;
}

/* One that starts here at all: a container may forbid what it needs, which says nothing of the page. */
static const char *find_browser(void)
{
    static const char *const names[] = {"chromium", "chromium-browser", "google-chrome"};
    char command[512];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(command, sizeof command,
                 "command -v %s >/dev/null 2>&1 && timeout 60 %s --headless --no-sandbox --disable-gpu "
                 "--disable-dev-shm-usage --user-data-dir='%s/browser' --dump-dom 'data:text/html,<p>awake</p>' "
                 "2>/dev/null | grep -q awake",
                 names[i], names[i], temp_path(""));
        if (system(command) == 0) return names[i];
    }
    return NULL;
}

/* Opens a page of the temporary directory: dom, what was said on the console, and what was asked of the network. */
static void look(const char *name)
{
    char command[4096];
    const char *dir = temp_path("");
    int n =
        snprintf(command, sizeof command,
                 "timeout 60 %s --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
                 "--disable-component-update "
                 "--disable-background-networking --disable-sync --user-data-dir='%s/browser' --enable-logging=stderr "
                 "--host-resolver-rules='MAP * ~NOTFOUND' --log-net-log='%s/net.json' --dump-dom 'file://%s/%s' "
                 ">'%s/dom.html' 2>'%s/console.txt'",
                 browser, dir, dir, dir, name, dir, dir);
    assert_in_range(n, 1, sizeof command - 1);
    assert_int_equal(system(command), 0);
    free(dom);
    dom = text_of("dom.html");
}

static int complaints(void)
{
    char *text = text_of("console.txt");
    int n = 0;
    for (char *p = text; (p = strstr(p, "CONSOLE")); p++) {
        fprintf(stderr, "%.*s\n", (int)strcspn(p, "\n"), p);
        n++;
    }
    free(text);
    return n;
}

/* Requests to anywhere but the services that the browser itself asks. */
static int requests(void)
{
    char *text = text_of("net.json");
    int n = 0;
    for (char *p = text; (p = strstr(p, "\"url\":\"")); p++) {
        const char *url = p + 7;
        int len = (int)strcspn(url, "\"");
        bool own = memmem(url, (size_t)len, ".google.com/", 12) || memmem(url, (size_t)len, ".googleapis.com/", 16);
        if (strncmp(url, "http", 4) || own) continue;
        fprintf(stderr, "%.*s\n", len, url);
        n++;
    }
    free(text);
    return n;
}

static void has(const char *text)
{
    if (!strstr(dom, text)) fail_msg("the page has no '%s'", text);
}

/* ---- numbers */

/* Number of an attribute of the element that begins with what was found at p. */
static double attribute(const char *p, const char *name)
{
    char start[64];
    snprintf(start, sizeof start, " %s=\"", name);
    const char *end = strchr(p, '>'), *at = strstr(p, start);
    assert_true(at && end && at < end);
    return strtod(at + strlen(start), NULL);
}

/* Every curve of the page against the lines of metrics.jsonl: how many values, and the last one. */
static void check_curve(json_t *lines, const char *at)
{
    char phase[64], curve[64];
    assert_int_equal(sscanf(at, "data-phase=\"%63[^\"]\" data-curve=\"%63[^\"]\"", phase, curve), 2);
    double last = NAN, step = NAN, before = NAN;
    int n = 0;
    size_t i;
    json_t *o;
    json_array_foreach(lines, i, o)
    {
        const char *metric = json_string_value(json_object_get(o, "metric"));
        json_t *v = metric ? strcmp(metric, curve) ? NULL : json_object_get(o, "value") : json_object_get(o, curve);
        if (!v || strcmp(json_string_value(json_object_get(o, "phase")), phase)) continue;
        last = json_number_value(v);
        step = json_number_value(json_object_get(o, "step"));
        n += step != before;
        before = step;
    }
    assert_true(fabs(attribute(at - 1, "data-last") - last) <= 1e-8 * fabs(last));
    assert_true(attribute(at - 1, "data-last-step") == step);
    assert_true(attribute(at - 1, "data-points") == n);
}

static json_t *read_lines(void)
{
    char *text = text_of("run/metrics.jsonl"), *save = NULL;
    json_t *all = json_array();
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        json_array_append_new(all, json_loads(line, 0, NULL));
    free(text);
    return all;
}

static int count(const char *what)
{
    int n = 0;
    for (const char *p = dom; (p = strstr(p, what)); p++) n++;
    return n;
}

static void check_numbers(void)
{
    json_t *summary = json_load_file(temp_path("run/summary.json"), 0, NULL), *phases, *metrics, *value, *lines;
    const char *phase, *name;
    char text[256];
    phases = json_object_get(summary, "phases");
    assert_int_equal(json_object_size(phases), 3);
    json_object_foreach(phases, phase, metrics) json_object_foreach(metrics, name, value)
    {
        if (!strcmp(name, "seconds")) continue;
        snprintf(text, sizeof text, "class=\"card\" data-phase=\"%s\" data-metric=\"%s\"", phase, name);
        has(text);
        double shown = attribute(strstr(dom, text), "data-value"), v = json_number_value(value);
        assert_true(fabs(shown - v) <= 1e-8 * fabs(v));
    }
    json_decref(summary);
    lines = read_lines();
    int curves = 0;
    for (const char *p = dom; (p = strstr(p, "<span class=\"data\" ")); p++, curves++)
        check_curve(lines, p + strlen("<span class=\"data\" "));
    json_decref(lines);
    assert_int_equal(curves, 6); /* loss, std, spread and rank; loss and lr */
    assert_true(count("<svg class=\"plot\"") >= curves);
}

/* ---- the tests */

/* A run with events for TensorBoard that lost half of them goes on with every step once. */
static void test_tensorboard(void **state)
{
    (void)state;
    child c;
    static const char file[] = "run/tensorboard/events.out.tfevents.ssldag";
    temp_write("page.yaml", pipeline, strlen(pipeline));
    child_run(&c, "run", "page.yaml", "--out", "run", "--quiet", "--tensorboard");
    assert_true(child_ends(&c, 0, NULL));
    size_t whole, n;
    uint8_t *bytes = temp_read(&whole, file);
    assert_true(bytes && whole > 1000);
    temp_write(file, bytes, whole / 2);
    free(bytes);
    tree_remove("run/checkpoints"); /* so that it starts anew */
    child_run(&c, "run", "--resume", "run", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    free(temp_read(&n, file));
    assert_int_equal(n, whole);
    tree_remove("run");
    child_run(&c, "run", "page.yaml", "--out", "run", "--quiet");
    assert_false(temp_exists(file));
    tree_remove("run");
}

/* A run that fails says so on its page, and why. */
static void test_failed(void **state)
{
    static const char yaml[] = "version: 1\nphases:\n  a:\n    epochs: 30\n    nodes:\n"
                               "      digits: {type: source.digits, split: train, batch: 128}\n"
                               "      encoder: {type: encoder.mlp, in: digits, widths: [64]}\n"
                               "      head: {type: head.classifier, in: encoder, classes: 10}\n"
                               "      loss: {type: loss.cross_entropy, in: {logits: head, target: digits.label}}\n"
                               "      optimizer: {type: optimizer.sgd, in: loss, lr: {linear: [0.1, 10000]}}\n";
    child c;
    (void)state;
    temp_write("page.yaml", yaml, strlen(yaml));
    child_run(&c, "run", "page.yaml", "--out", "run", "--quiet");
    assert_true(child_ends(&c, 5, "not finite"));
    free(dom);
    dom = text_of("run/report.html");
    has("data-state=\"failed\"");
    has("<p class=\"verdict low\">encoder: ");
    has(" gave a number that is not finite (");
    tree_remove("run");
    child_run(&c, "run", "page.yaml", "--out", "run", "--quiet", "--no-report");
    assert_true(child_ends(&c, 5, NULL));
    assert_false(temp_exists("run/report.html"));
    tree_remove("run");
}

static void test_page(void **state)
{
    static const char *const ids[] = {"results", "pipeline", "curves", "collapse", "speed", "config"};
    static const struct {
        const char *file, *id;
    } kept[] = {{"run/report/views.json", "views"},
                {"run/report/embedding.json", "embedding"},
                {"run/report/confusion.json", "confusion"},
                {"run/report/plan.json", "memory"},
                {"run/report/env.json", "versions"}};
    (void)state;
    child c;
    char text[64];
    browser = find_browser();
    if (!browser) {
        print_message("skipped: there is no Chromium here\n");
        skip();
    }
    temp_write("loud.html", loud, strlen(loud));
    look("loud.html");
    assert_true(complaints() > 0);
    assert_true(requests() > 0);
    temp_write("page.yaml", pipeline, strlen(pipeline));
    child_run(&c, "run", "page.yaml", "--out", "run", "--quiet");
    assert_true(child_ends(&c, 0, NULL));
    look("run/report.html");
    assert_int_equal(complaints(), 0);
    assert_int_equal(requests(), 0);
    has("data-state=\"done\"");
    has("<p>small &lt;b&gt;&amp;amp;</p>");
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        snprintf(text, sizeof text, "<section id=\"%s\">", ids[i]);
        has(text);
    }
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        snprintf(text, sizeof text, "<section id=\"%s\">", kept[i].id);
        if (temp_exists(kept[i].file)) has(text);
    }
    assert_int_equal(count("<svg width="), temp_exists("run/timing.json") ? 2 : 1); /* pictures among the elements */
    check_numbers();
    assert_null(strstr(dom, "<script"));
    assert_null(strstr(dom, "What could not be read"));
    child_run(&c, "compare", "run", "run", "-o", "compare.html");
    assert_true(child_ends(&c, 0, NULL));
    look("compare.html");
    assert_int_equal(complaints(), 0);
    assert_int_equal(requests(), 0);
    has("data-curve=\"collapse.rank\" data-lines=\"2\"");
}

static int tear_down(void **state)
{
    (void)state;
    free(dom);
    dom = NULL;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(test_tensorboard, tear_down),
                                       cmocka_unit_test_teardown(test_failed, tear_down),
                                       cmocka_unit_test_teardown(test_page, tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
