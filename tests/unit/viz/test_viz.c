/* Pictures: what they show (golden texts), that they are sound and inert whatever the file says, and what they cost.
 * SSLDAG_GOLDEN_UPDATE=1 writes the golden texts anew; SSLDAG_VIZ_KEEP=DIR keeps pictures to be looked at. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/alloc.h"
#include "tests/support/sketch.h"
#include "tests/support/temp.h"
#include "tests/support/xml.h"
#include "viz/viz.h"
#include <cmocka.h>

/* ---- node types beside the built-in ones, for shapes of graphs that those do not make ---- */

typedef struct {
    sdag_schedule momentum;
} average;
static const sdag_opt average_opts[] = {SDAG_SCHEDULE(average, momentum, 0.99, 0, 1, "how slowly it follows"), {0}};
static const sdag_port average_ins[] = {
    {"in", "f32[B,...]", "images", 0},
    {"of", "f32[B,...]", "nodes that are followed", SDAG_PORT_KEY | SDAG_PORT_EVAL},
    {0},
};
static const sdag_port average_outs[] = {{"z", "f32[B,D]", "embedding", 0}, {0}};
static const sdag_node_type t_average = {.name = "toy.momentum",
                                         .brief = "A moving average.",
                                         .role = SDAG_ROLE_MOMENTUM,
                                         .opts = average_opts,
                                         .opts_size = sizeof(average),
                                         .ins = average_ins,
                                         .outs = average_outs,
                                         .maps = true};

typedef struct {
    int64_t size;
    const char *note;
} queue;
static const sdag_opt queue_opts[] = {
    SDAG_INT(queue, size, 4096, 1, 1 << 20, "rows kept"),
    SDAG_STR(queue, note, NULL, "a remark"),
    {0},
};
static const sdag_port queue_ins[] = {{"in", "f32[B,D]", "keys", 0}, {0}};
static const sdag_port queue_outs[] = {{"rows", "f32[N,D]", "what is kept", 0}, {0}};
static const sdag_node_type t_queue = {.name = "toy.queue",
                                       .brief = "Keeps \"keys\" & more <of them>.",
                                       .role = SDAG_ROLE_MEMORY,
                                       .opts = queue_opts,
                                       .opts_size = sizeof(queue),
                                       .ins = queue_ins,
                                       .outs = queue_outs};

static const sdag_port nce_ins[] = {
    {"query", "f32[B,D]", "", 0}, {"positive", "f32[B,D]", "", 0}, {"negatives", "f32[N,D]", "", 0}, {0}};
static const sdag_port loss_outs[] = {{"loss", "f32[]", "mean", 0}, {0}};
static const sdag_node_type t_nce = {
    .name = "toy.info_nce", .brief = "A loss.", .role = SDAG_ROLE_LOSS, .ins = nce_ins, .outs = loss_outs};

static const sdag_port turn_ins[] = {{"in", "image", "images", 0}, {0}};
static const sdag_port turn_outs[] = {{"image", "image", "turned", 0}, {"label", "i32[B]", "which turn", 0}, {0}};
static const sdag_node_type t_turn = {.name = "toy.rotation",
                                      .brief = "Labels from turning.",
                                      .role = SDAG_ROLE_PRETEXT,
                                      .ins = turn_ins,
                                      .outs = turn_outs};

static const sdag_node_type *const fakes[] = {&t_average, &t_queue, &t_nce, &t_turn};
enum { FAKES = sizeof fakes / sizeof *fakes };

typedef sketch run;
static void start(run *r, const char *text) { sketch_start(r, text, fakes, FAKES); }
static void end(run *r) { sketch_end(r); }
static const char *draw(run *r, sdag_viz_options o) { return sketch_draw(r, o); }
static sdag_status viz(void *r) { return sketch_try(r); }
static void check_golden(run *r, const char *name, sdag_viz_options o) { sketch_golden(r, name, o); }
static void check_sound(run *r, sdag_viz_options o) { sketch_sound(r, o); }

