/* Every built-in operation as a function on the builder: what `lower` and adjoints are written with.
 * x, y, ... are values; the result is a value; after a failure all return 0 (see build.h).
 * Axes may be negative (-1: the last). "rows" are all axes but the last. */
#ifndef SDAG_OPS_OPS_H
#define SDAG_OPS_OPS_H

#include "core/ops/build.h"

struct sdag_attr_fill; /* core/ops/attr.h */

/* ---- element-wise, one argument: f32[...] -> f32[...] */
sdag_val sdag_op_relu(sdag_build *b, sdag_val x);
sdag_val sdag_op_gelu(sdag_build *b, sdag_val x, bool tanh_form); /* erf form by default (Hendrycks & Gimpel 2016) */
sdag_val sdag_op_tanh(sdag_build *b, sdag_val x);
sdag_val sdag_op_sigmoid(sdag_build *b, sdag_val x);
sdag_val sdag_op_exp(sdag_build *b, sdag_val x);
sdag_val sdag_op_log(sdag_build *b, sdag_val x);
sdag_val sdag_op_sqrt(sdag_build *b, sdag_val x);
sdag_val sdag_op_abs(sdag_build *b, sdag_val x);
sdag_val sdag_op_square(sdag_build *b, sdag_val x);
sdag_val sdag_op_power(sdag_build *b, sdag_val x, float p);            /* x^p; NaN for x < 0 and p no whole number */
sdag_val sdag_op_softplus(sdag_build *b, sdag_val x);                  /* log(1 + e^x) */
sdag_val sdag_op_clamp(sdag_build *b, sdag_val x, float lo, float hi); /* gradient 0 outside, 1 on the bounds */
sdag_val sdag_op_affine(sdag_build *b, sdag_val x, float scale, float shift);
sdag_val sdag_op_stop_grad(sdag_build *b, sdag_val x);
sdag_val sdag_op_to_f32(sdag_build *b, sdag_val x, float scale, float shift); /* from u8 or i32 */
sdag_val sdag_op_dropout(sdag_build *b, sdag_val x,
                         float p); /* keeps with 1-p, scales by 1/(1-p); x itself when not training */

/* ---- element-wise, two arguments, NumPy broadcasting */
sdag_val sdag_op_add(sdag_build *b, sdag_val x, sdag_val y);
sdag_val sdag_op_sub(sdag_build *b, sdag_val x, sdag_val y);
sdag_val sdag_op_mul(sdag_build *b, sdag_val x, sdag_val y);
sdag_val sdag_op_div(sdag_build *b, sdag_val x, sdag_val y);
sdag_val sdag_op_less(sdag_build *b, sdag_val x, sdag_val y);  /* f32 0/1; no gradient */
sdag_val sdag_op_equal(sdag_build *b, sdag_val x, sdag_val y); /* i32 or f32 arguments; f32 0/1; no gradient */
sdag_val sdag_op_where(sdag_build *b, sdag_val cond, sdag_val x, sdag_val y); /* cond f32 != 0 ? x : y; same shapes */
sdag_val sdag_op_expand(sdag_build *b, sdag_val x, sdag_shape to);            /* broadcast copy */
sdag_val sdag_op_sum_to(sdag_build *b, sdag_val x, sdag_shape to); /* its adjoint: sums over the broadcast axes */

/* ---- reductions over a set of axes; keep: reduced axes stay with size 1. axes NULL with n 0: all axes */
sdag_val sdag_op_sum(sdag_build *b, sdag_val x, int n, const int *axes, bool keep);
sdag_val sdag_op_mean(sdag_build *b, sdag_val x, int n, const int *axes, bool keep);
sdag_val sdag_op_max(sdag_build *b, sdag_val x, int axis, bool keep); /* gradient to the first maximum */
sdag_val sdag_op_var(sdag_build *b, sdag_val x, int n, const int *axes, bool keep, bool unbiased);
sdag_val sdag_op_logsumexp(sdag_build *b, sdag_val x, int axis, bool keep); /* of the last axis or any other */
sdag_val sdag_op_mean_all(sdag_build *b, sdag_val x);                       /* f32[] */
sdag_val sdag_op_sum_all(sdag_build *b, sdag_val x);                        /* f32[] */

