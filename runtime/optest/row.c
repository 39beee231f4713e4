/* Rows of the table of checks as programs. */
#include "runtime/optest/row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"

/* ---- drawing ---- */

bool sdag_draw_parse(sdag_draw *d, const char *text)
{
    *d = (sdag_draw){0};
    const char *open = strchr(text, '['), *close = strchr(text, ']');
    char shape[100];
    if (!open || !close || (size_t)(close - open) + 2 > sizeof shape) return false;
    int t = 0;
    while (t < SDAG_DT_COUNT && strncmp(text, sdag_dtype_name((sdag_dtype)t), (size_t)(open - text))) t++;
    if (t == SDAG_DT_COUNT) return false;
    d->dtype = (sdag_dtype)t;
    memcpy(shape, open, (size_t)(close - open) + 1);
    shape[close - open + 1] = 0;
    if (!sdag_shape_parse(&d->shape, shape)) return false;
    if (d->dtype != SDAG_DT_F32) {
        d->how = SDAG_DRAW_WHOLE;
        d->bound = d->dtype == SDAG_DT_U8 ? 256 : 8;
    }
    if (!close[1]) return true;
    d->bound = strtod(close + 2, NULL);
    switch (close[1]) {
    case '>': d->how = SDAG_DRAW_POSITIVE; return true;
    case '#': d->how = SDAG_DRAW_WHOLE; return true;
    case '=': d->how = SDAG_DRAW_VALUE; return true;
    case '<': d->how = d->dtype == SDAG_DT_F32 ? SDAG_DRAW_BELOW : SDAG_DRAW_WHOLE; return true;
    }
    return false;
}

static double draw(const sdag_draw *d, sdag_rng *r)
{
    switch (d->how) {
    case SDAG_DRAW_POSITIVE: return 0.1 + fabs((double)sdag_rng_normal(r));
    case SDAG_DRAW_BELOW: return (double)sdag_rng_f32(r) * d->bound;
    case SDAG_DRAW_WHOLE: return sdag_rng_below(r, (uint32_t)d->bound);
    case SDAG_DRAW_VALUE: return d->bound;
    case SDAG_DRAW_FREE: break;
    }
    return (double)sdag_rng_normal(r);
}

void sdag_draw_fill(const sdag_draw *d, void *data, uint32_t seed)
{
    sdag_rng r = sdag_rng_at(1, seed, 0, 0);
    for (int64_t i = 0, n = sdag_elems(&d->shape); i < n; i++) {
        double v = draw(d, &r);
        if (d->dtype == SDAG_DT_F32) ((float *)data)[i] = (float)v;
        else if (d->dtype == SDAG_DT_I32) ((int32_t *)data)[i] = (int32_t)v;
        else ((uint8_t *)data)[i] = (uint8_t)v;
    }
}

/* ---- the program ---- */

static void ask_gradients(sdag_row *r, sdag_build *b, unsigned only)
{
    const sdag_op *op = r->op;
    bool any = false;
    for (int i = 0; i < op->n_out; i++) {
        const sdag_value *v = &r->program.values.at[r->out[i]];
        if (v->dtype == SDAG_DT_F32 && !(r->check->silent & 1u << i)) r->gout[i] = sdag_input(b, v->dtype, v->shape);
    }
    for (int i = 0; i < r->n_in; i++) {
        bool real = r->program.values.at[r->in[i]].dtype == SDAG_DT_F32;
        r->wants[i] = real && (only & 1u << i) && !(r->check->fixed & 1u << i);
        any |= r->wants[i];
    }
    if (!any) return;
    b->part = SDAG_PART_BACKWARD;
    sdag_program_op o = r->program.ops.at[r->index]; /* a copy: the list of ops grows */
    op->grad(b, &o, r->gout, r->wants, r->gin);
}

sdag_status sdag_row_build(sdag_row *r, unsigned only, const sdag_draw *draws)
{
    sdag_build b;
    r->program = (sdag_program){0};
    memset(r->gin, 0, sizeof r->gin);
    memset(r->gout, 0, sizeof r->gout);
    sdag_build_init(&b, r->arena, r->log, &r->program);
    b.node_name = "row";
    b.training = r->check->training;
    sdag_draw own[SDAG_IN_MAX];
    for (r->n_in = 0; r->n_in < SDAG_IN_MAX && r->check->in[r->n_in]; r->n_in++)
        if (!sdag_draw_parse(&own[r->n_in], r->check->in[r->n_in]))
            return sdag_fail(r->log, SDAG_INVALID, SDAG_NOLOC,
                             "%s: a row of its checks says '%s', which is no argument", r->op->name,
                             r->check->in[r->n_in]);
    for (int i = 0; i < r->n_in; i++) {
        const sdag_draw *d = draws ? &draws[i] : &own[i];
        bool state = r->op->flags & SDAG_OP_UPDATES && i < r->op->n_out;
        char *name = sdag_arena_printf(r->arena, "state%d", i);
        r->in[i] = state ? sdag_state_get(&b, name, d->dtype, d->shape, (sdag_init){0}, 0)
                         : sdag_input(&b, d->dtype, d->shape);
    }
    sdag_emit(&b, r->op, r->n_in, r->in, r->check->attr, r->out);
    r->index = r->program.ops.n - 1;
    if (!sdag_build_failed(&b) && r->op->grad) ask_gradients(r, &b, only);
    return b.status;
}

