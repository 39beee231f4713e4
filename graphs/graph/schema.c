#include "graphs/graph/schema.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "core/base/alloc.h"
#include "graphs/graph/schema_int.h"

/* ---- nodes ---- */

static const char *common_help(const char *key)
{
    for (const sdag_common_key *k = sdag_common_keys; k->name; k++)
        if (strcmp(k->name, key) == 0) return k->help;
    return NULL;
}

static json_t *common_key(sdag_js *m, const sdag_common_key *k, const sdag_node_type *t)
{
    json_t *j;
    if (strcmp(k->name, "type") == 0) {
        j = json_object();
        sdag_js_say(m, j, "const", t->name);
    } else if (strcmp(k->name, "in") == 0) j = sdag_js_ref(m, "in");
    else if (strcmp(k->name, "freeze") == 0) j = sdag_js_either(m, sdag_js_typed(m, "boolean"), sdag_js_ref(m, "let"));
    else if (strcmp(k->name, "batching") == 0)
        j = sdag_js_either(m, sdag_js_enum(m, sdag_batching_choices), sdag_js_ref(m, "let"));
    else if (strcmp(k->name, "every") == 0) j = sdag_js_either(m, sdag_js_ref(m, "duration"), sdag_js_ref(m, "let"));
    else j = sdag_js_typed(m, "string");
    sdag_js_say(m, j, "description", k->help);
    return j;
}

static json_t *repeat_key(sdag_js *m)
{
    json_t *j = sdag_js_either(m, sdag_js_number(m, "integer", 1, 4096), sdag_js_ref(m, "let"));
    sdag_js_say(m, j, "description", "within a module: so many of it in a row, each reading the one before");
    return j;
}

static json_t *first_key(sdag_js *m)
{
    json_t *j = sdag_js_typed(m, "object");
    sdag_js_say(m, j, "description", "within a module, beside repeat: what differs in the first of the row");
    return j;
}

static json_t *node_of_type(sdag_js *m, const sdag_node_type *t)
{
    json_t *j = sdag_js_closed(m), *properties = json_object_get(j, "properties");
    sdag_js_say(m, j, "description", t->brief);
    for (const sdag_common_key *k = sdag_common_keys; k->name; k++)
        if (sdag_common_key_fits(k, t) && strcmp(k->name, "use") != 0)
            sdag_js_set(m, properties, k->name, common_key(m, k, t));
    for (const sdag_port *p = t->ins; p && p->name; p++) {
        if (!(p->flags & SDAG_PORT_KEY)) continue;
        json_t *wire = sdag_js_either(m, sdag_js_ref(m, "wire"), sdag_js_list(m, sdag_js_ref(m, "wire"), 1));
        sdag_js_say(m, wire, "description", p->help);
        sdag_js_set(m, properties, p->name, wire);
    }
    sdag_js_set(m, properties, "repeat", repeat_key(m));
    sdag_js_set(m, properties, "first", first_key(m));
    return sdag_js_options(m, j, t->opts);
}

/* The same with every key optional and removable: a node of a file that extends another says what differs. */
static json_t *part_of_type(sdag_js *m, const sdag_node_type *t, json_t *whole)
{
    json_t *j = sdag_js_closed(m), *properties = json_object_get(j, "properties"), *value;
    const char *key;
    char path[240];
    sdag_js_say(m, j, "description", t->brief);
    json_object_foreach(json_object_get(whole, "properties"), key, value)
    {
        snprintf(path, sizeof path, "node.%.100s/properties/%.100s", t->name, key);
        sdag_js_set(m, properties, key, sdag_js_either(m, sdag_js_typed(m, "null"), sdag_js_ref(m, path)));
    }
    return j;
}

static json_t *text_pattern(sdag_js *m, const char *pattern, const char *description)
{
    json_t *j = sdag_js_typed(m, "string");
    sdag_js_say(m, j, "pattern", pattern);
    sdag_js_say(m, j, "description", description);
    return j;
}

/* {"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": {"$ref": ...}}: an editor then
 * speaks of the options of that one type, which it would not with "oneOf" over all types. */
static json_t *when_type(sdag_js *m, const char *kind, const sdag_node_type *t)
{
    char path[128];
    json_t *rule = json_object(), *test = json_object(), *properties = json_object(), *type = json_object();
    json_t *required = json_array();
    sdag_js_say(m, type, "const", t->name);
    sdag_js_set(m, properties, "type", type);
    sdag_js_append(m, required, json_string("type"));
    sdag_js_set(m, test, "properties", properties);
    sdag_js_set(m, test, "required", required);
    sdag_js_set(m, rule, "if", test);
    snprintf(path, sizeof path, "%s.%.100s", kind, t->name);
    sdag_js_set(m, rule, "then", sdag_js_ref(m, path));
    return rule;
}

