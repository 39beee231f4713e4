/* loss.mse -- the squared distance between two values, for reconstruction.
 *   d = (x - y)^2                                           f32[B,...]
 *   loss = sum m d / sum m, m the mask (1 without)          or mean_i sum_j m_ij d_ij with sum: true
 * He et al. 2022 (MAE): on the hidden patches; Kingma & Welling 2014: the Gaussian log-likelihood, summed. */
#include "core/ops/ops.h"
#include "nodes/loss/common.h"

typedef struct {
    bool sum;
} mse;

static const sdag_opt opts[] = {SDAG_BOOL(mse, sum, false, SDAG_COMPARE_SUM_HELP), {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_val x, y;
    sdag_compare_values(b, self, &x, &y);
    sdag_compare_out(b, self, sdag_op_square(b, sdag_op_sub(b, x, y)), ((const mse *)sdag_node_opts(self))->sum);
}

const sdag_node_type sdag_node_loss_mse = {
    .name = "loss.mse",
    .brief = "Squared distance, for reconstruction.",
    .role = SDAG_ROLE_LOSS,
    .opts = opts,
    .opts_size = sizeof(mse),
    .ins = sdag_compare_ins,
    .outs = sdag_compare_outs,
    .lower = lower,
    .example = "{type: loss.mse, in: {x: decoder, y: images}}",
    .pulls = "output and target",
};
