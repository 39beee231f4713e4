/* mask_tokens: some tokens of each sample are hidden, to be guessed (Devlin et al. 2019, section 3.1).
 *   tokens i32[B,T], samples [B,...] -> input i32[B,T], target i32[B,T]
 *   n = tokens of the sample that are no padding;   k = max(1, round(ratio n)) of them are chosen, every choice alike
 *   target = the token where it was chosen, -100 elsewhere
 *   input  = the token; where it was chosen: the mask with probability `mask`, any token but the special ones with
 *            probability `random`, otherwise the token itself
 * Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S). The stream of random numbers is named by the sample
 * (core/ops/sample.h). */
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"
#include "core/ops/sample.h"

/* Any token but mask and pad. */
static int32_t any_token(sdag_rng *r, const sdag_attr_mask_tokens *o)
{
    const int32_t lo = o->mask_id < o->pad_id ? o->mask_id : o->pad_id;
    const int32_t hi = o->mask_id < o->pad_id ? o->pad_id : o->mask_id;
    const uint32_t specials = (lo >= 0) + (hi >= 0 && hi != lo);
    int32_t t = (int32_t)sdag_rng_below(r, (uint32_t)o->vocab - specials);
    if (lo >= 0 && t >= lo) t++;
    if (hi != lo && t >= hi) t++;
    return t;
}

static int32_t hide(sdag_rng *r, const sdag_attr_mask_tokens *o, int32_t token)
{
    const float u = sdag_rng_f32(r);
    if (u < o->mask) return o->mask_id;
    return u < o->mask + o->random ? any_token(r, o) : token;
}

static void mask_one(sdag_rng r, const sdag_attr_mask_tokens *o, const int32_t *x, int32_t *input, int32_t *target,
                     int64_t t)
{
    int64_t n = 0, seen = 0;
    for (int64_t j = 0; j < t; j++) n += x[j] != o->pad_id;
    int64_t left = (int64_t)((double)o->ratio * (double)n + 0.5);
    if (left < 1) left = 1;
    for (int64_t j = 0; j < t; j++) {
        input[j] = x[j];
        target[j] = -100;
        if (x[j] == o->pad_id) continue;
        if (sdag_rng_below(&r, (uint32_t)(n - seen++)) >= (uint32_t)left) continue;
        left--;
        target[j] = x[j];
        input[j] = hide(&r, o, x[j]);
    }
}

static void mask_tokens_run(const sdag_args *a)
{
    const sdag_attr_mask_tokens *o = a->attr;
    const int64_t t = a->in[0].shape.d[1];
    for (int64_t i = a->lo; i < a->hi; i++)
        mask_one(sdag_sample_rng(a, &a->in[1], o->stream, i), o, SDAG_DATA_I32(a->in[0]) + i * t,
                 SDAG_DATA_I32(a->out[0]) + i * t, SDAG_DATA_I32(a->out[1]) + i * t, t);
}

static bool mask_tokens_shape(sdag_shaping *s)
{
    const sdag_attr_mask_tokens *o = s->attr;
    if (!sdag_rule_dtype(s, 0, SDAG_DT_I32)) return false;
    if (s->in[0].shape.rank != 2) return sdag_shape_fail(s, "the argument must be [samples, tokens]");
    if (s->in[1].shape.rank < 1 || s->in[1].shape.d[0] != s->in[0].shape.d[0])
        return sdag_shape_fail(s, "not as many numbers as samples");
    if (o->mask_id < 0 || o->mask_id >= o->vocab || o->pad_id >= o->vocab || o->vocab < 3)
        return sdag_shape_fail(s, "no mask token %d in a vocabulary of %d", (int)o->mask_id, (int)o->vocab);
    s->out[0] = s->out[1] = s->in[0];
    return true;
}

static const sdag_attr_mask_tokens
    usual = {.ratio = 0.15f, .mask = 0.8f, .random = 0.1f, .vocab = 8, .mask_id = 7, .pad_id = -1, .stream = 3},
    padded = {.ratio = 0.5f, .mask = 0.3f, .random = 0.6f, .vocab = 7, .mask_id = 1, .pad_id = 0, .stream = 4},
    mostly = {.ratio = 0.9f, .mask = 0, .random = 1, .vocab = 9, .mask_id = 2, .pad_id = 5};

const sdag_op sdag_opdef_mask_tokens = {
    .name = "mask_tokens",
    .math = "some tokens hidden, to be guessed",
    .n_in = 2,
    .n_out = 2,
    .attr_size = sizeof(sdag_attr_mask_tokens),
    .flags = SDAG_OP_NOGRAD | SDAG_OP_RANDOM,
    .split = SDAG_SPLIT_FIRST,
    .shape = mask_tokens_shape,
    .cpu = {.run = mask_tokens_run},
    .check = (const sdag_op_check[]){{.in = {"i32[5,40]<7", "i32[5]<100"}, .attr = &usual, .training = 1},
                                     {.in = {"i32[4,3]<3", "i32[4]<100"}, .attr = &padded},
                                     {.in = {"i32[7,9]<2", "f32[7,2]"}, .attr = &padded, .training = 1},
                                     {.in = {"i32[1,1]<1", "i32[1]<5"}, .attr = &usual},
                                     {.in = {"i32[601,65]<9", "i32[601]<5000"}, .attr = &mostly, .training = 1},
                                     {0}},
};

sdag_val sdag_op_mask_tokens(sdag_build *b, sdag_val tokens, sdag_val samples, const sdag_attr_mask_tokens *how,
                             sdag_val *target)
{
    sdag_val out[2] = {0}, in[] = {tokens, samples};
    sdag_emit(b, &sdag_opdef_mask_tokens, 2, in, how, out);
    *target = out[1];
    return out[0];
}
