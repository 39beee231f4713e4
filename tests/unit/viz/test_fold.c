/* What is shown and what is hidden: phases closed, encoders opened, the operations of one node, and heat of a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "tests/support/sketch.h"
#include "tests/support/temp.h"

static const char yaml[] = "version: 1\n"
                           "name: two-steps\n"
                           "family: contrastive\n"
                           "phases:\n"
                           "  pretrain:\n"
                           "    epochs: 3\n"
                           "    nodes:\n"
                           "      digits:    {type: source.digits, batch: 32}\n"
                           "      view_i:    {type: augment, in: digits, ops: [noise]}\n"
                           "      view_j:    {type: augment, in: digits, ops: [noise]}\n"
                           "      encoder:   {type: encoder.cnn, in: [view_i, view_j], widths: [8, 16]}\n"
                           "      projector: {type: projector.mlp, in: encoder, widths: [16, 8]}\n"
                           "      loss:      {type: loss.nt_xent, in: projector}\n"
                           "      optimizer: {type: optimizer.adamw, in: loss}\n"
                           "  finetune:\n"
                           "    epochs: 2\n"
                           "    nodes:\n"
                           "      few:       {type: source.digits, per_class: 5}\n"
                           "      encoder:   {use: pretrain.encoder, in: few}\n"
                           "      head:      {type: head.classifier, in: encoder, classes: 10}\n"
                           "      loss:      {type: loss.cross_entropy, in: {logits: head, target: few.label}}\n"
                           "      optimizer: {type: optimizer.adamw, in: loss}\n"
                           "  predict:\n"
                           "    nodes:\n"
                           "      test:      {type: source.digits, split: test}\n"
                           "      encoder:   {use: finetune.encoder, in: test}\n"
                           "      head:      {use: finetune.head, in: encoder}\n"
                           "      table:     {type: sink.csv, in: head, path: t.csv}\n";

static const char timing[] =
    "{\"phases\": {\"pretrain\": {\"steps\": 12, \"threads\": 2, \"step_s\": 0.0123, \"nodes\": {"
    "\"digits\": {\"seconds\": 0.0000021, \"bytes\": 131072, \"ops\": 1}, \"encoder\": {\"seconds\": 0.008, \"bytes\": "
    "1572864}, \"projector\": {\"seconds\": 0.001, \"bytes\": 999}, \"loss\": {\"seconds\": 0.0005, \"bytes\": 0},"
    "\"gone\": {\"seconds\": 1e-6, \"bytes\": 1}, \"compiler\": {\"seconds\": 0.0004979, \"bytes\": 16}},"
    "\"kinds\": {\"conv2d\": {\"seconds\": 0.003, \"ops\": 12}}}}}";

static const char modular[] = "version: 1\n"
                              "name: modular\n"
                              "modules:\n"
                              "  block:\n"
                              "    params: {width: 4}\n"
                              "    in: x\n"
                              "    nodes:\n"
                              "      conv: {type: layer.conv2d, in: x, width: $width}\n"
                              "      relu: {type: layer.relu, in: conv}\n"
                              "    out: relu\n"
                              "  net:\n"
                              "    in: x\n"
                              "    nodes:\n"
                              "      stem: {type: layer.conv2d, in: x, width: 4}\n"
                              "      body: {type: module.block, in: stem, repeat: 2}\n"
                              "      pool: {type: layer.global_pool, in: body}\n"
                              "    out: pool\n"
                              "phases:\n"
                              "  pretrain:\n"
                              "    steps: 3\n"
                              "    nodes:\n"
                              "      digits: {type: source.digits}\n"
                              "      views: {type: augment, in: digits, views: 2, ops: [noise]}\n"
                              "      encoder: {type: module.net, in: views}\n"
                              "      loss: {type: loss.nt_xent, in: encoder}\n"
                              "      optimizer: {type: optimizer.sgd, in: loss}\n";

/* ---- golden texts ---- */

