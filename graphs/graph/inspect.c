#include "graphs/graph/inspect.h"

#include <string.h>

#include "graphs/expr/expr.h"
#include "graphs/graph/words.h"

enum { COLUMNS = 5, WIDEST = 40, SCREEN = 80, LAST_START = 48 };

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

/* Text from the column at hand, broken between words before column 80; later lines begin where the first one did, or
 * on a line of their own where too little room is left. */
static void wrapped(sdag_str *s, int column, int fallback, const char *text)
{
    if (column > LAST_START && column + (int)strlen(text) > SCREEN) {
        sdag_str_addf(s, "\n%*s", fallback, "");
        column = fallback;
    }
    int at = column;
    for (const char *p = text; *p;) {
        int n = (int)strcspn(p, " "), gap = p > text;
        if (at + gap + n > SCREEN && p > text) {
            sdag_str_addf(s, "\n%*s", column, "");
            at = column;
            gap = 0;
        }
        sdag_str_addf(s, "%s%.*s", gap ? " " : "", n, p);
        at += gap + n;
        p += n;
        while (*p == ' ') p++;
    }
}

static int last_of(const row *r)
{
    for (int k = COLUMNS - 1; k > 0; k--)
        if (r->cell[k] && *r->cell[k]) return k;
    return 0;
}

static void row_write(sdag_str *s, const row *r, const int *width, int indent)
{
    int owed = 0, at = indent, last = last_of(r); /* owed: spaces, written when something follows them */
    sdag_str_addf(s, "%*s", indent, "");
    for (int k = 0; k <= last; k++) {
        const char *text = r->cell[k] ? r->cell[k] : "";
        int n = (int)strlen(text);
        if (n) {
            sdag_str_addf(s, "%*s", owed, "");
            at += owed;
            if (k == last && k > 0) wrapped(s, at, indent + width[0] + 2, text);
            else sdag_str_add(s, text);
            at += n;
            owed = 0;
        }
        if (width[k]) owed += (n < width[k] ? width[k] - n : 0) + 2;
    }
    sdag_str_add(s, "\n");
}

static void widths_of(int width[COLUMNS], const table *t, bool last_too)
{
    memset(width, 0, COLUMNS * sizeof *width);
    for (int i = 0; i < t->rows.n; i++)
        for (int k = 0; k < last_of(&t->rows.at[i]) + last_too; k++) {
            int n = t->rows.at[i].cell[k] ? (int)strlen(t->rows.at[i].cell[k]) : 0;
            if (n > width[k] && n <= WIDEST + (last_too ? SCREEN : 0)) width[k] = n;
        }
}

static void table_write(sdag_str *s, const table *t, const char *indent)
{
    int width[COLUMNS];
    widths_of(width, t, false);
    for (int i = 0; i < t->rows.n; i++) row_write(s, &t->rows.at[i], width, (int)strlen(indent));
}

/* Would every row stand on one line of the screen? */
static bool fits(const table *t, const char *indent)
{
    int width[COLUMNS], sum = (int)strlen(indent);
    widths_of(width, t, true);
    for (int k = 0; k < COLUMNS; k++) sum += width[k] ? width[k] + 2 : 0;
    return sum - 2 <= SCREEN;
}

/* ---- one type ---- */

const char *sdag_port_notes(sdag_arena *a, const sdag_port *p, bool is_input)
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
    table t = {.a = s->a}, tall = {.a = s->a};
    for (const sdag_port *p = ports; p->name; p++) {
        const char *notes = sdag_port_notes(s->a, p, is_input);
        *SDAG_PUSH(s->a, &t.rows) = (row){{p->name, p->type, notes, p->help}};
        *SDAG_PUSH(s->a, &tall.rows) = (row){{p->name, p->type, p->help}};
        if (*notes) *SDAG_PUSH(s->a, &tall.rows) = (row){{"", "", notes}};
    }
    sdag_str_addf(s, "\n%s\n", title);
    table_write(s, fits(&t, "  ") ? &t : &tall, "  ");
}

