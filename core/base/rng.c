#include "core/base/rng.h"

#include <math.h>

void sdag_philox(uint32_t out[4], const uint32_t ctr[4], const uint32_t key[2])
{
    uint32_t c0 = ctr[0], c1 = ctr[1], c2 = ctr[2], c3 = ctr[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u; /* the Weyl steps of the paper: golden ratio and sqrt(3) - 1 */
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

sdag_rng sdag_rng_at(uint64_t seed, uint32_t node, uint32_t epoch, uint32_t sample)
{
    return (sdag_rng){.key = {(uint32_t)seed, (uint32_t)(seed >> 32)}, .ctr = {0, sample, epoch, node}};
}

uint32_t sdag_rng_u32(sdag_rng *r)
{
    if (r->left == 0) {
        sdag_philox(r->out, r->ctr, r->key);
        r->ctr[0]++;
        r->left = 4;
    }
    return r->out[4 - r->left--];
}

uint32_t sdag_rng_below(sdag_rng *r, uint32_t n)
{
    /* The high half of u*n is even over 0..n-1 once the 2^32 mod n lowest products are thrown away. */
    uint32_t floor = (uint32_t)-n % n;
    uint64_t product;
    do product = (uint64_t)sdag_rng_u32(r) * n;
    while ((uint32_t)product < floor);
    return (uint32_t)(product >> 32);
}

float sdag_rng_f32(sdag_rng *r) { return (float)(sdag_rng_u32(r) >> 8) * 0x1p-24f; }

float sdag_rng_uniform(sdag_rng *r, float lo, float hi) { return lo + (hi - lo) * sdag_rng_f32(r); }

float sdag_rng_normal(sdag_rng *r)
{
    float u = (float)((sdag_rng_u32(r) >> 8) + 1) * 0x1p-24f; /* (0,1], so the logarithm is finite */
    float angle = 6.28318530717958647692f * sdag_rng_f32(r);
    return sqrtf(-2.0f * logf(u)) * cosf(angle);
}

uint32_t sdag_hash32(const char *text)
{
    uint32_t h = 2166136261u;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 16777619u;
    return h;
}
