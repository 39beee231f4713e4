/* Layers that several node types are made of, with PyTorch's names, layouts and starting values.
 *
 *   x = sdag_layer_linear(b, "fc.", x, 128, true);               // fc.weight f32[128,I], fc.bias f32[128]
 *   x = sdag_layer_norm(b, "bn1.", x, 0, true);                  // bn1.weight, .bias, .running_mean, ...
 *
 * Names may be built with sdag_layer_name(b, "layer%d.%d.", i, k). The functions are those of nodes/layer. */
#ifndef SDAG_NODE_LAYER_H
#define SDAG_NODE_LAYER_H

#include "core/node/node.h"

const char *sdag_layer_name(sdag_build *b, const char *fmt, ...) SDAG_PRINTF(2, 3);

/* x f32[...,I] -> f32[...,O]; weight f32[O,I] and bias f32[O] start in U(+-1/sqrt(I)) (torch.nn.Linear). */
sdag_val sdag_layer_linear(sdag_build *b, const char *name, sdag_val x, int64_t out, bool bias);

typedef enum {
    SDAG_CONV_UNIFORM /* torch.nn.Conv2d: U(+-1/sqrt(fan in)) */,
    SDAG_CONV_KAIMING /* N(0, 2 / fan out) */
} sdag_conv_init;
/* x f32[N,H,W,C] -> f32[N,H',W',O], without bias; weight f32[O,C,k,k]. */
sdag_val sdag_layer_conv(sdag_build *b, const char *name, sdag_val x, int64_t out, int size, int stride, int pad,
                         sdag_conv_init init);
/* y + bias f32[O], which starts in U(+-1/sqrt(fan_in)): behind a convolution (fan_in: C k k) that no norm follows. */
sdag_val sdag_layer_bias(sdag_build *b, const char *name, sdag_val y, int64_t fan_in);

/* Batch norm (eps 1e-5, momentum 0.1) over all axes but the last, then + r (0: none), then relu (optional). In training
 * it uses the batch's statistics and moves the running ones (unbiased variance); otherwise the running ones. */
sdag_val sdag_layer_norm(sdag_build *b, const char *name, sdag_val x, sdag_val r, bool relu);
/* The same without scale and shift, residual and relu. */
sdag_val sdag_layer_norm_plain(sdag_build *b, const char *name, sdag_val x);

/* f32[N,...] -> f32[N,D]; rank 2 stays as it is. */
sdag_val sdag_layer_flat(sdag_build *b, sdag_val x);

/* Output y of a layer that changes neither the number nor the meaning of the rows of its input x; what travels beside
 * that goes on with it. */
void sdag_layer_out(sdag_build *b, const sdag_node *self, sdag_val y);

/* Activations by name, for options. */
extern const char *const sdag_activation_choices[]; /* relu, gelu, tanh, none, gelu_tanh */
enum { SDAG_ACT_RELU, SDAG_ACT_GELU, SDAG_ACT_TANH, SDAG_ACT_NONE, SDAG_ACT_GELU_TANH };
sdag_val sdag_layer_activation(sdag_build *b, sdag_val x, int activation);

/* A stack of linear layers as torch.nn.Sequential numbers them: Linear, (BatchNorm1d), activation, ... The last layer
 * has neither activation nor norm unless asked for. A linear layer with a norm behind it has no bias. */
typedef struct sdag_mlp {
    sdag_ints widths;
    bool norm, last_norm, last_affine, last_activation, bias;
    int activation;
    float dropout;
} sdag_mlp;
sdag_val sdag_layer_mlp(sdag_build *b, sdag_val x, const sdag_mlp *m);

#endif
