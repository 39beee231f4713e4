/* The nodes of a module's body: as those of a phase, and rows of the same node, each reading the one before:
 *
 *   layer2: {type: module.block, in: layer1, width: 32, repeat: 2, first: {stride: 2}}
 *
 * is layer2.0 with stride 2, which reads layer1, and layer2.1, which reads layer2.0. `layer2` is the last of them. */
#include <string.h>

#include "graphs/graph/builder.h"

/* As modules are numbered: "0", "conv1". */
static bool is_inner_name(const char *text)
{
    const char *p = text + strspn(text, "0123456789");
    return p > text && !*p ? p - text <= 9 : sdag_spec_is_name(text);
}

static void put_name(sdag_builder *b, const char *name, sdag_loc loc, int32_t id)
{
    if (id >= 0 && !sdag_map_put(b->names, name, id))
        sdag_reader_error(&b->r, loc, "'%s' is the name of an input as well, expected another", name);
}

/* ---- rows of nodes ---- */

/* The port that `in: wire` connects, by the type that the map names; NULL: not known. */
static const char *main_input(const sdag_builder *b, const sdag_spec *node)
{
    const sdag_spec *type = sdag_spec_get(node, "type");
    if (!type || type->kind != SDAG_SPEC_SCALAR) return NULL;
    const sdag_module *m = sdag_module_find(b, type->text);
    if (m) return m->bad ? NULL : m->ins[0].name;
    const sdag_node_type *t = sdag_catalog_find(b->catalog, type->text);
    const sdag_port *p = t ? t->ins : NULL;
    while (p && p->name && (p->flags & SDAG_PORT_KEY)) p++;
    return p ? p->name : NULL;
}

static void set_entry(sdag_spec *map, const sdag_spec_entry *e)
{
    int i = 0;
    while (i < map->n && strcmp(map->entries[i].key, e->key) != 0) i++;
    map->entries[i] = *e;
    map->n += i == map->n;
}

/* `in`, reading the node before: the wire itself, or the first input in a map of them. */
static const sdag_spec *read_previous(sdag_builder *b, const sdag_spec *node, const sdag_spec *in, const char *previous)
{
    sdag_spec *wire = SDAG_NEW(b->r.a, sdag_spec);
    *wire = (sdag_spec){.kind = SDAG_SPEC_SCALAR, .quoted = true, .loc = in->loc, .text = previous};
    sdag_spec_finish(b->r.a, wire);
    if (in->kind != SDAG_SPEC_MAP || sdag_is_inline_node(in)) return wire;
    const char *port = main_input(b, node);
    sdag_spec *to = sdag_spec_copy(b->r.a, in, 0);
    for (int i = 0; port && i < to->n; i++)
        if (strcmp(to->entries[i].key, port) == 0) to->entries[i].value = wire;
    sdag_spec_finish(b->r.a, to);
    return to;
}

/* The map of node number i of the row: without the keys that make the row. */
static const sdag_spec *instance(sdag_builder *b, const sdag_spec *node, const sdag_spec *first, int i,
                                 const char *previous)
{
    int more = first ? first->n : 0;
    sdag_spec *to = sdag_spec_copy(b->r.a, node, more);
    to->n = 0;
    for (int k = 0; k < node->n; k++)
        if (strcmp(node->entries[k].key, "repeat") && strcmp(node->entries[k].key, "first"))
            to->entries[to->n++] = node->entries[k];
    for (int k = 0; k < more && i == 0; k++) set_entry(to, &first->entries[k]);
    for (int k = 0; k < to->n && i > 0; k++)
        if (strcmp(to->entries[k].key, "in") == 0)
            to->entries[k].value = read_previous(b, node, to->entries[k].value, previous);
    sdag_spec_finish(b->r.a, to);
    return to;
}

static void build_row(sdag_builder *b, const sdag_spec_entry *e, const sdag_spec *repeat)
{
    const sdag_spec *first = sdag_spec_get(e->value, "first");
    const char *previous = NULL;
    int64_t count = 1; /* where the number is refused, so that the node is known */
    int32_t id = -1;
    sdag_read_int(&b->r, sdag_arena_printf(b->r.a, "%s.repeat", e->key), repeat, 1, SDAG_GRAPH_NODES_MAX, &count);
    if (first && first->kind != SDAG_SPEC_MAP) {
        sdag_reader_error(&b->r, first->loc, "%s.first is %s, expected a map of options for the first of the row",
                          e->key, sdag_kind_text(first));
        first = NULL;
    }
    for (int i = 0; i < count; i++) {
        const char *name = sdag_arena_printf(b->r.a, "%s.%d", e->key, i);
        const sdag_spec *node = instance(b, e->value, first, i, previous);
        id = sdag_count_filled(b, node->size, e->loc) ? sdag_build_node(b, 0, name, e->loc, node) : -1;
        if (id < 0) return;
        b->nodes.at[id]->repeat = (int)count;
        b->nodes.at[id]->instance = i;
        sdag_map_put(b->names, name, id);
        previous = name;
    }
    put_name(b, sdag_arena_str(b->r.a, e->key), e->loc, id);
}

void sdag_build_body(sdag_builder *b, const sdag_spec *nodes)
{
    for (int i = 0; i < nodes->n && !b->full; i++) {
        const sdag_spec_entry *e = &nodes->entries[i];
        const sdag_spec *repeat = sdag_spec_get(e->value, "repeat");
        if (!is_inner_name(e->key))
            sdag_reader_error(&b->r, e->loc,
                              "'%s' cannot name a node: use letters, digits, _ and -, a letter first, or a number",
                              e->key);
        if (repeat) {
            build_row(b, e, repeat);
            continue;
        }
        const char *name = sdag_arena_str(b->r.a, e->key);
        put_name(b, name, e->loc, sdag_build_node(b, 0, name, e->loc, e->value));
    }
}
