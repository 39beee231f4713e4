/* Wires: first as they are typed (which port gets what), then as refs to nodes, ports and views. */
#include <string.h>

#include "graphs/graph/builder.h"

int sdag_port_count(const sdag_port *ports)
{
    int n = 0;
    while (ports && ports[n].name) n++;
    return n;
}

int sdag_port_find(const sdag_port *ports, const char *name)
{
    for (int i = 0; ports && ports[i].name; i++)
        if (strcmp(ports[i].name, name) == 0) return i;
    return -1;
}

const char *sdag_port_name(const void *ports, int i)
{
    return ports ? ((const sdag_port *)ports)[i].name : NULL; /* the row after the last has none */
}

/* ---- as typed ---- */

static void note_end(sdag_builder *b, int32_t id, int port, int ref, const sdag_spec *v)
{
    *SDAG_PUSH(b->r.a, &b->loose) = (sdag_loose_end){id, port, ref, v};
}

/* One end of a wire: the name of a node, or a node written in its place. index: in a list, from 1; 0: no list. */
static void take_end(sdag_builder *b, int32_t id, int port, int ref, int index, const sdag_spec *v)
{
    const sdag_gnode *n = b->nodes.at[id];
    const char *name = port >= 0 ? n->type->ins[port].name : "in";
    if (v->kind == SDAG_SPEC_SCALAR) {
        note_end(b, id, port, ref, v);
    } else if (sdag_is_inline_node(v)) {
        const char *inner = index ? sdag_arena_printf(b->r.a, "%s.%s.%d", n->name, name, index)
                                  : sdag_arena_printf(b->r.a, "%s.%s", n->name, name);
        int32_t made = sdag_build_node(b, n->phase, inner, v->loc, v);
        if (made < 0) return;
        b->readers.at[made]++;
        if (port >= 0) n->in[port].refs[ref].node = made;
    } else
        sdag_reader_error(&b->r, v->loc, "the wire into '%s' of '%s' is %s, expected the name of a node", name, n->name,
                          sdag_kind_text(v));
}

/* What a port gets: one wire, or a list of them. port -1: the node's type is unknown. */
static void connect(sdag_builder *b, int32_t id, int port, const sdag_spec *v)
{
    const sdag_gnode *n = b->nodes.at[id];
    bool list = v->kind == SDAG_SPEC_LIST;
    int count = list ? v->n : 1;
    if (list && count == 0) {
        sdag_reader_error(&b->r, v->loc, "an empty list of wires into '%s'", n->name);
        return;
    }
    if (port >= 0) {
        sdag_ref *refs = SDAG_NEWS(b->r.a, sdag_ref, count);
        for (int i = 0; i < count; i++) refs[i] = (sdag_ref){.node = -1, .loc = list ? v->items[i]->loc : v->loc};
        n->in[port] = (sdag_wires){refs, count, list};
    }
    for (int i = 0; i < count; i++) take_end(b, id, port, i, list ? i + 1 : 0, list ? v->items[i] : v);
}

/* The port that `in: wire` means: the first that is no key of its own. */
static int main_port(const sdag_node_type *t)
{
    for (int i = 0; i < sdag_port_count(t->ins); i++)
        if (!(t->ins[i].flags & SDAG_PORT_KEY)) return i;
    return -1;
}

/* connect, unless the port has its wire already. */
static void connect_once(sdag_builder *b, int32_t id, int port, const sdag_spec *v, sdag_loc loc, sdag_loc *given)
{
    const sdag_gnode *n = b->nodes.at[id];
    if (given[port].file) {
        sdag_reader_error(&b->r, loc, "two producers for port '%s' of '%s'; the first is on line %d",
                          n->type->ins[port].name, n->name, given[port].line);
        return;
    }
    given[port] = loc;
    if (!loc.file) given[port].file = "";
    connect(b, id, port, v);
}

static void connect_in(sdag_builder *b, int32_t id, const sdag_spec *in, sdag_loc *given)
{
    const sdag_gnode *n = b->nodes.at[id];
    const sdag_port *ports = n->type->ins;
    if (in->kind == SDAG_SPEC_NULL) {
        sdag_reader_error(&b->r, in->loc, "the 'in' of '%s' is empty, expected a wire", n->name);
        return;
    }
    if (in->kind != SDAG_SPEC_MAP || sdag_is_inline_node(in)) {
        if (main_port(n->type) >= 0) connect_once(b, id, main_port(n->type), in, in->loc, given);
        return; /* a type without such a port: reported with its keys */
    }
    for (int i = 0; i < in->n; i++) {
        const sdag_spec_entry *e = &in->entries[i];
        int port = sdag_port_find(ports, e->key);
        if (port >= 0) connect_once(b, id, port, e->value, e->loc, given);
        else
            sdag_reader_unknown(&b->r, e->loc, "port", e->key, sdag_arena_printf(b->r.a, " of %s", n->type->name),
                                sdag_port_name, ports);
    }
}

