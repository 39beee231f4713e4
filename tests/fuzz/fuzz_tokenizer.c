/* Any bytes as a tokenizer.json; what is read then cuts some text, the file's own bytes among it. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/io/vocab.h"
#include "tests/fuzz/as_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(const sdag_vocab *v, const char *text, size_t n)
{
    sdag_tokens t = {0};
    size_t at = 0;
    char why[SDAG_WHY] = "";
    sdag_status s = v->encode(v, &t, text, n, &at, why);
    if (s == SDAG_IO && (!why[0] || at >= n)) abort();
    for (size_t i = 0; i < t.n; i++)
        if (t.at[i] < 0 || t.at[i] >= v->n || !v->piece[t.at[i]].at) abort();
    sdag_free(t.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] =
        "Two  words, he'll say\n <mask>  3.14 na\xc3\xafve \xf0\x9f\x98\x80 aaaaaaaa <|endoftext|>";
    as_file f = as_file_open(data, size);
    sdag_log *log = sdag_log_create(NULL);
    sdag_arena a;
    sdag_vocab *v;
    sdag_arena_init(&a);
    sdag_status s = sdag_vocab_tokenizer(&v, &a, log, SDAG_NOLOC, f.path);
    if (s != SDAG_OK && s != SDAG_NOMEM && (s != SDAG_IO || sdag_log_errors(log) != 1)) abort();
    if (s == SDAG_OK) {
        encode(v, text, sizeof text - 1);
        encode(v, (const char *)data, size);
    }
    sdag_arena_free(&a);
    sdag_log_destroy(log);
    as_file_close(&f);
    return 0;
}