/* "integer, default 200, 1 .. 100000" */
static const char *option_facts(sdag_arena *a, const sdag_opt *o)
{
    sdag_str s = {.a = a};
    const char *range = cell(a, sdag_opt_range_text, o);
    sdag_opt_type_text(&s, o);
    sdag_str_addf(&s, ", %s", o->required ? "" : "default ");
    sdag_opt_default_text(&s, o);
    if (*range) sdag_str_addf(&s, ", %s", range);
    return s.at;
}

/* A line an option; two lines each, help and facts, where that is too wide for the screen. */
static void options_write(sdag_str *s, const sdag_opt *opts, const char *indent)
{
    table t = {.a = s->a}, tall = {.a = s->a};
    for (const sdag_opt *o = opts; o && o->name; o++) {
        *SDAG_PUSH(s->a, &t.rows) =
            (row){{sdag_opt_name(o), cell(s->a, sdag_opt_type_text, o), cell(s->a, sdag_opt_default_text, o),
                   cell(s->a, sdag_opt_range_text, o), o->help}};
        *SDAG_PUSH(s->a, &tall.rows) = (row){{sdag_opt_name(o), o->help}};
        *SDAG_PUSH(s->a, &tall.rows) = (row){{"", option_facts(s->a, o)}};
    }
    table_write(s, fits(&t, indent) ? &t : &tall, indent);
}

static void records_write(sdag_str *s, const sdag_opt *o)
{
    sdag_str_addf(s, "\n%s is a list of\n", sdag_opt_name(o));
    for (const sdag_record_type *const *r = o->records; r && *r; r++) {
        sdag_str_addf(s, "%s  %s -- %s\n", r == o->records ? "" : "\n", (*r)->name, (*r)->brief ? (*r)->brief : "");
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
    sdag_str_add(s, "\nformulas\n");
    for (int i = 0; sdag_expr_grammar_help[i]; i++) sdag_str_addf(s, "  %s\n", sdag_expr_grammar_help[i]);
    sdag_str_add(s, "\nfunctions\n");
    table_write(s, &t, "  ");
}

void sdag_inspect_type(sdag_str *s, const sdag_node_type *t)
{
    wrapped(s, 0, 0, sdag_arena_printf(s->a, "%s -- %s", t->name, t->brief));
    sdag_str_add(s, "\n");
    if (t->paper) sdag_str_addf(s, "%s\n", t->paper);
    if (t->maps) sdag_str_add(s, "A bundle of views goes through it with one set of weights.\n");
    if (t->example) sdag_str_addf(s, "\n  %s\n", t->example);
    ports_write(s, "inputs", t->ins, true);
    ports_write(s, "outputs", t->outs, false);
    if (sdag_opt_count(t->opts)) {
        sdag_str_add(s, "\noptions\n");
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

const sdag_node_type *sdag_inspect_find(sdag_log *log, const sdag_catalog *c, const char *name)
{
    const sdag_node_type *t = sdag_catalog_find(c, name);
    const char *near = t ? NULL : sdag_nearest(name, type_name, c);
    if (!t)
        sdag_fail(log, SDAG_USAGE, SDAG_NOLOC, "unknown node type '%.80s'%s%s%s", name, near ? "; did you mean '" : "",
                  near ? near : "", near ? "'?" : "");
    return t;
}

sdag_status sdag_inspect(sdag_str *s, sdag_log *log, const sdag_catalog *c, const char *name)
{
    const sdag_catalog all = sdag_catalog_all(s->a, c);
    c = &all;
    const sdag_node_type *t = name ? sdag_inspect_find(log, c, name) : NULL;
    if (name && !t) return SDAG_USAGE;
    if (t) sdag_inspect_type(s, t);
    else sdag_inspect_list(s, c);
    return SDAG_OK;
}
