/* $names and ${...}: the raw tree, with the sets applied -> the tree that the graph is read from. */
#include <stdarg.h>
#include <string.h>

#include "graphs/spec/compute.h"

enum { CHAIN_MAX = 32 };

typedef struct let {
    const sdag_spec_entry *entry;
    const sdag_spec *value; /* with its own $names put in; NULL before */
    bool busy, used;
} let;

typedef struct resolver {
    sdag_arena *a;
    sdag_log *log;
    int errors;
    const sdag_spec *root; /* with the sets applied so far */
    sdag_swaps swaps;      /* values below let: that a set replaced */
    sdag_map let_ids;
    let *lets;
    int chain[CHAIN_MAX], depth; /* lets being resolved, outermost first */
    sdag_computing computing;    /* ${...} and arithmetic */
    const sdag_spec *params;     /* of the module whose body is resolved: their names stay; NULL */
    bool stop;                   /* an error after which more would only repeat it */
} resolver;

static void complain(resolver *r, sdag_loc loc, const char *fmt, ...) SDAG_PRINTF(3, 4);
static void complain(resolver *r, sdag_loc loc, const char *fmt, ...)
{
    va_list ap;
    if (r->stop) return;
    va_start(ap, fmt);
    sdag_log_addv(r->log, SDAG_ERROR, loc, fmt, ap);
    va_end(ap);
    r->stop = ++r->errors >= SDAG_SPEC_ERRORS_MAX;
}

static sdag_spec *node_new(resolver *r, sdag_spec_kind kind, sdag_loc loc)
{
    sdag_spec *s = SDAG_NEW(r->a, sdag_spec);
    *s = (sdag_spec){.kind = kind, .loc = loc, .text = kind == SDAG_SPEC_NULL ? "null" : NULL};
    sdag_spec_finish(r->a, s);
    return s;
}

/* After a change: measures s and keeps it within the limits. */
static const sdag_spec *finish(resolver *r, sdag_spec *s)
{
    sdag_spec_finish(r->a, s);
    if (s->height <= SDAG_SPEC_DEPTH_MAX && s->size <= 2 * (size_t)SDAG_SPEC_EXPANDED_MAX) return s;
    if (s->height > SDAG_SPEC_DEPTH_MAX)
        complain(r, s->loc, "more than %d levels deep, once every $name is put in", SDAG_SPEC_DEPTH_MAX);
    else complain(r, s->loc, "more than %d MiB, once every $name is put in", 2 * SDAG_SPEC_EXPANDED_MAX >> 20);
    r->stop = true;
    return node_new(r, SDAG_SPEC_NULL, s->loc);
}

static const char *ref_of(const sdag_spec *s) { return sdag_spec_ref(s); }

/* ---- $names ---- */

static const sdag_spec *subst(resolver *r, const sdag_spec *s);

/* "a -> b -> a" */
static const char *cycle_text(resolver *r, int id)
{
    sdag_str s = {.a = r->a};
    int i = 0;
    while (r->chain[i] != id) i++;
    for (; i < r->depth; i++) sdag_str_addf(&s, "$%s -> ", r->lets[r->chain[i]].entry->key);
    sdag_str_addf(&s, "$%s", r->lets[id].entry->key);
    return s.at;
}

/* The value of a name that stands at loc. NULL: reported; or *later: a parameter of the module at hand. */
static const sdag_spec *let_value(void *ctx, const char *name, sdag_loc loc, bool *later)
{
    resolver *r = ctx;
    const char *near;
    int id = sdag_map_get(&r->let_ids, name);
    let *l = id < 0 ? NULL : &r->lets[id];
    *later = sdag_spec_get(r->params, name) != NULL;
    if (*later) return NULL;
    if (!l && (near = sdag_nearest(name, sdag_spec_key, r->params)))
        complain(r, loc, "unknown name '$%s'; did you mean the parameter '$%s'?", name, near);
    else if (!l && (near = sdag_nearest(name, sdag_map_key, &r->let_ids)))
        complain(r, loc, "unknown name '$%s'; did you mean '$%s'?", name, near);
    else if (!l) complain(r, loc, "unknown name '$%s': it is not in let:", name);
    else if (l->busy) complain(r, loc, "a name that stands for itself: %s", cycle_text(r, id));
    else if (!l->value && r->depth == CHAIN_MAX)
        complain(r, loc, "more than %d names, each within the next", CHAIN_MAX);
    else if (!l->value) {
        const sdag_spec *params = r->params; /* are none of a value of let: */
        l->used = l->busy = true;
        r->params = NULL;
        r->chain[r->depth++] = id;
        l->value = subst(r, l->entry->value);
        r->depth--;
        r->params = params;
        l->busy = false;
    }
    if (!l || !l->value) return NULL;
    l->used = true;
    return l->value->kind == SDAG_SPEC_NULL && r->errors ? NULL : l->value; /* nothing: reported where it was made */
}

/* For sdag_spec_compute. */
static void say(void *ctx, sdag_loc loc, const char *text) { complain(ctx, loc, "%s", text); }

static const sdag_spec *scalar(resolver *r, const sdag_spec *s)
{
    bool later;
    if (s->code) return sdag_spec_compute(&r->computing, s);
    if (!ref_of(s)) return s;
    const sdag_spec *v = let_value(r, ref_of(s), s->loc, &later);
    return v ? v : later ? s : node_new(r, SDAG_SPEC_NULL, s->loc);
}