/* {"required": [key], "properties": {key: what}} */
static json_t *with_key(sdag_js *m, const char *key, json_t *what)
{
    json_t *j = json_object(), *properties = json_object(), *required = json_array();
    sdag_js_append(m, required, json_string(key));
    sdag_js_set(m, j, "required", required);
    sdag_js_set(m, properties, key, what);
    sdag_js_set(m, j, "properties", properties);
    return j;
}

/* One of the built-in types, or one that the file or a plugin makes: module.NAME. */
static json_t *type_name(sdag_js *m, const sdag_catalog *c)
{
    json_t *names = json_array(), *known = json_object(), *any;
    for (int i = 0; i < c->n; i++) sdag_js_append(m, names, json_string(c->types[i]->name));
    sdag_js_set(m, known, "enum", names);
    any = sdag_js_either(m, known, text_pattern(m, "^module\\.[A-Za-z_][A-Za-z0-9_-]*$", "a module of this file"));
    sdag_js_say(m, any, "description", common_help("type"));
    return any;
}

/* kind: "node", or "part" in a file that extends another, where a node need not say its type. */
static json_t *any_node(sdag_js *m, const sdag_catalog *c, const char *kind)
{
    bool part = strcmp(kind, "part") == 0;
    json_t *j = sdag_js_typed(m, "object"), *properties = json_object(), *rules = json_array();
    json_t *use = text_pattern(m, "^[A-Za-z_][A-Za-z0-9_-]*\\.[A-Za-z_][A-Za-z0-9_-]*$", common_help("use"));
    for (int i = 0; i < c->n; i++) sdag_js_append(m, rules, when_type(m, kind, c->types[i]));
    sdag_js_set(m, properties, "type",
                part ? sdag_js_either(m, type_name(m, c), sdag_js_typed(m, "null")) : type_name(m, c));
    sdag_js_set(m, j, "properties", properties);
    if (!part)
        sdag_js_set(m, j, "anyOf", json_pack("[o, o]", with_key(m, "type", json_object()), with_key(m, "use", use)));
    else json_decref(use);
    if (c->n) sdag_js_set(m, j, "allOf", rules);
    else json_decref(rules);
    return j;
}

/* ---- the rest of the language ---- */

/* A property with what the language says of it. */
static void describe(sdag_js *m, json_t *properties, const sdag_key_help *table, const char *key, json_t *value)
{
    sdag_js_say(m, value, "description", sdag_help_of(table, key));
    sdag_js_set(m, properties, key, value);
}

static json_t *or_let(sdag_js *m, json_t *value) { return sdag_js_either(m, value, sdag_js_ref(m, "let")); }

static json_t *schedule(sdag_js *m)
{
    const sdag_key_help *help = sdag_schedule_help;
    json_t *j = sdag_js_closed(m), *properties = json_object_get(j, "properties"), *any = json_array();
    for (int i = 0; sdag_schedule_rules[i]; i++) {
        bool ramp = i == SDAG_SCHED_COSINE || i == SDAG_SCHED_LINEAR;
        json_t *value = or_let(m, sdag_js_typed(m, "number")), *rule = json_object(), *required = json_array();
        if (ramp) {
            value = sdag_js_list(m, value, 2);
            sdag_js_set(m, value, "maxItems", json_integer(2));
        }
        describe(m, properties, help, sdag_schedule_rules[i], value);
        sdag_js_append(m, required, json_string(sdag_schedule_rules[i]));
        sdag_js_set(m, rule, "required", required);
        sdag_js_append(m, any, rule);
    }
    describe(m, properties, help, "warmup", or_let(m, sdag_js_ref(m, "duration")));
    describe(m, properties, help, "at",
             sdag_js_either(m, sdag_js_list(m, or_let(m, sdag_js_ref(m, "duration")), 1), sdag_js_ref(m, "duration")));
    describe(m, properties, help, "factor", or_let(m, sdag_js_typed(m, "number")));
    sdag_js_set(m, j, "oneOf", any);
    return j;
}

/* node, node.port, node.view, or a node written in place */
static json_t *wire(sdag_js *m)
{
    return sdag_js_either(m, text_pattern(m, NULL, "node, node.port or node.view"), sdag_js_ref(m, "node"));
}

static json_t *in(sdag_js *m)
{
    json_t *by_port = sdag_js_typed(m, "object"),
           *single = sdag_js_either(m, sdag_js_ref(m, "wire"), sdag_js_list(m, sdag_js_ref(m, "wire"), 1));
    sdag_js_set(m, by_port, "additionalProperties",
                sdag_js_either(m, sdag_js_ref(m, "wire"), sdag_js_list(m, sdag_js_ref(m, "wire"), 1)));
    return sdag_js_either(m, single, by_port);
}

