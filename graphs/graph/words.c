#include "graphs/graph/words.h"

#include <string.h>

#include "core/node/node.h"

const char *const sdag_family_choices[] = {"generative", "contrastive", "non-contrastive", "pretext", NULL};
const char *const sdag_batching_choices[] = {"joint", "separate", NULL};
const char *const sdag_schedule_rules[] = {[SDAG_SCHED_CONST] = "constant",
                                           [SDAG_SCHED_COSINE] = "cosine",
                                           [SDAG_SCHED_LINEAR] = "linear",
                                           [SDAG_SCHED_STEPS] = "steps",
                                           NULL};

const sdag_common_key sdag_common_keys[] = {
    {"type", "the node type", SDAG_KEY_ALL},
    {"use", "phase.node: type, options and trained weights of a node of an earlier phase", SDAG_KEY_TRAINS},
    {"in", "the wires that enter: node, node.port, [a, b] or {port: wire}", SDAG_KEY_WITH_INPUTS},
    {"freeze", "true stops the training of its weights", SDAG_KEY_TRAINS},
    {"weights", "a safetensors file to start from", SDAG_KEY_TRAINS},
    {"batching", "joint: batch statistics see all views together; separate: one view at a time", SDAG_KEY_TRAINS},
    {"every", "how often it looks, as a duration; at the end of the phase when not given", SDAG_KEY_PROBE},
    {0},
};

const sdag_key_help sdag_root_help[] = {
    {"version", "of the language: 1"},
    {"name", "of the pipeline; a run writes to runs/NAME"},
    {"family", "generative, contrastive, non-contrastive or pretext: the colour and the place of the picture"},
    {"about", "what it does, in a sentence"},
    {"seed", "of weights, views, order and choice of samples: the same seed gives the same numbers"},
    {"base", "the folder that paths are relative to; the folder of the file when not given"},
    {"extends", "a file whose values these are put over: maps merge, anything else takes the place, null removes"},
    {"plugins", "shared objects that bring node types of their own"},
    {"let", "values with names, used as $name or ${2 * name}; --set NAME=VALUE changes one for a run"},
    {"modules", "parts made of nodes, with parameters; used as type: module.NAME"},
    {"phases", "what is done, in this order: training, with an optimizer, or one pass over data, without"},
    {0},
};

const sdag_key_help sdag_phase_help[] = {
    {"about", "what the phase does, in a sentence"},
    {"epochs", "how often training sees all its data"},
    {"steps", "how many batches training sees, instead of epochs"},
    {"checkpoint", "how often the state is saved, as a duration; every epoch when not given"},
    {"report", "how often losses and what probes watch are reported, as a duration; every epoch when not given"},
    {"nodes", "the nodes of the phase, by name; their order does not matter"},
    {0},
};

const sdag_key_help sdag_schedule_help[] = {
    {"constant", "the same number all the time"},
    {"cosine", "[from, to] along half a cosine"},
    {"linear", "[from, to] along a line"},
    {"steps", "a number that is multiplied by factor at every milestone"},
    {"warmup", "how long it first rises from 0, as a duration"},
    {"at", "the milestones of steps, as durations"},
    {"factor", "of steps: what the number is multiplied by; 0.1 when not given"},
    {0},
};

const sdag_key_help sdag_module_help[] = {
    {"about", "what the module is, in a sentence"},
    {"params", "its options: a name with its default, or with {type, default, min, max, choices, about}"},
    {"in", "names of its inputs"},
    {"nodes", "its nodes; $NAME is a parameter"},
    {"out", "the node that it gives, or several by name"},
    {"role", "if not that of its nodes"},
    {0},
};

const char *sdag_help_of(const sdag_key_help *table, const char *key)
{
    for (; table->key; table++)
        if (strcmp(table->key, key) == 0) return table->help;
    return NULL;
}

bool sdag_common_key_fits(const sdag_common_key *k, const sdag_node_type *t)
{
    unsigned have =
        SDAG_KEY_ALL | (t->trains ? SDAG_KEY_TRAINS : 0) | (t->role == SDAG_ROLE_PROBE ? SDAG_KEY_PROBE : 0);
    for (const sdag_port *p = t->ins; p && p->name; p++)
        if (!(p->flags & SDAG_PORT_KEY)) have |= SDAG_KEY_WITH_INPUTS;
    return (k->roles & have) != 0;
}

/* ---- numbers ---- */

const char *sdag_number_text(char buf[40], double v)
{
    char shortest[32], digits[32];
    sdag_f64_text(shortest, v);
    char *e = strchr(shortest, 'e');
    if (!e || (strcmp(e, "e-3") != 0 && strcmp(e, "e-4") != 0)) return strcpy(buf, shortest);
    int n = 0;
    for (const char *p = shortest; p < e; p++)
        if (*p >= '0' && *p <= '9') digits[n++] = *p;
    digits[n] = 0;
    snprintf(buf, 40, "%s0.00%s%s", v < 0 ? "-" : "", e[2] == '4' ? "0" : "", digits);
    return buf;
}

