#include "core/io/bpe.h"

#include <stdbool.h>

#include "core/base/alloc.h"

#define END SIZE_MAX

/* A list of symbols: a merge takes the right one out. */
struct sdag_bpe_symbol {
    int32_t token; /* -1: merged into the one before */
    size_t before, after;
};

/* A merge that was possible when it was pushed: of the symbol at `at`, which was left, with its follower. */
struct sdag_bpe_pair {
    const sdag_merge *merge;
    size_t at;
};

typedef struct sdag_bpe_symbol symbol;
typedef struct sdag_bpe_pair pair;

static const sdag_merge *find(const sdag_merge *merges, size_t n, int32_t left, int32_t right)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const sdag_merge *m = &merges[mid];
        if (m->left < left || (m->left == left && m->right < right)) lo = mid + 1;
        else hi = mid;
    }
    return lo < n && merges[lo].left == left && merges[lo].right == right ? &merges[lo] : NULL;
}

/* ---- the heap: lowest rank first, leftmost of equals ---- */

static bool sooner(pair a, pair b)
{
    return a.merge->rank != b.merge->rank ? a.merge->rank < b.merge->rank : a.at < b.at;
}

static void push(sdag_bpe_work *w, pair p)
{
    size_t i = w->pairs++;
    for (; i && sooner(p, w->heap[(i - 1) / 2]); i = (i - 1) / 2) w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = p;
}

static pair pop(sdag_bpe_work *w)
{
    pair top = w->heap[0], last = w->heap[--w->pairs];
    size_t i = 0;
    for (size_t k = 1; k < w->pairs; k = 2 * i + 1) {
        if (k + 1 < w->pairs && sooner(w->heap[k + 1], w->heap[k])) k++;
        if (!sooner(w->heap[k], last)) break;
        w->heap[i] = w->heap[k];
        i = k;
    }
    if (w->pairs) w->heap[i] = last;
    return top;
}

/* Every symbol and every merge pushes at most two pairs. */
static bool reserve(sdag_bpe_work *w, size_t n)
{
    if (n <= w->cap) return true;
    size_t cap = n < 64 ? 64 : n, pairs;
    if (!sdag_mul_size(&pairs, cap, 3)) return false;
    symbol *s = sdag_realloc(w->symbol, cap, sizeof *s);
    if (s) w->symbol = s;
    pair *h = sdag_realloc(w->heap, pairs, sizeof *h);
    if (h) w->heap = h;
    if (!s || !h) return false;
    w->cap = cap;
    return true;
}

static void consider(sdag_bpe_work *w, size_t at, const sdag_merge *merges, size_t n_merges)
{
    const symbol *s = &w->symbol[at];
    const sdag_merge *m = s->after == END ? NULL : find(merges, n_merges, s->token, w->symbol[s->after].token);
    if (m) push(w, (pair){m, at});
}

/* Whether what p names is still there. */
static bool stands(const sdag_bpe_work *w, pair p)
{
    const symbol *s = &w->symbol[p.at];
    return s->token == p.merge->left && s->after != END && w->symbol[s->after].token == p.merge->right;
}

static void join(sdag_bpe_work *w, size_t at, int32_t token)
{
    symbol *s = &w->symbol[at], *gone = &w->symbol[s->after];
    s->token = token;
    s->after = gone->after;
    gone->token = -1;
    if (s->after != END) w->symbol[s->after].before = at;
}

sdag_status sdag_bpe_merge(sdag_bpe_work *w, int32_t *word, size_t *n, const sdag_merge *merges, size_t n_merges)
{
    size_t left = 0;
    if (!reserve(w, *n)) return SDAG_NOMEM;
    w->pairs = 0;
    for (size_t i = 0; i < *n; i++) w->symbol[i] = (symbol){word[i], i ? i - 1 : END, i + 1 < *n ? i + 1 : END};
    for (size_t i = 0; i < *n; i++) consider(w, i, merges, n_merges);
    while (w->pairs) {
        pair p = pop(w);
        if (!stands(w, p)) continue;
        join(w, p.at, p.merge->token);
        if (w->symbol[p.at].before != END) consider(w, w->symbol[p.at].before, merges, n_merges);
        consider(w, p.at, merges, n_merges);
    }
    for (size_t i = 0; i < *n; i++)
        if (w->symbol[i].token >= 0) word[left++] = w->symbol[i].token;
    *n = left;
    return SDAG_OK;
}

void sdag_bpe_release(sdag_bpe_work *w)
{
    sdag_free(w->symbol);
    sdag_free(w->heap);
    *w = (sdag_bpe_work){0};
}
