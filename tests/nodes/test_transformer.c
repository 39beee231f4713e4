/* encoder.transformer and head.tokens: who sees whom, what padding changes (nothing), dropout, starting values, and the
 * same bits for any number of threads. That the numbers are right is for tests/parity/test_transformer.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/ops/ops.h"
#include "tests/support/formula.h"
#include "tests/support/pipeline.h"

enum { TEXT_MAX = 2000, SAMPLES = 2, LONGEST = 70, VOCAB = 9, WIDTH = 8 };

/* ---- test.given: the tokens of `given`, two samples of `length` */

static int32_t given[SAMPLES * LONGEST];
static int64_t length;

static const sdag_port given_outs[] = {{"tokens", "i32[B,T]", "tokens", 0}, {0}};

static void given_lower(sdag_build *b, const sdag_node *self)
{
    sdag_out(b, self, "tokens", sdag_const(b, SDAG_DT_I32, SDAG_SHAPE(SAMPLES, length), given));
    sdag_out_beside(b, self, "tokens", &(sdag_beside){.vocab = VOCAB});
}

static const sdag_node_type given_type = {.name = "test.given",
                                          .brief = "Given tokens.",
                                          .role = SDAG_ROLE_MATH,
                                          .outs = given_outs,
                                          .lower = given_lower,
                                          .example = "{type: test.given}"};
static const sdag_node_type *const types[] = {&given_type, NULL};

static void give(int64_t n)
{
    length = n;
    for (int64_t i = 0; i < SAMPLES * n; i++) given[i] = 1 + (int32_t)(formula_word(7, (uint32_t)i) % (VOCAB - 1));
}

/* ---- a pipeline of one encoder and a head */

typedef struct model {
    char text[TEXT_MAX];
    pipeline p;
    pipeline_options o;
} model;

static void start(model *m, const char *encoder, const pipeline_options *o)
{
    int n = snprintf(m->text, TEXT_MAX,
                     "version: 1\nphases:\n  train:\n    steps: 4\n    nodes:\n      tokens: {type: test.given}\n"
                     "      encoder: {type: encoder.transformer, in: tokens, width: 8, %s}\n"
                     "      head: {type: head.tokens, in: encoder}\n"
                     "      loss: {type: loss.cross_entropy, in: {logits: head, target: tokens}}\n"
                     "      optimizer: {type: optimizer.sgd, in: loss, lr: 0}\n",
                     encoder);
    assert_true(n > 0 && n < TEXT_MAX);
    m->o = *o;
    m->o.yaml = m->text;
    m->o.types = types;
    m->o.fill = formula_weight;
    if (pipeline_open(&m->p, &m->o)) fail_msg("the pipeline does not open:\n%s", m->text);
    assert_int_equal(pipeline_step(&m->p), SDAG_OK);
}

/* The values of an output port for the tokens that are given now. */
static void values(float *to, const char *encoder, const char *port)
{
    model m;
    start(&m, encoder, &(pipeline_options){0});
    sdag_tensor t = pipeline_value(&m.p, "encoder", port);
    assert_non_null(t.data);
    memcpy(to, t.data, (size_t)sdag_elems(&t.shape) * sizeof *to);
    pipeline_close(&m.p);
}

/* ---- who sees whom */

/* Whether the features of token i of the first sample change with token j. */
static bool sees(const char *encoder, int64_t i, int64_t j)
{
    static float before[SAMPLES * LONGEST * WIDTH], after[SAMPLES * LONGEST * WIDTH];
    values(before, encoder, "features");
    const int32_t was = given[j];
    given[j] = was % (VOCAB - 1) + 1;
    values(after, encoder, "features");
    given[j] = was;
    assert_memory_equal(before + length * WIDTH, after + length * WIDTH, (size_t)length * WIDTH * sizeof *after);
    return memcmp(before + i * WIDTH, after + i * WIDTH, WIDTH * sizeof *after) != 0;
}

