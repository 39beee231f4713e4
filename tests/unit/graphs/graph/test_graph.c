/* The graph stage, on node types of its own: options, wires, views, phases, and every message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/base/alloc.h"
#include "graphs/graph/graph.h"
#include "graphs/graph/inspect.h"
#include "graphs/graph/options.h"
#include "graphs/graph/schema.h"
#include "graphs/graph/words.h"

/* ---- node types ---- */

typedef struct {
    int64_t batch;
    int split;
    const char *path;
} source;
static const char *const splits[] = {"train", "test", NULL};
static const sdag_opt source_opts[] = {
    SDAG_INT(source, batch, 64, 1, 1 << 20, "samples in a batch"),
    SDAG_ENUM(source, split, 0, splits, "which part"),
    SDAG_PATH(source, path, NULL, "where it is"),
    {0},
};
static const sdag_port source_outs[] = {{"image", "image", "pixels", 0}, {"label", "i32[B]", "classes", 0}, {0}};

typedef struct {
    double unused;
    sdag_floats degrees;
    bool fill;
} turn;
static const sdag_opt turn_opts[] = {
    SDAG_F32S(turn, degrees, "[-5, 5]", -360, 360, "range"),
    SDAG_BOOL(turn, fill, false, "fill the corners"),
    {0},
};
static const char *turn_check(const void *opts)
{
    return ((const turn *)opts)->degrees.n == 2 ? NULL : "degrees is a range, [from, to]";
}
static const sdag_record_type rec_turn = {
    .name = "turn", .brief = "Turns.", .opts = turn_opts, .opts_size = sizeof(turn), .check = turn_check};
static const sdag_record_type rec_flip = {.name = "flip", .brief = "Flips.", .example = "flip"};
static const sdag_record_type *const recs[] = {&rec_turn, &rec_flip, NULL};
typedef struct {
    sdag_records ops;
    int64_t views;
} augment;
static const sdag_opt augment_opts[] = {
    SDAG_RECORDS(augment, ops, recs, "transforms in order"),
    SDAG_INT(augment, views, 1, 1, 64, "how many"),
    {0},
};
static const sdag_port image_in[] = {{"image", "image", "pixels", 0}, {0}};
static const sdag_port image_out[] = {{"image", "image", "pixels", 0}, {0}};

typedef struct {
    int64_t depth;
    sdag_ints widths;
} encoder;
static const sdag_opt encoder_opts[] = {
    SDAG_INT(encoder, depth, 18, 1, 200, "layers"),
    SDAG_INTS(encoder, widths, "[64, 64]", 1, 4096, "widths of the layers"),
    {0},
};
static const char *encoder_check(const void *opts)
{
    return ((const encoder *)opts)->depth == 13 ? "a depth of 13 does not work" : NULL;
}
static const sdag_port any_in[] = {{"x", "f32[B,...]", "images or features", 0}, {0}};
static const sdag_port features_out[] = {{"features", "f32[B,D]", "features", 0}, {0}};

typedef struct {
    int64_t classes;
} head;
static const sdag_opt head_opts[] = {SDAG_INT_REQ(head, classes, 2, 1000, "number of classes"), {0}};

typedef struct {
    float temperature;
    bool normalize;
} pair_loss;
static const sdag_opt pair_opts[] = {
    SDAG_F32(pair_loss, temperature, 0.5, 1e-3, 10, "small = harder negatives"),
    SDAG_BOOL(pair_loss, normalize, true, "unit length first"),
    {0},
};
static const sdag_port pair_ins[] = {{"views", "f32[B,D]", "two views", SDAG_PORT_BUNDLE}, {0}};
static const sdag_port xent_ins[] = {{"logits", "f32[B,C]", "scores", 0}, {"target", "i32[B]", "classes", 0}, {0}};
static const sdag_port loss_out[] = {{"loss", "f32[]", "mean", 0}, {0}};

typedef struct {
    sdag_schedule lr;
    float decay;
} sgd;
static const sdag_opt sgd_opts[] = {
    SDAG_SCHEDULE(sgd, lr, 0.1, 0, 100, "learning rate"),
    SDAG_F32(sgd, decay, 0, 0, 1, "weight decay"),
    {0},
};
static const sdag_port sgd_ins[] = {{"loss", "f32[]", "what to lessen", 0}, {0}};

typedef struct {
    int64_t k;
} knn;
static const sdag_opt knn_opts[] = {SDAG_INT(knn, k, 20, 1, 1000, "neighbours"), {0}};
static const sdag_port knn_ins[] = {
    {"of", "f32[B,...]", "the encoder", SDAG_PORT_KEY | SDAG_PORT_EVAL},
    {"bank", "image", "known", SDAG_PORT_KEY | SDAG_PORT_DATA},
    {"query", "image", "asked", SDAG_PORT_KEY | SDAG_PORT_DATA | SDAG_PORT_OPTIONAL},
    {0},
};

typedef struct {
    const char *path;
    sdag_strs names;
    sdag_duration wait;
} csv;
static const sdag_opt csv_opts[] = {
    SDAG_STR(csv, path, "out.csv", "file in the run's folder"),
    SDAG_STRS(csv, names, "", "columns"),
    SDAG_DURATION(csv, wait, "2 epochs", "when to start"),
    {0},
};
static const sdag_port csv_ins[] = {
    {"logits", "f32[B,C]|i32[B]", "columns", 0}, {"id", "i32[B]", "ids", SDAG_PORT_OPTIONAL}, {0}};

static const sdag_node_type t_source = {.name = "source.toy",
                                        .brief = "A toy set.",
                                        .role = SDAG_ROLE_SOURCE,
                                        .opts = source_opts,
                                        .opts_size = sizeof(source),
                                        .outs = source_outs,
                                        .example = "{type: source.toy, split: test}"};
static const sdag_node_type t_augment = {.name = "augment",
                                         .brief = "Views.",
                                         .role = SDAG_ROLE_AUGMENT,
                                         .opts = augment_opts,
                                         .opts_size = sizeof(augment),
                                         .ins = image_in,
                                         .outs = image_out,
                                         .example = "{type: augment, in: s, ops: [flip]}"};
