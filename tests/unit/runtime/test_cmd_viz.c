/* ssldag viz as it is typed: formats by name and by file, levels, phases, heat, maps, and what it says to slips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/child.h"
#include "tests/support/temp.h"

static const char yaml[] = "version: 1\n"
                           "phases:\n"
                           "  first:\n"
                           "    nodes:\n"
                           "      digits: {type: source.digits, batch: 32}\n"
                           "      net:    {type: encoder.mlp, in: digits}\n"
                           "      table:  {type: sink.csv, in: net, path: a.csv}\n"
                           "  second:\n"
                           "    nodes:\n"
                           "      digits: {type: source.digits}\n"
                           "      net:    {use: first.net, in: digits}\n"
                           "      table:  {type: sink.csv, in: net, path: b.csv}\n";

static bool starts(const char *file, const char *with)
{
    size_t n, m = strlen(with);
    uint8_t *bytes = temp_read(&n, file);
    bool same = n > m && memcmp(bytes, with, m) == 0;
    free(bytes);
    return same;
}

static void test_formats(void **state)
{
    (void)state;
    static const char *const files[][2] = {{"a.svg", "<?xml"},      {"a.PNG", "\x89PNG"},  {"a.pdf", "%PDF-"},
                                           {"a.dot", "digraph"},    {"a.gv", "digraph"},   {"a.mmd", "%% "},
                                           {"a.mermaid", "%% toy"}, {"b.d/a.svg", "<?xml"}};
    static child c;
    temp_write("b.d/x", "", 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        child_run(&c, "viz", "toy.yaml", "-o", files[i][0]);
        assert_true(child_ends(&c, 0, NULL));
        assert_string_equal(c.out, "");
        assert_string_equal(c.err, "");
        assert_true(starts(files[i][0], files[i][1]));
    }
    child_run(&c, "viz", "toy.yaml", "-o", "odd.txt", "--format", "dot");
    assert_true(child_ends(&c, 0, NULL) && starts("odd.txt", "digraph"));
    child_run(&c, "viz", "toy.yaml");
    assert_true(child_ends(&c, 0, NULL) && strncmp(c.out, "<?xml", 5) == 0 && strstr(c.out, "</svg>"));
    child_run(&c, "viz", "toy.yaml", "-f", "png", "-o", "-");
    assert_true(child_ends(&c, 0, NULL) && memcmp(c.out, "\x89PNG", 4) == 0);
}

static void test_parts(void **state)
{
    (void)state;
    static child c;
    child_run(&c, "viz", "toy.yaml", "-f", "mermaid", "--phase", "second");
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "Phase 2: second") && !strstr(c.out, "Phase 1"));
    child_run(&c, "viz", "toy.yaml", "-f", "mermaid", "--level", "shapes");
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "u8[32,8,8,1]"));
    child_run(&c, "viz", "toy.yaml", "-f", "mermaid", "--level", "ops", "-p", "first");
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "<b>decode</b>") && strstr(c.out, "<b>matmul</b>"));
    child_run(&c, "viz", "toy.yaml", "-f", "mermaid", "--set", "first.digitz.batch=7");
    assert_true(child_ends(&c, 3, NULL)); /* no such place */
    child_run(&c, "viz", "toy.yaml", "-f", "mermaid", "--set", "first.nodes.digits.batch=7");
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "batch: 7"));
}

static void test_shows(void **state)
{
    (void)state;
    static child c;
    static const char timing[] =
        "{\"phases\": {\"first\": {\"nodes\": {\"net\": {\"seconds\": 0.25, \"bytes\": 2048}}}}}";
    temp_write("run/timing.json", timing, strlen(timing));
    child_run(&c, "viz", "toy.yaml", "-f", "mermaid", "--show", "shapes");
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "u8[32,8,8,1]"));
    child_run(&c, "viz", "toy.yaml", "-f", "mermaid", "--show", "time", "--run", "run");
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "<b>250 ms, 100 #37;</b>"));
    child_run(&c, "viz", "toy.yaml", "-f", "mermaid", "--show", "bytes", "--run", "run");
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "<b>2.00 KiB, 100 #37;</b>"));
    child_run(&c, "viz", "toy.yaml", "-f", "mermaid", "--collapse", "first");
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "p1[") && strstr(c.out, "p2_net["));
    child_run(&c, "viz", "toy.yaml", "-f", "mermaid", "--expand", "first.net");
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "subgraph g1_net") && strstr(c.out, "p2_net["));
    child_run(&c, "viz", "toy.yaml", "-f", "mermaid", "--node", "second.net");
    assert_true(child_ends(&c, 0, NULL) && strstr(c.out, "<b>matmul</b>") && strstr(c.out, "Phase 2"));
}