static void keep(run *r, const char *name)
{
    const char *dir = getenv("SSLDAG_VIZ_KEEP");
    sdag_viz_options o = {.format = SDAG_VIZ_PNG};
    if (dir) assert_int_equal(sdag_viz_file(&r->a, r->log, r->g, sdag_arena_printf(&r->a, "%s/%s", dir, name), &o), 0);
}

/* ---- golden texts ---- */

static const char simclr[] =
    "version: 1\n"
    "name: simclr-digits\n"
    "family: contrastive\n"
    "about: SimCLR on handwritten digits, then a classifier from 100 labels.\n"
    "seed: 7\n"
    "let:\n"
    "  epochs: 30\n"
    "  views: &views\n"
    "    - random_resized_crop: {size: 8, scale: [0.4, 1.0]}\n"
    "    - random_affine: {degrees: 12, translate: 0.1}\n"
    "phases:\n"
    "  pretrain:\n"
    "    epochs: $epochs\n"
    "    nodes:\n"
    "      digits:    {type: source.digits, split: train, batch: 256}\n"
    "      view_i:    {type: augment, in: digits, ops: *views}\n"
    "      view_j:    {type: augment, in: digits, ops: *views}\n"
    "      encoder:   {type: encoder.resnet, in: [view_i, view_j], depth: 18, stem: small, width: 16}\n"
    "      projector: {type: projector.mlp, in: encoder, widths: [128, 64]}\n"
    "      loss:      {type: loss.nt_xent, in: projector, temperature: 0.5}\n"
    "      optimizer: {type: optimizer.lars, in: loss, lr: {cosine: [0.5, 0], warmup: 2 epochs}}\n"
    "      knn:       {type: probe.knn, of: encoder, bank: digits, query: {type: source.digits, split: test},\n"
    "                  every: 5 epochs}\n"
    "  finetune:\n"
    "    epochs: 20\n"
    "    nodes:\n"
    "      few:       {type: source.digits, split: train, per_class: 10, batch: 50}\n"
    "      encoder:   {use: pretrain.encoder, in: few.image, freeze: false}\n"
    "      head:      {type: head.classifier, in: encoder, classes: 10}\n"
    "      loss:      {type: loss.cross_entropy, in: {logits: head, target: few.label}}\n"
    "      optimizer: {type: optimizer.adamw, in: loss, lr: 1e-3}\n"
    "  predict:\n"
    "    nodes:\n"
    "      test:      {type: source.digits, split: test, batch: 256}\n"
    "      encoder:   {use: finetune.encoder, in: test.image}\n"
    "      head:      {use: finetune.head, in: encoder}\n"
    "      accuracy:  {type: probe.accuracy, in: {logits: head, target: test.label}}\n"
    "      table:     {type: sink.csv, in: {logits: head, id: test.id}, path: predictions.csv}\n";

/* Eight views from one node, weights from a file, frozen weights, an about of a phase. */
static const char views[] =
    "version: 1\n"
    "name: many-views\n"
    "family: non-contrastive\n"
    "phases:\n"
    "  pretrain:\n"
    "    steps: 1000\n"
    "    about: Two views of every image, and a network that was trained before on other images than these.\n"
    "    nodes:\n"
    "      images:    {type: source.digits, batch: 32}\n"
    "      views:     {type: augment, in: images, views: 2, ops: [horizontal_flip, noise, grayscale, vertical_flip]}\n"
    "      encoder:   {type: encoder.cnn, in: views, widths: [16, 32], weights: ../w/other.safetensors}\n"
    "      projector: {type: projector.mlp, in: encoder, widths: 64, batching: separate}\n"
    "      loss:      {type: loss.nt_xent, in: projector}\n"
    "      optimizer: {type: optimizer.sgd, in: loss, lr: {steps: 0.1, at: [500 steps], factor: 0.1}}\n"
    "  linear:\n"
    "    epochs: 5\n"
    "    nodes:\n"
    "      few:       {type: source.digits, fraction: 0.1}\n"
    "      encoder:   {use: pretrain.encoder, in: few, freeze: true}\n"
    "      head:      {type: head.classifier, in: encoder, classes: 10}\n"
    "      loss:      {type: loss.cross_entropy, in: {logits: head, target: few.label}}\n"
    "      optimizer: {type: optimizer.adamw, in: loss}\n";