/* What may name a node or a phase. */
static json_t *name_pattern(sdag_js *m)
{
    return text_pattern(m, "^[A-Za-z_][A-Za-z0-9_-]*$", "letters, digits, _ and -, a letter first");
}

/* kind: "node", or "part" and "open": every node may be removed, and none need be there. */
static json_t *phase(sdag_js *m, const char *kind)
{
    const sdag_key_help *help = sdag_phase_help;
    bool part = strcmp(kind, "node") != 0;
    json_t *j = sdag_js_closed(m), *properties = json_object_get(j, "properties"), *nodes = sdag_js_typed(m, "object");
    json_t *epochs = or_let(m, sdag_js_number(m, "integer", 1, 1e6)),
           *steps = or_let(m, sdag_js_number(m, "integer", 1, 1e12));
    json_t *checkpoint = or_let(m, sdag_js_ref(m, "duration")), *report = or_let(m, sdag_js_ref(m, "duration"));
    sdag_js_set(m, nodes, "additionalProperties",
                part ? sdag_js_either(m, sdag_js_typed(m, "null"), sdag_js_ref(m, kind)) : sdag_js_ref(m, kind));
    if (!part) sdag_js_set(m, nodes, "minProperties", json_integer(1));
    describe(m, properties, help, "about", sdag_js_ref(m, "text"));
    describe(m, properties, help, "epochs", part ? sdag_js_either(m, sdag_js_typed(m, "null"), epochs) : epochs);
    describe(m, properties, help, "steps", part ? sdag_js_either(m, sdag_js_typed(m, "null"), steps) : steps);
    describe(m, properties, help, "checkpoint",
             part ? sdag_js_either(m, sdag_js_typed(m, "null"), checkpoint) : checkpoint);
    describe(m, properties, help, "report", part ? sdag_js_either(m, sdag_js_typed(m, "null"), report) : report);
    describe(m, properties, help, "nodes", nodes);
    sdag_js_set(m, nodes, "propertyNames", name_pattern(m));
    if (!part) {
        sdag_js_set(m, j, "required", json_pack("[s]", "nodes"));
        sdag_js_set(m, j, "not", json_pack("{s:[s, s]}", "required", "epochs", "steps"));
    }
    return j;
}

static json_t *module(sdag_js *m)
{
    const sdag_key_help *help = sdag_module_help;
    json_t *j = sdag_js_closed(m), *properties = json_object_get(j, "properties"), *nodes = sdag_js_typed(m, "object");
    sdag_js_set(m, nodes, "additionalProperties", sdag_js_ref(m, "node"));
    describe(m, properties, help, "about", sdag_js_ref(m, "text"));
    describe(m, properties, help, "params", sdag_js_typed(m, "object"));
    describe(m, properties, help, "in", json_object());
    describe(m, properties, help, "nodes", nodes);
    describe(m, properties, help, "out", json_object());
    describe(m, properties, help, "role", sdag_js_typed(m, "string"));
    return j;
}

static json_t *definitions(sdag_js *m, const sdag_catalog *c)
{
    char name[128];
    json_t *j = json_object(), *text = json_object(), *types = json_array();
    sdag_js_append(m, types, json_string("string"));
    sdag_js_append(m, types, json_string("number"));
    sdag_js_append(m, types, json_string("boolean"));
    sdag_js_set(m, text, "type", types);
    sdag_js_set(m, j, "text", text); /* any scalar is a text where a text is declared */
    sdag_js_set(m, j, "let", text_pattern(m, "\\$", "a value from let: $name, or arithmetic, ${2 * name}"));
    sdag_js_set(m, j, "duration", text_pattern(m, "^[0-9.eE+-]+ +(step|epoch)s?$", "N steps or N epochs"));
    sdag_js_set(m, j, "schedule", schedule(m));
    sdag_js_set(m, j, "wire", wire(m));
    sdag_js_set(m, j, "in", in(m));
    sdag_js_set(m, j, "phase", phase(m, "node"));
    sdag_js_set(m, j, "phase.part", phase(m, "part"));
    sdag_js_set(m, j, "phase.open", phase(m, "open"));
    sdag_js_set(m, j, "open", sdag_js_typed(m, "object"));
    sdag_js_set(m, j, "module", module(m));
    sdag_js_set(m, j, "node", any_node(m, c, "node"));
    sdag_js_set(m, j, "part", any_node(m, c, "part"));
    for (int i = 0; i < c->n; i++) {
        json_t *whole = node_of_type(m, c->types[i]);
        snprintf(name, sizeof name, "part.%.100s", c->types[i]->name);
        sdag_js_set(m, j, name, part_of_type(m, c->types[i], whole));
        snprintf(name, sizeof name, "node.%.100s", c->types[i]->name);
        sdag_js_set(m, j, name, whole);
    }
    return j;
}

