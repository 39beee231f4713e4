/* loss.info_nce -- a query must find its positive among negatives: those of a queue, or the other rows of the batch.
 *   q, k, n = unit rows of query, positive, negatives       f32[B,D], f32[B,D], f32[N,D]
 *   s = [q_i . k_i, q n'] / temperature, the right column is 0   f32[B,1+N]         He et al. 2020 (MoCo), eq. 1
 *   s = q k' / temperature, the right column of row i is i       f32[B,B]           without negatives; van den Oord
 *                                                                                   et al. 2018, eq. 4
 *   loss = mean over pairs and rows of logsumexp_j s_ij - s_i,right
 * With two views on each side, pairs: crossed asks a view for the other view's key, and same for its own. A gradient
 * flows into all that is wired: keys stand still when they come from a momentum or a math.stop_gradient. */
#include "core/ops/ops.h"
#include "nodes/loss/common.h"

typedef struct {
    float temperature;
    bool normalize;
    int pairs;
} info_nce;

static const sdag_opt opts[] = {
    SDAG_F32(info_nce, temperature, 0.1, 1e-3, 10.0, "softmax temperature; small = harder negatives"),
    SDAG_BOOL(info_nce, normalize, true, "scale rows to unit length first"),
    SDAG_ENUM(info_nce, pairs, SDAG_PAIRS_CROSSED, sdag_pairs_choices, SDAG_PAIRS_HELP),
    {0},
};

static const sdag_port ins[] = {
    {"query", "f32[B,D]", "embeddings that ask", SDAG_PORT_BUNDLE},
    {"positive", "f32[B,D]", "the right answer of each, as a rule from a momentum encoder", SDAG_PORT_BUNDLE},
    {"negatives", "f32[N,D]", "wrong answers for all, as a rule a queue; none: the other positives",
     SDAG_PORT_OPTIONAL},
    {0},
};
static const sdag_port outs[] = {{"loss", "f32[]", "mean over pairs and samples", 0}, {0}};

/* Which column is right: i32[B] of zeros or 0, 1, 2, ... */
static sdag_val right_columns(sdag_build *b, int64_t rows, bool zeros)
{
    if (b->status) return 0;
    int32_t *at = SDAG_NEWS(b->arena, int32_t, rows);
    for (int64_t i = 0; i < rows; i++) at[i] = zeros ? 0 : (int32_t)i;
    return sdag_const(b, SDAG_DT_I32, SDAG_SHAPE(rows), at);
}

static sdag_val rows_of(sdag_build *b, const info_nce *o, sdag_val x)
{
    return o->normalize ? sdag_op_l2norm(b, x, 1e-12f) : x;
}

/* Similarities of one pair, over the temperature. */
static sdag_val scores(sdag_build *b, const info_nce *o, sdag_val q, sdag_val k, sdag_val negatives)
{
    const float scale = 1.0f / o->temperature;
    if (!negatives) return sdag_op_matmul_nt(b, q, k, scale);
    sdag_val own = sdag_op_affine(b, sdag_op_sum(b, sdag_op_mul(b, q, k), 1, (int[]){-1}, true), scale, 0);
    return sdag_op_concat(b, 2, (sdag_val[]){own, sdag_op_matmul_nt(b, q, negatives, scale)}, 1);
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const info_nce *o = sdag_node_opts(self);
    int n = sdag_loss_pairs(b, self, "query", "positive", o->pairs);
    sdag_val all = 0, negatives = sdag_in(b, self, "negatives");
    if (negatives) negatives = rows_of(b, o, negatives);
    for (int i = 0; i < n; i++) {
        sdag_val q = rows_of(b, o, sdag_in_view(b, self, "query", i));
        sdag_val k = rows_of(b, o, sdag_in_view(b, self, "positive", sdag_loss_partner(i, n, o->pairs)));
        sdag_val right = right_columns(b, sdag_dim(b, q, 0), negatives != 0);
        sdag_val one = sdag_op_mean_all(b, sdag_op_softmax_xent(b, scores(b, o, q, k, negatives), right, -100));
        all = all ? sdag_op_add(b, all, one) : one;
    }
    sdag_out(b, self, "loss", n > 1 ? sdag_op_affine(b, all, 1.0f / (float)n, 0) : all);
}

const sdag_node_type sdag_node_loss_info_nce = {
    .name = "loss.info_nce",
    .brief = "A query must find its positive among negatives (MoCo).",
    .role = SDAG_ROLE_LOSS,
    .opts = opts,
    .opts_size = sizeof(info_nce),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: loss.info_nce, in: {query: projector, positive: projector}, temperature: 0.2}",
    .paper = "He et al. 2020, arXiv:1911.05722",
    .pulls = "a query and its positive key",
    .pushes = "the query and all negatives",
};
