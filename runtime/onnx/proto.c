#include "runtime/onnx/proto.h"

#include <string.h>

enum { VARINT = 0, LENGTH = 2, FIXED32 = 5 };

static void put(sdag_proto *p, const void *at, size_t n)
{
    if (n > p->cap - p->n) {
        size_t cap = p->cap ? p->cap : 64;
        while (n > cap - p->n) {
            if (cap > SIZE_MAX / 2) sdag_arena_escape(p->a);
            cap *= 2;
        }
        uint8_t *more = sdag_arena_get(p->a, cap);
        if (p->n) memcpy(more, p->at, p->n);
        p->at = more;
        p->cap = cap;
    }
    if (n) memcpy(p->at + p->n, at, n);
    p->n += n;
}

static void varint(sdag_proto *p, uint64_t v)
{
    uint8_t text[10];
    size_t n = 0;
    do {
        text[n++] = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));
        v >>= 7;
    } while (v);
    put(p, text, n);
}

static void key(sdag_proto *p, int field, int how) { varint(p, (uint64_t)field << 3 | (uint64_t)how); }

void sdag_proto_int(sdag_proto *p, int field, int64_t v)
{
    key(p, field, VARINT);
    varint(p, (uint64_t)v);
}

void sdag_proto_f32(sdag_proto *p, int field, float v)
{
    key(p, field, FIXED32);
    put(p, &v, sizeof v); /* little-endian, as the machine is */
}

void sdag_proto_head(sdag_proto *p, int field, size_t n)
{
    key(p, field, LENGTH);
    varint(p, n);
}

void sdag_proto_bytes(sdag_proto *p, int field, const void *at, size_t n)
{
    sdag_proto_head(p, field, n);
    put(p, at, n);
}

void sdag_proto_text(sdag_proto *p, int field, const char *text) { sdag_proto_bytes(p, field, text, strlen(text)); }

void sdag_proto_ints(sdag_proto *p, int field, const int64_t *v, int n)
{
    sdag_proto inner = {.a = p->a};
    for (int i = 0; i < n; i++) varint(&inner, (uint64_t)v[i]);
    sdag_proto_message(p, field, &inner);
}

void sdag_proto_message(sdag_proto *p, int field, const sdag_proto *m) { sdag_proto_bytes(p, field, m->at, m->n); }
