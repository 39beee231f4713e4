#include "nodes/source/cache.h"

#include <string.h>

#include "core/base/alloc.h"

enum { EMPTY, FILLING, FULL };

bool sdag_cache_create(sdag_cache *c, int64_t n, size_t each, size_t limit)
{
    size_t fit = each ? limit / (each + 1) : 0;
    if (fit < (size_t)n) n = (int64_t)fit;
    *c = (sdag_cache){.n = n, .each = each};
    if (n == 0) return true;
    c->at = sdag_alloc_array((size_t)n, each); /* zeroed by the system: pages come when they are written */
    c->state = sdag_alloc_array((size_t)n, sizeof *c->state);
    if (c->at && c->state) return true;
    sdag_cache_free(c);
    return false;
}

void sdag_cache_free(sdag_cache *c)
{
    sdag_free(c->at);
    sdag_free((void *)c->state);
    *c = (sdag_cache){0};
}

bool sdag_cache_get(const sdag_cache *c, int64_t id, uint8_t *dst)
{
    if (id >= c->n || atomic_load_explicit(&c->state[id], memory_order_acquire) != FULL) return false;
    memcpy(dst, c->at + (size_t)id * c->each, c->each);
    return true;
}

void sdag_cache_put(const sdag_cache *c, int64_t id, const uint8_t *src)
{
    unsigned char empty = EMPTY;
    if (id >= c->n || !atomic_compare_exchange_strong(&c->state[id], &empty, FILLING)) return;
    memcpy(c->at + (size_t)id * c->each, src, c->each);
    atomic_store_explicit(&c->state[id], FULL, memory_order_release);
}
