/* One use of a module: its body with the parameters of the use put in becomes a graph of its own, and the node gets a
 * type that is made for it: the parameters are its options, its inputs and outputs its ports. So all that works for a
 * built-in type works for it. The body is built by the functions that build a phase, in a builder of its own. */
#include <string.h>

#include "graphs/graph/builder.h"

enum { PART_COST = 64 }; /* bytes counted for a parameter, an input or an output of a use */

/* What is set aside while a body is built. */
typedef struct body {
    sdag_builder outer;
    sdag_phase phase;
    sdag_graph graph;
    sdag_map names;
} body;

static void enter(sdag_builder *b, body *o, const sdag_module *m, sdag_loc used)
{
    o->outer = *b;
    o->phase = (sdag_phase){.name = m->type, .loc = m->loc, .optimizer = -1};
    o->graph = (sdag_graph){.file = b->g->file, .phases = &o->phase, .n_phases = 1, .spec = b->g->spec};
    o->names = (sdag_map){.a = b->r.a};
    if (used.file || used.line) {
        sdag_read_use *use = SDAG_NEW(b->r.a, sdag_read_use);
        *use = (sdag_read_use){.what = m->type, .loc = used, .up = b->r.use};
        b->r.use = use;
    }
    b->g = &o->graph;
    b->names = &o->names;
    b->phase_ids = (sdag_map){.a = b->r.a};
    b->nodes.at = NULL, b->nodes.n = b->nodes.cap = 0;
    b->readers.at = NULL, b->readers.n = b->readers.cap = 0;
    b->loose.at = NULL, b->loose.n = b->loose.cap = 0;
    b->first = 0;
    b->module_depth++;
}

static void leave(sdag_builder *b, const body *o)
{
    const sdag_builder in = *b;
    *b = o->outer;
    b->r = in.r;
    b->r.use = o->outer.r.use;
    b->made = in.made;
    b->full = in.full;
    b->filled = in.filled;
    b->unknown = in.unknown;
}

/* ---- nodes that are not of the file ---- */

static sdag_gnode *add_node(sdag_builder *b, const char *name, const sdag_node_type *type, sdag_loc loc)
{
    sdag_gnode *n = SDAG_NEW(b->r.a, sdag_gnode);
    sdag_spec *empty = SDAG_NEW(b->r.a, sdag_spec);
    *empty = (sdag_spec){.kind = SDAG_SPEC_MAP, .loc = loc};
    *n = (sdag_gnode){.name = name, .type = type, .use = -1, .every = {-1, SDAG_EPOCHS}, .loc = loc, .spec = empty};
    *SDAG_PUSH(b->r.a, &b->nodes) = n;
    *SDAG_PUSH(b->r.a, &b->readers) = 0;
    return n;
}

/* What stands for an input within the body. */
static void add_stand_ins(sdag_builder *b, const sdag_module *m)
{
    for (int i = 0; m->ins[i].name; i++) {
        sdag_port *out = SDAG_NEWS(b->r.a, sdag_port, 2);
        sdag_node_type *t = SDAG_NEW(b->r.a, sdag_node_type);
        out[0] = m->ins[i];
        *t = (sdag_node_type){.name = "input", .brief = "An input of the module.", .role = SDAG_ROLE_MATH, .outs = out};
        add_node(b, m->ins[i].name, t, m->loc);
        sdag_map_put(b->names, m->ins[i].name, i);
    }
}

/* A last node that reads what leaves the module, so that these wires are read and checked as all others are. */
static int32_t add_collector(sdag_builder *b, const sdag_module *m)
{
    int n = 0;
    while (m->outs[n]) n++;
    sdag_port *ins = SDAG_NEWS(b->r.a, sdag_port, n + 1);
    sdag_node_type *t = SDAG_NEW(b->r.a, sdag_node_type);
    for (int i = 0; i < n; i++) ins[i] = (sdag_port){.name = m->outs[i], .help = "", .flags = SDAG_PORT_BUNDLE};
    *t = (sdag_node_type){.name = m->type, .brief = "", .role = SDAG_ROLE_MATH, .ins = ins};
    int32_t id = b->nodes.n;
    sdag_spec *spec = (sdag_spec *)add_node(b, "out", t, m->loc)->spec;
    spec->n = 1;
    spec->entries = SDAG_NEW(b->r.a, sdag_spec_entry);
    spec->entries[0] = (sdag_spec_entry){"in", m->out->loc, m->out};
    sdag_build_inputs(b, id);
    return id;
}

/* ---- what the body is, once it is built ---- */

