/* Maps of the field from a few pipelines: what they show, that links are relative paths and nothing else, and that
 * nothing in a file becomes markup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "tests/support/sketch.h"
#include "tests/support/temp.h"
#include "tests/support/xml.h"
#include "viz/field.h"

#define DOWNSTREAM                                                                    \
    "  finetune:\n"                                                                   \
    "    epochs: 2\n"                                                                 \
    "    nodes:\n"                                                                    \
    "      few: {type: source.digits, per_class: 5}\n"                                \
    "      encoder: {use: pretrain.encoder, in: few}\n"                               \
    "      head: {type: head.classifier, in: encoder, classes: 10}\n"                 \
    "      loss: {type: loss.cross_entropy, in: {logits: head, target: few.label}}\n" \
    "      optimizer: {type: optimizer.sgd, in: loss}\n"                              \
    "  predict:\n"                                                                    \
    "    nodes:\n"                                                                    \
    "      test: {type: source.digits, split: test}\n"                                \
    "      encoder: {use: finetune.encoder, in: test}\n"                              \
    "      head: {use: finetune.head, in: encoder}\n"                                 \
    "      table: {type: sink.csv, in: head, path: t.csv}\n"

static const char simclr[] =
    "version: 1\nname: a-simclr\nfamily: contrastive\nabout: Two views of each digit.\nphases:\n"
    "  pretrain:\n    epochs: 2\n    nodes:\n"
    "      digits: {type: source.digits}\n"
    "      view_i: {type: augment, in: digits, ops: [horizontal_flip, noise]}\n"
    "      view_j: {type: augment, in: digits, ops: [noise]}\n"
    "      encoder: {type: encoder.cnn, in: [view_i, view_j]}\n"
    "      loss: {type: loss.nt_xent, in: encoder}\n"
    "      optimizer: {type: optimizer.sgd, in: loss}\n" DOWNSTREAM;

static const char moco[] = "version: 1\nname: a-moco\nfamily: contrastive\nphases:\n"
                           "  pretrain:\n    epochs: 2\n    nodes:\n"
                           "      digits: {type: source.digits}\n"
                           "      q: {type: augment, in: digits, ops: [noise]}\n"
                           "      k: {type: augment, in: digits, ops: [noise]}\n"
                           "      encoder: {type: encoder.mlp, in: q}\n"
                           "      key: {type: momentum, of: encoder, in: k}\n"
                           "      queue: {type: memory.queue, in: key, size: 64}\n"
                           "      loss: {type: loss.info_nce, in: {query: encoder, positive: key, negatives: queue}}\n"
                           "      optimizer: {type: optimizer.sgd, in: loss}\n";

static const char simsiam[] = "version: 1\nname: a-simsiam\nfamily: non-contrastive\nphases:\n"
                              "  pretrain:\n    epochs: 2\n    nodes:\n"
                              "      digits: {type: source.digits}\n"
                              "      views: {type: augment, in: digits, views: 2, ops: [noise]}\n"
                              "      encoder: {type: encoder.cnn, in: views}\n"
                              "      predictor: {type: projector.mlp, in: encoder}\n"
                              "      still: {type: math.stop_gradient, in: encoder}\n"
                              "      loss: {type: loss.cosine, in: {online: predictor, target: still}}\n"
                              "      optimizer: {type: optimizer.sgd, in: loss}\n";

static const char rotation[] = "version: 1\nname: a-rotation\nfamily: pretext\nabout: Which way up?\nphases:\n"
                               "  pretrain:\n    epochs: 2\n    nodes:\n"
                               "      digits: {type: source.digits}\n"
                               "      rotate: {type: pretext.rotation, in: digits}\n"
                               "      encoder: {type: encoder.cnn, in: rotate}\n"
                               "      head: {type: head.classifier, in: encoder, classes: 4}\n"
                               "      loss: {type: loss.cross_entropy, in: {logits: head, target: rotate.label}}\n"
                               "      optimizer: {type: optimizer.sgd, in: loss}\n" DOWNSTREAM;

static const struct {
    const char *href, *folder, *text;
} files[] = {
    {"../moco/moco.yaml", "moco", moco},
    {"../rotation/digits.yaml", "rotation", rotation},
    {"../simclr/simclr.yaml", "simclr", simclr},
    {"../simclr/other.yaml", "simclr", simclr},
    {"../simsiam/simsiam.yaml", "simsiam", simsiam},
};
enum { FILES = sizeof files / sizeof *files };

static sketch sketches[FILES];
static sdag_field_entry list[FILES];

/* The maps are drawn in the arena of the first. */
static const char *draw(size_t *len, sdag_field_map map, int n, sdag_viz_format format)
{
    char *text;
    assert_int_equal(sdag_field_text(&text, len, &sketches[0].a, sketches[0].log, map, list, n, format), SDAG_OK);
    return text;
}

