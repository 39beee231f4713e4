#include "core/node/sample.h"

sdag_val sdag_sample_ids(sdag_build *b, sdag_val x)
{
    int64_t batch = sdag_dim(b, x, 0);
    for (;;) {
        const sdag_value *v = sdag_value_at(b, x);
        if (v->producer < 0) return 0;
        const sdag_program_op *o = &b->program->ops.at[v->producer];
        if (o->n_in < 1 || sdag_dim(b, o->in[0], 0) != batch) return 0;
        x = o->in[0];
        if (o->op->flags & SDAG_OP_SAMPLES) return x;
    }
}