/* Data are made before a step and weights are updated behind it; what stands within a module is computed in between. */
static bool is_inner_role(sdag_role r)
{
    return r == SDAG_ROLE_ENCODER || r == SDAG_ROLE_DECODER || r == SDAG_ROLE_PROJECTOR || r == SDAG_ROLE_HEAD ||
           r == SDAG_ROLE_LOSS || r == SDAG_ROLE_MATH || r == SDAG_ROLE_LAYER;
}

static void check_node(sdag_builder *b, const sdag_module *m, const sdag_gnode *n)
{
    const sdag_spec *type = sdag_spec_get(n->spec, "type");
    if (n->type && !is_inner_role(n->type->role))
        sdag_reader_error(&b->r, type ? type->loc : n->loc, "%s cannot stand within a module: put it beside %s",
                          n->type->name, m->type);
    if (n->weights)
        sdag_reader_error(&b->r, n->weights_loc,
                          "'weights' cannot stand within a module: give it to the node that uses %s", m->type);
}

/* Inputs and nodes that lead nowhere; asked once all wires are known. */
static void check_read(sdag_builder *b, const sdag_module *m, int n_in, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if (b->readers.at[i] == 0)
            sdag_reader_error(&b->r, b->nodes.at[i]->loc, "nothing reads %s'%s': what leaves %s does not depend on it",
                              i < n_in ? "the input " : "", b->nodes.at[i]->name, m->type);
}

static bool all_typed(const sdag_builder *b)
{
    for (int32_t i = 0; i < b->nodes.n; i++)
        if (!b->nodes.at[i]->type) return false;
    return true;
}

/* The nodes in the order of their wires, without the collector. */
static sdag_inner *gather(sdag_builder *b, const sdag_module *m, int n_in, int32_t collector)
{
    const sdag_phase *phase = &b->g->phases[0];
    sdag_inner *in = SDAG_NEW(b->r.a, sdag_inner);
    int32_t *pos = SDAG_NEWS(b->r.a, int32_t, b->nodes.n);
    *in = (sdag_inner){.module = m->name, .about = m->about, .loc = m->loc, .n_in = n_in};
    in->nodes = SDAG_NEWS(b->r.a, sdag_gnode, b->nodes.n);
    for (int i = 0; i < phase->n_nodes; i++)
        if (phase->order[i] != collector) {
            pos[phase->order[i]] = in->n_nodes;
            in->nodes[in->n_nodes++] = *b->nodes.at[phase->order[i]];
        }
    for (int i = 0; i < in->n_nodes; i++)
        for (int p = 0; p < in->nodes[i].n_in; p++)
            for (int k = 0; k < in->nodes[i].in[p].n; k++)
                in->nodes[i].in[p].refs[k].node = pos[in->nodes[i].in[p].refs[k].node];
    const sdag_gnode *c = b->nodes.at[collector];
    sdag_ref *outs = SDAG_NEWS(b->r.a, sdag_ref, c->n_in + 1);
    for (int i = 0; i < c->n_in; i++) {
        outs[i] = c->in[i].refs[0];
        outs[i].node = pos[outs[i].node];
    }
    in->outs = outs;
    return in;
}

/* NULL: reported. */
static sdag_inner *build_inner(sdag_builder *b, const sdag_module *m, sdag_loc used, const sdag_spec *nodes)
{
    body o;
    sdag_inner *in = NULL;
    int n_in = 0, errors = b->r.errors;
    enter(b, &o, m, used);
    while (m->ins[n_in].name) n_in++;
    add_stand_ins(b, m);
    sdag_build_body(b, nodes);
    int32_t last = b->nodes.n, collector = b->full ? -1 : add_collector(b, m);
    if (collector >= 0) {
        sdag_build_wires(b);
        bool ordered = sdag_build_order(b, 0);
        if (ordered) sdag_build_views(b, 0);
        for (int32_t i = n_in; i < last; i++) check_node(b, m, b->nodes.at[i]);
        if (b->r.errors == errors) check_read(b, m, n_in, last);
        if (b->r.errors == errors && all_typed(b)) in = gather(b, m, n_in, collector);
    }
    leave(b, &o);
    return in;
}

/* ---- the type ---- */

/* Element types that the readers of an input take, whatever the sizes: these are judged within. */
static const char *input_type(sdag_arena *a, const sdag_inner *in, int input)
{
    bool f32 = false, i32 = false;
    for (int i = in->n_in; i < in->n_nodes; i++)
        for (int p = 0; p < in->nodes[i].n_in; p++)
            for (int k = 0; k < in->nodes[i].in[p].n; k++) {
                if (in->nodes[i].in[p].refs[k].node != input) continue;
                const char *type = in->nodes[i].type->ins[p].type;
                f32 |= strstr(type, "f32") || strstr(type, "image");
                i32 |= strstr(type, "i32") != NULL;
            }
    return sdag_arena_str(a, i32 && !f32 ? "i32[...]" : i32 ? "f32[...]|i32[...]" : "f32[...]");
}

