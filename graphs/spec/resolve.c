/* --set, $names and ${...}: the raw tree -> the tree that the graph is read from. */
#include <stdarg.h>
#include <string.h>

#include "graphs/spec/compute.h"

enum { CHAIN_MAX = 32, SEGMENTS_MAX = 32 };

typedef struct let {
    const sdag_spec_entry *entry;
    const sdag_spec *value; /* with its own $names put in; NULL before */
    bool busy, used;
} let;

typedef struct swap {
    const sdag_spec *from, *to;
} swap;

typedef struct resolver {
    sdag_arena *a;
    sdag_log *log;
    int errors;
    const sdag_spec *root; /* with the sets applied so far */
    SDAG_VEC(swap) swaps;  /* values below let: that a set replaced */
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

/* "$name" -> "name", NULL for any other value. */
static const char *ref_of(const sdag_spec *s)
{
    return s->kind == SDAG_SPEC_SCALAR && !s->quoted && !s->code && s->text[0] == '$' ? s->text + 1 : NULL;
}

static int index_of(const sdag_spec *map, const char *key)
{
    if (map->index) return sdag_map_get(map->index, key);
    for (int i = 0; i < map->n; i++)
        if (strcmp(map->entries[i].key, key) == 0) return i;
    return -1;
}

/* ---- --set ---- */

typedef struct setting {
    const char *seg[SEGMENTS_MAX + 1]; /* of the path; one more for the part that is left out */
    int n;
    sdag_loc loc; /* "--set path" */
    sdag_spec *value;
    bool in_let;
} setting;

static sdag_status suggest(resolver *r, const setting *set, const char *word, const char *where, const char *near)
{
    if (near) complain(r, set->loc, "no '%s' in %s; did you mean '%s'?", word, where, near);
    else complain(r, set->loc, "no '%s' in %s", word, where);
    return SDAG_INVALID;
}

/* "phases.pretrain" of the first n segments. */
static const char *joined(resolver *r, const setting *set, int n)
{
    sdag_str s = {.a = r->a};
    for (int i = 0; i < n; i++) sdag_str_addf(&s, "%s%s", i ? "." : "", set->seg[i]);
    return n ? s.at : "the file";
}

static const sdag_spec *put(resolver *r, const setting *set, const sdag_spec *s, int i);

/* The new value of the child that segment i names; NULL after an error. */
static const sdag_spec *put_child(resolver *r, const setting *set, const sdag_spec *old, int i)
{
    bool last = i + 1 == set->n;
    const sdag_spec *now = last ? set->value : put(r, set, old, i + 1);
    if (now && now != old && set->in_let && old->aliased) {
        *SDAG_PUSH(r->a, &r->swaps) = (swap){old, now};
        ((sdag_spec *)now)->aliased = true; /* new, so still ours to write */
    }
    return now;
}

static const sdag_spec *put_in_list(resolver *r, const setting *set, const sdag_spec *s, int i)
{
    int64_t at;
    if (!sdag_parse_i64(&at, set->seg[i]) || at < 0 || at >= s->n) {
        complain(r, set->loc, "%s is a list of %d, counted from 0: no item '%s'", joined(r, set, i), s->n, set->seg[i]);
        return NULL;
    }
    sdag_spec *to = sdag_spec_copy(r->a, s, 0);
    to->items[at] = put_child(r, set, s->items[at], i);
    return to->items[at] ? finish(r, to) : NULL;
}

static const sdag_spec *put_in_map(resolver *r, const setting *set, const sdag_spec *s, int i)
{
    int at = index_of(s, set->seg[i]);
    if (at < 0 && i + 1 < set->n) {
        suggest(r, set, set->seg[i], joined(r, set, i), sdag_nearest(set->seg[i], sdag_spec_key, s));
        return NULL;
    }
    sdag_spec *to = sdag_spec_copy(r->a, s, at < 0);
    if (at < 0) {
        to->entries[to->n++] = (sdag_spec_entry){set->seg[i], set->loc, set->value};
        return finish(r, to);
    }
    to->entries[at].value = put_child(r, set, s->entries[at].value, i);
    return to->entries[at].value ? finish(r, to) : NULL;
}

/* s with the setting made below it; the path from s down is copied, so that what shares a part keeps the old one. */
static const sdag_spec *put(resolver *r, const setting *set, const sdag_spec *s, int i)
{
    const sdag_spec *lets = sdag_spec_get(r->root, "let");
    for (int hops = 0; ref_of(s) && sdag_spec_get(lets, ref_of(s)) && hops < CHAIN_MAX; hops++)
        s = sdag_spec_get(lets, ref_of(s));
    if (s->kind == SDAG_SPEC_MAP) return put_in_map(r, set, s, i);
    if (s->kind == SDAG_SPEC_LIST) return put_in_list(r, set, s, i);
    if (s->kind == SDAG_SPEC_NULL) return put_in_map(r, set, node_new(r, SDAG_SPEC_MAP, s->loc), i);
    complain(r, set->loc, "%s is a single value: there is no '%s' in it", joined(r, set, i), set->seg[i]);
    return NULL;
}

static bool is_root_key(const char *key)
{
    for (int i = 0; sdag_spec_root_keys[i]; i++)
        if (strcmp(sdag_spec_root_keys[i], key) == 0) return true;
    return false;
}

/* Everything that a path may start with: let names, keys of the top level, phases. */
static const char *first_word(const void *ctx, int i)
{
    const sdag_spec *root = ctx, *maps[] = {sdag_spec_get(root, "let"), root, sdag_spec_get(root, "phases")};
    for (size_t m = 0; m < sizeof maps / sizeof maps[0]; m++) {
        int n = maps[m] && maps[m]->kind == SDAG_SPEC_MAP ? maps[m]->n : 0;
        if (i < n) return sdag_spec_key(maps[m], i);
        i -= n;
    }
    return sdag_spec_root_keys[i]; /* asked in order up to the NULL */
}

/* Completes the path by let or phases where they were left out. */
static sdag_status find_start(resolver *r, setting *set)
{
    const char *word = set->seg[0], *prefix = NULL;
    bool in_let = sdag_spec_get(sdag_spec_get(r->root, "let"), word) != NULL;
    bool in_root = sdag_spec_get(r->root, word) != NULL || (set->n == 1 && is_root_key(word));
    bool in_phases = set->n > 1 && sdag_spec_get(sdag_spec_get(r->root, "phases"), word);
    if (set->n == 1 && in_let) prefix = "let";
    else if (in_root) prefix = NULL;
    else if (in_phases) prefix = "phases";
    else if (in_let) prefix = "let";
    else return suggest(r, set, word, "let:, the top level or phases:", sdag_nearest(word, first_word, r->root));
    if (prefix) {
        memmove(set->seg + 1, set->seg, (size_t)set->n * sizeof set->seg[0]);
        set->seg[0] = prefix;
        set->n++;
    }
    set->in_let = strcmp(set->seg[0], "let") == 0 && set->n > 1;
    return SDAG_OK;
}

/* A path comes from the command line, where any bytes may be typed; what it adds must be text. */
static bool is_text(const char *p)
{
    for (size_t left = strlen(p); left;) {
        uint32_t c = 0;
        int n = sdag_utf8(&c, p, left);
        if (n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0)) return false;
        p += n;
        left -= (size_t)n;
    }
    return true;
}