void sdag_build_inputs(sdag_builder *b, int32_t id)
{
    sdag_gnode *n = b->nodes.at[id];
    const sdag_spec *in = sdag_spec_get(n->spec, "in"), *v;
    if (!n->type) {
        if (in && in->kind == SDAG_SPEC_MAP && !sdag_is_inline_node(in))
            for (int i = 0; i < in->n; i++) connect(b, id, -1, in->entries[i].value);
        else if (in && in->kind != SDAG_SPEC_NULL) connect(b, id, -1, in);
        return;
    }
    n->n_in = sdag_port_count(n->type->ins);
    n->in = SDAG_NEWS(b->r.a, sdag_wires, n->n_in);
    sdag_loc *given = SDAG_NEWS(b->r.a, sdag_loc, n->n_in);
    if (in && n->n_in) connect_in(b, id, in, given);
    for (int i = 0; i < n->n_in; i++)
        if ((n->type->ins[i].flags & SDAG_PORT_KEY) && (v = sdag_spec_get(n->spec, n->type->ins[i].name)))
            for (int k = 0; k < n->spec->n; k++)
                if (n->spec->entries[k].value == v && strcmp(n->spec->entries[k].key, n->type->ins[i].name) == 0)
                    connect_once(b, id, i, v, n->spec->entries[k].loc, given);
    for (int i = 0; i < n->n_in; i++)
        if (!given[i].file && !(n->type->ins[i].flags & SDAG_PORT_OPTIONAL) &&
            !(n->use >= 0 && n->type->ins[i].flags & SDAG_PORT_EVAL) && /* it names what the node taken over named */
            !(in && in->kind == SDAG_SPEC_NULL))
            sdag_reader_error(&b->r, n->loc, "port '%s' of '%s' (%s) is not connected", n->type->ins[i].name, n->name,
                              n->type->name);
}

/* ---- as refs ---- */

typedef struct end {
    const char *node, *rest; /* rest: after the first '.', or NULL */
} end;

static end split(sdag_builder *b, const char *text)
{
    const char *dot = strchr(text, '.');
    return (end){dot ? sdag_arena_copy(b->r.a, text, (size_t)(dot - text)) : text, dot ? dot + 1 : NULL};
}

/* The node may be one of another phase: then the answer is `use`, not a name that happens to be near. */
static void unknown_node(sdag_builder *b, int32_t phase, const sdag_spec *v, end e)
{
    int p = sdag_map_get(&b->phase_ids, e.node);
    if (p >= 0 && p < phase && e.rest && sdag_map_get(&b->names[p], e.rest) >= 0) {
        sdag_reader_error(&b->r, v->loc, "'%s' is a node of another phase: give this one a node {use: %s, ...}",
                          v->text, v->text);
        return;
    }
    for (p = phase - 1; p >= 0; p--)
        if (sdag_map_get(&b->names[p], e.node) >= 0) {
            sdag_reader_error(&b->r, v->loc,
                              "unknown node '%s' in phase '%s'; that of phase '%s' comes in with "
                              "{use: %s.%s, ...}",
                              e.node, b->g->phases[phase].name, b->g->phases[p].name, b->g->phases[p].name, e.node);
            return;
        }
    sdag_reader_unknown(&b->r, v->loc, "node", e.node, "", sdag_map_key, &b->names[phase]);
}

/* "port", "view" or "port.view" after the node's name. Views are checked when it is known who carries which. */
static bool find_port(sdag_builder *b, const sdag_gnode *from, const sdag_spec *v, const char *rest, sdag_ref *ref)
{
    const sdag_port *outs = from->type->outs;
    if (sdag_port_count(outs) == 0) {
        sdag_reader_error(&b->r, v->loc, "'%s' (%s) has no output", from->name, from->type->name);
        return false;
    }
    if (!rest) return true;
    end e = split(b, rest);
    int port = sdag_port_find(outs, e.node);
    bool viewed = from->type->maps || sdag_own_views(from) > 1;
    ref->port = port < 0 ? 0 : port;
    ref->view = port < 0 ? sdag_arena_str(b->r.a, rest) : e.rest ? sdag_arena_str(b->r.a, e.rest) : NULL;
    if (!ref->view || viewed) return true;
    if (port < 0)
        sdag_reader_unknown(&b->r, v->loc, "port", rest,
                            sdag_arena_printf(b->r.a, " of '%s' (%s)", from->name, from->type->name), sdag_port_name,
                            outs);
    else sdag_reader_error(&b->r, v->loc, "'%s' (%s) carries no views", from->name, from->type->name);
    return false;
}

/* Does a value of this output suit that input? */
static void check_types(sdag_builder *b, const sdag_gnode *from, const sdag_gnode *to, int port, const sdag_ref *ref)
{
    const sdag_port *out = &from->type->outs[ref->port], *in = &to->type->ins[port];
    sdag_role role = from->type->role;
    if ((in->flags & SDAG_PORT_DATA) && role != SDAG_ROLE_SOURCE && role != SDAG_ROLE_AUGMENT &&
        role != SDAG_ROLE_PRETEXT)
        sdag_reader_error(&b->r, ref->loc, "port '%s' of %s takes data, such as a source; '%s' is %s", in->name,
                          to->type->name, from->name, from->type->name);
    else if (out->type && in->type && !sdag_port_fits(out->type, in->type))
        sdag_reader_error(&b->r, ref->loc, "'%s.%s' gives %s, but port '%s' of %s takes %s", from->name, out->name,
                          out->type, in->name, to->type->name, in->type);
}

