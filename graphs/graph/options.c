#include "graphs/graph/options.h"

#include <string.h>

#include "core/base/file.h"
#include "graphs/graph/words.h"

const char *sdag_options_name(const void *table, int i)
{
    const sdag_opt *o = (const sdag_opt *)table;
    return o && o[i].name ? sdag_opt_name(&o[i]) : NULL;
}

/* ---- defaults ---- */

/* The items of "[a, b]" or "a", the way a table writes a default list. */
static int default_items(sdag_arena *a, const char *text, const char *const **out)
{
    SDAG_VEC(const char *) items = {0};
    for (const char *p = text; p && *p;) {
        size_t skip = strspn(p, "[ ,]"), n;
        p += skip;
        n = strcspn(p, "[,]");
        const char *end = p + n;
        while (n && p[n - 1] == ' ') n--;
        if (n) *SDAG_PUSH(a, &items) = sdag_arena_copy(a, p, n);
        p = end;
    }
    *out = items.at;
    return items.n;
}

static void default_list(sdag_arena *a, const sdag_opt *o, void *at)
{
    const char *const *text;
    int n = default_items(a, o->text, &text);
    if (o->kind == SDAG_OPT_STRS) {
        *(sdag_strs *)at = (sdag_strs){n, text};
        return;
    }
    int64_t *ints = SDAG_NEWS(a, int64_t, n);
    float *floats = SDAG_NEWS(a, float, n);
    for (int i = 0; i < n; i++) {
        double v = 0;
        sdag_parse_f64(&v, text[i]);
        floats[i] = (float)v;
        sdag_parse_i64(&ints[i], text[i]);
    }
    if (o->kind == SDAG_OPT_INTS) *(sdag_ints *)at = (sdag_ints){n, ints};
    else *(sdag_floats *)at = (sdag_floats){n, floats};
}

static void set_default(sdag_arena *a, const sdag_opt *o, void *at)
{
    const sdag_duration none = {-1, SDAG_STEPS};
    switch (o->kind) {
    case SDAG_OPT_BOOL: *(bool *)at = o->def != 0; break;
    case SDAG_OPT_INT: *(int64_t *)at = (int64_t)o->def; break;
    case SDAG_OPT_F32: *(float *)at = (float)o->def; break;
    case SDAG_OPT_ENUM: *(int *)at = (int)o->def; break;
    case SDAG_OPT_STR:
    case SDAG_OPT_PATH: *(const char **)at = o->text; break;
    case SDAG_OPT_INTS:
    case SDAG_OPT_F32S:
    case SDAG_OPT_STRS: default_list(a, o, at); break;
    case SDAG_OPT_DURATION:
        if (!o->text || !sdag_parse_duration(at, o->text)) *(sdag_duration *)at = none;
        break;
    case SDAG_OPT_SCHEDULE:
        *(sdag_schedule *)at = (sdag_schedule){
            .rule = SDAG_SCHED_CONST, .from = (float)o->def, .to = (float)o->def, .factor = 1, .warmup = none};
        break;
    case SDAG_OPT_RECORDS: *(sdag_records *)at = (sdag_records){0}; break;
    case SDAG_OPT_SCHEDULES: *(sdag_schedules *)at = (sdag_schedules){0}; break;
    }
}

const void *sdag_options_default(sdag_arena *a, const sdag_opt *table, size_t size)
{
    char *opts = sdag_arena_get(a, size ? size : 1);
    for (const sdag_opt *o = table; o && o->name; o++) set_default(a, o, opts + o->offset);
    return opts;
}

/* ---- lists ---- */

/* A list, or one value in place of a list of one. */
static int items_of(const sdag_spec *v, const sdag_spec *const **items, const sdag_spec *const *single)
{
    *items = v->kind == SDAG_SPEC_LIST ? v->items : single;
    return v->kind == SDAG_SPEC_LIST ? v->n : 1;
}

static void read_list(sdag_reader *r, const sdag_opt *o, const char *name, const sdag_spec *v, void *at)
{
    const sdag_spec *const *items;
    int n = items_of(v, &items, &v), good = 0;
    int64_t *ints = SDAG_NEWS(r->a, int64_t, n);
    float *floats = SDAG_NEWS(r->a, float, n);
    const char **texts = SDAG_NEWS(r->a, const char *, n);
    for (int i = 0; i < n; i++) {
        const char *item = v->kind == SDAG_SPEC_LIST ? sdag_arena_printf(r->a, "%s[%d]", name, i) : name;
        double d = 0;
        if (o->kind == SDAG_OPT_INTS) good += sdag_read_int(r, item, items[i], o->min, o->max, &ints[i]);
        else if (o->kind == SDAG_OPT_STRS) good += sdag_read_text(r, item, items[i], &texts[i]);
        else {
            good += sdag_read_number(r, item, items[i], o->min, o->max, &d);
            floats[i] = (float)d;
        }
    }
    if (good < n) return;
    if (o->kind == SDAG_OPT_INTS) *(sdag_ints *)at = (sdag_ints){n, ints};
    else if (o->kind == SDAG_OPT_STRS) *(sdag_strs *)at = (sdag_strs){n, texts};
    else *(sdag_floats *)at = (sdag_floats){n, floats};
}

