#include "core/base/arena.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define HIDE(p, n) __asan_poison_memory_region((p), (n))
#define SHOW(p, n) __asan_unpoison_memory_region((p), (n))
#define GAP ((size_t)16) /* forbidden bytes after every piece, so that overruns are seen inside a block too */
#else
#define HIDE(p, n) ((void)0)
#define SHOW(p, n) ((void)0)
#define GAP ((size_t)0)
#endif

#define ALIGN ((size_t)16)
#define BLOCK_MIN ((size_t)4 << 10)
#define BLOCK_MAX ((size_t)256 << 10)

struct sdag_arena_block {
    struct sdag_arena_block *next;
    size_t fill, size; /* of bytes */
    _Alignas(16) unsigned char bytes[];
};

struct sdag_arena_defer {
    struct sdag_arena_defer *next;
    void (*fn)(void *p);
    void *p;
};

void sdag_arena_init(sdag_arena *a) { *a = (sdag_arena){0}; }

void sdag_arena_free(sdag_arena *a)
{
    /* A deferred function may still read the arena, so it runs before any block goes. */
    while (a->defers) {
        struct sdag_arena_defer *d = a->defers;
        a->defers = d->next;
        d->fn(d->p);
    }
    while (a->blocks) {
        struct sdag_arena_block *b = a->blocks;
        a->blocks = b->next;
        SHOW(b->bytes, b->size);
        sdag_free(b);
    }
    sdag_arena_init(a);
}

sdag_status sdag_arena_try(sdag_arena *a, sdag_status (*fn)(void *arg), void *arg)
{
    jmp_buf here;
    void *const outer = a->escape;
    if (setjmp(here) == 0) {
        a->escape = &here;
        sdag_status s = fn(arg);
        a->escape = outer;
        return s;
    }
    a->escape = outer;
    return SDAG_NOMEM;
}

_Noreturn void sdag_arena_escape(sdag_arena *a)
{
    if (a->escape) longjmp(*(jmp_buf *)a->escape, 1);
    fputs("ssldag: error: out of memory\n", stderr);
    exit(1);
}

static struct sdag_arena_block *block_add(sdag_arena *a, size_t need)
{
    size_t size = a->blocks ? a->blocks->size * 2 : BLOCK_MIN, bytes;
    if (size > BLOCK_MAX) size = BLOCK_MAX;
    if (size < need) size = need;
    struct sdag_arena_block *b = sdag_add_size(&bytes, size, sizeof *b) ? sdag_alloc(bytes) : NULL;
    if (!b) return NULL;
    b->size = size;
    HIDE(b->bytes, b->size);
    if (a->blocks && need == size && a->blocks->size - a->blocks->fill > BLOCK_MIN) {
        /* A large piece goes behind the current block, whose room is still of use. */
        b->next = a->blocks->next;
        a->blocks->next = b;
    } else {
        b->next = a->blocks;
        a->blocks = b;
    }
    return b;
}

/* As sdag_arena_get, but NULL when memory runs out. */
static void *piece(sdag_arena *a, size_t bytes)
{
    size_t need;
    if (!sdag_add_size(&need, bytes ? bytes : 1, GAP + ALIGN - 1)) return NULL;
    need &= ~(ALIGN - 1);
    struct sdag_arena_block *b = a->blocks;
    if (!b || b->size - b->fill < need) b = block_add(a, need);
    if (!b) return NULL;
    void *p = b->bytes + b->fill;
    b->fill += need;
    a->used += bytes;
    SHOW(p, bytes);
    return p; /* zeroed, since sdag_alloc zeroes and nothing is handed out twice */
}

void *sdag_arena_get(sdag_arena *a, size_t bytes)
{
    void *p = piece(a, bytes);
    if (!p) sdag_arena_escape(a);
    return p;
}

void sdag_arena_defer(sdag_arena *a, void (*fn)(void *p), void *p)
{
    struct sdag_arena_defer *d = piece(a, sizeof *d);
    if (!d) {
        fn(p); /* or it would be lost on the way out */
        sdag_arena_escape(a);
    }
    *d = (struct sdag_arena_defer){.next = a->defers, .fn = fn, .p = p};
    a->defers = d;
}

void *sdag_arena_array(sdag_arena *a, size_t n, size_t each)
{
    size_t bytes;
    if (!sdag_mul_size(&bytes, n, each)) sdag_arena_escape(a);
    return sdag_arena_get(a, bytes);
}

char *sdag_arena_copy(sdag_arena *a, const void *p, size_t bytes)
{
    size_t more;
    if (!sdag_add_size(&more, bytes, 1)) sdag_arena_escape(a);
    char *to = sdag_arena_get(a, more);
    if (bytes) memcpy(to, p, bytes);
    return to;
}

char *sdag_arena_str(sdag_arena *a, const char *s) { return s ? sdag_arena_copy(a, s, strlen(s)) : NULL; }

char *sdag_arena_vprintf(sdag_arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0) return sdag_arena_str(a, "");
    char *to = sdag_arena_get(a, (size_t)n + 1);
    vsnprintf(to, (size_t)n + 1, fmt, ap);
    return to;
}

char *sdag_arena_printf(sdag_arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *s = sdag_arena_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}

void sdag_vec_grow(sdag_arena *a, void **at, int *cap, size_t each)
{
    if (*cap > INT32_MAX / 2) sdag_arena_escape(a);
    int more = *cap ? *cap * 2 : 8;
    void *to = sdag_arena_array(a, (size_t)more, each);
    void *old;
    memcpy(&old, at, sizeof old); /* at is a T ** of the caller: read and written as bytes, whatever T is */
    if (*cap) memcpy(to, old, (size_t)*cap * each);
    memcpy(at, &to, sizeof to);
    *cap = more;
}
