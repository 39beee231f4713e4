/* Arithmetic of ${...}: + - * / ^ ( ), min max floor ceil round sqrt abs, on numbers.
 *
 *   sdag_arith_names names = {look_up, ctx};
 *   status = sdag_arith_eval(&text, arena, "2 * epochs", &names, &error);
 *
 * Numbers are doubles; a result is written with at most 15 digits, so that 0.1 * 3 is 0.3, and a whole one without a
 * point, so that 64 / 2 may stand where a whole number is wanted. */
#ifndef SDAG_GRAPHS_SPEC_ARITH_H
#define SDAG_GRAPHS_SPEC_ARITH_H

#include "graphs/spec/formula.h"

/* How a name is looked up. false: reported by the callee; at, len: its place in the text. */
typedef struct sdag_arith_names {
    bool (*number)(void *ctx, double *out, const char *name, int at, int len);
    void *ctx;
} sdag_arith_names;

typedef enum { SDAG_ARITH_OK, SDAG_ARITH_WRONG, SDAG_ARITH_REPORTED } sdag_arith_status;

/* WRONG: *e says what; REPORTED: a look-up failed. */
sdag_arith_status sdag_arith_eval(const char **out, sdag_arena *a, const sdag_formula *f, const sdag_arith_names *names,
                                  sdag_formula_error *e);

bool sdag_arith_find(const char *name, size_t n); /* is there a function that the first n bytes name? */
const char *sdag_arith_text(sdag_arena *a, double v);

#endif
