/* One node: its type, or the node of an earlier phase that it takes over; its options; the keys that all nodes share.
 */
#include <string.h>

#include "graphs/expr/expr.h"
#include "graphs/graph/builder.h"
#include "graphs/graph/words.h"

bool sdag_is_inline_node(const sdag_spec *v) { return sdag_spec_get(v, "type") || sdag_spec_get(v, "use"); }

int sdag_own_views(const sdag_gnode *n)
{
    for (const sdag_opt *o = n->type ? n->type->opts : NULL; o && o->name; o++)
        if (o->kind == SDAG_OPT_INT && strcmp(sdag_opt_name(o), "views") == 0) {
            int64_t views = *(const int64_t *)((const char *)n->opts + o->offset);
            return views > 1 && views <= SDAG_GRAPH_NODES_MAX ? (int)views : 1;
        }
    return 1;
}

/* ---- type ---- */

static void find_type(sdag_builder *b, sdag_gnode *n, const sdag_spec *v)
{
    const char *text;
    if (!v) {
        sdag_reader_error(&b->r, n->loc, "node '%s' has no type: {type: ..., ...}", n->name);
        return;
    }
    if (!sdag_spec_str(&text, v)) {
        sdag_reader_error(&b->r, v->loc, "the type of '%s' is %s, expected a name such as encoder.resnet", n->name,
                          sdag_kind_text(v));
        return;
    }
    if (strncmp(text, "module.", 7) == 0) {
        sdag_module_type(b, n, v);
        return;
    }
    int id = sdag_map_get(&b->types, text);
    if (strcmp(text, sdag_expr_static.name) == 0) n->type = sdag_expr_type(b, n);
    else if (id >= 0) n->type = b->catalog->types[id];
    else sdag_reader_unknown(&b->r, v->loc, "type", text, "", sdag_map_key, &b->types);
    if (id < 0) *SDAG_PUSH(b->r.a, &b->unknown) = text;
}

/* The phase that `use` names must be an earlier one. -1: reported. */
static int use_phase(sdag_builder *b, const sdag_gnode *n, const sdag_spec *v, const char *name)
{
    int p = sdag_map_get(&b->phase_ids, name);
    if (p < 0) sdag_reader_unknown(&b->r, v->loc, "phase", name, "", sdag_map_key, &b->phase_ids);
    else if (p == n->phase)
        sdag_reader_error(&b->r, v->loc,
                          "'%s' is in this phase: 'use' takes over a node of an earlier one; wire with 'in'", v->text);
    else if (p > n->phase)
        sdag_reader_error(&b->r, v->loc, "phase '%s' comes after '%s': 'use' takes over a node of an earlier one", name,
                          b->g->phases[n->phase].name);
    return p < n->phase ? p : -1;
}

static void find_used(sdag_builder *b, sdag_gnode *n, const sdag_spec *v)
{
    const char *dot = v->kind == SDAG_SPEC_SCALAR ? strchr(v->text, '.') : NULL;
    if (b->module_depth) {
        sdag_reader_error(&b->r, v->loc, "'use' takes over a node of a phase: it cannot stand within a module");
        return;
    }
    if (!dot) {
        sdag_reader_error(&b->r, v->loc, "use is %s, expected phase.node",
                          v->kind == SDAG_SPEC_SCALAR ? sdag_arena_printf(b->r.a, "'%.60s'", v->text)
                                                      : sdag_kind_text(v));
        return;
    }
    int p = use_phase(b, n, v, sdag_arena_copy(b->r.a, v->text, (size_t)(dot - v->text)));
    if (p < 0) return;
    int32_t id = sdag_map_get(&b->names[p], dot + 1);
    if (id < 0) {
        sdag_reader_unknown(&b->r, v->loc, "node", dot + 1,
                            sdag_arena_printf(b->r.a, " in phase '%s'", b->g->phases[p].name), sdag_map_key,
                            &b->names[p]);
        return;
    }
    const sdag_gnode *used = b->nodes.at[id];
    b->readers.at[id]++;
    if (!used->type) return; /* reported where it stands */
    const sdag_role role = used->type->role;
    if (!used->type->trains && role != SDAG_ROLE_MOMENTUM && role != SDAG_ROLE_MEMORY) {
        sdag_reader_error(&b->r, v->loc, "'%s' is %s, which has no weights to take over", v->text, used->type->name);
        return;
    }
    n->use = id;
    n->type = used->type;
    n->opts = used->opts;
    n->inner = used->inner;
    n->batching = used->batching;
}