const char *sdag_float_text(char buf[40], float v)
{
    char shortest[32];
    double as_typed;
    sdag_f32_text(shortest, v);
    return sdag_parse_f64(&as_typed, shortest) ? sdag_number_text(buf, as_typed) : strcpy(buf, shortest);
}

void sdag_range_text(sdag_str *s, double min, double max)
{
    char a[40], b[40];
    bool low = min > -SDAG_OPEN_BOUND, high = max < SDAG_OPEN_BOUND;
    sdag_number_text(a, min);
    sdag_number_text(b, max);
    if (low && high) sdag_str_addf(s, "%s .. %s", a, b);
    else if (low) sdag_str_addf(s, "at least %s", a);
    else if (high) sdag_str_addf(s, "at most %s", b);
}

void sdag_duration_text(sdag_str *s, sdag_duration d)
{
    char n[40];
    if (d.n < 0) sdag_str_add(s, "none");
    else
        sdag_str_addf(s, "%s %s%s", sdag_number_text(n, d.n), d.unit == SDAG_EPOCHS ? "epoch" : "step",
                      d.n == 1 ? "" : "s");
}

void sdag_schedule_text(sdag_str *s, const sdag_schedule *d)
{
    char from[40], to[40];
    bool ramp = d->rule == SDAG_SCHED_COSINE || d->rule == SDAG_SCHED_LINEAR;
    sdag_float_text(from, d->from);
    if (d->rule == SDAG_SCHED_CONST && d->warmup.n <= 0) {
        sdag_str_add(s, from);
        return;
    }
    sdag_str_addf(s, "{%s: ", sdag_schedule_rules[d->rule]);
    if (ramp) sdag_str_addf(s, "[%s, %s]", from, sdag_float_text(to, d->to));
    else sdag_str_add(s, from);
    for (int i = 0; i < d->n_at; i++) {
        sdag_str_add(s, i ? ", " : ", at: [");
        sdag_duration_text(s, d->at[i]);
    }
    if (d->n_at) sdag_str_add(s, "]");
    if (d->rule == SDAG_SCHED_STEPS) sdag_str_addf(s, ", factor: %s", sdag_float_text(to, d->factor));
    if (d->warmup.n > 0) {
        sdag_str_add(s, ", warmup: ");
        sdag_duration_text(s, d->warmup);
    }
    sdag_str_add(s, "}");
}

void sdag_choices_text(sdag_str *s, const char *const *choices, const char *between)
{
    for (int i = 0; choices && choices[i]; i++) {
        if (i) sdag_str_add(s, between);
        sdag_str_add(s, choices[i]);
    }
}

/* ---- texts ---- */

static bool plain(const char *text)
{
    static const char *const reserved[] = {"true", "false", "null", "True", "False", "Null", "TRUE", "FALSE", "NULL"};
    double number;
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcmp(text, reserved[i]) == 0) return false;
    if (sdag_parse_f64(&number, text)) return false;
    for (const char *p = text; *p; p++) {
        bool alnum = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_';
        if (!alnum && (p == text ? !strchr("./", *p) : !strchr("./-+", *p))) return false;
    }
    return *text && (text[0] != '.' || text[1] == '/' || text[1] == '.');
}

void sdag_yaml_text(sdag_str *s, const char *text)
{
    if (plain(text)) {
        sdag_str_add(s, text);
        return;
    }
    sdag_str_add(s, "\"");
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\') sdag_str_addf(s, "\\%c", c);
        else if (c < 0x20 || c == 0x7f) sdag_str_addf(s, "\\x%02x", c);
        else sdag_str_addn(s, p, 1);
    }
    sdag_str_add(s, "\"");
}

/* ---- options ---- */

const char *sdag_opt_name(const sdag_opt *o)
{
    const char *dot = strrchr(o->name, '.'); /* "common.batch": a member of a shared first part */
    return dot ? dot + 1 : o->name;
}

int sdag_opt_count(const sdag_opt *table)
{
    int n = 0;
    while (table && table[n].name) n++;
    return n;
}

void sdag_opt_type_text(sdag_str *s, const sdag_opt *o)
{
    static const char *const names[] = {
        [SDAG_OPT_BOOL] = "boolean",
        [SDAG_OPT_INT] = "integer",
        [SDAG_OPT_F32] = "number",
        [SDAG_OPT_ENUM] = "",
        [SDAG_OPT_STR] = "text",
        [SDAG_OPT_PATH] = "path",
        [SDAG_OPT_INTS] = "list of integers",
        [SDAG_OPT_F32S] = "list of numbers",
        [SDAG_OPT_STRS] = "list of texts",
        [SDAG_OPT_DURATION] = "duration",
        [SDAG_OPT_SCHEDULE] = "schedule",
        [SDAG_OPT_RECORDS] = "list of records",
        [SDAG_OPT_SCHEDULES] = "map of numbers or schedules",
    };
    if (o->kind == SDAG_OPT_ENUM) sdag_choices_text(s, o->choices, " | ");
    else sdag_str_add(s, names[o->kind]);
}

