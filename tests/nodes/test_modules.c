/* Modules beside the built-in types that they are built as: a residual network, a projector and a loss, as one node of
 * a phase each. The programs must be the same, and so must every value, gradient and weight, to the bit, over ten
 * steps; with views joined and separate, frozen, followed by a momentum node, taken over by a later phase; for one
 * thread and for two. And a block whose parts are nodes of their own, where the built-in one has them in one operation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/formula.h"
#include "tests/support/pipeline.h"

enum { TEXT_MAX = 8000, STEPS = 10 };

static const char head[] =
    "version: 1\n"
    "modules:\n"
    "  block:\n"
    "    params: {width: int, stride: {type: int, default: 1, min: 1}}\n"
    "    in: x\n"
    "    nodes:\n"
    "      conv1: {type: layer.conv2d, in: x, width: $width, stride: $stride}\n"
    "      bn1: {type: layer.batch_norm, in: conv1, relu: true}\n"
    "      conv2: {type: layer.conv2d, in: bn1, width: $width}\n"
    "      downsample: {type: layer.shortcut, in: x, width: $width, stride: $stride}\n"
    "      bn2: {type: layer.batch_norm, in: {x: conv2, add: downsample}, relu: true}\n"
    "    out: bn2\n"
    "  loose_block:\n"
    "    params: {width: int, stride: 1}\n"
    "    in: x\n"
    "    nodes:\n"
    "      conv1: {type: layer.conv2d, in: x, width: $width, stride: $stride}\n"
    "      bn1: {type: layer.batch_norm, in: conv1}\n"
    "      relu1: {type: layer.relu, in: bn1}\n"
    "      conv2: {type: layer.conv2d, in: relu1, width: $width}\n"
    "      bn2: {type: layer.batch_norm, in: conv2}\n"
    "      downsample: {type: layer.shortcut, in: x, width: $width, stride: $stride}\n"
    "      sum: {type: layer.add, in: {x: bn2, y: downsample}}\n"
    "      relu2: {type: layer.relu, in: sum}\n"
    "    out: relu2\n"
    "  resnet:\n"
    "    params: {blocks: 2}\n"
    "    in: {x: \"f32[B,H,W,C]\"}\n"
    "    nodes:\n"
    "      conv1: {type: layer.conv2d, in: x, width: 2}\n"
    "      bn1: {type: layer.batch_norm, in: conv1, relu: true}\n"
    "      layer1: {type: module.BLOCK, in: bn1, width: 2, repeat: $blocks}\n"
    "      layer2: {type: module.BLOCK, in: layer1, width: 4, repeat: $blocks, first: {stride: 2}}\n"
    "      layer3: {type: module.BLOCK, in: layer2, width: 8, repeat: $blocks, first: {stride: 2}}\n"
    "      layer4: {type: module.BLOCK, in: layer3, width: 16, repeat: $blocks, first: {stride: 2}}\n"
    "      pool: {type: layer.global_pool, in: layer4}\n"
    "    out: {features: pool, map: layer4}\n"
    "  mlp:\n"
    "    params: {widths: [6, 4]}\n"
    "    in: x\n"
    "    nodes:\n"
    "      flat: {type: layer.flatten, in: x}\n"
    "      0: {type: layer.linear, in: flat, width: 6, bias: false}\n"
    "      1: {type: layer.batch_norm, in: 0, relu: true}\n"
    "      3: {type: layer.linear, in: 1, width: 4}\n"
    "    out: {z: 3}\n"
    "  contrast:\n"
    "    params: {temperature: 0.5}\n"
    "    in: z\n"
    "    nodes: {pairs: {type: loss.nt_xent, in: z, temperature: $temperature}}\n"
    "    out: {loss: pairs}\n"
    "phases:\n";

static const char sources[] =
    "      data: {type: source.formula, count: 64, size: 6, channels: 2, key: 1, batch: 6}\n"
    "      other: {type: source.formula, count: 64, size: 6, channels: 2, key: 2, batch: 6}\n";

/* What stands where ENCODER, PROJECTOR and LOSS stand in a row. */
typedef struct words {
    const char *encoder, *projector, *loss, *block;
} words;

static const words built_in = {"encoder.resnet, depth: 18, stem: small, width: 2", "projector.mlp, widths: [6, 4]",
                               "loss.nt_xent, temperature: 0.2", "block"};