/* ---- keys ---- */

/* Every key that a node of this type may have. */
static const char *node_key(const void *ctx, int i)
{
    const sdag_node_type *t = ctx;
    int n = sdag_opt_count(t->opts);
    if (i < n) return sdag_opt_name(&t->opts[i]);
    i -= n;
    for (const sdag_port *p = t->ins; p && p->name; p++)
        if ((p->flags & SDAG_PORT_KEY) && i-- == 0) return p->name;
    for (const sdag_common_key *k = sdag_common_keys; k->name; k++)
        if (sdag_common_key_fits(k, t) && i-- == 0) return k->name;
    return NULL;
}

static const sdag_opt *find_option(const sdag_node_type *t, const char *key)
{
    for (const sdag_opt *o = t->opts; o && o->name; o++)
        if (strcmp(sdag_opt_name(o), key) == 0) return o;
    return NULL;
}

static const sdag_common_key *find_common(const char *key)
{
    for (const sdag_common_key *k = sdag_common_keys; k->name; k++)
        if (strcmp(k->name, key) == 0) return k;
    return NULL;
}

/* A key that is known, but not here: say why rather than "unknown". */
static void refuse_common(sdag_builder *b, const sdag_gnode *n, const sdag_common_key *k, sdag_loc loc)
{
    if (k->roles & SDAG_KEY_TRAINS)
        sdag_reader_error(&b->r, loc, "'%s' does not apply: %s has no weights", k->name, n->type->name);
    else if (k->roles & SDAG_KEY_PROBE)
        sdag_reader_error(&b->r, loc, "'%s' does not apply: %s is no probe", k->name, n->type->name);
    else if (sdag_port_count(n->type->ins) == 0) sdag_reader_error(&b->r, loc, "%s takes no inputs", n->type->name);
    else {
        sdag_str s = {.a = b->r.a};
        for (const sdag_port *p = n->type->ins; p->name; p++)
            sdag_str_addf(&s, "%s%s:", p == n->type->ins ? "" : ", ", p->name);
        sdag_reader_error(&b->r, loc, "%s has no 'in': its inputs are the keys %s", n->type->name, s.at);
    }
}

static void check_key(sdag_builder *b, const sdag_gnode *n, const sdag_spec_entry *e)
{
    const sdag_node_type *t = n->type;
    const sdag_common_key *common = find_common(e->key);
    const sdag_opt *option = find_option(t, e->key);
    int port = sdag_port_find(t->ins, e->key);
    if (common && (sdag_common_key_fits(common, t) || (strcmp(e->key, "use") == 0 && n->use >= 0))) {
        if (n->use >= 0 && (strcmp(e->key, "type") == 0 || strcmp(e->key, "weights") == 0))
            sdag_reader_error(&b->r, e->loc, "'%s' stands beside 'use', which brings type, options and weights",
                              e->key);
    } else if (option) {
        if (n->use >= 0)
            sdag_reader_error(&b->r, e->loc, "'%s' stands beside 'use': the options are those of %s.%s", e->key,
                              b->g->phases[b->nodes.at[n->use]->phase].name, b->nodes.at[n->use]->name);
    } else if (port >= 0 && !(t->ins[port].flags & SDAG_PORT_KEY))
        sdag_reader_error(&b->r, e->loc, "'%s' is a port of %s: write in: {%s: ...}", e->key, t->name, e->key);
    else if (common) refuse_common(b, n, common, e->loc);
    else if (strcmp(e->key, "repeat") == 0 || strcmp(e->key, "first") == 0)
        sdag_reader_error(&b->r, e->loc,
                          b->module_depth ? "'%s' stands beside 'repeat', of a node with a name"
                                          : "'%s' is for the nodes within a module",
                          e->key);
    else if (port < 0)
        sdag_reader_unknown(&b->r, e->loc, "option", e->key, sdag_arena_printf(b->r.a, " of %s", t->name), node_key, t);
}