static void test_sight(void **state)
{
    (void)state;
    static const struct {
        const char *encoder;
        int64_t length, i, j;
        bool sees;
    } rows[] = {
        {"layers: 2, heads: 2", 6, 1, 4, true},
        {"layers: 2, heads: 2, causal: true", 6, 1, 4, false},
        {"layers: 2, heads: 2, causal: true", 6, 3, 4, false},
        {"layers: 2, heads: 2, causal: true", 6, 4, 4, true},
        {"layers: 2, heads: 2, causal: true", 6, 4, 1, true},
        {"layers: 2, heads: 2, causal: true, prefix: 4", 6, 0, 3, true},
        {"layers: 2, heads: 2, causal: true, prefix: 4", 6, 0, 4, false},
        {"layers: 2, heads: 2, causal: true, prefix: 4", 6, 4, 5, false},
        {"layers: 2, heads: 2, padding: 0", 6, 1, 4, true},
        {"layers: 1, heads: 1, causal: true", LONGEST, 40, 41, false},
        {"layers: 1, heads: 1, causal: true", LONGEST, 69, 3, true},
        {"layers: 1, heads: 1, norm: post", LONGEST, 3, 69, true},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        give(rows[r].length);
        if (sees(rows[r].encoder, rows[r].i, rows[r].j) != rows[r].sees)
            fail_msg("%s: token %d %s token %d", rows[r].encoder, (int)rows[r].i,
                     rows[r].sees ? "does not see" : "sees", (int)rows[r].j);
    }
}

/* Five tokens give the same whether they stand alone or padding fills them up to eight. */
static void test_padding(void **state)
{
    (void)state;
    enum { SHORT = 5, FULL = 8 };
    static const char *const encoders[] = {"context: 8, padding: 0, pool: mean", "context: 8, padding: 0, norm: post",
                                           "context: 8, padding: 0, causal: true", NULL};
    for (int e = 0; encoders[e]; e++) {
        static float alone[SAMPLES * SHORT * WIDTH], filled[SAMPLES * FULL * WIDTH];
        float pooled[2][SAMPLES * WIDTH];
        give(SHORT);
        values(alone, encoders[e], "features");
        values(pooled[0], encoders[e], "pooled");
        int32_t all[SAMPLES * FULL] = {0};
        for (int s = 0; s < SAMPLES; s++) memcpy(all + s * FULL, given + s * SHORT, SHORT * sizeof *all);
        memcpy(given, all, sizeof all);
        length = FULL;
        values(filled, encoders[e], "features");
        values(pooled[1], encoders[e], "pooled");
        for (int s = 0; s < SAMPLES; s++)
            for (int i = 0; i < SHORT * WIDTH; i++)
                if (!(fabsf(alone[s * SHORT * WIDTH + i] - filled[s * FULL * WIDTH + i]) < 2e-5f))
                    fail_msg("%s: feature %d of sample %d differs", encoders[e], i, s);
        for (int i = 0; i < SAMPLES * WIDTH; i++) assert_true(fabsf(pooled[0][i] - pooled[1][i]) < 2e-5f);
    }
}

/* A sample of nothing but padding gives numbers, and so does its gradient. */
static void test_empty_sample(void **state)
{
    (void)state;
    static const char *const encoders[] = {"padding: 0, pool: mean", "padding: 0, norm: post",
                                           "padding: 0, causal: true", NULL};
    for (int e = 0; encoders[e]; e++) {
        model m;
        give(4);
        memset(given, 0, 4 * sizeof *given);
        start(&m, encoders[e], &(pipeline_options){.train = true});
        assert_true(isfinite(pipeline_loss(&m.p)));
        sdag_tensor y = pipeline_value(&m.p, "encoder", "pooled");
        for (int i = 0; i < SAMPLES * WIDTH; i++) assert_true(isfinite(SDAG_DATA_F32(y)[i]));
        pipeline_close(&m.p);
    }
}

/* ---- dropout, starting values, bits */

