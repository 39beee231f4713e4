/* Where GPT-2 cuts a text into words before byte pairs are merged; no merge crosses a cut.
 *
 *   for (size_t i = 0; i < n; i += len) len = sdag_word(text + i, n - i);
 *
 * The regular expression of Radford et al. 2019, as in Hugging Face's ByteLevel:
 *   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
#ifndef SDAG_IO_WORDS_H
#define SDAG_IO_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the first word of a text of n > 0 bytes of UTF-8; at least 1. */
size_t sdag_word(const char *text, size_t n);

bool sdag_is_space(uint32_t code_point); /* White_Space of Unicode */

#endif
