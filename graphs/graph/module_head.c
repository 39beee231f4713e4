/* modules: what a definition declares before its nodes: parameters, inputs, outputs, role.
 *
 *   block:
 *     about: two convolutions
 *     params: {width: 64, stride: {type: int, default: 1, min: 1, max: 4}, kernel: int}   # kernel is required
 *     in: [x]                    # or {x: "f32[B,H,W,C]"}
 *     nodes: {...}
 *     out: relu2                 # or {map: relu2, features: pool}
 *     role: encoder              # if not that of its nodes
 *
 * Parameters become rows of a table of options, so that they are read, checked and shown as built-in options are. */
#include <string.h>

#include "graphs/graph/builder.h"
#include "graphs/graph/words.h"

enum { SLOT = 16 }; /* bytes of the largest option */

static const struct {
    const char *word;
    sdag_opt_kind kind;
    double min, max;
} kinds[] = {
    {"int", SDAG_OPT_INT, -9e15, 9e15},      {"number", SDAG_OPT_F32, -3e38, 3e38},
    {"bool", SDAG_OPT_BOOL, 0, 1},           {"text", SDAG_OPT_STR, 0, 0},
    {"choice", SDAG_OPT_ENUM, 0, 0},         {"ints", SDAG_OPT_INTS, -9e15, 9e15},
    {"numbers", SDAG_OPT_F32S, -3e38, 3e38}, {"texts", SDAG_OPT_STRS, 0, 0},
    {"duration", SDAG_OPT_DURATION, 0, 0},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const char *kind_word(const void *ctx, int i)
{
    (void)ctx;
    return i < KINDS ? kinds[i].word : NULL;
}

static int find_kind(const char *word)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].word, word) == 0) return i;
    return -1;
}

static const char *of_list(const void *list, int i) { return ((const char *const *)list)[i]; }

static bool is_one_of(const char *const *list, const char *word)
{
    while (*list && strcmp(*list, word) != 0) list++;
    return *list != NULL;
}

/* Keys of a map against those that it may have. */
static void check_keys(sdag_builder *b, const sdag_spec *v, const char *const *keys, const char *of)
{
    for (int i = 0; i < v->n; i++)
        if (!is_one_of(keys, v->entries[i].key))
            sdag_reader_unknown(&b->r, v->entries[i].loc, "key", v->entries[i].key, of, of_list, keys);
}

/* ---- parameters ---- */

/* The kind that a default has: 64 is an integer, 0.5 a number, [64, 64] a list of integers. */
static sdag_opt_kind kind_of(const sdag_spec *v)
{
    int64_t i;
    double d;
    bool yes;
    sdag_duration t;
    if (v->kind == SDAG_SPEC_LIST) {
        sdag_opt_kind all = v->n ? SDAG_OPT_INTS : SDAG_OPT_STRS;
        for (int k = 0; k < v->n; k++)
            if (!sdag_spec_f64(&d, v->items[k])) return SDAG_OPT_STRS;
            else if (!sdag_spec_i64(&i, v->items[k])) all = SDAG_OPT_F32S;
        return all;
    }
    if (sdag_spec_i64(&i, v)) return SDAG_OPT_INT;
    if (sdag_spec_f64(&d, v)) return SDAG_OPT_F32;
    if (sdag_spec_bool(&yes, v)) return SDAG_OPT_BOOL;
    return v->kind == SDAG_SPEC_SCALAR && sdag_parse_duration(&t, v->text) ? SDAG_OPT_DURATION : SDAG_OPT_STR;
}

static void set_kind(sdag_opt *o, sdag_opt_kind kind)
{
    for (int i = 0; i < KINDS; i++)
        if (kinds[i].kind == kind) {
            o->kind = kind;
            o->min = kinds[i].min;
            o->max = kinds[i].max;
            o->help = kinds[i].word;
        }
}