static const words modules = {"module.resnet", "module.mlp", "module.contrast, temperature: 0.2", "block"};
static const words loose = {"module.resnet", "module.mlp", "module.contrast, temperature: 0.2", "loose_block"};

static void put_words(char *to, const char *text, const words *w)
{
    const struct {
        const char *word, *with;
    } all[] = {{"ENCODER", w->encoder}, {"PROJECTOR", w->projector}, {"LOSS", w->loss}, {"BLOCK", w->block}};
    size_t n = strlen(to);
    while (*text) {
        size_t i = 0, k = sizeof all / sizeof *all;
        while (i < k && strncmp(text, all[i].word, strlen(all[i].word))) i++;
        const char *add = i < k ? all[i].with : text;
        size_t len = i < k ? strlen(add) : 1;
        assert_true(n + len < TEXT_MAX);
        memcpy(to + n, add, len);
        to[n += len] = 0;
        text += i < k ? strlen(all[i].word) : 1;
    }
}

/* ---- two pipelines side by side */

typedef struct twin {
    char text[TEXT_MAX];
    pipeline p;
    pipeline_options o;
} twin;

static void start(twin *t, const char *nodes, const words *w, const char *phase, int threads, int steps)
{
    t->text[0] = 0;
    put_words(t->text, head, w);
    put_words(t->text, "  a:\n    steps: 20\n    nodes:\n", w);
    put_words(t->text, sources, w);
    put_words(t->text, nodes, w);
    t->o = (pipeline_options){.yaml = t->text,
                              .phase = phase,
                              .types = formula_types,
                              .fill = formula_weight,
                              .train = true,
                              .threads = threads};
    if (pipeline_open(&t->p, &t->o)) fail_msg("the pipeline does not open:\n%s", t->text);
    for (int i = 0; i < steps; i++) assert_int_equal(pipeline_step(&t->p), SDAG_OK);
}

static void same_tensor(sdag_tensor a, sdag_tensor b, const char *node, const char *name)
{
    size_t bytes = 0;
    assert_true((a.data == NULL) == (b.data == NULL));
    if (!a.data) return;
    if (a.dtype != b.dtype || !sdag_shape_equal(a.shape, b.shape)) fail_msg("%s.%s has another shape", node, name);
    assert_true(sdag_shape_bytes(&bytes, a.dtype, a.shape));
    if (memcmp(a.data, b.data, bytes)) fail_msg("%s.%s differs", node, name);
}

static void same_values(const twin *a, const twin *b)
{
    static const char *const ports[][2] = {
        {"encoder", "features"}, {"encoder", "map"}, {"projector", "z"}, {"loss", "loss"}, {"target", "out"}};
    const sdag_lowered *l = a->p.lowered;
    int n = 0;
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        if (sdag_graph_find(a->p.graph, a->p.request.phase, ports[i][0]) < 0) continue;
        same_tensor(pipeline_value(&a->p, ports[i][0], ports[i][1]), pipeline_value(&b->p, ports[i][0], ports[i][1]),
                    ports[i][0], ports[i][1]);
        n++;
    }
    assert_true(n >= 3);
    assert_int_equal(l->program.states.n, b->p.lowered->program.states.n);
    for (int i = 0; i < l->program.states.n; i++) {
        const sdag_state *s = &l->program.states.at[i];
        same_tensor(pipeline_state(&a->p, s->node, s->name), pipeline_state(&b->p, s->node, s->name), s->node, s->name);
        if (s->flags & SDAG_STATE_TRAINED)
            same_tensor(pipeline_grad(&a->p, s->node, s->name), pipeline_grad(&b->p, s->node, s->name), s->node,
                        s->name);
    }
}

/* Without the lines that say which node the operations are of: "   # encoder.layer1.0.conv1". */
static void drop_remarks(char *text)
{
    char *to = text;
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n');
        size_t n = end ? (size_t)(end - line) + 1 : strlen(line);
        if (strncmp(line, "   # ", 5)) {
            memmove(to, line, n);
            to += n;
        }
        line += n;
    }
    *to = 0;
}

static void same_programs(twin *a, twin *b)
{
    sdag_str x = {.a = &a->p.arena}, y = {.a = &b->p.arena};
    sdag_lowered_print(&x, a->p.lowered);
    sdag_lowered_print(&y, b->p.lowered);
    assert_true(x.n > 1000);
    drop_remarks(x.at);
    drop_remarks(y.at);
    if (strcmp(x.at, y.at)) fail_msg("the programs differ:\n%s\n%s", x.at, y.at);
}

