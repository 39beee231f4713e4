/* What a row of the table of operations sees: one op of the program, and what its arguments are called in the model.
 *
 *   static void relu(sdag_onnx *x, const sdag_program_op *o)
 *   {
 *       sdag_onnx_set(x, o->out[0], sdag_onnx_node(x->m, "Relu", sdag_onnx_in(x, o, 0), NULL));
 *   }
 *
 * Images are channels-last here and channels-first in ONNX. A value may be there in either layout: a row asks for the
 * one that it needs (sdag_onnx_in, sdag_onnx_planes), and a Transpose is added when it is not there yet. */
#ifndef SDAG_RUNTIME_ONNX_EMIT_H
#define SDAG_RUNTIME_ONNX_EMIT_H

#include "graphs/graph/graph.h"
#include "graphs/lower/lower.h"
#include "runtime/onnx/model.h"

typedef struct sdag_onnx {
    sdag_arena *a;
    sdag_log *log;
    sdag_onnx_model *m;
    const sdag_graph *graph;
    const sdag_program *p, *other; /* the same program in two sizes of the batch */
    int64_t batch, other_batch;
    const char **name;   /* of each value, as it is; NULL: not there */
    const char **planes; /* ... channels-first; NULL: not there */
    const char *input;   /* of the model */
    const char *why;     /* set by a row that cannot do this one */
} sdag_onnx;

const char *sdag_onnx_val(sdag_onnx *x, sdag_val v);
const char *sdag_onnx_in(sdag_onnx *x, const sdag_program_op *o, int i);
const char *sdag_onnx_planes(sdag_onnx *x, sdag_val v);    /* f32[N,C,H,W] of f32[N,H,W,C] */
bool sdag_onnx_has_planes(const sdag_onnx *x, sdag_val v); /* and nothing else */
void sdag_onnx_set(sdag_onnx *x, sdag_val v, const char *name);
void sdag_onnx_set_planes(sdag_onnx *x, sdag_val v, const char *name);

const sdag_shape *sdag_onnx_shape(const sdag_onnx *x, sdag_val v);
/* Size of an axis; -1: it grows with the batch, and *times the batch. */
int64_t sdag_onnx_dim(const sdag_onnx *x, sdag_val v, int axis, int64_t *times);
/* An i64[n] tensor with the sizes of v, for Reshape. */
const char *sdag_onnx_sizes(sdag_onnx *x, sdag_val v);

typedef struct sdag_onnx_row {
    const char *op;
    void (*emit)(sdag_onnx *x, const sdag_program_op *o); /* NULL: */
    const char *why;                                      /* it is not in a network that is applied */
} sdag_onnx_row;
extern const sdag_onnx_row sdag_onnx_rows[];
extern const int sdag_onnx_rows_n;
const sdag_onnx_row *sdag_onnx_find(const char *op); /* NULL: there is none */

/* Rows that are longer than a few lines (ops_net.c). */
void sdag_onnx_conv2d(sdag_onnx *x, const sdag_program_op *o);
void sdag_onnx_max_pool(sdag_onnx *x, const sdag_program_op *o);
void sdag_onnx_avg_pool(sdag_onnx *x, const sdag_program_op *o);
void sdag_onnx_upsample(sdag_onnx *x, const sdag_program_op *o);
void sdag_onnx_norm_apply(sdag_onnx *x, const sdag_program_op *o);
void sdag_onnx_layer_norm(sdag_onnx *x, const sdag_program_op *o);
void sdag_onnx_attention(sdag_onnx *x, const sdag_program_op *o);
void sdag_onnx_lengths(sdag_onnx *x, const sdag_program_op *o);
void sdag_onnx_rgb_to_lab(sdag_onnx *x, const sdag_program_op *o); /* ops_colour.c */
void sdag_onnx_lab_to_rgb(sdag_onnx *x, const sdag_program_op *o);
void sdag_onnx_augment(sdag_onnx *x, const sdag_program_op *o);

#endif
