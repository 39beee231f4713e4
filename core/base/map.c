#include "core/base/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

static void sip_round(uint64_t v[4])
{
    v[0] += v[1], v[1] = ROTL(v[1], 13) ^ v[0], v[0] = ROTL(v[0], 32);
    v[2] += v[3], v[3] = ROTL(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = ROTL(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = ROTL(v[1], 17) ^ v[2], v[2] = ROTL(v[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein 2012): made for tables that strangers fill. The key is the 16
 * random bytes that the kernel hands to every process. */
static uint64_t hash_of(const char *text)
{
    static const uint64_t fixed[2];
    const void *secret = (const void *)getauxval(AT_RANDOM);
    uint64_t k[2], word;
    memcpy(k, secret ? secret : fixed, sizeof k);
    uint64_t v[4] = {k[0] ^ 0x736f6d6570736575u, k[1] ^ 0x646f72616e646f6du, k[0] ^ 0x6c7967656e657261u,
                     k[1] ^ 0x7465646279746573u};
    size_t n = strlen(text), i = 0;
    for (;; i += 8) {
        bool last = n - i < 8;
        word = last ? (uint64_t)n << 56 : 0;
        memcpy(&word, text + i, last ? n - i : 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
        if (last) break;
    }
    v[2] ^= 0xff;
    for (int round = 0; round < 3; round++) sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The slot of key: where it is, or the free one where it would go. */
static uint32_t slot_of(const sdag_map *m, const char *key, uint64_t hash)
{
    uint32_t i = (uint32_t)hash & m->mask;
    for (; m->at[i]; i = (i + 1) & m->mask) {
        const struct sdag_map_row *row = &m->rows[m->at[i] - 1];
        if (row->hash == hash && strcmp(row->key, key) == 0) break;
    }
    return i;
}

static void slots_grow(sdag_map *m)
{
    uint32_t size = m->at ? (m->mask + 1) * 2 : 16;
    m->at = SDAG_NEWS(m->a, int32_t, size);
    m->mask = size - 1;
    for (int i = 0; i < m->n; i++) m->at[slot_of(m, m->rows[i].key, m->rows[i].hash)] = i + 1;
}

bool sdag_map_put(sdag_map *m, const char *key, int id)
{
    if (!m->at || (uint32_t)m->n >= m->mask / 2) slots_grow(m);
    uint64_t hash = hash_of(key);
    uint32_t slot = slot_of(m, key, hash);
    if (m->at[slot]) return false;
    if (m->n == m->cap) sdag_vec_grow(m->a, (void **)&m->rows, &m->cap, sizeof *m->rows);
    m->rows[m->n] = (struct sdag_map_row){key, hash, id};
    m->at[slot] = ++m->n;
    return true;
}

int sdag_map_get(const sdag_map *m, const char *key)
{
    if (!m->at) return -1;
    int32_t at = m->at[slot_of(m, key, hash_of(key))];
    return at ? m->rows[at - 1].id : -1;
}

const char *sdag_map_key(const void *map, int i)
{
    const sdag_map *m = map;
    return i >= 0 && i < m->n ? m->rows[i].key : NULL;
}
