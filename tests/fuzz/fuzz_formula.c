/* Any bytes as a formula: its terms can be computed in their order, its places lie inside the text, and arithmetic and
 * `type: expr` accept or refuse it with a message. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "graphs/expr/expr.h"
#include "graphs/lower/lower.h"
#include "graphs/spec/arith.h"
#include "tests/support/formula.h"
#include "tests/support/spec_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 'x' is the formula, whatever it holds. */
static const char graph[] = "version: 1\n"
                            "phases:\n"
                            "  a:\n"
                            "    nodes:\n"
                            "      za: {type: test.constant, rows: 4, width: 3}\n"
                            "      zb: {type: test.constant, rows: 4, width: 3}\n"
                            "      v:\n"
                            "        type: expr\n"
                            "        in: {z: [za, zb], x: za, y: zb}\n"
                            "        params: {t: 0.5}\n"
                            "        formula: F\n"
                            "      mean: {type: sink.csv, in: v, path: x.csv}\n";

static bool five(void *ctx, double *out, const char *name, int at, int len)
{
    (void)ctx, (void)name, (void)at, (void)len;
    *out = 5;
    return true;
}

static void check_terms(const sdag_formula *f, const char *text)
{
    if (f->value < 0 || f->value >= f->n || f->n > SDAG_FORMULA_TERMS_MAX) abort();
    for (int i = 0; i < f->n; i++) {
        const sdag_term *t = &f->terms[i];
        if (t->at < 0 || t->len < 0 || (size_t)t->at + (size_t)t->len > strlen(text)) abort();
        for (int k = 0; k < t->n; k++)
            if (t->args[k].term < 0 || t->args[k].term >= i) abort();
    }
}

static void compute(sdag_arena *a, const char *text)
{
    sdag_formula f;
    sdag_formula_error e = {-1, -1, NULL};
    const char *value;
    if (!sdag_formula_parse(&f, a, text, &e)) {
        if (!e.text || e.at < 0 || (size_t)e.at > strlen(text) || e.len < 0) abort();
        return;
    }
    check_terms(&f, text);
    e.text = NULL;
    sdag_arith_status s = sdag_arith_eval(&value, a, &f, &(sdag_arith_names){five, NULL}, &e);
    if (s == SDAG_ARITH_WRONG && !e.text) abort();
    double v;
    if (s == SDAG_ARITH_OK && !sdag_parse_f64(&v, value)) abort();
}

/* The tree of `graph` with the text in place of F. */
static void put(const sdag_spec *s, const char *text)
{
    for (int i = 0; s->kind == SDAG_SPEC_LIST && i < s->n; i++) put(s->items[i], text);
    for (int i = 0; s->kind == SDAG_SPEC_MAP && i < s->n; i++) put(s->entries[i].value, text);
    if (s->kind == SDAG_SPEC_SCALAR && strcmp(s->text, "F") == 0) ((sdag_spec *)s)->text = text;
}

static void lower(sdag_arena *a, sdag_log *log, const char *text)
{
    static const sdag_node_type *types[512];
    const sdag_spec *raw, *spec;
    sdag_graph *g;
    sdag_lowered *l;
    int n = 0, k = 0;
    const sdag_node_type *const *built_in = sdag_node_types(&n);
    for (; k < n; k++) types[k] = built_in[k];
    for (int i = 0; formula_types[i]; i++) types[k++] = formula_types[i];
    if (sdag_spec_parse(&raw, a, log, "fuzz.yaml", graph, sizeof graph - 1)) abort();
    if (sdag_spec_resolve(&spec, a, log, raw, NULL, 0)) abort();
    put(spec, text);
    sdag_status s = sdag_graph_build(&g, a, log, spec, &(sdag_catalog){.types = types, .n = k});
    if (!s) s = sdag_lower(&l, a, log, &(sdag_lower_request){.graph = g, .pass = -1});
    if ((s != SDAG_OK) != (sdag_log_errors(log) > 0)) abort();
}

typedef struct input {
    sdag_arena *a;
    sdag_log *log;
    const uint8_t *data;
    size_t size;
} input;

static sdag_status one(void *arg)
{
    const input *in = arg;
    const char *text = sdag_arena_copy(in->a, in->data, in->size);
    compute(in->a, text);
    lower(in->a, in->log, text);
    return SDAG_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sdag_arena a;
    sdag_log *log = sdag_log_create(NULL);
    if (!log) return 0;
    sdag_arena_init(&a);
    sdag_arena_try(&a, one, &(input){&a, log, data, size});
    sdag_arena_free(&a);
    sdag_log_destroy(log);
    return 0;
}
