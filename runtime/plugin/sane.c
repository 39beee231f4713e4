/* What the host relies on in the tables of a plugin: a wrong offset would be a write anywhere. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/ops/ops.h"
#include "runtime/plugin/plugin.h"

static bool SDAG_PRINTF(2, 3) wrong(char why[SDAG_PLUGIN_WHY], const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, SDAG_PLUGIN_WHY, fmt, ap);
    va_end(ap);
    return false;
}

/* Small letters, digits and '_', a letter first; with dots, one such word after another. */
static bool is_word(const char *text, bool dots)
{
    size_t n = text ? strlen(text) : 0;
    bool start = true;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        bool letter = c >= 'a' && c <= 'z';
        if (c == '.' && dots && !start) start = true;
        else if (letter || (!start && ((c >= '0' && c <= '9') || c == '_'))) start = false;
        else return false;
    }
    return n > 0 && n <= 64 && !start;
}

static size_t kind_size(sdag_opt_kind kind)
{
    switch (kind) {
    case SDAG_OPT_BOOL: return sizeof(bool);
    case SDAG_OPT_INT: return sizeof(int64_t);
    case SDAG_OPT_F32: return sizeof(float);
    case SDAG_OPT_ENUM: return sizeof(int);
    case SDAG_OPT_STR:
    case SDAG_OPT_PATH: return sizeof(const char *);
    case SDAG_OPT_INTS: return sizeof(sdag_ints);
    case SDAG_OPT_F32S: return sizeof(sdag_floats);
    case SDAG_OPT_STRS: return sizeof(sdag_strs);
    case SDAG_OPT_DURATION: return sizeof(sdag_duration);
    case SDAG_OPT_SCHEDULE: return sizeof(sdag_schedule);
    case SDAG_OPT_SCHEDULES: return sizeof(sdag_schedules);
    case SDAG_OPT_RECORDS: return sizeof(sdag_records);
    }
    return 0;
}

static bool default_fits(char why[SDAG_PLUGIN_WHY], const char *of, const sdag_opt *o)
{
    bool number = o->kind == SDAG_OPT_INT || o->kind == SDAG_OPT_F32 || o->kind == SDAG_OPT_SCHEDULE;
    if (number && !(o->min <= o->max))
        return wrong(why, "option '%s' of %s: its range %g .. %g is empty", o->name, of, o->min, o->max);
    if (number && !o->required && !(o->def >= o->min && o->def <= o->max))
        return wrong(why, "option '%s' of %s: its default %g is outside %g .. %g", o->name, of, o->def, o->min, o->max);
    if (o->kind != SDAG_OPT_ENUM) return true;
    int n = 0;
    while (o->choices && o->choices[n]) n++;
    if (!n) return wrong(why, "option '%s' of %s has no choices", o->name, of);
    if (!o->required && !(o->def >= 0 && o->def < n && o->def == (int)o->def))
        return wrong(why, "option '%s' of %s: its default is choice %g of %d", o->name, of, o->def, n);
    return true;
}

static bool opts_sane(char why[SDAG_PLUGIN_WHY], const char *of, const sdag_opt *opts, size_t bytes)
{
    for (const sdag_opt *o = opts; o && o->name; o++) {
        size_t size = kind_size(o->kind);
        if (!is_word(o->name, true)) return wrong(why, "'%.64s' is no name for an option (of %s)", o->name, of);
        if (!o->help || !*o->help) return wrong(why, "option '%s' of %s has no help", o->name, of);
        if (!size) return wrong(why, "option '%s' of %s is of a kind that is not known here", o->name, of);
        if (o->offset > bytes || size > bytes - o->offset)
            return wrong(why, "option '%s' of %s lies beyond its struct of %zu bytes (opts_size)", o->name, of, bytes);
        for (const sdag_opt *p = opts; p < o; p++)
            if (!strcmp(p->name, o->name)) return wrong(why, "%s has the option '%s' twice", of, o->name);
        if (!default_fits(why, of, o)) return false;
        if (o->kind == SDAG_OPT_RECORDS && (!o->records || !o->records[0]))
            return wrong(why, "option '%s' of %s has no records", o->name, of);
        for (int i = 0; o->kind == SDAG_OPT_RECORDS && o->records[i]; i++)
            if (!sdag_record_sane(why, o->records[i])) return false;
    }
    return true;
}