/* {"properties": {"phases": ..., "modules": ...}} of a whole file, or of one that extends another. */
static json_t *body(sdag_js *m, const char *phase)
{
    bool part = strcmp(phase, "phase.part") == 0, open = strcmp(phase, "phase.open") == 0;
    json_t *j = json_object(), *properties = json_object(), *phases = sdag_js_typed(m, "object"),
           *modules = sdag_js_typed(m, "object");
    json_t *phase_of = sdag_js_ref(m, phase);
    sdag_js_set(m, phases, "additionalProperties",
                part || open ? sdag_js_either(m, sdag_js_typed(m, "null"), phase_of) : phase_of);
    if (!part && !open) sdag_js_set(m, phases, "minProperties", json_integer(1));
    sdag_js_set(m, phases, "propertyNames", name_pattern(m));
    sdag_js_set(m, properties, "phases", phases);
    sdag_js_set(m, modules, "additionalProperties", part || open ? json_true() : sdag_js_ref(m, "module"));
    sdag_js_set(m, properties, "modules", modules);
    sdag_js_set(m, j, "properties", properties);
    if (!part && !open) sdag_js_set(m, j, "required", json_pack("[s, s]", "version", "phases"));
    return j;
}

static json_t *has_key(sdag_js *m, const char *key)
{
    json_t *j = json_object();
    sdag_js_set(m, j, "required", json_pack("[s]", key));
    return j;
}

/* A file with plugins may have types, and transforms of types, that this schema does not know: then its nodes are taken
 * as they are. */
static json_t *unless_plugins(sdag_js *m, json_t *then)
{
    json_t *j = json_object();
    sdag_js_set(m, j, "if", has_key(m, "plugins"));
    sdag_js_set(m, j, "then", body(m, "phase.open"));
    sdag_js_set(m, j, "else", then);
    return j;
}

/* strict: the catalog has the types of plugins as well, so all are known. */
static json_t *root(sdag_js *m, const sdag_catalog *c, bool strict)
{
    const sdag_key_help *help = sdag_root_help;
    json_t *j = sdag_js_closed(m), *properties = json_object_get(j, "properties"), *version = json_object();
    sdag_js_say(m, j, "$schema", "http://json-schema.org/draft-07/schema#");
    sdag_js_say(m, j, "title", "ssldag pipeline, version 1");
    sdag_js_set(m, version, "const", json_integer(1));
    describe(m, properties, help, "version", version);
    describe(m, properties, help, "name", or_let(m, sdag_js_ref(m, "text")));
    describe(m, properties, help, "family", sdag_js_enum(m, sdag_family_choices));
    describe(m, properties, help, "about", sdag_js_ref(m, "text"));
    describe(m, properties, help, "seed", or_let(m, sdag_js_number(m, "integer", 0, INFINITY)));
    describe(m, properties, help, "base", sdag_js_ref(m, "text"));
    describe(m, properties, help, "extends", sdag_js_typed(m, "string"));
    describe(m, properties, help, "plugins",
             sdag_js_either(m, sdag_js_typed(m, "string"), sdag_js_list(m, sdag_js_typed(m, "string"), 0)));
    describe(m, properties, help, "let", sdag_js_typed(m, "object"));
    describe(m, properties, help, "modules", json_object());
    describe(m, properties, help, "phases", json_object());
    sdag_js_set(m, j, "if", has_key(m, "extends"));
    sdag_js_set(m, j, "then", strict ? body(m, "phase.part") : unless_plugins(m, body(m, "phase.part")));
    sdag_js_set(m, j, "else", strict ? body(m, "phase") : unless_plugins(m, body(m, "phase")));
    sdag_js_set(m, j, "definitions", definitions(m, c));
    return j;
}

static void use_our_heap(void) { json_set_alloc_funcs(sdag_alloc, sdag_free); }

sdag_status sdag_schema_text(char **out, sdag_arena *a, const sdag_catalog *c)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    sdag_js m = {0};
    const sdag_catalog all = sdag_catalog_all(a, c);
    pthread_once(&once, use_our_heap);
    bool strict = false; /* something else than what is built in */
    int n;
    const sdag_node_type *const *built_in = sdag_node_types(&n);
    for (int i = 0; i < c->n; i++) strict |= i >= n || c->types[i] != built_in[i];
    json_t *j = root(&m, &all, strict);
    char *text = m.failed || !j ? NULL : json_dumps(j, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(j);
    if (!text) return SDAG_NOMEM;
    sdag_arena_defer(a, sdag_free, text);
    *out = text;
    return SDAG_OK;
}
