#include "nodes/layer/transformer.h"

#include <math.h>

#include "core/ops/ops.h"

static const float std = 0.02f;

typedef struct layout {
    const char *layer, *norm1, *norm2, *last; /* last: the norm behind the layers */
    const char *query, *key, *value;          /* key NULL: one matrix makes all three */
    const char *out, *up, *down;
    bool transposed; /* weights are f32[in,out] */
    bool scaled;     /* out and down start with std / sqrt(2 layers) */
} layout;

static const layout layouts[] = {
    [SDAG_NAMES_GPT2] = {"h.", "ln_1.", "ln_2.", "ln_f.", "attn.c_attn.", NULL, NULL, "attn.c_proj.", "mlp.c_fc.",
                         "mlp.c_proj.", true, true},
    [SDAG_NAMES_BERT] = {"encoder.layer.", "attention.output.LayerNorm.", "output.LayerNorm.", "encoder.LayerNorm.",
                         "attention.self.query.", "attention.self.key.", "attention.self.value.",
                         "attention.output.dense.", "intermediate.dense.", "output.dense.", false, false},
    [SDAG_NAMES_VIT] = {"blocks.", "norm1.", "norm2.", "norm.", "attn.qkv.", NULL, NULL, "attn.proj.", "mlp.fc1.",
                        "mlp.fc2.", false, false},
};

sdag_val sdag_layer_layer_norm(sdag_build *b, const char *name, sdag_val x, float eps, bool bias)
{
    sdag_shape s = SDAG_SHAPE(sdag_dim(b, x, -1));
    const sdag_init ones = {SDAG_INIT_ONES, 0}, zeros = {SDAG_INIT_ZEROS, 0};
    const char *shift = sdag_layer_name(b, "%sbias", name);
    sdag_val gamma = sdag_param(b, sdag_layer_name(b, "%sweight", name), s, ones, SDAG_STATE_NORM), beta = 0;
    if (bias) beta = sdag_param(b, shift, s, zeros, SDAG_STATE_NORM | SDAG_STATE_BIAS);
    return sdag_op_layer_norm(b, x, gamma, beta, eps);
}

sdag_val sdag_layer_table(sdag_build *b, const char *name, int64_t n, int64_t width)
{
    return sdag_param(b, name, SDAG_SHAPE(n, width), (sdag_init){SDAG_INIT_NORMAL, std}, 0);
}

static sdag_init start_of(int start, int64_t in, int64_t out, float scale)
{
    if (start == SDAG_START_XAVIER) return (sdag_init){SDAG_INIT_UNIFORM, scale * sqrtf(6.0f / (float)(in + out))};
    return (sdag_init){SDAG_INIT_NORMAL, scale * std};
}

/* A linear layer: x W' + c, or x W where weights are f32[in,out]. */
static sdag_val linear(sdag_build *b, const char *name, sdag_val x, int64_t out, bool bias, bool transposed,
                       sdag_init init)
{
    int64_t in = sdag_dim(b, x, -1);
    sdag_shape s = transposed ? SDAG_SHAPE(in, out) : SDAG_SHAPE(out, in);
    sdag_val w = sdag_param(b, sdag_layer_name(b, "%sweight", name), s, init, 0), c = 0;
    if (bias)
        c = sdag_param(b, sdag_layer_name(b, "%sbias", name), SDAG_SHAPE(out), (sdag_init){SDAG_INIT_ZEROS, 0},
                       SDAG_STATE_BIAS);
    return transposed ? sdag_op_linear_t(b, x, w, c) : sdag_op_linear(b, x, w, c);
}

sdag_val sdag_layer_dense(sdag_build *b, const char *name, sdag_val x, int64_t out, bool bias, int start)
{
    return linear(b, name, x, out, bias, false, start_of(start, sdag_dim(b, x, -1), out, 1));
}

/* One layer while it is being made: the names of its weights start with `prefix`. */
typedef struct block {
    sdag_build *b;
    const sdag_transformer *t;
    const layout *names;
    const char *prefix;
} block;

static const char *name_of(const block *k, const char *part) { return sdag_layer_name(k->b, "%s%s", k->prefix, part); }

