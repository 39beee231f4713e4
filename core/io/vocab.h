/* Vocabularies (core/data/vocab.h): the characters of a text, bytes, or byte pairs from a tokenizer.json.
 *
 *   sdag_vocab *v;
 *   s = sdag_vocab_chars(&v, arena, log, loc, path, text, n);
 *   if (!s) sdag_vocab_special(v, arena, SDAG_VOCAB_MASK);
 *   if (!s) s = sdag_vocab_encode(v, &tokens, log, loc, path, text, n);   // reports the place in the file */
#ifndef SDAG_IO_VOCAB_H
#define SDAG_IO_VOCAB_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/log.h"
#include "core/data/vocab.h"
#include "core/io/why.h"

/* One token a Unicode character of the text, in the order of the code points. path: of the text, for messages. SDAG_IO:
 * the text is empty or not UTF-8, and the message says where. */
sdag_status sdag_vocab_chars(sdag_vocab **out, sdag_arena *a, sdag_log *log, sdag_loc loc, const char *path,
                             const char *text, size_t n);

/* 256 tokens; any text has some. */
sdag_vocab *sdag_vocab_bytes(sdag_arena *a);

/* Byte-level byte-pair encoding, as GPT-2 has it, from a file of Hugging Face's tokenizers: gives the tokens that
 * Tokenizer.encode(text, add_special_tokens=False) gives. SDAG_IO: the file cannot be read, is not such a file, or
 * holds a part that is not supported; the message names it. Takes UTF-8 only. */
sdag_status sdag_vocab_tokenizer(sdag_vocab **out, sdag_arena *a, sdag_log *log, sdag_loc loc, const char *path);

/* Adds those special tokens that it does not have, behind all others. */
enum { SDAG_VOCAB_PAD = 1, SDAG_VOCAB_MASK = 2 };
void sdag_vocab_special(sdag_vocab *v, sdag_arena *a, unsigned which);

/* encode, with a report that names the file, the byte and the line. text + from is where the n bytes begin. */
sdag_status sdag_vocab_encode(const sdag_vocab *v, sdag_tokens *to, sdag_log *log, sdag_loc loc, const char *path,
                              const char *text, size_t from, size_t n);

/* "path: line 3, byte 120: why", reported; byte counts from 0 in the whole file. */
sdag_status sdag_vocab_fail(sdag_log *log, sdag_loc loc, const char *path, const char *text, size_t at,
                            const char *why);

/* For implementations: appends a token; false: memory ran out. And why the text at p, of n bytes, is no character. */
bool sdag_tokens_push(sdag_tokens *t, int32_t token);
sdag_status sdag_why_utf8(char why[SDAG_WHY], const char *p, size_t n);

#endif