static const struct {
    const char *file;
    sdag_viz_options o;
} pictures[] = {
    {"fold-collapse-all.mmd", {.format = SDAG_VIZ_MERMAID, .collapse = "all"}},
    {"fold-collapse-all.dot", {.format = SDAG_VIZ_DOT, .collapse = "all"}},
    {"fold-collapse-two.mmd", {.format = SDAG_VIZ_MERMAID, .collapse = "finetune,predict"}},
    {"fold-one-open.mmd", {.format = SDAG_VIZ_MERMAID, .collapse = "all", .expand = "predict"}},
    {"fold-expand.mmd", {.format = SDAG_VIZ_MERMAID, .expand = "pretrain.encoder"}},
    {"fold-expand.dot", {.format = SDAG_VIZ_DOT, .expand = "pretrain.encoder", .only_phase_plus1 = 1}},
    {"fold-node-loss.mmd", {.format = SDAG_VIZ_MERMAID, .ops = true, .node = "loss"}},
    {"fold-node-head.dot", {.format = SDAG_VIZ_DOT, .ops = true, .node = "predict.head"}},
    {"fold-shapes.mmd", {.format = SDAG_VIZ_MERMAID, .shapes = SDAG_VIZ_SHAPES_WIRES, .only_phase_plus1 = 2}},
    {"heat-time.mmd", {.format = SDAG_VIZ_MERMAID, .heat = SDAG_VIZ_HEAT_TIME, .only_phase_plus1 = 1}},
    {"heat-time.dot", {.format = SDAG_VIZ_DOT, .heat = SDAG_VIZ_HEAT_TIME, .only_phase_plus1 = 1}},
    {"heat-bytes.mmd", {.format = SDAG_VIZ_MERMAID, .heat = SDAG_VIZ_HEAT_BYTES, .collapse = "finetune,predict"}},
    {"heat-open.mmd",
     {.format = SDAG_VIZ_MERMAID, .heat = SDAG_VIZ_HEAT_TIME, .expand = "encoder", .only_phase_plus1 = 1}},
};

/* A module: one box, the nodes that it is made of, and all the way down. */
static void test_modules(void **state)
{
    (void)state;
    static const struct {
        const char *file, *expand;
    } ways[] = {{"module-closed.mmd", NULL}, {"module-open.mmd", "encoder"}, {"module-all.mmd", "all"}};
    sketch s;
    sketch_start(&s, modular, NULL, 0);
    for (size_t i = 0; i < 3; i++) {
        sketch_golden(&s, ways[i].file, (sdag_viz_options){.format = SDAG_VIZ_MERMAID, .expand = ways[i].expand});
        sketch_sound(&s, (sdag_viz_options){.expand = ways[i].expand, .shapes = SDAG_VIZ_SHAPES_WIRES});
    }
    sketch_golden(&s, "module-all.dot", (sdag_viz_options){.format = SDAG_VIZ_DOT, .expand = "all"});
    const char *text = sketch_draw(&s, (sdag_viz_options){.format = SDAG_VIZ_MERMAID, .expand = "all"});
    assert_non_null(strstr(text, "p1_views --> p1_encoder_stem\n"));
    assert_non_null(strstr(text, "p1_encoder_stem --> p1_encoder_body_0_conv\n"));
    assert_non_null(strstr(text, "p1_encoder_body_1_relu --> p1_encoder_pool\n"));
    assert_non_null(strstr(text, "p1_encoder_pool -->|\"z of 2 views\"| p1_loss\n"));
    sketch_end(&s);
}

static void test_golden(void **state)
{
    (void)state;
    temp_write("run/timing.json", timing, strlen(timing));
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++) {
        sketch s;
        sdag_viz_options o = pictures[i].o;
        sketch_start(&s, yaml, NULL, 0);
        if (o.heat) o.run = temp_path("run");
        sketch_golden(&s, pictures[i].file, o);
        sketch_sound(&s, o);
        sketch_end(&s);
    }
}

/* Whether a line of the SVG runs through the middle of a text: along its width, which letters of 0.4 em have at least.
 */
