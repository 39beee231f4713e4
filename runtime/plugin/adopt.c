/* What plugins give, beside what is built in. */
#include <string.h>

#include "core/ops/ops.h"
#include "runtime/plugin/plugin.h"

static const char *origin(const sdag_node_type *t)
{
    int n;
    const sdag_node_type *const *types = sdag_node_types(&n);
    for (int i = 0; i < n; i++)
        if (types[i] == t || !strcmp(types[i]->name, t->name)) return "is built in";
    return "another plugin brings too";
}

static sdag_status add_types(sdag_catalog *c, sdag_arena *a, sdag_log *log, sdag_loc loc, const sdag_plugin *p,
                             const char *name)
{
    int n = 0;
    while (p->types[n]) n++;
    const sdag_node_type **all = SDAG_NEWS(a, const sdag_node_type *, c->n + n + 1);
    memcpy(all, c->types, (size_t)c->n * sizeof *all);
    c->types = all;
    for (int i = 0; i < n; i++) {
        const sdag_node_type *same = sdag_catalog_find(c, p->types[i]->name);
        if (same)
            return sdag_fail(log, SDAG_INVALID, loc, "plugin '%s' brings the node type '%s', which %s", name,
                             p->types[i]->name, origin(same));
        all[c->n++] = p->types[i];
    }
    return SDAG_OK;
}

static sdag_status check_ops(sdag_log *log, sdag_loc loc, const sdag_plugin *p, const char *name)
{
    int n;
    const sdag_op *const *table = sdag_op_table(&n);
    for (int i = 0; p->ops[i]; i++)
        for (int k = 0; k < n; k++)
            if (!strcmp(table[k]->name, p->ops[i]->name))
                return sdag_fail(log, SDAG_INVALID, loc, "plugin '%s' brings the op '%s', which is built in", name,
                                 p->ops[i]->name);
    return SDAG_OK;
}

static int find_option(const sdag_node_type *t, const char *name)
{
    for (int i = 0; t->opts && t->opts[i].name; i++)
        if (t->opts[i].kind == SDAG_OPT_RECORDS && !strcmp(t->opts[i].name, name)) return i;
    return -1;
}

/* The type once more, whose option takes one more record. */
static sdag_status add_record(sdag_catalog *c, sdag_arena *a, sdag_log *log, sdag_loc loc, const sdag_plugin_record *r,
                              const char *name)
{
    int at = 0, n_opts = 0, n = 0;
    while (at < c->n && strcmp(c->types[at]->name, r->node)) at++;
    int option = at < c->n ? find_option(c->types[at], r->option) : -1;
    if (option < 0)
        return sdag_fail(log, SDAG_INVALID, loc, "plugin '%s' has a record for '%s.%s', which takes none", name,
                         r->node, r->option);
    const sdag_node_type *t = c->types[at];
    const sdag_record_type *const *was = t->opts[option].records;
    for (; was[n]; n++)
        if (!strcmp(was[n]->name, r->record->name))
            return sdag_fail(log, SDAG_INVALID, loc, "plugin '%s' brings '%s' for %s.%s, which is there already", name,
                             r->record->name, r->node, r->option);
    while (t->opts[n_opts].name) n_opts++;
    const sdag_record_type **records = SDAG_NEWS(a, const sdag_record_type *, n + 2);
    sdag_opt *opts = SDAG_NEWS(a, sdag_opt, n_opts + 1);
    sdag_node_type *copy = SDAG_NEW(a, sdag_node_type);
    const sdag_node_type **types = SDAG_NEWS(a, const sdag_node_type *, c->n + 1);
    memcpy(records, was, (size_t)n * sizeof *records);
    records[n] = r->record;
    memcpy(opts, t->opts, (size_t)n_opts * sizeof *opts);
    opts[option].records = records;
    *copy = *t;
    copy->opts = opts;
    memcpy(types, c->types, (size_t)c->n * sizeof *types);
    types[at] = copy;
    c->types = types;
    return SDAG_OK;
}

typedef struct adopting {
    sdag_catalog *c;
    sdag_log *log;
    sdag_loc loc;
    const sdag_plugin *p;
    const char *name;
} adopting;

static sdag_status adopt(void *arg)
{
    const adopting *o = arg;
    sdag_arena *a = sdag_plugin_memory();
    sdag_status status = add_types(o->c, a, o->log, o->loc, o->p, o->name);
    if (!status) status = check_ops(o->log, o->loc, o->p, o->name);
    for (int i = 0; !status && o->p->records[i].node; i++)
        status = add_record(o->c, a, o->log, o->loc, &o->p->records[i], o->name);
    return status;
}

sdag_status sdag_plugin_adopt(sdag_catalog *c, sdag_log *log, sdag_loc loc, const sdag_plugin *p, const char *name)
{
    return sdag_arena_try(sdag_plugin_memory(), adopt, &(adopting){c, log, loc, p, name});
}
