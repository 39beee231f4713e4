/* Any bytes as a text whose characters are its vocabulary: UTF-8 comes back as it was, all else is refused with its
 * place. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/io/vocab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round(const sdag_vocab *v, const char *text, size_t n)
{
    sdag_tokens t = {0};
    size_t at = 0;
    char why[SDAG_WHY];
    if (v->encode(v, &t, text, n, &at, why) != SDAG_OK) abort();
    at = 0;
    for (size_t i = 0; i < t.n; i++) {
        const sdag_piece *p = &v->piece[t.at[i]];
        if (p->n > n - at || memcmp(text + at, p->at, p->n) != 0) abort();
        at += p->n;
    }
    if (at != n) abort();
    sdag_free(t.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sdag_log *log = sdag_log_create(NULL);
    sdag_arena a;
    sdag_vocab *v;
    sdag_arena_init(&a);
    sdag_status s = sdag_vocab_chars(&v, &a, log, SDAG_NOLOC, "text", (const char *)data, size);
    if (s != SDAG_OK && (s != SDAG_IO || sdag_log_errors(log) != 1)) abort();
    if (s == SDAG_OK) check_round(v, (const char *)data, size);
    check_round(sdag_vocab_bytes(&a), (const char *)data, size);
    sdag_arena_free(&a);
    sdag_log_destroy(log);
    return 0;
}
