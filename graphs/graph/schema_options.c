/* Pieces of JSON Schema, and the options of a table in them. */
#include <string.h>

#include "graphs/graph/schema_int.h"

void sdag_js_set(sdag_js *m, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0) m->failed = true;
}

void sdag_js_append(sdag_js *m, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0) m->failed = true;
}

void sdag_js_say(sdag_js *m, json_t *object, const char *key, const char *text)
{
    if (text) sdag_js_set(m, object, key, json_string(text));
}

json_t *sdag_js_typed(sdag_js *m, const char *type)
{
    json_t *j = json_object();
    sdag_js_say(m, j, "type", type);
    return j;
}

json_t *sdag_js_ref(sdag_js *m, const char *definition)
{
    char path[160];
    json_t *j = json_object();
    snprintf(path, sizeof path, "#/definitions/%s", definition);
    sdag_js_say(m, j, "$ref", path);
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
json_t *sdag_js_enum(sdag_js *m, const char *const *choices)
{
    json_t *j = json_object(), *list = json_array();
    for (int i = 0; choices && choices[i]; i++) {
        json_t *other = other_type(choices[i]);
        sdag_js_append(m, list, json_string(choices[i]));
        if (other) sdag_js_append(m, list, other);
    }
    sdag_js_set(m, j, "enum", list);
    return j;
}

/* {"anyOf": [a, b]} */
json_t *sdag_js_either(sdag_js *m, json_t *a, json_t *b)
{
    json_t *j = json_object(), *list = json_array();
    sdag_js_append(m, list, a);
    sdag_js_append(m, list, b);
    sdag_js_set(m, j, "anyOf", list);
    return j;
}

json_t *sdag_js_list(sdag_js *m, json_t *item, int least)
{
    json_t *j = sdag_js_typed(m, "array");
    sdag_js_set(m, j, "items", item);
    if (least) sdag_js_set(m, j, "minItems", json_integer(least));
    return j;
}

json_t *sdag_js_closed(sdag_js *m)
{
    json_t *j = sdag_js_typed(m, "object");
    sdag_js_set(m, j, "properties", json_object());
    sdag_js_set(m, j, "additionalProperties", json_false());
    return j;
}

/* ---- options ---- */

json_t *sdag_js_number(sdag_js *m, const char *type, double min, double max)
{
    json_t *j = sdag_js_typed(m, type);
    bool whole = strcmp(type, "integer") == 0;
    if (min > -SDAG_OPEN_BOUND) sdag_js_set(m, j, "minimum", whole ? json_integer((json_int_t)min) : json_real(min));
    if (max < SDAG_OPEN_BOUND) sdag_js_set(m, j, "maximum", whole ? json_integer((json_int_t)max) : json_real(max));
    return j;
}

/* name, {name: null} or {name: {options}} */
static json_t *record(sdag_js *m, const sdag_record_type *const *kinds)
{
    json_t *names = json_array(), *map = sdag_js_closed(m), *name = json_object();
    for (; kinds && *kinds; kinds++) {
        json_t *body = sdag_js_closed(m);
        sdag_js_options(m, body, (*kinds)->opts);
        sdag_js_say(m, body, "description", (*kinds)->brief);
        sdag_js_append(m, names, json_string((*kinds)->name));
        sdag_js_set(m, json_object_get(map, "properties"), (*kinds)->name,
                    sdag_js_either(m, sdag_js_typed(m, "null"), body));
    }
    sdag_js_set(m, map, "minProperties", json_integer(1));
    sdag_js_set(m, map, "maxProperties", json_integer(1));
    sdag_js_set(m, name, "enum", names);
    return sdag_js_either(m, name, map);
}

/* Any names, each with a number or a schedule. */
static json_t *map_of_schedules(sdag_js *m, const sdag_opt *o)
{
    json_t *j = sdag_js_typed(m, "object"),
           *one = sdag_js_either(m, sdag_js_number(m, "number", o->min, o->max), sdag_js_ref(m, "schedule"));
    sdag_js_set(m, j, "additionalProperties", sdag_js_either(m, one, sdag_js_ref(m, "let")));
    return j;
}

/* One number, or a list of them, in which names may stand too. */
static json_t *numbers(sdag_js *m, const char *type, const sdag_opt *o)
{
    json_t *item = sdag_js_either(m, sdag_js_number(m, type, o->min, o->max), sdag_js_ref(m, "let"));
    return sdag_js_either(m, sdag_js_number(m, type, o->min, o->max), sdag_js_list(m, item, 0));
}

static json_t *value(sdag_js *m, const sdag_opt *o)
{
    switch (o->kind) {
    case SDAG_OPT_BOOL: return sdag_js_typed(m, "boolean");
    case SDAG_OPT_INT: return sdag_js_number(m, "integer", o->min, o->max);
    case SDAG_OPT_F32: return sdag_js_number(m, "number", o->min, o->max);
    case SDAG_OPT_ENUM: return sdag_js_enum(m, o->choices);
    case SDAG_OPT_STR:
    case SDAG_OPT_PATH: return sdag_js_ref(m, "text");
    case SDAG_OPT_INTS: return numbers(m, "integer", o);
    case SDAG_OPT_F32S: return numbers(m, "number", o);
    case SDAG_OPT_STRS:
        return sdag_js_either(m, sdag_js_ref(m, "text"), sdag_js_list(m, sdag_js_ref(m, "text"), 0)); /* let: a text */
    case SDAG_OPT_DURATION: return sdag_js_ref(m, "duration");
    case SDAG_OPT_SCHEDULE:
        return sdag_js_either(m, sdag_js_number(m, "number", o->min, o->max), sdag_js_ref(m, "schedule"));
    case SDAG_OPT_RECORDS: return sdag_js_list(m, sdag_js_either(m, record(m, o->records), sdag_js_ref(m, "let")), 0);
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
json_t *sdag_js_options(sdag_js *m, json_t *object, const sdag_opt *table)
{
    json_t *properties = json_object_get(object, "properties"), *required = json_array();
    for (const sdag_opt *o = table; o && o->name; o++) {
        json_t *j = sdag_js_either(m, value(m, o), sdag_js_ref(m, "let")), *def = o->required ? NULL : default_of(o);
        sdag_js_say(m, j, "description", o->help);
        if (def) sdag_js_set(m, j, "default", def);
        sdag_js_set(m, properties, sdag_opt_name(o), j);
        if (o->required) sdag_js_append(m, required, json_string(sdag_opt_name(o)));
    }
    if (json_array_size(required)) sdag_js_set(m, object, "required", required);
    else json_decref(required);
    return object;
}
