/* A formula -> operations: one term after the other. */
#include <math.h>
#include <string.h>

#include "graphs/expr/functions.h"
#include "graphs/lower/lower.h"

static int port_of(const sdag_exprs *x, const char *name) { return sdag_port_find(x->e->type.ins, name); }

/* ---- names */

static sdag_expr_value input(sdag_exprs *x, int port)
{
    if (!x->inputs[port]) x->inputs[port] = sdag_in(x->b, x->self, x->e->type.ins[port].name);
    return sdag_expr_tensor(x->inputs[port]);
}

static const sdag_named_schedule *find(const sdag_schedules *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->at[i].name, name) == 0) return &s->at[i];
    return NULL;
}

static sdag_expr_value name(sdag_exprs *x, const sdag_term *t)
{
    int port = port_of(x, t->name);
    const sdag_named_schedule *p = find(&x->o->params, t->name), *w = find(&x->o->learn, t->name);
    double constant;
    if (port >= 0) return input(x, port);
    if (w)
        return sdag_expr_tensor(
            sdag_param(x->b, w->name, SDAG_SCALAR, (sdag_init){SDAG_INIT_CONST, w->schedule.from}, SDAG_STATE_BIAS));
    if (p && p->schedule.rule == SDAG_SCHED_CONST && p->schedule.warmup.n <= 0)
        return sdag_expr_number((double)p->schedule.from);
    if (p) return sdag_expr_tensor(sdag_scheduled_val(x->b, &p->schedule));
    if (!sdag_expr_constant(&constant, t->name)) sdag_expr_fail(x, "'%s' is unknown", t->name); /* refused before */
    else return sdag_expr_number(constant);
    return sdag_expr_tensor(0);
}

static sdag_expr_value view(sdag_exprs *x, const sdag_term *t)
{
    const char *name = x->e->formula.terms[t->args[0].term].name;
    int n = sdag_in_views(x->b, x->self, name), i = (int)t->number;
    if (i < n) return sdag_expr_tensor(sdag_in_view(x->b, x->self, name, i));
    if (!sdag_build_failed(x->b))
        sdag_expr_fail(x, "'%s' carries %d view%s, counted from 0: there is no %s[%d]", name, n, n == 1 ? "" : "s",
                       name, i);
    return sdag_expr_tensor(0);
}

/* ---- calls */

static bool axes_from(sdag_exprs *x, const sdag_expr_value *v, sdag_expr_args *a)
{
    const double *at = v->kind == SDAG_EXPR_LIST ? v->list : &v->number;
    a->n_axes = v->kind == SDAG_EXPR_LIST ? v->n : 1;
    bool good = (v->kind == SDAG_EXPR_LIST && v->n >= 1 && v->n <= SDAG_RANK_MAX) || v->kind == SDAG_EXPR_NUMBER;
    for (int i = 0; i < a->n_axes && good; i++) {
        good = at[i] == floor(at[i]) && fabs(at[i]) <= SDAG_RANK_MAX;
        if (good) a->axes[i] = (int)at[i];
    }
    const char *name = x->term->name;
    bool two = strcmp(name, "max") == 0 || strcmp(name, "min") == 0;
    if (!good)
        sdag_expr_fail(x, "an axis is a whole number such as 0 or -1, or a list of them%s",
                       two ? "; maximum(x, y) and minimum(x, y) compare two values" : "");
    return good;
}

static bool take_named(sdag_exprs *x, const char *key, const sdag_expr_value *v, sdag_expr_args *a)
{
    if (strcmp(key, "axis") == 0) return axes_from(x, v, a);
    if (v->kind != SDAG_EXPR_NUMBER) {
        sdag_expr_fail(x, "%s is %s, expected a number", key, sdag_expr_shape_text(x, v));
        return false;
    }
    if (strcmp(key, "keep") == 0) a->keep = v->number != 0;
    if (strcmp(key, "unbiased") == 0) a->unbiased = v->number != 0;
    if (strcmp(key, "eps") == 0) a->eps = v->number;
    if (strcmp(key, "eps") == 0 && !(v->number >= 0)) sdag_expr_fail(x, "eps is %g, expected at least 0", v->number);
    return !sdag_build_failed(x->b);
}

static sdag_expr_value call(sdag_exprs *x, const sdag_term *t)
{
    const sdag_expr_function *f = sdag_expr_function_find(t->name); /* looked up and counted by the graph stage */
    sdag_expr_args a = {.eps = -1};
    for (int i = 0; i < t->n; i++) {
        sdag_expr_value *v = &x->v[t->args[i].term];
        if (t->args[i].key) {
            if (!take_named(x, t->args[i].key, v, &a)) return sdag_expr_tensor(0);
        } else if (a.n == f->most) {
            if (!axes_from(x, v, &a)) return sdag_expr_tensor(0);
        } else a.at[a.n++] = v;
    }
    if (f->call) return f->call(x, &a);
    if (a.at[0]->kind == SDAG_EXPR_NUMBER) return sdag_expr_number(f->of(a.at[0]->number));
    sdag_val v = sdag_expr_force_f32(x, a.at[0]);
    return sdag_expr_tensor(sdag_build_failed(x->b) ? 0 : f->each(x->b, v));
}