/* ---- the rows */

static const char *const rows[] = {
    "      encoder: {type: ENCODER, in: [data, other]}\n"
    "      projector: {type: PROJECTOR, in: encoder}\n"
    "      loss: {type: LOSS, in: projector}\n"
    "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1, momentum: 0.9}\n",

    "      encoder: {type: ENCODER, in: [data, other], batching: separate}\n"
    "      projector: {type: PROJECTOR, in: encoder, batching: separate}\n"
    "      loss: {type: LOSS, in: projector}\n"
    "      optimizer: {type: optimizer.adamw, in: loss, lr: 0.01}\n",

    "      encoder: {type: ENCODER, in: [data, other], freeze: true}\n"
    "      projector: {type: PROJECTOR, in: encoder.map}\n"
    "      loss: {type: LOSS, in: [projector.data, projector.other]}\n"
    "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n",

    "      encoder: {type: ENCODER, in: data}\n"
    "      projector: {type: PROJECTOR, in: encoder}\n"
    "      target: {type: momentum, of: [encoder, projector], in: other, momentum: 0.9}\n"
    "      loss: {type: LOSS, in: [projector, target]}\n"
    "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n",
};
enum { ROWS = sizeof rows / sizeof *rows };

static void test_same(void **state)
{
    (void)state;
    static twin a, b;
    for (int r = 0; r < ROWS; r++)
        for (int threads = 1; threads <= 2; threads++) {
            start(&a, rows[r], &built_in, NULL, threads, STEPS);
            start(&b, rows[r], &modules, NULL, threads, STEPS);
            same_programs(&a, &b);
            same_values(&a, &b);
            pipeline_close(&a.p);
            pipeline_close(&b.p);
        }
}

/* The weights start by their names, so that the same node starts alike whatever it is made of. */
static void test_initial(void **state)
{
    (void)state;
    static twin a, b;
    start(&a, rows[0], &built_in, NULL, 1, 0);
    start(&b, rows[0], &modules, NULL, 1, 0);
    const sdag_program *p = &a.p.lowered->program, *q = &b.p.lowered->program;
    assert_int_equal(p->states.n, q->states.n);
    for (int i = 0; i < p->states.n; i++) {
        const sdag_state *s = &p->states.at[i], *t = &q->states.at[i];
        assert_string_equal(s->node, t->node);
        assert_string_equal(s->name, t->name);
        assert_true(s->init.rule == t->init.rule && s->init.a == t->init.a && s->flags == t->flags);
    }
    pipeline_close(&a.p);
    pipeline_close(&b.p);
}

/* A norm, a sum and a relu that are nodes of their own round as the one operation does. */
static void test_loose(void **state)
{
    (void)state;
    static twin a, b;
    for (int r = 0; r < 2; r++) {
        start(&a, rows[r], &built_in, NULL, 2, STEPS);
        start(&b, rows[r], &loose, NULL, 2, STEPS);
        same_values(&a, &b);
        pipeline_close(&a.p);
        pipeline_close(&b.p);
    }
}

static void test_use(void **state)
{
    (void)state;
    static const char nodes[] = "      encoder: {type: ENCODER, in: data}\n"
                                "      projector: {type: PROJECTOR, in: encoder}\n"
                                "      predictor: {type: projector.mlp, in: projector, widths: [4]}\n"
                                "      loss: {type: LOSS, in: [projector, predictor]}\n"
                                "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n"
                                "  b:\n    steps: 20\n    nodes:\n"
                                "      few: {type: source.formula, count: 64, size: 6, channels: 2, batch: 6}\n"
                                "      encoder: {use: a.encoder, in: few}\n"
                                "      projector: {use: a.projector, in: encoder, freeze: true}\n"
                                "      loss: {type: loss.cross_entropy, in: {logits: encoder, target: few.label}}\n"
                                "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n";
    static twin a, b;
    start(&a, nodes, &built_in, "b", 2, STEPS);
    start(&b, nodes, &modules, "b", 2, STEPS);
    same_programs(&a, &b);
    same_values(&a, &b);
    pipeline_close(&a.p);
    pipeline_close(&b.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same), cmocka_unit_test(test_initial),
                                       cmocka_unit_test(test_loose), cmocka_unit_test(test_use)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
