/* optimizer.lars -- layer-wise adaptive rates for large batches.
 *   decayed parameters:  g <- (g + wd p) eta |p| / ( |g| + wd |p| + 1e-8 )
 *   all:                 v <- m v + g;   p <- p - lr ( nesterov ? g + m v : v )
 * Parameters without decay (norms, biases) take plain momentum. You et al. 2017, arXiv:1708.03888, with the choices of
 * lightly (the rate after the momentum). */
#include "core/ops/ops.h"
#include "nodes/optimizer/common.h"

typedef struct {
    sdag_optimizer_opts common;
    float momentum, eta;
    bool nesterov;
} lars;

static const sdag_opt opts[] = {
    SDAG_OPTIMIZER_OPTS(lars, 0.3, 1e-6),
    SDAG_F32(lars, momentum, 0.9, 0, 0.9999, "share of the last direction that is kept"),
    SDAG_F32(lars, eta, 1e-3, 1e-8, 10, "trust coefficient"),
    SDAG_BOOL(lars, nesterov, false, "look ahead along the momentum"),
    {0},
};

static const sdag_port ins[] = {{"loss", "f32[]", "what to make small", 0}, {0}};

static const char *check(const void *p) { return sdag_optimizer_check(&((const lars *)p)->common); }

static void update(sdag_build *b, const void *p, const sdag_update *u)
{
    const lars *o = p;
    sdag_op_lars(b, u->param, u->grad, sdag_slot(b, u->index, "momentum"), u->lr, u->scale, u->lr_scale,
                 u->weight_decay, o->momentum, o->eta, o->nesterov);
}

static void lower(sdag_build *b, const sdag_node *self) { sdag_optimizer_each(b, self, update); }

const sdag_node_type sdag_node_optimizer_lars = {
    .name = "optimizer.lars",
    .brief = "Layer-wise adaptive rates, for large batches.",
    .role = SDAG_ROLE_OPTIMIZER,
    .opts = opts,
    .opts_size = sizeof(lars),
    .ins = ins,
    .check = check,
    .lower = lower,
    .example = "{type: optimizer.lars, in: loss, lr: {cosine: [0.5, 0], warmup: 2 epochs}}",
    .paper = "You et al. 2017, arXiv:1708.03888",
};
