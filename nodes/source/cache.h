/* Decoded samples kept in memory, so that later epochs do not decode them again.
 *
 *   if (sdag_cache_get(&c, id, dst)) return SDAG_OK;
 *   ... decode to dst ...
 *   sdag_cache_put(&c, id, dst);
 *
 * Any thread may call both for any sample. The first samples are kept, as many as fit the limit. */
#ifndef SDAG_NODES_SOURCE_CACHE_H
#define SDAG_NODES_SOURCE_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sdag_cache { /* zeroed: keeps nothing */
    uint8_t *at;
    atomic_uchar *state;
    int64_t n;
    size_t each;
} sdag_cache;

bool sdag_cache_create(sdag_cache *c, int64_t n, size_t each, size_t limit); /* false: out of memory */
void sdag_cache_free(sdag_cache *c);
bool sdag_cache_get(const sdag_cache *c, int64_t id, uint8_t *dst);
void sdag_cache_put(const sdag_cache *c, int64_t id, const uint8_t *src);

#endif