static const char moco[] =
    "version: 1\n"
    "name: moco-like\n"
    "family: contrastive\n"
    "about: A momentum encoder and a queue of negatives.\n"
    "phases:\n"
    "  pretrain:\n"
    "    epochs: 20\n"
    "    nodes:\n"
    "      digits:    {type: source.digits, batch: 128}\n"
    "      view_q:    {type: augment, in: digits, ops: [horizontal_flip]}\n"
    "      view_k:    {type: augment, in: digits, ops: [horizontal_flip]}\n"
    "      encoder:   {type: encoder.mlp, in: view_q}\n"
    "      projector: {type: projector.mlp, in: encoder}\n"
    "      key:       {type: toy.momentum, of: [encoder, projector], in: view_k, momentum: 0.99}\n"
    "      queue:     {type: toy.queue, in: key, size: 4096}\n"
    "      loss:      {type: toy.info_nce, in: {query: projector, positive: key, negatives: queue}}\n"
    "      optimizer: {type: optimizer.sgd, in: loss}\n"
    "  rotation:\n"
    "    epochs: 2\n"
    "    nodes:\n"
    "      images:    {type: source.digits}\n"
    "      rotate:    {type: toy.rotation, in: images}\n"
    "      encoder:   {type: encoder.mlp, in: rotate}\n"
    "      head:      {type: head.classifier, in: encoder, classes: 4}\n"
    "      loss:      {type: loss.cross_entropy, in: {logits: head, target: rotate.label}}\n"
    "      optimizer: {type: optimizer.sgd, in: loss}\n";

static void test_golden(void **state)
{
    (void)state;
    run r;
    start(&r, simclr);
    check_golden(&r, "simclr.dot", (sdag_viz_options){.format = SDAG_VIZ_DOT});
    check_golden(&r, "simclr.mmd", (sdag_viz_options){.format = SDAG_VIZ_MERMAID});
    check_golden(&r, "simclr-predict.mmd", (sdag_viz_options){.format = SDAG_VIZ_MERMAID, .only_phase_plus1 = 3});
    keep(&r, "simclr.png");
    end(&r);
    start(&r, views);
    check_golden(&r, "views.dot", (sdag_viz_options){.format = SDAG_VIZ_DOT});
    check_golden(&r, "views.mmd", (sdag_viz_options){.format = SDAG_VIZ_MERMAID});
    keep(&r, "views.png");
    end(&r);
    start(&r, moco);
    check_golden(&r, "moco.mmd", (sdag_viz_options){.format = SDAG_VIZ_MERMAID});
    keep(&r, "moco.png");
    end(&r);
}

