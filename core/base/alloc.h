/* The one gate to the heap: checked sizes, and failure on demand for the tests.
 *
 * sdag_alloc_fail(n, forever) makes the n-th allocation from now return NULL (and all later ones when
 * forever); n = 0 turns it off. sdag_alloc_count() counts allocations since the start, so that a test
 * can prove that steps 2..n of a run allocate nothing. All functions are thread-safe. */
#ifndef SDAG_BASE_ALLOC_H
#define SDAG_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *sdag_alloc(size_t bytes);                       /* zeroed; NULL when memory runs out */
void *sdag_alloc_array(size_t n, size_t each);        /* zeroed; NULL also when n*each overflows */
void *sdag_alloc_aligned(size_t bytes, size_t align); /* not zeroed; align a power of two; sdag_free it */
void *sdag_realloc(void *p, size_t n, size_t each);   /* p from here or NULL; new bytes not zeroed */
void sdag_free(void *p);                              /* NULL is fine */

void sdag_alloc_fail(uint64_t nth, bool forever);
uint64_t sdag_alloc_count(void);

/* a*b and a+b into *out; false when the result does not fit. */
static inline bool sdag_mul_size(size_t *out, size_t a, size_t b) { return !__builtin_mul_overflow(a, b, out); }
static inline bool sdag_add_size(size_t *out, size_t a, size_t b) { return !__builtin_add_overflow(a, b, out); }

#endif
