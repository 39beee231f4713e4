/* ssldag check: every stage of the compiler on every phase and every probe; opens nothing that the file names. */
#include <stdio.h>

#include "core/io/json_text.h"
#include "graphs/autodiff/autodiff.h"
#include "graphs/plan/plan.h"
#include "runtime/cli/cli.h"

typedef struct checked {
    size_t bytes, weights;
    int ops;
} checked;

/* The weights of all programs so far, by "phase.node.name". */
typedef struct seen {
    sdag_map index;
    SDAG_VEC(const sdag_state *) list;
} seen;

static const sdag_state *find_seen(sdag_cli *c, const seen *w, const char *phase, const char *node, const char *name)
{
    int i = sdag_map_get(&w->index, sdag_arena_printf(c->arena, "%s.%s.%s", phase, node, name));
    return i < 0 ? NULL : w->list.at[i];
}

/* A weight has one shape: in its phase, for the data of probes, and in later phases that take it over. */
static sdag_status check_weight(sdag_cli *c, seen *w, const sdag_lower_request *r, const sdag_state *s)
{
    const sdag_graph *g = r->graph;
    const char *phase = g->phases[r->phase].name;
    int32_t n = sdag_graph_find(g, r->phase, s->node), use = n < 0 ? -1 : g->nodes[n].use;
    const sdag_state *before = find_seen(c, w, phase, s->node, s->name);
    if (!before && use >= 0) before = find_seen(c, w, g->phases[g->nodes[use].phase].name, g->nodes[use].name, s->name);
    if (before && !sdag_shape_equal(before->shape, s->shape)) {
        char was[SDAG_SHAPE_TEXT], now[SDAG_SHAPE_TEXT];
        const int32_t at = r->pass >= 0 ? r->probe : n;
        return sdag_fail(c->log, SDAG_INVALID, at < 0 ? g->phases[r->phase].loc : g->nodes[at].loc,
                         "%s: weight '%s' of '%s' is %s, but what is read here would make it %s",
                         at < 0 ? s->node : g->nodes[at].name, s->name, before->node,
                         sdag_shape_text(was, before->dtype, before->shape), sdag_shape_text(now, s->dtype, s->shape));
    }
    w->index.a = c->arena;
    if (sdag_map_put(&w->index, sdag_arena_printf(c->arena, "%s.%s.%s", phase, s->node, s->name), w->list.n))
        *SDAG_PUSH(c->arena, &w->list) = s;
    return SDAG_OK;
}

static sdag_status check_program(checked *out, sdag_cli *c, seen *w, const sdag_lower_request *r)
{
    sdag_lowered *l;
    sdag_plan *plan;
    sdag_status status = sdag_lower(&l, c->arena, c->log, r);
    for (int i = 0; !status && i < l->program.states.n; i++) status = check_weight(c, w, r, &l->program.states.at[i]);
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

static sdag_status check_phase(sdag_cli *c, seen *w, const sdag_graph *g, int32_t phase, json_t *to)
{
    const sdag_phase *p = &g->phases[phase];
    checked main_program = {0}, other;
    sdag_lower_request r = {.graph = g, .phase = phase, .training = p->optimizer >= 0, .pass = -1};
    sdag_status status = check_program(&main_program, c, w, &r);
    for (int i = 0; i < p->n_nodes && !status; i++) {
        const sdag_collect *collect = g->nodes[p->order[i]].type->collect;
        for (int k = 0; collect && collect->passes && collect->passes[k] && !status; k++) {
            sdag_lower_request pass = {.graph = g, .phase = phase, .probe = p->order[i], .pass = k};
            status = check_program(&other, c, w, &pass);
        }
    }
    if (status || !to) return status;
    json_t *one = json_pack("{s:s, s:b, s:i, s:i, s:I, s:I}", "name", p->name, "trains", p->optimizer >= 0, "nodes",
                            p->n_nodes, "ops", main_program.ops, "weights", (json_int_t)main_program.weights,
                            "planned_bytes", (json_int_t)main_program.bytes);
    return json_array_append_new(to, one) ? SDAG_NOMEM : SDAG_OK;
}

sdag_status sdag_cli_check_graph(sdag_cli *c, const sdag_graph *g, json_t *to)
{
    sdag_status status = SDAG_OK;
    seen w = {0};
    for (int32_t i = 0; i < g->n_phases; i++) {
        sdag_status one = check_phase(c, &w, g, i, to);
        if (one && !status) status = one;
    }
    return status;
}

static void print_phases(const sdag_cli *c, const sdag_graph *g, const json_t *phases)
{
    const json_t *p;
    size_t i;
    char weights[32];
    printf("%s: %d phase%s\n", g->name ? g->name : c->args[0], g->n_phases, g->n_phases == 1 ? "" : "s");
    json_array_foreach(phases, i, p)
        printf("  %-12s %-8s %3d nodes, %4d ops, %8s weights, %7.1f MiB planned\n",
               json_string_value(json_object_get(p, "name")),
               json_is_true(json_object_get(p, "trains")) ? "trains" : "predicts",
               (int)json_integer_value(json_object_get(p, "nodes")), (int)json_integer_value(json_object_get(p, "ops")),
               count_text(weights, sizeof weights, (size_t)json_integer_value(json_object_get(p, "weights"))),
               (double)json_integer_value(json_object_get(p, "planned_bytes")) / (1 << 20));
}

sdag_status sdag_cli_check(sdag_cli *c)
{
    sdag_graph *g = NULL;
    json_t *phases = json_array();
    sdag_log_quiet(c->log, c->json); /* the messages are in the object */
    sdag_status status = phases ? sdag_cli_load(&g, NULL, c, c->args[0]) : SDAG_NOMEM;
    if (!status) status = sdag_cli_check_graph(c, g, phases);
    sdag_log_quiet(c->log, false);
    if (!c->json && g && !c->quiet) print_phases(c, g, phases);
    if (!c->json || !phases) {
        json_decref(phases);
        return status;
    }
    json_t *all = json_object();
    json_object_set_new(all, "name", sdag_json_text(g && g->name ? g->name : c->args[0]));
    json_object_set_new(all, "valid", json_boolean(!status));
    json_object_set_new(all, "phases", phases);
    json_object_set_new(all, "messages", sdag_cli_messages(c));
    sdag_status printed = sdag_cli_json(c, all, NULL);
    return status ? status : printed;
}
