#include "graphs/graph/schema.h"

#include <jansson.h>
#include <pthread.h>
#include <string.h>

#include "core/base/alloc.h"
#include "graphs/graph/words.h"

/* Every function that gives a json_t gives a new reference, or NULL when memory runs out. jansson's *_new functions
 * refuse NULL and release what they were given, so one flag notes the failure and nothing leaks. */
typedef struct maker {
    bool failed;
} maker;

static void set(maker *m, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0) m->failed = true;
}

static void append(maker *m, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0) m->failed = true;
}

static void say(maker *m, json_t *object, const char *key, const char *text)
{
    if (text) set(m, object, key, json_string(text));
}

static json_t *typed(maker *m, const char *type)
{
    json_t *j = json_object();
    say(m, j, "type", type);
    return j;
}

static json_t *ref(maker *m, const char *definition)
{
    char path[160];
    json_t *j = json_object();
    snprintf(path, sizeof path, "#/definitions/%s", definition);
    say(m, j, "$ref", path);
    return j;
}

/* A plain YAML text that JSON has another type for. NULL: none. */
static json_t *other_type(const char *text)
{
    int64_t i;
    double d;
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) return json_boolean(text[0] == 't');
    if (sdag_parse_i64(&i, text)) return json_integer(i);
    return sdag_parse_f64(&d, text) ? json_real(d) : NULL;
}

/* `depth: 18` is a choice among words to us and a number to an editor: both are listed. */
static json_t *enumerated(maker *m, const char *const *choices)
{
    json_t *j = json_object(), *list = json_array();
    for (int i = 0; choices && choices[i]; i++) {
        json_t *other = other_type(choices[i]);
        append(m, list, json_string(choices[i]));
        if (other) append(m, list, other);
    }
    set(m, j, "enum", list);
    return j;
}

/* {"anyOf": [a, b]} */
static json_t *either(maker *m, json_t *a, json_t *b)
{
    json_t *j = json_object(), *list = json_array();
    append(m, list, a);
    append(m, list, b);
    set(m, j, "anyOf", list);
    return j;
}

static json_t *list_of(maker *m, json_t *item, int least)
{
    json_t *j = typed(m, "array");
    set(m, j, "items", item);
    if (least) set(m, j, "minItems", json_integer(least));
    return j;
}

static json_t *closed_object(maker *m)
{
    json_t *j = typed(m, "object");
    set(m, j, "properties", json_object());
    set(m, j, "additionalProperties", json_false());
    return j;
}

/* ---- options ---- */

static json_t *number(maker *m, const char *type, double min, double max)
{
    json_t *j = typed(m, type);
    bool whole = strcmp(type, "integer") == 0;
    if (min > -SDAG_OPEN_BOUND) set(m, j, "minimum", whole ? json_integer((json_int_t)min) : json_real(min));
    if (max < SDAG_OPEN_BOUND) set(m, j, "maximum", whole ? json_integer((json_int_t)max) : json_real(max));
    return j;
}

static json_t *options(maker *m, json_t *object, const sdag_opt *table);

/* name, {name: null} or {name: {options}} */
static json_t *record(maker *m, const sdag_record_type *const *kinds)
{
    json_t *names = json_array(), *map = closed_object(m), *name = json_object();
    for (; kinds && *kinds; kinds++) {
        json_t *body = closed_object(m);
        options(m, body, (*kinds)->opts);
        say(m, body, "description", (*kinds)->brief);
        append(m, names, json_string((*kinds)->name));
        set(m, json_object_get(map, "properties"), (*kinds)->name, either(m, typed(m, "null"), body));
    }
    set(m, map, "minProperties", json_integer(1));
    set(m, map, "maxProperties", json_integer(1));
    set(m, name, "enum", names);
    return either(m, name, map);
}

/* Any names, each with a number or a schedule. */
static json_t *map_of_schedules(maker *m, const sdag_opt *o)
{
    json_t *j = typed(m, "object"), *one = either(m, number(m, "number", o->min, o->max), ref(m, "schedule"));
    set(m, j, "additionalProperties", either(m, one, ref(m, "let")));
    return j;
}

