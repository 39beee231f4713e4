/* ssldag dump: the text of one stage of the compiler, for one phase where the stage works on phases. */
#include <string.h>

#include "graphs/autodiff/autodiff.h"
#include "graphs/plan/plan.h"
#include "runtime/cli/cli.h"

enum { STAGE_SPEC, STAGE_GRAPH, STAGE_OPS, STAGE_TRAIN, STAGE_PLAN, STAGE_SCHEDULE, STAGE_COUNT };
static const char *const stages[] = {"spec", "graph", "ops", "train", "plan", "schedule"};

static const char *stage_name(const void *ctx, int i)
{
    (void)ctx;
    return i < STAGE_COUNT ? stages[i] : NULL;
}

static int find_stage(sdag_cli *c)
{
    for (int i = 0; c->stage && i < STAGE_COUNT; i++)
        if (!strcmp(c->stage, stages[i])) return i;
    const char *near = c->stage ? sdag_nearest(c->stage, stage_name, NULL) : NULL;
    if (!c->stage)
        sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC,
                  "'ssldag dump' needs --stage: spec, graph, ops, train, plan or schedule");
    else
        sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC,
                  "--stage takes spec, graph, ops, train, plan or schedule, not '%s'%s%s%s", c->stage,
                  near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return -1;
}

static sdag_status dump_phase(sdag_str *s, sdag_cli *c, const sdag_graph *g, int32_t phase, int stage)
{
    sdag_lowered *l;
    sdag_plan *plan;
    bool training = g->phases[phase].optimizer >= 0;
    sdag_lower_request r = {.graph = g, .phase = phase, .training = training, .pass = -1};
    sdag_status status = sdag_lower(&l, c->arena, c->log, &r);
    if (!status && stage >= STAGE_TRAIN && training) status = sdag_train(&l, c->arena, c->log, l);
    if (status) return status;
    sdag_str_addf(s, "phase %s\n", g->phases[phase].name);
    if (stage <= STAGE_TRAIN) {
        sdag_lowered_print(s, l);
        return SDAG_OK;
    }
    status = sdag_cli_plan(&plan, c, l);
    if (!status) (stage == STAGE_PLAN ? sdag_plan_print : sdag_schedule_print)(s, plan);
    return status;
}

sdag_status sdag_cli_dump(sdag_cli *c)
{
    int stage = find_stage(c);
    if (stage < 0) return SDAG_USAGE;
    sdag_graph *g = NULL;
    const sdag_spec *spec;
    sdag_str s = {.a = c->arena};
    sdag_status status = sdag_cli_load(stage == STAGE_SPEC ? NULL : &g, &spec, c, c->args[0]);
    if (status) return status;
    sdag_str_add(&s, "");
    if (stage == STAGE_SPEC) sdag_spec_print(&s, spec);
    if (stage == STAGE_GRAPH) sdag_graph_print(&s, g);
    if (stage > STAGE_GRAPH) {
        int32_t only = c->phase ? sdag_cli_phase(c, g) : -1;
        if (c->phase && only < 0) return SDAG_USAGE;
        for (int32_t i = 0; i < g->n_phases && !status; i++)
            if (only < 0 || only == i) status = dump_phase(&s, c, g, i, stage);
    }
    return status ? status : sdag_cli_print(c, s.at ? s.at : "");
}
