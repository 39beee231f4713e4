/* Byte-pair encoding of one word: the pair of neighbours that comes first in the list of merges becomes one token,
 * until no pair is in the list (Sennrich et al. 2016).
 *
 *   sdag_bpe_merge(&work, word, n, merges, n_merges)      // n tokens in, fewer out, in place
 *
 * A heap of pairs, so a word of n tokens takes n log n steps. */
#ifndef SDAG_IO_BPE_H
#define SDAG_IO_BPE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

/* Two tokens that become one. The list is sorted by (left, right); rank: its place in the file, lower comes first. */
typedef struct sdag_merge {
    int32_t left, right, token, rank;
} sdag_merge;

/* Room to work, zeroed at first, grown as needed, to be released at the end. */
typedef struct sdag_bpe_work {
    struct sdag_bpe_symbol *symbol;
    struct sdag_bpe_pair *heap;
    size_t cap, pairs;
} sdag_bpe_work;

/* Returns the new number of tokens in *n. SDAG_NOMEM: word is unchanged. */
sdag_status sdag_bpe_merge(sdag_bpe_work *w, int32_t *word, size_t *n, const sdag_merge *merges, size_t n_merges);
void sdag_bpe_release(sdag_bpe_work *w);

#endif