/* s with every $name replaced; s itself when there is none in it. */
static const sdag_spec *subst(resolver *r, const sdag_spec *s)
{
    s = sdag_swaps_get(&r->swaps, s);
    if (r->stop) return s;
    if (s->kind < SDAG_SPEC_LIST) return scalar(r, s);
    sdag_spec *to = NULL;
    for (int i = 0; i < s->n; i++) {
        bool list = s->kind == SDAG_SPEC_LIST;
        const sdag_spec *old = list ? s->items[i] : s->entries[i].value, *now = subst(r, old);
        if (now == old) continue;
        if (!to) to = sdag_spec_copy(r->a, s, 0);
        if (list) to->items[i] = now;
        else to->entries[i].value = now;
    }
    return to ? finish(r, to) : s;
}

/* The modules: in a body the names of its parameters stay, and hide those of let:. */
static const sdag_spec *subst_modules(resolver *r, const sdag_spec *modules)
{
    if (modules->kind != SDAG_SPEC_MAP) return subst(r, modules);
    sdag_spec *to = sdag_spec_copy(r->a, modules, 0);
    for (int i = 0; i < to->n; i++) {
        const sdag_spec *m = to->entries[i].value;
        if (m->kind != SDAG_SPEC_MAP) {
            to->entries[i].value = subst(r, m);
            continue;
        }
        sdag_spec *body = sdag_spec_copy(r->a, m, 0);
        for (int k = 0; k < body->n; k++) {
            r->params = strcmp(body->entries[k].key, "params") ? sdag_spec_get(m, "params") : NULL;
            body->entries[k].value = subst(r, body->entries[k].value);
        }
        r->params = NULL;
        to->entries[i].value = finish(r, body);
    }
    return finish(r, to);
}

static bool repeats(const sdag_spec *s)
{
    bool found = s->aliased;
    for (int i = 0; !found && s->kind == SDAG_SPEC_LIST && i < s->n; i++) found = repeats(s->items[i]);
    for (int i = 0; !found && s->kind == SDAG_SPEC_MAP && i < s->n; i++) found = repeats(s->entries[i].value);
    return found;
}

static void read_lets(resolver *r, const sdag_spec *lets)
{
    r->let_ids.a = r->a;
    if (!lets || lets->kind == SDAG_SPEC_NULL) return;
    if (lets->kind != SDAG_SPEC_MAP) {
        complain(r, lets->loc, "let: must be a map of names to values, not %s", sdag_spec_kind_name(lets));
        return;
    }
    r->lets = SDAG_NEWS(r->a, let, lets->n);
    for (int i = 0; i < lets->n; i++) {
        const sdag_spec_entry *e = &lets->entries[i];
        if (!sdag_spec_is_name(e->key))
            complain(r, e->loc, "'%s' cannot be a $name: use letters, digits, _ and -", e->key);
        r->lets[i].entry = e;
        sdag_map_put(&r->let_ids, e->key, i);
    }
}

/* A base offers names to whatever extends it: not to use one is no slip. */
static bool of_base(const resolver *r, const let *l)
{
    const char *file = l->entry->loc.file, *root = r->root->loc.file;
    return l->entry->value->dir && file && root && strcmp(file, root) != 0;
}

/* The values that nothing asked for may still hold mistakes; a name used by them alone is unused too. */
static void check_unused(resolver *r)
{
    int n = r->let_ids.n;
    bool *used = SDAG_NEWS(r->a, bool, n);
    for (int i = 0; i < n; i++) used[i] = r->lets[i].used || repeats(r->lets[i].entry->value);
    for (int i = 0; i < n && !r->stop; i++)
        if (!r->lets[i].value) r->lets[i].value = subst(r, r->lets[i].entry->value);
    for (int i = 0; i < n && r->errors == 0; i++)
        if (!used[i] && !of_base(r, &r->lets[i]))
            sdag_log_add(r->log, SDAG_WARNING, r->lets[i].entry->loc, "'%s' is never used", r->lets[i].entry->key);
}

sdag_status sdag_spec_resolve(const sdag_spec **out, sdag_arena *a, sdag_log *log, const sdag_spec *root,
                              const sdag_spec_set *sets, int n_sets)
{
    resolver r = {.a = a, .log = log, .swaps = {.a = a}};
    r.computing = (sdag_computing){.a = a, .value = let_value, .complain = say, .ctx = &r};
    *out = NULL;
    r.root = sdag_spec_apply_sets(a, log, root, sets, n_sets, &r.swaps, &r.errors);
    read_lets(&r, sdag_spec_get(r.root, "let"));

    sdag_spec *to = sdag_spec_copy(r.a, r.root, 0);
    to->n = 0;
    for (int i = 0; i < r.root->n; i++) {
        sdag_spec_entry e = r.root->entries[i];
        if (strcmp(e.key, "let") == 0) continue;
        e.value = strcmp(e.key, "modules") == 0 ? subst_modules(&r, e.value) : subst(&r, e.value);
        to->entries[to->n++] = e;
    }
    const sdag_spec *done = finish(&r, to);
    check_unused(&r);
    if (r.errors) return SDAG_INVALID;
    *out = done;
    return SDAG_OK;
}
