/* dropout (Srivastava et al. 2014): every element is kept with probability 1 - p and then scaled by 1 / (1 - p).
 *   y_i = m_i x_i,   m_i = [u_i >= p] / (1 - p)
 * u is a function of seed, op, step and i alone (Philox, core/base/rng.h), never of the tile. So the adjoint, gx = m
 * gy, is this op again with the forward op's number in its attributes, and no mask is kept. Element i takes word i % 64
 * / 16 of block i / 64 * 16 + i % 16: sixteen blocks are computed side by side. */
#include "core/cpu/simd.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

enum { LANES = 16, WORDS = 4 * LANES, GROUP = 2 * WORDS };

/* The 64 words of a group, as sdag_philox gives them for counters (first + lane, c1, c2, c3). */
SDAG_INLINE void draw(uint32_t out[WORDS], uint32_t first, const uint32_t ctr[4], const uint32_t key[2])
{
    uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES], k0 = key[0], k1 = key[1];
    SDAG_SIMD
    for (int l = 0; l < LANES; l++) {
        c0[l] = first + (uint32_t)l;
        c1[l] = ctr[1];
        c2[l] = ctr[2];
        c3[l] = ctr[3];
    }
    for (int round = 0; round < 10; round++) {
        SDAG_SIMD
        for (int l = 0; l < LANES; l++) {
            const uint64_t a = (uint64_t)0xD2511F53u * c0[l], b = (uint64_t)0xCD9E8D57u * c2[l];
            c0[l] = (uint32_t)(b >> 32) ^ c1[l] ^ k0;
            c1[l] = (uint32_t)b;
            c2[l] = (uint32_t)(a >> 32) ^ c3[l] ^ k1;
            c3[l] = (uint32_t)a;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    SDAG_SIMD
    for (int l = 0; l < LANES; l++) {
        out[l] = c0[l];
        out[LANES + l] = c1[l];
        out[2 * LANES + l] = c2[l];
        out[3 * LANES + l] = c3[l];
    }
}

/* Elements [lo,hi). x times 0 rather than 0, so that NaN stays. */
SDAG_CLONES static void dropout_loop(float *y, const float *x, int64_t lo, int64_t hi, float p, const uint32_t ctr[4],
                                     const uint32_t key[2])
{
    const uint32_t least = (uint32_t)((double)p * 65536 + 0.5);
    const float scale = (float)(1 / (1 - least / 65536.0));
    for (int64_t g = lo / GROUP; g * GROUP < hi; g++) {
        uint32_t word[WORDS];
        float keep[GROUP];
        draw(word, (uint32_t)(g * LANES), ctr, key);
        SDAG_SIMD
        for (int i = 0; i < WORDS; i++) {
            keep[i] = (word[i] & 0xffff) >= least ? scale : 0.0f;
            keep[WORDS + i] = word[i] >> 16 >= least ? scale : 0.0f;
        }
        const int64_t at = g * GROUP, from = lo > at ? lo - at : 0, to = hi - at < GROUP ? hi - at : GROUP;
        SDAG_SIMD
        for (int64_t i = from; i < to; i++) y[at + i] = x[at + i] * keep[i];
    }
}

static void dropout_run(const sdag_args *a)
{
    const sdag_attr_dropout *o = a->attr;
    const uint64_t step = (uint64_t)a->step->step, seed = a->step->seed;
    const uint32_t ctr[4] = {0, (uint32_t)step, (uint32_t)(step >> 32), o->keyed ? o->salt : a->salt};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    dropout_loop(SDAG_DATA_F32(a->out[0]), SDAG_DATA_F32(a->in[0]), a->lo, a->hi, o->p, ctr, key);
}

static bool dropout_shape(sdag_shaping *s)
{
    const sdag_attr_dropout *o = s->attr;
    if (!(o->p >= 0 && o->p <= 0.9999f))
        return sdag_shape_fail(s, "the probability %g is outside 0 .. 0.9999", (double)o->p);
    return sdag_rule_like_first(s);
}

static void dropout_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                         sdag_val *gin)
{
    const sdag_attr_dropout *k = o->attr, again = {.p = k->p, .keyed = 1, .salt = k->keyed ? k->salt : o->salt};
    if (wants[0] && gout[0]) gin[0] = sdag_emit1(b, &sdag_opdef_dropout, gout[0], &again);
}

static const sdag_attr_dropout tenth = {0.1f, 0, 0}, half = {0.5f, 0, 0}, none = {0, 0, 0};

const sdag_op sdag_opdef_dropout = {
    .name = "dropout",
    .math = "y = x [u >= p] / (1 - p)",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_dropout),
    .flags = SDAG_OP_INPLACE,
    .split = SDAG_SPLIT_ELEMS,
    .shape = dropout_shape,
    .cpu = {.run = dropout_run},
    .grad = dropout_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &half, .training = 1},
                                     {.in = {"f32[]"}, .attr = &tenth, .training = 1},
                                     {.in = {"f32[7,31]"}, .attr = &none, .training = 1},
                                     {.in = {"f32[5,3,6001]"}, .attr = &tenth, .training = 1},
                                     {0}},
};

sdag_val sdag_op_dropout(sdag_build *b, sdag_val x, float p)
{
    return b->training && p > 0 ? sdag_emit1(b, &sdag_opdef_dropout, x, &(sdag_attr_dropout){.p = p}) : x;
}
