/* modules: of a file: what parameters become, which names are seen where, rows of nodes, what the types made for uses
 * are like, and that a hostile file is refused at once. What is wrong with a module is for tests/bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/alloc.h"
#include "graphs/graph/graph.h"
#include "graphs/graph/words.h"

typedef struct run {
    sdag_arena a;
    sdag_log *log;
    sdag_graph *g;
    const char *text;
    sdag_status status;
} run;

static sdag_status stages(void *arg)
{
    run *r = arg;
    const sdag_spec *raw, *spec;
    sdag_catalog c = {0};
    c.types = sdag_node_types(&c.n);
    sdag_status s = sdag_spec_parse(&raw, &r->a, r->log, "t.yaml", r->text, strlen(r->text));
    if (!s) s = sdag_spec_resolve(&spec, &r->a, r->log, raw, NULL, 0);
    return s ? s : sdag_graph_build(&r->g, &r->a, r->log, spec, &c);
}

static void start(run *r, const char *text)
{
    *r = (run){.text = text};
    sdag_arena_init(&r->a);
    r->log = sdag_log_create(NULL);
    assert_non_null(r->log);
    r->status = sdag_arena_try(&r->a, stages, r);
}

static void end(run *r)
{
    sdag_log_destroy(r->log);
    sdag_arena_free(&r->a);
}

static const char *said(const run *r) { return sdag_log_count(r->log) ? sdag_log_at(r->log, 0)->text : ""; }

static void start_good(run *r, const char *text)
{
    start(r, text);
    if (r->status) fail_msg("refused: %s\n%s", said(r), text);
}

static const sdag_gnode *node(const run *r, const char *name)
{
    int32_t i = sdag_graph_find(r->g, 0, name);
    assert_true(i >= 0);
    return &r->g->nodes[i];
}

static const sdag_gnode *inner(const sdag_gnode *n, const char *name)
{
    assert_non_null(n->inner);
    for (int i = 0; i < n->inner->n_nodes; i++)
        if (!strcmp(n->inner->nodes[i].name, name)) return &n->inner->nodes[i];
    fail_msg("no '%s' within '%s'", name, n->name);
    return NULL;
}

/* The value of an option, as it could be typed. */
static const char *option(run *r, const sdag_gnode *n, const char *name)
{
    sdag_str s = {.a = &r->a};
    for (const sdag_opt *o = n->type->opts; o && o->name; o++)
        if (!strcmp(sdag_opt_name(o), name)) sdag_opt_value_text(&s, o, n->opts);
    assert_non_null(s.at);
    return s.at;
}

#define FRAME(modules, use)                                                                                          \
    "version: 1\n" modules "phases:\n  a:\n    nodes:\n      images: {type: source.digits, batch: 4}\n      m: " use \
    "\n      mean: {type: probe.mean, in: m}\n"

/* ---- parameters ---- */

static void test_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *declared, *type, *def, *range;
    } rows[] = {
        {"64", "integer", "64", ""},
        {"-1", "integer", "-1", ""},
        {"0.5", "number", "0.5", ""},
        {"true", "boolean", "true", ""},
        {"relu", "text", "relu", ""},
        {"\"12\"", "text", "12", ""},
        {"[64, 32]", "list of integers", "[64, 32]", ""},
        {"[64, 0.5]", "list of numbers", "[64, 0.5]", ""},
        {"[a, b]", "list of texts", "[a, b]", ""},
        {"2 epochs", "duration", "2 epochs", ""},
        {"int", "integer", "required", ""},
        {"numbers", "list of numbers", "required", ""},
        {"{type: number, default: 1}", "number", "1", ""},
        {"{type: int, min: 1, max: 9}", "integer", "required", "1 .. 9"},
        {"{default: 0.1, min: 0}", "number", "0.1", "at least 0"},
        {"{choices: [relu, gelu], default: gelu}", "relu | gelu", "gelu", ""},
        {"{type: text, default: int}", "text", "int", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[1000];
        run r;
        bool required = !strcmp(rows[i].def, "required");
        snprintf(
            text, sizeof text,
            FRAME("modules:\n  m: {params: {o: [1], p: %s}, in: x, nodes: {y: {type: layer.relu, in: x}}, out: y}\n",
                  "{type: module.m, in: images%s}"),
            rows[i].declared, required ? strstr(rows[i].declared, "numbers") ? ", p: [3]" : ", p: 3" : "");
        start_good(&r, text);
        sdag_str type = {.a = &r.a}, def = {.a = &r.a}, range = {.a = &r.a};
        sdag_str_add(&range, "");
        const sdag_opt *o = &node(&r, "m")->type->opts[1];
        sdag_opt_type_text(&type, o);
        sdag_opt_default_text(&def, o);
        sdag_opt_range_text(&range, o);
        assert_string_equal(type.at, rows[i].type);
        assert_string_equal(def.at, rows[i].def);
        assert_string_equal(range.at, rows[i].range);
        end(&r);
    }
}