static json_t *value(maker *m, const sdag_opt *o)
{
    switch (o->kind) {
    case SDAG_OPT_BOOL: return typed(m, "boolean");
    case SDAG_OPT_INT: return number(m, "integer", o->min, o->max);
    case SDAG_OPT_F32: return number(m, "number", o->min, o->max);
    case SDAG_OPT_ENUM: return enumerated(m, o->choices);
    case SDAG_OPT_STR:
    case SDAG_OPT_PATH: return ref(m, "text");
    case SDAG_OPT_INTS:
        return either(m, number(m, "integer", o->min, o->max),
                      list_of(m, either(m, number(m, "integer", o->min, o->max), ref(m, "let")), 0));
    case SDAG_OPT_F32S:
        return either(m, number(m, "number", o->min, o->max),
                      list_of(m, either(m, number(m, "number", o->min, o->max), ref(m, "let")), 0));
    case SDAG_OPT_STRS: return either(m, ref(m, "text"), list_of(m, ref(m, "text"), 0));
    case SDAG_OPT_DURATION: return ref(m, "duration");
    case SDAG_OPT_SCHEDULE: return either(m, number(m, "number", o->min, o->max), ref(m, "schedule"));
    case SDAG_OPT_RECORDS: return list_of(m, record(m, o->records), 0);
    case SDAG_OPT_SCHEDULES: return map_of_schedules(m, o);
    }
    return json_object();
}

static json_t *default_of(const sdag_opt *o)
{
    switch (o->kind) {
    case SDAG_OPT_BOOL: return json_boolean(o->def != 0);
    case SDAG_OPT_INT: return json_integer((json_int_t)o->def);
    case SDAG_OPT_F32:
    case SDAG_OPT_SCHEDULE: return json_real(o->def);
    case SDAG_OPT_ENUM: return json_string(o->choices[(int)o->def]);
    case SDAG_OPT_INTS:
    case SDAG_OPT_F32S:
    case SDAG_OPT_STRS: /* YAML flow of numbers is JSON too */
        return o->text && *o->text ? json_loads(o->text, JSON_DECODE_ANY, NULL) : NULL;
    default: return o->text && *o->text ? json_string(o->text) : NULL;
    }
}

/* Adds the rows of a table to an object's properties, and its required keys. */
static json_t *options(maker *m, json_t *object, const sdag_opt *table)
{
    json_t *properties = json_object_get(object, "properties"), *required = json_array();
    for (const sdag_opt *o = table; o && o->name; o++) {
        json_t *j = either(m, value(m, o), ref(m, "let")), *def = o->required ? NULL : default_of(o);
        say(m, j, "description", o->help);
        if (def) set(m, j, "default", def);
        set(m, properties, sdag_opt_name(o), j);
        if (o->required) append(m, required, json_string(sdag_opt_name(o)));
    }
    if (json_array_size(required)) set(m, object, "required", required);
    else json_decref(required);
    return object;
}

/* ---- nodes ---- */

static json_t *common_key(maker *m, const sdag_common_key *k, const sdag_node_type *t)
{
    json_t *j;
    if (strcmp(k->name, "type") == 0) {
        j = json_object();
        say(m, j, "const", t->name);
    } else if (strcmp(k->name, "in") == 0) j = ref(m, "in");
    else if (strcmp(k->name, "freeze") == 0) j = either(m, typed(m, "boolean"), ref(m, "let"));
    else if (strcmp(k->name, "batching") == 0) j = either(m, enumerated(m, sdag_batching_choices), ref(m, "let"));
    else if (strcmp(k->name, "every") == 0) j = either(m, ref(m, "duration"), ref(m, "let"));
    else j = typed(m, "string");
    say(m, j, "description", k->help);
    return j;
}

static json_t *node_of_type(maker *m, const sdag_node_type *t)
{
    json_t *j = closed_object(m), *properties = json_object_get(j, "properties");
    say(m, j, "description", t->brief);
    for (const sdag_common_key *k = sdag_common_keys; k->name; k++)
        if (sdag_common_key_fits(k, t) && strcmp(k->name, "use") != 0) set(m, properties, k->name, common_key(m, k, t));
    for (const sdag_port *p = t->ins; p && p->name; p++) {
        if (!(p->flags & SDAG_PORT_KEY)) continue;
        json_t *wire = either(m, ref(m, "wire"), list_of(m, ref(m, "wire"), 1));
        say(m, wire, "description", p->help);
        set(m, properties, p->name, wire);
    }
    return options(m, j, t->opts);
}