/* What the texts must say, whatever their layout. */
static void test_content(void **state)
{
    (void)state;
    run r;
    start(&r, simclr);
    const char *text = draw(&r, (sdag_viz_options){.format = SDAG_VIZ_MERMAID});
    assert_non_null(strstr(text, "p1_encoder ==> p1_model\n")); /* weights go on through the model of the phase */
    assert_non_null(strstr(text, "p1_model ==> p2_encoder\n"));
    assert_non_null(strstr(text, "p2_model ==> p3_head\n"));
    assert_null(strstr(text, "p1_encoder ==> p2_encoder\n"));
    assert_non_null(strstr(text, "p1_model[\"<b>pre-trained model</b><br/>encoder\"]:::pretrained"));
    assert_non_null(strstr(text, "p2_model[\"<b>fine-tuned model</b><br/>encoder, head\"]:::finetuned"));
    assert_non_null(strstr(text, "<b>PULL TOGETHER</b><br/>views of one sample<br/><b>PUSH APART</b><br/>all other"));
    assert_non_null(strstr(text, "p1_projector -->|\"z_i, z_j\"| p1_loss\n"));
    assert_non_null(strstr(text, "p1_view_j -->|\"view_j\"| p1_encoder\n"));
    assert_non_null(strstr(text, "Phase 2: finetune</b><br/>downstream task (fine-tuning)<br/>20 epochs"));
    text = draw(&r, (sdag_viz_options){.format = SDAG_VIZ_MERMAID, .shapes = SDAG_VIZ_SHAPES_WIRES});
    assert_non_null(strstr(text, "p1_projector -->|\"z_i, z_j<br/>f32[512,64]\"| p1_loss\n"));
    assert_non_null(strstr(text, "label \u2192 target<br/>i32[50]"));
    text = draw(&r, (sdag_viz_options){.format = SDAG_VIZ_MERMAID, .ops = true, .only_phase_plus1 = 1});
    assert_non_null(strstr(text, "<b>conv2d</b><br/>f32[512,8,8,16]<br/>conv1.weight"));
    assert_non_null(strstr(text, "<b>softmax_xent</b>"));
    assert_null(strstr(text, "num_batches_tracked"));
    assert_null(strstr(text, "Phase 2"));
    end(&r);
    start(&r, moco);
    text = draw(&r, (sdag_viz_options){.format = SDAG_VIZ_MERMAID});
    assert_non_null(strstr(text, "p1_encoder -.->|\"moving average\"| p1_key\n"));
    assert_non_null(strstr(text, "p1_queue -.->|\"no gradient<br/>negatives\"| p1_loss\n"));
    assert_non_null(strstr(text, "p2_rotate{\"<b>rotate</b>"));
    assert_non_null(strstr(text, "p2_rotate -->|\"pseudo-labels<br/>label \u2192 target\"| p2_loss\n"));
    end(&r);
}

/* ---- sound, whatever the names ---- */

/* Every line is one that mermaid.c writes: none was made by a text. */
static void check_mermaid_lines(run *r)
{
    static const char *const starts[] = {"%% ", "flowchart TD", "subgraph phase_", "end",
                                         "p",   "classDef ",    "style phase_"};
    char *save, *text = sdag_arena_str(&r->a, draw(r, (sdag_viz_options){.format = SDAG_VIZ_MERMAID}));
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        bool known = false;
        for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
            known |= strncmp(line + strspn(line, " "), starts[i], strlen(starts[i])) == 0;
        if (!known) fail_msg("%s", line);
        int quotes = 0;
        for (const char *c = line; *c; c++) quotes += *c == '"';
        if (quotes % 2 || quotes > 2) fail_msg("%s", line);
        assert_null(strstr(line, "<script"));
        assert_null(strstr(line, "%%{"));
        assert_null(strstr(line, "$$"));
    }
}

static void test_hostile(void **state)
{
    (void)state;
    for (size_t i = 0; sketch_hostile[i]; i++) {
        run r;
        start(&r, i % 2 ? moco : simclr);
        const char *text = sketch_hostile[i];
        sdag_gnode *n = &r.g->nodes[3];
        sdag_node_type type = *n->type;
        sdag_port outs[] = {{text, "f32[B,D]", text, 0}, {0}};
        type.name = type.brief = type.pulls = type.pushes = text;
        type.outs = outs;
        n->type = &type;
        r.g->name = r.g->family = r.g->about = text;
        for (int k = 0; k < r.g->n_phases; k++) r.g->phases[k].name = r.g->phases[k].about = text;
        for (int k = 0; k < r.g->n_nodes; k++) {
            r.g->nodes[k].name = text;
            for (int p = 0; p < r.g->nodes[k].n_in; p++)
                for (int w = 0; w < r.g->nodes[k].in[p].n; w++) r.g->nodes[k].in[p].refs[w].view = text;
        }
        n->weights = text;
        check_sound(&r, (sdag_viz_options){0});
        check_mermaid_lines(&r);
        end(&r);
    }
}