static bool is_struck(const char *svg, double left, double right, double y)
{
    for (const char *at = svg; (at = strstr(at, "stroke=\"#444444\" d=\"M"));) {
        double p[8];
        at = strstr(at, "d=\"M") + 4;
        for (int k = 0, n = 0; sscanf(at, "%lf,%lf%n", &p[k], &p[k + 1], &n) == 2;
             at += n, at += *at == 'C' || *at == ' ') {
            if ((k += 2) < 8) continue;
            for (int i = 0; i <= 200; i++) {
                const double u = i / 200.0, v = 1 - u;
                const double w[4] = {v * v * v, 3 * v * v * u, 3 * v * u * u, u * u * u};
                const double x = w[0] * p[0] + w[1] * p[2] + w[2] * p[4] + w[3] * p[6];
                if (fabs(w[0] * p[1] + w[1] * p[3] + w[2] * p[5] + w[3] * p[7] - y) < 2 && x > left && x < right)
                    return true;
            }
            p[0] = p[6], p[1] = p[7], k = 2;
        }
    }
    return false;
}

static int count_struck(const char *svg)
{
    int n = 0, texts = 0;
    for (const char *at = svg; (at = strstr(at, "<text text-anchor=\"")); at++) {
        double x, y, size = 0;
        const bool starts = sscanf(at, "<text text-anchor=\"start\" x=\"%lf\" y=\"%lf\"", &x, &y) == 2;
        if (!starts && sscanf(at, "<text text-anchor=\"middle\" x=\"%lf\" y=\"%lf\"", &x, &y) != 2) continue;
        const char *word = strchr(at, '>') + 1;
        sscanf(strstr(at, "font-size=\""), "font-size=\"%lf", &size);
        const double width = 0.4 * size * (double)strcspn(word, "<&");
        n += is_struck(svg, starts ? x : x - width / 2, starts ? x + width : x + width / 2, y - size / 3);
        texts++;
    }
    assert_true(texts > 20);
    return n;
}

/* No line strikes out the title of an opened node, nor the words beside a line. */
static void test_words(void **state)
{
    (void)state;
    sketch s;
    sketch_start(&s, yaml, NULL, 0);
    assert_int_equal(count_struck(sketch_draw(&s, (sdag_viz_options){.expand = "all"})), 0);
    assert_int_equal(count_struck(sketch_draw(&s, (sdag_viz_options){.ops = true, .only_phase_plus1 = 2})), 0);
    sketch_end(&s);
}

/* Many phases that have nothing to do with each other stand in rows, each from the first to the last. */
static void test_rows(void **state)
{
    (void)state;
    char text[8192];
    double width = 0, x[20], y[20];
    size_t n = (size_t)snprintf(text, sizeof text, "version: 1\nphases:\n");
    for (int i = 0; i < 20; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "  p%d:\n    steps: 1\n    nodes:\n      d: {type: source.digits}\n"
                              "      h: {type: head.classifier, in: d, classes: 10}\n"
                              "      loss: {type: loss.cross_entropy, in: {logits: h, target: d.label}}\n"
                              "      o: {type: optimizer.sgd, in: loss}\n",
                              i);
    assert_true(n < sizeof text);
    sketch s;
    sketch_start(&s, text, NULL, 0);
    const char *svg = sketch_draw(&s, (sdag_viz_options){0});
    assert_int_equal(sscanf(strstr(svg, "<svg width="), "<svg width=\"%lf", &width), 1);
    assert_true(width > 500 && width < 1500);
    for (int i = 0; i < 20; i++) {
        char title[32];
        snprintf(title, sizeof title, ">Phase %d: p%d<", i + 1, i);
        const char *at = strstr(svg, title);
        assert_non_null(at);
        while (memcmp(at, "<text ", 6) != 0) at--;
        assert_int_equal(sscanf(strstr(at, " x="), " x=\"%lf\" y=\"%lf", &x[i], &y[i]), 2);
        if (i) assert_true(y[i] > y[i - 1] + 50 || (fabs(y[i] - y[i - 1]) < 1 && x[i] > x[i - 1]));
    }
    sketch_end(&s);
}

