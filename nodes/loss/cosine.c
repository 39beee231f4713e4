/* loss.cosine -- an embedding must point where the target does; there are no negatives.
 *   cos = sum_j p_j z_j,  p, z unit rows of online, target  f32[B,D] each
 *   distance: loss = mean over pairs and rows of 2 - 2 cos  Grill et al. 2020 (BYOL), eq. 2
 *   negative: loss = mean over pairs and rows of -cos       Chen & He 2021 (SimSiam), eq. 1, 2
 * With two views on each side, pairs: crossed compares a view with the other view's target, and same with its own. A
 * gradient flows into both sides: the target stands still when it comes from a momentum or a math.stop_gradient. */
#include "core/ops/ops.h"
#include "nodes/loss/common.h"

enum { DISTANCE, NEGATIVE };
static const char *const form_choices[] = {"distance", "negative", NULL};

typedef struct {
    int pairs, form;
} cosine;

static const sdag_opt opts[] = {
    SDAG_ENUM(cosine, pairs, SDAG_PAIRS_CROSSED, sdag_pairs_choices, SDAG_PAIRS_HELP),
    SDAG_ENUM(cosine, form, DISTANCE, form_choices, "distance: 2 - 2 cos (BYOL); negative: -cos (SimSiam)"),
    {0},
};

static const sdag_port ins[] = {
    {"online", "f32[B,D]", "what is trained: the predictor's output", SDAG_PORT_BUNDLE},
    {"target", "f32[B,D]", "where it should point", SDAG_PORT_BUNDLE},
    {0},
};
static const sdag_port outs[] = {{"loss", "f32[]", "mean over pairs and samples", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const cosine *o = sdag_node_opts(self);
    int n = sdag_loss_pairs(b, self, "online", "target", o->pairs);
    sdag_val all = 0;
    for (int i = 0; i < n; i++) {
        sdag_val p = sdag_op_l2norm(b, sdag_in_view(b, self, "online", i), 1e-12f);
        sdag_val z = sdag_op_l2norm(b, sdag_in_view(b, self, "target", sdag_loss_partner(i, n, o->pairs)), 1e-12f);
        sdag_val one = sdag_op_sum_all(b, sdag_op_mul(b, p, z));
        all = all ? sdag_op_add(b, all, one) : one;
    }
    if (b->status) return;
    int64_t rows = n * sdag_dim(b, sdag_in_view(b, self, "online", 0), 0);
    float k = o->form == DISTANCE ? 2 : 1;
    sdag_out(b, self, "loss", sdag_op_affine(b, all, -k / (float)rows, o->form == DISTANCE ? 2 : 0));
}

const sdag_node_type sdag_node_loss_cosine = {
    .name = "loss.cosine",
    .brief = "Angle between an embedding and its target (BYOL, SimSiam).",
    .role = SDAG_ROLE_LOSS,
    .opts = opts,
    .opts_size = sizeof(cosine),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: loss.cosine, in: {online: projector, target: projector}, pairs: crossed}",
    .paper = "Grill et al. 2020, arXiv:2006.07733",
    .pulls = "online view and target view",
};
