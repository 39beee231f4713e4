/* The tables of the node types as a page: what nodes/REFERENCE.md is made of. */
#include <string.h>

#include "graphs/expr/expr.h"
#include "graphs/graph/inspect.h"
#include "graphs/graph/words.h"

/* A cell of a table: what would end it, or be read as a tag, is written as text. */
static void put_cell(sdag_str *s, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '|' || *p == '*' || *p == '_') sdag_str_addf(s, "\\%c", *p);
        else if (*p == '<') sdag_str_add(s, "&lt;");
        else sdag_str_addn(s, p, 1);
    }
}

static void put_code(sdag_str *s, const char *text)
{
    if (!*text) return;
    sdag_str_add(s, "`");
    for (const char *p = text; *p; p++) {
        if (*p == '|') sdag_str_add(s, "\\|");
        else sdag_str_addn(s, p, 1);
    }
    sdag_str_add(s, "`");
}

static const char *words(sdag_arena *a, void (*text)(sdag_str *s, const sdag_opt *o), const sdag_opt *o)
{
    sdag_str s = {.a = a};
    sdag_str_add(&s, "");
    text(&s, o);
    return s.at;
}

static void put_options(sdag_str *s, const sdag_opt *table)
{
    if (!sdag_opt_count(table)) return;
    sdag_str_add(s, "\n| option | type | default | range | |\n|---|---|---|---|---|\n");
    for (const sdag_opt *o = table; o->name; o++) {
        sdag_str_add(s, "| ");
        put_code(s, sdag_opt_name(o));
        sdag_str_add(s, " | ");
        put_cell(s, words(s->a, sdag_opt_type_text, o));
        sdag_str_add(s, " | ");
        if (o->required) sdag_str_add(s, "required");
        else put_code(s, words(s->a, sdag_opt_default_text, o));
        sdag_str_add(s, " | ");
        put_cell(s, words(s->a, sdag_opt_range_text, o));
        sdag_str_add(s, " | ");
        put_cell(s, o->help ? o->help : "");
        sdag_str_add(s, " |\n");
    }
}

static void put_ports(sdag_str *s, const char *title, const sdag_port *table, bool is_input)
{
    if (!table || !table->name) return;
    sdag_str_addf(s, "\n| %s | type | | |\n|---|---|---|---|\n", title);
    for (const sdag_port *p = table; p->name; p++) {
        sdag_str_add(s, "| ");
        put_code(s, p->name);
        sdag_str_add(s, " | ");
        put_code(s, p->type);
        sdag_str_add(s, " | ");
        put_cell(s, sdag_port_notes(s->a, p, is_input));
        sdag_str_add(s, " | ");
        put_cell(s, p->help ? p->help : "");
        sdag_str_add(s, " |\n");
    }
}

static void put_records(sdag_str *s, const sdag_opt *o)
{
    for (const sdag_record_type *const *r = o->records; r && *r; r++) {
        sdag_str_addf(s, "\n#### %s: %s\n\n%s\n", sdag_opt_name(o), (*r)->name, (*r)->brief ? (*r)->brief : "");
        if ((*r)->example) sdag_str_addf(s, "\n```yaml\n%s\n```\n", (*r)->example);
        put_options(s, (*r)->opts);
    }
}

static void put_keys(sdag_str *s, const sdag_node_type *t)
{
    int n = 0;
    sdag_str_add(s, "\nKeys of every node: ");
    for (const sdag_common_key *k = sdag_common_keys; k->name; k++)
        if (sdag_common_key_fits(k, t)) sdag_str_addf(s, "%s`%s`", n++ ? ", " : "", k->name);
    sdag_str_add(s, ".\n");
}

/* What a formula may hold. */
static void put_formulas(sdag_str *s)
{
    int n;
    const sdag_expr_help *f = sdag_expr_functions_help(s->a, &n);
    sdag_str_add(s, "\n```text\n");
    for (int i = 0; sdag_expr_grammar_help[i]; i++) sdag_str_addf(s, "%s\n", sdag_expr_grammar_help[i]);
    sdag_str_add(s, "```\n\n| function | |\n|---|---|\n");
    for (int i = 0; i < n; i++) {
        sdag_str_add(s, "| ");
        put_code(s, f[i].form);
        sdag_str_add(s, " | ");
        put_cell(s, f[i].help);
        sdag_str_add(s, " |\n");
    }
}

static void put_type(sdag_str *s, const sdag_node_type *t)
{
    sdag_str_addf(s, "\n<a id=\"%s\"></a>\n\n### %s\n\n%s\n", t->name, t->name, t->brief);
    if (t->maps) sdag_str_add(s, "A bundle of views goes through it with one set of weights.\n");
    if (t->paper) sdag_str_addf(s, "\n%s\n", t->paper);
    if (t->example) sdag_str_addf(s, "\n```yaml\n%s\n```\n", t->example);
    put_ports(s, "input", t->ins, true);
    put_ports(s, "output", t->outs, false);
    put_options(s, t->opts);
    for (const sdag_opt *o = t->opts; o && o->name; o++)
        if (o->kind == SDAG_OPT_RECORDS) put_records(s, o);
    put_keys(s, t);
    if (t == &sdag_expr_static) put_formulas(s);
}

static bool has_role(const sdag_catalog *c, int role)
{
    for (int i = 0; i < c->n; i++)
        if ((int)c->types[i]->role == role) return true;
    return false;
}

static void put_contents(sdag_str *s, const sdag_catalog *c)
{
    sdag_str_add(s, "| role | types |\n|---|---|\n");
    for (int role = 0; role < SDAG_ROLE_COUNT; role++) {
        if (!has_role(c, role)) continue;
        int n = 0;
        sdag_str_addf(s, "| [%s](#%s) | ", sdag_role_name((sdag_role)role), sdag_role_name((sdag_role)role));
        for (int i = 0; i < c->n; i++)
            if ((int)c->types[i]->role == role)
                sdag_str_addf(s, "%s[%s](#%s)", n++ ? ", " : "", c->types[i]->name, c->types[i]->name);
        sdag_str_add(s, " |\n");
    }
}

static void put_common(sdag_str *s)
{
    sdag_str_add(s, "\n## keys of every node\n\n| key | |\n|---|---|\n");
    for (const sdag_common_key *k = sdag_common_keys; k->name; k++) {
        sdag_str_addf(s, "| `%s` | ", k->name);
        put_cell(s, k->help);
        sdag_str_add(s, " |\n");
    }
}

sdag_status sdag_inspect_markdown(sdag_str *s, sdag_log *log, const sdag_catalog *c, const char *name)
{
    const sdag_catalog all = sdag_catalog_all(s->a, c);
    c = &all;
    const sdag_node_type *t = name ? sdag_inspect_find(log, c, name) : NULL;
    if (name && !t) return SDAG_USAGE;
    if (t) {
        put_type(s, t);
        return SDAG_OK;
    }
    sdag_str_add(s,
                 "# Node types\n\nWritten by `ssldag inspect --markdown` from the tables of the types; `ssldag inspect "
                 "TYPE` says the same in a terminal.\n\n");
    put_contents(s, c);
    put_common(s);
    for (int role = 0; role < SDAG_ROLE_COUNT; role++) {
        if (has_role(c, role)) sdag_str_addf(s, "\n## %s\n", sdag_role_name((sdag_role)role));
        for (int i = 0; i < c->n; i++)
            if ((int)c->types[i]->role == role) put_type(s, c->types[i]);
    }
    return SDAG_OK;
}
