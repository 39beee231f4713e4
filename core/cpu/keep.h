/* Which elements dropout keeps: a function of a counter, a key and the element's number alone, so that no mask is
 * stored and any range of it can be made again.
 *
 *   sdag_keep k = sdag_keep_of(seed, step, salt, p);
 *   sdag_keep_range(y, x, lo, hi, &k);      // y_i = m_i x_i, m_i = [u_i >= p] / (1 - p), for lo <= i < hi
 *
 * u_i is a 16-bit half of a word of Philox (core/base/rng.h): element i takes half i / 64 % 2 of word i % 64 / 16 of
 * block i / 128 * 16 + i % 16, so that sixteen blocks are computed side by side. */
#ifndef SDAG_CPU_KEEP_H
#define SDAG_CPU_KEEP_H

#include <stdint.h>

#include "core/cpu/simd.h"

enum { SDAG_KEEP_LANES = 16, SDAG_KEEP_WORDS = 4 * SDAG_KEEP_LANES, SDAG_KEEP_GROUP = 2 * SDAG_KEEP_WORDS };

typedef struct sdag_keep {
    uint32_t ctr[4], key[2]; /* ctr[0] is the block */
    float p;
} sdag_keep;

SDAG_INLINE sdag_keep sdag_keep_of(uint64_t seed, uint64_t step, uint32_t salt, float p)
{
    return (sdag_keep){.ctr = {0, (uint32_t)step, (uint32_t)(step >> 32), salt},
                       .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
                       .p = p};
}

/* The 64 words of a group, as sdag_philox gives them for counters (first + lane, c1, c2, c3). */
SDAG_INLINE void sdag_keep_words(uint32_t out[SDAG_KEEP_WORDS], uint32_t first, const sdag_keep *k)
{
    enum { LANES = SDAG_KEEP_LANES };
    uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES], k0 = k->key[0], k1 = k->key[1];
    SDAG_SIMD
    for (int l = 0; l < LANES; l++) {
        c0[l] = first + (uint32_t)l;
        c1[l] = k->ctr[1];
        c2[l] = k->ctr[2];
        c3[l] = k->ctr[3];
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

/* keep[0..127] of group g. */
SDAG_INLINE void sdag_keep_group(float keep[SDAG_KEEP_GROUP], int64_t g, const sdag_keep *k)
{
    const uint32_t least = (uint32_t)((double)k->p * 65536 + 0.5);
    const float scale = (float)(1 / (1 - least / 65536.0));
    uint32_t word[SDAG_KEEP_WORDS];
    sdag_keep_words(word, (uint32_t)(g * SDAG_KEEP_LANES), k);
    SDAG_SIMD
    for (int i = 0; i < SDAG_KEEP_WORDS; i++) {
        keep[i] = (word[i] & 0xffff) >= least ? scale : 0.0f;
        keep[SDAG_KEEP_WORDS + i] = word[i] >> 16 >= least ? scale : 0.0f;
    }
}

/* y[i] = x[i] times what is kept, for the elements [lo,hi), which x and y hold from [0] on. x times 0 rather than 0, so
 * that NaN stays. */
SDAG_INLINE void sdag_keep_range(float *y, const float *x, int64_t lo, int64_t hi, const sdag_keep *k)
{
    for (int64_t g = lo / SDAG_KEEP_GROUP; g * SDAG_KEEP_GROUP < hi; g++) {
        float keep[SDAG_KEEP_GROUP];
        sdag_keep_group(keep, g, k);
        const int64_t at = g * SDAG_KEEP_GROUP, from = lo > at ? lo - at : 0;
        const int64_t to = hi - at < SDAG_KEEP_GROUP ? hi - at : SDAG_KEEP_GROUP;
        SDAG_SIMD
        for (int64_t i = from; i < to; i++) y[at - lo + i] = x[at - lo + i] * keep[i];
    }
}

#endif
