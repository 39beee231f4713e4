/* optimizer.adamw -- Adam with decoupled weight decay, as torch.optim.AdamW.
 *   p <- p - lr wd p;   m <- b1 m + (1-b1) g;   v <- b2 v + (1-b2) g^2
 *   p <- p - lr m / (1-b1^t) / ( sqrt(v / (1-b2^t)) + eps )          Loshchilov & Hutter 2019, arXiv:1711.05101 */
#include "core/ops/ops.h"
#include "nodes/optimizer/common.h"

typedef struct {
    sdag_optimizer_opts common;
    sdag_floats betas;
    float eps;
} adamw;

static const sdag_opt opts[] = {
    SDAG_OPTIMIZER_OPTS(adamw, 1e-3, 0.01),
    SDAG_F32S(adamw, betas, "[0.9, 0.999]", 0, 0.999999, "decay of the means of g and g^2"),
    SDAG_F32(adamw, eps, 1e-8, 1e-12, 1, "added to the denominator"),
    {0},
};

static const sdag_port ins[] = {{"loss", "f32[]", "what to make small", 0}, {0}};

static const char *check(const void *p)
{
    const adamw *o = p;
    return o->betas.n != 2 ? "betas takes two numbers" : sdag_optimizer_check(&o->common);
}

static void update(sdag_build *b, const void *p, const sdag_update *u)
{
    const adamw *o = p;
    sdag_op_adamw(b, u->param, u->grad, sdag_slot(b, u->index, "exp_avg"), sdag_slot(b, u->index, "exp_avg_sq"),
                  sdag_slot_counter(b, "step"), u->lr, u->scale, u->lr_scale, u->weight_decay, o->betas.at[0],
                  o->betas.at[1], o->eps);
}

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_optimizer_each(b, self, update);
    sdag_op_count(b, sdag_slot_counter(b, "step"));
}

const sdag_node_type sdag_node_optimizer_adamw = {
    .name = "optimizer.adamw",
    .brief = "Adam with decoupled weight decay.",
    .role = SDAG_ROLE_OPTIMIZER,
    .opts = opts,
    .opts_size = sizeof(adamw),
    .ins = ins,
    .check = check,
    .lower = lower,
    .example = "{type: optimizer.adamw, in: loss, lr: 1e-3, weight_decay: 0.05}",
    .paper = "Loshchilov & Hutter 2019, arXiv:1711.05101",
};
