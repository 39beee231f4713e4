/* An operation that ONNX's table does not know, as a plugin may bring: the message names the node and its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/cpu/gemm.h"
#include "runtime/onnx/export.h"
#include "runtime/run/run.h"
#include "tests/support/temp.h"

static void twist_run(const sdag_args *x)
{
    for (int64_t i = x->lo; i < x->hi; i++) SDAG_DATA_F32(x->out[0])[i] = -SDAG_DATA_F32(x->in[0])[i];
}

static const sdag_op twist_op = {.name = "twist",
                                 .math = "y = -x",
                                 .n_in = 1,
                                 .n_out = 1,
                                 .flags = SDAG_OP_NOGRAD,
                                 .split = SDAG_SPLIT_ELEMS,
                                 .shape = sdag_shape_like_first,
                                 .cpu = {.run = twist_run}};

static void twist_lower(sdag_build *b, const sdag_node *self)
{
    sdag_out(b, self, "y", sdag_emit1(b, &twist_op, sdag_in(b, self, "x"), NULL));
}

static const sdag_port ins[] = {{"x", "f32[B,D]", "numbers", 0}, {0}}, outs[] = {{"y", "f32[B,D]", "others", 0}, {0}};
static const sdag_node_type twist = {.name = "math.twist",
                                     .brief = "Turns numbers round.",
                                     .role = SDAG_ROLE_MATH,
                                     .ins = ins,
                                     .outs = outs,
                                     .lower = twist_lower};

static const char text[] = "version: 1\n"
                           "phases:\n"
                           "  train:\n"
                           "    steps: 1\n"
                           "    nodes:\n"
                           "      photos: {type: source.random, size: [4, 4], batch: 4}\n"
                           "      encoder: {type: encoder.mlp, in: photos, widths: [3]}\n"
                           "      wide: {type: projector.mlp, in: encoder, widths: [3]}\n"
                           "      loss: {type: loss.mse, in: {x: wide, y: encoder}}\n"
                           "      optimizer: {type: optimizer.sgd, in: loss}\n"
                           "  look:\n"
                           "    nodes:\n"
                           "      photos: {type: source.random, size: [4, 4], batch: 4}\n"
                           "      encoder: {use: train.encoder, in: photos}\n"
                           "      round: {type: math.twist, in: encoder}\n"
                           "      file: {type: sink.npy, in: round, path: round.npy}\n";

static sdag_arena arena, *const a = &arena;
static sdag_log *logs;
static sdag_catalog catalog;

static void make_catalog(void)
{
    int n;
    const sdag_node_type *const *built_in = sdag_node_types(&n);
    const sdag_node_type **all = SDAG_NEWS(a, const sdag_node_type *, n + 1);
    memcpy(all, built_in, (size_t)n * sizeof *all);
    all[n] = &twist;
    catalog = (sdag_catalog){.types = all, .n = n + 1};
}

static sdag_graph *make_run(void)
{
    const sdag_spec *raw, *spec;
    sdag_graph *g;
    assert_int_equal(sdag_spec_parse(&raw, a, logs, "twist.yaml", text, sizeof text - 1), SDAG_OK);
    assert_int_equal(sdag_spec_resolve(&spec, a, logs, raw, NULL, 0), SDAG_OK);
    assert_int_equal(sdag_graph_build(&g, a, logs, spec, &catalog), SDAG_OK);
    assert_int_equal(sdag_gemm_init(logs), SDAG_OK);
    temp_write("run/config.yaml", text, sizeof text - 1);
    sdag_run_options o = {.graph = g, .out_dir = temp_path("run"), .threads = 1, .quiet = true};
    assert_int_equal(sdag_run(&o, a, logs), SDAG_OK);
    return g;
}

static void test_unknown_op(void **state)
{
    (void)state;
    sdag_apply *p;
    sdag_onnx_model *m;
    make_catalog();
    sdag_apply_options o = {.run = temp_path("run"), .graph = make_run(), .catalog = &catalog, .sized = true};
    o.run = sdag_arena_str(a, o.run);
    o.threads = 1;
    o.node = "look.round";
    assert_int_equal(sdag_apply_open(&p, a, logs, &o), SDAG_OK);
    assert_int_equal(sdag_onnx_export(&m, p, false), SDAG_INVALID);
    assert_true(temp_says(logs, "'round' cannot be written as ONNX: the operation twist has no counterpart"));
    assert_int_equal(sdag_log_at(logs, sdag_log_count(logs) - 1)->loc.line, 15);
    o.node = "look.encoder"; /* what stands before it can be written */
    assert_int_equal(sdag_apply_open(&p, a, logs, &o), SDAG_OK);
    assert_int_equal(sdag_onnx_export(&m, p, false), SDAG_OK);
    assert_string_equal(m->outs.at[0].name, "features");
}

int main(void)
{
    sdag_arena_init(a);
    logs = sdag_log_create(NULL);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_unknown_op)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sdag_arena_free(a);
    sdag_log_destroy(logs);
    temp_clear();
    return failed;
}