static const sdag_node_type t_encoder = {.name = "encoder.toy",
                                         .brief = "An encoder.",
                                         .role = SDAG_ROLE_ENCODER,
                                         .opts = encoder_opts,
                                         .opts_size = sizeof(encoder),
                                         .ins = any_in,
                                         .outs = features_out,
                                         .maps = true,
                                         .trains = true,
                                         .paper = "Nobody 1999",
                                         .example = "{type: encoder.toy, in: s}",
                                         .check = encoder_check};
static const sdag_node_type t_head = {.name = "head.toy",
                                      .brief = "A head.",
                                      .role = SDAG_ROLE_HEAD,
                                      .opts = head_opts,
                                      .opts_size = sizeof(head),
                                      .ins = any_in,
                                      .outs = features_out,
                                      .maps = true,
                                      .trains = true,
                                      .example = "{type: head.toy, in: e, classes: 2}"};
static const sdag_port momentum_ins[] = {
    {"of", "f32[B,...]", "followed", SDAG_PORT_KEY | SDAG_PORT_EVAL}, {"x", "f32[B,...]", "images", 0}, {0}};
static const sdag_node_type t_momentum = {.name = "momentum",
                                          .brief = "A moving average.",
                                          .role = SDAG_ROLE_MOMENTUM,
                                          .ins = momentum_ins,
                                          .outs = features_out,
                                          .maps = true,
                                          .example = "{type: momentum, of: e, in: s}"};
static const sdag_node_type t_pair = {.name = "loss.pair",
                                      .brief = "A loss between views.",
                                      .role = SDAG_ROLE_LOSS,
                                      .opts = pair_opts,
                                      .opts_size = sizeof(pair_loss),
                                      .ins = pair_ins,
                                      .outs = loss_out,
                                      .example = "{type: loss.pair, in: e}"};
static const sdag_node_type t_xent = {.name = "loss.xent",
                                      .brief = "A loss.",
                                      .role = SDAG_ROLE_LOSS,
                                      .ins = xent_ins,
                                      .outs = loss_out,
                                      .example = "{type: loss.xent, in: {logits: h, target: s.label}}"};
static const sdag_node_type t_sgd = {.name = "optimizer.toy",
                                     .brief = "Steps.",
                                     .role = SDAG_ROLE_OPTIMIZER,
                                     .opts = sgd_opts,
                                     .opts_size = sizeof(sgd),
                                     .ins = sgd_ins,
                                     .example = "{type: optimizer.toy, in: l, lr: {cosine: [0.1, 0]}}"};
static const sdag_node_type t_knn = {.name = "probe.toy",
                                     .brief = "A probe.",
                                     .role = SDAG_ROLE_PROBE,
                                     .opts = knn_opts,
                                     .opts_size = sizeof(knn),
                                     .ins = knn_ins,
                                     .example = "{type: probe.toy, of: e, bank: s}"};
static const sdag_node_type t_csv = {.name = "sink.toy",
                                     .brief = "A table.",
                                     .role = SDAG_ROLE_SINK,
                                     .opts = csv_opts,
                                     .opts_size = sizeof(csv),
                                     .ins = csv_ins,
                                     .example = "{type: sink.toy, in: e}"};
static const sdag_node_type *const types[] = {&t_source, &t_augment, &t_encoder, &t_head, &t_momentum,
                                              &t_pair,   &t_xent,    &t_sgd,     &t_knn,  &t_csv};
static const sdag_catalog catalog = {.types = types, .n = sizeof types / sizeof types[0]};

/* ---- one run of the stage ---- */

typedef struct run {
    sdag_arena a;
    sdag_log *log;
    sdag_status status;
    sdag_graph *g;
    const char *text;
    sdag_spec_set sets[2];
    int n_sets;
    sdag_str said; /* "LINE:COL: error: ...", a line each */
} run;

static sdag_status run_stages(void *arg)
{
    run *r = arg;
    const sdag_spec *raw, *spec;
    sdag_status s = sdag_spec_parse(&raw, &r->a, r->log, "dir/toy.yaml", r->text, strlen(r->text));
    if (!s) s = sdag_spec_resolve(&spec, &r->a, r->log, raw, r->sets, r->n_sets);
    return s ? s : sdag_graph_build(&r->g, &r->a, r->log, spec, &catalog);
}

static void run_start(run *r, const char *text)
{
    static const char *const levels[] = {
        [SDAG_DETAIL] = "detail", [SDAG_NOTE] = "note", [SDAG_WARNING] = "warning", [SDAG_ERROR] = "error"};
    sdag_arena_init(&r->a);
    r->log = sdag_log_create(NULL);
    assert_non_null(r->log);
    r->text = text;
    r->status = sdag_arena_try(&r->a, run_stages, r);
    r->said = (sdag_str){.a = &r->a};
    sdag_str_add(&r->said, "");
    for (int i = 0; i < sdag_log_count(r->log); i++) {
        const sdag_diag *d = sdag_log_at(r->log, i);
        sdag_str_addf(&r->said, "%d:%d: %s: %s\n", d->loc.line, d->loc.col, levels[d->level], d->text);
    }
}

static void run_end(run *r)
{
    sdag_log_destroy(r->log);
    sdag_arena_free(&r->a);
}

static const sdag_gnode *node(const run *r, int phase, const char *name)
{
    int32_t i = sdag_graph_find(r->g, phase, name);
    assert_true(i >= 0);
    return &r->g->nodes[i];
}

/* ---- good files ---- */