/* ---- products */
/* alpha * op(x) op(y) over the last two axes, leading axes broadcast; op transposes when asked. */
sdag_val sdag_op_matmul(sdag_build *b, sdag_val x, sdag_val y, bool tx, bool ty, float alpha);
sdag_val sdag_op_matmul_nt(sdag_build *b, sdag_val x, sdag_val y, float alpha); /* alpha x y' */
sdag_val sdag_op_linear(sdag_build *b, sdag_val x, sdag_val w,
                        sdag_val bias); /* x[...,I] w[O,I]' + bias[O]; bias may be 0 */
sdag_val sdag_op_linear_t(sdag_build *b, sdag_val x, sdag_val w, sdag_val bias); /* the same with w f32[I,O] */

/* ---- images, channels-last */
/* x f32[N,H,W,C], w f32[O,C/groups,kh,kw] -> f32[N,H',W',O] (PyTorch's conv2d: cross-correlation) */
sdag_val sdag_op_conv2d(sdag_build *b, sdag_val x, sdag_val w, int stride, int pad, int groups);
sdag_val sdag_op_max_pool(sdag_build *b, sdag_val x, int size, int stride, int pad); /* padding is -inf */
sdag_val sdag_op_avg_pool(sdag_build *b, sdag_val x, int size, int stride,
                          int pad);                               /* padding counts as 0 (PyTorch's default) */
sdag_val sdag_op_upsample(sdag_build *b, sdag_val x, int factor); /* nearest: f32[N,kH,kW,C]; k is the factor */
sdag_val sdag_op_global_pool(sdag_build *b, sdag_val x);          /* mean over H, W -> f32[N,C] */
sdag_val sdag_op_rgb_to_lab(sdag_build *b, sdag_val x); /* f32[...,3], sRGB in 0..1 -> L*a*b*, D65; no gradient */
sdag_val sdag_op_lab_to_rgb(sdag_build *b, sdag_val x); /* its inverse, clipped to 0..1; no gradient */

/* ---- normalisation */
/* Batch norm over all axes but the last (Ioffe & Szegedy 2015), with an optional residual r (same shape as x; 0: none)
 * and an optional relu fused: y = relu?( (x - mean) / sqrt(var + eps) * gamma + beta + r ).
 * gamma, beta f32[C], or 0 for none. Batch statistics: mean[1], var[1] (biased) are returned where not NULL. */
sdag_val sdag_op_batch_norm(sdag_build *b, sdag_val x, sdag_val gamma, sdag_val beta, sdag_val r, bool relu, float eps,
                            sdag_val *mean, sdag_val *var);
/* The same with given statistics (inference): mean, var f32[C]. */
sdag_val sdag_op_norm_apply(sdag_build *b, sdag_val x, sdag_val mean, sdag_val var, sdag_val gamma, sdag_val beta,
                            sdag_val r, bool relu, float eps);
/* State update: running <- (1 - momentum) running + momentum * scale * batch. Returns the new version. */
sdag_val sdag_op_running(sdag_build *b, sdag_val running, sdag_val batch, float momentum, float scale);
sdag_val sdag_op_count(sdag_build *b, sdag_val counter); /* state update: i32[] counter + 1 */
/* Layer norm over the last axis (Ba et al. 2016); gamma, beta f32[D] or 0. */
sdag_val sdag_op_layer_norm(sdag_build *b, sdag_val x, sdag_val gamma, sdag_val beta, float eps);
sdag_val sdag_op_l2norm(sdag_build *b, sdag_val x, float eps); /* rows: x / max(|x|, eps) */

/* ---- probabilities, over the last axis */
sdag_val sdag_op_softmax(sdag_build *b, sdag_val x);
sdag_val sdag_op_log_softmax(sdag_build *b, sdag_val x);
/* -log softmax(x)[target], one number a row; target i32[rows]; a target equal to ignore gives 0. A target outside
 * 0..C-1 fails the step ("label 12 is outside 0..9"). */
sdag_val sdag_op_softmax_xent(sdag_build *b, sdag_val x, sdag_val target, int32_t ignore);
sdag_val sdag_op_softmax_xent_soft(sdag_build *b, sdag_val x,
                                   sdag_val target); /* target f32, same shape, no gradient to it */
