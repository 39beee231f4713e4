/* Time of batch normalisation, forward and backward, on one thread, beside a copy of the same tensor.
 *
 *   batch_norm_bench [rows] [cols]
 *
 * GB/s count what an op has to move at least: every pass over a tensor reads or writes it once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/alloc.h"
#include "core/ops/norm.h"
#include "core/ops/ops.h"

enum { REPEAT = 15 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* All tiles of all stages. */
static void run_op(const sdag_program_op *o, sdag_tensor *at)
{
    sdag_tensor in[SDAG_IN_MAX], out[SDAG_OUT_MAX];
    for (int i = 0; i < o->n_in; i++) in[i] = at[o->in[i]];
    for (int i = 0; i < o->n_out; i++) out[i] = at[o->out[i]];
    sdag_step step = {.training = 1};
    sdag_args a = {.in = in, .out = out, .n_in = o->n_in, .n_out = o->n_out, .attr = o->attr, .step = &step};
    static sdag_tiling t;
    sdag_op_tiling(&t, o->op, &a);
    a.workspace = sdag_alloc_aligned(t.workspace + 64, 64);
    a.scratch = sdag_alloc_aligned(t.scratch + 64, 64);
    if (!a.workspace || !a.scratch) exit(1);
    for (a.stage = 0; a.stage < t.stages; a.stage++)
        for (a.tile = 0; a.tile < t.tiles[a.stage]; a.tile++) {
            sdag_op_range(&a, o->op);
            o->op->cpu.run(&a);
        }
    sdag_free(a.workspace);
    sdag_free(a.scratch);
}

static void report(const char *what, const sdag_program_op *o, sdag_tensor *at, int passes, double bytes)
{
    double best = 1e30;
    for (int i = 0; i < REPEAT; i++) {
        double t = now();
        if (o) run_op(o, at);
        else memcpy(at[2].data, at[1].data, (size_t)bytes);
        t = now() - t;
        best = t < best ? t : best;
    }
    printf("  %-34s %8.3f ms  %6.1f GB/s over %d passes\n", what, best * 1e3, bytes * passes / best * 1e-9, passes);
}

/* y = batch_norm(x), and its adjoint, with and without a residual. */
static void bench(int64_t rows, int64_t cols, bool residual)
{
    sdag_arena arena;
    sdag_arena_init(&arena);
    sdag_log *log = sdag_log_create(stderr);
    sdag_program p = {0};
    sdag_build b;
    sdag_build_init(&b, &arena, log, &p);
    b.node_name = "bench";
    sdag_val x = sdag_input(&b, SDAG_DT_F32, SDAG_SHAPE(rows, cols)),
             gy = sdag_input(&b, SDAG_DT_F32, SDAG_SHAPE(rows, cols));
    sdag_val gamma = sdag_input(&b, SDAG_DT_F32, SDAG_SHAPE(cols)),
             beta = sdag_input(&b, SDAG_DT_F32, SDAG_SHAPE(cols));
    sdag_val r = residual ? sdag_input(&b, SDAG_DT_F32, SDAG_SHAPE(rows, cols)) : 0, mean, var;
    sdag_op_batch_norm(&b, x, gamma, beta, r, true, 1e-5f, &mean, &var);
    const bool wants[4] = {true, true, true, true};
    sdag_val gout[3] = {gy, 0, 0}, gin[4] = {0};
    sdag_program_op forward = p.ops.at[0];
    forward.op->grad(&b, &forward, gout, wants, gin);

    sdag_tensor *at = sdag_alloc_array((size_t)p.values.n, sizeof *at);
    for (int i = 1; i < p.values.n; i++) {
        const sdag_value *v = &p.values.at[i];
        size_t bytes;
        if (!sdag_shape_bytes(&bytes, v->dtype, v->shape)) exit(1);
        at[i] = (sdag_tensor){.dtype = v->dtype, .shape = v->shape, .data = sdag_alloc_aligned(bytes + 64, 64)};
        float *f = at[i].data;
        if (!f) exit(1);
        for (size_t k = 0; k < bytes / sizeof *f; k++) f[k] = (float)((k * 2654435761u >> 8) % 1000) * 2e-3f - 1;
    }
    const double bytes = (double)(rows * cols) * sizeof(float);
    printf("f32[%lld,%lld]%s\n", (long long)rows, (long long)cols, residual ? " with a residual" : "");
    report("copy", NULL, at, 2, bytes);
    report("batch_norm + relu", &p.ops.at[0], at, residual ? 4 : 3, bytes);
    report("its adjoint", &p.ops.at[1], at, residual ? 7 : 5, bytes);
    report("copy", NULL, at, 2, bytes);
    for (int i = 1; i < p.values.n; i++) sdag_free(at[i].data);
    sdag_free(at);
    sdag_log_destroy(log);
    sdag_arena_free(&arena);
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        bench(atoll(argv[1]), atoll(argv[2]), false);
        return 0;
    }
    bench(131072, 64, false);
    bench(131072, 64, true);
    bench(131072, 16, false);
    bench(131072, 3, false);
    bench(8192, 512, false);
    bench(512, 2048, false);
    bench(512, 64, false);
    return 0;
}
