/* Attributes of the operations: what a descriptor's `attr` points to. Kernels of every backend read them, and so do
 * the reference versions in the tests. Plain structs; attributes that only one op's own file reads stay there. */
#ifndef SDAG_OPS_ATTR_H
#define SDAG_OPS_ATTR_H

#include <stdint.h>

#include "core/tensor/tensor.h"

/* One line an op. */
/* clang-format off */

typedef struct sdag_attr_gelu { int32_t tanh_form; } sdag_attr_gelu;
typedef struct sdag_attr_clamp { float lo, hi; } sdag_attr_clamp;
typedef struct sdag_attr_affine { float scale, shift; } sdag_attr_affine; /* affine, to_f32: scale x + shift */
typedef struct sdag_attr_expand { sdag_shape to; float scale; } sdag_attr_expand; /* expand, sum_to: times scale */
/* sum, mean, max, var, logsumexp: the axes [axis, axis + n) */
typedef struct sdag_attr_reduce { int32_t axis, n, keep, unbiased; } sdag_attr_reduce;
typedef struct sdag_attr_matmul { int32_t tx, ty; float alpha; } sdag_attr_matmul;
typedef struct sdag_attr_axis { int32_t axis; } sdag_attr_axis; /* concat */
typedef struct sdag_attr_slice { int64_t axis, from, to; } sdag_attr_slice;
typedef struct sdag_attr_pad { int64_t axis, before, after; } sdag_attr_pad;
typedef struct sdag_attr_shape { sdag_shape to; } sdag_attr_shape; /* reshape */
typedef struct sdag_attr_permute { int32_t rank, order[SDAG_RANK_MAX]; } sdag_attr_permute;
typedef struct sdag_attr_rows { int64_t n; } sdag_attr_rows; /* scatter_add, put */
typedef struct sdag_attr_value { float value; } sdag_attr_value; /* mask_diag, power */

typedef struct sdag_attr_conv2d { int64_t stride, pad, groups, h, w; } sdag_attr_conv2d; /* h, w: adjoints: of x or w */
typedef struct sdag_attr_pool { int64_t size, stride, pad, h, w; } sdag_attr_pool; /* h, w: adjoints: of x */
typedef struct sdag_attr_factor { int64_t factor; } sdag_attr_factor; /* upsample */
/* batch_norm, norm_apply: which of gamma, beta and the residual are given, in this order, after the other arguments */
typedef struct sdag_attr_norm { float eps; int32_t relu, gamma, beta, residual; } sdag_attr_norm;
typedef struct sdag_attr_layer_norm { float eps; int32_t gamma, beta; } sdag_attr_layer_norm;
typedef struct sdag_attr_eps { float eps; } sdag_attr_eps; /* l2norm */
typedef struct sdag_attr_running { float momentum, scale; } sdag_attr_running;
typedef struct sdag_attr_ignore { int32_t ignore; } sdag_attr_ignore; /* softmax_xent, count_not, lengths */
typedef struct sdag_attr_eye { float eye, on, off; } sdag_attr_eye; /* eye_distance */
/* dropout: keyed: the stream is named by salt instead of the op's own (the adjoint draws the forward mask again) */
typedef struct sdag_attr_dropout { float p; int32_t keyed; uint32_t salt; } sdag_attr_dropout;
typedef struct sdag_attr_draw { int64_t n; uint32_t stream; int32_t unused; } sdag_attr_draw; /* random_index */
typedef struct sdag_attr_subset { int64_t n, k; uint32_t stream; int32_t unused; } sdag_attr_subset; /* random_subset */
typedef struct sdag_attr_random { sdag_shape to; uint32_t stream; int32_t normal; } sdag_attr_random; /* random */
typedef struct sdag_attr_box { int64_t h, w; float ratio; uint32_t stream; } sdag_attr_box; /* random_box */
enum { SDAG_FILL_VALUE, SDAG_FILL_MEAN, SDAG_FILL_NOISE, SDAG_FILL_BORDER };
/* fill_holes: cell_h, cell_w: of the grid whose cells hold a hole each (border) */
typedef struct sdag_attr_fill { int64_t cell_h, cell_w; int32_t fill; float value; uint32_t stream; int32_t unused; } sdag_attr_fill;
/* attention: lengths, prefix: given, in this order, after the other arguments; keyed, salt: as for dropout */
typedef struct sdag_attr_attention { int32_t heads, causal, lengths, prefix; float dropout; int32_t keyed; uint32_t salt; } sdag_attr_attention;
typedef struct sdag_attr_replace { int32_t from, to; } sdag_attr_replace;
/* mask_tokens: mask_id, pad_id: tokens; pad_id -1: there is no padding */
typedef struct sdag_attr_mask_tokens { float ratio, mask, random; int32_t vocab, mask_id, pad_id; uint32_t stream; } sdag_attr_mask_tokens;
typedef struct sdag_attr_sgd { float lr_mul, wd, momentum, eta; int32_t nesterov; } sdag_attr_sgd; /* sgd, lars (eta) */
typedef struct sdag_attr_adamw { float lr_mul, wd, beta1, beta2, eps; } sdag_attr_adamw;
typedef struct sdag_attr_clip { float max_norm; } sdag_attr_clip;
typedef struct sdag_attr_decode { int64_t h, w, c, cap; } sdag_attr_decode;

/* clang-format on */

#endif
