/* Numbers that are not finite: found on their step, and laid at the door of the node that made them. */
#include <stdio.h>
#include <string.h>

#include "core/cpu/simd.h"
#include "runtime/pool/parts.h"

/* Without its sign bit a float compares like an integer: the infinities are 0x7f800000, a NaN is anything above. */
SDAG_CLONES static int32_t largest(const float *x, int64_t n)
{
    int32_t most = 0;
    for (int64_t i = 0; i < n; i++) {
        int32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        bits &= 0x7fffffff;
        most = bits > most ? bits : most;
    }
    return most;
}

unsigned sdag_finite_scan(const float *x, int64_t n)
{
    int32_t most = largest(x, n);
    return most > 0x7f800000 ? SDAG_HAS_NAN : most == 0x7f800000 ? SDAG_HAS_INF : 0;
}

/* Of what a scan found, what op did not give on purpose. */
static unsigned unwanted(const sdag_op *op, unsigned found)
{
    return op->flags & SDAG_OP_INFINITE ? found & SDAG_HAS_NAN : found;
}

static bool is_small(const sdag_tensor *t) { return sdag_elems(&t->shape) <= SDAG_FINITE_MAX; }

/* The task that makes value v and the number of v, or of what it is a view of, among its results; NULL: no task. */
static sdag_task *maker(const sdag_exec *x, sdag_val v, int *out)
{
    sdag_val r = sdag_exec_root(x, v);
    int32_t op = x->program->values.at[r].producer;
    if (op < 0 || x->rank[op] < 0) return NULL;
    const sdag_program_op *o = &x->program->ops.at[op];
    for (*out = 0; *out < o->n_out && o->out[*out] != r;) ++*out;
    return *out < o->n_out ? &x->tasks[x->rank[op]] : NULL;
}

/* A large gradient is looked at just before its update: tile by tile, when the update goes element by element, since
 * it is read then anyway; otherwise when it is made. */
static void watch_gradients(sdag_exec *x, sdag_task *update)
{
    const sdag_program_op *o = &x->program->ops.at[update->index];
    const sdag_args *a = &update->args[0];
    for (int k = 0; k < a->n_in; k++) {
        int out = 0;
        sdag_task *from = maker(x, o->in[k], &out);
        if (a->in[k].dtype != SDAG_DT_F32 || x->program->values.at[o->in[k]].state >= 0 || !from) continue;
        if (from->scan >> out & 1) continue;
        if (update->op->split == SDAG_SPLIT_ELEMS && sdag_elems(&a->in[k].shape) == sdag_elems(&a->out[0].shape))
            update->check |= (uint16_t)(1u << k);
        else if (from->args[0].out[out].dtype == SDAG_DT_F32) from->scan |= (uint8_t)(1u << out);
    }
}

void sdag_finite_plan(sdag_exec *x)
{
    for (int r = 0; r < x->n; r++) {
        sdag_task *t = &x->tasks[r];
        const sdag_tensor *out = t->args[0].out;
        for (int k = 0; k < t->args[0].n_out && !(t->op->flags & SDAG_OP_UPDATES); k++)
            if (out[k].dtype == SDAG_DT_F32 && is_small(&out[k])) t->scan |= (uint8_t)(1u << k);
    }
    for (int r = 0; r < x->n; r++)
        if (x->tasks[r].op->flags & SDAG_OP_UPDATES) watch_gradients(x, &x->tasks[r]);
}

static void blame(sdag_exec *x, const sdag_task *by, const sdag_task *culprit, unsigned found, int stage, int64_t tile)
{
    sdag_hit h = {.order = by->order,
                  .stage = stage,
                  .tile = tile,
                  .feed = by->feed,
                  .op = culprit->index,
                  .status = SDAG_DIVERGED};
    snprintf(h.text, sizeof h.text, "%s gave a number that is not finite (%s) on step %lld", culprit->op->name,
             found & SDAG_HAS_NAN ? "nan" : "inf", (long long)x->steps[by->feed].step);
    sdag_exec_hit(x, &h);
}

/* The task has given such a number: was it handed one in an argument too large to have been looked at? Arguments stay
 * as they are until the task has finished, but for those that its results are written over. */
static const sdag_task *culprit_of(const sdag_exec *x, const sdag_task *t, unsigned *found)
{
    const sdag_program_op *o = &x->program->ops.at[t->index];
    const sdag_args *a = &t->args[x->parity[t->feed]];
    const sdag_task *best = t;
    for (int k = 0; k < a->n_in; k++) {
        int out = 0;
        const sdag_task *from = maker(x, o->in[k], &out);
        bool kept = a->in[k].dtype == SDAG_DT_F32;
        for (int i = 0; i < a->n_out; i++) kept &= !sdag_tensors_overlap(&a->in[k], &a->out[i]);
        if (!from || !kept || from->scan >> out & 1 || from->op->flags & SDAG_OP_UPDATES) continue;
        unsigned f = unwanted(from->op, sdag_finite_scan(a->in[k].data, sdag_elems(&a->in[k].shape)));
        if (!f || (best != t && best->order < from->order)) continue;
        best = from;
        *found = f;
    }
    return best;
}

void sdag_finite_outs(sdag_exec *x, const sdag_task *t)
{
    const sdag_args *a = &t->args[x->parity[t->feed]];
    unsigned found = 0;
    for (int k = 0; k < a->n_out; k++) {
        if (!(t->scan >> k & 1)) continue;
        unsigned f = unwanted(t->op, sdag_finite_scan(a->out[k].data, sdag_elems(&a->out[k].shape)));
        if (f > found) found = f;
    }
    if (!found) return;
    const sdag_task *from = culprit_of(x, t, &found);
    blame(x, t, from, found, SDAG_STAGES, 0);
}

bool sdag_finite_ins(sdag_exec *x, const sdag_task *t, const sdag_args *a)
{
    for (int k = 0; k < a->n_in; k++) {
        if (!(t->check >> k & 1)) continue;
        int out = 0;
        const sdag_task *from = maker(x, x->program->ops.at[t->index].in[k], &out);
        unsigned found = unwanted(from->op, sdag_finite_scan((const float *)a->in[k].data + a->lo, a->hi - a->lo));
        if (!found) continue;
        blame(x, t, from, found, a->stage, a->tile);
        return false;
    }
    return true;
}
