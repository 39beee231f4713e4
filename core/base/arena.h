/* Arena: everything that one stage builds, freed at once.
 *
 *   sdag_arena a;
 *   sdag_arena_init(&a);
 *   status = sdag_arena_try(&a, build, &args);   // SDAG_NOMEM when any allocation inside failed
 *   sdag_arena_free(&a);
 *
 * Allocation from an arena never returns NULL: when memory runs out, control returns to the innermost
 * sdag_arena_try of that arena. So code between holds nothing that only it can release; what must be
 * closed (a parser, a FILE) is handed to sdag_arena_defer, which runs when the arena is freed (or at once,
 * when there is no memory to remember it).
 * Outside any try, running out of memory ends the process with exit code 1. Not thread-safe. */
#ifndef SDAG_BASE_ARENA_H
#define SDAG_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

typedef struct sdag_arena {
    struct sdag_arena_block *blocks; /* newest first */
    struct sdag_arena_defer *defers; /* newest first */
    void *escape;                    /* jmp_buf of the innermost try */
    size_t used;                     /* bytes handed out */
} sdag_arena;

void sdag_arena_init(sdag_arena *a);
void sdag_arena_free(sdag_arena *a); /* runs the deferred functions, newest first; a is empty afterwards */

sdag_status sdag_arena_try(sdag_arena *a, sdag_status (*fn)(void *arg), void *arg);
void sdag_arena_defer(sdag_arena *a, void (*fn)(void *p), void *p);
_Noreturn void sdag_arena_escape(sdag_arena *a); /* as if an allocation had failed */

void *sdag_arena_get(sdag_arena *a, size_t bytes);                 /* zeroed, aligned to 16 */
void *sdag_arena_array(sdag_arena *a, size_t n, size_t each);      /* overflow counts as out of memory */
char *sdag_arena_copy(sdag_arena *a, const void *p, size_t bytes); /* a NUL is added */
char *sdag_arena_str(sdag_arena *a, const char *s);                /* NULL gives NULL */
char *sdag_arena_printf(sdag_arena *a, const char *fmt, ...) SDAG_PRINTF(2, 3);
char *sdag_arena_vprintf(sdag_arena *a, const char *fmt, va_list ap);

/* SDAG_NEW(a, T): one zeroed T.   SDAG_NEWS(a, T, n): n of them. */
#define SDAG_NEW(a, T) ((T *)sdag_arena_get((a), sizeof(T)))
#define SDAG_NEWS(a, T, n) ((T *)sdag_arena_array((a), (size_t)(n), sizeof(T)))

/* A growing array in an arena:  SDAG_VEC(int) v = {0};  *SDAG_PUSH(a, &v) = 3;  v.at[0], v.n */
#define SDAG_VEC(T) \
    struct {        \
        T *at;      \
        int n, cap; \
    }
#define SDAG_PUSH(a, v)                                                                                \
    ((v)->n == (v)->cap ? sdag_vec_grow((a), (void **)&(v)->at, &(v)->cap, sizeof *(v)->at) : (void)0, \
     &(v)->at[(v)->n++])
void sdag_vec_grow(sdag_arena *a, void **at, int *cap, size_t each);

#endif