/* A name of let: is seen in a body, unless a parameter has it; a default may be one. */
static void test_names(void **state)
{
    (void)state;
    run r;
    start_good(
        &r, FRAME("let: {a: 3, b: 5, c: 7}\n"
                  "modules:\n"
                  "  low: {params: {a: $c, width: int}, in: x, nodes: {one: {type: layer.linear, in: x, width: $a},\n"
                  "        two: {type: layer.linear, in: one, width: $b},\n"
                  "        three: {type: layer.linear, in: two, width: $width}}, out: three}\n"
                  "  m: {params: {a: 11, b: 1}, in: x, nodes: {y: {type: module.low, in: x, width: $a}}, out: y}\n",
                  "{type: module.m, in: images, b: $c}"));
    const sdag_gnode *m = node(&r, "m"), *low = inner(m, "y");
    assert_string_equal(option(&r, m, "a"), "11");
    assert_string_equal(option(&r, m, "b"), "7");
    assert_string_equal(option(&r, low, "a"), "7");
    assert_string_equal(option(&r, low, "width"), "11");
    assert_string_equal(option(&r, inner(low, "one"), "width"), "7");
    assert_string_equal(option(&r, inner(low, "two"), "width"), "5");
    assert_string_equal(option(&r, inner(low, "three"), "width"), "11");
    end(&r);
}

/* Arithmetic of a body, and a formula in it that takes a parameter. */
static void test_arithmetic(void **state)
{
    (void)state;
    run r;
    start_good(&r,
               FRAME("let: {c: 3}\n"
                     "modules:\n"
                     "  act: {params: {beta: 1.5}, in: x, nodes: {y: {type: expr, in: {x: x}, map: true, params: "
                     "{b: $beta * 2},\n"
                     "        formula: \"x / (1 + exp(-b * x))\"}}, out: y}\n"
                     "  m: {params: {w: 4}, in: x, nodes: {l: {type: layer.linear, in: x, width: \"${w * 2 + c}\"}, e: "
                     "{type: module.act,\n"
                     "      in: l, beta: \"${w / 8}\"}}, out: e}\n",
                     "{type: module.m, in: images, w: $c + 1}"));
    const sdag_gnode *m = node(&r, "m"), *e = inner(m, "e");
    assert_string_equal(option(&r, m, "w"), "4");
    assert_string_equal(option(&r, inner(m, "l"), "width"), "11");
    assert_string_equal(option(&r, e, "beta"), "0.5");
    assert_string_equal(option(&r, inner(e, "y"), "params"), "{b: 1}");
    assert_true(m->type->maps && m->type->trains);
    end(&r);
}

/* ---- types ---- */

