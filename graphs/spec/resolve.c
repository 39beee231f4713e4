/* $names and ${...}: the raw tree, with the sets applied -> the tree that the graph is read from. */
#include <stdarg.h>
#include <string.h>

#include "graphs/spec/arith.h"
#include "graphs/spec/spec.h"

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
    const sdag_spec *params;     /* of the module whose body is resolved: their names stay; NULL */
    size_t made;                 /* bytes of texts put together */
    bool keep;                   /* names that are not known stay as they are */
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

static sdag_spec *copy_of(resolver *r, const sdag_spec *s, int extra) { return sdag_spec_copy(r->a, s, extra); }

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

/* The value of a name that stands at loc; NULL: there is none such, which is reported unless it may be kept. */
static const sdag_spec *let_value(resolver *r, const char *name, sdag_loc loc)
{
    const char *near;
    int id = sdag_map_get(&r->let_ids, name);
    let *l = id < 0 ? NULL : &r->lets[id];
    if (sdag_spec_get(r->params, name) || (!l && r->keep)) return NULL;
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
        return l->value;
    } else {
        l->used = true;
        return l->value;
    }
    return NULL;
}

/* ---- ${...} ---- */

/* One piece of arithmetic: bytes [at, at + strlen(text)) of the scalar s. */
typedef struct piece {
    resolver *r;
    const sdag_spec *s;
    const char *text;
    int at;
    bool kept; /* a name in it is left for later */
} piece;

static sdag_loc piece_place(const piece *p, int at, int len) { return sdag_spec_place(p->s, p->at + at, len); }

/* For sdag_arith_eval. */
static bool number_of(void *ctx, double *out, const char *name, int at, int len)
{
    piece *p = ctx;
    int errors = p->r->errors;
    sdag_loc loc = piece_place(p, at, len);
    const sdag_spec *v = let_value(p->r, name, loc);
    int64_t whole;
    if (v && sdag_spec_f64(out, v)) {
        if (!sdag_spec_i64(&whole, v) || (whole <= 1LL << 53 && whole >= -(1LL << 53))) return true;
        complain(p->r, loc, "'$%s' is %s, too large to be computed with exactly", name, v->text);
        return false;
    }
    if (!v && p->r->errors == errors && !p->r->stop) p->kept = true;
    else if (v && v->kind == SDAG_SPEC_SCALAR) complain(p->r, loc, "'$%s' is '%.40s', no number", name, v->text);
    else if (v && (v->kind != SDAG_SPEC_NULL || p->r->errors == 0)) /* nothing: reported where it was made */
        complain(p->r, loc, "'$%s' is %s, no number", name, sdag_spec_kind_name(v));
    return false;
}

/* What is known of the names of a formula is put in, as far as it is: "width * scale" becomes "(64) * scale". */
static const char *known_put_in(piece *p)
{
    sdag_str s = {.a = p->r->a};
    const sdag_token *t;
    sdag_formula_error e;
    int n, at = 0;
    if (!sdag_formula_tokens(&t, &n, p->r->a, p->text, &e)) return p->text;
    for (int i = 0; i < n; i++) {
        double v;
        if (t[i].kind != SDAG_TOKEN_NAME || sdag_map_get(&p->r->let_ids, t[i].name) < 0) continue;
        if (t[i + 1].kind == SDAG_TOKEN_SIGN && t[i + 1].sign[0] == '(') continue;
        if (!number_of(p, &v, t[i].name, t[i].at, t[i].len)) continue;
        sdag_str_addn(&s, p->text + at, (size_t)(t[i].at - at));
        sdag_str_addf(&s, "(%s)", sdag_arith_text(p->r->a, v));
        at = t[i].at + t[i].len;
    }
    sdag_str_add(&s, p->text + at);
    return s.at;
}

/* The value of the piece: of any kind when it is a mere name. NULL: reported, or kept for later. */
static const sdag_spec *piece_value(piece *p)
{
    resolver *r = p->r;
    sdag_formula f;
    sdag_formula_error e;
    const char *text, *sign = strpbrk(p->text, "=;#");
    if (sign) {
        complain(r, piece_place(p, (int)(sign - p->text), 1), "'%c' has no meaning in arithmetic", *sign);
        return NULL;
    }
    if (!sdag_formula_parse(&f, r->a, p->text, &e)) {
        complain(r, piece_place(p, e.at, e.len), "%s", e.text);
        return NULL;
    }
    const sdag_term *t = &f.terms[f.value];
    if (t->kind == SDAG_TERM_NAME) {
        int errors = r->errors;
        const sdag_spec *v = let_value(r, t->name, piece_place(p, t->at, t->len));
        p->kept = !v && r->errors == errors && !r->stop;
        return v;
    }
    sdag_arith_names names = {number_of, p};
    sdag_arith_status status = sdag_arith_eval(&text, r->a, &f, &names, &e);
    if (status == SDAG_ARITH_WRONG) complain(r, piece_place(p, e.at, e.len), "%s", e.text);
    if (status) return NULL;
    sdag_spec *v = node_new(r, SDAG_SPEC_SCALAR, p->s->loc);
    v->text = text;
    v->from_set = p->s->from_set;
    sdag_spec_finish(r->a, v);
    return v;
}

