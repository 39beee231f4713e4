/* A vocabulary: how text becomes tokens, which are numbers, and tokens become text again. A data set of text carries
 * one (dataset.h); core/io/vocab.h makes them.
 *
 *   sdag_tokens t = {0};
 *   char why[SDAG_WHY];
 *   size_t at;
 *   sdag_status s = v->encode(v, &t, text, n, &at, why);
 *   for (size_t i = 0; i < t.n; i++) write(v->piece[t.at[i]]);        // the text again
 *   sdag_free(t.at);
 *
 * It lives in the arena in which it was made and never changes, so any thread may use it. */
#ifndef SDAG_DATA_VOCAB_H
#define SDAG_DATA_VOCAB_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

/* The bytes that one token stands for: not always whole characters, nor free of NUL. */
typedef struct sdag_piece {
    const char *at;
    size_t n;
} sdag_piece;

/* A growing list of tokens, to be freed with sdag_free(at). */
typedef struct sdag_tokens {
    int32_t *at;
    size_t n, cap;
} sdag_tokens;

typedef struct sdag_vocab sdag_vocab;
struct sdag_vocab {
    int32_t n;               /* tokens are 0 .. n-1, the special ones among them */
    int32_t mask, pad, unk;  /* special tokens: hidden, beyond the end, not known; -1: there is none */
    const sdag_piece *piece; /* [n] */
    const void *impl;
    /* Appends the tokens of n bytes of text. SDAG_IO: what stands at byte *at has no token, for the reason in why (128
     * bytes). Special tokens that were added by sdag_vocab_special never come from text. */
    sdag_status (*encode)(const sdag_vocab *v, sdag_tokens *to, const char *text, size_t n, size_t *at, char *why);
};

#endif