static void test_types(void **state)
{
    (void)state;
    run r;
    start_good(
        &r, FRAME("modules:\n"
                  "  fixed: {in: {x: \"f32[B,H,W,C]\"}, nodes: {y: {type: layer.relu, in: x}}, out: y}\n"
                  "  m: {in: [x, labels], nodes: {c: {type: head.classifier, in: x, classes: 3},\n"
                  "      loss: {type: loss.cross_entropy, in: {logits: c, target: labels}}}, out: {l: loss, c: c}}\n"
                  "  pair: {in: z, nodes: {p: {type: projector.mlp, in: z}, l: {type: loss.nt_xent, in: p}}, out: l}\n"
                  "  as: {in: x, role: projector, nodes: {y: {type: layer.linear, in: x, width: 3}}, out: y}\n",
                  "{type: module.m, in: {x: images, labels: images.label}}\n"
                  "      fixed: {type: module.fixed, in: images}\n"
                  "      as: {type: module.as, in: [images, fixed]}\n"
                  "      pair: {type: module.pair, in: as}\n"
                  "      more: {type: probe.mean, in: pair}"));
    const sdag_node_type *m = node(&r, "m")->type, *fixed = node(&r, "fixed")->type, *pair = node(&r, "pair")->type,
                         *as = node(&r, "as")->type;
    assert_string_equal(m->name, "module.m");
    assert_int_equal(m->role, SDAG_ROLE_LOSS);
    assert_true(m->trains && !m->maps);
    assert_string_equal(m->ins[0].type, "f32[...]");
    assert_non_null(strstr(m->ins[1].type, "i32[...]"));
    assert_string_equal(m->outs[0].name, "l");
    assert_string_equal(m->outs[1].name, "c");
    assert_null(m->outs[2].name);
    assert_false(m->ins[0].flags & SDAG_PORT_BUNDLE); /* it ends in a loss that takes one value */
    assert_true(fixed->maps && !fixed->trains);
    assert_string_equal(fixed->ins[0].type, "f32[B,H,W,C]");
    assert_string_equal(fixed->outs[0].name, "out");
    assert_true(pair->ins[0].flags & SDAG_PORT_BUNDLE); /* through the projector to the loss */
    assert_int_equal(pair->role, SDAG_ROLE_LOSS);
    assert_int_equal(as->role, SDAG_ROLE_PROJECTOR);
    assert_true(as->maps && as->trains);
    end(&r);
}

/* ---- rows ---- */

static void test_rows(void **state)
{
    (void)state;
    run r;
    start_good(
        &r,
        FRAME("modules:\n"
              "  m: {params: {n: 3}, in: [x, y], nodes: {\n"
              "      r: {type: layer.add, in: {x: x, y: y}, repeat: $n},\n"
              "      l: {type: layer.linear, in: r, width: 4, repeat: 2, first: {width: 7, bias: false}},\n"
              "      s: {type: layer.add, in: {x: r.0, y: r.1.y}},\n"
              "      0: {type: layer.add, in: {x: r, y: s}}, end: {type: layer.concat, in: {x: l, y: 0}}}, out: end}\n",
              "{type: module.m, in: {x: images, y: images}}"));
    const sdag_gnode *m = node(&r, "m"), *nodes = m->inner->nodes;
    assert_int_equal(m->inner->n_in, 2);
    assert_int_equal(m->inner->n_nodes, 2 + 3 + 2 + 3);
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "r.%d", i);
        const sdag_gnode *n = inner(m, name);
        assert_true(n->repeat == 3 && n->instance == i);
        assert_string_equal(nodes[n->in[1].refs[0].node].name, "y");
        snprintf(name, sizeof name, "r.%d", i - 1);
        assert_string_equal(nodes[n->in[0].refs[0].node].name, i ? name : "x");
    }
    assert_string_equal(nodes[inner(m, "l.0")->in[0].refs[0].node].name, "r.2");
    assert_string_equal(option(&r, inner(m, "l.0"), "width"), "7");
    assert_string_equal(option(&r, inner(m, "l.0"), "bias"), "false");
    assert_string_equal(option(&r, inner(m, "l.1"), "width"), "4");
    assert_string_equal(option(&r, inner(m, "l.1"), "bias"), "true");
    assert_string_equal(nodes[inner(m, "s")->in[0].refs[0].node].name, "r.0");
    assert_string_equal(nodes[inner(m, "s")->in[1].refs[0].node].name, "r.1");
    assert_string_equal(nodes[inner(m, "0")->in[0].refs[0].node].name, "r.2");
    for (int i = 0; i < m->inner->n_nodes; i++) /* each after those that it reads */
        for (int p = 0; p < nodes[i].n_in; p++)
            for (int k = 0; k < nodes[i].in[p].n; k++) assert_true(nodes[i].in[p].refs[k].node < i);
    end(&r);
}

