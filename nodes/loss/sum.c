/* loss.sum -- several losses as one.
 *   loss = sum_k w_k loss_k                                 f32[] each
 * in: [reconstruction, kl], weights: [1, 4] is the beta-VAE of Higgins et al. 2017, eq. 4. */
#include "core/node/node.h"
#include "core/ops/ops.h"

typedef struct {
    sdag_floats weights;
} sum;

static const sdag_opt opts[] = {
    SDAG_F32S(sum, weights, NULL, -1e9, 1e9, "factor of every loss, in their order; none: 1 each"),
    {0},
};

static const sdag_port ins[] = {{"losses", "f32[]", "what is added up", SDAG_PORT_BUNDLE}, {0}};
static const sdag_port outs[] = {{"loss", "f32[]", "the weighted sum", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const sdag_floats w = ((const sum *)sdag_node_opts(self))->weights;
    int n = sdag_in_views(b, self, "losses");
    if (w.n && w.n != n && !b->status)
        sdag_build_fail(b, "%s: weights has %d number%s, but 'losses' carries %d", sdag_node_name(self), w.n,
                        w.n == 1 ? "" : "s", n);
    sdag_val all = 0;
    for (int i = 0; i < n && !b->status; i++) {
        sdag_val one = sdag_in_view(b, self, "losses", i);
        if (w.n) one = sdag_op_affine(b, one, w.at[i], 0);
        all = all ? sdag_op_add(b, all, one) : one;
    }
    sdag_out(b, self, "loss", all);
}

const sdag_node_type sdag_node_loss_sum = {
    .name = "loss.sum",
    .brief = "Several losses as one, each with its weight.",
    .role = SDAG_ROLE_LOSS,
    .opts = opts,
    .opts_size = sizeof(sum),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: loss.sum, in: [reconstruction, kl], weights: [1, 0.5]}",
};