/* ---- schedules ---- */

static const char *schedule_key(const void *ctx, int i)
{
    static const char *const keys[] = {"constant", "cosine", "linear", "steps", "warmup", "at", "factor"};
    (void)ctx;
    return (size_t)i < sizeof keys / sizeof keys[0] ? keys[i] : NULL;
}

static bool is_schedule_key(const char *key)
{
    for (int i = 0; schedule_key(NULL, i); i++)
        if (strcmp(schedule_key(NULL, i), key) == 0) return true;
    return false;
}

/* Milestones of {steps: ...}: in one unit, rising. */
static void read_milestones(sdag_reader *r, const char *name, const sdag_spec *v, sdag_schedule *s)
{
    const sdag_spec *const *items;
    int n = items_of(v, &items, &v), errors = r->errors;
    sdag_duration *at = SDAG_NEWS(r->a, sdag_duration, n);
    for (int i = 0; i < n; i++) {
        const char *item = sdag_arena_printf(r->a, "%s.at[%d]", name, i);
        if (!sdag_read_duration(r, item, items[i], &at[i]) || i == 0 || r->errors > errors) continue;
        if (at[i].unit != at[i - 1].unit)
            sdag_reader_error(r, items[i]->loc, "%s.at counts in epochs and in steps, expected one unit", name);
        else if (at[i].n <= at[i - 1].n)
            sdag_reader_error(r, items[i]->loc, "%s is '%s' after '%s', expected rising milestones", item,
                              items[i]->text, items[i - 1]->text);
    }
    if (n == 0) sdag_reader_error(r, v->loc, "%s.at is an empty list, expected milestones", name);
    s->at = at;
    s->n_at = n;
}

/* The value after the rule's name: one number, or two for a rule that goes from one to the other. */
static void read_rule(sdag_reader *r, const sdag_opt *o, const char *name, const sdag_spec *v, sdag_schedule *s)
{
    const char *rule = sdag_schedule_rules[s->rule];
    const char *what = sdag_arena_printf(r->a, "%s.%s", name, rule);
    bool ramp = s->rule == SDAG_SCHED_COSINE || s->rule == SDAG_SCHED_LINEAR;
    double from = s->from, to = s->from;
    if (!ramp) {
        sdag_read_number(r, what, v, o->min, o->max, &from);
        to = from;
    } else if (v->kind != SDAG_SPEC_LIST || v->n != 2) {
        sdag_reader_error(r, v->loc, "%s is %s, expected two numbers, [from, to]", what,
                          v->kind == SDAG_SPEC_LIST ? sdag_arena_printf(r->a, "a list of %d", v->n)
                                                    : sdag_kind_text(v));
    } else {
        sdag_read_number(r, what, v->items[0], o->min, o->max, &from);
        sdag_read_number(r, what, v->items[1], o->min, o->max, &to);
    }
    s->from = (float)from;
    s->to = (float)to;
}

/* Which rule the map names: exactly one. -1: reported. */
static int find_rule(sdag_reader *r, const char *name, const sdag_spec *v)
{
    int found = -1, errors = r->errors;
    for (int i = 0; i < v->n; i++) {
        const sdag_spec_entry *e = &v->entries[i];
        if (!is_schedule_key(e->key)) {
            sdag_reader_unknown(r, e->loc, "key", e->key, sdag_arena_printf(r->a, " in %s", name), schedule_key, NULL);
            continue;
        }
        for (int k = 0; sdag_schedule_rules[k]; k++) {
            if (strcmp(sdag_schedule_rules[k], e->key) != 0) continue;
            if (found >= 0)
                sdag_reader_error(r, e->loc, "%s has both '%s' and '%s', expected one of them", name,
                                  sdag_schedule_rules[found], e->key);
            found = k;
        }
    }
    if (found < 0 && r->errors == errors)
        sdag_reader_error(r, v->loc, "%s names no schedule, expected constant, cosine, linear or steps", name);
    return r->errors > errors ? -1 : found;
}

