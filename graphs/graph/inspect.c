#include "graphs/graph/inspect.h"

#include <string.h>

#include "graphs/expr/expr.h"
#include "graphs/graph/words.h"

enum { COLUMNS = 5, WIDEST = 40 };

/* Rows of cells, written with the columns aligned. A cell that is wider than WIDEST pushes its own row only. */
typedef struct row {
    const char *cell[COLUMNS];
} row;

typedef struct table {
    sdag_arena *a;
    SDAG_VEC(row) rows;
} table;

static const char *cell(sdag_arena *a, void (*text)(sdag_str *s, const sdag_opt *o), const sdag_opt *o)
{
    sdag_str s = {.a = a};
    sdag_str_add(&s, "");
    text(&s, o);
    return s.at;
}

static void table_write(sdag_str *s, const table *t, const char *indent)
{
    int width[COLUMNS] = {0};
    for (int i = 0; i < t->rows.n; i++)
        for (int k = 0; k < COLUMNS; k++) {
            int n = t->rows.at[i].cell[k] ? (int)strlen(t->rows.at[i].cell[k]) : 0;
            if (n > width[k] && n <= WIDEST) width[k] = n;
        }
    for (int i = 0; i < t->rows.n; i++) {
        int owed = 0; /* spaces are written when something follows them */
        sdag_str_add(s, indent);
        for (int k = 0; k < COLUMNS; k++) {
            const char *text = t->rows.at[i].cell[k] ? t->rows.at[i].cell[k] : "";
            int n = (int)strlen(text);
            if (n) {
                sdag_str_addf(s, "%*s%s", owed, "", text);
                owed = 0;
            }
            if (width[k]) owed += (n < width[k] ? width[k] - n : 0) + 2;
        }
        sdag_str_add(s, "\n");
    }
}

/* ---- one type ---- */

static const char *port_notes(sdag_arena *a, const sdag_port *p, bool is_input)
{
    sdag_str s = {.a = a};
    sdag_str_add(&s, "");
    if (is_input) sdag_str_add(&s, p->flags & SDAG_PORT_OPTIONAL ? "optional" : "required");
    else if (p->flags & SDAG_PORT_OPTIONAL) sdag_str_add(&s, "with some options");
    if (p->flags & SDAG_PORT_KEY) sdag_str_addf(&s, ", as %s:", p->name);
    if (p->flags & SDAG_PORT_BUNDLE) sdag_str_add(&s, is_input ? ", takes views" : "may be several views");
    if (p->flags & SDAG_PORT_EVAL) sdag_str_add(&s, ", trained nodes");
    if (p->flags & SDAG_PORT_DATA) sdag_str_add(&s, ", data");
    return s.at;
}

static void ports_write(sdag_str *s, const char *title, const sdag_port *ports, bool is_input)
{
    if (!ports || !ports->name) return;
    table t = {.a = s->a};
    for (const sdag_port *p = ports; p->name; p++)
        *SDAG_PUSH(s->a, &t.rows) = (row){{p->name, p->type, port_notes(s->a, p, is_input), p->help}};
    sdag_str_addf(s, "\n%s\n", title);
    table_write(s, &t, "  ");
}

static void options_write(sdag_str *s, const sdag_opt *opts, const char *indent)
{
    table t = {.a = s->a};
    for (const sdag_opt *o = opts; o && o->name; o++)
        *SDAG_PUSH(s->a, &t.rows) =
            (row){{sdag_opt_name(o), cell(s->a, sdag_opt_type_text, o), cell(s->a, sdag_opt_default_text, o),
                   cell(s->a, sdag_opt_range_text, o), o->help}};
    table_write(s, &t, indent);
}

static void records_write(sdag_str *s, const sdag_opt *o)
{
    sdag_str_addf(s, "\n%s is a list of\n", sdag_opt_name(o));
    for (const sdag_record_type *const *r = o->records; r && *r; r++) {
        sdag_str_addf(s, "  %s -- %s\n", (*r)->name, (*r)->brief ? (*r)->brief : "");
        options_write(s, (*r)->opts, "      ");
        if ((*r)->example) sdag_str_addf(s, "      %s\n", (*r)->example);
    }
}