/* The default, checked as a value would be, as the row keeps it. */
static void read_default(sdag_builder *b, const sdag_module *m, sdag_opt *o, const sdag_spec *v)
{
    sdag_opt table[2] = {*o};
    sdag_spec_entry e = {o->name, v->loc, v};
    const sdag_spec map = {.kind = SDAG_SPEC_MAP, .n = 1, .entries = &e, .loc = v->loc};
    table[0].offset = 0;
    const void *at = sdag_options_read(&b->r, m->type, table, SLOT, &map, v->loc);
    sdag_str text = {.a = b->r.a};
    switch (o->kind) {
    case SDAG_OPT_INT: o->def = (double)*(const int64_t *)at; break;
    case SDAG_OPT_F32: sdag_spec_f64(&o->def, v); break; /* as typed: 0.1 */
    case SDAG_OPT_BOOL: o->def = *(const bool *)at; break;
    case SDAG_OPT_ENUM: o->def = *(const int *)at; break;
    case SDAG_OPT_STR: o->text = *(const char *const *)at; break;
    default: sdag_opt_value_text(&text, table, at); o->text = text.at;
    }
}

static void read_choices(sdag_builder *b, const sdag_module *m, sdag_opt *o, const sdag_spec *v, sdag_loc loc)
{
    const char **list = SDAG_NEWS(b->r.a, const char *, (v && v->kind == SDAG_SPEC_LIST ? v->n : 0) + 2);
    int n = 0;
    list[0] = "";
    for (int i = 0; v && v->kind == SDAG_SPEC_LIST && i < v->n; i++)
        if (v->items[i]->kind == SDAG_SPEC_SCALAR) list[n++] = sdag_arena_str(b->r.a, v->items[i]->text);
    if (!n || n < v->n)
        sdag_reader_error(&b->r, v ? v->loc : loc, "%s.%s needs choices: a list of words", m->type, o->name);
    o->choices = list;
}

/* {type: int, default: 64, min: 1, max: 512, choices: [...], about: ...} */
static const sdag_spec *read_full(sdag_builder *b, const sdag_module *m, sdag_opt *o, const sdag_spec *v)
{
    static const char *const keys[] = {"type", "default", "min", "max", "choices", "about", NULL};
    const char *name = sdag_arena_printf(b->r.a, "%s.%s", m->type, o->name);
    const sdag_spec *type = sdag_spec_get(v, "type"), *def = sdag_spec_get(v, "default"), *x;
    check_keys(b, v, keys, sdag_arena_printf(b->r.a, " of parameter '%s'", o->name));
    int kind = type && type->kind == SDAG_SPEC_SCALAR ? find_kind(type->text) : -1;
    if (type && kind < 0)
        sdag_reader_unknown(&b->r, type->loc, "type", type->kind == SDAG_SPEC_SCALAR ? type->text : "",
                            " of a parameter", kind_word, NULL);
    else if (type) set_kind(o, kinds[kind].kind);
    else if (sdag_spec_get(v, "choices")) set_kind(o, SDAG_OPT_ENUM);
    else if (def) set_kind(o, kind_of(def));
    else sdag_reader_error(&b->r, v->loc, "parameter '%s' needs a type or a default", o->name);
    bool number =
        o->kind == SDAG_OPT_INT || o->kind == SDAG_OPT_F32 || o->kind == SDAG_OPT_INTS || o->kind == SDAG_OPT_F32S;
    for (int i = 0; i < v->n; i++) {
        const char *key = v->entries[i].key;
        bool bound = strcmp(key, "min") == 0 || strcmp(key, "max") == 0;
        if ((bound && !number) || (strcmp(key, "choices") == 0 && o->kind != SDAG_OPT_ENUM))
            sdag_reader_error(&b->r, v->entries[i].loc, "'%s' does not suit a parameter of this type", key);
        else if (bound)
            sdag_read_number(&b->r, sdag_arena_printf(b->r.a, "%s.%s", name, key), v->entries[i].value, -3e38, 3e38,
                             key[1] == 'i' ? &o->min : &o->max);
    }
    if (o->min > o->max) sdag_reader_error(&b->r, v->loc, "min of parameter '%s' is above its max", o->name);
    if (o->kind == SDAG_OPT_ENUM) read_choices(b, m, o, sdag_spec_get(v, "choices"), v->loc);
    if ((x = sdag_spec_get(v, "about"))) sdag_read_text(&b->r, name, x, &o->help);
    return def;
}