/* What must be in them, whatever else is. */
static void test_content(void **state)
{
    (void)state;
    sketch s;
    sketch_start(&s, yaml, NULL, 0);
    const char *text = sketch_draw(&s, (sdag_viz_options){.format = SDAG_VIZ_MERMAID, .collapse = "all"});
    assert_non_null(strstr(text, "p1 ==> p1_model\n"));
    assert_non_null(strstr(text, "p1_model ==> p2\n"));
    assert_null(strstr(text, "p1_encoder"));
    text = sketch_draw(&s, (sdag_viz_options){.format = SDAG_VIZ_MERMAID, .expand = "all"});
    assert_null(strstr(text, "p1_encoder[")); /* its blocks instead, each between the one before and the one after */
    assert_non_null(strstr(text, "subgraph g1_encoder"));
    assert_non_null(strstr(text, "subgraph g3_encoder"));
    text = sketch_draw(&s, (sdag_viz_options){.format = SDAG_VIZ_MERMAID, .expand = "all", .collapse = "encoder"});
    assert_null(strstr(text, "subgraph g1_encoder"));
    text = sketch_draw(&s, (sdag_viz_options){.shapes = SDAG_VIZ_SHAPES_TIPS});
    assert_non_null(strstr(text, "&#10;widths: [16, 8]&#10;"));
    assert_non_null(strstr(text, "f32[64,8], 2 views"));
    sketch_end(&s);
}

/* ---- what is refused ---- */

static const struct {
    sdag_viz_options o;
    sdag_status status;
    const char *says;
} slips[] = {
    {{.collapse = "finetun"},
     SDAG_USAGE,
     "--collapse: 'finetun' is no phase, module or encoder of this pipeline; did you"},
    {{.collapse = "projector"}, SDAG_USAGE, "'projector' is no phase, module or encoder"},
    {{.expand = "encoder,"}, SDAG_USAGE, "--expand: '' is no phase"},
    {{.expand = "predict.encodr"}, SDAG_USAGE, "'predict.encodr' is no"},
    {{.ops = true, .node = "hed"}, SDAG_USAGE, "--node: 'hed' is no node of this pipeline; did you mean 'head'?"},
    {{.ops = true, .node = "optimizer"}, SDAG_USAGE, "node 'optimizer' has no operations in the forward pass"},
    {{.ops = true, .node = "table", .only_phase_plus1 = 1}, SDAG_USAGE, "'table' is no node"},
};

static void test_slips(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        sketch s;
        sketch_start(&s, yaml, NULL, 0);
        assert_int_equal(sketch_fails(&s, slips[i].o, slips[i].says), slips[i].status);
        sketch_end(&s);
    }
}

static const struct {
    const char *text, *says; /* text NULL: there is no file */
} odd_timings[] = {
    {NULL, "timing.json"},
    {"", "timing.json:"},
    {"{\"phases\": ", "timing.json:1:"},
    {"[]", "no object 'phases'"},
    {"{\"phases\": []}", "no object 'phases'"},
    {"{\"phases\": {}}", "it knows no node of this pipeline"},
    {"{\"phases\": {\"pretrain\": 3}}", "it knows no node"},
    {"{\"phases\": {\"pretrain\": {\"nodes\": {\"encoder\": {\"seconds\": \"1\"}}}}}", "it knows no node"},
    {"{\"phases\": {\"pretrain\": {\"nodes\": {\"encoder\": {\"seconds\": -1}}}}}", "it knows no node"},
    {"{\"phases\": {\"pretrain\": {\"nodes\": {\"encoder\": {\"seconds\": 1e999}}}}}", "timing.json:1:"},
};

