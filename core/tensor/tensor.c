#include "core/tensor/tensor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[SDAG_DT_COUNT] = {[SDAG_DT_F32] = {"f32", 4}, [SDAG_DT_I32] = {"i32", 4}, [SDAG_DT_U8] = {"u8", 1}};

size_t sdag_dtype_size(sdag_dtype t) { return dtypes[t].size; }

const char *sdag_dtype_name(sdag_dtype t) { return dtypes[t].name; }

sdag_shape sdag_shape_of(int rank, const int64_t *d)
{
    sdag_shape s = {.rank = rank};
    for (int i = 0; i < rank && i < SDAG_RANK_MAX; i++) s.d[i] = d[i];
    return s;
}

bool sdag_shape_count(int64_t *out, sdag_shape s)
{
    int64_t n = 1;
    for (int i = 0; i < s.rank; i++)
        if (s.d[i] < 0 || __builtin_mul_overflow(n, s.d[i], &n)) return false;
    *out = n;
    return true;
}

bool sdag_shape_bytes(size_t *out, sdag_dtype t, sdag_shape s)
{
    int64_t n;
    if (!sdag_shape_count(&n, s) || __builtin_mul_overflow(n, (int64_t)dtypes[t].size, &n)) return false;
    *out = (size_t)n;
    return true;
}

int64_t sdag_elems(const sdag_shape *s)
{
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++) n *= s->d[i];
    return n;
}

int64_t sdag_last(const sdag_shape *s) { return s->rank ? s->d[s->rank - 1] : 1; }

int64_t sdag_rows(const sdag_shape *s)
{
    int64_t n = 1;
    for (int i = 0; i + 1 < s->rank; i++) n *= s->d[i];
    return n;
}

bool sdag_shape_equal(sdag_shape a, sdag_shape b)
{
    return a.rank == b.rank && !memcmp(a.d, b.d, (size_t)a.rank * sizeof a.d[0]);
}

int sdag_axis(const sdag_shape *s, int axis)
{
    if (axis < 0) axis += s->rank;
    return axis >= 0 && axis < s->rank ? axis : -1;
}

bool sdag_shape_broadcast(sdag_shape *out, sdag_shape a, sdag_shape b)
{
    if (a.rank < b.rank) {
        sdag_shape t = a;
        a = b;
        b = t;
    }
    *out = a;
    for (int i = 0, shift = a.rank - b.rank; i < b.rank; i++) {
        int64_t x = a.d[i + shift], y = b.d[i];
        if (x != y && x != 1 && y != 1) return false;
        out->d[i + shift] = x == 1 ? y : x;
    }
    return true;
}

const char *sdag_shape_text(char *buf, sdag_dtype t, sdag_shape s)
{
    size_t at = (size_t)snprintf(buf, SDAG_SHAPE_TEXT, "%s[", dtypes[t].name);
    for (int i = 0; i < s.rank && at < SDAG_SHAPE_TEXT; i++)
        at += (size_t)snprintf(buf + at, SDAG_SHAPE_TEXT - at, "%s%" PRId64, i ? "," : "", s.d[i]);
    if (at < SDAG_SHAPE_TEXT) snprintf(buf + at, SDAG_SHAPE_TEXT - at, "]");
    return buf;
}

bool sdag_shape_parse(sdag_shape *out, const char *text)
{
    *out = (sdag_shape){0};
    if (*text++ != '[') return false;
    if (*text == ']') return text[1] == 0;
    while (out->rank < SDAG_RANK_MAX) {
        char *end;
        if (*text < '0' || *text > '9') return false; /* no sign, no space */
        errno = 0;
        long long v = strtoll(text, &end, 10);
        if (errno) return false;
        out->d[out->rank++] = v;
        if (*end == ']') return end[1] == 0;
        if (*end != ',') return false;
        text = end + 1;
    }
    return false;
}