/* Whether a bundle that comes in here may go as it is to a port that takes one. */
static void mark_bundles(sdag_arena *a, const sdag_inner *in, sdag_port *ins)
{
    bool *takes = SDAG_NEWS(a, bool, in->n_nodes);
    for (int i = in->n_nodes - 1; i >= in->n_in; i--)
        for (int p = 0; p < in->nodes[i].n_in; p++)
            for (int k = 0; k < in->nodes[i].in[p].n; k++) {
                const sdag_node_type *t = in->nodes[i].type;
                if ((t->ins[p].flags & SDAG_PORT_BUNDLE) || (t->maps && takes[i]))
                    takes[in->nodes[i].in[p].refs[k].node] = true;
            }
    for (int i = 0; i < in->n_in; i++)
        if (takes[i]) ins[i].flags |= SDAG_PORT_BUNDLE;
}

static sdag_role role_of(const sdag_module *m, const sdag_inner *in, bool trains)
{
    if (m->role >= 0) return (sdag_role)m->role;
    sdag_role r = in ? in->nodes[in->outs[0].node].type->role : SDAG_ROLE_LAYER;
    if (r != SDAG_ROLE_LAYER && r != SDAG_ROLE_MATH) return r;
    return trains ? SDAG_ROLE_ENCODER : SDAG_ROLE_MATH;
}

const sdag_node_type *sdag_module_make_type(sdag_arena *a, const sdag_module *m, const sdag_inner *in)
{
    sdag_node_type *t = SDAG_NEW(a, sdag_node_type);
    int n_in = 0, n_out = 0;
    bool maps = true, trains = !in;
    while (m->ins[n_in].name) n_in++;
    while (m->outs[n_out]) n_out++;
    sdag_port *ins = SDAG_NEWS(a, sdag_port, n_in + 1), *outs = SDAG_NEWS(a, sdag_port, n_out + 1);
    for (int i = in ? in->n_in : 0; in && i < in->n_nodes; i++) {
        maps &= in->nodes[i].type->maps;
        trains |= in->nodes[i].type->trains;
    }
    for (int i = 0; i < n_in; i++) {
        ins[i] = m->ins[i];
        if (!ins[i].type) ins[i].type = in ? input_type(a, in, i) : "f32[...]|i32[...]";
        if (in) ((sdag_port *)in->nodes[i].type->outs)->type = ins[i].type; /* made for this use */
    }
    if (in && !maps) mark_bundles(a, in, ins);
    for (int i = 0; i < n_out; i++) {
        const sdag_port *from = in ? &in->nodes[in->outs[i].node].type->outs[in->outs[i].port] : NULL;
        outs[i] = (sdag_port){.name = m->outs[i], .help = ""};
        outs[i].type = from ? from->type : "f32[...]|i32[...]";
        if (from) outs[i].flags = from->flags & (SDAG_PORT_OPTIONAL | SDAG_PORT_BUNDLE);
    }
    *t = (sdag_node_type){.name = m->type,
                          .brief = m->about ? m->about : "A module of this file.",
                          .role = role_of(m, in, trains),
                          .opts = m->opts,
                          .opts_size = m->opts_size,
                          .ins = ins,
                          .outs = outs,
                          .maps = maps,
                          .trains = trains,
                          .lower = sdag_lower_inner};
    return t;
}

/* ---- a use ---- */

void sdag_note_definition(sdag_builder *b, const sdag_module *m)
{
    if (!m) return;
    sdag_read_use *use = SDAG_NEW(b->r.a, sdag_read_use);
    *use = (sdag_read_use){.what = m->type, .loc = m->loc, .up = b->r.use, .defined = true};
    b->r.use = use;
}

bool sdag_count_filled(sdag_builder *b, size_t size, sdag_loc loc)
{
    b->filled += size; /* the limit is low and sizes are bounded: no overflow */
    if (b->filled <= SDAG_MODULES_FILLED_MAX) return true;
    if (!b->full)
        sdag_reader_error(&b->r, loc, "more than %d MiB, once every module is put in", SDAG_MODULES_FILLED_MAX >> 20);
    b->full = true;
    return false;
}

