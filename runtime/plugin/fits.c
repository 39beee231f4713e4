/* The contract between host and plugin: magic, versions, sizes; and what an older plugin lacks. */
#include <stdio.h>
#include <string.h>

#include "core/ops/stand_in.h"
#include "runtime/plugin/plugin.h"

static const struct abi_struct {
    const char *name;
    uint32_t size;
    bool fixed;
} structs[] = {
#define GROWS false
#define FIXED true
#define X(s, how) {"sdag_" #s, sizeof(sdag_##s), how},
    SDAG_ABI_STRUCTS(X)
#undef X
#undef GROWS
#undef FIXED
};

static bool wrong_struct(char why[SDAG_PLUGIN_WHY], const char *name, uint32_t theirs, uint32_t ours)
{
    snprintf(why, SDAG_PLUGIN_WHY,
             "was built with another ssldag: %s has %u bytes there and %u here; build it again with these headers",
             name, (unsigned)theirs, (unsigned)ours);
    return false;
}

static bool structs_fit(char why[SDAG_PLUGIN_WHY], const sdag_plugin *p)
{
    if (p->size > sizeof *p) return wrong_struct(why, "sdag_plugin", p->size, sizeof *p);
    if (p->size < offsetof(sdag_plugin, name)) return wrong_struct(why, "sdag_plugin", p->size, sizeof *p);
    for (int i = 0; i < SDAG_ABI_STRUCTS_MAX; i++) {
        bool known = i < SDAG_ABI_STRUCTS_N;
        uint32_t theirs = p->structs[i], ours = known ? structs[i].size : 0;
        if (theirs > ours || (known && theirs && structs[i].fixed && theirs != ours))
            return wrong_struct(why, known ? structs[i].name : "a struct that is new", theirs, ours);
    }
    return true;
}

bool sdag_plugin_fits(char why[SDAG_PLUGIN_WHY], const sdag_plugin *p)
{
    if (p->magic != SDAG_PLUGIN_MAGIC) {
        snprintf(why, SDAG_PLUGIN_WHY, "is no plugin of ssldag: its table begins with %016llx instead of %016llx",
                 (unsigned long long)p->magic, (unsigned long long)SDAG_PLUGIN_MAGIC);
        return false;
    }
    if (p->abi_major != SDAG_ABI_MAJOR || p->abi_minor > SDAG_ABI_MINOR) {
        snprintf(why, SDAG_PLUGIN_WHY,
                 "was built for plugin ABI %u.%u, but this is ssldag " SSLDAG_VERSION
                 " with plugin ABI %d.%d: build it again with the headers of this version",
                 p->abi_major, p->abi_minor, SDAG_ABI_MAJOR, SDAG_ABI_MINOR);
        return false;
    }
    if (!structs_fit(why, p)) return false;
    if (p->flags & SDAG_PLUGIN_FAST_MATH) {
        snprintf(why, SDAG_PLUGIN_WHY,
                 "was compiled with -ffast-math: a NaN would pass unseen, and results would not be the same "
                 "everywhere; compile it without");
        return false;
    }
    return true;
}

/* ---- an older plugin: smaller structs, the rest 0 ---- */

typedef struct growth {
    sdag_arena *a;
    const uint32_t *theirs;
} growth;

static const void *grown(const growth *g, int kind, const void *from)
{
    size_t size = g->theirs[kind];
    if (!from || !size || size == structs[kind].size) return from;
    void *to = sdag_arena_get(g->a, structs[kind].size);
    return memcpy(to, from, size);
}

/* A table that ends with a row whose pointer at `key` is NULL. */
static const void *grown_rows(const growth *g, int kind, const void *from, size_t key)
{
    size_t size = g->theirs[kind], ours = structs[kind].size, n = 0;
    if (!from || !size || size == ours) return from;
    for (;; n++) {
        const void *pointer;
        memcpy(&pointer, (const char *)from + n * size + key, sizeof pointer);
        if (!pointer) break;
    }
    char *to = sdag_arena_array(g->a, n + 1, ours);
    for (size_t i = 0; i < n; i++) memcpy(to + i * ours, (const char *)from + i * size, size);
    return to;
}

static int list_length(const void *const *list)
{
    int n = 0;
    while (list && list[n]) n++;
    return n;
}

static const sdag_opt *grown_opts(const growth *g, const sdag_opt *opts);

