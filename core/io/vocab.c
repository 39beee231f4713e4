#include "core/io/vocab.h"

#include <string.h>

#include "core/base/alloc.h"

bool sdag_tokens_push(sdag_tokens *t, int32_t token)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 256;
        int32_t *at = sdag_realloc(t->at, cap, sizeof *at);
        if (!at) return false;
        t->at = at;
        t->cap = cap;
    }
    t->at[t->n++] = token;
    return true;
}

sdag_status sdag_why_utf8(char why[SDAG_WHY], const char *p, size_t n)
{
    return sdag_why(why, SDAG_IO, "it is not UTF-8 (byte 0x%02x)", n ? (unsigned)(unsigned char)*p : 0);
}

sdag_status sdag_vocab_fail(sdag_log *log, sdag_loc loc, const char *path, const char *text, size_t at, const char *why)
{
    size_t line = 1;
    for (size_t i = 0; i < at; i++) line += text[i] == '\n';
    return sdag_fail(log, SDAG_IO, loc, "%s: line %zu, byte %zu: %s", path, line, at, why);
}

sdag_status sdag_vocab_encode(const sdag_vocab *v, sdag_tokens *to, sdag_log *log, sdag_loc loc, const char *path,
                              const char *text, size_t from, size_t n)
{
    char why[SDAG_WHY] = "";
    size_t at = 0;
    sdag_status s = v->encode(v, to, text + from, n, &at, why);
    return s && s != SDAG_NOMEM ? sdag_vocab_fail(log, loc, path, text, from + at, why) : s;
}

static void add(sdag_piece *pieces, sdag_vocab *v, int32_t *which, const char *text)
{
    *which = v->n;
    pieces[v->n++] = (sdag_piece){text, strlen(text)};
}

void sdag_vocab_special(sdag_vocab *v, sdag_arena *a, unsigned which)
{
    sdag_piece *pieces = SDAG_NEWS(a, sdag_piece, v->n + 2);
    memcpy(pieces, v->piece, (size_t)v->n * sizeof *pieces);
    if (which & SDAG_VOCAB_PAD && v->pad < 0) add(pieces, v, &v->pad, "[PAD]");
    if (which & SDAG_VOCAB_MASK && v->mask < 0) add(pieces, v, &v->mask, "[MASK]");
    v->piece = pieces;
}

/* ---- bytes ---- */

static sdag_status encode_bytes(const sdag_vocab *v, sdag_tokens *to, const char *text, size_t n, size_t *at, char *why)
{
    (void)v, (void)at, (void)why;
    for (size_t i = 0; i < n; i++)
        if (!sdag_tokens_push(to, (unsigned char)text[i])) return SDAG_NOMEM;
    return SDAG_OK;
}

sdag_vocab *sdag_vocab_bytes(sdag_arena *a)
{
    sdag_vocab *v = SDAG_NEW(a, sdag_vocab);
    sdag_piece *pieces = SDAG_NEWS(a, sdag_piece, 256);
    char *bytes = sdag_arena_get(a, 256);
    for (int i = 0; i < 256; i++) {
        bytes[i] = (char)i;
        pieces[i] = (sdag_piece){bytes + i, 1};
    }
    *v = (sdag_vocab){.n = 256, .mask = -1, .pad = -1, .unk = -1, .piece = pieces, .encode = encode_bytes};
    return v;
}