static json_t *text_pattern(maker *m, const char *pattern, const char *description)
{
    json_t *j = typed(m, "string");
    say(m, j, "pattern", pattern);
    say(m, j, "description", description);
    return j;
}

/* {"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": {"$ref": ...}}: an editor then
 * speaks of the options of that one type, which it would not with "oneOf" over all types. */
static json_t *when_type(maker *m, const sdag_node_type *t)
{
    char path[128];
    json_t *rule = json_object(), *test = json_object(), *properties = json_object(), *type = json_object();
    json_t *required = json_array();
    say(m, type, "const", t->name);
    set(m, properties, "type", type);
    append(m, required, json_string("type"));
    set(m, test, "properties", properties);
    set(m, test, "required", required);
    set(m, rule, "if", test);
    snprintf(path, sizeof path, "node.%.100s", t->name);
    set(m, rule, "then", ref(m, path));
    return rule;
}

/* A node that brings its type along: its ports have names that are not known here. */
static json_t *used_node(maker *m)
{
    json_t *j = typed(m, "object"), *properties = json_object(), *required = json_array();
    set(m, properties, "use", text_pattern(m, "^[A-Za-z][A-Za-z0-9_-]*\\.[A-Za-z][A-Za-z0-9_-]*$", "phase.node"));
    append(m, required, json_string("use"));
    set(m, j, "properties", properties);
    set(m, j, "required", required);
    return j;
}

static json_t *any_node(maker *m, const sdag_catalog *c)
{
    json_t *j = typed(m, "object"), *properties = json_object(), *type = typed(m, "string"), *names = json_array();
    json_t *rules = json_array(), *by_type = json_object(), *required = json_array();
    for (int i = 0; i < c->n; i++) {
        append(m, names, json_string(c->types[i]->name));
        append(m, rules, when_type(m, c->types[i]));
    }
    set(m, type, "enum", names);
    set(m, properties, "type", type);
    append(m, required, json_string("type"));
    set(m, by_type, "required", required);
    set(m, j, "properties", properties);
    set(m, j, "anyOf", json_array());
    append(m, json_object_get(j, "anyOf"), by_type);
    append(m, json_object_get(j, "anyOf"), used_node(m));
    if (c->n) set(m, j, "allOf", rules);
    else json_decref(rules);
    return j;
}

/* ---- the rest of the language ---- */

static json_t *schedule(maker *m)
{
    static const char *const rules[] = {"constant", "cosine", "linear", "steps"};
    json_t *j = closed_object(m), *properties = json_object_get(j, "properties"), *any = json_array();
    for (int i = 0; i < 4; i++) {
        bool ramp = i == SDAG_SCHED_COSINE || i == SDAG_SCHED_LINEAR;
        json_t *pair = ramp ? list_of(m, either(m, typed(m, "number"), ref(m, "let")), 2) : NULL;
        json_t *rule = json_object(), *required = json_array();
        if (ramp) set(m, pair, "maxItems", json_integer(2));
        set(m, properties, rules[i], ramp ? pair : either(m, typed(m, "number"), ref(m, "let")));
        append(m, required, json_string(rules[i]));
        set(m, rule, "required", required);
        append(m, any, rule);
    }
    set(m, properties, "warmup", either(m, ref(m, "duration"), ref(m, "let")));
    set(m, properties, "at", list_of(m, either(m, ref(m, "duration"), ref(m, "let")), 1));
    set(m, properties, "factor", either(m, typed(m, "number"), ref(m, "let")));
    set(m, j, "oneOf", any);
    return j;
}

/* node, node.port, node.view, or a node written in place */
static json_t *wire(maker *m)
{
    return either(m, text_pattern(m, NULL, "node, node.port or node.view"), ref(m, "node"));
}

