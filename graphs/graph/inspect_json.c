/* The tables of the node types as JSON. */
#include <jansson.h>
#include <string.h>

#include "core/base/alloc.h"
#include "graphs/graph/inspect.h"
#include "graphs/graph/words.h"

/* jansson's *_new functions refuse NULL and release what they were given; what is missing then makes the whole fail. */
typedef struct maker {
    sdag_arena *a;
    bool failed;
} maker;

static void set(maker *m, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0) m->failed = true;
}

static void say(maker *m, json_t *object, const char *key, const char *text)
{
    if (text && *text) set(m, object, key, json_string(text));
}

static void append(maker *m, json_t *list, json_t *value)
{
    if (json_array_append_new(list, value) != 0) m->failed = true;
}

static const char *words(maker *m, void (*text)(sdag_str *s, const sdag_opt *o), const sdag_opt *o)
{
    sdag_str s = {.a = m->a};
    sdag_str_add(&s, "");
    text(&s, o);
    return s.at;
}

static json_t *options(maker *m, const sdag_opt *table);

static json_t *records(maker *m, const sdag_opt *o)
{
    json_t *list = json_array();
    for (const sdag_record_type *const *r = o->records; r && *r; r++) {
        json_t *j = json_object();
        say(m, j, "name", (*r)->name);
        say(m, j, "help", (*r)->brief);
        say(m, j, "example", (*r)->example);
        set(m, j, "options", options(m, (*r)->opts));
        append(m, list, j);
    }
    return list;
}

static json_t *option(maker *m, const sdag_opt *o)
{
    json_t *j = json_object();
    say(m, j, "name", sdag_opt_name(o));
    say(m, j, "type", words(m, sdag_opt_type_text, o));
    if (o->required) set(m, j, "required", json_true());
    else say(m, j, "default", words(m, sdag_opt_default_text, o));
    say(m, j, "range", words(m, sdag_opt_range_text, o));
    say(m, j, "help", o->help);
    if (o->kind == SDAG_OPT_RECORDS) set(m, j, "records", records(m, o));
    return j;
}

static json_t *options(maker *m, const sdag_opt *table)
{
    json_t *list = json_array();
    for (const sdag_opt *o = table; o && o->name; o++) append(m, list, option(m, o));
    return list;
}

static json_t *ports(maker *m, const sdag_port *table, bool is_input)
{
    json_t *list = json_array();
    for (const sdag_port *p = table; p && p->name; p++) {
        json_t *j = json_object();
        say(m, j, "name", p->name);
        say(m, j, "type", p->type);
        say(m, j, "notes", sdag_port_notes(m->a, p, is_input));
        say(m, j, "help", p->help);
        append(m, list, j);
    }
    return list;
}

static json_t *type_json(maker *m, const sdag_node_type *t)
{
    json_t *j = json_object(), *keys = json_array();
    say(m, j, "type", t->name);
    say(m, j, "role", sdag_role_name(t->role));
    say(m, j, "help", t->brief);
    say(m, j, "paper", t->paper);
    say(m, j, "example", t->example);
    set(m, j, "maps", json_boolean(t->maps));
    set(m, j, "trains", json_boolean(t->trains));
    set(m, j, "inputs", ports(m, t->ins, true));
    set(m, j, "outputs", ports(m, t->outs, false));
    set(m, j, "options", options(m, t->opts));
    for (const sdag_common_key *k = sdag_common_keys; k->name; k++)
        if (sdag_common_key_fits(k, t)) append(m, keys, json_string(k->name));
    set(m, j, "common_keys", keys);
    return j;
}

sdag_status sdag_inspect_json(sdag_str *s, sdag_log *log, const sdag_catalog *c, const char *name)
{
    const sdag_catalog all = sdag_catalog_all(s->a, c);
    c = &all;
    maker m = {.a = s->a};
    const sdag_node_type *t = name ? sdag_inspect_find(log, c, name) : NULL;
    if (name && !t) return SDAG_USAGE;
    json_t *j = t ? type_json(&m, t) : json_array();
    for (int role = 0; !t && role < SDAG_ROLE_COUNT; role++)
        for (int i = 0; i < c->n; i++)
            if ((int)c->types[i]->role == role) append(&m, j, type_json(&m, c->types[i]));
    char *text = m.failed || !j ? NULL : json_dumps(j, JSON_INDENT(2));
    json_decref(j);
    if (!text) return SDAG_NOMEM;
    sdag_arena_defer(s->a, sdag_free, text);
    sdag_str_addf(s, "%s\n", text);
    return SDAG_OK;
}