/* The same texts through a file, where it takes them: about, option values. */
static void test_hostile_file(void **state)
{
    (void)state;
    static char yaml[8192], quoted[1024];
    for (size_t i = 0; sketch_hostile[i]; i++) {
        size_t n = 0;
        if (i == 7) continue; /* no UTF-8: refused by the parser */
        for (const char *c = sketch_hostile[i]; *c; c++)
            n += (size_t)snprintf(quoted + n, sizeof quoted - n,
                                  strchr("\"\\", *c) || (unsigned char)*c < 32 || *c == 127 ? "\\x%02x" : "%c",
                                  (unsigned char)*c);
        quoted[n] = 0;
        snprintf(yaml, sizeof yaml,
                 "version: 1\nname: a--b\nabout: \"%s\"\nphases:\n  end:\n    about: \"%s\"\n    nodes:\n"
                 "      end: {type: source.digits}\n      a--b: {type: encoder.mlp, in: end, weights: \"x%s\"}\n"
                 "      a-_b: {type: toy.queue, in: a--b, note: \"%s\"}\n      a_-b: {type: sink.csv, in: a-_b, path: "
                 "x.csv}\n",
                 quoted, quoted, quoted, quoted);
        run r;
        start(&r, yaml);
        check_sound(&r, (sdag_viz_options){0});
        check_mermaid_lines(&r);
        end(&r);
    }
}

static void test_sound(void **state)
{
    (void)state;
    static const char *const all[] = {simclr, views};
    for (size_t i = 0; i < 2; i++) {
        run r;
        start(&r, all[i]);
        check_sound(&r, (sdag_viz_options){0});
        check_sound(&r, (sdag_viz_options){.shapes = SDAG_VIZ_SHAPES_WIRES});
        check_sound(&r, (sdag_viz_options){.ops = true});
        end(&r);
    }
    char why[200]; /* the checker itself */
    static const char *const bad[] = {"<svg>",
                                      "<svg></g>",
                                      "<svg/><svg/>",
                                      "<svg>&nbsp;</svg>",
                                      "<svg a=\"1\" a=\"2\"/>",
                                      "<svg>\x01</svg>",
                                      "<svg><script/></svg>",
                                      "<svg onload=\"x\"/>",
                                      "<svg><!-- -- --></svg>",
                                      "<svg>]]></svg>",
                                      "<svg a=\"<\"/>",
                                      "<svg href=\"x\"/>",
                                      "x<svg/>",
                                      "<svg>&#1;</svg>"};
    assert_true(xml_is_sound("<?xml version=\"1.0\"?><svg a=\"&amp;\">x&#45;<g/></svg>\n", 52, why));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(xml_is_sound(bad[i], strlen(bad[i]), why));
}

/* ---- formats and files ---- */

static void test_formats(void **state)
{
    (void)state;
    run r;
    start(&r, simclr);
    draw(&r, (sdag_viz_options){.format = SDAG_VIZ_PNG});
    assert_memory_equal(r.out, "\x89PNG\r\n\x1a\n", 8);
    assert_memory_equal(r.out + r.len - 8, "IEND\xae\x42\x60\x82", 8);
    draw(&r, (sdag_viz_options){.format = SDAG_VIZ_PDF});
    assert_memory_equal(r.out, "%PDF-", 5);
    assert_non_null(memmem(r.out, r.len, "(D:19700101000000", 17));
    const char *path = temp_path("g.svg");
    assert_int_equal(sdag_viz_file(&r.a, r.log, r.g, path, &(sdag_viz_options){0}), SDAG_OK);
    size_t n;
    uint8_t *svg = temp_read(&n, "g.svg");
    draw(&r, (sdag_viz_options){0});
    assert_int_equal(n, r.len);
    assert_memory_equal(svg, r.out, n);
    assert_int_equal(temp_count(), 1);
    free(svg);
    assert_int_equal(sdag_viz_file(&r.a, r.log, r.g, temp_path("none/g.svg"), &(sdag_viz_options){0}), SDAG_IO);
    assert_int_equal(sdag_log_errors(r.log), 1);
    end(&r);
}

/* Two graphs, in turns and from two threads: the same bytes as alone. */
typedef struct turn {
    const char *text, *expected;
    bool same;
} turn;

static void *draw_again(void *arg)
{
    turn *t = arg;
    t->same = true;
    for (int i = 0; i < 3; i++) {
        run r;
        start(&r, t->text);
        t->same &= strcmp(draw(&r, (sdag_viz_options){0}), t->expected) == 0;
        end(&r);
    }
    return NULL;
}

