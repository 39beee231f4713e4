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
    if (!status) status = sdag_plan_build(&plan, c->arena, c->log, &l->program, &(sdag_plan_options){.keep = &l->loss, .n_keep = 1});
    if (status) return status;
    out->ops = l->program.ops.n;
    out->bytes = plan->block + 2 * plan->feed_block;
    out->weights = 0;
    for (int i = 0; i < l->program.states.n; i++)
        if (l->program.states.at[i].flags & SDAG_STATE_TRAINED) out->weights += (size_t)sdag_elems(&l->program.states.at[i].shape);
    return SDAG_OK;
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
    if (!status && !quiet)
        printf("  %-12s %-9s %3d nodes, %4d ops, %.3g M weights, %.1f MiB planned\n", p->name, p->optimizer >= 0 ? "trains" : "predicts",
               p->n_nodes, main_program.ops, (double)main_program.weights / 1e6, (double)main_program.bytes / (1 << 20));
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
    if (!c->quiet) printf("%s: %d phases\n", g->name ? g->name : c->args[0], g->n_phases);
    return sdag_cli_check_graph(c, g, c->quiet);
}