static const char good[] =
    "version: 1\n"
    "name: toy\n"
    "family: contrastive\n"
    "about: A toy.\n"
    "seed: 7\n"
    "let:\n"
    "  views: &views [{turn: {degrees: [-90, 1e1]}}, flip, turn, flip: null]\n"
    "phases:\n"
    "  pretrain:\n"
    "    epochs: 30\n"
    "    checkpoint: 500 steps\n"
    "    nodes:\n"
    "      knn:    {type: probe.toy, of: enc, bank: s, query: {type: source.toy, split: test}, every: 5 epochs}\n"
    "      loss:   {type: loss.pair, in: proj, temperature: 0.2}\n"
    "      opt:    {type: optimizer.toy, in: loss, lr: {cosine: [0.5, 0], warmup: 2 epochs}}\n"
    "      proj:   {type: encoder.toy, in: enc, widths: 128, batching: separate, weights: w/a.safetensors}\n"
    "      enc:    {type: encoder.toy, in: [a, b]}\n"
    "      a:      {type: augment, in: s, ops: *views}\n"
    "      b:      {type: augment, in: s.image, ops: *views}\n"
    "      s:      {type: source.toy, path: data/x, batch: 8}\n"
    "  finetune:\n"
    "    steps: 100\n"
    "    about: With labels.\n"
    "    nodes:\n"
    "      few:  {type: source.toy}\n"
    "      enc:  {use: pretrain.enc, in: few.image, freeze: true}\n"
    "      head: {type: head.toy, in: enc, classes: 10}\n"
    "      loss: {type: loss.xent, in: {logits: head, target: few.label}}\n"
    "      opt:  {type: optimizer.toy, in: loss,\n"
    "             lr: {steps: 0.1, at: [3 epochs, 4 epochs], factor: 0.5}}\n"
    "  predict:\n"
    "    nodes:\n"
    "      test: {type: source.toy, split: test}\n"
    "      enc:  {use: finetune.enc, in: test}\n"
    "      head: {use: finetune.head, in: enc.features}\n"
    "      out:  {type: sink.toy, in: {logits: head, id: test.label}, names: [\"a b\", true]}\n";

static const char good_text[] = "graph toy, contrastive, seed 7\n"
                                "\n"
                                "phase pretrain: 30 epochs, trained by opt, checkpoint every 500 steps\n"
                                "  s: source.toy\n"
                                "    batch: 8\n"
                                "    path: dir/data/x\n"
                                "  a: augment\n"
                                "    image <- s.image\n"
                                "    ops:\n"
                                "      - turn: {degrees: [-90, 10]}\n"
                                "      - flip\n"
                                "      - turn\n"
                                "      - flip\n"
                                "  b: augment\n"
                                "    image <- s.image\n"
                                "    ops:\n"
                                "      - turn: {degrees: [-90, 10]}\n"
                                "      - flip\n"
                                "      - turn\n"
                                "      - flip\n"
                                "  enc: encoder.toy\n"
                                "    x <- [a.image, b.image]\n"
                                "  knn.query: source.toy\n"
                                "    split: test\n"
                                "  knn: probe.toy\n"
                                "    of <- enc.features\n"
                                "    bank <- s.image\n"
                                "    query <- knn.query.image\n"
                                "    every: 5 epochs\n"
                                "  proj: encoder.toy\n"
                                "    x <- enc.features\n"
                                "    widths: [128]\n"
                                "    weights: dir/w/a.safetensors\n"
                                "    batching: separate\n"
                                "  loss: loss.pair\n"
                                "    views <- proj.features\n"
                                "    temperature: 0.2\n"
                                "  opt: optimizer.toy\n"
                                "    loss <- loss.loss\n"
                                "    lr: {cosine: [0.5, 0], warmup: 2 epochs}\n"
                                "\n"
                                "phase finetune: 100 steps, trained by opt\n"
                                "  few: source.toy\n"
                                "  enc: encoder.toy\n"
                                "    x <- few.image\n"
                                "    use: pretrain.enc\n"
                                "    freeze: true\n"
                                "  head: head.toy\n"
                                "    x <- enc.features\n"
                                "    classes: 10\n"
                                "  loss: loss.xent\n"
                                "    logits <- head.features\n"
                                "    target <- few.label\n"
                                "  opt: optimizer.toy\n"
                                "    loss <- loss.loss\n"
                                "    lr: {steps: 0.1, at: [3 epochs, 4 epochs], factor: 0.5}\n"
                                "\n"
                                "phase predict: one pass\n"
                                "  test: source.toy\n"
                                "    split: test\n"
                                "  enc: encoder.toy\n"
                                "    x <- test.image\n"
                                "    use: finetune.enc\n"
                                "  head: head.toy\n"
                                "    x <- enc.features\n"
                                "    use: finetune.head\n"
                                "  out: sink.toy\n"
                                "    logits <- head.features\n"
                                "    id <- test.label\n"
                                "    names: [\"a b\", \"true\"]\n";

static void test_good(void **state)
{
    (void)state;
    run r = {0};
    run_start(&r, good);
    assert_string_equal(r.said.at, "");
    assert_int_equal(r.status, SDAG_OK);
    sdag_str s = {.a = &r.a};
    sdag_graph_print(&s, r.g);
    assert_string_equal(s.at, good_text);

    assert_string_equal(r.g->file, "dir/toy.yaml");
    assert_string_equal(r.g->phases[1].about, "With labels.");
    assert_int_equal(node(&r, 0, "knn")->loc.line, 13);
    assert_int_equal(sdag_gnode_opt_loc(node(&r, 0, "loss"), "temperature").col, 56);
    assert_int_equal(sdag_gnode_opt_loc(node(&r, 0, "loss"), "normalize").col, 7);
    assert_int_equal(sdag_graph_find(r.g, 2, "s"), -1);
    const sdag_gnode *enc = node(&r, 0, "enc"), *used = node(&r, 2, "enc");
    assert_true(enc->in[0].bundle && enc->in[0].n == 2);
    assert_string_equal(sdag_ref_name(&r.a, r.g, &enc->in[0].refs[1]), "b");
    assert_string_equal(sdag_ref_name(&r.a, r.g, &node(&r, 2, "out")->in[1].refs[0]), "test.label");
    assert_ptr_equal(used->opts, enc->opts);
    assert_true(used->use > enc->use);
    const csv *out = node(&r, 2, "out")->opts;
    assert_string_equal(out->path, "out.csv");
    assert_true(out->wait.n == 2 && out->wait.unit == SDAG_EPOCHS);
    run_end(&r);
}