static void test_same_bytes(void **state)
{
    (void)state;
    run a, b;
    start(&a, simclr);
    start(&b, moco);
    turn turns[] = {{simclr, draw(&a, (sdag_viz_options){0}), false}, {moco, draw(&b, (sdag_viz_options){0}), false}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, draw_again, &turns[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    assert_true(turns[0].same && turns[1].same);
    end(&a);
    end(&b);
}

/* ---- limits ---- */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* n nodes in all: a source, layers that each read the one before, or (wide) one of the last 20, a sink. */
static const char *chain(int n, bool wide)
{
    static char text[1 << 20];
    size_t at = (size_t)snprintf(text, sizeof text,
                                 "version: 1\nname: chain\nphases:\n  p:\n    nodes:\n"
                                 "      n0: {type: source.digits}\n");
    uint32_t seed = 1;
    for (int i = 1; i < n - 1; i++) {
        seed = seed * 1664525u + 1013904223u;
        int from = wide ? i - 1 - (int)((seed >> 16) % (uint32_t)(i < 20 ? i : 20)) : i - 1;
        at += (size_t)snprintf(text + at, sizeof text - at, "      n%d: {type: encoder.mlp, in: n%d}\n", i, from);
    }
    snprintf(text + at, sizeof text - at, "      out: {type: sink.npy, in: n%d, path: x.npy}\n", n - 2);
    return text;
}

static void test_large(void **state)
{
    (void)state;
    static const struct {
        int n;
        bool wide;
    } sizes[] = {{40, false}, {300, false}, {300, true}, {SDAG_VIZ_NODES_MAX, false}, {SDAG_VIZ_NODES_MAX, true}};
    run r;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        start(&r, chain(sizes[i].n, sizes[i].wide));
        double t = seconds();
        draw(&r, (sdag_viz_options){0});
        t = seconds() - t;
        printf("%d nodes, %s: %.0f ms, %zu bytes of SVG\n", sizes[i].n, sizes[i].wide ? "a tree" : "a chain", 1e3 * t,
               r.len);
        if (sizes[i].n <= 300) assert_true(t < 2); /* what people wait for without wondering */
        if (sizes[i].n == 40) keep(&r, "chain.png");
        if (sizes[i].n == 300 && sizes[i].wide) keep(&r, "tree.png");
        end(&r);
    }
    start(&r, chain(SDAG_VIZ_NODES_MAX + 1, false));
    assert_non_null(strstr(draw(&r, (sdag_viz_options){0}), "1001 nodes"));
    assert_null(strstr(r.out, ">n17<"));
    assert_non_null(strstr(draw(&r, (sdag_viz_options){.format = SDAG_VIZ_DOT}), "n17"));
    end(&r);
}

static void test_too_many_ops(void **state)
{
    (void)state;
    run r;
    start(&r, chain(900, false));
    r.options = (sdag_viz_options){.ops = true};
    assert_int_equal(sdag_arena_try(&r.a, viz, &r), SDAG_USAGE);
    assert_true(temp_says(r.log, "are too many to be laid out: take --format dot"));
    end(&r);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    static const sdag_viz_options all[] = {{.format = SDAG_VIZ_DOT}, {.format = SDAG_VIZ_MERMAID}, {0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        sdag_status status = SDAG_NOMEM;
        for (uint64_t n = 1; status && n < 1000; n++) {
            run r;
            start(&r, views);
            r.options = all[i];
            sdag_alloc_fail(n, true);
            status = sdag_arena_try(&r.a, viz, &r);
            sdag_alloc_fail(0, false);
            assert_true(status == SDAG_OK || status == SDAG_NOMEM);
            end(&r);
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
        cmocka_unit_test(test_golden),        cmocka_unit_test(test_content), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_hostile_file),  cmocka_unit_test(test_sound),   cmocka_unit_test(test_formats),
        cmocka_unit_test(test_same_bytes),    cmocka_unit_test(test_large),   cmocka_unit_test(test_too_many_ops),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, stop);
}
