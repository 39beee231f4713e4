/* layer.embedding -- a vector for every token.
 *   y_bt = weight[x_bt]        i32[B,T] -> f32[B,T,D];  weight f32[V,D] in N(0, 0.02)
 * V is the number of different tokens that the data say, or `vocab`. The table travels on beside the features, so that
 * head.tokens can be tied to it. */
#include "core/ops/ops.h"
#include "nodes/layer/transformer.h"

enum { UNKNOWN = 256 }; /* tokens that `check` counts where the data, which it does not open, would say */

typedef struct {
    int64_t width, vocab;
} embedding;

static const sdag_opt opts[] = {
    SDAG_INT_REQ(embedding, width, 1, 1 << 16, "numbers a token"),
    SDAG_INT(embedding, vocab, 0, 0, 1 << 24, "different tokens; 0: as many as the data have"),
    {0},
};

static const sdag_port ins[] = {{"x", "i32[B,T]", "tokens", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,T,D]", "a vector for each", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const embedding *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "x");
    sdag_beside beside = sdag_in_beside(b, self, "x");
    const int64_t known = o->vocab ? o->vocab : beside.vocab, vocab = known ? known : UNKNOWN;
    if (beside.vocab > vocab) {
        sdag_build_fail(b, "%s: vocab is %lld, but the data have %lld different tokens", sdag_node_name(self),
                        (long long)vocab, (long long)beside.vocab);
        return;
    }
    sdag_val table = sdag_layer_table(b, "weight", vocab, o->width);
    sdag_out(b, self, "y", sdag_op_gather(b, table, x));
    sdag_out_beside(b, self, "y", &(sdag_beside){.vocab = known, .table = table});
}

const sdag_node_type sdag_node_layer_embedding = {
    .name = "layer.embedding",
    .brief = "A vector for every token.",
    .role = SDAG_ROLE_LAYER,
    .opts = opts,
    .opts_size = sizeof(embedding),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .trains = true,
    .lower = lower,
    .example = "{type: layer.embedding, in: text, width: 16}",
};