static void test_views(void **state)
{
    (void)state;
    run r = {0};
    run_start(&r, "version: 1\n"
                  "phases:\n"
                  "  p:\n"
                  "    epochs: 1\n"
                  "    nodes:\n"
                  "      s: {type: source.toy}\n"
                  "      v: {type: augment, in: s, ops: [], views: 3}\n"
                  "      e: {type: encoder.toy, in: v}\n"
                  "      two: {type: encoder.toy, in: [e.view_1, e.features.view_3]}\n"
                  "      one: {type: head.toy, in: e.view_2, classes: 2}\n"
                  "      list: {type: loss.xent, in: {logits: [one], target: [s.label]}}\n"
                  "      l: {type: loss.pair, in: two}\n"
                  "      o: {type: optimizer.toy, in: l}\n"
                  "      c: {type: sink.toy, in: {type: encoder.toy, in: [{type: augment, in: s, ops: []}], "
                  "freeze: true}}\n");
    assert_string_equal(r.said.at,
                        "10:7: error: no gradient reaches 'one': 'o' does not depend on it; wire it into the "
                        "loss or set freeze: true\n");
    run_end(&r);

    run_start(&r, "version: 1\n"
                  "phases:\n"
                  "  p:\n"
                  "    nodes:\n"
                  "      s: {type: source.toy}\n"
                  "      v: {type: augment, in: s, ops: [], views: 3}\n"
                  "      e: {type: encoder.toy, in: v}\n"
                  "      two: {type: encoder.toy, in: [e.view_1, e.features.view_3]}\n"
                  "      list: {type: loss.xent, in: {logits: [e.view_2], target: [s.label]}}\n"
                  "      l: {type: loss.pair, in: two}\n"
                  "      c: {type: sink.toy, in: {type: encoder.toy, in: [{type: augment, in: s, ops: []}]}}\n");
    assert_string_equal(r.said.at, "9:7: warning: nothing reads 'list': it has no effect\n"
                                   "10:7: warning: nothing reads 'l': it has no effect\n");
    assert_int_equal(r.status, SDAG_OK);
    const sdag_wires *in = node(&r, 0, "two")->in;
    assert_string_equal(in->refs[0].view, "view_1");
    assert_string_equal(sdag_ref_name(&r.a, r.g, &in->refs[1]), "view_3");
    assert_false(node(&r, 0, "list")->in[0].bundle); /* a list of one is that one */
    assert_string_equal(node(&r, 0, "c.logits.x.1")->type->name, "augment");
    run_end(&r);
}

static void test_sets(void **state)
{
    (void)state;
    run r = {.sets = {{"pretrain.nodes.s.path", "../y"}, {"pretrain.epochs", "2"}}, .n_sets = 2};
    run_start(&r, good);
    assert_string_equal(r.said.at, "");
    assert_string_equal(((const source *)node(&r, 0, "s")->opts)->path, "../y"); /* from where the command was typed */
    assert_true(r.g->phases[0].length.n == 2);
    run_end(&r);

    run_start(
        &r,
        "version: 1\nphases: {p: {nodes: {s: {type: source.toy, path: /abs/z}, c: {type: sink.toy, in: s.label}}}}\n");
    assert_true(r.status == SDAG_INVALID); /* there is no phase pretrain to set */
    run_end(&r);
    r = (run){0};
    run_start(
        &r,
        "version: 1\nphases: {p: {nodes: {s: {type: source.toy, path: /abs/z}, c: {type: sink.toy, in: s.label}}}}\n");
    assert_string_equal(((const source *)node(&r, 0, "s")->opts)->path, "/abs/z");
    assert_string_equal(r.g->name, "toy"); /* of the file */
    run_end(&r);
}

/* ---- bad files ---- */

typedef struct bad {
    const char *text, *said;
} bad;

static void check_bad(const bad *cases, size_t n, const char *frame)
{
    for (size_t i = 0; i < n; i++) {
        run r = {0};
        char text[8192];
        snprintf(text, sizeof text, frame, cases[i].text);
        run_start(&r, text);
        assert_string_equal(r.said.at, cases[i].said);
        assert_int_equal(r.status, SDAG_INVALID);
        assert_null(r.g);
        run_end(&r);
    }
}
#define CHECK_BAD(cases, frame) check_bad(cases, sizeof(cases) / sizeof *(cases), frame)

static void test_top(void **state)
{
    (void)state;
    static const bad cases[] = {
        {"name: x", "1:1: error: the key 'version' is missing: start the file with 'version: 1'\n"
                    "1:1: error: the key 'phases' is missing\n"},
        {"version: 2\nphases: {}", "1:10: error: version is 2, expected 1\n"
                                   "2:9: error: phases is empty, expected a map of phases\n"},
        {"version: 1\nphases: [a]\nseeed: 1\nseed: -1\nfamily: contrast\nname: a/b\nmodules: 3",
         "2:9: error: phases is a list, expected a map of phases\n"
         "3:1: error: unknown key 'seeed'; did you mean 'seed'?\n"
         "4:7: error: seed is -1, expected at least 0\n"
         "5:9: error: family is 'contrast', expected generative, contrastive, non-contrastive or pretext\n"
         "6:7: error: name is 'a/b', expected letters, digits, '_', '-' and '.', a letter or digit first: it "
         "names the folder of the run\n"
         "7:10: error: modules is one value, expected a map of modules\n"},
        {"version: 1\nphases:\n  p: 3\n  q: {epoch: 3}\n  1x: {nodes: [a]}\n  r: {epochs: 3, steps: 0, nodes: {}}",
         "3:6: error: phase 'p' is one value, expected a map with 'nodes'\n"
         "4:3: error: phase 'q' has no nodes\n"
         "4:7: error: unknown key 'epoch' in phase 'q'; did you mean 'epochs'?\n"
         "5:3: error: '1x' cannot name a phase: use letters, digits, _ and -, a letter first\n"
         "5:15: error: 1x.nodes is a list, expected a map of nodes\n"
         "6:15: error: phase 'r' has no optimizer, so it is one pass: remove 'epochs' or add an optimizer\n"
         "6:25: error: r.steps is 0, expected at least 1\n"
         "6:25: error: phase 'r' has both 'epochs' and 'steps', expected one of them\n"
         "6:35: error: r.nodes is empty, expected a map of nodes\n"},
    };
    CHECK_BAD(cases, "%s\n");
}

/* Lines 5 and on; the rest of the phase is sound. */
static const char frame[] = "version: 1\nphases:\n  p:\n    nodes:\n%s\n"
                            "      s: {type: source.toy}\n      z: {type: sink.toy, in: s.label}\n";