static void read_common(sdag_builder *b, sdag_gnode *n)
{
    const sdag_node_type *t = n->type;
    const sdag_spec *freeze = t->trains ? sdag_spec_get(n->spec, "freeze") : NULL;
    const sdag_spec *weights = t->trains && n->use < 0 ? sdag_spec_get(n->spec, "weights") : NULL;
    const sdag_spec *batching = t->trains ? sdag_spec_get(n->spec, "batching") : NULL;
    const sdag_spec *every = t->role == SDAG_ROLE_PROBE ? sdag_spec_get(n->spec, "every") : NULL;
    int choice;
    if (freeze) sdag_read_bool(&b->r, sdag_arena_printf(b->r.a, "%s.freeze", t->name), freeze, &n->freeze);
    if (weights && sdag_read_path(&b->r, sdag_arena_printf(b->r.a, "%s.weights", t->name), weights, &n->weights))
        n->weights_loc = weights->loc;
    if (batching && sdag_read_enum(&b->r, sdag_arena_printf(b->r.a, "%s.batching", t->name), batching,
                                   sdag_batching_choices, &choice))
        n->batching = (sdag_batching)choice;
    if (every && sdag_read_duration(&b->r, sdag_arena_printf(b->r.a, "%s.every", t->name), every, &n->every) &&
        n->every.n == 0)
        sdag_reader_error(&b->r, every->loc, "%s.every is 0, expected more than that", t->name);
}

static void read_keys(sdag_builder *b, sdag_gnode *n)
{
    int errors = b->r.errors;
    const sdag_module *m = sdag_module_find(b, n->type->name);
    sdag_note_definition(b, m);
    for (int i = 0; i < n->spec->n; i++) check_key(b, n, &n->spec->entries[i]);
    read_common(b, n);
    if (n->use < 0)
        n->opts = sdag_options_read(&b->r, n->type->name, n->type->opts, n->type->opts_size, n->spec, n->loc);
    if (m) b->r.use = b->r.use->up;
    if (n->use >= 0) return;
    const char *wrong = n->type->check && b->r.errors == errors ? n->type->check(n->opts) : NULL;
    if (wrong) sdag_reader_error(&b->r, n->loc, "%s: %s", n->type->name, wrong);
}

int32_t sdag_build_node(sdag_builder *b, int32_t p, const char *name, sdag_loc loc, const sdag_spec *spec)
{
    if (b->full || b->made == SDAG_GRAPH_NODES_MAX) {
        if (!b->full)
            sdag_reader_error(&b->r, loc, "more than %d nodes%s", SDAG_GRAPH_NODES_MAX,
                              b->module_depth ? ", those within modules counted" : "");
        b->full = true;
        return -1;
    }
    b->made++;
    int32_t id = b->nodes.n;
    sdag_gnode *n = SDAG_NEW(b->r.a, sdag_gnode);
    *n = (sdag_gnode){.name = name, .phase = p, .use = -1, .every = {-1, SDAG_EPOCHS}, .loc = loc, .spec = spec};
    *SDAG_PUSH(b->r.a, &b->nodes) = n;
    *SDAG_PUSH(b->r.a, &b->readers) = 0;
    if (spec->kind != SDAG_SPEC_MAP) {
        sdag_reader_error(&b->r, spec->loc, "node '%s' is %s, expected a map: {type: ..., ...}", name,
                          sdag_kind_text(spec));
        return id;
    }
    const sdag_spec *use = sdag_spec_get(spec, "use");
    if (use) find_used(b, n, use);
    else find_type(b, n, sdag_spec_get(spec, "type"));
    if (n->type) read_keys(b, n);
    sdag_build_inputs(b, id);
    return id;
}
