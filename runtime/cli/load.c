/* What several commands share: reading a pipeline, threads, printing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "runtime/cli/cli.h"
#include "runtime/pool/cpus.h"

sdag_catalog sdag_cli_catalog(void)
{
    sdag_catalog c;
    c.types = sdag_node_types(&c.n);
    return c;
}

sdag_status sdag_cli_load(sdag_graph **g, const sdag_spec **spec, sdag_cli *c, const char *path)
{
    char *text;
    size_t len;
    const sdag_spec *raw, *resolved;
    sdag_status status = sdag_file_read(&text, &len, c->arena, c->log, SDAG_NOLOC, path, SDAG_SPEC_TEXT_MAX + 1);
    if (!status) sdag_cli_detail(c, "read %s: %zu bytes, %d --set", path, len, c->n_sets);
    if (!status) status = sdag_spec_parse(&raw, c->arena, c->log, path, text, len);
    if (!status) status = sdag_spec_resolve(&resolved, c->arena, c->log, raw, c->sets, c->n_sets);
    if (status) return status;
    if (spec) *spec = resolved;
    sdag_catalog catalog = sdag_cli_catalog();
    return g ? sdag_graph_build(g, c->arena, c->log, resolved, &catalog) : SDAG_OK;
}

int sdag_cli_threads(const sdag_cli *c) { return c->threads ? c->threads : sdag_cpus(); }

typedef struct names {
    const sdag_graph *g;
} names;

static const char *phase_name(const void *ctx, int i)
{
    const sdag_graph *g = ((const names *)ctx)->g;
    return i < g->n_phases ? g->phases[i].name : NULL;
}

int32_t sdag_cli_phase(sdag_cli *c, const sdag_graph *g)
{
    if (!c->phase) return 0;
    for (int32_t i = 0; i < g->n_phases; i++)
        if (!strcmp(g->phases[i].name, c->phase)) return i;
    const char *near = sdag_nearest(c->phase, phase_name, &(names){g});
    sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "'%s' has no phase '%s'%s%s%s", g->file, c->phase,
              near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return -1;
}

sdag_status sdag_cli_plan(sdag_plan **out, sdag_cli *c, const sdag_lowered *l)
{
    SDAG_VEC(sdag_val) keep = {0};
    if (l->loss) *SDAG_PUSH(c->arena, &keep) = l->loss;
    for (int i = 0; i < l->collected.n; i++)
        for (int k = 0; k < l->collected.at[i].n; k++)
            if (l->collected.at[i].vals[k]) *SDAG_PUSH(c->arena, &keep) = l->collected.at[i].vals[k];
    return sdag_plan_build(out, c->arena, c->log, &l->program, &(sdag_plan_options){.keep = keep.at, .n_keep = keep.n});
}

sdag_status sdag_cli_print(sdag_cli *c, const char *text)
{
    if (fputs(text, stdout) >= 0 && !fflush(stdout)) return SDAG_OK;
    return sdag_fail(c->log, SDAG_IO, SDAG_NOLOC, "standard output: %s", strerror(errno));
}
