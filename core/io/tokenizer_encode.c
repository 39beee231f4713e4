/* Text to tokens, in the order of Hugging Face's tokenizers: added tokens are cut out, what lies between is cut into
 * words, the bytes of each word are merged in pairs. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/str.h"
#include "core/io/tokenizer.h"
#include "core/io/words.h"

typedef struct encoding {
    const sdag_tokenizer *t;
    sdag_tokens *to;
    sdag_bpe_work work;
    const char *start; /* of the whole text */
    size_t *at;
    char *why;
} encoding;

/* ---- words ---- */

/* place: where the word begins in the whole text, for the message. */
static sdag_status encode_word(encoding *e, const char *word, size_t n, size_t place)
{
    size_t first = e->to->n;
    for (size_t i = 0; i < n; i++) {
        int32_t token = e->t->byte[(unsigned char)word[i]];
        if (token < 0) token = e->t->unk;
        *e->at = place;
        if (token < 0)
            return sdag_why(e->why, SDAG_IO, "the byte 0x%02x is not in the vocabulary", (unsigned char)word[i]);
        if (!sdag_tokens_push(e->to, token)) return SDAG_NOMEM;
    }
    sdag_status s = sdag_bpe_merge(&e->work, e->to->at + first, &n, e->t->merges, e->t->n_merges);
    e->to->n = first + n;
    return s;
}

static sdag_status encode_words(encoding *e, const char *text, size_t n, size_t place)
{
    sdag_status s = SDAG_OK;
    size_t len;
    for (size_t i = 0; i < n && !s; i += len) {
        len = e->t->words ? sdag_word(text + i, n - i) : n;
        s = encode_word(e, text + i, len, place + i);
    }
    return s;
}

/* Text without added tokens. */
static sdag_status encode_plain(encoding *e, const char *text, size_t n)
{
    const size_t place = (size_t)(text - e->start);
    if (!n) return SDAG_OK;
    if (!e->t->prefix_space || text[0] == ' ') return encode_words(e, text, n, place);
    char *copy = sdag_alloc(n + 1);
    if (!copy) return SDAG_NOMEM;
    copy[0] = ' ';
    memcpy(copy + 1, text, n);
    sdag_status s = encode_words(e, copy, n + 1, place);
    sdag_free(copy);
    return s;
}

/* ---- added tokens ---- */

/* The first of [lo, hi), all alike before byte k, whose byte k is at least c. */
static size_t narrow(const sdag_added_list *l, size_t lo, size_t hi, size_t k, int c)
{
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const sdag_piece *p = &l->at[mid].text;
        int here = k < p->n ? (unsigned char)p->at[k] : -1;
        if (here < c) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

/* The longest added token that the text begins with, or NULL. */
static const sdag_added *longest(const sdag_added_list *l, const char *text, size_t n)
{
    const sdag_added *found = NULL;
    size_t lo = 0, hi = l->n;
    for (size_t k = 0; k < n && lo < hi; k++) {
        const int c = (unsigned char)text[k];
        lo = narrow(l, lo, hi, k, c);
        hi = narrow(l, lo, hi, k, c + 1);
        if (lo < hi && l->at[lo].text.n == k + 1) found = &l->at[lo];
    }
    return found;
}

/* Bytes of white space at the start of the text. */
static size_t spaces_after(const char *text, size_t n)
{
    uint32_t p;
    int len;
    for (size_t i = 0;; i += (size_t)len)
        if (!(len = sdag_utf8(&p, text + i, n - i)) || !sdag_is_space(p)) return i;
}

/* ... and at its end. */
static size_t spaces_before(const char *text, size_t n)
{
    uint32_t p;
    size_t end = n;
    while (end) {
        size_t i = end - 1;
        while (i && ((unsigned char)text[i] & 0xc0) == 0x80) i--;
        if (!sdag_utf8(&p, text + i, end - i) || !sdag_is_space(p)) break;
        end = i;
    }
    return n - end;
}

static sdag_status encode_part(encoding *e, int list, const char *text, size_t n)
{
    if (list == 2) return encode_plain(e, text, n);
    const sdag_added_list *l = &e->t->added[list];
    size_t done = 0;
    sdag_status s = SDAG_OK;
    for (size_t i = 0; i < n && l->n;) {
        const sdag_added *found = l->starts[(unsigned char)text[i]] ? longest(l, text + i, n - i) : NULL;
        if (!found) {
            i++;
            continue;
        }
        size_t end = i - (found->lstrip ? spaces_before(text + done, i - done) : 0);
        s = encode_part(e, list + 1, text + done, end - done);
        if (s) return s;
        if (!sdag_tokens_push(e->to, found->token)) return SDAG_NOMEM;
        i += found->text.n;
        if (found->rstrip) i += spaces_after(text + i, n - i);
        done = i;
    }
    return encode_part(e, list + 1, text + done, n - done);
}

sdag_status sdag_tokenizer_encode(const sdag_vocab *v, sdag_tokens *to, const char *text, size_t n, size_t *at,
                                  char *why)
{
    encoding e = {.t = v->impl, .to = to, .start = text, .at = at, .why = why};
    uint32_t p;
    int len;
    for (*at = 0; *at < n; *at += (size_t)len)
        if (!(len = sdag_utf8(&p, text + *at, n - *at))) return sdag_why_utf8(why, text + *at, n - *at);
    sdag_status s = encode_part(&e, 0, text, n);
    sdag_bpe_release(&e.work);
    return s;
}