static void test_odd_timings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof odd_timings / sizeof *odd_timings; i++) {
        sketch s;
        sketch_start(&s, yaml, NULL, 0);
        const char *dir = sdag_arena_printf(&s.a, "odd%zu", i);
        const char *file = sdag_arena_printf(&s.a, "%s/timing.json", dir);
        if (odd_timings[i].text) temp_write(file, odd_timings[i].text, strlen(odd_timings[i].text));
        sdag_viz_options o = {.heat = SDAG_VIZ_HEAT_TIME, .run = temp_path(dir)};
        assert_int_equal(sketch_fails(&s, o, odd_timings[i].says), SDAG_IO);
        sketch_end(&s);
    }
    sketch s;
    sketch_start(&s, yaml, NULL, 0);
    temp_write("pipe/other", "", 0);
    assert_int_equal(mkfifo(temp_path("pipe/timing.json"), 0600), 0);
    sdag_viz_options o = {.heat = SDAG_VIZ_HEAT_TIME, .run = temp_path("pipe")};
    alarm(20); /* it would wait for ever */
    assert_int_equal(sketch_fails(&s, o, "timing.json: it is not a file"), SDAG_IO);
    alarm(0);
    sketch_end(&s);
}

/* Amounts of any size are drawn; names in the file that are no nodes are not. */
static void test_extremes(void **state)
{
    (void)state;
    static const char text[] =
        "{\"phases\": {\"pretrain\": {\"nodes\": {\"encoder\": {\"seconds\": 1e300, \"bytes\": 1e18},"
        "\"loss\": {\"seconds\": 0, \"bytes\": 0.5},"
        "\"</text><script>\": {\"seconds\": 1, \"bytes\": 2}}}}}";
    temp_write("big/timing.json", text, strlen(text));
    sketch s;
    sketch_start(&s, yaml, NULL, 0);
    sketch_sound(&s, (sdag_viz_options){.heat = SDAG_VIZ_HEAT_TIME, .run = temp_path("big")});
    sketch_sound(&s, (sdag_viz_options){.heat = SDAG_VIZ_HEAT_BYTES, .run = temp_path("big")});
    assert_null(strstr(s.out, "script"));
    for (int i = 0; sketch_hostile[i]; i++) { /* as the name of the folder */
        sdag_viz_options o = {.heat = SDAG_VIZ_HEAT_TIME, .run = sketch_hostile[i]};
        assert_int_equal(sketch_fails(&s, o, ""), SDAG_IO);
    }
    sketch_end(&s);
}

/* Memory runs out anywhere: a clean end, nothing lost. */
static void test_out_of_memory(void **state)
{
    (void)state;
    temp_write("run/timing.json", timing, strlen(timing));
    static const struct {
        const char *text;
        sdag_viz_options o;
    } ways[] = {
        {yaml, {.format = SDAG_VIZ_MERMAID, .heat = SDAG_VIZ_HEAT_TIME, .only_phase_plus1 = 1}},
        {yaml, {.format = SDAG_VIZ_MERMAID, .expand = "encoder", .collapse = "finetune"}},
        {modular, {.format = SDAG_VIZ_MERMAID, .expand = "all"}},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        sdag_status status = SDAG_NOMEM;
        for (uint64_t n = 1; status && n < 2000; n++) {
            sketch s;
            sketch_start(&s, ways[i].text, NULL, 0);
            s.options = ways[i].o;
            if (s.options.heat) s.options.run = temp_path("run");
            sdag_alloc_fail(n, true);
            status = sdag_arena_try(&s.a, sketch_try, &s);
            sdag_alloc_fail(0, false);
            if (status != SDAG_OK && status != SDAG_NOMEM) fail_msg("allocation %d: %s", (int)n, temp_last(s.log));
            sketch_end(&s);
        }
        assert_int_equal(status, SDAG_OK);
    }
}

static int stop(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),      cmocka_unit_test(test_modules),  cmocka_unit_test(test_words),
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_content),  cmocka_unit_test(test_slips),
        cmocka_unit_test(test_odd_timings), cmocka_unit_test(test_extremes), cmocka_unit_test(test_out_of_memory)};
    return cmocka_run_group_tests(tests, NULL, stop);
}