static void read_schedule(sdag_reader *r, const sdag_opt *o, const char *name, const sdag_spec *v, sdag_schedule *s)
{
    double constant;
    if (v->kind != SDAG_SPEC_MAP) {
        if (v->kind != SDAG_SPEC_SCALAR)
            sdag_reader_error(r, v->loc, "%s is %s, expected a number or a schedule such as {cosine: [0.1, 0]}", name,
                              sdag_kind_text(v));
        else if (sdag_read_number(r, name, v, o->min, o->max, &constant)) s->from = s->to = (float)constant;
        return;
    }
    int rule = find_rule(r, name, v);
    if (rule < 0) return;
    s->rule = (sdag_sched_rule)rule;
    read_rule(r, o, name, sdag_spec_get(v, sdag_schedule_rules[rule]), s);

    const sdag_spec *warmup = sdag_spec_get(v, "warmup"), *at = sdag_spec_get(v, "at"),
                    *factor = sdag_spec_get(v, "factor");
    double f = 0.1; /* as in PyTorch's MultiStepLR */
    if (warmup) sdag_read_duration(r, sdag_arena_printf(r->a, "%s.warmup", name), warmup, &s->warmup);
    if (rule != SDAG_SCHED_STEPS) {
        for (int i = 0; i < v->n; i++)
            if (v->entries[i].value == at || v->entries[i].value == factor)
                sdag_reader_error(r, v->entries[i].loc, "'%s' belongs to {steps: ...}, not to {%s: ...}",
                                  v->entries[i].key, sdag_schedule_rules[rule]);
        return;
    }
    if (at) read_milestones(r, name, at, s);
    else sdag_reader_error(r, v->loc, "%s has no milestones: add at: [30 epochs, 60 epochs]", name);
    if (factor) sdag_read_number(r, sdag_arena_printf(r->a, "%s.factor", name), factor, 0, 1000, &f);
    s->factor = (float)f;
}

/* A map of names to numbers or schedules. */
static void read_schedules(sdag_reader *r, const sdag_opt *o, const char *name, const sdag_spec *v, sdag_schedules *out)
{
    if (v->kind != SDAG_SPEC_MAP) {
        sdag_reader_error(r, v->loc, "%s is %s, expected a map of names to numbers", name, sdag_kind_text(v));
        return;
    }
    sdag_named_schedule *at = SDAG_NEWS(r->a, sdag_named_schedule, v->n);
    for (int i = 0; i < v->n; i++) {
        const sdag_spec_entry *e = &v->entries[i];
        at[i].name = sdag_arena_str(r->a, e->key);
        set_default(r->a, &(sdag_opt){.kind = SDAG_OPT_SCHEDULE}, &at[i].schedule);
        read_schedule(r, o, sdag_arena_printf(r->a, "%s.%s", name, e->key), e->value, &at[i].schedule);
    }
    *out = (sdag_schedules){v->n, at};
}

/* ---- records ---- */

typedef struct record_names {
    const sdag_record_type *const *types;
} record_names;

static const char *record_name(const void *ctx, int i)
{
    const sdag_record_type *const *types = ((const record_names *)ctx)->types;
    return types[i] ? types[i]->name : NULL;
}

static const sdag_record_type *find_record(sdag_reader *r, const sdag_opt *o, const char *name, const char *word,
                                           sdag_loc loc)
{
    for (int i = 0; o->records[i]; i++)
        if (strcmp(o->records[i]->name, word) == 0) return o->records[i];
    sdag_reader_unknown(r, loc, "record", word, sdag_arena_printf(r->a, " in %s", name), record_name,
                        &(record_names){o->records});
    return NULL;
}

/* The options of one record: `name`, `{name: null}` or `{name: {...}}`. what: "augment.random_affine". */
static const void *read_record_options(sdag_reader *r, const char *what, const sdag_record_type *t,
                                       const sdag_spec *body, sdag_loc loc)
{
    int errors = r->errors;
    if (body && body->kind == SDAG_SPEC_NULL) body = NULL;
    if (body && body->kind != SDAG_SPEC_MAP) {
        sdag_reader_error(r, body->loc, "%s is %s, expected a map of options", what, sdag_kind_text(body));
        body = NULL;
    }
    for (int i = 0; body && i < body->n; i++) {
        const sdag_opt *o = t->opts;
        while (o && o->name && strcmp(sdag_opt_name(o), body->entries[i].key) != 0) o++;
        if (!o || !o->name)
            sdag_reader_unknown(r, body->entries[i].loc, "option", body->entries[i].key,
                                sdag_arena_printf(r->a, " of %s", what), sdag_options_name, t->opts);
    }
    const void *opts = sdag_options_read(r, what, t->opts, t->opts_size, body, loc);
    const char *wrong = t->check && r->errors == errors ? t->check(opts) : NULL;
    if (wrong) sdag_reader_error(r, loc, "%s: %s", what, wrong);
    return opts;
}