static void test_golden(void **state)
{
    (void)state;
    char why[200];
    size_t len;
    for (int m = 0; m < SDAG_FIELD_MAPS; m++) {
        sdag_arena *a = &sketches[0].a;
        const char *text = draw(&len, (sdag_field_map)m, FILES, SDAG_VIZ_DOT);
        sketch_sound_dot(text, len);
        assert_null(strstr(text, "URL")); /* links are for SVG alone */
        assert_null(strstr(text, "href"));
        sketch_golden_text(a, sdag_arena_printf(a, "map-%s.dot", sdag_field_names[m]), text, len);
        text = draw(&len, (sdag_field_map)m, FILES, SDAG_VIZ_MERMAID);
        assert_null(strstr(text, "click"));
        sketch_golden_text(a, sdag_arena_printf(a, "map-%s.mmd", sdag_field_names[m]), text, len);
        int links;
        text = draw(&len, (sdag_field_map)m, FILES, SDAG_VIZ_SVG);
        if (!xml_is_map(text, len, &links, why)) fail_msg("%s in\n%s", why, text);
        assert_true(links > 0);
        assert_false(xml_is_sound(text, len, why)); /* the checker sees links where there should be none */
    }
}

static void test_content(void **state)
{
    (void)state;
    size_t len;
    const char *text = draw(&len, SDAG_FIELD_METHODS, FILES, SDAG_VIZ_MERMAID);
    assert_non_null(strstr(text, "Contrastive Learning"));
    assert_non_null(strstr(text, "<b>a-simclr</b><br/>Two views of each digit."));
    assert_non_null(strstr(text, "<b>Holds its targets still</b><br/>math.stop_gradient"));
    assert_null(strstr(text, "Generative")); /* no pipeline of that family */
    text = draw(&len, SDAG_FIELD_CONTRASTIVE, FILES, SDAG_VIZ_MERMAID);
    assert_non_null(strstr(text, "|\"View i\"|"));
    assert_non_null(strstr(text, "<b>Keys of earlier batches</b><br/>a-moco: memory.queue"));
    assert_non_null(strstr(text, "<b>PUSH APART</b><br/>the query and all negatives"));
    text = draw(&len, SDAG_FIELD_PRETEXT, FILES, SDAG_VIZ_MERMAID);
    assert_non_null(strstr(text, "Task 1: Rotation"));
    assert_non_null(strstr(text, "<b>Model Predicts</b><br/>quarter turns, 0..3"));
    assert_null(strstr(text, "Task 2"));
    text = draw(&len, SDAG_FIELD_WORKFLOW, FILES, SDAG_VIZ_SVG);
    assert_non_null(strstr(text, "xlink:href=\"../rotation/digits.yaml\""));
    assert_non_null(strstr(text, ">Creates Pseudo&#45;Labels<"));
    assert_null(strstr(text, ">a&#45;moco<")); /* it ends after the first phase */
}

static void test_nothing_to_show(void **state)
{
    (void)state;
    char *text;
    size_t len;
    sketch *s = &sketches[0];
    const int before = sdag_log_errors(s->log);
    assert_int_equal(sdag_field_text(&text, &len, &s->a, s->log, SDAG_FIELD_PRETEXT, list, 1, SDAG_VIZ_SVG),
                     SDAG_INVALID);
    assert_int_equal(sdag_field_text(&text, &len, &s->a, s->log, SDAG_FIELD_WORKFLOW, list, 0, SDAG_VIZ_SVG),
                     SDAG_INVALID);
    assert_int_equal(sdag_log_errors(s->log), before + 2);
    assert_true(temp_says(s->log, "the map 'workflow' has nothing to show"));
}

/* Names, sentences and paths of strangers. */
static const char *const odd_paths[] = {
    "javascript:alert(1)", "//evil.example/x", "/etc/passwd", "http://x/", "a b/c&d\"<>'.yaml", "", "\xff\xfe",
    "..%2f?q#f",           "data:text/html,x", "\\\\host\\x", NULL,
};

