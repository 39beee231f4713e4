/* The file format of TensorBoard's events: records with checksums, and events as protocol buffers.
 *   record = u64 length, u32 masked crc of these 8 bytes, the bytes, u32 masked crc of them; little endian
 * Source: tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto, framework/summary.proto. */
#ifndef SDAG_RUNTIME_REPORT_TFRECORD_H
#define SDAG_RUNTIME_REPORT_TFRECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SDAG_TFRECORD_EXTRA = 16, SDAG_TFRECORD_MAX = 1 << 20 };

/* CRC-32C (Castagnoli, polynomial 0x1edc6f41 reflected), as in RFC 3720, appendix B.4. */
uint32_t sdag_crc32c(const void *bytes, size_t n);
/* Rotated and moved, so that the checksum of a text that holds checksums is none of them. */
uint32_t sdag_crc32c_masked(const void *bytes, size_t n);

/* A message under construction in a buffer of the caller's. What does not fit sets `full`, and the message is void. */
typedef struct sdag_message {
    uint8_t *at;
    size_t n, cap;
    bool full;
} sdag_message;

void sdag_message_double(sdag_message *m, int field, double v);
void sdag_message_float(sdag_message *m, int field, float v);
void sdag_message_int(sdag_message *m, int field, int64_t v);
void sdag_message_bytes(sdag_message *m, int field, const void *bytes, size_t n); /* text and messages alike */

/* out[n + SDAG_TFRECORD_EXTRA] */
void sdag_tfrecord_frame(uint8_t *out, const void *bytes, size_t n);
/* The bytes of the record that begins at p: their number, or -1 when it is not whole or a checksum is wrong. */
int64_t sdag_tfrecord_check(const uint8_t *p, size_t n);

#endif
