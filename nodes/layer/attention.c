/* layer.attention -- every token reads the others, with several heads.
 *   [q | k | v] = x W' + c,  h = softmax(q k' / sqrt(D / heads)) v for each head,  y = h W_o' + c_o        f32[B,T,D]
 * Weights are called as timm's Attention has them: qkv.weight f32[3D,D], proj.weight f32[D,D]; they start in
 * N(0, 0.02), biases at 0. Vaswani et al. 2017, arXiv:1706.03762, section 3.2. */
#include "core/ops/ops.h"
#include "nodes/layer/transformer.h"

typedef struct {
    int64_t heads;
    bool causal, bias;
    float dropout;
} attention;

static const sdag_opt opts[] = {
    SDAG_INT(attention, heads, 4, 1, 1024, "parts of the width, each with an attention of its own"),
    SDAG_BOOL(attention, causal, false, "a token sees itself and those before it only"),
    SDAG_BOOL(attention, bias, true, "in both linear layers"),
    SDAG_F32(attention, dropout, 0, 0, 0.999, "of the attention, in training"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,T,D]", "tokens", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,T,D]", "what they read", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const attention *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "x");
    int64_t d = sdag_dim(b, x, -1);
    if (b->status) return;
    if (d % o->heads) {
        sdag_build_fail(b, "%s: %lld heads do not divide the width %lld", sdag_node_name(self), (long long)o->heads,
                        (long long)d);
        return;
    }
    const sdag_attention a = {.heads = o->heads, .causal = o->causal, .dropout = o->dropout};
    sdag_val y = sdag_layer_dense(b, "qkv.", x, 3 * d, o->bias, SDAG_START_NORMAL);
    y = sdag_layer_dense(b, "proj.", sdag_op_attention(b, y, &a), d, o->bias, SDAG_START_NORMAL);
    sdag_layer_out(b, self, y);
}

const sdag_node_type sdag_node_layer_attention = {
    .name = "layer.attention",
    .brief = "Every token reads the others, with several heads.",
    .role = SDAG_ROLE_LAYER,
    .opts = opts,
    .opts_size = sizeof(attention),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .lower = lower,
    .example = "{type: layer.attention, in: model, heads: 4}",
    .paper = "Vaswani et al. 2017, arXiv:1706.03762",
};