static void common_write(sdag_str *s, const sdag_node_type *type)
{
    table t = {.a = s->a};
    for (const sdag_common_key *k = sdag_common_keys; k->name; k++)
        if (sdag_common_key_fits(k, type)) *SDAG_PUSH(s->a, &t.rows) = (row){{k->name, k->help}};
    sdag_str_add(s, "\ncommon keys\n");
    table_write(s, &t, "  ");
}

/* What a formula may call. */
static void functions_write(sdag_str *s)
{
    int n;
    const sdag_expr_help *f = sdag_expr_functions_help(s->a, &n);
    table t = {.a = s->a};
    for (int i = 0; i < n; i++) *SDAG_PUSH(s->a, &t.rows) = (row){{f[i].form, f[i].help}};
    sdag_str_add(
        s, "\nformulas\n"
           "  + - * / ^ element by element, @ for products of matrices, x' transposed, -x; < <= > >= == != give 0\n"
           "  or 1. Sizes of 1 are repeated. name = value gives a value a name, f(x) = value makes a function; the\n"
           "  last line is the value. Lines end at a line break (of a text after '|') or ';'. Constants: inf, pi,\n"
           "  true, false. \"#\" begins a comment.\n"
           "\nfunctions\n");
    table_write(s, &t, "  ");
}

void sdag_inspect_type(sdag_str *s, const sdag_node_type *t)
{
    sdag_str_addf(s, "%s -- %s\n", t->name, t->brief);
    if (t->paper) sdag_str_addf(s, "%s\n", t->paper);
    if (t->maps) sdag_str_add(s, "A bundle of views goes through it with one set of weights.\n");
    if (t->example) sdag_str_addf(s, "\n  %s\n", t->example);
    ports_write(s, "inputs", t->ins, true);
    ports_write(s, "outputs", t->outs, false);
    if (sdag_opt_count(t->opts)) {
        sdag_str_add(s, "\noptions: type, default, range\n");
        options_write(s, t->opts, "  ");
    }
    for (const sdag_opt *o = t->opts; o && o->name; o++)
        if (o->kind == SDAG_OPT_RECORDS) records_write(s, o);
    common_write(s, t);
    if (t == &sdag_expr_static) functions_write(s);
}

/* ---- all types ---- */

void sdag_inspect_list(sdag_str *s, const sdag_catalog *c)
{
    table t = {.a = s->a};
    for (int role = 0; role < SDAG_ROLE_COUNT; role++) {
        bool any = false;
        for (int i = 0; i < c->n; i++) {
            if ((int)c->types[i]->role != role) continue;
            *SDAG_PUSH(s->a, &t.rows) =
                (row){{any ? NULL : sdag_role_name((sdag_role)role), c->types[i]->name, c->types[i]->brief}};
            any = true;
        }
    }
    table_write(s, &t, "");
}

static const char *type_name(const void *catalog, int i)
{
    const sdag_catalog *c = catalog;
    return i < c->n ? c->types[i]->name : NULL;
}

sdag_status sdag_inspect(sdag_str *s, sdag_log *log, const sdag_catalog *c, const char *name)
{
    const sdag_catalog all = sdag_catalog_all(s->a, c);
    c = &all;
    if (!name) {
        sdag_inspect_list(s, c);
        return SDAG_OK;
    }
    const sdag_node_type *t = sdag_catalog_find(c, name);
    const char *near = t ? NULL : sdag_nearest(name, type_name, c);
    if (!t)
        return sdag_fail(log, SDAG_USAGE, SDAG_NOLOC, "unknown node type '%.80s'%s%s%s", name,
                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    sdag_inspect_type(s, t);
    return SDAG_OK;
}