/* ---- hostile files ---- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* `levels` modules, each holding `each` of the one before; the first holds `first`. */
static void put_tower(sdag_str *s, int levels, int each, const char *first)
{
    sdag_str_addf(s, "version: 1\nmodules:\n  m0: %s\n", first);
    for (int i = 1; i <= levels; i++)
        sdag_str_addf(s, "  m%d: {in: x, nodes: {a: {type: module.m%d, in: x, repeat: %d}}, out: a}\n", i, i - 1, each);
    sdag_str_addf(s,
                  "phases:\n  a:\n    nodes:\n      images: {type: source.digits, batch: 4}\n"
                  "      m: {type: module.m%d, in: images}\n      mean: {type: probe.mean, in: m}\n",
                  levels);
}

static void test_hostile(void **state)
{
    (void)state;
    static const char one[] = "{in: x, nodes: {a: {type: layer.relu, in: x}}, out: a}";
    sdag_arena a;
    sdag_arena_init(&a);
    sdag_str wide = {.a = &a}, list = {.a = &a}, ports = {.a = &a};
    sdag_str_add(&list, "{params: {w: [8");
    for (int i = 0; i < 8000; i++) sdag_str_add(&list, ", 8");
    sdag_str_add(&list, "]}, in: x, nodes: {a: {type: projector.mlp, in: x, widths: $w}}, out: a}");
    sdag_str_add(&ports, "{in: [x");
    for (int i = 0; i < 8000; i++) sdag_str_addf(&ports, ", x%d", i);
    sdag_str_add(&ports, "], nodes: {a: {type: layer.relu, in: x}}, out: a}");
    const struct {
        int levels, each;
        const char *first, *says;
    } rows[] = {
        {15, 4096, one, "more than 4096 nodes, those within modules counted"},
        {3, 16, one, "more than 4096 nodes, those within modules counted"},
        {1, 5000, one, "a.repeat is 5000, expected 1 .. 4096"},
        {16, 1, one, "more than 16 modules, each within the next"},
        {300, 2, one, "more than "},
        {1, 4000, list.at, "more than 8 MiB, once every module is put in"},
        {1, 4000, ports.at, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run r;
        wide.n = 0;
        put_tower(&wide, rows[i].levels, rows[i].each, rows[i].first);
        const double began = now();
        start(&r, wide.at);
        const double took = now() - began;
        assert_int_equal(r.status, SDAG_INVALID);
        if (strncmp(said(&r), rows[i].says, strlen(rows[i].says))) fail_msg("row %d: %s", (int)i, said(&r));
        print_message("%-50.50s %5.1f ms, %4.1f MiB\n", said(&r), 1e3 * took, (double)r.a.used / (1 << 20));
        assert_true(r.a.used < (size_t)256 << 20);
        end(&r);
    }
    sdag_arena_free(&a);
}

static void test_memory(void **state)
{
    (void)state;
    static const char text[] = FRAME("let: {c: 3}\nmodules:\n  b: {params: {w: $c, k: {choices: [relu, tanh]}}, in: x, "
                                     "nodes: {l: {type: layer.linear,"
                                     " in: x, width: $w}, y: {type: layer.activation, in: l, kind: $k}}, out: y}\n"
                                     "  m: {in: x, nodes: {b: {type: module.b, in: x, k: relu, repeat: 2}}, out: b}\n",
                                     "{type: module.m, in: images}");
    for (int forever = 0; forever < 2; forever++)
        for (uint64_t n = 1, count = n; n <= count; n++) {
            run r = {.text = text};
            sdag_arena_init(&r.a);
            r.log = sdag_log_create(NULL);
            uint64_t before = sdag_alloc_count();
            sdag_alloc_fail(n, forever);
            r.status = sdag_arena_try(&r.a, stages, &r);
            sdag_alloc_fail(0, false);
            assert_true(r.status == SDAG_NOMEM || r.status == SDAG_OK);
            if (sdag_alloc_count() - before >= n) count = n + 1;
            end(&r);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parameters), cmocka_unit_test(test_names),
                                       cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_types),
                                       cmocka_unit_test(test_rows),       cmocka_unit_test(test_hostile),
                                       cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
