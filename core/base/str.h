/* Text helpers: a growing buffer, nearest names for suggestions, numbers without the locale. */
#ifndef SDAG_BASE_STR_H
#define SDAG_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/arena.h"

/* A growing text in an arena; s.at is always NUL-terminated after the first add. */
typedef struct sdag_str {
    sdag_arena *a;
    char *at;
    size_t n, cap;
} sdag_str;

void sdag_str_add(sdag_str *s, const char *text);
void sdag_str_addn(sdag_str *s, const char *text, size_t n);
void sdag_str_addf(sdag_str *s, const char *fmt, ...) SDAG_PRINTF(2, 3);

/* The candidate nearest to word in edit distance (Damerau-Levenshtein), or NULL when none is near enough:
 * at most a third of the word's length, at least 1. The first of equals wins. Words past 63 bytes and
 * candidates past the 4096th are not looked at, which bounds the time. each(ctx, i) gives candidate i or
 * NULL at the end. */
const char *sdag_nearest(const char *word, const char *(*each)(const void *ctx, int i), const void *ctx);

/* Whole-text numbers of the YAML 1.2 core schema, in the C locale whatever the process has set.
 * false: not such a number, or it does not fit. .inf and .nan are refused. */
bool sdag_parse_i64(int64_t *out, const char *text);
bool sdag_parse_f64(double *out, const char *text);

/* The shortest text that reads back as the same double, or the same float: "0.1", "1e-3", "3", ".inf", ".nan".
 * C locale. Returns buf. */
const char *sdag_f64_text(char buf[32], double v);
const char *sdag_f32_text(char buf[32], float v);

/* The code point that starts the n bytes at p: its length 1..4, or 0 when they are not UTF-8 (or n is 0). */
int sdag_utf8(uint32_t *cp, const char *p, size_t n);

#endif
