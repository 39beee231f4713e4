/* head.tokens -- a score for every token of the vocabulary, at every place.
 *   logits = x E'                        f32[B,T,V],  E f32[V,D]: the embedding of the tokens (tied), or its own
 *   transform: logits = LN(gelu(x W' + c)) E' + bias                 BERT's head for masked tokens
 * Press & Wolf 2017, arXiv:1608.05859 (tied); Devlin et al. 2019, arXiv:1810.04805. */
#include "core/ops/ops.h"
#include "nodes/layer/transformer.h"

typedef struct {
    bool tied, transform;
    int64_t vocab;
} tokens;

static const sdag_opt opts[] = {
    SDAG_BOOL(tokens, tied, true, "use the embedding that the features came from"),
    SDAG_BOOL(tokens, transform, false, "BERT's: a linear layer, gelu and a norm first, and a bias for every token"),
    SDAG_INT(tokens, vocab, 0, 0, 1 << 24, "number of different tokens; 0: as the features say"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,T,D]", "features of tokens", 0}, {0}};
static const sdag_port outs[] = {{"logits", "f32[B,T,V]", "a score for every token that could stand there", 0}, {0}};

/* The embedding, checked against what is asked for; or a table of the head's own. While no data are open the size of
 * the vocabulary may not be known: then that of the embedding, which stands for it, is not held against anybody. */
static sdag_val table_of(sdag_build *b, const sdag_node *self, sdag_val x)
{
    const tokens *o = sdag_node_opts(self);
    const char *name = sdag_node_name(self);
    const sdag_beside from = sdag_in_beside(b, self, "x");
    const int64_t d = sdag_dim(b, x, -1), rows = from.table ? sdag_dim(b, from.table, 0) : 0;
    if (!o->tied) {
        int64_t vocab = o->vocab ? o->vocab : from.vocab ? from.vocab : rows;
        if (!vocab) sdag_build_fail(b, "%s: x says nothing of a vocabulary; give vocab its size", name);
        return sdag_layer_table(b, o->transform ? "cls.predictions.decoder.weight" : "lm_head.weight", vocab, d);
    }
    if (!from.table)
        sdag_build_fail(
            b, "%s: tied: true needs the features of an encoder of tokens, but x comes without an embedding", name);
    else if (sdag_dim(b, from.table, 1) != d)
        sdag_build_fail(b, "%s: features are %lld wide, the embedding %lld", name, (long long)d,
                        (long long)sdag_dim(b, from.table, 1));
    else if (o->vocab && from.vocab && o->vocab != from.vocab)
        sdag_build_fail(b, "%s: vocab is %lld, but the embedding has %lld tokens", name, (long long)o->vocab,
                        (long long)from.vocab);
    return from.table;
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const tokens *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "x"), bias = 0;
    if (b->status) return;
    sdag_val table = table_of(b, self, x);
    if (o->transform && !b->status) {
        int64_t d = sdag_dim(b, x, -1);
        x = sdag_layer_dense(b, "cls.predictions.transform.dense.", x, d, true, SDAG_START_NORMAL);
        x = sdag_op_gelu(b, x, false);
        x = sdag_layer_layer_norm(b, "cls.predictions.transform.LayerNorm.", x, 1e-12f, true);
        bias = sdag_param(b, "cls.predictions.bias", SDAG_SHAPE(sdag_dim(b, table, 0)), (sdag_init){SDAG_INIT_ZEROS, 0},
                          SDAG_STATE_BIAS);
    }
    sdag_out(b, self, "logits", sdag_op_linear(b, x, table, bias));
}

const sdag_node_type sdag_node_head_tokens = {
    .name = "head.tokens",
    .brief = "A score for every token of the vocabulary, at every place.",
    .role = SDAG_ROLE_HEAD,
    .opts = opts,
    .opts_size = sizeof(tokens),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .lower = lower,
    .example = "{type: head.tokens, in: model, tied: true}",
    .paper = "Press & Wolf 2017, arXiv:1608.05859",
};
