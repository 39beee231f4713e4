/* Protocol buffers, the part of the wire format that ONNX needs: a message is fields, a field is a key (its number and
 * how it is written) and a value.
 *
 *   sdag_proto inner = {.a = arena}, m = {.a = arena};
 *   sdag_proto_text(&inner, 1, "relu_1");
 *   sdag_proto_int(&m, 1, 8);
 *   sdag_proto_message(&m, 7, &inner);              // m.at, m.n */
#ifndef SDAG_RUNTIME_ONNX_PROTO_H
#define SDAG_RUNTIME_ONNX_PROTO_H

#include "core/base/arena.h"

typedef struct sdag_proto {
    sdag_arena *a;
    uint8_t *at;
    size_t n, cap;
} sdag_proto;

void sdag_proto_int(sdag_proto *p, int field, int64_t v); /* also 0 and negative numbers */
void sdag_proto_f32(sdag_proto *p, int field, float v);
void sdag_proto_text(sdag_proto *p, int field, const char *text);
void sdag_proto_bytes(sdag_proto *p, int field, const void *at, size_t n);
void sdag_proto_ints(sdag_proto *p, int field, const int64_t *v, int n); /* packed */
void sdag_proto_message(sdag_proto *p, int field, const sdag_proto *m);
/* The key and the length alone: n bytes of the field follow elsewhere. */
void sdag_proto_head(sdag_proto *p, int field, size_t n);

#endif
