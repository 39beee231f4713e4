/* The type that is made for one node: its ports, its role, and whether every name and call in its formula means
 * something. Shapes are the lowering's. */
#include <string.h>

#include "graphs/expr/functions.h"

static const char *const roles[] = {"auto", "loss", "math", NULL};
enum { ROLE_AUTO, ROLE_LOSS, ROLE_MATH };

#define WIRE_TYPE "f32[...]|i32[...]"

static const sdag_opt opts[] = {
    SDAG_STR_REQ(sdag_expr_opts, formula,
                 "the formula; named values on lines of their own, the last line is the value"),
    SDAG_SCHEDULES(sdag_expr_opts, params, -1e38, 1e38, "numbers that the formula names; each may follow a schedule"),
    SDAG_SCHEDULES(sdag_expr_opts, learn, -1e38, 1e38, "numbers that are trained, and where they start"),
    SDAG_STRS(sdag_expr_opts, outputs, NULL, "named values of the formula that are outputs as well"),
    SDAG_ENUM(sdag_expr_opts, role, ROLE_AUTO, roles, "auto: a loss when the value is one number whatever comes in"),
    SDAG_BOOL(sdag_expr_opts, map, false, "apply the formula to every view of a bundle, and give as many"),
    {0},
};

static const sdag_port any_ins[] = {
    {"x", WIRE_TYPE,
     "any names: those of in: {name: wire, ...}; x for in: wire. A bundle: z[0], z[1]; z is all, joined",
     SDAG_PORT_BUNDLE},
    {0}};
static const sdag_port any_outs[] = {
    {"out", "f32[...]|i32[...]", "the value of the formula; more with outputs: [name]", 0}, {0}};

const sdag_node_type sdag_expr_static = {
    .name = "expr",
    .brief = "A formula over wires: a loss, or any value, without C.",
    .role = SDAG_ROLE_MATH,
    .opts = opts,
    .opts_size = sizeof(sdag_expr_opts),
    .ins = any_ins,
    .outs = any_outs,
    .trains = true,
    .lower = sdag_expr_lower,
    .example = "{type: expr, in: {x: projector.view_i, y: projector.view_j}, formula: \"mean((x - y)^2)\"}",
};

/* ---- ports */

static const sdag_port *input_ports(sdag_builder *b, const sdag_gnode *n, bool map)
{
    const sdag_spec *in = sdag_spec_get(n->spec, "in");
    bool named = in && in->kind == SDAG_SPEC_MAP && !sdag_is_inline_node(in);
    if (!in || in->kind == SDAG_SPEC_NULL || (named && !in->n)) return any_ins + 1; /* none */
    int count = named ? in->n : 1;
    sdag_port *ports = SDAG_NEWS(b->r.a, sdag_port, count + 1);
    for (int i = 0; i < count; i++)
        ports[i] = (sdag_port){named ? sdag_arena_str(b->r.a, in->entries[i].key) : "x", WIRE_TYPE,
                               "a value that the formula names", map ? 0 : SDAG_PORT_BUNDLE};
    return ports;
}

static const sdag_port *output_ports(sdag_builder *b, const sdag_expr *e, const sdag_gnode *n)
{
    const sdag_spec *v = sdag_spec_get(n->spec, "outputs");
    const sdag_spec *const *items = v && v->kind == SDAG_SPEC_LIST ? v->items : &v;
    int count = !v ? 0 : v->kind == SDAG_SPEC_LIST ? v->n : 1;
    sdag_port *ports = SDAG_NEWS(b->r.a, sdag_port, count + 2);
    ports[0] = any_outs[0];
    if (e->type.role == SDAG_ROLE_LOSS) ports[0].type = "f32[]";
    for (int i = 0, made = 1; i < count; i++) {
        if (items[i]->kind != SDAG_SPEC_SCALAR) continue; /* reported with the options */
        const char *name = sdag_arena_str(b->r.a, items[i]->text);
        int at = 0;
        while (at < e->formula.n_lets && strcmp(e->formula.lets[at].name, name) != 0) at++;
        if (e->formula.n && at == e->formula.n_lets)
            sdag_reader_error(&b->r, items[i]->loc, "'%.60s' is no named value of the formula: name = ...", name);
        else if (sdag_port_find(ports, name) >= 0)
            sdag_reader_error(&b->r, items[i]->loc, "'%.60s' is an output already", name);
        else ports[made++] = (sdag_port){name, "f32[...]|i32[...]", "a named value of the formula", 0};
    }
    return ports;
}