static void check_param_name(sdag_builder *b, const sdag_spec_entry *e)
{
    static const char *const inner[] = {"repeat", "first", "in", "views", NULL};
    bool taken = is_one_of(inner, e->key);
    for (const sdag_common_key *k = sdag_common_keys; k->name; k++) taken |= strcmp(k->name, e->key) == 0;
    if (taken)
        sdag_reader_error(&b->r, e->loc, "a parameter cannot be called '%s': nodes have a key of that name", e->key);
    if (!sdag_spec_is_name(e->key))
        sdag_reader_error(&b->r, e->loc, "'%s' cannot name a parameter: use letters, digits, _ and -, a letter first",
                          e->key);
}

static void read_params(sdag_builder *b, sdag_module *m, const sdag_spec *v)
{
    int n = v && v->kind == SDAG_SPEC_MAP ? v->n : 0;
    if (v && v->kind != SDAG_SPEC_MAP && v->kind != SDAG_SPEC_NULL)
        sdag_reader_error(&b->r, v->loc, "%s.params is %s, expected a map of parameters", m->name, sdag_kind_text(v));
    m->opts = SDAG_NEWS(b->r.a, sdag_opt, n + 1);
    m->defaults = SDAG_NEWS(b->r.a, const sdag_spec *, n + 1);
    m->opts_size = (size_t)n * SLOT;
    m->ids.a = b->r.a;
    for (int i = 0; i < n; i++) {
        const sdag_spec_entry *e = &v->entries[i];
        const sdag_spec *def = e->value;
        sdag_opt *o = &m->opts[i];
        *o = (sdag_opt){.name = e->key, .help = "", .offset = (size_t)i * SLOT};
        set_kind(o, SDAG_OPT_INT);
        check_param_name(b, e);
        sdag_map_put(&m->ids, e->key, i);
        int errors = b->r.errors, kind = -1;
        if (def->kind == SDAG_SPEC_SCALAR && !def->quoted) kind = find_kind(def->text);
        if (kind >= 0 && kinds[kind].kind == SDAG_OPT_ENUM)
            sdag_reader_error(&b->r, def->loc, "%s.%s needs choices: {choices: [relu, gelu]}", m->type, o->name);
        if (kind >= 0) set_kind(o, kinds[kind].kind), def = NULL;
        else if (def->kind == SDAG_SPEC_MAP) def = read_full(b, m, o, def);
        else if (def->kind == SDAG_SPEC_NULL)
            sdag_reader_error(&b->r, e->loc, "parameter '%s' is empty, expected a default or a type", e->key);
        else set_kind(o, kind_of(def));
        m->defaults[i] = def;
        o->required = !def;
        if (def && b->r.errors == errors) read_default(b, m, o, def);
    }
}

/* ---- inputs and outputs ---- */

/* "f32[B,H,W,C]|i32[B]|image" */
static bool is_port_type(const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "|"), word = strcspn(text, "[|");
        bool image = n == 5 && strncmp(text, "image", 5) == 0;
        if (!image && (word != 3 || (strncmp(text, "f32", 3) && strncmp(text, "i32", 3)))) return false;
        const char *p = text + word, *end = text + n - 1;
        if (!image && (n < word + 2 || *p != '[' || *end != ']')) return false;
        for (p++; !image && p < end;) {
            size_t len = strcspn(p, ",]");
            bool letter = len == 1 && *p >= 'A' && *p <= 'Z', rest = len == 3 && strncmp(p, "...", 3) == 0;
            if (!letter && !rest && (len == 0 || len > 9 || strspn(p, "0123456789") != len)) return false;
            p += len;
            if (p < end && (*p != ',' || p + 1 == end || rest)) return false;
            p += p < end;
        }
        text += n;
        if (*text && !*++text) return false;
    }
    return true;
}

