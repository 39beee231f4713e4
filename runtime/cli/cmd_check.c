/* ssldag check: every stage of the compiler on every phase and every probe; opens nothing that the file names. */
#include <stdio.h>

#include "graphs/autodiff/autodiff.h"
#include "graphs/plan/plan.h"
#include "runtime/cli/cli.h"

typedef struct checked {
    size_t bytes, weights;
    int ops;
} checked;

static sdag_status check_program(checked *out, sdag_cli *c, const sdag_lower_request *r)
{
    sdag_lowered *l;
    sdag_plan *plan;
    sdag_status status = sdag_lower(&l, c->arena, c->log, r);
    if (!status && r->training && r->pass < 0) status = sdag_train(&l, c->arena, c->log, l);
    if (!status) status = sdag_cli_plan(&plan, c, l);
    if (status) return status;
    out->ops = l->program.ops.n;
    out->bytes = plan->block + 2 * plan->feed_block;
    out->weights = 0;
    for (int i = 0; i < l->program.states.n; i++)
        if (l->program.states.at[i].flags & SDAG_STATE_TRAINED)
            out->weights += (size_t)sdag_elems(&l->program.states.at[i].shape);
    return SDAG_OK;
}

/* "94.2 k" */
static const char *count_text(char *buf, size_t size, size_t n)
{
    if (n < 1000) snprintf(buf, size, "%zu", n);
    else if (n < 1000000) snprintf(buf, size, "%.1f k", (double)n / 1e3);
    else snprintf(buf, size, "%.2f M", (double)n / 1e6);
    return buf;
}

static sdag_status check_phase(sdag_cli *c, const sdag_graph *g, int32_t phase, bool quiet)
{
    const sdag_phase *p = &g->phases[phase];
    checked main_program = {0}, other;
    sdag_lower_request r = {.graph = g, .phase = phase, .training = p->optimizer >= 0, .pass = -1};
    sdag_status status = check_program(&main_program, c, &r);
    for (int i = 0; i < p->n_nodes && !status; i++) {
        const sdag_collect *collect = g->nodes[p->order[i]].type->collect;
        for (int k = 0; collect && collect->passes && collect->passes[k] && !status; k++) {
            sdag_lower_request pass = {.graph = g, .phase = phase, .probe = p->order[i], .pass = k};
            status = check_program(&other, c, &pass);
        }
    }
    char weights[32];
    if (!status && !quiet)
        printf("  %-12s %-8s %3d nodes, %4d ops, %8s weights, %7.1f MiB planned\n", p->name,
               p->optimizer >= 0 ? "trains" : "predicts", p->n_nodes, main_program.ops,
               count_text(weights, sizeof weights, main_program.weights), (double)main_program.bytes / (1 << 20));
    return status;
}

sdag_status sdag_cli_check_graph(sdag_cli *c, const sdag_graph *g, bool quiet)
{
    sdag_status status = SDAG_OK;
    for (int32_t i = 0; i < g->n_phases; i++) {
        sdag_status one = check_phase(c, g, i, quiet);
        if (one && !status) status = one;
    }
    return status;
}

sdag_status sdag_cli_check(sdag_cli *c)
{
    sdag_graph *g;
    sdag_status status = sdag_cli_load(&g, NULL, c, c->args[0]);
    if (status) return status;
    if (!c->quiet) printf("%s: %d phase%s\n", g->name ? g->name : c->args[0], g->n_phases, g->n_phases == 1 ? "" : "s");
    return sdag_cli_check_graph(c, g, c->quiet);
}