static void test_hostile(void **state)
{
    (void)state;
    char why[200];
    size_t len;
    int links;
    for (int i = 0; sketch_hostile[i]; i++) {
        sdag_graph g[FILES];
        sdag_node_type types[FILES];
        sdag_field_entry odd[FILES];
        for (int k = 0; k < FILES; k++) {
            g[k] = *sketches[k].g;
            sdag_gnode *nodes = SDAG_NEWS(&sketches[0].a, sdag_gnode, g[k].n_nodes);
            memcpy(nodes, g[k].nodes, (size_t)g[k].n_nodes * sizeof *nodes);
            for (int n = 0; n < g[k].n_nodes; n++) nodes[n].name = sketch_hostile[i];
            int loss = 0;
            while (nodes[loss].type->role != SDAG_ROLE_LOSS && nodes[loss].type->role != SDAG_ROLE_PRETEXT) loss++;
            types[k] = *nodes[loss].type;
            types[k].name = types[k].brief = sketch_hostile[i];
            if (types[k].pulls) types[k].pulls = sketch_hostile[i];
            if (types[k].pushes) types[k].pushes = sketch_hostile[i];
            nodes[loss].type = &types[k];
            g[k].nodes = nodes;
            g[k].name = g[k].about = sketch_hostile[i];
            const char *path = odd_paths[(i + k) % 10];
            odd[k] = (sdag_field_entry){k ? path : sketch_hostile[i], files[k].folder, &g[k]};
        }
        for (int m = 0; m < SDAG_FIELD_MAPS; m++) {
            char *text;
            sketch *s = &sketches[0];
            assert_int_equal(sdag_field_text(&text, &len, &s->a, s->log, (sdag_field_map)m, odd, FILES, SDAG_VIZ_SVG),
                             SDAG_OK);
            if (!xml_is_map(text, len, &links, why)) fail_msg("%s in\n%s", why, text);
            assert_int_equal(sdag_field_text(&text, &len, &s->a, s->log, (sdag_field_map)m, odd, FILES, SDAG_VIZ_DOT),
                             SDAG_OK);
            sketch_sound_dot(text, len);
        }
    }
}

typedef struct attempt {
    sdag_arena *a;
    sdag_log *log;
    sdag_field_map map;
} attempt;

static sdag_status try_map(void *arg)
{
    attempt *t = arg;
    char *text;
    size_t len;
    return sdag_field_text(&text, &len, t->a, t->log, t->map, list, FILES, SDAG_VIZ_MERMAID);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    for (int m = 0; m < SDAG_FIELD_MAPS; m++) {
        sdag_status status = SDAG_NOMEM;
        for (uint64_t n = 1; status && n < 1000; n++) {
            sdag_arena a;
            sdag_arena_init(&a);
            attempt t = {&a, sketches[0].log, (sdag_field_map)m};
            sdag_alloc_fail(n, true);
            status = sdag_arena_try(&a, try_map, &t);
            sdag_alloc_fail(0, false);
            assert_true(status == SDAG_OK || status == SDAG_NOMEM);
            sdag_arena_free(&a);
        }
        assert_int_equal(status, SDAG_OK);
    }
}

/* The checker of links itself. */
static void test_checker(void **state)
{
    (void)state;
    static const char *const bad[] = {"javascript:x", "/x", "//x", "x?y", "x#y", "x y", "%zz", "a&amp;b", "\\x"};
    char why[200];
    int links;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *text = sdag_arena_printf(&sketches[0].a, "<svg><a xlink:href=\"%s\"/></svg>", bad[i]);
        assert_false(xml_is_map(text, strlen(text), &links, why));
    }
    static const char good[] = "<svg><a xlink:href=\"../a%20b/c&#45;d_e.yaml\"/></svg>";
    assert_true(xml_is_map(good, sizeof good - 1, &links, why));
    assert_int_equal(links, 1);
}

static int start(void **state)
{
    (void)state;
    for (int i = 0; i < FILES; i++) {
        sketch_start(&sketches[i], files[i].text, NULL, 0);
        list[i] = (sdag_field_entry){files[i].href, files[i].folder, sketches[i].g};
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (int i = 0; i < FILES; i++) sketch_end(&sketches[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden),          cmocka_unit_test(test_content),
                                       cmocka_unit_test(test_nothing_to_show), cmocka_unit_test(test_hostile),
                                       cmocka_unit_test(test_out_of_memory),   cmocka_unit_test(test_checker)};
    return cmocka_run_group_tests(tests, start, stop);
}
