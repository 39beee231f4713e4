/* encoder.transformer -- a transformer over tokens: GPT's decoder (causal, norm first) or BERT's encoder (norm behind).
 *   x = E[tokens] + P[0..T-1]                                        f32[B,T,D],  E f32[V,D], P f32[context,D]
 *   x = LN(x + S[0])                                                 post: BERT's segment embedding and norm
 *   `layers` times: attention and mlp, each with a residual and a norm (nodes/layer/transformer.h)
 *   features = x, behind a last norm when the norm is first          f32[B,T,D]
 *   pooled = mean of the features, the last one, or BERT's tanh(W features_0 + c)      f32[B,D]
 * Vaswani et al. 2017, arXiv:1706.03762; Radford et al. 2019 (GPT-2); Devlin et al. 2019, arXiv:1810.04805 (BERT). */
#include "nodes/layer/transformer.h"
#include "core/ops/ops.h"

typedef struct {
    int64_t layers, heads, width, context, vocab, padding, prefix;
    float mlp_ratio, dropout, eps;
    bool causal, bias;
    int norm, names, activation, pool;
} transformer;

enum { PRE, POST };
enum { NAMES_AUTO, NAMES_GPT2, NAMES_BERT };
enum { ACT_AUTO, ACT_GELU, ACT_GELU_TANH, ACT_RELU };
enum { POOL_AUTO, POOL_MEAN, POOL_FIRST, POOL_LAST };
static const char *const norms[] = {"pre", "post", NULL}, *const names[] = {"auto", "gpt2", "bert", NULL},
                         *const activations[] = {"auto", "gelu", "gelu_tanh", "relu", NULL},
                         *const pools[] = {"auto", "mean", "first", "last", NULL};
static const int acts[] = {0, SDAG_ACT_GELU, SDAG_ACT_GELU_TANH, SDAG_ACT_RELU};

static const sdag_opt opts[] = {
    SDAG_INT(transformer, layers, 4, 1, 1024, "attention layers"),
    SDAG_INT(transformer, heads, 4, 1, 4096, "heads of attention; they must divide the width"),
    SDAG_INT(transformer, width, 128, 1, 1 << 16, "numbers for a token"),
    SDAG_F32(transformer, mlp_ratio, 4, 0.25, 64, "width of the network in a layer, in widths"),
    SDAG_BOOL(transformer, causal, false, "a token sees itself and those before it (GPT)"),
    SDAG_INT(transformer, prefix, 0, 0, 1 << 24, "causal: so many first tokens see each other in full"),
    SDAG_ENUM(transformer, norm, PRE, norms, "where layer norms stand: pre (GPT-2) or post (BERT)"),
    SDAG_ENUM(transformer, names, NAMES_AUTO, names,
              "Hugging Face's names of weights; auto: gpt2 for pre, bert for post"),
    SDAG_ENUM(transformer, activation, ACT_AUTO, activations, "auto: gelu_tanh for gpt2, gelu for bert"),
    SDAG_BOOL(transformer, bias, true, "biases in linear layers and norms"),
    SDAG_F32(transformer, eps, 0, 0, 1, "of the norms; 0: 1e-5 for gpt2, 1e-12 for bert"),
    SDAG_F32(transformer, dropout, 0, 0, 0.99, "share set to 0 in training: embeddings, attention, residual branches"),
    SDAG_INT(transformer, context, 0, 0, 1 << 24, "positions that have an embedding; 0: as many as tokens come in"),
    SDAG_INT(transformer, vocab, 0, 0, 1 << 24, "number of different tokens; 0: as the data say"),
    SDAG_INT(transformer, padding, -1, -1, 1 << 24,
             "token that fills up short samples and is not seen; -1: the data's"),
    SDAG_ENUM(transformer, pool, POOL_AUTO, pools, "what `pooled` is; auto: last if causal, first for bert, else mean"),
    {0},
};

static const sdag_port ins[] = {{"tokens", "i32[B,T]", "numbers of the tokens", 0}, {0}};
static const sdag_port outs[] = {{"features", "f32[B,T,D]", "a vector for every token", 0},
                                 {"pooled", "f32[B,D]", "a vector for the sample: what classifiers read", 0},
                                 {0}};

static bool is_bert(const transformer *o) { return o->names ? o->names == NAMES_BERT : o->norm == POST; }

static float eps_of(const transformer *o) { return o->eps > 0 ? o->eps : is_bert(o) ? 1e-12f : 1e-5f; }

static const char *check(const void *p)
{
    const transformer *o = p;
    if (o->width % o->heads) return "heads must divide width";
    if (o->prefix && !o->causal) return "prefix is for causal: true; without it every token sees all others";
    if (o->prefix && o->context && o->prefix > o->context) return "prefix is longer than context";
    return NULL;
}