/* ---- names and calls */

/* What the names of one formula may mean. */
typedef struct scope {
    const sdag_port *ins;
    const sdag_spec *params, *learn;
} scope;

static const char *scope_name(const void *ctx, int i)
{
    const scope *s = ctx;
    int n = sdag_port_count(s->ins);
    if (i < n) return s->ins[i].name;
    i -= n;
    const char *key = sdag_spec_key(s->params, i);
    if (key) return key;
    if (s->params && s->params->kind == SDAG_SPEC_MAP) i -= s->params->n;
    return sdag_spec_key(s->learn, i);
}

typedef struct checking {
    sdag_builder *b;
    const sdag_expr *e;
    scope s;
} checking;

static sdag_loc place(const checking *c, int at, int len) { return sdag_spec_place(c->e->text, at, len); }

static bool known(const checking *c, const char *name)
{
    double v;
    return sdag_port_find(c->s.ins, name) >= 0 || sdag_spec_get(c->s.params, name) || sdag_spec_get(c->s.learn, name) ||
           sdag_expr_constant(&v, name);
}

static void check_name(checking *c, const sdag_term *t)
{
    if (t->dollar)
        sdag_reader_error(&c->b->r, place(c, t->at, t->len),
                          "a formula names its numbers without '$': params: {%.40s: $%.40s}", t->name, t->name);
    else if (!known(c, t->name) && sdag_expr_function_find(t->name))
        sdag_reader_error(&c->b->r, place(c, t->at, t->len), "'%s' is a function: %s(%s)", t->name, t->name,
                          sdag_expr_function_find(t->name)->form);
    else if (!known(c, t->name))
        sdag_reader_unknown(&c->b->r, place(c, t->at, t->len), "name", t->name, " in the formula", scope_name, &c->s);
}

static unsigned named_bit(const char *key)
{
    static const struct {
        const char *key;
        unsigned bit;
    } bits[] = {
        {"axis", SDAG_EXPR_AXIS}, {"keep", SDAG_EXPR_KEEP}, {"unbiased", SDAG_EXPR_UNBIASED}, {"eps", SDAG_EXPR_EPS}};
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if (strcmp(bits[i].key, key) == 0) return bits[i].bit;
    return 0;
}

static void check_call(checking *c, const sdag_term *t)
{
    const sdag_expr_function *f = sdag_expr_function_find(t->name);
    sdag_loc name = place(c, t->at, (int)strlen(t->name));
    int plain = 0;
    unsigned seen = 0;
    if (!f) {
        const char *near = sdag_nearest(t->name, sdag_expr_function_name, NULL);
        if (near) sdag_reader_error(&c->b->r, name, "unknown function '%.60s'; did you mean '%s'?", t->name, near);
        else sdag_reader_error(&c->b->r, name, "unknown function '%.60s'; `ssldag inspect expr` lists them", t->name);
        return;
    }
    for (int i = 0; i < t->n; i++) {
        const char *key = t->args[i].key;
        unsigned bit = key ? named_bit(key) : 0;
        plain += !key;
        sdag_loc loc = key ? place(c, t->args[i].at, (int)strlen(key)) : name;
        if (key && seen & bit) sdag_reader_error(&c->b->r, loc, "'%s' is given twice", key);
        else if (key && !(bit & f->named))
            sdag_reader_error(&c->b->r, loc, "%s has no argument '%.40s': %s(%s)", t->name, key, t->name, f->form);
        seen |= bit;
    }
    bool axis = (f->named & SDAG_EXPR_AXIS) && !(seen & SDAG_EXPR_AXIS) && f->most < SDAG_FORMULA_ARGS_MAX;
    if (plain < f->least || plain > f->most + axis)
        sdag_reader_error(&c->b->r, place(c, t->at, t->len), "%s takes other arguments: %s(%s)", t->name, t->name,
                          f->form);
}

