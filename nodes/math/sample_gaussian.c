/* math.sample_gaussian -- a code drawn from the distribution that an encoder gives, so that gradients pass through it
 * (the reparameterisation trick). z = mean + exp(log_var / 2) eps,   eps ~ N(0, I)     f32[B,...]     Kingma & Welling
 * 2014, section 2.4 Outside training z = mean. eps is new for every sample and epoch. */
#include "core/base/rng.h"
#include "core/node/node.h"
#include "core/node/sample.h"
#include "core/ops/ops.h"

static const sdag_port ins[] = {{"mean", "f32[B,D]|f32[B,H,W,D]", "means of the code", 0},
                                {"log_var", "f32[B,D]|f32[B,H,W,D]", "logarithms of its variances", 0},
                                {0}};
static const sdag_port outs[] = {{"z", "f32[B,D]|f32[B,H,W,D]", "the code", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_val mean = sdag_in(b, self, "mean"), log_var = sdag_in(b, self, "log_var"), z = mean;
    sdag_shape s = sdag_shape_at(b, mean);
    if (!sdag_shape_equal(s, sdag_shape_at(b, log_var)))
        sdag_build_fail(b, "%s: mean and log_var differ in shape", sdag_node_name(self));
    if (b->training && !b->status) {
        sdag_val ids = sdag_sample_ids(b, mean);
        sdag_val eps = sdag_op_randn(b, ids ? ids : mean, s, sdag_hash32(sdag_node_name(self)));
        z = sdag_op_add(b, mean, sdag_op_mul(b, sdag_op_exp(b, sdag_op_affine(b, log_var, 0.5f, 0)), eps));
    }
    sdag_out(b, self, "z", z);
}

const sdag_node_type sdag_node_math_sample_gaussian = {
    .name = "math.sample_gaussian",
    .brief = "A code drawn from a normal distribution, with gradients (variational autoencoders).",
    .role = SDAG_ROLE_MATH,
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: math.sample_gaussian, in: {mean: encoder, log_var: encoder}}",
    .paper = "Kingma & Welling 2014, arXiv:1312.6114",
};
