#include "runtime/report/tfrecord.h"

#include <string.h>

uint32_t sdag_crc32c(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

uint32_t sdag_crc32c_masked(const void *bytes, size_t n)
{
    uint32_t crc = sdag_crc32c(bytes, n);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

/* ---- protocol buffers: a key (field << 3 | wire type), then a varint, 8 bytes, 4 bytes, or a length and bytes */

enum { VARINT = 0, EIGHT = 1, LENGTH = 2, FOUR = 5 };

static void put(sdag_message *m, const void *bytes, size_t n)
{
    if (m->full || n > m->cap - m->n) {
        m->full = true;
        return;
    }
    if (n) memcpy(m->at + m->n, bytes, n);
    m->n += n;
}

static void put_varint(sdag_message *m, uint64_t v)
{
    uint8_t b[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) b[n++] = (uint8_t)(v | 0x80);
    b[n++] = (uint8_t)v;
    put(m, b, n);
}

/* n bytes of v, the lowest first. */
static void put_fixed(uint8_t *to, uint64_t v, int n)
{
    for (int i = 0; i < n; i++) to[i] = (uint8_t)(v >> 8 * i);
}

static void put_key(sdag_message *m, int field, int wire) { put_varint(m, (uint64_t)field << 3 | (uint64_t)wire); }

void sdag_message_double(sdag_message *m, int field, double v)
{
    uint64_t bits;
    uint8_t b[8];
    memcpy(&bits, &v, sizeof bits);
    put_fixed(b, bits, 8);
    put_key(m, field, EIGHT);
    put(m, b, 8);
}

void sdag_message_float(sdag_message *m, int field, float v)
{
    uint32_t bits;
    uint8_t b[4];
    memcpy(&bits, &v, sizeof bits);
    put_fixed(b, bits, 4);
    put_key(m, field, FOUR);
    put(m, b, 4);
}

void sdag_message_int(sdag_message *m, int field, int64_t v)
{
    put_key(m, field, VARINT);
    put_varint(m, (uint64_t)v);
}

void sdag_message_bytes(sdag_message *m, int field, const void *bytes, size_t n)
{
    put_key(m, field, LENGTH);
    put_varint(m, n);
    put(m, bytes, n);
}

/* ---- records */

void sdag_tfrecord_frame(uint8_t *out, const void *bytes, size_t n)
{
    put_fixed(out, n, 8);
    put_fixed(out + 8, sdag_crc32c_masked(out, 8), 4);
    memcpy(out + 12, bytes, n);
    put_fixed(out + 12 + n, sdag_crc32c_masked(bytes, n), 4);
}

static uint64_t fixed_at(const uint8_t *p, int n)
{
    uint64_t v = 0;
    for (int i = 0; i < n; i++) v |= (uint64_t)p[i] << 8 * i;
    return v;
}

int64_t sdag_tfrecord_check(const uint8_t *p, size_t n)
{
    if (n < SDAG_TFRECORD_EXTRA || fixed_at(p + 8, 4) != sdag_crc32c_masked(p, 8)) return -1;
    uint64_t len = fixed_at(p, 8);
    if (len > SDAG_TFRECORD_MAX || len > n - SDAG_TFRECORD_EXTRA) return -1;
    return fixed_at(p + 12 + len, 4) == sdag_crc32c_masked(p + 12, (size_t)len) ? (int64_t)len : -1;
}
