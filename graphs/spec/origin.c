#include "graphs/spec/origin.h"

#include <string.h>

#include "graphs/spec/formula.h"

enum {
    DEPTH_MAX = 16,
    NESTED_MAX = 500 /* names of names multiply: behind so many nobody reads on, and a file could ask for billions */
};

typedef struct tracer {
    sdag_arena *a;
    sdag_log *log; /* of its own: all has been said when the file was resolved */
    const sdag_spec_files *files;
    const sdag_spec_set *sets;
    sdag_spec_path *set_paths;
    const sdag_spec **set_values;
    int n_sets;
    sdag_spec_origins *out;
} tracer;

const char *sdag_origin_kind_name(sdag_origin_kind k)
{
    static const char *const names[] = {"file", "let", "anchor", "removed", "type", "set"};
    return names[k];
}

const sdag_spec_origin *sdag_spec_origins_last(const sdag_spec_origins *o)
{
    for (int i = o->list.n - 1; i >= 0; i--)
        if (o->list.at[i].depth == 0) return &o->list.at[i];
    return NULL;
}

static void add(tracer *t, sdag_origin_kind kind, int depth, sdag_loc loc, const char *name, const sdag_spec *value)
{
    *SDAG_PUSH(t->a, &t->out->list) =
        (sdag_spec_origin){.kind = kind, .depth = depth, .loc = loc, .name = name, .value = value};
}

static bool same_file(sdag_loc a, sdag_loc b) { return a.file && b.file && strcmp(a.file, b.file) == 0; }

/* An alias stands behind what it repeats. */
static bool is_alias(const sdag_spec_entry *e)
{
    const sdag_loc k = e->loc, v = e->value->loc;
    return e->value->anchor && same_file(k, v) && (v.line < k.line || (v.line == k.line && v.col < k.col));
}

/* ---- a value below let: by the node that stands there */

static bool find_node(const sdag_spec *s, const sdag_spec *wanted, sdag_spec_path *p, sdag_arena *a)
{
    if (s == wanted) return true;
    for (int i = 0; s->kind >= SDAG_SPEC_LIST && i < s->n && p->n < SDAG_SPEC_PATH_MAX; i++) {
        bool list = s->kind == SDAG_SPEC_LIST;
        p->key[p->n++] = list ? sdag_arena_printf(a, "%d", i) : s->entries[i].key;
        if (find_node(list ? s->items[i] : s->entries[i].value, wanted, p, a)) return true;
        p->n--;
    }
    return false;
}

/* let.name...: where the value that an alias repeats stands; what is set there changes the alias too. */
static bool find_let(tracer *t, const sdag_spec *tree, const sdag_spec *wanted, sdag_spec_path *p)
{
    const sdag_spec *let = sdag_spec_get(tree, "let");
    *p = (sdag_spec_path){.n = 1, .in_let = true};
    p->key[0] = "let";
    return let && find_node(let, wanted, p, t->a);
}

/* p, and what follows key i of the path that led to it. */
static void append_rest(sdag_spec_path *p, const sdag_spec_path *from, int i)
{
    for (; i < from->n && p->n < SDAG_SPEC_PATH_MAX; i++) p->key[p->n++] = from->key[i];
}

static void trace(tracer *t, const sdag_spec_path *p, sdag_origin_kind kind, int depth);

/* The parameters of the module in whose body p leads: there they hide the names of let:. NULL: none. */
static const sdag_spec *params_at(const tracer *t, const sdag_spec_path *p)
{
    bool in_body = p->n > 1 && strcmp(p->key[0], "modules") == 0 && (p->n == 2 || strcmp(p->key[2], "params") != 0);
    const sdag_spec *m = in_body ? sdag_spec_get(sdag_spec_get(t->files->root, p->key[0]), p->key[1]) : NULL;
    return sdag_spec_get(m, "params");
}