static void test_options(void **state)
{
    (void)state;
    static const bad cases[] = {
        {"      x: {type: source.toy, batch: 0, split: tset, path: [a], bach: 3}",
         "5:36: error: source.toy.batch is 0, expected 1 .. 1048576\n"
         "5:46: error: source.toy.split is 'tset', expected train or test; did you mean 'test'?\n"
         "5:58: error: source.toy.path is a list, expected a path\n"
         "5:63: error: unknown option 'bach' of source.toy; did you mean 'batch'?\n"},
        {"      x: {type: source.toy, batch: \"8\"}\n      y: {type: source.toy, batch: 1.5}\n"
         "      w: {type: source.toy, batch: }",
         "5:36: error: source.toy.batch is the text \"8\", expected an integer, 1 .. 1048576\n"
         "6:36: error: source.toy.batch is 1.5, expected an integer, 1 .. 1048576\n"
         "7:36: error: source.toy.batch is empty, expected an integer, 1 .. 1048576\n"},
        {"      x: {type: loss.pair, in: s, temperature: 50}\n      y: {type: loss.pair, in: s, temperature: hot, "
         "normalize: yes}",
         "5:32: error: 's.image' gives image, but port 'views' of loss.pair takes f32[B,D]\n"
         "5:48: error: loss.pair.temperature is 50, expected 0.001 .. 10\n"
         "6:32: error: 's.image' gives image, but port 'views' of loss.pair takes f32[B,D]\n"
         "6:48: error: loss.pair.temperature is 'hot', expected a number, 0.001 .. 10\n"
         "6:64: error: loss.pair.normalize is 'yes', expected true or false\n"},
        {"      x: {type: encoder.toy, in: s, widths: [8, 0, a]}\n      y: {type: encoder.toy, in: s, depth: 13}\n"
         "      h: {type: head.toy, in: y}",
         "5:49: error: encoder.toy.widths[1] is 0, expected 1 .. 4096\n"
         "5:52: error: encoder.toy.widths[2] is 'a', expected an integer, 1 .. 4096\n"
         "6:7: error: encoder.toy: a depth of 13 does not work\n"
         "7:7: error: head.toy needs the option 'classes' (number of classes)\n"},
        {"      x: {type: sink.toy, in: s.label, wait: 5}\n      y: {type: sink.toy, in: s.label, wait: 5 days}\n"
         "      w: {type: sink.toy, in: s.label, wait: -1 epochs}\n      v: {type: sink.toy, in: s.label, wait: 1.5 "
         "steps}",
         "5:46: error: sink.toy.wait is 5, expected a unit: '5 epochs' or '5 steps'\n"
         "6:46: error: sink.toy.wait is '5 days', expected a duration such as '2 epochs' or '100 steps'\n"
         "7:46: error: sink.toy.wait is '-1 epochs', expected at least 0\n"
         "8:46: error: sink.toy.wait is '1.5 steps', expected whole steps\n"},
        {"      x: {type: augment, in: s, ops: [trun, {turn: {degreees: 3}}, {turn: 3}, [], {}, {turn: {degrees: "
         "3}}]}\n"
         "      y: {type: augment, in: s, ops: flip}\n"
         "      w:\n        type: augment\n        in: s\n        ops:\n          - turn:\n            degrees: 3\n"
         "      v: {type: augment, in: s}",
         "5:39: error: unknown record 'trun' in augment.ops[0]; did you mean 'turn'?\n"
         "5:53: error: unknown option 'degreees' of augment.turn; did you mean 'degrees'?\n"
         "5:75: error: augment.turn is one value, expected a map of options\n"
         "5:79: error: augment.ops[3] is a list, expected a name or {name: {options}}\n"
         "5:83: error: augment.ops[4] is empty, expected a name or {name: {options}}\n"
         "5:88: error: augment.turn: degrees is a range, [from, to]\n"
         "6:38: error: augment.ops is one value, expected a list\n"
         "12:13: error: 'degrees' stands beside 'turn', expected it inside: {turn: {degrees: ...}}\n"
         "13:7: error: augment needs the option 'ops' (transforms in order)\n"},
        {"      x: {type: source.toy, freeze: true, weights: a, every: 1 epochs}\n      y: {type: sink.toy, logits: "
         "s.label, id: s.label}",
         "5:29: error: 'freeze' does not apply: source.toy has no weights\n"
         "5:43: error: 'weights' does not apply: source.toy has no weights\n"
         "5:55: error: 'every' does not apply: source.toy is no probe\n"
         "6:7: error: port 'logits' of 'y' (sink.toy) is not connected\n"
         "6:27: error: 'logits' is a port of sink.toy: write in: {logits: ...}\n"
         "6:44: error: 'id' is a port of sink.toy: write in: {id: ...}\n"},
        {"      x: {type: encoder.toy, in: s, freeze: 1, batching: both, weights: {a: b}}\n"
         "      y: {type: probe.toy, of: x, bank: s, every: 3}\n      w: {type: probe.toy, of: x, bank: s, every: 0 "
         "steps}",
         "5:45: error: encoder.toy.freeze is 1, expected true or false\n"
         "5:58: error: encoder.toy.batching is 'both', expected joint or separate\n"
         "5:73: error: encoder.toy.weights is a map, expected a path\n"
         "6:51: error: probe.toy.every is 3, expected a unit: '3 epochs' or '3 steps'\n"
         "7:51: error: probe.toy.every is 0, expected more than that\n"},
    };
    CHECK_BAD(cases, frame);
}

static void test_schedules(void **state)
{
    (void)state;
    static const char schedule_frame[] =
        "version: 1\nphases:\n  p:\n    epochs: 1\n    nodes:\n      s: {type: source.toy}\n      e: {type: head.toy, "
        "in: s, classes: 2}\n      l: {type: loss.pair, in: e}\n      o: {type: optimizer.toy, in: l, lr:\n%s}\n";
    static const bad cases[] = {
        {"fast", "10:1: error: optimizer.toy.lr is 'fast', expected a number, 0 .. 100\n"},
        {"-1", "10:1: error: optimizer.toy.lr is -1, expected 0 .. 100\n"},
        {"[1, 2]", "10:1: error: optimizer.toy.lr is a list, expected a number or a schedule such as {cosine: [0.1, "
                   "0]}\n"},
        {"{cosin: [1, 0]}", "10:2: error: unknown key 'cosin' in optimizer.toy.lr; did you mean 'cosine'?\n"},
        {"{cosine: 1}", "10:10: error: optimizer.toy.lr.cosine is one value, expected two numbers, [from, to]\n"},
        {"{cosine: [1, 0, 0]}",
         "10:10: error: optimizer.toy.lr.cosine is a list of 3, expected two numbers, [from, to]\n"},
        {"{linear: [1, 101], warmup: 2}",
         "10:14: error: optimizer.toy.lr.linear is 101, expected 0 .. 100\n"
         "10:28: error: optimizer.toy.lr.warmup is 2, expected a unit: '2 epochs' or '2 steps'\n"},
        {"{warmup: 2 epochs}",
         "10:1: error: optimizer.toy.lr names no schedule, expected constant, cosine, linear or steps\n"},
        {"{cosine: [1, 0], linear: [1, 0]}",
         "10:18: error: optimizer.toy.lr has both 'cosine' and 'linear', expected one of them\n"},
        {"{steps: 1}", "10:1: error: optimizer.toy.lr has no milestones: add at: [30 epochs, 60 epochs]\n"},
        {"{steps: 1, at: [3 epochs, 2 epochs, 7 steps], factor: -1}",
         "10:27: error: optimizer.toy.lr.at[1] is '2 epochs' after '3 epochs', expected rising milestones\n"
         "10:55: error: optimizer.toy.lr.factor is -1, expected 0 .. 1000\n"},
        {"{steps: 1, at: [3 epochs, 7 steps]}",
         "10:27: error: optimizer.toy.lr.at counts in epochs and in steps, expected one unit\n"},
        {"{constant: 1, at: 3 epochs}", "10:15: error: 'at' belongs to {steps: ...}, not to {constant: ...}\n"},
    };
    CHECK_BAD(cases, schedule_frame);
}

