/* An operation against the rows of its own `check` table: what the tests of the built-in ones and `ssldag test` do.
 *
 *   sdag_optest t = {.op = &log_cosh};
 *   if (!sdag_optest_run(&t)) puts(t.why);       // "row 2: gradient of argument 0[7] is 0.31, differences give 0.62"
 *
 * For each row: the value against the reference, where there is one; the gradient against central differences of the
 * reference in double, or of the op itself in float; one gradient asked for alone; tiles in any order, in place and
 * with other garbage in workspace (interp.h); NaN stays NaN; every allocation failing in turn; arguments of other types
 * and shapes refused with one message or computed rightly. */
#ifndef SDAG_RUNTIME_OPTEST_OPTEST_H
#define SDAG_RUNTIME_OPTEST_OPTEST_H

#include "core/ops/reference.h"

enum { SDAG_OPTEST_WHY = 700 };

typedef struct sdag_optest {
    const sdag_op *op;
    const sdag_reference *reference;           /* NULL: none */
    void (*met)(void *ctx, const sdag_op *op); /* told every op of the rows' programs, adjoints included; or NULL */
    void *ctx;
    int rows, gradients; /* so far: rows checked, gradients of an argument of one compared */
    char why[SDAG_OPTEST_WHY];
} sdag_optest;

bool sdag_optest_run(sdag_optest *t); /* false: why says what is wrong */

#endif