static void test_maps(void **state)
{
    (void)state;
    static child c;
    static const char *const maps[] = {"workflow", "methods", "contrastive", "pretext"};
    for (size_t i = 0; i < 4; i++) { /* the examples are found from anywhere */
        child_run(&c, "viz", "--map", maps[i], "-f", "mermaid");
        assert_true(child_ends(&c, 0, NULL) && strncmp(c.out, "%% ", 3) == 0);
    }
    static const char odd[] =
        "version: 1\nname: own\nfamily: pretext\nphases:\n  p:\n    steps: 1\n    nodes:\n"
        "      x: {type: source.digits}\n      y: {type: pretext.rotation, in: x}\n"
        "      e: {type: encoder.mlp, in: y}\n      h: {type: head.classifier, in: e, classes: 4}\n"
        "      l: {type: loss.cross_entropy, in: {logits: h, target: y.label}}\n"
        "      o: {type: optimizer.sgd, in: l}\n";
    temp_write("mine/a b/x y.yaml", odd, strlen(odd));
    temp_write("mine/a b/no.txt", "x", 1);
    temp_write("out/x", "", 0);
    child_run(&c, "viz", "--map", "pretext", "mine", "-o", "out/map.svg");
    assert_true(child_ends(&c, 0, NULL));
    size_t n;
    uint8_t *svg = temp_read(&n, "out/map.svg");
    static const char want[] = "xlink:href=\"../mine/a%20b/x%20y.yaml\"";
    assert_non_null(memmem(svg, n, want, sizeof want - 1));
    free(svg);
    child_run(&c, "viz", "--map", "metods");
    assert_true(child_ends(
        &c, 2, "--map takes workflow, methods, contrastive or pretext, not 'metods'; did you mean 'methods'?"));
    child_run(&c, "viz", "--map", "methods", "none");
    assert_true(child_ends(&c, 4, "none"));
    child_run(&c, "viz", "--map", "contrastive", "mine");
    assert_true(child_ends(&c, 3, "the map 'contrastive' has nothing to show"));
    child_run(&c, "viz", "--map", "methods", "--show", "shapes");
    assert_true(child_ends(&c, 2, "--map goes with -o and --format alone"));
    temp_write("mine/bad.yaml", "version: 1\nphases: 3\n", 21);
    child_run(&c, "viz", "--map", "pretext", "mine");
    assert_true(child_ends(&c, 3, "mine/bad.yaml:2:9"));
}

static void test_slips(void **state)
{
    (void)state;
    static child c;
    child_run(&c, "viz", "toy.yaml", "--format", "sgv");
    assert_true(child_ends(&c, 2, "--format takes svg, png, pdf, dot or mermaid, not 'sgv'; did you mean 'svg'?"));
    child_run(&c, "viz", "toy.yaml", "--format", "gif");
    assert_true(child_ends(&c, 2, "not 'gif'"));
    child_run(&c, "viz", "toy.yaml", "--level", "op");
    assert_true(child_ends(&c, 2, "--level takes nodes, shapes or ops, not 'op'; did you mean 'ops'?"));
    child_run(&c, "viz", "toy.yaml", "--show", "times");
    assert_true(child_ends(&c, 2, "--show takes shapes, time or bytes, not 'times'; did you mean 'time'?"));
    child_run(&c, "viz", "toy.yaml", "--show", "time");
    assert_true(child_ends(&c, 2, "--show time needs --run DIR"));
    child_run(&c, "viz", "toy.yaml", "--run", "x");
    assert_true(child_ends(&c, 2, "--run goes with --show time or bytes"));
    child_run(&c, "viz", "toy.yaml", "--show", "bytes", "--run", "no/where");
    assert_true(child_ends(&c, 4, "no/where/timing.json"));
    child_run(&c, "viz", "toy.yaml", "--node", "net", "--expand", "net");
    assert_true(child_ends(&c, 2, "--collapse and --expand do not go with operations"));
    child_run(&c, "viz", "toy.yaml", "--node", "nte");
    assert_true(child_ends(&c, 2, "did you mean 'net'?"));
    child_run(&c, "viz");
    assert_true(child_ends(&c, 2, "give a pipeline, or --map"));
    child_run(&c, "viz", "toy.yaml", "--phase", "frist");
    assert_true(child_ends(&c, 2, "did you mean 'first'?"));
    child_run(&c, "viz", "toy.yaml", "-o", "a.jpeg");
    assert_true(child_ends(&c, 2, "'a.jpeg' ends in none of .svg, .png, .pdf, .dot, .gv, .mmd and .mermaid"));
    child_run(&c, "viz", "toy.yaml", "-o", "none/a.svg");
    assert_true(child_ends(&c, 4, "none/a.svg"));
    child_run(&c, "viz", "none.yaml");
    assert_true(child_ends(&c, 4, "none.yaml"));
    c = (child){.closed = true};
    child_start(&c, (const char *const[]){"viz", "toy.yaml", NULL});
    child_wait(&c);
    assert_true(child_ends(&c, 4, "standard output"));
    assert_false(temp_exists("a.jpeg"));
}

static int start(void **state)
{
    (void)state;
    temp_write("toy.yaml", yaml, strlen(yaml));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_formats), cmocka_unit_test(test_parts),
                                       cmocka_unit_test(test_shows), cmocka_unit_test(test_maps),
                                       cmocka_unit_test(test_slips)};
    return cmocka_run_group_tests(tests, start, stop);
}