static sdag_status split_path(resolver *r, setting *set, const char *path)
{
    for (const char *p = path;; p++) {
        size_t n = strcspn(p, ".");
        if (n == 0 || n > SDAG_SPEC_KEY_MAX || set->n == SEGMENTS_MAX || !is_text(path)) {
            complain(r, set->loc, "a path is keys joined by dots, such as phases.pretrain.epochs");
            return SDAG_INVALID;
        }
        set->seg[set->n++] = sdag_arena_copy(r->a, p, n);
        p += n;
        if (!*p) return SDAG_OK;
    }
}

static void mark_from_set(const sdag_spec *s)
{
    ((sdag_spec *)s)->from_set = true; /* parsed a moment ago, for this set alone */
    for (int i = 0; s->kind == SDAG_SPEC_LIST && i < s->n; i++) mark_from_set(s->items[i]);
    for (int i = 0; s->kind == SDAG_SPEC_MAP && i < s->n; i++) mark_from_set(s->entries[i].value);
}

static void apply_set(resolver *r, const sdag_spec_set *asked)
{
    setting set = {.n = 0};
    const sdag_spec *value;
    const char *name = sdag_log_intern(r->log, sdag_arena_printf(r->a, "--set %.*s", 200, asked->path));
    if (!name) sdag_arena_escape(r->a);
    set.loc = (sdag_loc){name, 0, 0, 0};
    if (split_path(r, &set, asked->path) || find_start(r, &set)) return;
    if (sdag_spec_parse_value(&value, r->a, r->log, name, asked->value, strlen(asked->value))) {
        r->errors++;
        return;
    }
    mark_from_set(value);
    set.value = (sdag_spec *)value;
    const sdag_spec *root = put(r, &set, r->root, 0);
    if (root) r->root = root;
}

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
    for (int i = 0; s->aliased && i < r->swaps.n; i++) /* in the order of the sets, so chains are followed */
        if (r->swaps.at[i].from == s) s = r->swaps.at[i].to;
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

/* The values that nothing asked for may still hold mistakes; a name used by them alone is unused too. */
static void check_unused(resolver *r)
{
    int n = r->let_ids.n;
    bool *used = SDAG_NEWS(r->a, bool, n);
    for (int i = 0; i < n; i++) used[i] = r->lets[i].used || repeats(r->lets[i].entry->value);
    for (int i = 0; i < n && !r->stop; i++)
        if (!r->lets[i].value) r->lets[i].value = subst(r, r->lets[i].entry->value);
    for (int i = 0; i < n && r->errors == 0; i++)
        if (!used[i])
            sdag_log_add(r->log, SDAG_WARNING, r->lets[i].entry->loc, "'%s' is never used", r->lets[i].entry->key);
}

sdag_status sdag_spec_resolve(const sdag_spec **out, sdag_arena *a, sdag_log *log, const sdag_spec *root,
                              const sdag_spec_set *sets, int n_sets)
{
    resolver r = {.a = a, .log = log, .root = root};
    r.computing = (sdag_computing){.a = a, .value = let_value, .complain = say, .ctx = &r};
    *out = NULL;
    for (int i = 0; i < n_sets && !r.stop; i++) apply_set(&r, &sets[i]);
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
