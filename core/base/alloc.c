#include "core/base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Allocations are numbered from 1. Failure is told as a range of numbers, so that counting and failing
 * agree whichever thread comes first. */
static _Atomic uint64_t count, fail_from, fail_to;

static bool refused(void)
{
    uint64_t i = atomic_fetch_add_explicit(&count, 1, memory_order_relaxed) + 1;
    uint64_t from = atomic_load_explicit(&fail_from, memory_order_relaxed);
    return from && i >= from && i <= atomic_load_explicit(&fail_to, memory_order_relaxed);
}

void *sdag_alloc(size_t bytes) { return refused() ? NULL : calloc(1, bytes ? bytes : 1); }

void *sdag_alloc_array(size_t n, size_t each)
{
    size_t bytes;
    return sdag_mul_size(&bytes, n, each) ? sdag_alloc(bytes) : NULL;
}

void *sdag_alloc_aligned(size_t bytes, size_t align)
{
    void *p = NULL;
    if (align < sizeof(void *)) align = sizeof(void *);
    if (refused() || posix_memalign(&p, align, bytes ? bytes : 1) != 0) return NULL;
    return p;
}

void *sdag_realloc(void *p, size_t n, size_t each)
{
    size_t bytes;
    if (!sdag_mul_size(&bytes, n, each) || refused()) return NULL;
    return realloc(p, bytes ? bytes : 1);
}

void sdag_free(void *p) { free(p); }

void sdag_alloc_fail(uint64_t nth, bool forever)
{
    uint64_t at = nth ? atomic_load(&count) + nth : 0;
    atomic_store(&fail_from, 0); /* off while the end moves */
    atomic_store(&fail_to, forever ? UINT64_MAX : at);
    atomic_store(&fail_from, at);
}

uint64_t sdag_alloc_count(void) { return atomic_load_explicit(&count, memory_order_relaxed); }