static void test_wires(void **state)
{
    (void)state;
    static const bad cases[] = {
        {"      x: {type: encodr.toy, in: ss}\n      y: {in: s}\n      w: 3\n      v: {type: }\n      1: {type: "
         "source.toy}",
         "5:17: error: unknown type 'encodr.toy'; did you mean 'encoder.toy'?\n"
         "5:33: error: unknown node 'ss'; did you mean 's'?\n"
         "6:7: error: node 'y' has no type: {type: ..., ...}\n"
         "7:10: error: node 'w' is one value, expected a map: {type: ..., ...}\n"
         "8:17: error: the type of 'v' is empty, expected a name such as encoder.resnet\n"
         "9:7: error: '1' cannot name a node: use letters, digits, _ and -, a letter first\n"},
        {"      projector: {type: encoder.toy, in: s}\n      x: {type: sink.toy, in: projectr}",
         "6:31: error: unknown node 'projectr'; did you mean 'projector'?\n"},
        {"      x: {type: sink.toy, in: {logits: s.lable, idd: s.label}}\n      y: {type: sink.toy, in: z}\n"
         "      w: {type: sink.toy, in: s.label.a}\n      v: {type: sink.toy}",
         "5:40: error: unknown port 'lable' of 's' (source.toy); did you mean 'label'?\n"
         "5:49: error: unknown port 'idd' of sink.toy; did you mean 'id'?\n"
         "6:31: error: 'z' (sink.toy) has no output\n"
         "7:31: error: 's' (source.toy) carries no views\n"
         "8:7: error: port 'logits' of 'v' (sink.toy) is not connected\n"},
        {"      x: {type: loss.xent, in: {logits: s, target: s}}",
         "5:41: error: 's.image' gives image, but port 'logits' of loss.xent takes f32[B,C]\n"
         "5:52: error: 's.image' gives image, but port 'target' of loss.xent takes i32[B]\n"},
        {"      x: {type: source.toy, in: s}\n      y: {type: probe.toy, in: s}\n      w: {type: probe.toy, of: s, "
         "bank: e}\n"
         "      e: {type: encoder.toy, in: s}",
         "5:29: error: source.toy takes no inputs\n"
         "6:7: error: port 'of' of 'y' (probe.toy) is not connected\n"
         "6:7: error: port 'bank' of 'y' (probe.toy) is not connected\n"
         "6:28: error: probe.toy has no 'in': its inputs are the keys of:, bank:, query:\n"
         "7:41: error: port 'bank' of probe.toy takes data, such as a source; 'e' is encoder.toy\n"},
        {"      a: {type: encoder.toy, in: b}\n      b: {type: encoder.toy, in: c}\n      c: {type: encoder.toy, in: "
         "a}\n"
         "      d: {type: encoder.toy, in: d}",
         "7:34: error: a cycle: a -> c -> b -> a\n"
         "8:34: error: a cycle: d -> d\n"},
        {"      e: {type: encoder.toy, in: [s, s]}\n      f: {type: encoder.toy, in: [e.s, g]}\n"
         "      g: {type: encoder.toy, in: [a, b]}\n      a: {type: augment, in: s, ops: []}\n"
         "      b: {type: augment, in: s, ops: []}\n      w: {type: sink.toy, in: g}\n"
         "      v: {type: sink.toy, in: g.c}\n      u: {type: sink.toy, in: [g.a, g.b]}",
         "5:38: error: two views of the list are called 's'\n"
         "10:31: error: port 'logits' of sink.toy takes one value, and 'g' carries 2 views: name one, such as g.a\n"
         "11:31: error: unknown port or view 'c' of 'g' (encoder.toy); did you mean 'a'?\n"
         "12:37: error: two producers for port 'logits' of 'u', which takes one value: a, b\n"},
        {"      e: {type: encoder.toy, in: s}\n      m: {type: momentum, of: [e], in: {x: s, of: e}}\n"
         "      n: {type: momentum, of: [e, e], in: s, freeze: true}",
         "6:27: error: two producers for port 'of' of 'm'; the first is on line 6\n"
         "7:35: error: 'e' stands twice in the list\n"
         "7:46: error: 'freeze' does not apply: momentum has no weights\n"},
        {"      e: {type: encoder.toy, in: []}\n      f: {type: encoder.toy, in: [[s]]}\n      g: {type: encoder.toy, "
         "in: {x: }}\n"
         "      h: {type: encoder.toy, in: }\n      i: {type: encoder.toy, in: {x: {y: z}}}",
         "5:34: error: an empty list of wires into 'e'\n"
         "6:35: error: the wire into 'x' of 'f' is a list, expected the name of a node\n"
         "7:38: error: the wire into 'x' of 'g' is empty, expected the name of a node\n"
         "8:34: error: the 'in' of 'h' is empty, expected a wire\n"
         "9:38: error: the wire into 'x' of 'i' is a map, expected the name of a node\n"},
        {"      e: {type: encoder.toy, in: {type: sourc.toy}}\n      f: {type: encoder.toy, in: {type: source.toy, "
         "batch: 0}}\n"
         "      g: {type: encoder.toy, in: {type: sink.toy, in: s.label}}",
         "5:41: error: unknown type 'sourc.toy'; did you mean 'source.toy'?\n"
         "6:60: error: source.toy.batch is 0, expected 1 .. 1048576\n"
         "7:34: error: 'g.x' (sink.toy) has no output\n"},
    };
    CHECK_BAD(cases, frame);
}

