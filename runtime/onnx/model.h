/* An ONNX model while it is built, and as a file (onnx.proto of the ONNX project; IR version 8, operator set 17).
 *
 *   sdag_onnx_model m = {.a = arena};
 *   sdag_onnx_value(&m, true, "x", SDAG_ONNX_F32, 2, (int64_t[]){-1, 8}, NULL); // -1: the batch, a size by name
 *   const char *y = sdag_onnx_node(&m, "Relu", "x", NULL);
 *   sdag_onnx_value(&m, false, y, SDAG_ONNX_F32, 2, (int64_t[]){-1, 8}, NULL);
 *   status = sdag_onnx_save(&m, log, "model.onnx"); */
#ifndef SDAG_RUNTIME_ONNX_MODEL_H
#define SDAG_RUNTIME_ONNX_MODEL_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/log.h"

enum { SDAG_ONNX_IR = 8, SDAG_ONNX_OPSET = 17, SDAG_ONNX_RANK = 8 };

/* Element types, by the numbers of TensorProto.DataType. */
typedef enum {
    SDAG_ONNX_F32 = 1,
    SDAG_ONNX_U8 = 2,
    SDAG_ONNX_I32 = 6,
    SDAG_ONNX_I64 = 7,
    SDAG_ONNX_BOOL = 9
} sdag_onnx_dtype;

typedef struct sdag_onnx_attr {
    const char *name, *text; /* text: a string */
    const int64_t *ints;     /* a list */
    int n;                   /* of it; -1: one whole number; -2: one number; -3: text */
    int64_t i;
    float f;
} sdag_onnx_attr;

typedef struct sdag_onnx_step {
    const char *type, *name, *out;
    const char **in; /* "": left out */
    int n_in;
    SDAG_VEC(sdag_onnx_attr) attrs;
} sdag_onnx_step;

typedef struct sdag_onnx_tensor {
    const char *name;
    sdag_onnx_dtype dtype;
    int rank;
    int64_t dims[SDAG_ONNX_RANK];
    const void *data;
    size_t bytes;
} sdag_onnx_tensor;

typedef struct sdag_onnx_port {
    const char *name, *about;
    sdag_onnx_dtype dtype;
    int rank;
    int64_t dims[SDAG_ONNX_RANK]; /* -1: "batch" */
} sdag_onnx_port;

typedef struct sdag_onnx_pair {
    const char *key, *value;
} sdag_onnx_pair;

typedef struct sdag_onnx_model {
    sdag_arena *a;
    const char *name, *about;
    SDAG_VEC(sdag_onnx_step) steps; /* each after what it reads */
    SDAG_VEC(sdag_onnx_tensor) tensors;
    SDAG_VEC(sdag_onnx_port) ins;
    SDAG_VEC(sdag_onnx_port) outs;
    SDAG_VEC(sdag_onnx_pair) meta;
    const char *scope; /* before the names of nodes: "encoder"; NULL: nothing */
    int fresh;         /* for names */
} sdag_onnx_model;

/* Adds a node; its inputs by name, "" for one that is left out, NULL at the end. Returns the name of its output. */
const char *sdag_onnx_node(sdag_onnx_model *m, const char *type, ...) __attribute__((sentinel));
/* Attributes of the node added last. */
void sdag_onnx_int(sdag_onnx_model *m, const char *name, int64_t v);
void sdag_onnx_f32(sdag_onnx_model *m, const char *name, float v);
void sdag_onnx_text(sdag_onnx_model *m, const char *name, const char *text);
void sdag_onnx_ints(sdag_onnx_model *m, const char *name, int n, const int64_t *v); /* copied */

/* Constants. data is not copied, and must live until the model is saved; sdag_onnx_list and _number copy. Returns the
 * name. */
const char *sdag_onnx_const(sdag_onnx_model *m, const char *name, sdag_onnx_dtype t, int rank, const int64_t *dims,
                            const void *data, size_t bytes);
const char *sdag_onnx_list(sdag_onnx_model *m, int n, const int64_t *v); /* i64[n] */
const char *sdag_onnx_number(sdag_onnx_model *m, float v);               /* f32[] */

void sdag_onnx_value(sdag_onnx_model *m, bool in, const char *name, sdag_onnx_dtype t, int rank, const int64_t *dims,
                     const char *about);
void sdag_onnx_meta(sdag_onnx_model *m, const char *key, const char *value);

/* SDAG_FAILED: larger than 2 GiB, which the format cannot hold. SDAG_IO. */
sdag_status sdag_onnx_save(const sdag_onnx_model *m, sdag_log *log, const char *path);

#endif
