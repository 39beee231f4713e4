/* Paths into the tree: what --set and `explain` name. */
#include <string.h>

#include "graphs/spec/spec.h"

enum { CHAIN_MAX = 32 };

typedef struct finder {
    sdag_arena *a;
    sdag_log *log;
    const sdag_spec *root;
    sdag_spec_path *path;
} finder;

const char *sdag_spec_path_text(sdag_arena *a, const sdag_spec_path *p, int n)
{
    sdag_str s = {.a = a};
    for (int i = 0; i < n; i++) sdag_str_addf(&s, "%s%s", i ? "." : "", p->key[i]);
    return n ? s.at : "the file";
}

/* ---- the text ---- */

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

static int characters(const char *p, size_t n)
{
    int count = 0;
    for (size_t i = 0; i < n; i++) count += ((unsigned char)p[i] & 0xc0) != 0x80;
    return count;
}

static sdag_status split(finder *f, const char *text, sdag_loc typed)
{
    sdag_spec_path *path = f->path;
    const int most = SDAG_SPEC_PATH_MAX / 2; /* the other half is for what was left out */
    for (const char *p = text;; p++) {
        size_t n = strcspn(p, ".");
        sdag_loc loc = typed;
        loc.len = characters(p, n);
        if (n == 0 || n > SDAG_SPEC_KEY_MAX || path->n == most || !is_text(text))
            return sdag_fail(f->log, SDAG_INVALID, loc, "a path is keys joined by dots, such as pretrain.optimizer.lr");
        typed.col += loc.len + 1;
        path->key[path->n] = sdag_arena_copy(f->a, p, n);
        path->loc[path->n++] = loc;
        p += n;
        if (!*p) return SDAG_OK;
    }
}

/* ---- where it starts ---- */

static const sdag_spec *map_of(const finder *f, const char *key) { return sdag_spec_get(f->root, key); }

static void insert(sdag_spec_path *p, int at, const char *key)
{
    memmove(p->key + at + 1, p->key + at, (size_t)(p->n - at) * sizeof p->key[0]);
    memmove(p->loc + at + 1, p->loc + at, (size_t)(p->n - at) * sizeof p->loc[0]);
    p->key[at] = key;
    p->n++;
}

static bool is_root_key(const char *key)
{
    for (int i = 0; sdag_spec_root_keys[i]; i++)
        if (strcmp(sdag_spec_root_keys[i], key) == 0) return true;
    return false;
}

static const sdag_spec *nodes_of(const finder *f, int phase)
{
    const sdag_spec *phases = map_of(f, "phases");
    if (!phases || phases->kind != SDAG_SPEC_MAP || phase >= phases->n) return NULL;
    return sdag_spec_get(phases->entries[phase].value, "nodes");
}

/* Everything that a path may start with: let names, keys of the top level, phases, nodes. */
static const char *first_word(const void *ctx, int i)
{
    const finder *f = ctx;
    const sdag_spec *maps[] = {map_of(f, "let"), f->root, map_of(f, "phases")}, *phases = maps[2];
    for (size_t m = 0; m < sizeof maps / sizeof maps[0]; m++) {
        int n = maps[m] && maps[m]->kind == SDAG_SPEC_MAP ? maps[m]->n : 0;
        if (i < n) return sdag_spec_key(maps[m], i);
        i -= n;
    }
    for (int p = 0; phases && phases->kind == SDAG_SPEC_MAP && p < phases->n; p++) {
        const sdag_spec *nodes = nodes_of(f, p);
        int n = nodes && nodes->kind == SDAG_SPEC_MAP ? nodes->n : 0;
        if (i < n) return sdag_spec_key(nodes, i);
        i -= n;
    }
    return sdag_spec_root_keys[i]; /* asked in order up to the NULL */
}

/* Could the path mean the node of this phase? One that takes over an earlier node has no options of its own. */
static bool may_mean(const finder *f, int phase)
{
    const sdag_spec *node = sdag_spec_get(nodes_of(f, phase), f->path->key[0]);
    return node && (f->path->n == 1 || !sdag_spec_get(node, "use") || sdag_spec_get(node, f->path->key[1]));
}

/* How many phases have a node that the path could mean; *phase: the first of them. */
static int count_phases(const finder *f, int *phase)
{
    int n = 0;
    const sdag_spec *phases = map_of(f, "phases");
    for (int i = 0; phases && phases->kind == SDAG_SPEC_MAP && i < phases->n; i++)
        if (may_mean(f, i) && n++ == 0) *phase = i;
    return n;
}

static sdag_status ambiguous(finder *f)
{
    sdag_str s = {.a = f->a};
    const sdag_spec *phases = map_of(f, "phases");
    const sdag_spec_path *p = f->path;
    int n = 0;
    for (int i = 0; i < phases->n; i++) {
        if (!may_mean(f, i)) continue;
        sdag_str_addf(&s, "%s%s", n++ ? ", " : "", phases->entries[i].key);
        for (int k = 0; k < p->n; k++) sdag_str_addf(&s, ".%s", p->key[k]);
    }
    return sdag_fail(f->log, SDAG_INVALID, p->loc[0], "%d phases have a node '%s'; name one of %s", n, p->key[0], s.at);
}

