/* ssldag bench: steps of one phase, timed; where the time goes, by node and by op. */
#include <stdio.h>

#include "core/cpu/gemm.h"
#include "runtime/cli/cli.h"
#include "runtime/run/run.h"

sdag_status sdag_cli_bench(sdag_cli *c)
{
    sdag_graph *g;
    sdag_status status = sdag_cli_load(&g, NULL, c, c->args[0]);
    if (!status) status = sdag_gemm_init(c->log);
    if (status) return status;
    int32_t phase = sdag_cli_phase(c, g);
    if (phase < 0) return SDAG_USAGE;
    sdag_bench_options o = {.graph = g,
                            .threads = sdag_cli_threads(c),
                            .steps = c->steps,
                            .warmup = c->warmup,
                            .phase = g->phases[phase].name,
                            .json = c->json};
    return sdag_bench(&o, c->arena, c->log, stdout);
}
