/* ssldag explain: what a key of the pipeline is in the end, and every place that had a say in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "core/base/alloc.h"
#include "graphs/graph/words.h"
#include "graphs/spec/origin.h"
#include "runtime/cli/target.h"

enum { SHOWN_MAX = 72 };

typedef struct explained {
    sdag_cli *c;
    sdag_spec_origins o;
    const char *path; /* all of it, by dots */
    sdag_target t;
} explained;

static const char *option_name(const void *table, int i)
{
    const sdag_opt *o = table;
    return o && o[i].name ? sdag_opt_name(&o[i]) : NULL;
}

/* ---- as text ---- */

static const char *line_of(sdag_cli *c, const sdag_spec *v)
{
    sdag_str s = {.a = c->arena};
    if (!v) return "nothing";
    sdag_str_add(&s, "");
    sdag_spec_print_line(&s, v);
    return s.at;
}

/* ... as much of it as a line of a table should hold. */
static const char *short_line(sdag_cli *c, const sdag_spec *v)
{
    const char *text = line_of(c, v);
    size_t n = SHOWN_MAX;
    if (strlen(text) <= n) return text;
    while (((unsigned char)text[n] & 0xc0) == 0x80) n--;
    return sdag_arena_printf(c->arena, "%.*s...", (int)n, text);
}

static const char *place_of(sdag_cli *c, sdag_loc loc)
{
    return loc.file ? sdag_arena_printf(c->arena, "%s:%d:%d", loc.file, loc.line, loc.col) : "-";
}

static const char *remark(sdag_cli *c, const sdag_spec_origin *o)
{
    switch (o->kind) {
    case SDAG_ORIGIN_LET: return sdag_arena_printf(c->arena, "  (%s)", o->name);
    case SDAG_ORIGIN_ANCHOR: return sdag_arena_printf(c->arena, "  (&%s)", o->name);
    case SDAG_ORIGIN_REMOVED: return "  (removed)";
    case SDAG_ORIGIN_TYPE: return "  (another type: the options before are gone)";
    case SDAG_ORIGIN_SET: return sdag_arena_printf(c->arena, "  (--set %s)", o->name);
    default: return "";
    }
}

static const char *default_text(sdag_cli *c, const sdag_opt *o)
{
    sdag_str s = {.a = c->arena};
    sdag_str_add(&s, "");
    sdag_opt_default_text(&s, o);
    return s.at;
}

static void option_text(sdag_str *s, const explained *e)
{
    if (!e->t.opt) {
        if (e->t.help) sdag_str_addf(s, "  %s\n", e->t.help);
        return;
    }
    sdag_str range = {.a = s->a};
    sdag_str_add(&range, "");
    sdag_opt_range_text(&range, e->t.opt);
    sdag_str_addf(s, "  %s\n  ", e->t.opt->help);
    sdag_opt_type_text(s, e->t.opt);
    sdag_str_addf(s, "%s%s, %s%s; an option of %s\n", range.n ? ", " : "", range.at,
                  e->t.opt->required ? "" : "default ", default_text(e->c, e->t.opt), e->t.of);
}

static void origins_text(sdag_str *s, const explained *e)
{
    const sdag_spec_origin *last = sdag_spec_origins_last(&e->o);
    bool by_default = e->t.opt && e->t.whole && !e->t.opt->required;
    int width = 7;
    for (int i = 0; i < e->o.list.n; i++) {
        int n = (int)strlen(place_of(e->c, e->o.list.at[i].loc)) + 2 * e->o.list.at[i].depth;
        if (n > width && n <= 48) width = n;
    }
    sdag_str_add(s, "\nWhat sets it, in this order; > counts:\n");
    if (by_default) sdag_str_addf(s, "%s %-*s  %s\n", last ? " " : ">", width, "default", default_text(e->c, e->t.opt));
    else if (!e->o.list.n) sdag_str_add(s, "  nothing sets it\n");
    for (int i = 0; i < e->o.list.n; i++) {
        const sdag_spec_origin *o = &e->o.list.at[i];
        sdag_str_addf(s, "%s %*s%-*s  %s%s\n", o == last ? ">" : " ", 2 * o->depth, "", width - 2 * o->depth,
                      place_of(e->c, o->loc),
                      o->alias ? sdag_arena_printf(s->a, "*%s", o->alias) : short_line(e->c, o->value),
                      remark(e->c, o));
    }
}