sdag_val sdag_op_count_not(sdag_build *b, sdag_val target, int32_t ignore); /* f32[]: entries != ignore, at least 1 */
/* Element by element: max(x, 0) - x y + log(1 + e^-|x|), the cross-entropy of sigmoid(x) with y; same shapes. */
sdag_val sdag_op_sigmoid_xent(sdag_build *b, sdag_val x, sdag_val y);

/* f32[...,N,N] -> f32[]: on sum_i (x_ii - eye)^2 + off sum_i!=j x_ij^2 */
sdag_val sdag_op_eye_distance(sdag_build *b, sdag_val x, float eye, float on, float off);

/* ---- attention (Vaswani et al. 2017): x = [q | k | v] f32[B,T,3D] -> f32[B,T,D], softmax(q k' / sqrt(D / heads)) v
 * for each head. causal: token i sees tokens 0..i. lengths i32[B] (0: none): tokens from there on are not seen. prefix
 * i32[B] (0: none): of causal attention, the first tokens, which see each other in full. dropout: of the probabilities.
 */
typedef struct sdag_attention {
    int64_t heads;
    bool causal;
    sdag_val lengths, prefix;
    float dropout;
} sdag_attention;
sdag_val sdag_op_attention(sdag_build *b, sdag_val qkv, const sdag_attention *o);
/* Tokens before the padding: i32[B,T] -> i32[B]; *last (where not NULL) i32[B,1]: the last of them, an index for take.
 */
sdag_val sdag_op_lengths(sdag_build *b, sdag_val tokens, int32_t pad, sdag_val *last);

/* ---- moving and choosing */
sdag_val sdag_op_concat(sdag_build *b, int n, const sdag_val *x, int axis);
sdag_val sdag_op_slice(sdag_build *b, sdag_val x, int axis, int64_t from, int64_t to); /* axis 0: a view */
sdag_val sdag_op_pad(sdag_build *b, sdag_val x, int axis, int64_t before,
                     int64_t after);                                /* zeros; the adjoint of slice */
sdag_val sdag_op_reshape(sdag_build *b, sdag_val x, sdag_shape to); /* one size may be -1; a view */
sdag_val sdag_op_permute(sdag_build *b, sdag_val x, int rank, const int *order);
sdag_val sdag_op_gather(sdag_build *b, sdag_val table,
                        sdag_val index); /* rows of f32[V,...] by i32[...] -> f32[index...,...] */
sdag_val sdag_op_scatter_add(sdag_build *b, sdag_val index, sdag_val rows,
                             int64_t n); /* the adjoint of gather -> f32[n,...] */
sdag_val sdag_op_nearest(sdag_build *b, sdag_val x,
                         sdag_val table); /* f32[...,D] by f32[Q,D] -> i32[...], the nearest row; no gradient */
/* Tokens of every sample: x f32[B,T,D], index i32[B,K] -> f32[B,K,D]. put is the adjoint: f32[B,K,D] ->
 * f32[B,tokens,D], added up where an index is met again, 0 where none is met. */
sdag_val sdag_op_take(sdag_build *b, sdag_val x, sdag_val index);
sdag_val sdag_op_put(sdag_build *b, sdag_val x, sdag_val index, int64_t tokens);
sdag_val sdag_op_diagonal(sdag_build *b, sdag_val x);               /* f32[...,N,N] -> f32[...,N] */
sdag_val sdag_op_mask_diag(sdag_build *b, sdag_val x, float value); /* f32[...,N,N], the diagonal replaced */

/* ---- random choices for each sample of a batch, and what is made of them; none has a gradient. samples: their numbers
 * i32[B] (core/node/sample.h); anything else [B,...] is keyed by the place in the stream of batches. stream:
 * sdag_hash32 of the node's name. */