static void check_index(checking *c, const sdag_term *t)
{
    const sdag_term *of = &c->e->formula.terms[t->args[0].term];
    if (c->e->type.maps)
        sdag_reader_error(&c->b->r, place(c, t->at, t->len),
                          "with map: true the formula is for one view, and '%s' is that view",
                          of->name ? of->name : "z");
    else if (of->kind != SDAG_TERM_NAME || sdag_port_find(c->s.ins, of->name) < 0)
        sdag_reader_error(&c->b->r, place(c, t->at, t->len),
                          "[%g] takes one view of an input; slice(x, from, to) takes rows of a value", t->number);
}

static void check_terms(checking *c)
{
    const sdag_formula *f = &c->e->formula;
    for (int i = 0; i < f->n; i++) {
        const sdag_term *t = &f->terms[i];
        if (t->kind == SDAG_TERM_NAME) check_name(c, t);
        else if (t->kind == SDAG_TERM_CALL) check_call(c, t);
        else if (t->kind == SDAG_TERM_INDEX) check_index(c, t);
    }
}

/* ---- what nothing uses is a slip */

static bool is_used(const checking *c, const char *name)
{
    for (int i = 0; i < c->e->formula.n; i++)
        if (c->e->formula.terms[i].kind == SDAG_TERM_NAME && strcmp(c->e->formula.terms[i].name, name) == 0)
            return true;
    return false;
}

static bool is_output(const sdag_port *outs, const char *name) { return sdag_port_find(outs, name) > 0; }

static void check_map(checking *c, const sdag_spec *map, const char *what)
{
    double v;
    for (int i = 0; map && map->kind == SDAG_SPEC_MAP && i < map->n; i++) {
        const sdag_spec_entry *e = &map->entries[i];
        if (!is_used(c, e->key))
            sdag_reader_error(&c->b->r, e->loc, "the formula does not use the %s '%.60s'", what, e->key);
        else if (sdag_expr_constant(&v, e->key))
            sdag_reader_error(&c->b->r, e->loc, "'%s' is a constant of formulas: choose another name", e->key);
    }
}

static void check_uses(checking *c, const sdag_spec *in)
{
    const sdag_formula *f = &c->e->formula;
    const sdag_spec *maps[] = {in, c->s.params, c->s.learn};
    for (int k = 0; k < 3; k++)
        for (int j = k + 1; j < 3; j++)
            for (int i = 0; maps[k] && maps[j] && maps[j]->kind == SDAG_SPEC_MAP && i < maps[j]->n; i++)
                if (sdag_spec_get(maps[k], maps[j]->entries[i].key))
                    sdag_reader_error(&c->b->r, maps[j]->entries[i].loc,
                                      "'%.60s' has two meanings: an input, a number, or a "
                                      "trained one",
                                      maps[j]->entries[i].key);
    if (in && in->kind == SDAG_SPEC_MAP && !sdag_is_inline_node(in)) check_map(c, in, "input");
    else if (in && sdag_port_count(c->s.ins) && !is_used(c, "x"))
        sdag_reader_error(&c->b->r, in->loc, "the formula does not use its input, which is called 'x' in it");
    check_map(c, c->s.params, "parameter");
    check_map(c, c->s.learn, "trained number");
    for (int i = 0; i < f->n_lets; i++)
        if (!f->lets[i].used && !is_output(c->e->type.outs, f->lets[i].name))
            sdag_reader_error(&c->b->r, place(c, f->lets[i].at, (int)strlen(f->lets[i].name)), "'%s' is never used",
                              f->lets[i].name);
}

/* A trained number starts from one number. */
static void check_learn(checking *c)
{
    const sdag_spec *learn = c->s.learn;
    for (int i = 0; learn && learn->kind == SDAG_SPEC_MAP && i < learn->n; i++)
        if (learn->entries[i].value->kind == SDAG_SPEC_MAP)
            sdag_reader_error(&c->b->r, learn->entries[i].value->loc,
                              "'%.60s' is trained: expected the number that it starts from", learn->entries[i].key);
}

/* ---- role */

