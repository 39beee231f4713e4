/* A vocabulary of characters: code points in order, found by bisection. */
#include <string.h>

#include "core/base/str.h"
#include "core/io/vocab.h"

enum { CODE_POINTS = 0x110000, WORD = 64 };

typedef struct chars {
    int32_t n;
    const uint32_t *point; /* [n], rising */
} chars;

/* The token of a code point, or -1. */
static int32_t find(const chars *c, uint32_t point)
{
    int32_t lo = 0, hi = c->n;
    while (lo < hi) {
        int32_t mid = lo + (hi - lo) / 2;
        if (c->point[mid] < point) lo = mid + 1;
        else hi = mid;
    }
    return lo < c->n && c->point[lo] == point ? lo : -1;
}

static sdag_status encode(const sdag_vocab *v, sdag_tokens *to, const char *text, size_t n, size_t *at, char *why)
{
    const chars *c = v->impl;
    int len;
    for (size_t i = 0; i < n; i += (size_t)len) {
        uint32_t point = 0;
        *at = i;
        len = sdag_utf8(&point, text + i, n - i);
        if (!len) return sdag_why_utf8(why, text + i, n - i);
        int32_t token = find(c, point);
        if (token < 0)
            return sdag_why(why, SDAG_IO, "the character '%.*s' (U+%04X) is not in the vocabulary",
                            point < ' ' ? 0 : len, text + i, (unsigned)point);
        if (!sdag_tokens_push(to, token)) return SDAG_NOMEM;
    }
    return SDAG_OK;
}

/* Marks every code point of the text; false: at *at it is not UTF-8. */
static bool mark(uint64_t *seen, const char *text, size_t n, size_t *at)
{
    int len;
    for (*at = 0; *at < n; *at += (size_t)len) {
        uint32_t point;
        len = sdag_utf8(&point, text + *at, n - *at);
        if (!len) return false;
        seen[point / WORD] |= 1ull << point % WORD;
    }
    return true;
}

static size_t put_utf8(char *to, uint32_t p)
{
    size_t n = p < 0x80 ? 1 : p < 0x800 ? 2 : p < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--, p >>= 6) to[i] = (char)(0x80 | (p & 0x3f));
    to[0] = (char)(first[n] | p);
    return n;
}

static sdag_vocab *build(sdag_arena *a, const uint64_t *seen)
{
    int32_t n = 0;
    for (size_t i = 0; i < CODE_POINTS / WORD; i++) n += __builtin_popcountll(seen[i]);
    sdag_vocab *v = SDAG_NEW(a, sdag_vocab);
    chars *c = SDAG_NEW(a, chars);
    sdag_piece *pieces = SDAG_NEWS(a, sdag_piece, n);
    uint32_t *point = SDAG_NEWS(a, uint32_t, n);
    char *text = sdag_arena_get(a, 4 * (size_t)n);
    for (uint32_t p = 0; p < CODE_POINTS; p++) {
        if (!(seen[p / WORD] >> p % WORD & 1)) continue;
        pieces[c->n] = (sdag_piece){text, put_utf8(text, p)};
        text += pieces[c->n].n;
        point[c->n++] = p;
    }
    c->point = point;
    *v = (sdag_vocab){.n = n, .mask = -1, .pad = -1, .unk = -1, .piece = pieces, .impl = c, .encode = encode};
    return v;
}

sdag_status sdag_vocab_chars(sdag_vocab **out, sdag_arena *a, sdag_log *log, sdag_loc loc, const char *path,
                             const char *text, size_t n)
{
    uint64_t *seen = SDAG_NEWS(a, uint64_t, CODE_POINTS / WORD);
    char why[SDAG_WHY];
    size_t at;
    *out = NULL;
    if (n == 0) return sdag_fail(log, SDAG_IO, loc, "'%s' is empty", path);
    if (!mark(seen, text, n, &at)) {
        sdag_why_utf8(why, text + at, n - at);
        return sdag_vocab_fail(log, loc, path, text, at, why);
    }
    *out = build(a, seen);
    return SDAG_OK;
}