/* A node: each of its keys and options, with the place that counts. */
static sdag_status node_text(sdag_str *s, explained *e, const sdag_spec_files *files)
{
    sdag_spec_origins o;
    sdag_str_addf(s, "%s: %s -- %s\n\n", e->path, e->t.type->name, e->t.type->brief);
    const sdag_spec *v = e->o.value;
    int n = sdag_opt_count(e->t.type->opts), width = 4;
    for (int i = 0; i < n; i++) {
        int w = (int)strlen(sdag_opt_name(&e->t.type->opts[i]));
        if (w > width) width = w;
    }
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0, m = pass ? n : v && v->kind == SDAG_SPEC_MAP ? v->n : 0; i < m; i++) {
            const char *key = pass ? sdag_opt_name(&e->t.type->opts[i]) : v->entries[i].key;
            if (pass && sdag_spec_get(v, key)) continue; /* among the keys, in the order of the file */
            sdag_status status =
                sdag_spec_origins_find(&o, e->c->arena, e->c->log, files, e->c->sets, e->c->n_sets,
                                       sdag_arena_printf(e->c->arena, "%s.%s", e->path, key), SDAG_NOLOC);
            if (status) return status;
            const sdag_spec_origin *last = sdag_spec_origins_last(&o);
            if (pass && last)
                sdag_str_addf(s, "  %-*s  %-32s  default, removed at %s\n", width, key,
                              default_text(e->c, &e->t.type->opts[i]), place_of(e->c, last->loc));
            else if (!pass)
                sdag_str_addf(s, "  %-*s  %-32s  %s\n", width, key, short_line(e->c, o.value),
                              last ? place_of(e->c, last->loc) : "");
            else sdag_str_addf(s, "  %-*s  %-32s  default\n", width, key, default_text(e->c, &e->t.type->opts[i]));
        }
    return SDAG_OK;
}

/* ---- as JSON ---- */

static json_t *json_of(const sdag_spec *v)
{
    int64_t i;
    double d;
    bool b;
    if (!v || v->kind == SDAG_SPEC_NULL) return json_null();
    if (v->kind == SDAG_SPEC_SCALAR) {
        if (sdag_spec_i64(&i, v)) return json_integer(i);
        if (sdag_spec_f64(&d, v)) return json_real(d);
        return sdag_spec_bool(&b, v) ? json_boolean(b) : json_string(v->text);
    }
    json_t *j = v->kind == SDAG_SPEC_LIST ? json_array() : json_object();
    for (int k = 0; k < v->n; k++) {
        if (v->kind == SDAG_SPEC_LIST) json_array_append_new(j, json_of(v->items[k]));
        else json_object_set_new(j, v->entries[k].key, json_of(v->entries[k].value));
    }
    return j;
}

static json_t *origin_json(const sdag_spec_origin *o)
{
    json_t *j = json_pack("{s:s, s:i, s:s?, s:i, s:i}", "kind", sdag_origin_kind_name(o->kind), "depth", o->depth,
                          "file", o->loc.file, "line", o->loc.line, "column", o->loc.col);
    if (j && o->alias) json_object_set_new(j, "alias", json_string(o->alias));
    if (j && o->name) json_object_set_new(j, "name", json_string(o->name));
    if (j) json_object_set_new(j, "value", json_of(o->value));
    return j;
}