static bool call_is_number(const bool *number, const sdag_term *t)
{
    const sdag_expr_function *f = sdag_expr_function_find(t->name);
    bool all = true, axis = false;
    int plain = 0;
    for (int i = 0; i < t->n; i++) {
        axis |= t->args[i].key && strcmp(t->args[i].key, "axis") == 0;
        plain += !t->args[i].key;
        if (!t->args[i].key) all &= number[t->args[i].term];
    }
    bool keep = f && (f->named & SDAG_EXPR_KEEP) && t->n > plain;
    switch (f ? f->shape : SDAG_EXPR_OTHER) {
    case SDAG_EXPR_EACH: return all;
    case SDAG_EXPR_REDUCES:
        return all || (plain == 1 && !axis && (!keep || !strcmp(t->args[t->n - 1].key, "unbiased")));
    case SDAG_EXPR_COUNTS: return true;
    default: return false;
    }
}

/* Whether the value is one number whatever the shapes of the inputs. */
static bool gives_number(const sdag_builder *b, const sdag_expr *e)
{
    const sdag_formula *f = &e->formula;
    bool *number = SDAG_NEWS(b->r.a, bool, f->n + 1);
    for (int i = 0; i < f->n; i++) {
        const sdag_term *t = &f->terms[i];
        if (t->kind == SDAG_TERM_NUMBER) number[i] = true;
        else if (t->kind == SDAG_TERM_NAME) number[i] = sdag_port_find(e->type.ins, t->name) < 0;
        else if (t->kind == SDAG_TERM_CALL) number[i] = call_is_number(number, t);
        else if (t->kind >= SDAG_TERM_NEGATE && t->kind != SDAG_TERM_MATMUL)
            number[i] = number[t->args[0].term] && (t->n < 2 || number[t->args[1].term]);
    }
    return f->n && number[f->value];
}

static sdag_role role_of(const sdag_expr *e, const sdag_gnode *n)
{
    const sdag_spec *v = sdag_spec_get(n->spec, "role");
    const char *text = v && v->kind == SDAG_SPEC_SCALAR ? v->text : "auto";
    if (strcmp(text, "loss") == 0) return SDAG_ROLE_LOSS;
    return strcmp(text, "math") == 0 || !e->number ? SDAG_ROLE_MATH : SDAG_ROLE_LOSS;
}

/* ---- the type */

/* The formula's terms; false: there are none, reported here or with the options. */
static bool parse(sdag_builder *b, sdag_expr *e, const sdag_gnode *n)
{
    sdag_formula_error wrong;
    e->text = sdag_spec_get(n->spec, "formula");
    if (!e->text || e->text->kind != SDAG_SPEC_SCALAR) return false;
    if (sdag_formula_parse(&e->formula, b->r.a, sdag_arena_str(b->r.a, e->text->text), &wrong)) return true;
    bool cut = !e->text->raw && wrong.at == (int32_t)strlen(e->text->text) && strchr(e->text->text, '(');
    sdag_reader_error(&b->r, sdag_spec_place(e->text, wrong.at, wrong.len), "%s%s", wrong.text,
                      cut ? "; inside { } a comma ends plain text: put the formula in quotes" : "");
    e->formula = (sdag_formula){0};
    return false;
}

const sdag_node_type *sdag_expr_type(sdag_builder *b, sdag_gnode *n)
{
    sdag_expr *e = SDAG_NEW(b->r.a, sdag_expr);
    const sdag_spec *learn = sdag_spec_get(n->spec, "learn"), *map = sdag_spec_get(n->spec, "map");
    bool yes;
    e->type = sdag_expr_static;
    e->type.maps = map && sdag_spec_bool(&yes, map) && yes;
    if (e->type.maps) n->batching = SDAG_BATCH_SEPARATE; /* one view after the other */
    e->type.ins = input_ports(b, n, e->type.maps);
    e->type.trains = learn && learn->kind == SDAG_SPEC_MAP && learn->n > 0;
    bool parsed = parse(b, e, n);
    e->number = gives_number(b, e);
    e->type.role = role_of(e, n);
    e->type.outs = output_ports(b, e, n);
    if (parsed) {
        checking c = {b, e, {e->type.ins, sdag_spec_get(n->spec, "params"), learn}};
        check_terms(&c);
        check_uses(&c, sdag_spec_get(n->spec, "in"));
        check_learn(&c);
    }
    return &e->type;
}
