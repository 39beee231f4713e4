/* A row, built and run: what the sources of this folder share; nothing outside includes it. Every check returns false
 * with a sentence in w->test->why. */
#ifndef SDAG_RUNTIME_OPTEST_BENCH_H
#define SDAG_RUNTIME_OPTEST_BENCH_H

#include "runtime/optest/optest.h"
#include "runtime/optest/row.h"

enum { SDAG_BENCH_SMALL = 2048 }; /* elements of a row that is small enough for everything */

typedef struct sdag_bench {
    sdag_optest *test;
    sdag_arena arena;
    sdag_row row;
    sdag_interp t;
    int number; /* of the row */
    double *x[SDAG_IN_MAX], *y[SDAG_OUT_MAX];
} sdag_bench;

void sdag_bench_open(sdag_bench *w, sdag_optest *t, int number);
bool sdag_bench_ready(sdag_bench *w, sdag_optest *t, int number, unsigned only); /* opened, built, filled */
void sdag_bench_fill(sdag_bench *w, const sdag_draw *draws, uint32_t seed);
bool sdag_bench_run(sdag_bench *w);
void sdag_bench_close(sdag_bench *w);

const char *sdag_bench_message(const sdag_bench *w); /* the last one of the log */
double sdag_bench_elem(const sdag_tensor *t, int64_t i);
double *sdag_bench_doubles(sdag_bench *w, sdag_val v);
double sdag_bench_spread(const double *y, int64_t n); /* root mean square of what is finite */
bool sdag_bench_close_to(double got, double want, double tolerance, double scale);
bool sdag_bench_wrong(const sdag_bench *w, const char *fmt, ...) SDAG_PRINTF(2, 3); /* "row 3: ..."; false */
bool sdag_bench_values(sdag_bench *w, const char *when);                            /* results against the reference */

/* ---- the checks */
bool sdag_bench_gradient(sdag_bench *w, int j);         /* of argument j, after sdag_bench_run */
bool sdag_bench_alone(const sdag_bench *all, int j);    /* asking for one gradient alone gives the same */
bool sdag_bench_nan(sdag_optest *t, int number, int j); /* in argument j */
bool sdag_bench_nan_gradient(const sdag_bench *all);    /* in every gradient that comes in */
bool sdag_bench_out_of_memory(sdag_optest *t, int number);
bool sdag_bench_other(sdag_optest *t, int number, int j); /* other types and shapes for argument j */
bool sdag_bench_fewer(sdag_optest *t, int number);        /* fewer arguments than the op takes */

#endif
