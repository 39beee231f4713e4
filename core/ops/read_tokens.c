/* read_tokens: the samples of a batch of text, by number (core/data/dataset.h).
 *   ids i32[B] -> i32[B,T]
 * Tiles are samples. */
#include <stdio.h>

#include "core/data/dataset.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static bool read_tokens_shape(sdag_shaping *s)
{
    const sdag_attr_rows *o = s->attr;
    if (!sdag_rule_dtype(s, 0, SDAG_DT_I32)) return false;
    if (s->in[0].shape.rank != 1) return sdag_shape_fail(s, "the numbers of the samples must be one axis");
    if (o->n < 1) return sdag_shape_fail(s, "samples without tokens");
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_I32, .shape = SDAG_SHAPE(s->in[0].shape.d[0], o->n)};
    return true;
}

static void read_tokens_run(const sdag_args *a)
{
    const sdag_attr_rows *o = a->attr;
    const sdag_dataset *d = a->samples;
    for (int64_t i = a->lo; i < a->hi; i++) {
        const int64_t id = SDAG_DATA_I32(a->in[0])[i];
        int64_t hw[2] = {0, 0};
        char why[128] = "";
        if (!d || id < 0 || id >= d->n || d->tokens != o->n) {
            sdag_op_fail(a, SDAG_IO, "there is no sample %lld of %lld tokens", (long long)id, (long long)o->n);
            return;
        }
        const sdag_status s = d->load(d, id, a->slot, (uint8_t *)(SDAG_DATA_I32(a->out[0]) + i * o->n), hw, why);
        if (s) {
            sdag_op_fail(a, s, "sample %lld: %s", (long long)id, why[0] ? why : sdag_status_name(s));
            return;
        }
    }
}

const sdag_op sdag_opdef_read_tokens = {
    .name = "read_tokens",
    .math = "the tokens of samples",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_rows),
    .flags = SDAG_OP_SAMPLES | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_FIRST,
    .shape = read_tokens_shape,
    .cpu = {.run = read_tokens_run},
};

sdag_val sdag_op_read_tokens(sdag_build *b, sdag_val ids, int64_t tokens)
{
    return sdag_emit1(b, &sdag_opdef_read_tokens, ids, &(sdag_attr_rows){tokens});
}