/* Independent numbers of the shape to, whose first axis is that of the samples: uniform in 0..1, or N(0, 1). */
sdag_val sdag_op_rand(sdag_build *b, sdag_val samples, sdag_shape to, uint32_t stream);
sdag_val sdag_op_randn(sdag_build *b, sdag_val samples, sdag_shape to, uint32_t stream);
sdag_val sdag_op_random_index(sdag_build *b, sdag_val samples, uint32_t stream, int64_t n); /* i32[B] in 0..n-1 */
/* k of n places: f32[B,n], 1 where chosen; *rest i32[B,n-k]: the others, rising */
sdag_val sdag_op_random_subset(sdag_build *b, sdag_val samples, uint32_t stream, int64_t n, int64_t k, sdag_val *rest);
/* f32[B,H,W,1]: 1 in a random rectangle of about this part of the area */
sdag_val sdag_op_random_box(sdag_build *b, sdag_val samples, uint32_t stream, int64_t h, int64_t w, float ratio);
/* x f32[B,H,W,C] with the pixels of mask f32[B,H,W,1] != 0 replaced; samples may be 0; how: see core/ops/attr.h */
sdag_val sdag_op_fill_holes(sdag_build *b, sdag_val x, sdag_val mask, sdag_val samples,
                            const struct sdag_attr_fill *how);
/* x [B,H,H,C] of any type, turns i32[r B] in 0..3 -> [r B,H,H,C]: every image r times, turned counter-clockwise */
sdag_val sdag_op_quarter_turns(sdag_build *b, sdag_val x, sdag_val turns);

/* ---- updates of states, one in an op: p (and its slots) take their new version in place.
 * lr f32[] may be scheduled; scale f32[] multiplies the gradient first (clipping), 0: none. */
/* v <- momentum v + g + wd p;  p <- p - lr (nesterov ? g + wd p + momentum v : v)   (PyTorch's SGD; momentum 0: v = 0
 * allowed) */
void sdag_op_sgd(sdag_build *b, sdag_val p, sdag_val g, sdag_val v, sdag_val lr, sdag_val scale, float lr_mul, float wd,
                 float momentum, bool nesterov);
/* Loshchilov & Hutter 2019, PyTorch's order; t i32[]: steps done before this one (a counter state, moved on elsewhere).
 */
void sdag_op_adamw(sdag_build *b, sdag_val p, sdag_val g, sdag_val m, sdag_val v, sdag_val t, sdag_val lr,
                   sdag_val scale, float lr_mul, float wd, float beta1, float beta2, float eps);
/* You et al. 2017 as lightly has it: wd != 0: g <- (g + wd p) eta |p| / (|g| + wd |p| + 1e-8) (factor 1 where |p| or
 * |g| is 0); then v <- momentum v + g; p <- p - lr (nesterov ? g + momentum v : v). */
void sdag_op_lars(sdag_build *b, sdag_val p, sdag_val g, sdag_val v, sdag_val lr, sdag_val scale, float lr_mul,
                  float wd, float momentum, float eta, bool nesterov);
void sdag_op_ema(sdag_build *b, sdag_val target, sdag_val source, sdag_val momentum); /* t <- m t + (1-m) s; m f32[] */
/* Rows f32[B,...] into a ring f32[N,...] from row `cursor` i32[] on, which moves on by B; the last N rows stay. */
void sdag_op_enqueue(sdag_build *b, sdag_val queue, sdag_val cursor, sdag_val rows);
/* f32[]: min(1, max_norm / (sqrt(sum of squares of all) + 1e-6)): torch's clip_grad_norm_. n may exceed SDAG_IN_MAX. */
sdag_val sdag_op_clip_scale(sdag_build *b, int n, const sdag_val *grads, float max_norm);

/* ---- data */
/* ids i32[B] of the source being lowered (b->samples) -> u8[B,H,W,C]; or, for images of mixed sizes (h = w = 0),
 * u8[B,cap] with dims[1] = i32[B,2] (height, width of each). */
sdag_val sdag_op_decode(sdag_build *b, sdag_val ids, int64_t h, int64_t w, int64_t c, int64_t cap, sdag_val *dims);
sdag_val sdag_op_read_tokens(sdag_build *b, sdag_val ids, int64_t tokens);     /* ... of text -> i32[B,tokens] */
sdag_val sdag_op_replace(sdag_build *b, sdag_val x, int32_t from, int32_t to); /* i32: to where x is from */
/* tokens i32[B,T] with some hidden, and *target i32[B,T]: what they were, -100 elsewhere. samples: i32[B], their
 * numbers, or anything [B,...]. */
struct sdag_attr_mask_tokens;
sdag_val sdag_op_mask_tokens(sdag_build *b, sdag_val tokens, sdag_val samples, const struct sdag_attr_mask_tokens *how,
                             sdag_val *target);

/* ---- the table of all of them */
const sdag_op *const *sdag_op_table(int *n);

#endif