/* Within a module a node of `repeat` is called "block.2": the longest name that is one. */
static end split_inner(sdag_builder *b, const sdag_map *names, const char *text)
{
    for (size_t n = strlen(text); n > 0; n--) {
        if (text[n] && text[n] != '.') continue;
        end e = {sdag_arena_copy(b->r.a, text, n), text[n] ? text + n + 1 : NULL};
        if (sdag_map_get(names, e.node) >= 0) return e;
    }
    return split(b, text);
}

static void resolve(sdag_builder *b, const sdag_loose_end *l)
{
    const sdag_gnode *to = b->nodes.at[l->node];
    const sdag_map *names = &b->names[to->phase];
    end e = b->module_depth ? split_inner(b, names, l->spec->text) : split(b, l->spec->text);
    int32_t id = sdag_map_get(names, e.node);
    if (id < 0) {
        unknown_node(b, to->phase, l->spec, e);
        return;
    }
    b->readers.at[id]++;
    if (l->port < 0) return;
    sdag_ref *ref = &to->in[l->port].refs[l->ref];
    if (b->nodes.at[id]->type && !find_port(b, b->nodes.at[id], l->spec, e.rest, ref)) return;
    ref->node = id;
}

void sdag_build_wires(sdag_builder *b)
{
    for (int i = 0; i < b->loose.n; i++) resolve(b, &b->loose.at[i]);
    for (int32_t id = b->first; id < b->nodes.n; id++) {
        const sdag_gnode *to = b->nodes.at[id];
        for (int p = 0; p < to->n_in; p++)
            for (int i = 0; i < to->in[p].n; i++) {
                const sdag_ref *ref = &to->in[p].refs[i];
                const sdag_gnode *from = ref->node >= 0 ? b->nodes.at[ref->node] : NULL;
                if (from && from->type && sdag_port_count(from->type->outs)) check_types(b, from, to, p, ref);
                else if (from && from->type) /* written in place; one that was named is reported above */
                    sdag_reader_error(&b->r, ref->loc, "'%s' (%s) has no output", from->name, from->type->name);
            }
    }
}

/* ---- port types ---- */

enum { DIMS_MAX = 8, DIM_TEXT = 16 };

/* One alternative of a port's type, "f32[B,H,W,C]". */
typedef struct form {
    char dtype[8];
    char dim[DIMS_MAX][DIM_TEXT];
    int n;
    bool open; /* "...": any number of further sizes */
} form;

/* Reads the alternative at text; false: not of the usual form, and not to be judged. *next: the one after, or NULL. */
static bool read_form(form *f, const char *text, const char **next)
{
    size_t n = strcspn(text, "|");
    const char *p = text + strspn(text, " "), *stop = text + n;
    *f = (form){.n = 0};
    *next = *stop ? stop + 1 : NULL;
    n = strcspn(p, "[ |");
    if (n == 0 || n >= sizeof f->dtype) return false;
    memcpy(f->dtype, p, n);
    if (strcmp(f->dtype, "image") == 0) {
        f->n = 4;
        return true;
    }
    p += n;
    if (*p++ != '[') return false;
    while (p < stop && *p != ']') {
        p += strspn(p, ", ");
        n = strcspn(p, ", ]|");
        if (n == 0 || n >= DIM_TEXT || f->n == DIMS_MAX) return false;
        if (strncmp(p, "...", n) == 0) f->open = true;
        else memcpy(f->dim[f->n++], p, n);
        p += n;
    }
    return p < stop;
}

static bool is_number(const char *dim) { return dim[0] >= '0' && dim[0] <= '9'; }

static bool forms_meet(const form *a, const form *b)
{
    bool image = strcmp(a->dtype, "image") == 0 || strcmp(b->dtype, "image") == 0;
    bool both = strcmp(a->dtype, b->dtype) == 0;
    const char *other = strcmp(a->dtype, "image") == 0 ? b->dtype : a->dtype;
    if (!both && !(image && (strcmp(other, "f32") == 0 || strcmp(other, "u8") == 0))) return false;
    if ((!a->open && b->n > a->n) || (!b->open && a->n > b->n)) return false;
    for (int i = 0; i < a->n && i < b->n && !a->open && !b->open; i++)
        if (is_number(a->dim[i]) && is_number(b->dim[i]) && strcmp(a->dim[i], b->dim[i]) != 0) return false;
    return true;
}

bool sdag_port_fits(const char *out_type, const char *in_type)
{
    for (const char *o = out_type, *next_o; o; o = next_o) {
        form a, c;
        if (!read_form(&a, o, &next_o)) return true;
        for (const char *i = in_type, *next_i; i; i = next_i)
            if (!read_form(&c, i, &next_i) || forms_meet(&a, &c)) return true;
    }
    return false;
}