static bool ports_sane(char why[SDAG_PLUGIN_WHY], const char *of, const sdag_port *ports)
{
    for (const sdag_port *p = ports; p && p->name; p++) {
        if (!is_word(p->name, false)) return wrong(why, "'%.64s' is no name for a port (of %s)", p->name, of);
        if (!p->type || !*p->type) return wrong(why, "port '%s' of %s has no type", p->name, of);
        if (!p->help || !*p->help) return wrong(why, "port '%s' of %s has no help", p->name, of);
        for (const sdag_port *q = ports; q < p; q++)
            if (!strcmp(p->name, q->name)) return wrong(why, "%s has the port '%s' twice", of, p->name);
    }
    return true;
}

bool sdag_type_sane(char why[SDAG_PLUGIN_WHY], const sdag_node_type *t)
{
    if (!is_word(t->name, true)) return wrong(why, "'%.64s' is no name for a node type", t->name ? t->name : "");
    if (!strncmp(t->name, "module.", 7) || !strcmp(t->name, "expr"))
        return wrong(why, "the name '%s' is reserved", t->name);
    if (!t->brief || !*t->brief) return wrong(why, "%s has no sentence about it (brief)", t->name);
    if ((unsigned)t->role >= SDAG_ROLE_COUNT) return wrong(why, "%s has a role that is not known here", t->name);
    if (!t->lower && !t->collect) return wrong(why, "%s has neither lower nor collect: it can do nothing", t->name);
    if (t->role == SDAG_ROLE_SOURCE && !t->open) return wrong(why, "%s is a source without open", t->name);
    if (t->collect && !t->collect->batch) return wrong(why, "%s has a collect without batch", t->name);
    if (t->opts && t->opts->name && !t->opts_size) return wrong(why, "%s has options, but opts_size is 0", t->name);
    return opts_sane(why, t->name, t->opts, t->opts_size) && ports_sane(why, t->name, t->ins) &&
           ports_sane(why, t->name, t->outs);
}

bool sdag_record_sane(char why[SDAG_PLUGIN_WHY], const sdag_record_type *r)
{
    if (!is_word(r->name, false)) return wrong(why, "'%.64s' is no name for a record", r->name ? r->name : "");
    return opts_sane(why, r->name, r->opts, r->opts_size);
}

bool sdag_op_sane(char why[SDAG_PLUGIN_WHY], const sdag_op *op)
{
    if (!is_word(op->name, false)) return wrong(why, "'%.64s' is no name for an op", op->name ? op->name : "");
    if (!op->math || !*op->math) return wrong(why, "op %s has no formula (math)", op->name);
    if (!op->shape) return wrong(why, "op %s has no shape rule", op->name);
    if (op->n_in < 0 || op->n_in > SDAG_IN_MAX || op->n_in_max < 0 || op->n_in_max > SDAG_IN_MAX)
        return wrong(why, "op %s takes more than %d arguments", op->name, SDAG_IN_MAX);
    if (op->n_out < 1 || op->n_out > SDAG_OUT_MAX)
        return wrong(why, "op %s has %d results, expected 1 to %d", op->name, op->n_out, SDAG_OUT_MAX);
    if (!op->cpu.run && !(op->flags & SDAG_OP_VIEW)) return wrong(why, "op %s has no run function", op->name);
    if (op->split == SDAG_SPLIT_PLAN && !op->cpu.plan)
        return wrong(why, "op %s splits by its own plan and has none", op->name);
    if ((op->flags & SDAG_OP_NOGRAD) && op->grad)
        return wrong(why, "op %s has an adjoint and says that it has none (SDAG_OP_NOGRAD)", op->name);
    return true;
}

static bool record_place_sane(char why[SDAG_PLUGIN_WHY], const sdag_plugin_record *r)
{
    if (!r->option || !r->record) return wrong(why, "a record for '%s' lacks its option or itself", r->node);
    if (!sdag_record_sane(why, r->record)) return false;
    const sdag_transform *t = r->record->type;
    if (!strcmp(r->node, "augment") && (!t || !t->apply))
        return wrong(why, "the transform '%s' has no apply", r->record->name);
    return true;
}

bool sdag_plugin_sane(char why[SDAG_PLUGIN_WHY], const sdag_plugin *p)
{
    if (!p->types[0] && !p->ops[0] && !p->records[0].node)
        return wrong(why, "gives nothing: no types, no ops, no records");
    for (int i = 0; p->types[i]; i++)
        if (!sdag_type_sane(why, p->types[i])) return false;
    for (int i = 0; p->ops[i]; i++)
        if (!sdag_op_sane(why, p->ops[i])) return false;
    for (int i = 0; p->records[i].node; i++)
        if (!record_place_sane(why, &p->records[i])) return false;
    return true;
}
