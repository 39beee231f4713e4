/* What several commands share: reading a pipeline, threads, printing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "runtime/cli/cli.h"
#include "runtime/plugin/plugin.h"
#include "runtime/pool/cpus.h"

static sdag_catalog built_in(void)
{
    sdag_catalog c = {0};
    c.types = sdag_node_types(&c.n);
    return c;
}

sdag_catalog sdag_cli_catalog(const sdag_cli *c) { return c->known.n ? c->known : built_in(); }

sdag_status sdag_cli_add_plugin(sdag_catalog *to, sdag_cli *c, const char *entry, sdag_loc loc, const char *dir)
{
    const sdag_plugin *plugin;
    const char *path = sdag_plugin_find(c->arena, entry, &(sdag_plugin_where){dir, c->plugin_path});
    if (!path && sdag_plugin_is_path(entry))
        return sdag_fail(c->log, SDAG_IO, loc, "there is no plugin '%s'%s%s", entry, *dir ? " in " : "", dir);
    if (!path)
        return sdag_fail(
            c->log, SDAG_IO, loc,
            "there is no plugin '%s': %s.so is neither in a folder of --plugin-path nor in %s; the path of "
            "a file begins with ./",
            entry, entry, sdag_plugin_dir(c->arena));
    sdag_status status = sdag_plugin_open(&plugin, c->arena, c->log, loc, path, entry);
    return status ? status : sdag_plugin_adopt(to, c->log, loc, plugin, entry);
}

const char *sdag_cli_plugin_dir(sdag_cli *c, const sdag_spec *spec, const sdag_spec *entry)
{
    if (entry->from_set) return "";
    if (entry->dir) return entry->dir; /* of a file that this one extends */
    const char *file = entry->loc.file ? entry->loc.file : spec->loc.file;
    const char *dir = sdag_path_dir(c->arena, file ? file : "");
    const sdag_spec *base = sdag_spec_get(spec, "base");
    if (!base || base->kind != SDAG_SPEC_SCALAR) return dir;
    return base->from_set ? base->text : sdag_path_join(c->arena, dir, base->text);
}

/* The plugins of a file, each error at its own place. */
static sdag_status load_plugins(sdag_catalog *to, sdag_cli *c, const sdag_spec *spec)
{
    const sdag_spec *v = sdag_spec_get(spec, "plugins"), *one[1] = {v}, **items = one;
    sdag_status status = SDAG_OK;
    int n = 1;
    if (!v || v->kind == SDAG_SPEC_NULL) return SDAG_OK;
    if (v->kind == SDAG_SPEC_LIST) items = v->items, n = v->n;
    for (int i = 0; i < n; i++) {
        sdag_status s = SDAG_INVALID;
        if (items[i]->kind != SDAG_SPEC_SCALAR || !*items[i]->text)
            sdag_fail(c->log, s, items[i]->loc, "plugins is %s, expected names or paths such as [./my_nodes.so]",
                      items[i]->kind == SDAG_SPEC_SCALAR ? "empty" : sdag_spec_kind_name(items[i]));
        else if (c->no_plugins) s = SDAG_OK;
        else s = sdag_cli_add_plugin(to, c, items[i]->text, items[i]->loc, sdag_cli_plugin_dir(c, spec, items[i]));
        if (!status) status = s;
    }
    to->no_plugins = c->no_plugins;
    return status;
}

sdag_status sdag_cli_types(sdag_catalog *to, sdag_cli *c)
{
    sdag_status status = SDAG_OK;
    *to = built_in();
    for (const char *at = c->plugins; at && *at && !status;) {
        size_t n = strcspn(at, ",");
        if (n) status = sdag_cli_add_plugin(to, c, sdag_arena_copy(c->arena, at, n), SDAG_NOLOC, "");
        at += n + (at[n] == ',');
    }
    return status;
}

sdag_status sdag_cli_plugins(sdag_cli *c, const sdag_spec *resolved)
{
    sdag_catalog catalog = built_in();
    sdag_status status = load_plugins(&catalog, c, resolved);
    c->known = catalog;
    return status;
}

sdag_status sdag_cli_load(sdag_graph **g, const sdag_spec **spec, sdag_cli *c, const char *path)
{
    sdag_spec_files files;
    const sdag_spec *resolved;
    sdag_status status = sdag_spec_load(&files, c->arena, c->log, path);
    if (!status) sdag_cli_detail(c, "read %s, %d --set", path, c->n_sets);
    if (!status) status = sdag_spec_resolve(&resolved, c->arena, c->log, files.root, c->sets, c->n_sets);
    if (status) return status;
    if (spec) *spec = resolved;
    if (!g) return SDAG_OK;
    status = sdag_cli_plugins(c, resolved);
    return status ? status : sdag_graph_build(g, c->arena, c->log, resolved, &c->known);
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
