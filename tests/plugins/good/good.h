/* A plugin in which nothing is wrong, for the ones beside it to spoil one thing. GOOD_TYPE: the name of its type. */
#ifndef SDAG_TESTS_PLUGINS_GOOD_H
#define SDAG_TESTS_PLUGINS_GOOD_H

#include "core/node/plugin.h"

#ifndef GOOD_TYPE
#define GOOD_TYPE "loss.good"
#endif

typedef struct {
    float scale;
    int how;
} good;

static const char *const good_choices[] = {"mean", "sum", NULL};
static const sdag_opt good_opts[] = {
    SDAG_F32(good, scale, 1, 0, 10, "what the loss is multiplied by"),
    SDAG_ENUM(good, how, 0, good_choices, "mean or sum"),
    {0},
};
static const sdag_port good_ins[] = {{"x", "f32[B,...]", "anything", 0}, {0}};
static const sdag_port good_outs[] = {{"loss", "f32[]", "mean of x", 0}, {0}};

static void good_lower(sdag_build *b, const sdag_node *self)
{
    const good *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "x"), y = o->how ? sdag_op_sum_all(b, x) : sdag_op_mean_all(b, x);
    sdag_out(b, self, "loss", sdag_op_affine(b, y, o->scale, 0));
}

static const sdag_node_type good_type = {
    .name = GOOD_TYPE,
    .brief = "The mean of anything.",
    .role = SDAG_ROLE_LOSS,
    .opts = good_opts,
    .opts_size = sizeof(good),
    .ins = good_ins,
    .outs = good_outs,
    .lower = good_lower,
    .example = "{type: " GOOD_TYPE ", in: decoder}",
};
static const sdag_node_type *const good_types[] = {&good_type, NULL};

#endif