static void add_in(sdag_builder *b, sdag_module *m, sdag_map *seen, const char *name, sdag_loc loc,
                   const sdag_spec *type)
{
    if (!sdag_spec_is_name(name))
        sdag_reader_error(&b->r, loc, "'%s' cannot name an input: use letters, digits, _ and -, a letter first", name);
    const int i = seen->n;
    if (!sdag_map_put(seen, name, i)) {
        sdag_reader_error(&b->r, loc, "two inputs are called '%s'", name);
        return;
    }
    if (sdag_map_get(&m->ids, name) >= 0)
        sdag_reader_error(&b->r, loc, "'%s' is a parameter and an input, expected two names", name);
    m->ins[i] = (sdag_port){.name = sdag_arena_str(b->r.a, name), .help = ""};
    if (!type || type->kind == SDAG_SPEC_NULL) return;
    if (type->kind != SDAG_SPEC_SCALAR || !*type->text || !is_port_type(type->text))
        sdag_reader_error(&b->r, type->loc,
                          "the type of input '%s' is %s, expected an element type and sizes such as \"f32[B,H,W,C]\"",
                          name, type->text ? sdag_arena_printf(b->r.a, "'%.40s'", type->text) : sdag_kind_text(type));
    else m->ins[i].type = sdag_arena_str(b->r.a, type->text);
}

static void read_ins(sdag_builder *b, sdag_module *m, const sdag_spec *v)
{
    bool list = v && v->kind == SDAG_SPEC_LIST, map = v && v->kind == SDAG_SPEC_MAP;
    int n = list || map ? v->n : 1;
    sdag_map seen = {.a = b->r.a};
    m->ins = SDAG_NEWS(b->r.a, sdag_port, n + 1);
    if (!v || v->kind == SDAG_SPEC_NULL || n == 0) {
        sdag_reader_error(&b->r, v ? v->loc : m->loc, "%s has no inputs: add 'in: [x]'", m->type);
        return;
    }
    for (int i = 0; i < n; i++) {
        const sdag_spec *name = list ? v->items[i] : v;
        if (map) add_in(b, m, &seen, v->entries[i].key, v->entries[i].loc, v->entries[i].value);
        else if (name->kind == SDAG_SPEC_SCALAR) add_in(b, m, &seen, name->text, name->loc, NULL);
        else
            sdag_reader_error(&b->r, name->loc, "an input of %s is %s, expected its name", m->type,
                              sdag_kind_text(name));
    }
}

static void read_outs(sdag_builder *b, sdag_module *m, const sdag_spec *v)
{
    bool map = v && v->kind == SDAG_SPEC_MAP;
    int n = map ? v->n : 1;
    m->outs = SDAG_NEWS(b->r.a, const char *, n + 1);
    m->out = v;
    if (!v || v->kind == SDAG_SPEC_NULL || v->kind == SDAG_SPEC_LIST || n == 0) {
        sdag_reader_error(&b->r, v ? v->loc : m->loc, "%s has no outputs: add 'out: node' or 'out: {name: node}'",
                          m->type);
        return;
    }
    if (!map) m->outs[0] = "out";
    for (int i = 0; map && i < n; i++) {
        m->outs[i] = v->entries[i].key;
        if (!sdag_spec_is_name(m->outs[i]))
            sdag_reader_error(&b->r, v->entries[i].loc,
                              "'%s' cannot name an output: use letters, digits, _ and -, a letter first", m->outs[i]);
        if (v->entries[i].value->kind != SDAG_SPEC_SCALAR)
            sdag_reader_error(&b->r, v->entries[i].value->loc, "the output '%s' of %s is %s, expected a node",
                              m->outs[i], m->type, sdag_kind_text(v->entries[i].value));
    }
}