void sdag_row_fill(const sdag_row *r, sdag_interp *t, const sdag_draw *draws, uint32_t seed)
{
    for (int i = 0; i < r->n_in; i++) {
        sdag_draw d;
        if (draws) d = draws[i];
        else sdag_draw_parse(&d, r->check->in[i]);
        sdag_draw_fill(&d, t->at[r->in[i]].data, seed * 64 + (uint32_t)i);
    }
    for (int i = 0; i < r->op->n_out; i++)
        if (r->gout[i]) {
            sdag_draw d = {.dtype = SDAG_DT_F32, .shape = t->at[r->gout[i]].shape};
            sdag_draw_fill(&d, t->at[r->gout[i]].data, seed * 64 + 32 + (uint32_t)i);
        }
    t->step = (sdag_step){.seed = 5, .epoch = 2, .step = 3, .training = r->check->training};
}

/* ---- the value of the functional ---- */

/* The op's own float version as a function of doubles. */
static bool run_float(const sdag_row *r, const sdag_interp *t, double *const *x, double **y)
{
    const sdag_program_op *o = &r->program.ops.at[r->index];
    sdag_tensor in[SDAG_IN_MAX], out[SDAG_OUT_MAX];
    sdag_arena a;
    sdag_arena_init(&a);
    for (int i = 0; i < o->n_in; i++) {
        in[i] = t->at[o->in[i]];
        int64_t n = sdag_elems(&in[i].shape);
        in[i].data = sdag_interp_memory(&a, in[i].dtype, in[i].shape);
        for (int64_t k = 0; k < n; k++)
            if (in[i].dtype == SDAG_DT_F32) SDAG_DATA_F32(in[i])[k] = (float)x[i][k];
            else if (in[i].dtype == SDAG_DT_I32) SDAG_DATA_I32(in[i])[k] = (int32_t)x[i][k];
            else SDAG_DATA_U8(in[i])[k] = (uint8_t)x[i][k];
    }
    for (int i = 0; i < o->n_out; i++) {
        out[i] = t->at[o->out[i]];
        if (o->op->flags & SDAG_OP_VIEW) out[i].data = (char *)in[0].data + r->program.values.at[o->out[i]].offset;
        else if (o->op->flags & SDAG_OP_UPDATES) out[i].data = in[i].data;
        else out[i].data = sdag_interp_memory(&a, out[i].dtype, out[i].shape);
    }
    sdag_fault fault = {.lock = PTHREAD_MUTEX_INITIALIZER};
    bool ok = sdag_interp_op(o, in, out, &t->step, &fault, SDAG_TILES_FORWARD, 0xFF);
    for (int i = 0; ok && i < o->n_out; i++)
        for (int64_t k = 0, n = sdag_elems(&out[i].shape); k < n; k++)
            y[i][k] = out[i].dtype == SDAG_DT_F32   ? (double)SDAG_DATA_F32(out[i])[k]
                      : out[i].dtype == SDAG_DT_I32 ? (double)SDAG_DATA_I32(out[i])[k]
                                                    : (double)SDAG_DATA_U8(out[i])[k];
    sdag_arena_free(&a);
    return ok;
}

double sdag_row_value(const sdag_row *r, const sdag_interp *t, const sdag_reference *f, double *const *x, double **y)
{
    const sdag_program_op *o = &r->program.ops.at[r->index];
    sdag_ref_tensor in[SDAG_IN_MAX], out[SDAG_OUT_MAX];
    for (int i = 0; i < o->n_in; i++)
        in[i] = (sdag_ref_tensor){.at = x[i], .dtype = t->at[o->in[i]].dtype, .shape = t->at[o->in[i]].shape};
    for (int i = 0; i < o->n_out; i++)
        out[i] = (sdag_ref_tensor){.at = y[i], .dtype = t->at[o->out[i]].dtype, .shape = t->at[o->out[i]].shape};
    if (!f) {
        if (!run_float(r, t, x, y)) return NAN;
    } else {
        for (int i = 0; i < o->n_out; i++)
            for (int64_t k = 0, n = sdag_elems(&out[i].shape); k < n; k++) y[i][k] = NAN; /* all must be written */
        f->run(&(sdag_ref_args){.in = in,
                                .out = out,
                                .n_in = o->n_in,
                                .n_out = o->n_out,
                                .attr = o->attr,
                                .step = &t->step,
                                .salt = o->salt});
    }
    double sum = 0;
    for (int i = 0; i < o->n_out; i++)
        if (r->gout[i])
            for (int64_t k = 0, n = sdag_elems(&out[i].shape); k < n; k++)
                sum += (double)SDAG_DATA_F32(t->at[r->gout[i]])[k] * y[i][k];
    return sum;
}
