/* Shapes, element types and tensors. Tensors are always contiguous, row-major; images are channels-last. */
#ifndef SDAG_TENSOR_TENSOR_H
#define SDAG_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SDAG_RANK_MAX 8

typedef enum { SDAG_DT_F32, SDAG_DT_I32, SDAG_DT_U8, SDAG_DT_COUNT } sdag_dtype;

typedef struct sdag_shape {
    int rank; /* 0: a scalar */
    int64_t d[SDAG_RANK_MAX];
} sdag_shape;

typedef struct sdag_tensor {
    void *data;
    sdag_dtype dtype;
    sdag_shape shape;
} sdag_tensor;

size_t sdag_dtype_size(sdag_dtype t);
const char *sdag_dtype_name(sdag_dtype t); /* "f32" */

/* SDAG_SHAPE(2, 3) is the shape [2,3]; SDAG_SCALAR is []. */
#define SDAG_SHAPE(...) \
    sdag_shape_of((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})
#define SDAG_SCALAR ((sdag_shape){0})
sdag_shape sdag_shape_of(int rank, const int64_t *d);

/* Number of elements / bytes. false: a negative size, or it does not fit. */
bool sdag_shape_count(int64_t *out, sdag_shape s);
bool sdag_shape_bytes(size_t *out, sdag_dtype t, sdag_shape s);

int64_t sdag_elems(const sdag_shape *s); /* of a checked shape */
int64_t sdag_last(const sdag_shape *s);  /* size of the last axis; 1 for a scalar */
int64_t sdag_rows(const sdag_shape *s);  /* elements / last */
bool sdag_shape_equal(sdag_shape a, sdag_shape b);
int sdag_axis(const sdag_shape *s, int axis); /* a negative axis counts from the end; -1 when out of range */

/* NumPy broadcasting of a and b; false when they disagree. */
bool sdag_shape_broadcast(sdag_shape *out, sdag_shape a, sdag_shape b);

/* "f32[2,3]" into buf of SDAG_SHAPE_TEXT bytes; returns buf. */
#define SDAG_SHAPE_TEXT 160
const char *sdag_shape_text(char *buf, sdag_dtype t, sdag_shape s);
bool sdag_shape_parse(sdag_shape *out, const char *text); /* "[2,3]" */

#define SDAG_DATA_F32(t) ((float *)(t).data)
#define SDAG_DATA_I32(t) ((int32_t *)(t).data)
#define SDAG_DATA_U8(t) ((uint8_t *)(t).data)

#endif