/* What every token starts from, in names of its own for each family. */
static sdag_val embed(sdag_build *b, const transformer *o, sdag_val tokens, int64_t vocab, sdag_val *table)
{
    const bool bert = is_bert(o);
    const int64_t t = sdag_dim(b, tokens, 1), context = o->context ? o->context : t;
    if (t > context)
        sdag_build_fail(b, "%s: samples have %lld tokens, but context is %lld", b->node_name, (long long)t,
                        (long long)context);
    if (o->prefix > t)
        sdag_build_fail(b, "%s: prefix is %lld, but samples have %lld tokens", b->node_name, (long long)o->prefix,
                        (long long)t);
    *table = sdag_layer_table(b, bert ? "embeddings.word_embeddings.weight" : "wte.weight", vocab, o->width);
    sdag_val at = sdag_layer_table(b, bert ? "embeddings.position_embeddings.weight" : "wpe.weight", context, o->width);
    at = sdag_op_slice(b, at, 0, 0, t);
    if (bert) {
        sdag_val segment = sdag_layer_table(b, "embeddings.token_type_embeddings.weight", 2, o->width);
        at = sdag_op_add(b, at, sdag_op_slice(b, segment, 0, 0, 1));
    }
    sdag_val x = sdag_op_add(b, sdag_op_gather(b, *table, tokens), at);
    if (bert) x = sdag_layer_layer_norm(b, "embeddings.LayerNorm.", x, eps_of(o), o->bias);
    return sdag_op_dropout(b, x, o->dropout);
}

/* Mean over the tokens that are no padding. */
static sdag_val mean(sdag_build *b, sdag_val x, sdag_val tokens, int32_t pad)
{
    if (pad < 0) return sdag_op_mean(b, x, 1, (int[]){1}, false);
    sdag_val real = sdag_op_equal(b, tokens, sdag_const(b, SDAG_DT_I32, SDAG_SCALAR, &pad));
    real = sdag_op_affine(b, real, -1, 1);
    sdag_val n = sdag_op_clamp(b, sdag_op_sum(b, real, 1, (int[]){1}, true), 1, 3e38f); /* f32[B,1] */
    real = sdag_op_reshape(b, real, SDAG_SHAPE(sdag_dim(b, x, 0), sdag_dim(b, x, 1), 1));
    return sdag_op_div(b, sdag_op_sum(b, sdag_op_mul(b, x, real), 1, (int[]){1}, false), n);
}

static sdag_val token_at(sdag_build *b, sdag_val x, int64_t i)
{
    sdag_shape flat = SDAG_SHAPE(sdag_dim(b, x, 0), sdag_dim(b, x, 2));
    return sdag_op_reshape(b, sdag_op_slice(b, x, 1, i, i + 1), flat);
}

static sdag_val pooled(sdag_build *b, const transformer *o, sdag_val x, sdag_val tokens, sdag_val last, int32_t pad)
{
    int pool = o->pool;
    if (pool == POOL_AUTO) pool = o->causal ? POOL_LAST : is_bert(o) ? POOL_FIRST : POOL_MEAN;
    if (pool == POOL_MEAN) return mean(b, x, tokens, pad);
    if (pool == POOL_LAST && last) return token_at(b, sdag_op_take(b, x, last), 0);
    if (pool == POOL_LAST) return token_at(b, x, sdag_dim(b, x, 1) - 1);
    x = token_at(b, x, 0);
    if (!is_bert(o)) return x;
    return sdag_op_tanh(b, sdag_layer_dense(b, "pooler.dense.", x, o->width, true, SDAG_START_NORMAL));
}

static void lower(sdag_build *b, const sdag_node *self)
{
    enum { UNKNOWN = 256 }; /* while no data are open and nobody says more: sizes are shown, nothing is computed */
    const transformer *o = sdag_node_opts(self);
    sdag_val tokens = sdag_in(b, self, "tokens"), table = 0, last = 0;
    const sdag_beside from = sdag_in_beside(b, self, "tokens");
    const int64_t known = o->vocab ? o->vocab : from.vocab, vocab = known ? known : UNKNOWN;
    const int32_t pad = o->padding >= 0 ? (int32_t)o->padding : (int32_t)(from.pad_id - 1);
    if (b->status) return;
    sdag_transformer t = {.names = is_bert(o) ? SDAG_NAMES_BERT : SDAG_NAMES_GPT2,
                          .layers = o->layers,
                          .heads = o->heads,
                          .hidden = (int64_t)((double)o->mlp_ratio * (double)o->width + 0.5),
                          .post = o->norm == POST,
                          .causal = o->causal,
                          .bias = o->bias,
                          .activation = acts[o->activation],
                          .dropout = o->dropout,
                          .eps = eps_of(o)};
    if (o->activation == ACT_AUTO) t.activation = is_bert(o) ? SDAG_ACT_GELU : SDAG_ACT_GELU_TANH;
    if (pad >= 0) t.lengths = sdag_op_lengths(b, tokens, pad, &last);
    if (o->prefix) {
        int64_t n = sdag_dim(b, tokens, 0);
        int32_t *prefix = SDAG_NEWS(b->arena, int32_t, n);
        for (int64_t i = 0; i < n; i++) prefix[i] = (int32_t)o->prefix;
        t.prefix = sdag_const(b, SDAG_DT_I32, SDAG_SHAPE(n), prefix);
    }
    sdag_val x = embed(b, o, tokens, vocab, &table);
    x = sdag_layer_transformer(b, x, &t);
    sdag_out(b, self, "features", x);
    sdag_out_beside(b, self, "features", &(sdag_beside){.vocab = known, .table = table});
    sdag_out(b, self, "pooled", pooled(b, o, x, tokens, last, pad));
}

const sdag_node_type sdag_node_encoder_transformer = {
    .name = "encoder.transformer",
    .brief = "A transformer over tokens: GPT or BERT.",
    .role = SDAG_ROLE_ENCODER,
    .opts = opts,
    .opts_size = sizeof(transformer),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .check = check,
    .lower = lower,
    .example = "{type: encoder.transformer, in: tokens, layers: 4, heads: 4, width: 128, causal: true}",
    .paper = "Vaswani et al. 2017, arXiv:1706.03762",
};
