#include "core/io/words.h"

#include <string.h>

#include "core/base/str.h"
#include "core/io/unicode_data.h"

typedef enum { LETTER, NUMBER, SPACE, OTHER, NONE } kind;

static bool within(const uint32_t (*runs)[2], size_t n, uint32_t p)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (runs[mid][1] < p) lo = mid + 1;
        else hi = mid;
    }
    return lo < n && runs[lo][0] <= p;
}

#define WITHIN(runs, p) within(runs, sizeof(runs) / sizeof *(runs), p)

bool sdag_is_space(uint32_t p) { return WITHIN(spaces, p); }

static kind kind_of(uint32_t p)
{
    if (WITHIN(letters, p)) return LETTER;
    if (WITHIN(numbers, p)) return NUMBER;
    return sdag_is_space(p) ? SPACE : OTHER;
}

/* The kind of the first character, and its length; NONE at the end. */
static kind next(const char *text, size_t n, size_t *len)
{
    uint32_t p = 0;
    int k = sdag_utf8(&p, text, n);
    *len = k ? (size_t)k : n ? 1 : 0;
    return !n ? NONE : k ? kind_of(p) : OTHER;
}

/* Bytes of the longest run of one kind. last: bytes of its last character. */
static size_t run_of(kind want, const char *text, size_t n, size_t *last)
{
    size_t at = 0, len;
    while (next(text + at, n - at, &len) == want) {
        *last = len;
        at += len;
    }
    return at;
}

static size_t contraction(const char *text, size_t n)
{
    static const char *const endings[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t k = strlen(endings[i]);
        if (n >= k && !memcmp(text, endings[i], k)) return k;
    }
    return 0;
}

size_t sdag_word(const char *text, size_t n)
{
    size_t len, last = 0, k = contraction(text, n);
    if (k) return k;
    size_t blank = text[0] == ' ' ? 1 : 0;
    kind first = next(text + blank, n - blank, &len);
    if (first != SPACE && first != NONE) return blank + run_of(first, text + blank, n - blank, &last);
    k = run_of(SPACE, text, n, &last);
    /* A word follows: the last space is left to it, unless it is the only one. */
    return k < n && k > last ? k - last : k;
}