static void test_dropout(void **state)
{
    (void)state;
    model m;
    float loss[2], still;
    give(LONGEST);
    start(&m, "layers: 2, heads: 2, dropout: 0.3", &(pipeline_options){.train = true});
    loss[0] = pipeline_loss(&m.p);
    assert_int_equal(pipeline_step(&m.p), SDAG_OK);
    loss[1] = pipeline_loss(&m.p);
    pipeline_close(&m.p);
    assert_true(loss[0] != loss[1]); /* other numbers are dropped in every step; the rate is 0 */
    start(&m, "layers: 2, heads: 2", &(pipeline_options){.train = true});
    still = pipeline_loss(&m.p);
    assert_int_equal(pipeline_step(&m.p), SDAG_OK);
    assert_true(still == pipeline_loss(&m.p));
    pipeline_close(&m.p);
    static float with[SAMPLES * LONGEST * WIDTH], without[SAMPLES * LONGEST * WIDTH];
    values(with, "layers: 2, heads: 2, dropout: 0.3", "features");
    values(without, "layers: 2, heads: 2", "features");
    assert_memory_equal(with, without, sizeof with);
}

static const sdag_state *state_of(const pipeline *p, const char *name)
{
    const sdag_program *q = &p->lowered->program;
    for (int i = 0; i < q->states.n; i++)
        if (!strcmp(q->states.at[i].name, name)) return &q->states.at[i];
    fail_msg("there is no '%s'", name);
    return NULL;
}

/* N(0, 0.02); in GPT-2 what is added to x starts with 0.02 / sqrt(2 layers). */
static void test_start(void **state)
{
    (void)state;
    static const struct {
        const char *encoder, *name;
        double std;
    } rows[] = {
        {"layers: 8, heads: 2", "wte.weight", 0.02},
        {"layers: 8, heads: 2", "h.7.attn.c_attn.weight", 0.02},
        {"layers: 8, heads: 2", "h.7.attn.c_proj.weight", 0.005},
        {"layers: 8, heads: 2", "h.0.mlp.c_proj.weight", 0.005},
        {"layers: 8, heads: 2, norm: post", "encoder.layer.7.output.dense.weight", 0.02},
        {"layers: 8, heads: 2, norm: post", "embeddings.token_type_embeddings.weight", 0.02},
    };
    give(4);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        model m;
        start(&m, rows[r].encoder, &(pipeline_options){0});
        const sdag_init init = state_of(&m.p, rows[r].name)->init;
        assert_int_equal(init.rule, SDAG_INIT_NORMAL);
        assert_true(fabs((double)init.a / rows[r].std - 1) < 1e-6);
        pipeline_close(&m.p);
    }
}

static const char *const kinds[] = {"layers: 2, heads: 2, causal: true, dropout: 0.1, prefix: 3",
                                    "layers: 2, heads: 4, norm: post, padding: 0, dropout: 0.1", NULL};

static uint64_t bits_of(const char *encoder, int threads, bool hostile)
{
    model m;
    uint64_t h = 14695981039346656037u;
    start(&m, encoder, &(pipeline_options){.train = true, .threads = threads, .hostile = hostile});
    const sdag_program *q = &m.p.lowered->program;
    for (int i = 0; i < q->states.n; i++) {
        sdag_tensor g = pipeline_grad(&m.p, q->states.at[i].node, q->states.at[i].name);
        const uint8_t *bytes = g.data;
        for (int64_t k = 0; bytes && k < sdag_elems(&g.shape) * 4; k++) h = (h ^ bytes[k]) * 1099511628211u;
    }
    pipeline_close(&m.p);
    return h;
}

static void test_bits(void **state)
{
    (void)state;
    give(LONGEST);
    given[SAMPLES * LONGEST - 1] = given[SAMPLES * LONGEST - 2] = 0;
    for (int k = 0; kinds[k]; k++) {
        const uint64_t one = bits_of(kinds[k], 1, false);
        for (int threads = 2; threads <= 4; threads++) assert_true(bits_of(kinds[k], threads, false) == one);
        assert_true(bits_of(kinds[k], 3, true) == one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sight),   cmocka_unit_test(test_padding), cmocka_unit_test(test_empty_sample),
        cmocka_unit_test(test_dropout), cmocka_unit_test(test_start),   cmocka_unit_test(test_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