static sdag_val dense(const block *k, const char *part, sdag_val x, int64_t out, float scale)
{
    int64_t in = sdag_dim(k->b, x, -1);
    return linear(k->b, name_of(k, part), x, out, k->t->bias, k->names->transposed,
                  start_of(k->t->start, in, out, scale));
}

/* Weights of their own for query, key and value are joined: the matrices are small beside what they give, and slices
 * of the gradient are views. */
static sdag_val project(const block *k, sdag_val x)
{
    sdag_build *b = k->b;
    int64_t d = sdag_dim(b, x, -1);
    if (!k->names->key) return dense(k, k->names->query, x, 3 * d, 1);
    const char *parts[] = {k->names->query, k->names->key, k->names->value};
    sdag_val w[3], c[3];
    for (int i = 0; i < 3; i++)
        w[i] = sdag_param(b, sdag_layer_name(b, "%s%sweight", k->prefix, parts[i]), SDAG_SHAPE(d, d),
                          start_of(k->t->start, d, d, 1), 0);
    for (int i = 0; i < 3 && k->t->bias; i++)
        c[i] = sdag_param(b, sdag_layer_name(b, "%s%sbias", k->prefix, parts[i]), SDAG_SHAPE(d),
                          (sdag_init){SDAG_INIT_ZEROS, 0}, SDAG_STATE_BIAS);
    return sdag_op_linear(b, x, sdag_op_concat(b, 3, w, 0), k->t->bias ? sdag_op_concat(b, 3, c, 0) : 0);
}

static float last_scale(const block *k) { return k->names->scaled ? 1 / sqrtf(2.0f * (float)k->t->layers) : 1; }

static sdag_val attend(const block *k, sdag_val x)
{
    const sdag_transformer *t = k->t;
    const sdag_attention o = {
        .heads = t->heads, .causal = t->causal, .lengths = t->lengths, .prefix = t->prefix, .dropout = t->dropout};
    sdag_val y = sdag_op_attention(k->b, project(k, x), &o);
    y = dense(k, k->names->out, y, sdag_dim(k->b, x, -1), last_scale(k));
    return sdag_op_dropout(k->b, y, t->dropout);
}

static sdag_val feed_forward(const block *k, sdag_val x)
{
    int64_t d = sdag_dim(k->b, x, -1), hidden = k->t->hidden > 0 ? k->t->hidden : 4 * d;
    sdag_val y = sdag_layer_activation(k->b, dense(k, k->names->up, x, hidden, 1), k->t->activation);
    y = dense(k, k->names->down, y, d, last_scale(k));
    return sdag_op_dropout(k->b, y, k->t->dropout);
}

static sdag_val norm(const block *k, const char *part, sdag_val x)
{
    return sdag_layer_layer_norm(k->b, name_of(k, part), x, k->t->eps, k->t->bias);
}

static sdag_val layer(const block *k, sdag_val x)
{
    const layout *n = k->names;
    if (k->t->post) {
        x = norm(k, n->norm1, sdag_op_add(k->b, x, attend(k, x)));
        return norm(k, n->norm2, sdag_op_add(k->b, x, feed_forward(k, x)));
    }
    x = sdag_op_add(k->b, x, attend(k, norm(k, n->norm1, x)));
    return sdag_op_add(k->b, x, feed_forward(k, norm(k, n->norm2, x)));
}

sdag_val sdag_layer_transformer(sdag_build *b, sdag_val x, const sdag_transformer *t)
{
    const layout *names = &layouts[t->names];
    int64_t d = sdag_dim(b, x, -1);
    if (b->status) return 0;
    if (t->heads < 1 || d % t->heads) {
        sdag_build_fail(b, "%s: %lld heads do not divide the width %lld", b->node_name, (long long)t->heads,
                        (long long)d);
        return 0;
    }
    for (int64_t i = 0; i < t->layers && !b->status; i++) {
        block k = {b, t, names, sdag_layer_name(b, "%s%lld.", names->layer, (long long)i)};
        x = layer(&k, x);
    }
    return t->post ? x : sdag_layer_layer_norm(b, names->last, x, t->eps, t->bias);
}