/* A name that stands at p, or within what stands there, and what follows key i of p. */
static void trace_name(tracer *t, const char *name, const sdag_spec_path *p, int i, int depth)
{
    sdag_spec_path to = {.n = 2, .in_let = true};
    to.key[0] = "let";
    to.key[1] = name;
    if (sdag_spec_get(params_at(t, p), name))
        to = (sdag_spec_path){.n = 4, .key = {p->key[0], p->key[1], "params", name}};
    append_rest(&to, p, i);
    trace(t, &to, SDAG_ORIGIN_LET, depth);
}

/* ---- names within a value ---- */

typedef struct names {
    tracer *t;
    const sdag_spec *params;
    sdag_map seen;
} names;

static void add_name(names *n, const char *name)
{
    if (sdag_spec_get(n->params, name) || sdag_spec_get(sdag_spec_get(n->t->files->root, "let"), name))
        sdag_map_put(&n->seen, name, 0);
}

/* Those of a piece of arithmetic. */
static void names_of_formula(names *n, const char *text)
{
    const sdag_token *t;
    sdag_formula_error e;
    int count;
    if (!sdag_formula_tokens(&t, &count, n->t->a, text, &e)) return; /* reported when the file was resolved */
    for (int i = 0; i < count; i++)
        if (t[i].kind == SDAG_TOKEN_NAME) add_name(n, t[i].name);
}

static void names_of(names *n, const sdag_spec *v)
{
    if (sdag_spec_ref(v)) add_name(n, sdag_spec_ref(v));
    else if (v->code == SDAG_SPEC_ARITHMETIC) names_of_formula(n, v->text);
    else if (v->code == SDAG_SPEC_PIECES)
        for (const char *p = v->text, *close; (p = sdag_spec_find_code(p)) && (close = strchr(p, '}')); p = close)
            names_of_formula(n, sdag_arena_copy(n->t->a, p + 2, (size_t)(close - p) - 2));
    for (int i = 0; v->kind == SDAG_SPEC_LIST && i < v->n; i++) names_of(n, v->items[i]);
    for (int i = 0; v->kind == SDAG_SPEC_MAP && i < v->n; i++) names_of(n, v->entries[i].value);
}

/* Where the names that stand in v, the value at p, get their values. */
static void trace_names(tracer *t, const sdag_spec_path *p, const sdag_spec *v, int depth)
{
    names n = {.t = t, .params = params_at(t, p), .seen = {.a = t->a}};
    names_of(&n, v);
    for (int i = 0; i < n.seen.n; i++) trace_name(t, sdag_map_key(&n.seen, i), p, p->n, depth);
}

/* ---- one file ---- */

/* The child of s that a key names; *e: its entry, NULL for an item. */
static const sdag_spec *child(const sdag_spec *s, const char *key, const sdag_spec_entry **e)
{
    int64_t at;
    *e = NULL;
    if (s->kind == SDAG_SPEC_LIST) return sdag_parse_i64(&at, key) && at >= 0 && at < s->n ? s->items[at] : NULL;
    int i = sdag_spec_index(s, key);
    if (i >= 0) *e = &s->entries[i];
    return i < 0 ? NULL : s->entries[i].value;
}

/* Another type or use than before ends what files before said of the options. types: one text for each level. */
static void note_type(tracer *t, const sdag_spec *s, const char **type, bool said, int depth)
{
    int i = sdag_spec_index(s, "type");
    if (i < 0) i = sdag_spec_index(s, "use");
    if (i < 0 || s->entries[i].value->kind != SDAG_SPEC_SCALAR) return;
    const sdag_spec *v = s->entries[i].value;
    if (*type && strcmp(*type, v->text) != 0 && said) add(t, SDAG_ORIGIN_TYPE, depth, v->loc, NULL, v);
    *type = v->text;
}