/* ---- a definition ---- */

static void read_role(sdag_builder *b, sdag_module *m, const sdag_spec *v)
{
    static const sdag_role roles[] = {SDAG_ROLE_ENCODER, SDAG_ROLE_DECODER, SDAG_ROLE_PROJECTOR, SDAG_ROLE_HEAD,
                                      SDAG_ROLE_LOSS,    SDAG_ROLE_MATH,    SDAG_ROLE_LAYER};
    enum { N = sizeof roles / sizeof roles[0] };
    const char *words[N + 1] = {0};
    int choice;
    m->role = -1;
    for (int i = 0; i < N; i++) words[i] = sdag_role_name(roles[i]);
    if (v && sdag_read_enum(&b->r, sdag_arena_printf(b->r.a, "%s.role", m->type), v, words, &choice))
        m->role = roles[choice];
}

static void read_module(sdag_builder *b, sdag_module *m, const sdag_spec_entry *e)
{
    static const char *const keys[] = {"about", "params", "in", "nodes", "out", "role", NULL};
    const sdag_spec *v = e->value, *about;
    int errors = b->r.errors;
    m->name = sdag_arena_str(b->r.a, e->key);
    m->type = sdag_arena_printf(b->r.a, "module.%s", e->key);
    m->loc = e->loc;
    if (!sdag_spec_is_name(e->key))
        sdag_reader_error(&b->r, e->loc, "'%s' cannot name a module: use letters, digits, _ and -, a letter first",
                          e->key);
    if (v->kind != SDAG_SPEC_MAP)
        sdag_reader_error(&b->r, v->loc, "%s is %s, expected a map with 'in', 'nodes' and 'out'", m->type,
                          sdag_kind_text(v));
    m->bad = v->kind != SDAG_SPEC_MAP;
    if (m->bad) return;
    check_keys(b, v, keys, sdag_arena_printf(b->r.a, " of %s", m->type));
    if ((about = sdag_spec_get(v, "about")))
        sdag_read_text(&b->r, sdag_arena_printf(b->r.a, "%s.about", m->type), about, &m->about);
    read_params(b, m, sdag_spec_get(v, "params"));
    read_ins(b, m, sdag_spec_get(v, "in"));
    read_outs(b, m, sdag_spec_get(v, "out"));
    read_role(b, m, sdag_spec_get(v, "role"));
    m->nodes = sdag_spec_get(v, "nodes");
    if (!m->nodes || m->nodes->kind != SDAG_SPEC_MAP || m->nodes->n == 0)
        sdag_reader_error(&b->r, m->nodes ? m->nodes->loc : m->loc, "%s has no nodes", m->type);
    m->bad = b->r.errors > errors;
}

void sdag_read_modules(sdag_builder *b, const sdag_spec *v)
{
    if (!v || v->kind == SDAG_SPEC_NULL) return;
    if (v->kind != SDAG_SPEC_MAP) {
        sdag_reader_error(&b->r, v->loc, "modules is %s, expected a map of modules", sdag_kind_text(v));
        return;
    }
    b->modules = SDAG_NEWS(b->r.a, sdag_module, v->n);
    for (int i = 0; i < v->n; i++) {
        read_module(b, &b->modules[i], &v->entries[i]);
        sdag_map_put(&b->module_ids, b->modules[i].name, i);
    }
}

sdag_module *sdag_module_find(const sdag_builder *b, const char *type)
{
    int id = strncmp(type, "module.", 7) ? -1 : sdag_map_get(&b->module_ids, type + 7);
    return id < 0 ? NULL : &b->modules[id];
}