static void test_phases(void **state)
{
    (void)state;
    static const char two[] =
        "version: 1\nphases:\n  one:\n    epochs: 1\n    nodes:\n      s: {type: source.toy}\n"
        "      enc: {type: head.toy, in: s, classes: 2}\n      l: {type: loss.pair, in: enc}\n"
        "      o: {type: optimizer.toy, in: l}\n  two:\n    nodes:\n      t: {type: source.toy}\n%s\n"
        "      c: {type: sink.toy, in: t.label}\n  three:\n    nodes:\n      s: {type: source.toy}\n"
        "      enc: {use: one.enc, in: s}\n      c: {type: sink.toy, in: enc}\n";
    static const bad cases[] = {
        {"      e: {use: one.encc, in: t}\n      f: {use: onne.enc, in: t}\n      g: {use: three.enc, in: t}\n"
         "      h: {use: two.e, in: t}\n      i: {use: enc, in: t}\n      j: {use: one.s}\n      k: {use: }",
         "13:16: error: unknown node 'encc' in phase 'one'; did you mean 'enc'?\n"
         "14:16: error: unknown phase 'onne'; did you mean 'one'?\n"
         "15:16: error: phase 'three' comes after 'two': 'use' takes over a node of an earlier one\n"
         "16:16: error: 'two.e' is in this phase: 'use' takes over a node of an earlier one; wire with 'in'\n"
         "17:16: error: use is 'enc', expected phase.node\n"
         "18:16: error: 'one.s' is source.toy, which has no weights to take over\n"
         "19:16: error: use is empty, expected phase.node\n"},
        {"      e: {use: one.enc, in: t, classes: 3, weights: a, type: head.toy}\n      f: {type: sink.toy, in: enc}\n"
         "      g: {type: sink.toy, in: one.enc}",
         "13:32: error: 'classes' stands beside 'use': the options are those of one.enc\n"
         "13:44: error: 'weights' stands beside 'use', which brings type, options and weights\n"
         "13:56: error: 'type' stands beside 'use', which brings type, options and weights\n"
         "14:31: error: unknown node 'enc' in phase 'two'; that of phase 'one' comes in with {use: one.enc, "
         "...}\n"
         "15:31: error: 'one.enc' is a node of another phase: give this one a node {use: one.enc, ...}\n"},
        {"      e: {use: one.enc, in: t}\n      l: {type: loss.pair, in: e}\n      o: {type: optimizer.toy, in: l}\n"
         "      p: {type: optimizer.toy, in: l}",
         "10:3: error: phase 'two' trains, so it needs a length: add 'epochs: 10' or 'steps: 1000'\n"
         "16:7: error: phase 'two' has two optimizers, 'o' and 'p', expected one\n"},
    };
    CHECK_BAD(cases, two);
}

/* The same part of the file is read wherever an alias repeats it, and speaks once. */
static void test_said_once(void **state)
{
    (void)state;
    run r = {0};
    run_start(&r, "version: 1\nlet: {v: &v [{turn: {degrees: x}}]}\nphases: {p: {nodes: {s: {type: source.toy},\n"
                  "  a: {type: augment, in: s, ops: *v}, b: {type: augment, in: s, ops: *v}}}}\n");
    assert_string_equal(r.said.at, "2:31: error: augment.turn.degrees is 'x', expected a number, -360 .. 360\n");
    run_end(&r);
}

/* Far more errors than anyone reads, and a chain far longer than a stack of calls would bear. */
static void test_many(void **state)
{
    (void)state;
    run r = {0};
    sdag_arena a;
    sdag_arena_init(&a);
    sdag_str s = {.a = &a};
    sdag_str_add(&s, "version: 1\nphases:\n  p:\n    nodes:\n      s: {type: source.toy}\n");
    for (int i = 0; i < 3000; i++) sdag_str_addf(&s, "      n%d: {type: encoder.toy, in: n%d}\n", i, i + 1);
    sdag_str str = {.a = &a};
    sdag_str_addf(&str, "%s      n3000: {type: encoder.toy, in: s}\n", s.at);
    run_start(&r, str.at);
    assert_int_equal(r.status, SDAG_OK);
    run_end(&r);
    r = (run){0};
    sdag_str_add(&s, "      n3000: {type: encoder.toy, in: n0}\n");
    run_start(&r, s.at);
    assert_non_null(strstr(r.said.at, "a cycle: n0 -> n3000 -> n2999 "));
    assert_non_null(strstr(r.said.at, " -> ... -> n1 -> n0\n"));
    run_end(&r);

    r = (run){0};
    s = (sdag_str){.a = &a};
    sdag_str_add(&s, "version: 1\nphases:\n  p:\n    nodes:\n");
    for (int i = 0; i < 5000; i++) sdag_str_addf(&s, "      n%d: {type: encoder.toi, in: s}\n", i);
    run_start(&r, s.at);
    assert_int_equal(sdag_log_errors(r.log), SDAG_READER_ERRORS_MAX);
    assert_non_null(strstr(r.said.at, "note: more than 100 errors; the others are not shown\n"));
    run_end(&r);
    sdag_arena_free(&a);
}

/* ---- out of memory ---- */

static sdag_status schema_stage(void *arg)
{
    char *text;
    return sdag_schema_text(&text, arg, &catalog);
}

