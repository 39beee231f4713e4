/* optimizer.sgd -- stochastic gradient descent with momentum, as torch.optim.SGD.
 *   g <- g + wd p;   v <- m v + g;   p <- p - lr ( nesterov ? g + m v : v ) */
#include "core/ops/ops.h"
#include "nodes/optimizer/common.h"

typedef struct {
    sdag_optimizer_opts common;
    float momentum;
    bool nesterov;
} sgd;

static const sdag_opt opts[] = {
    SDAG_OPTIMIZER_OPTS(sgd, 0.05, 0),
    SDAG_F32(sgd, momentum, 0.9, 0, 0.9999, "share of the last direction that is kept"),
    SDAG_BOOL(sgd, nesterov, false, "look ahead along the momentum"),
    {0},
};

static const sdag_port ins[] = {{"loss", "f32[]", "what to make small", 0}, {0}};

static const char *check(const void *p)
{
    const sgd *o = p;
    if (o->nesterov && o->momentum <= 0) return "nesterov needs a momentum";
    return sdag_optimizer_check(&o->common);
}

static void update(sdag_build *b, const void *p, const sdag_update *u)
{
    const sgd *o = p;
    sdag_val v = o->momentum > 0 ? sdag_slot(b, u->index, "momentum") : 0;
    sdag_op_sgd(b, u->param, u->grad, v, u->lr, u->scale, u->lr_scale, u->weight_decay, o->momentum, o->nesterov);
}

static void lower(sdag_build *b, const sdag_node *self) { sdag_optimizer_each(b, self, update); }

const sdag_node_type sdag_node_optimizer_sgd = {
    .name = "optimizer.sgd",
    .brief = "Stochastic gradient descent with momentum.",
    .role = SDAG_ROLE_OPTIMIZER,
    .opts = opts,
    .opts_size = sizeof(sgd),
    .ins = ins,
    .check = check,
    .lower = lower,
    .example = "{type: optimizer.sgd, in: loss, lr: {cosine: [0.06, 0]}, momentum: 0.9, weight_decay: 5e-4}",
};
