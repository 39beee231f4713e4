/* Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
 *
 * A stream is named by what it is for, never by when or where it runs, so that results do not depend on
 * threads or on a resume:
 *   sdag_rng r = sdag_rng_at(seed, node, epoch, sample);
 *   float u = sdag_rng_f32(&r);      // [0,1)
 * The four words: key = seed (64 bits); counter = (block, sample, epoch, node). */
#ifndef SDAG_BASE_RNG_H
#define SDAG_BASE_RNG_H

#include <stdint.h>

typedef struct sdag_rng {
    uint32_t key[2], ctr[4], out[4];
    int left; /* words of out not used yet */
} sdag_rng;

void sdag_philox(uint32_t out[4], const uint32_t ctr[4], const uint32_t key[2]);

sdag_rng sdag_rng_at(uint64_t seed, uint32_t node, uint32_t epoch, uint32_t sample);
uint32_t sdag_rng_u32(sdag_rng *r);
uint32_t sdag_rng_below(sdag_rng *r, uint32_t n); /* 0..n-1 without bias; n >= 1 */
float sdag_rng_f32(sdag_rng *r);                  /* [0,1), 24 bits */
float sdag_rng_uniform(sdag_rng *r, float lo, float hi);
float sdag_rng_normal(sdag_rng *r);     /* N(0,1), Box-Muller on two words */
uint32_t sdag_hash32(const char *text); /* FNV-1a: names of nodes as the stream's node word */

#endif