static const sdag_spec *arithmetic(resolver *r, const sdag_spec *s)
{
    piece p = {.r = r, .s = s, .text = s->text};
    const sdag_spec *v = piece_value(&p);
    if (v || !p.kept) return v ? v : node_new(r, SDAG_SPEC_NULL, s->loc);
    const char *text = known_put_in(&p);
    if (strcmp(text, s->text) == 0) return s;
    sdag_spec *now = copy_of(r, s, 0);
    now->text = text;
    now->raw = NULL;
    sdag_spec_finish(r->a, now);
    return now;
}

/* A text that is put together; code: the same as it can be read again, for what is left for later. */
typedef struct putting {
    sdag_str text, code;
    bool from_set, kept;
} putting;

/* Adds the value of one ${...}; false: reported. */
static bool add_piece(piece *p, putting *out)
{
    const sdag_spec *v = piece_value(p);
    if (v && v->kind != SDAG_SPEC_SCALAR)
        complain(p->r, piece_place(p, 0, (int)strlen(p->text)), "this is %s, which is no part of a text",
                 sdag_spec_kind_name(v));
    if (v ? v->kind != SDAG_SPEC_SCALAR : !p->kept) return false;
    out->kept |= !v;
    if (!v) {
        sdag_str_addf(&out->code, "${%s}", known_put_in(p));
        return true;
    }
    if (!out->text.n) out->from_set = v->from_set;
    sdag_str_add(&out->text, v->text);
    sdag_str_add(&out->code, sdag_spec_escape(p->r->a, v->text));
    return true;
}

/* false: reported. */
static bool put_pieces(resolver *r, const sdag_spec *s, putting *out)
{
    for (const char *p = s->text, *open; *p && out->text.n <= SDAG_SPEC_SCALAR_MAX;) {
        open = sdag_spec_find_code(p);
        const char *plain = sdag_arena_copy(r->a, p, open ? (size_t)(open - p) : strlen(p));
        sdag_str_add(&out->text, sdag_spec_unescape(r->a, plain));
        sdag_str_add(&out->code, plain);
        if (!open) break;
        const char *close = strchr(open, '}');
        piece one = {.r = r,
                     .s = s,
                     .text = sdag_arena_copy(r->a, open + 2, (size_t)(close - open) - 2),
                     .at = (int)(open - s->text) + 2};
        if (!add_piece(&one, out)) return false;
        p = close + 1;
    }
    r->made += out->text.n;
    if (out->text.n <= SDAG_SPEC_SCALAR_MAX && r->made <= SDAG_SPEC_EXPANDED_MAX) return true;
    complain(r, s->loc, "more than %d KiB of text, once every ${ } is put in", SDAG_SPEC_SCALAR_MAX >> 10);
    r->stop = true;
    return false;
}

static const sdag_spec *pieces(resolver *r, const sdag_spec *s)
{
    putting out = {.text = {.a = r->a}, .code = {.a = r->a}, .from_set = s->from_set};
    double number;
    sdag_str_add(&out.text, "");
    sdag_str_add(&out.code, "");
    if (!put_pieces(r, s, &out)) return node_new(r, SDAG_SPEC_NULL, s->loc);
    sdag_spec *now = node_new(r, SDAG_SPEC_SCALAR, s->loc);
    now->text = out.kept ? out.code.at : out.text.at;
    now->from_set = out.from_set;
    now->code = out.kept ? SDAG_SPEC_PIECES : SDAG_SPEC_AS_IS;
    now->quoted = !out.kept && sdag_spec_special(now->text) && !sdag_parse_f64(&number, now->text) &&
                  strcmp(now->text, "true") != 0 && strcmp(now->text, "false") != 0;
    sdag_spec_finish(r->a, now);
    return now;
}

static const sdag_spec *scalar(resolver *r, const sdag_spec *s)
{
    if (s->code == SDAG_SPEC_ARITHMETIC) return arithmetic(r, s);
    if (s->code == SDAG_SPEC_PIECES) return pieces(r, s);
    if (!ref_of(s)) return s;
    int errors = r->errors;
    const sdag_spec *v = let_value(r, ref_of(s), s->loc);
    return v ? v : r->errors == errors && r->keep ? s : node_new(r, SDAG_SPEC_NULL, s->loc);
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
    resolver r = {.a = a, .log = log, .swaps = {.a = a}};
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

sdag_status sdag_spec_subst(const sdag_spec **out, sdag_arena *a, sdag_log *log, const sdag_spec *s,
                            const sdag_spec *names, bool keep)
{
    resolver r = {.a = a, .log = log, .root = s, .keep = keep};
    *out = NULL;
    read_lets(&r, names);
    const sdag_spec *done = subst(&r, s);
    if (r.errors) return SDAG_INVALID;
    *out = done;
    return SDAG_OK;
}
