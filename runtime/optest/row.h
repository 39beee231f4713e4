/* A check row of an op as a program: its arguments, the op, and the adjoint of a random linear functional of the
 * results.
 *
 *   L = sum_i <gout_i, out_i>,   gin_j = dL / d in_j */
#ifndef SDAG_RUNTIME_OPTEST_ROW_H
#define SDAG_RUNTIME_OPTEST_ROW_H

#include "core/ops/reference.h"
#include "runtime/optest/interp.h"

typedef struct sdag_row {
    const sdag_op *op;
    const sdag_op_check *check;
    sdag_arena *arena;
    sdag_log *log;
    sdag_program program;
    int n_in;
    int index; /* of the op in the program */
    sdag_val in[SDAG_IN_MAX], out[SDAG_OUT_MAX], gout[SDAG_OUT_MAX], gin[SDAG_IN_MAX];
    bool wants[SDAG_IN_MAX];
} sdag_row;

/* How an argument of a row is to be drawn. */
typedef struct sdag_draw {
    sdag_dtype dtype;
    sdag_shape shape;
    enum { SDAG_DRAW_FREE, SDAG_DRAW_POSITIVE, SDAG_DRAW_BELOW, SDAG_DRAW_WHOLE, SDAG_DRAW_VALUE } how;
    double bound;
} sdag_draw;

bool sdag_draw_parse(sdag_draw *d, const char *text);
void sdag_draw_fill(const sdag_draw *d, void *data, uint32_t seed);

/* Emits the row; only: bit j set: the gradient of in[j] is asked for. Shapes other than the row's may be given
 * (NULL: the row's). The status of the builder. */
sdag_status sdag_row_build(sdag_row *r, unsigned only, const sdag_draw *draws);

/* Fills the arguments and the gradients that come in, the same for the same seed. */
void sdag_row_fill(const sdag_row *r, sdag_interp *t, const sdag_draw *draws, uint32_t seed);

/* The functional L of the results that the arguments at x give; y receives the results. With f NULL the op's own
 * float version is used, on arguments rounded to float. NAN: out of memory. */
double sdag_row_value(const sdag_row *r, const sdag_interp *t, const sdag_reference *f, double *const *x, double **y);

#endif