static sdag_status print_json(explained *e)
{
    json_t *j = json_pack("{s:s}", "path", e->path), *from = json_array();
    json_object_set_new(j, "value", e->o.value ? json_of(e->o.value) : NULL);
    if (e->t.type) json_object_set_new(j, "type", json_string(e->t.type->name));
    if (e->t.opt) {
        sdag_str kind = {.a = e->c->arena}, range = kind;
        sdag_opt_type_text(&kind, e->t.opt);
        sdag_str_add(&range, "");
        sdag_opt_range_text(&range, e->t.opt);
        json_t *opt = json_pack("{s:s, s:s, s:s}", "is", kind.at, "range", range.at, "help", e->t.opt->help);
        json_object_set_new(opt, "default",
                            e->t.opt->required ? json_null() : json_string(default_text(e->c, e->t.opt)));
        json_object_set_new(j, "option", opt);
    }
    for (int i = 0; i < e->o.list.n; i++) json_array_append_new(from, origin_json(&e->o.list.at[i]));
    json_object_set_new(j, "from", from);
    char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
    json_decref(j);
    if (!text) return SDAG_NOMEM;
    sdag_status status = sdag_cli_print(e->c, sdag_arena_printf(e->c->arena, "%s\n", text));
    free(text);
    return status;
}

/* The key nearest to the last one of the path, among those beside it and, in a phase, the nodes. */
static const char *near_key(const sdag_spec *s, const sdag_spec_path *p)
{
    for (int i = 0; i + 1 < p->n && s; i++) s = sdag_spec_get(s, p->key[i]);
    const char *near = s ? sdag_nearest(p->key[p->n - 1], sdag_spec_key, s) : NULL;
    const sdag_spec *nodes = sdag_spec_get(s, "nodes");
    return near || !nodes ? near : sdag_nearest(p->key[p->n - 1], sdag_spec_key, nodes);
}

static sdag_status unknown(explained *e, const sdag_spec *root)
{
    const sdag_spec_path *p = &e->o.path;
    const char *near = e->t.type ? sdag_nearest(p->key[p->n - 1], option_name, e->t.type->opts) : NULL;
    if (!near) near = near_key(root, p);
    return sdag_fail(e->c->log, SDAG_USAGE, p->loc[p->n - 1], "nothing sets '%s', and it is no option%s%s%s%s%s",
                     e->path, e->t.type ? " of " : "", e->t.type ? e->t.type->name : "", near ? "; did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
}

sdag_status sdag_cli_explain(sdag_cli *c)
{
    sdag_spec_files files;
    const sdag_spec *root;
    explained *e = SDAG_NEW(c->arena, explained);
    sdag_str s = {.a = c->arena};
    e->c = c;
    sdag_loc typed = {sdag_log_intern(c->log, "KEY"), 1, 1, 0};
    if (access(c->args[0], F_OK) != 0 && access(c->args[1], F_OK) == 0) { /* KEY FILE is as easily typed */
        const char *file = c->args[1];
        c->args[1] = c->args[0];
        c->args[0] = file;
    }
    sdag_status status = sdag_spec_load(&files, c->arena, c->log, c->args[0]);
    if (!status) status = sdag_spec_resolve(&root, c->arena, c->log, files.root, c->sets, c->n_sets);
    if (!status) status = sdag_cli_plugins(c, root);
    if (status) return status;
    sdag_log_source(c->log, "KEY", c->args[1], strlen(c->args[1]));
    status = sdag_spec_origins_find(&e->o, c->arena, c->log, &files, c->sets, c->n_sets, c->args[1], typed);
    if (status) return status == SDAG_INVALID ? SDAG_USAGE : status;
    e->path = sdag_spec_path_text(c->arena, &e->o.path, e->o.path.n);
    sdag_target_find(&e->t, c, sdag_target_graph(c, c->args[0], c->n_sets), root, &e->o.path);
    if (!e->o.value && !e->o.list.n && !(e->t.opt && e->t.whole)) return unknown(e, files.root);
    if (c->json) return print_json(e);
    if (e->t.type && e->t.whole && !e->t.opt && !e->t.help) status = node_text(&s, e, &files);
    else {
        const char *value = e->o.value || !e->t.opt ? line_of(c, e->o.value) : default_text(c, e->t.opt);
        sdag_str_addf(&s, "%s = %s\n", e->path, value);
        option_text(&s, e);
        origins_text(&s, e);
    }
    return status ? status : sdag_cli_print(c, s.at);
}
