/* The transformer (Vaswani et al. 2017), as GPT, BERT and ViT share it: layers of attention and a two-layer network
 * over tokens, under the weight names and layouts that each is known by.
 *
 *   sdag_transformer t = {.names = SDAG_NAMES_VIT, .layers = 4, .heads = 4, .bias = true, .eps = 1e-6f,
 *                         .activation = SDAG_ACT_GELU};
 *   x = sdag_layer_transformer(b, x, &t);        // f32[B,T,D] -> f32[B,T,D]; blocks.0.norm1.weight, ..., norm.weight
 *
 * Norm first (pre):  x += attention(norm(x)),  x += mlp(norm(x)),  and a norm at the end.
 * Norm behind (post): x = norm(x + attention(x)),  x = norm(x + mlp(x)). */
#ifndef SDAG_NODES_LAYER_TRANSFORMER_H
#define SDAG_NODES_LAYER_TRANSFORMER_H

#include "nodes/layer/layer.h"

/* Names and layouts of the weights, and which of them start smaller. */
typedef enum {
    SDAG_NAMES_GPT2, /* Hugging Face GPT2Model: h.0.attn.c_attn.weight f32[D,3D] (in, out), ...; what is added to x
                        starts with std / sqrt(2 layers) (Radford et al. 2019) */
    SDAG_NAMES_BERT, /* Hugging Face BertModel: encoder.layer.0.attention.self.query.weight f32[D,D], ... */
    SDAG_NAMES_VIT,  /* timm: blocks.0.attn.qkv.weight f32[3D,D], ... */
} sdag_transformer_names;

/* How matrices start. */
typedef enum {
    SDAG_START_NORMAL, /* N(0, 0.02): GPT, BERT, timm */
    SDAG_START_XAVIER, /* U(+-sqrt(6 / (in + out))): MAE; better where the width is small */
} sdag_transformer_start;

typedef struct sdag_transformer {
    int names, start;
    int64_t layers, heads;
    int64_t hidden; /* width of the two-layer network; 0: 4 D */
    bool post, causal;
    bool bias;                /* in linear layers and norms */
    int activation;           /* SDAG_ACT_* */
    float dropout;            /* of the probabilities and of what is added to x */
    float eps;                /* of the norms */
    sdag_val lengths, prefix; /* i32[B], see sdag_op_attention; 0: none */
} sdag_transformer;

sdag_val sdag_layer_transformer(sdag_build *b, sdag_val x, const sdag_transformer *t);

/* Its parts, for what stands before and behind it. */
sdag_val sdag_layer_layer_norm(sdag_build *b, const char *name, sdag_val x, float eps, bool bias);
/* As sdag_layer_linear with another start: weight in N(0, 0.02), or Xavier; the bias is 0. */
sdag_val sdag_layer_dense(sdag_build *b, const char *name, sdag_val x, int64_t out, bool bias, int start);
/* A table of vectors f32[n,D] in N(0, 0.02). */
sdag_val sdag_layer_table(sdag_build *b, const char *name, int64_t n, int64_t width);

#endif