/* Completes the path by let, phases and nodes where they were left out. */
static sdag_status find_start(finder *f)
{
    sdag_spec_path *p = f->path;
    const char *word = p->key[0];
    const sdag_spec *let = sdag_spec_get(map_of(f, "let"), word), *phases = map_of(f, "phases");
    int phase = 0, with_node = count_phases(f, &phase);
    bool in_root = sdag_spec_get(f->root, word) || (p->n == 1 && is_root_key(word));
    bool single = let && let->kind < SDAG_SPEC_LIST && !sdag_spec_ref(let); /* nothing lies below it */
    if (p->n == 1 && let) insert(p, 0, "let");
    else if (in_root) (void)0;
    else if (sdag_spec_get(phases, word)) insert(p, 0, "phases");
    else if (let && !(single && with_node)) insert(p, 0, "let");
    else if (with_node > 1) return ambiguous(f);
    else if (with_node == 1) {
        insert(p, 0, phases->entries[phase].key);
        insert(p, 0, "phases");
    } else {
        const char *near = sdag_nearest(word, first_word, f);
        return sdag_fail(f->log, SDAG_INVALID, p->loc[0], "no '%s' in let:, the top level, phases: or nodes:%s%s%s",
                         word, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    bool has_nodes = strcmp(p->key[0], "phases") == 0 || strcmp(p->key[0], "modules") == 0;
    const sdag_spec *body = p->n > 2 && has_nodes ? sdag_spec_get(map_of(f, p->key[0]), p->key[1]) : NULL;
    if (body && !sdag_spec_get(body, p->key[2]) && sdag_spec_get(sdag_spec_get(body, "nodes"), p->key[2]))
        insert(p, 2, "nodes");
    p->in_let = strcmp(p->key[0], "let") == 0 && p->n > 1;
    return SDAG_OK;
}

/* ---- the rest ---- */

static const sdag_spec *follow(const finder *f, const sdag_spec *s)
{
    const sdag_spec *let = map_of(f, "let"), *to;
    for (int i = 0; i < CHAIN_MAX && sdag_spec_ref(s) && (to = sdag_spec_get(let, sdag_spec_ref(s))); i++) s = to;
    return s;
}

/* The item that the record of that name is, when there is one alone; -1. */
static int find_record(const sdag_spec *list, const char *name)
{
    int found = -1, n = 0;
    for (int i = 0; i < list->n; i++) {
        const sdag_spec *v = list->items[i];
        bool map = v->kind == SDAG_SPEC_MAP && v->n == 1 && strcmp(v->entries[0].key, name) == 0;
        if (map && n++ == 0) found = i;
    }
    return n == 1 ? found : -1;
}

static sdag_status find_item(finder *f, const sdag_spec *list, int i)
{
    sdag_spec_path *p = f->path;
    int64_t at;
    bool number = sdag_parse_i64(&at, p->key[i]);
    int record = number ? -1 : find_record(list, p->key[i]);
    if (number && at >= 0 && at < list->n) return SDAG_OK;
    if (record < 0)
        return sdag_fail(f->log, SDAG_INVALID, p->loc[i], "%s is a list of %d, counted from 0: no item '%s'",
                         sdag_spec_path_text(f->a, p, i), list->n, p->key[i]);
    if (p->n < SDAG_SPEC_PATH_MAX) insert(p, i, sdag_arena_printf(f->a, "%d", record));
    return SDAG_OK;
}

/* What may follow: the keys of s and, in a phase, its nodes, whose `nodes` may be left out. */
typedef struct choices {
    const sdag_spec *s, *nodes;
} choices;

static const char *next_word(const void *ctx, int i)
{
    const choices *c = ctx;
    int n = c->s->kind == SDAG_SPEC_MAP ? c->s->n : 0;
    return i < n ? sdag_spec_key(c->s, i) : c->nodes ? sdag_spec_key(c->nodes, i - n) : NULL;
}

static sdag_status missing(finder *f, const sdag_spec *s, int i)
{
    const sdag_spec_path *p = f->path;
    bool has_nodes = i == 2 && (strcmp(p->key[0], "phases") == 0 || strcmp(p->key[0], "modules") == 0);
    choices c = {s, has_nodes ? sdag_spec_get(s, "nodes") : NULL};
    const char *near = sdag_nearest(p->key[i], next_word, &c);
    return sdag_fail(f->log, SDAG_INVALID, p->loc[i], "no '%s' in %s%s%s%s", p->key[i], sdag_spec_path_text(f->a, p, i),
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static sdag_status find_rest(finder *f)
{
    sdag_spec_path *p = f->path;
    const sdag_spec *s = f->root;
    for (int i = 0; i < p->n; i++) {
        s = follow(f, s);
        bool last = i + 1 == p->n;
        if (s->kind == SDAG_SPEC_LIST) {
            int64_t at = 0;
            sdag_status status = find_item(f, s, i);
            if (status) return status;
            sdag_parse_i64(&at, p->key[i]);
            s = s->items[at];
            continue;
        }
        if (s->kind == SDAG_SPEC_SCALAR)
            return sdag_fail(f->log, SDAG_INVALID, p->loc[i], "%s is a single value: there is no '%s' in it",
                             sdag_spec_path_text(f->a, p, i), p->key[i]);
        const sdag_spec *next = sdag_spec_get(s, p->key[i]);
        if (!next && last) return SDAG_OK;
        if (!next) return missing(f, s, i);
        s = next;
    }
    return SDAG_OK;
}

sdag_status sdag_spec_path_find(sdag_spec_path *out, sdag_arena *a, sdag_log *log, const sdag_spec *root,
                                const char *text, sdag_loc typed)
{
    finder f = {a, log, root, out};
    *out = (sdag_spec_path){.n = 0};
    sdag_status status = split(&f, text, typed);
    if (!status) status = find_start(&f);
    return status ? status : find_rest(&f);
}
