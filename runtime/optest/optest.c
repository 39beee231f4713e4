/* All checks of one op. */
#include "runtime/optest/optest.h"

#include <stdio.h>

#include "runtime/optest/bench.h"

/* The row as it stands: values and gradients. *elems: of its arguments. */
static bool check_whole(sdag_bench *w, int64_t *elems)
{
    sdag_optest *t = w->test;
    int wanted = 0;
    for (int i = 0; t->met && i < w->row.program.ops.n; i++) t->met(t->ctx, w->row.program.ops.at[i].op);
    if (!sdag_bench_run(w) || !sdag_bench_values(w, "")) return false;
    *elems = 0;
    for (int j = 0; j < w->row.n_in; j++) *elems += sdag_elems(&w->t.at[w->row.in[j]].shape);
    for (int j = 0; j < w->row.n_in; j++) wanted += w->row.wants[j];
    for (int j = 0; j < w->row.n_in; j++)
        if (w->row.wants[j] && !sdag_bench_gradient(w, j)) return false;
    for (int j = 0; j < w->row.n_in && wanted > 1; j++)
        if (w->row.wants[j] && !sdag_bench_alone(w, j)) return false;
    return !wanted || sdag_bench_nan_gradient(w);
}

static bool check_row(sdag_optest *t, int number)
{
    sdag_bench w;
    int64_t elems;
    bool ok = sdag_bench_ready(&w, t, number, ~0u) && check_whole(&w, &elems);
    int n_in = w.row.n_in;
    sdag_bench_close(&w);
    t->rows++;
    if (!ok || elems > SDAG_BENCH_SMALL) return ok;
    for (int j = 0; j < n_in; j++)
        if (!sdag_bench_nan(t, number, j) || !sdag_bench_other(t, number, j)) return false;
    return sdag_bench_fewer(t, number) && sdag_bench_out_of_memory(t, number);
}

bool sdag_optest_run(sdag_optest *t)
{
    const sdag_op *op = t->op;
    for (int i = 0; op->check && op->check[i].in[0]; i++)
        if (!check_row(t, i)) return false;
    return true;
}