/* The n-th allocation fails, and all later ones or it alone, for every n that there is. */
static void test_nomem(void **state)
{
    (void)state;
    for (int forever = 0; forever < 2; forever++)
        for (uint64_t n = 1, count = n; n <= count; n++) {
            run r = {.text = good};
            sdag_arena_init(&r.a);
            r.log = sdag_log_create(NULL);
            uint64_t before = sdag_alloc_count();
            sdag_alloc_fail(n, forever);
            r.status = sdag_arena_try(&r.a, run_stages, &r);
            sdag_alloc_fail(0, false);
            assert_true(r.status == SDAG_NOMEM || r.status == SDAG_OK);
            if (sdag_alloc_count() - before >= n) count = n + 1;
            run_end(&r);
        }
    sdag_arena a;
    for (int forever = 0; forever < 2; forever++)
        for (uint64_t n = 1, count = n; n <= count; n += 7) { /* it allocates much in the same way */
            sdag_arena_init(&a);
            uint64_t before = sdag_alloc_count();
            sdag_alloc_fail(n, forever);
            sdag_status status = sdag_arena_try(&a, schema_stage, &a);
            sdag_alloc_fail(0, false);
            assert_true(status == SDAG_NOMEM || status == SDAG_OK);
            if (sdag_alloc_count() - before >= n) count = n + 7;
            sdag_arena_free(&a);
        }
}

/* ---- what the tables say ---- */

static void test_inspect(void **state)
{
    (void)state;
    sdag_arena a;
    sdag_arena_init(&a);
    sdag_log *log = sdag_log_create(NULL);
    sdag_str s = {.a = &a};
    assert_int_equal(sdag_inspect(&s, log, &catalog, NULL), SDAG_OK);
    assert_string_equal(s.at, "source     source.toy     A toy set.\n"
                              "augment    augment        Views.\n"
                              "encoder    encoder.toy    An encoder.\n"
                              "momentum   momentum       A moving average.\n"
                              "loss       loss.pair      A loss between views.\n"
                              "           loss.xent      A loss.\n"
                              "optimizer  optimizer.toy  Steps.\n"
                              "head       head.toy       A head.\n"
                              "probe      probe.toy      A probe.\n"
                              "sink       sink.toy       A table.\n"
                              "math       expr           A formula over wires: a loss, or any value, without C.\n");
    s = (sdag_str){.a = &a};
    assert_int_equal(sdag_inspect(&s, log, &catalog, "encoder.toy"), SDAG_OK);
    assert_string_equal(s.at, "encoder.toy -- An encoder.\n"
                              "Nobody 1999\n"
                              "A bundle of views goes through it with one set of weights.\n"
                              "\n"
                              "  {type: encoder.toy, in: s}\n"
                              "\n"
                              "inputs\n"
                              "  x  f32[B,...]  required  images or features\n"
                              "\n"
                              "outputs\n"
                              "  features  f32[B,D]  features\n"
                              "\n"
                              "options\n"
                              "  depth   integer           18        1 .. 200   layers\n"
                              "  widths  list of integers  [64, 64]  1 .. 4096  widths of the layers\n"
                              "\n"
                              "common keys\n"
                              "  type      the node type\n"
                              "  use       phase.node: type, options and trained weights of a node of an\n"
                              "            earlier phase\n"
                              "  in        the wires that enter: node, node.port, [a, b] or {port: wire}\n"
                              "  freeze    true stops the training of its weights\n"
                              "  weights   a safetensors file to start from\n"
                              "  batching  joint: batch statistics see all views together; separate: one view\n"
                              "            at a time\n");
    s = (sdag_str){.a = &a};
    assert_int_equal(sdag_inspect(&s, log, &catalog, "augment"), SDAG_OK);
    assert_non_null(strstr(s.at, "ops is a list of\n"
                                 "  turn -- Turns.\n"
                                 "      degrees  list of numbers  [-5, 5]  -360 .. 360  range\n"
                                 "      fill     boolean          false                 fill the corners\n"
                                 "\n"
                                 "  flip -- Flips.\n"
                                 "      flip\n"));
    assert_int_equal(sdag_inspect(&s, log, &catalog, "encodr.toy"), SDAG_USAGE);
    assert_string_equal(sdag_log_at(log, 0)->text, "unknown node type 'encodr.toy'; did you mean 'encoder.toy'?");
    sdag_log_destroy(log);
    sdag_arena_free(&a);
}

static void test_schema(void **state)
{
    (void)state;
    sdag_arena a;
    char *text;
    sdag_arena_init(&a);
    assert_int_equal(sdag_schema_text(&text, &a, &catalog), SDAG_OK);
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *defs = json_object_get(j, "definitions");
    assert_non_null(j);
    json_t *encoder_node = json_object_get(defs, "node.encoder.toy"),
           *keys = json_object_get(encoder_node, "properties");
    assert_non_null(json_object_get(keys, "depth"));
    assert_non_null(json_object_get(keys, "freeze"));
    json_t *probe = json_object_get(json_object_get(defs, "node.probe.toy"), "properties");
    assert_non_null(json_object_get(probe, "of"));
    assert_null(json_object_get(probe, "in"));
    json_t *required = json_object_get(json_object_get(defs, "node.head.toy"), "required");
    assert_string_equal(json_string_value(json_array_get(required, 0)), "classes");
    json_decref(j);
    sdag_arena_free(&a);
}

static void test_words(void **state)
{
    (void)state;
    char buf[40];
    static const struct {
        double v;
        const char *text;
    } numbers[] = {{0.001, "0.001"},   {-0.0025, "-0.0025"}, {1e-4, "0.0001"},
                   {1.5e-5, "1.5e-5"}, {50, "50"},           {0.5, "0.5"}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        assert_string_equal(sdag_number_text(buf, numbers[i].v), numbers[i].text);
    assert_string_equal(sdag_float_text(buf, 0.003f), "0.003");
    sdag_duration d;
    assert_true(sdag_parse_duration(&d, "1 epoch") && d.n == 1 && d.unit == SDAG_EPOCHS);
    assert_true(sdag_parse_duration(&d, "1e3  steps") && d.n == 1000 && d.unit == SDAG_STEPS);
    assert_false(sdag_parse_duration(&d, "epochs") || sdag_parse_duration(&d, "3epochs") ||
                 sdag_parse_duration(&d, ""));
    assert_false(sdag_parse_duration(&d, "3 ") || sdag_parse_duration(&d, " 3 epochs") ||
                 sdag_parse_duration(&d, "3 epochs "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),   cmocka_unit_test(test_views),   cmocka_unit_test(test_sets),
        cmocka_unit_test(test_top),    cmocka_unit_test(test_options), cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_wires),  cmocka_unit_test(test_phases),  cmocka_unit_test(test_said_once),
        cmocka_unit_test(test_many),   cmocka_unit_test(test_nomem),   cmocka_unit_test(test_inspect),
        cmocka_unit_test(test_schema), cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
