#include "graphs/spec/arith.h"

#include <math.h>
#include <string.h>

#include "core/base/str.h"

#define EXACT 9007199254740992.0 /* 2^53 */

/* ---- the functions */

static double least(const double *x, int n)
{
    double v = x[0];
    for (int i = 1; i < n; i++) v = fmin(v, x[i]);
    return v;
}

static double most(const double *x, int n)
{
    double v = x[0];
    for (int i = 1; i < n; i++) v = fmax(v, x[i]);
    return v;
}

static double down(const double *x, int n) { return (void)n, floor(x[0]); }
static double up(const double *x, int n) { return (void)n, ceil(x[0]); }
static double nearest(const double *x, int n) { return (void)n, round(x[0]); }
static double root(const double *x, int n) { return (void)n, sqrt(x[0]); }
static double size(const double *x, int n) { return (void)n, fabs(x[0]); }

static const struct {
    const char *name;
    int least, most;
    double (*of)(const double *x, int n);
} functions[] = {
    {"min", 1, SDAG_FORMULA_ARGS_MAX, least},
    {"max", 1, SDAG_FORMULA_ARGS_MAX, most},
    {"floor", 1, 1, down},
    {"ceil", 1, 1, up},
    {"round", 1, 1, nearest},
    {"sqrt", 1, 1, root},
    {"abs", 1, 1, size},
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

static int find(const char *name, size_t n)
{
    for (int i = 0; i < FUNCTIONS; i++)
        if (strlen(functions[i].name) == n && memcmp(functions[i].name, name, n) == 0) return i;
    return -1;
}

bool sdag_arith_find(const char *name, size_t n) { return find(name, n) >= 0; }

static const char *function_name(const void *ctx, int i) { return (void)ctx, i < FUNCTIONS ? functions[i].name : NULL; }

/* ---- evaluation */

typedef struct evaluation {
    sdag_arena *a;
    const sdag_formula *f;
    const sdag_arith_names *names;
    sdag_formula_error *e;
    double *v; /* of each term */
} evaluation;

static sdag_arith_status wrong(const evaluation *x, const sdag_term *t, const char *text)
{
    *x->e = (sdag_formula_error){t->at, t->len, text};
    return SDAG_ARITH_WRONG;
}

static sdag_arith_status call(evaluation *x, const sdag_term *t, double *out)
{
    double args[SDAG_FORMULA_ARGS_MAX];
    int id = find(t->name, strlen(t->name));
    if (id < 0) {
        const char *near = sdag_nearest(t->name, function_name, NULL);
        return wrong(x, t,
                     near ? sdag_arena_printf(x->a, "unknown function '%.40s'; did you mean '%s'?", t->name, near)
                          : sdag_arena_printf(x->a,
                                              "unknown function '%.40s': there are min, max, floor, ceil, round, "
                                              "sqrt and abs",
                                              t->name));
    }
    if (t->n < functions[id].least || t->n > functions[id].most)
        return wrong(x, t,
                     sdag_arena_printf(x->a, "%s takes %s, not %d", t->name,
                                       functions[id].most == 1 ? "one number" : "at least one number", t->n));
    for (int i = 0; i < t->n; i++) {
        if (t->args[i].key) return wrong(x, t, sdag_arena_printf(x->a, "%s names no argument", t->name));
        args[i] = x->v[t->args[i].term];
    }
    *out = functions[id].of(args, t->n);
    return SDAG_ARITH_OK;
}

static sdag_arith_status divide(const evaluation *x, const sdag_term *t, double *out)
{
    double by = x->v[t->args[1].term];
    if (by == 0) return wrong(x, t, "a division by 0");
    *out = x->v[t->args[0].term] / by;
    return SDAG_ARITH_OK;
}

static sdag_arith_status term(evaluation *x, const sdag_term *t, double *out)
{
    double u = t->n > 0 ? x->v[t->args[0].term] : 0, v = t->n > 1 ? x->v[t->args[1].term] : 0;
    switch (t->kind) {
    case SDAG_TERM_NUMBER: *out = t->number; return SDAG_ARITH_OK;
    case SDAG_TERM_NAME:
        return x->names->number(x->names->ctx, out, t->name, t->at, t->len) ? SDAG_ARITH_OK : SDAG_ARITH_REPORTED;
    case SDAG_TERM_CALL: return call(x, t, out);
    case SDAG_TERM_NEGATE: *out = -u; return SDAG_ARITH_OK;
    case SDAG_TERM_ADD: *out = u + v; return SDAG_ARITH_OK;
    case SDAG_TERM_SUB: *out = u - v; return SDAG_ARITH_OK;
    case SDAG_TERM_MUL: *out = (u * v); return SDAG_ARITH_OK;
    case SDAG_TERM_DIV: return divide(x, t, out);
    case SDAG_TERM_POWER: *out = pow(u, v); return SDAG_ARITH_OK;
    default:
        return wrong(x, t,
                     "only numbers are computed here, with + - * / ^ ( ), min, max, floor, ceil, round, sqrt and abs");
    }
}

const char *sdag_arith_text(sdag_arena *a, double v)
{
    char text[64], shortest[32];
    double rounded = v;
    if (v == floor(v) && fabs(v) <= EXACT) return sdag_arena_printf(a, "%.0f", v == 0 ? 0.0 : v);
    snprintf(text, sizeof text, "%.15g", v);
    for (char *p = text; *p; p++)
        if (*p == ',') *p = '.'; /* whatever the locale */
    sdag_parse_f64(&rounded, text);
    if (rounded == floor(rounded) && fabs(rounded) <= EXACT) return sdag_arena_printf(a, "%.0f", rounded);
    return sdag_arena_str(a, sdag_f64_text(shortest, rounded));
}

sdag_arith_status sdag_arith_eval(const char **out, sdag_arena *a, const sdag_formula *f, const sdag_arith_names *names,
                                  sdag_formula_error *e)
{
    evaluation x = {.a = a, .f = f, .names = names, .e = e, .v = SDAG_NEWS(a, double, f->n)};
    for (int i = 0; i < f->n; i++) {
        sdag_arith_status s = term(&x, &f->terms[i], &x.v[i]);
        if (s) return s;
        if (!isfinite(x.v[i])) return wrong(&x, &f->terms[i], "this has no finite value");
    }
    *out = sdag_arith_text(a, x.v[f->value]);
    return SDAG_ARITH_OK;
}