static void trace_value(tracer *t, const sdag_spec_path *p, sdag_origin_kind kind, int depth, const sdag_spec *v,
                        const sdag_spec_entry *e, const sdag_spec *tree)
{
    sdag_spec_path let;
    sdag_loc loc = e && is_alias(e) ? e->loc : v->loc;
    const char *name = kind == SDAG_ORIGIN_LET ? sdag_spec_path_text(t->a, p, p->n) : NULL;
    add(t, kind == SDAG_ORIGIN_FILE && v->kind == SDAG_SPEC_NULL ? SDAG_ORIGIN_REMOVED : kind, depth, loc, name, v);
    if (e && is_alias(e)) {
        t->out->list.at[t->out->list.n - 1].alias = v->anchor;
        if (find_let(t, tree, v, &let)) trace(t, &let, SDAG_ORIGIN_LET, depth + 1);
        else add(t, SDAG_ORIGIN_ANCHOR, depth + 1, v->loc, v->anchor, v);
    }
    if (!e || !is_alias(e)) trace_names(t, p, v, depth + 1);
}

static void trace_file(tracer *t, const sdag_spec_path *p, sdag_origin_kind kind, int depth, int layer,
                       const char **types)
{
    const sdag_spec *tree = t->files->layers[layer], *s = tree;
    const int before = t->out->list.n;
    sdag_spec_path let;
    for (int i = 0; i < p->n; i++) {
        const sdag_spec_entry *e;
        bool base_said = false;
        for (int k = 0; k < before; k++) base_said |= t->out->list.at[k].depth == depth;
        if (s->kind == SDAG_SPEC_MAP && i > 0)
            note_type(t, s, &types[i], base_said && strcmp(p->key[i], "in") != 0, depth);
        if (sdag_spec_ref(s)) { /* a name stands for all of it */
            add(t, kind, depth, s->loc, NULL, s);
            trace_name(t, sdag_spec_ref(s), p, i, depth + 1);
            return;
        }
        const sdag_spec *next = s->kind < SDAG_SPEC_LIST ? NULL : child(s, p->key[i], &e);
        if (!next && s->kind >= SDAG_SPEC_LIST) return; /* this file says nothing of it */
        if (!next) {
            if (s->kind == SDAG_SPEC_NULL) add(t, SDAG_ORIGIN_REMOVED, depth, s->loc, NULL, s);
            return;
        }
        if (i + 1 == p->n) trace_value(t, p, kind, depth, next, e, tree);
        else if (e && is_alias(e)) {
            add(t, kind, depth, e->loc, NULL, next);
            t->out->list.at[t->out->list.n - 1].alias = next->anchor;
            if (find_let(t, tree, next, &let)) {
                append_rest(&let, p, i + 1);
                trace(t, &let, SDAG_ORIGIN_LET, depth + 1);
                return;
            }
        }
        s = next;
    }
}

/* ---- --set ---- */

static const sdag_spec *look_up(const sdag_spec *s, const sdag_spec_path *p, int from)
{
    const sdag_spec_entry *e;
    for (int i = from; s && i < p->n; i++) s = s->kind < SDAG_SPEC_LIST ? NULL : child(s, p->key[i], &e);
    return s;
}

static void trace_set(tracer *t, const sdag_spec_path *p, int depth, int i)
{
    const sdag_spec_path *set = &t->set_paths[i];
    int same = 0;
    while (same < p->n && same < set->n && strcmp(p->key[same], set->key[same]) == 0) same++;
    if (same < p->n && same < set->n) return;
    const sdag_spec *v = same < p->n ? look_up(t->set_values[i], p, same) : t->set_values[i];
    if (!v) v = t->set_values[i];
    add(t, SDAG_ORIGIN_SET, depth, v->loc, sdag_spec_path_text(t->a, set, set->n), v);
    trace_names(t, p, v, depth + 1);
}