static sdag_expr_value list(sdag_exprs *x, const sdag_term *t)
{
    double *at = SDAG_NEWS(x->b->arena, double, t->n + 1);
    for (int i = 0; i < t->n; i++) {
        const sdag_expr_value *v = &x->v[t->args[i].term];
        if (v->kind != SDAG_EXPR_NUMBER)
            sdag_expr_fail(x, "a list holds numbers; this is %s", sdag_expr_shape_text(x, v));
        at[i] = v->number;
    }
    return (sdag_expr_value){.kind = SDAG_EXPR_LIST, .n = t->n, .list = at};
}

/* ---- terms */

static sdag_expr_value lower_term(sdag_exprs *x, const sdag_term *t)
{
    sdag_expr_value *u = t->n > 0 ? &x->v[t->args[0].term] : NULL, *v = t->n > 1 ? &x->v[t->args[1].term] : NULL;
    switch (t->kind) {
    case SDAG_TERM_NUMBER: return sdag_expr_number(t->number);
    case SDAG_TERM_NAME: return name(x, t);
    case SDAG_TERM_CALL: return call(x, t);
    case SDAG_TERM_LIST: return list(x, t);
    case SDAG_TERM_INDEX: return view(x, t);
    case SDAG_TERM_TRANSPOSE: return sdag_expr_transposed(x, u);
    case SDAG_TERM_NEGATE: return sdag_expr_scaled(x, u, -1, 0);
    default: return sdag_expr_binary(x, t->kind, u, v);
    }
}

/* The names of bundles that are only indexed are not read as a whole. */
static bool *whole_reads(const sdag_exprs *x)
{
    const sdag_formula *f = &x->e->formula;
    bool *read = SDAG_NEWS(x->b->arena, bool, f->n + 1);
    for (int i = 0; i < f->n; i++)
        for (int k = 0; k < f->terms[i].n && f->terms[i].kind != SDAG_TERM_INDEX; k++)
            read[f->terms[i].args[k].term] = true;
    read[f->value] = true;
    return read;
}

static void place_at(sdag_exprs *x, const sdag_term *t)
{
    x->term = t;
    x->b->loc = sdag_spec_place(x->e->text, t->at, t->len);
}

/* The term's value as an output. loss: it must be one number. */
static void give(sdag_exprs *x, const char *port, int32_t term)
{
    place_at(x, &x->e->formula.terms[term]);
    sdag_expr_value *v = &x->v[term];
    sdag_shape s = sdag_expr_shape_of(x, v);
    if (sdag_build_failed(x->b)) return;
    if (x->e->type.role == SDAG_ROLE_LOSS && s.rank && strcmp(port, "out") == 0) {
        sdag_expr_fail(x, "a loss is one number, f32[], but this is %s; mean(...) or sum(...) makes one of it",
                       sdag_expr_shape_text(x, v));
        return;
    }
    sdag_out(x->b, x->self, port, sdag_expr_force(x, v));
}

void sdag_expr_lower(sdag_build *b, const sdag_node *self)
{
    const sdag_expr *e = (const sdag_expr *)sdag_lowered_type(self);
    const sdag_formula *f = &e->formula;
    const sdag_loc loc = b->loc;
    sdag_exprs x = {.b = b, .self = self, .e = e, .o = sdag_node_opts(self)};
    x.v = SDAG_NEWS(b->arena, sdag_expr_value, f->n + 1);
    x.inputs = SDAG_NEWS(b->arena, sdag_val, sdag_port_count(e->type.ins) + 1);
    const bool *read = whole_reads(&x);
    for (int i = 0; i < f->n && !sdag_build_failed(b); i++) {
        const sdag_term *t = &f->terms[i];
        if (!read[i]) continue;
        place_at(&x, t);
        x.v[i] = lower_term(&x, t);
        if (t->uses > 1 && x.v[i].kind == SDAG_EXPR_TENSOR) sdag_expr_force(&x, &x.v[i]);
    }
    give(&x, "out", f->value);
    for (int i = 0; i < f->n_lets && !sdag_build_failed(b); i++)
        if (sdag_port_find(e->type.outs, f->lets[i].name) >= 0) give(&x, f->lets[i].name, f->lets[i].term);
    b->loc = loc;
}
