/* Private to core/io: a byte-level BPE tokenizer, read by tokenizer.c and used by tokenizer_encode.c. */
#ifndef SDAG_IO_TOKENIZER_H
#define SDAG_IO_TOKENIZER_H

#include <stdbool.h>

#include "core/io/bpe.h"
#include "core/io/vocab.h"

/* A token that is found in the text before anything else: "<|endoftext|>". */
typedef struct sdag_added {
    sdag_piece text; /* not empty */
    int32_t token;
    bool lstrip, rstrip; /* takes the white space before or behind it along */
} sdag_added;

/* Sorted by text, bytewise. */
typedef struct sdag_added_list {
    sdag_added *at;
    size_t n;
    bool starts[256]; /* whether one begins with this byte */
} sdag_added_list;

typedef struct sdag_tokenizer {
    int32_t byte[256]; /* the token of each byte; -1: there is none */
    int32_t unk;
    const sdag_merge *merges;
    size_t n_merges;
    sdag_added_list added[2]; /* the second is looked for where the first was not found */
    bool prefix_space;        /* a space is put before the text */
    bool words;               /* cut into words first (words.h) */
} sdag_tokenizer;

/* encode of sdag_vocab, whose impl is an sdag_tokenizer. */
sdag_status sdag_tokenizer_encode(const sdag_vocab *v, sdag_tokens *to, const char *text, size_t n, size_t *at,
                                  char *why);

#endif