static bool read_record(sdag_reader *r, const sdag_opt *o, const char *node, const char *name, const sdag_spec *v,
                        sdag_record *out)
{
    bool map = v->kind == SDAG_SPEC_MAP && v->n > 0;
    const char *word = map ? v->entries[0].key : v->text;
    sdag_loc loc = map ? v->entries[0].loc : v->loc;
    if (!map && v->kind != SDAG_SPEC_SCALAR) {
        sdag_reader_error(r, loc, "%s is %s, expected a name or {name: {options}}", name, sdag_kind_text(v));
        return false;
    }
    for (int i = 1; map && i < v->n; i++) /* a line that was not indented far enough */
        sdag_reader_error(r, v->entries[i].loc, "'%s' stands beside '%s', expected it inside: {%s: {%s: ...}}",
                          v->entries[i].key, word, word, v->entries[i].key);
    const sdag_record_type *t = find_record(r, o, name, word, loc);
    if (!t || (map && v->n > 1)) return false;
    const sdag_spec *body = map ? v->entries[0].value : NULL;
    *out = (sdag_record){t, read_record_options(r, sdag_arena_printf(r->a, "%s.%s", node, word), t, body, loc)};
    return true;
}

static void read_records(sdag_reader *r, const sdag_opt *o, const char *node, const char *name, const sdag_spec *v,
                         sdag_records *out)
{
    if (v->kind != SDAG_SPEC_LIST) {
        sdag_reader_error(r, v->loc, "%s is %s, expected a list", name, sdag_kind_text(v));
        return;
    }
    sdag_record *at = SDAG_NEWS(r->a, sdag_record, v->n);
    int n = 0;
    for (int i = 0; i < v->n; i++)
        n += read_record(r, o, node, sdag_arena_printf(r->a, "%s[%d]", name, i), v->items[i], &at[n]);
    *out = (sdag_records){n, at};
}

/* ---- all options ---- */

static void read_option(sdag_reader *r, const sdag_opt *o, const char *what, const sdag_spec *v, void *at)
{
    const char *name = sdag_arena_printf(r->a, "%s.%s", what, sdag_opt_name(o));
    double d;
    switch (o->kind) {
    case SDAG_OPT_BOOL: sdag_read_bool(r, name, v, at); break;
    case SDAG_OPT_INT: sdag_read_int(r, name, v, o->min, o->max, at); break;
    case SDAG_OPT_F32:
        if (sdag_read_number(r, name, v, o->min, o->max, &d)) *(float *)at = (float)d;
        break;
    case SDAG_OPT_ENUM: sdag_read_enum(r, name, v, o->choices, at); break;
    case SDAG_OPT_STR: sdag_read_text(r, name, v, at); break;
    case SDAG_OPT_PATH: sdag_read_path(r, name, v, at); break;
    case SDAG_OPT_INTS:
    case SDAG_OPT_F32S:
    case SDAG_OPT_STRS: read_list(r, o, name, v, at); break;
    case SDAG_OPT_DURATION: sdag_read_duration(r, name, v, at); break;
    case SDAG_OPT_SCHEDULE: read_schedule(r, o, name, v, at); break;
    case SDAG_OPT_RECORDS: read_records(r, o, what, name, v, at); break;
    case SDAG_OPT_SCHEDULES: read_schedules(r, o, name, v, at); break;
    }
}

const void *sdag_options_read(sdag_reader *r, const char *what, const sdag_opt *table, size_t size,
                              const sdag_spec *map, sdag_loc loc)
{
    char *opts = (char *)sdag_options_default(r->a, table, size); /* made a moment ago: still ours to write */
    for (const sdag_opt *o = table; o && o->name; o++) {
        const sdag_spec *v = sdag_spec_get(map, sdag_opt_name(o));
        if (v) read_option(r, o, what, v, opts + o->offset);
        else if (o->required)
            sdag_reader_error(r, loc, "%s needs the option '%s' (%s)", what, sdag_opt_name(o), o->help);
        else if (o->kind == SDAG_OPT_PATH && o->text && *o->text)
            *(const char **)(opts + o->offset) = sdag_path_join(r->a, r->dir, o->text);
    }
    return opts;
}
