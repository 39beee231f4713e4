/* loss.kl -- how far a diagonal Gaussian is from the standard one: what keeps the code of a variational autoencoder
 * where samples can be drawn from.
 *   loss = mean_i sum_j 1/2 ( mu_ij^2 + s_ij - 1 - log s_ij ),  s = e^log_var      f32[B,...]
 * Kingma & Welling 2014, appendix B. */
#include "core/node/node.h"
#include "core/ops/ops.h"

static const sdag_port ins[] = {{"mean", "f32[B,...]", "middle of the Gaussian", 0},
                                {"log_var", "f32[B,...]", "logarithm of its variance", 0},
                                {0}};
static const sdag_port outs[] = {{"loss", "f32[]", "sum over a sample, mean over the samples", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_val mu = sdag_in(b, self, "mean"), v = sdag_in(b, self, "log_var");
    if (b->status) return;
    sdag_shape s = sdag_shape_at(b, mu), t = sdag_shape_at(b, v);
    if (!sdag_shape_equal(s, t)) {
        char one[SDAG_SHAPE_TEXT], two[SDAG_SHAPE_TEXT];
        sdag_build_fail(b, "%s: mean is %s, but log_var is %s", sdag_node_name(self),
                        sdag_shape_text(one, SDAG_DT_F32, s), sdag_shape_text(two, SDAG_DT_F32, t));
        return;
    }
    sdag_val spread = sdag_op_affine(b, sdag_op_sub(b, sdag_op_exp(b, v), v), 1, -1);
    sdag_val sum = sdag_op_sum_all(b, sdag_op_add(b, sdag_op_square(b, mu), spread));
    sdag_out(b, self, "loss", sdag_op_affine(b, sum, 0.5f / (float)s.d[0], 0));
}

const sdag_node_type sdag_node_loss_kl = {
    .name = "loss.kl",
    .brief = "Distance of a Gaussian code from the standard one (VAE).",
    .role = SDAG_ROLE_LOSS,
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: loss.kl, in: {mean: mean, log_var: log_var}}",
    .paper = "Kingma & Welling 2014, arXiv:1312.6114",
    .pulls = "code and standard normal",
};