/* The paths and values of all sets, each found in the tree that those before it left. */
static sdag_status read_sets(tracer *t)
{
    sdag_swaps swaps = {.a = t->a};
    t->set_paths = SDAG_NEWS(t->a, sdag_spec_path, t->n_sets);
    t->set_values = SDAG_NEWS(t->a, const sdag_spec *, t->n_sets);
    const sdag_spec *root = t->files->root;
    sdag_loc at = {sdag_log_intern(t->log, "--set"), 1, 1, 0};
    if (!at.file) sdag_arena_escape(t->a);
    for (int i = 0; i < t->n_sets; i++) {
        int errors = 0;
        sdag_spec_path *p = &t->set_paths[i];
        sdag_status status = sdag_spec_path_find(p, t->a, t->log, root, t->sets[i].path, at);
        if (status) return status;
        sdag_loc value = {at.file, i + 1, p->loc[p->n - 1].col + p->loc[p->n - 1].len + 1, 0};
        status = sdag_spec_parse_at(&t->set_values[i], t->a, t->log, value, t->sets[i].value, strlen(t->sets[i].value));
        if (status) return status;
        root = sdag_spec_apply_sets(t->a, t->log, t->files->root, t->sets, i + 1, &swaps, &errors);
        at.line++;
    }
    return SDAG_OK;
}

static void trace(tracer *t, const sdag_spec_path *p, sdag_origin_kind kind, int depth)
{
    const char *types[SDAG_SPEC_PATH_MAX + 1] = {0};
    if (depth > 0 && t->out->list.n >= NESTED_MAX) return;
    if (depth > DEPTH_MAX) return; /* names that stand for themselves were refused: this cannot be reached by them */
    for (int i = 0; i < t->files->n; i++) trace_file(t, p, kind, depth, i, types);
    for (int i = 0; i < t->n_sets; i++) trace_set(t, p, depth, i);
}

/* The value in the end. One of let: is gone from the resolved tree, so a key is added that asks for it. */
static sdag_status effective(tracer *t)
{
    static const char asked[] = "explained";
    const sdag_spec_path *p = &t->out->path;
    sdag_spec *root = sdag_spec_copy(t->a, t->files->root, 1), ask = {.kind = SDAG_SPEC_SCALAR};
    const sdag_spec *resolved;
    bool let = p->in_let && sdag_spec_is_name(p->key[1]);
    ask.text = let ? sdag_arena_printf(t->a, "$%s", p->key[1]) : "";
    sdag_spec_finish(t->a, &ask);
    if (let) root->entries[root->n++] = (sdag_spec_entry){.key = asked, .value = &ask};
    sdag_spec_finish(t->a, root);
    sdag_status status = sdag_spec_resolve(&resolved, t->a, t->log, root, t->sets, t->n_sets);
    if (status) return status;
    t->out->value = let ? look_up(sdag_spec_get(resolved, asked), p, 2) : look_up(resolved, p, 0);
    return SDAG_OK;
}

static void close_log(void *log) { sdag_log_destroy(log); }

sdag_status sdag_spec_origins_find(sdag_spec_origins *out, sdag_arena *a, sdag_log *log, const sdag_spec_files *files,
                                   const sdag_spec_set *sets, int n_sets, const char *path, sdag_loc typed)
{
    tracer t = {.a = a, .log = sdag_log_create(NULL), .files = files, .sets = sets, .n_sets = n_sets, .out = out};
    sdag_swaps swaps = {.a = a};
    int errors = 0;
    if (!t.log) sdag_arena_escape(a);
    sdag_arena_defer(a, close_log, t.log); /* places live as long as the arena */
    *out = (sdag_spec_origins){.value = NULL};
    sdag_status status = read_sets(&t);
    if (status) return status;
    const sdag_spec *root = sdag_spec_apply_sets(a, t.log, files->root, sets, n_sets, &swaps, &errors);
    status = sdag_spec_path_find(&out->path, a, log, root, path, typed);
    if (!status) status = effective(&t);
    if (!status) trace(&t, &out->path, SDAG_ORIGIN_FILE, 0);
    return status;
}
