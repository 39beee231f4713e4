/* One phase: its keys, its nodes, its length, its optimizer. */
#include <string.h>

#include "graphs/graph/builder.h"

static const char *phase_key(const void *ctx, int i)
{
    static const char *const keys[] = {"epochs", "steps", "about", "checkpoint", "report", "nodes"};
    (void)ctx;
    return (size_t)i < sizeof keys / sizeof keys[0] ? keys[i] : NULL;
}

static void check_phase_keys(sdag_builder *b, const sdag_phase *phase, const sdag_spec *v)
{
    for (int i = 0; i < v->n; i++) {
        bool known = false;
        for (int k = 0; phase_key(NULL, k); k++) known |= strcmp(phase_key(NULL, k), v->entries[i].key) == 0;
        if (!known)
            sdag_reader_unknown(&b->r, v->entries[i].loc, "key", v->entries[i].key,
                                sdag_arena_printf(b->r.a, " in phase '%s'", phase->name), phase_key, NULL);
    }
}

static const char *key_of(sdag_builder *b, const sdag_phase *phase, const char *key)
{
    return sdag_arena_printf(b->r.a, "%s.%s", phase->name, key);
}

static void read_length(sdag_builder *b, sdag_phase *phase, const sdag_spec *v)
{
    const sdag_spec *epochs = sdag_spec_get(v, "epochs"), *steps = sdag_spec_get(v, "steps");
    int64_t n;
    if (epochs && sdag_read_int(&b->r, key_of(b, phase, "epochs"), epochs, 1, 1e6, &n))
        phase->length = (sdag_duration){(double)n, SDAG_EPOCHS};
    if (steps && sdag_read_int(&b->r, key_of(b, phase, "steps"), steps, 1, 1e12, &n))
        phase->length = (sdag_duration){(double)n, SDAG_STEPS};
    if (epochs && steps)
        sdag_reader_error(&b->r, steps->loc, "phase '%s' has both 'epochs' and 'steps', expected one of them",
                          phase->name);
}

static void read_nodes(sdag_builder *b, int32_t p, const sdag_spec *v)
{
    const sdag_spec *nodes = sdag_spec_get(v, "nodes");
    sdag_phase *phase = &b->g->phases[p];
    if (!nodes || nodes->kind != SDAG_SPEC_MAP || nodes->n == 0) {
        if (!nodes) sdag_reader_error(&b->r, phase->loc, "phase '%s' has no nodes", phase->name);
        else
            sdag_reader_error(&b->r, nodes->loc, "%s.nodes is %s, expected a map of nodes", phase->name,
                              sdag_kind_text(nodes));
        return;
    }
    for (int i = 0; i < nodes->n; i++) {
        const sdag_spec_entry *e = &nodes->entries[i];
        if (!sdag_spec_is_name(e->key))
            sdag_reader_error(&b->r, e->loc, "'%s' cannot name a node: use letters, digits, _ and -, a letter first",
                              e->key);
        int32_t id = sdag_build_node(b, p, sdag_arena_str(b->r.a, e->key), e->loc, e->value);
        if (id >= 0) sdag_map_put(&b->names[p], b->nodes.at[id]->name, id);
    }
}

static bool all_typed(const sdag_builder *b)
{
    for (int32_t i = b->first; i < b->nodes.n; i++)
        if (!b->nodes.at[i]->type) return false;
    return true;
}

static void check_training(sdag_builder *b, int32_t p, const sdag_spec *v)
{
    sdag_phase *phase = &b->g->phases[p];
    for (int32_t i = b->first; i < b->nodes.n; i++) {
        const sdag_gnode *n = b->nodes.at[i];
        if (!n->type || n->type->role != SDAG_ROLE_OPTIMIZER) continue;
        if (phase->optimizer >= 0)
            sdag_reader_error(&b->r, n->loc, "phase '%s' has two optimizers, '%s' and '%s', expected one", phase->name,
                              b->nodes.at[phase->optimizer]->name, n->name);
        else phase->optimizer = i;
    }
    const sdag_spec *epochs = sdag_spec_get(v, "epochs"), *steps = sdag_spec_get(v, "steps");
    if (phase->optimizer >= 0 && !epochs && !steps)
        sdag_reader_error(&b->r, phase->loc,
                          "phase '%s' trains, so it needs a length: add 'epochs: 10' or 'steps: 1000'", phase->name);
    if (phase->optimizer < 0 && all_typed(b) && (epochs || steps))
        sdag_reader_error(&b->r, (epochs ? epochs : steps)->loc,
                          "phase '%s' has no optimizer, so it is one pass: remove '%s' "
                          "or add an optimizer",
                          phase->name, epochs ? "epochs" : "steps");
}

/* A duration that is not 0, when the phase has the key. */
static void read_period(sdag_builder *b, const sdag_phase *phase, const sdag_spec *v, const char *key,
                        sdag_duration *out)
{
    const sdag_spec *period = sdag_spec_get(v, key);
    if (period && sdag_read_duration(&b->r, key_of(b, phase, key), period, out) && out->n == 0)
        sdag_reader_error(&b->r, period->loc, "%s.%s is 0, expected more than that", phase->name, key);
}

void sdag_build_phase(sdag_builder *b, int32_t p, const sdag_spec_entry *e)
{
    const sdag_duration none = {-1, SDAG_EPOCHS};
    sdag_phase *phase = &b->g->phases[p];
    const sdag_spec *v = e->value, *about;
    int errors = b->r.errors;
    *phase = (sdag_phase){.name = sdag_arena_str(b->r.a, e->key),
                          .loc = e->loc,
                          .length = none,
                          .checkpoint = none,
                          .report = none,
                          .optimizer = -1};
    b->names[p].a = b->r.a;
    b->first = b->nodes.n;
    b->loose.n = 0;
    if (!sdag_spec_is_name(e->key))
        sdag_reader_error(&b->r, e->loc, "'%s' cannot name a phase: use letters, digits, _ and -, a letter first",
                          e->key);
    if (v->kind != SDAG_SPEC_MAP) {
        sdag_reader_error(&b->r, v->loc, "phase '%s' is %s, expected a map with 'nodes'", e->key, sdag_kind_text(v));
        return;
    }
    check_phase_keys(b, phase, v);
    read_length(b, phase, v);
    if ((about = sdag_spec_get(v, "about"))) sdag_read_text(&b->r, key_of(b, phase, "about"), about, &phase->about);
    read_period(b, phase, v, "checkpoint", &phase->checkpoint);
    read_period(b, phase, v, "report", &phase->report);
    read_nodes(b, p, v);
    check_training(b, p, v);
    sdag_build_wires(b);
    if (!sdag_build_order(b, p)) return;
    sdag_build_views(b, p);
    if (b->r.errors == errors && all_typed(b) && phase->optimizer >= 0) sdag_build_reach(b, p);
}