static const sdag_record_type *grown_record(const growth *g, const sdag_record_type *from)
{
    sdag_record_type *r = SDAG_NEW(g->a, sdag_record_type);
    *r = *(const sdag_record_type *)grown(g, SDAG_ABI_record_type, from);
    r->opts = grown_opts(g, r->opts);
    return r;
}

static const sdag_opt *grown_opts(const growth *g, const sdag_opt *opts)
{
    const sdag_opt *rows = grown_rows(g, SDAG_ABI_opt, opts, offsetof(sdag_opt, name));
    int n = 0;
    while (rows && rows[n].name) n++;
    sdag_opt *copy = SDAG_NEWS(g->a, sdag_opt, n + 1);
    for (int i = 0; i < n; i++) {
        copy[i] = rows[i];
        if (rows[i].kind != SDAG_OPT_RECORDS) continue;
        int m = list_length((const void *const *)rows[i].records);
        const sdag_record_type **list = SDAG_NEWS(g->a, const sdag_record_type *, m + 1);
        for (int k = 0; k < m; k++) list[k] = grown_record(g, rows[i].records[k]);
        copy[i].records = list;
    }
    return copy;
}

static const sdag_node_type *grown_type(const growth *g, const sdag_node_type *from)
{
    sdag_node_type *t = SDAG_NEW(g->a, sdag_node_type);
    *t = *(const sdag_node_type *)grown(g, SDAG_ABI_node_type, from);
    t->opts = grown_opts(g, t->opts);
    t->ins = grown_rows(g, SDAG_ABI_port, t->ins, offsetof(sdag_port, name));
    t->outs = grown_rows(g, SDAG_ABI_port, t->outs, offsetof(sdag_port, name));
    t->collect = grown(g, SDAG_ABI_collect, t->collect);
    return t;
}

/* Its code emits the op by the address of its own struct. */
static const sdag_op *grown_op(const growth *g, const sdag_op *from)
{
    const bool same = (!g->theirs[SDAG_ABI_op] || g->theirs[SDAG_ABI_op] == sizeof *from) &&
                      (!g->theirs[SDAG_ABI_op_check] || g->theirs[SDAG_ABI_op_check] == sizeof *from->check);
    if (same) return from;
    sdag_op *op = SDAG_NEW(g->a, sdag_op);
    *op = *(const sdag_op *)grown(g, SDAG_ABI_op, from);
    op->check = grown_rows(g, SDAG_ABI_op_check, op->check, offsetof(sdag_op_check, in));
    sdag_stand_in *row = SDAG_NEW(g->a, sdag_stand_in);
    *row = (sdag_stand_in){.theirs = from, .ours = op};
    sdag_stand_in_add(row);
    return op;
}

static const sdag_plugin_record *grown_records(const growth *g, const sdag_plugin_record *from)
{
    const sdag_plugin_record *rows = grown_rows(g, SDAG_ABI_plugin_record, from, offsetof(sdag_plugin_record, node));
    int n = 0;
    while (rows && rows[n].node) n++;
    sdag_plugin_record *copy = SDAG_NEWS(g->a, sdag_plugin_record, n + 1);
    for (int i = 0; i < n; i++) {
        copy[i] = rows[i];
        if (!rows[i].record) continue;
        sdag_record_type *r = SDAG_NEW(g->a, sdag_record_type);
        *r = *grown_record(g, rows[i].record);
        r->type = grown(g, SDAG_ABI_transform, r->type);
        copy[i].record = r;
    }
    return copy;
}

const sdag_plugin *sdag_plugin_extend(sdag_arena *a, const sdag_plugin *from)
{
    sdag_plugin *p = SDAG_NEW(a, sdag_plugin);
    memcpy(p, from, from->size < sizeof *p ? from->size : sizeof *p);
    growth g = {a, p->structs};
    int n_types = list_length((const void *const *)p->types), n_ops = list_length((const void *const *)p->ops);
    const sdag_node_type **types = SDAG_NEWS(a, const sdag_node_type *, n_types + 1);
    const sdag_op **ops = SDAG_NEWS(a, const sdag_op *, n_ops + 1);
    for (int i = 0; i < n_types; i++) types[i] = grown_type(&g, p->types[i]);
    for (int i = 0; i < n_ops; i++) ops[i] = grown_op(&g, p->ops[i]);
    p->types = types;
    p->ops = ops;
    p->records = grown_records(&g, p->records);
    p->references = grown_rows(&g, SDAG_ABI_reference, p->references, offsetof(sdag_reference, op));
    return p;
}