static bool has_range(const sdag_opt *o)
{
    return o->kind == SDAG_OPT_INT || o->kind == SDAG_OPT_F32 || o->kind == SDAG_OPT_INTS || o->kind == SDAG_OPT_F32S ||
           o->kind == SDAG_OPT_SCHEDULE || o->kind == SDAG_OPT_SCHEDULES;
}

void sdag_opt_range_text(sdag_str *s, const sdag_opt *o)
{
    if (has_range(o)) sdag_range_text(s, o->min, o->max);
}

void sdag_opt_default_text(sdag_str *s, const sdag_opt *o)
{
    char n[40];
    if (o->required) {
        sdag_str_add(s, "required");
        return;
    }
    switch (o->kind) {
    case SDAG_OPT_BOOL: sdag_str_add(s, o->def != 0 ? "true" : "false"); break;
    case SDAG_OPT_INT:
    case SDAG_OPT_F32:
    case SDAG_OPT_SCHEDULE: sdag_str_add(s, sdag_number_text(n, o->def)); break;
    case SDAG_OPT_ENUM: sdag_str_add(s, o->choices[(int)o->def]); break;
    default: sdag_str_add(s, o->text && *o->text ? o->text : "none");
    }
}

static void list_text(sdag_str *s, int n, void (*one)(sdag_str *s, const void *list, int i), const void *list)
{
    sdag_str_add(s, "[");
    for (int i = 0; i < n; i++) {
        if (i) sdag_str_add(s, ", ");
        one(s, list, i);
    }
    sdag_str_add(s, "]");
}

static void one_int(sdag_str *s, const void *list, int i)
{
    sdag_str_addf(s, "%lld", (long long)((const sdag_ints *)list)->at[i]);
}

static void one_float(sdag_str *s, const void *list, int i)
{
    char n[40];
    sdag_str_add(s, sdag_float_text(n, ((const sdag_floats *)list)->at[i]));
}

static void one_text(sdag_str *s, const void *list, int i) { sdag_yaml_text(s, ((const sdag_strs *)list)->at[i]); }

/* name, or {name: {options, all of them}}: a record is read best with its defaults filled in. */
static void one_record(sdag_str *s, const void *list, int i)
{
    const sdag_record *r = &((const sdag_records *)list)->at[i];
    int n = sdag_opt_count(r->type->opts);
    if (n == 0) {
        sdag_str_add(s, r->type->name);
        return;
    }
    sdag_str_addf(s, "%s: {", r->type->name);
    for (int k = 0; k < n; k++) {
        sdag_str_addf(s, "%s%s: ", k ? ", " : "", sdag_opt_name(&r->type->opts[k]));
        sdag_opt_value_text(s, &r->type->opts[k], r->opts);
    }
    sdag_str_add(s, "}");
}

/* {name: number, name: schedule} */
static void schedules_text(sdag_str *s, const sdag_schedules *all)
{
    sdag_str_add(s, "{");
    for (int i = 0; i < all->n; i++) {
        sdag_str_addf(s, "%s%s: ", i ? ", " : "", all->at[i].name);
        sdag_schedule_text(s, &all->at[i].schedule);
    }
    sdag_str_add(s, "}");
}

void sdag_opt_value_text(sdag_str *s, const sdag_opt *o, const void *opts)
{
    const void *at = (const char *)opts + o->offset;
    const char *text;
    char n[40];
    switch (o->kind) {
    case SDAG_OPT_BOOL: sdag_str_add(s, *(const bool *)at ? "true" : "false"); break;
    case SDAG_OPT_INT: sdag_str_addf(s, "%lld", (long long)*(const int64_t *)at); break;
    case SDAG_OPT_F32: sdag_str_add(s, sdag_float_text(n, *(const float *)at)); break;
    case SDAG_OPT_ENUM: sdag_str_add(s, o->choices[*(const int *)at]); break;
    case SDAG_OPT_STR:
    case SDAG_OPT_PATH:
        text = *(const char *const *)at;
        if (text) sdag_yaml_text(s, text);
        else sdag_str_add(s, "none");
        break;
    case SDAG_OPT_INTS: list_text(s, ((const sdag_ints *)at)->n, one_int, at); break;
    case SDAG_OPT_F32S: list_text(s, ((const sdag_floats *)at)->n, one_float, at); break;
    case SDAG_OPT_STRS: list_text(s, ((const sdag_strs *)at)->n, one_text, at); break;
    case SDAG_OPT_DURATION: sdag_duration_text(s, *(const sdag_duration *)at); break;
    case SDAG_OPT_SCHEDULE: sdag_schedule_text(s, at); break;
    case SDAG_OPT_RECORDS: list_text(s, ((const sdag_records *)at)->n, one_record, at); break;
    case SDAG_OPT_SCHEDULES: schedules_text(s, at); break;
    }
}