static json_t *in(maker *m)
{
    json_t *by_port = typed(m, "object"), *single = either(m, ref(m, "wire"), list_of(m, ref(m, "wire"), 1));
    set(m, by_port, "additionalProperties", either(m, ref(m, "wire"), list_of(m, ref(m, "wire"), 1)));
    return either(m, single, by_port);
}

static json_t *phase(maker *m)
{
    json_t *j = closed_object(m), *properties = json_object_get(j, "properties"), *required = json_array();
    json_t *nodes = typed(m, "object");
    set(m, nodes, "additionalProperties", ref(m, "node"));
    set(m, nodes, "minProperties", json_integer(1));
    set(m, properties, "about", ref(m, "text"));
    set(m, properties, "epochs", either(m, typed(m, "number"), ref(m, "let")));
    set(m, properties, "steps", either(m, typed(m, "integer"), ref(m, "let")));
    set(m, properties, "checkpoint", either(m, ref(m, "duration"), ref(m, "let")));
    set(m, properties, "report", either(m, ref(m, "duration"), ref(m, "let")));
    set(m, properties, "nodes", nodes);
    append(m, required, json_string("nodes"));
    set(m, j, "required", required);
    return j;
}

static json_t *definitions(maker *m, const sdag_catalog *c)
{
    char name[128];
    json_t *j = json_object(), *text = json_object(), *types = json_array();
    append(m, types, json_string("string"));
    append(m, types, json_string("number"));
    append(m, types, json_string("boolean"));
    set(m, text, "type", types);
    set(m, j, "text", text); /* any scalar is a text where a text is declared */
    set(m, j, "let", text_pattern(m, "\\$", "a value from let, as $name, or computed: ${2 * name}"));
    set(m, j, "duration", text_pattern(m, "^[0-9.eE+-]+ +(step|epoch)s?$", "N steps or N epochs"));
    set(m, j, "schedule", schedule(m));
    set(m, j, "wire", wire(m));
    set(m, j, "in", in(m));
    set(m, j, "phase", phase(m));
    set(m, j, "node", any_node(m, c));
    for (int i = 0; i < c->n; i++) {
        snprintf(name, sizeof name, "node.%.100s", c->types[i]->name);
        set(m, j, name, node_of_type(m, c->types[i]));
    }
    return j;
}

static json_t *root(maker *m, const sdag_catalog *c)
{
    json_t *j = closed_object(m), *properties = json_object_get(j, "properties"), *required = json_array();
    json_t *version = json_object(), *phases = typed(m, "object"), *seed = typed(m, "integer");
    say(m, j, "$schema", "http://json-schema.org/draft-07/schema#");
    say(m, j, "title", "ssldag pipeline, version 1");
    set(m, version, "const", json_integer(1));
    set(m, phases, "additionalProperties", ref(m, "phase"));
    set(m, phases, "minProperties", json_integer(1));
    set(m, seed, "minimum", json_integer(0));
    set(m, properties, "version", version);
    set(m, properties, "name", either(m, ref(m, "text"), ref(m, "let")));
    set(m, properties, "family", enumerated(m, sdag_family_choices));
    set(m, properties, "about", ref(m, "text"));
    set(m, properties, "seed", either(m, seed, ref(m, "let")));
    set(m, properties, "plugins", either(m, ref(m, "text"), list_of(m, ref(m, "text"), 0)));
    set(m, properties, "let", typed(m, "object"));
    set(m, properties, "phases", phases);
    append(m, required, json_string("version"));
    append(m, required, json_string("phases"));
    set(m, j, "required", required);
    set(m, j, "definitions", definitions(m, c));
    return j;
}

static void use_our_heap(void) { json_set_alloc_funcs(sdag_alloc, sdag_free); }

sdag_status sdag_schema_text(char **out, sdag_arena *a, const sdag_catalog *c)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    maker m = {0};
    const sdag_catalog all = sdag_catalog_all(a, c);
    pthread_once(&once, use_our_heap);
    json_t *j = root(&m, &all);
    char *text = m.failed || !j ? NULL : json_dumps(j, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(j);
    if (!text) return SDAG_NOMEM;
    sdag_arena_defer(a, sdag_free, text);
    *out = text;
    return SDAG_OK;
}