/* "module.a -> module.b -> module.a"; the uses are linked from the inside out. */
static void report_cycle(sdag_builder *b, const sdag_module *m, sdag_loc loc)
{
    const char *chain[SDAG_MODULE_DEPTH_MAX + 1];
    int n = 0;
    sdag_str s = {.a = b->r.a};
    for (const sdag_read_use *u = b->r.use; u && n < SDAG_MODULE_DEPTH_MAX; u = u->up) {
        chain[n++] = u->what;
        if (strcmp(u->what, m->type) == 0) break;
    }
    if (!n || strcmp(chain[n - 1], m->type)) sdag_str_addf(&s, "%s -> ", m->type); /* checked without a use */
    while (n > 0) sdag_str_addf(&s, "%s -> ", chain[--n]);
    sdag_reader_error(&b->r, loc, "a module within itself: %s%s", s.at, m->type);
}

static void say(void *ctx, sdag_loc loc, const char *text)
{
    sdag_builder *b = ctx;
    sdag_reader_error(&b->r, loc, "%s", text);
}

/* The body with the values of this use; NULL: they do not fit, or there are too many of them, reported. */
static const sdag_spec *fill(sdag_builder *b, const sdag_module *m, const sdag_spec *use, sdag_loc loc)
{
    int n = m->ids.n;
    const sdag_spec **values = SDAG_NEWS(b->r.a, const sdag_spec *, n + 1);
    for (int i = 0; i < n; i++) {
        const sdag_spec *given = sdag_spec_get(use, m->opts[i].name);
        values[i] = given ? given : m->defaults[i];
    }
    int errors = b->r.errors;
    const sdag_spec_filling filling = {b->r.a, &m->ids, values, say, b};
    sdag_read_use *note = SDAG_NEW(b->r.a, sdag_read_use);
    *note = (sdag_read_use){.what = m->type, .loc = loc, .up = b->r.use};
    if (use) b->r.use = note;
    const sdag_spec *nodes = sdag_spec_fill(&filling, m->nodes);
    b->r.use = note->up;
    size_t size = nodes->size + (size_t)PART_COST * (size_t)(n + 1);
    for (int i = 0; m->ins[i].name; i++) size += PART_COST;
    for (int i = 0; m->outs[i]; i++) size += PART_COST;
    return sdag_count_filled(b, size, loc) && b->r.errors == errors ? nodes : NULL;
}

static sdag_inner *use_module(sdag_builder *b, sdag_module *m, const sdag_spec *use, sdag_loc loc, sdag_loc used)
{
    int errors = b->r.errors;
    sdag_note_definition(b, m);
    sdag_options_read(&b->r, m->type, m->opts, m->opts_size, use, loc); /* again, and kept, with the node's keys */
    b->r.use = b->r.use->up;
    if (b->r.errors > errors || b->full) return NULL;
    const sdag_spec *nodes = fill(b, m, use, used.line ? used : m->loc);
    if (!nodes) return NULL;
    m->busy = true;
    sdag_inner *in = build_inner(b, m, used, nodes);
    m->busy = false;
    return in;
}

void sdag_module_type(sdag_builder *b, sdag_gnode *n, const sdag_spec *v)
{
    sdag_module *m = sdag_module_find(b, v->text);
    if (!m) {
        sdag_reader_unknown(&b->r, v->loc, "module", v->text + 7, b->module_ids.n ? "" : ": this file has no modules",
                            sdag_map_key, &b->module_ids);
        return;
    }
    m->used = true;
    if (m->bad) return; /* reported where it is defined */
    if (m->busy) {
        report_cycle(b, m, v->loc);
        return;
    }
    if (b->module_depth == SDAG_MODULE_DEPTH_MAX) {
        sdag_reader_error(&b->r, v->loc, "more than %d modules, each within the next", SDAG_MODULE_DEPTH_MAX);
        return;
    }
    n->inner = use_module(b, m, n->spec, n->loc, v->loc);
    if (b->full) return;
    n->type = sdag_module_make_type(b->r.a, m, n->inner);
}

void sdag_check_modules(sdag_builder *b)
{
    int n = b->module_ids.n;
    bool *used = SDAG_NEWS(b->r.a, bool, n + 1);
    for (int i = 0; i < n; i++) used[i] = b->modules[i].used;
    for (int i = 0; i < n; i++) {
        sdag_module *m = &b->modules[i];
        bool ready = !m->used && !m->bad;
        for (int k = 0; ready && k < m->ids.n; k++) ready = m->defaults[k] != NULL;
        if (ready) use_module(b, m, NULL, m->loc, SDAG_NOLOC);
    }
    for (int i = 0; i < n; i++)
        if (!used[i] && !b->modules[i].used && b->r.errors == 0)
            sdag_log_add(b->r.log, SDAG_WARNING, b->modules[i].loc, "'%s' is never used", b->modules[i].name);
}
