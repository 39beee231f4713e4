/* What all optimizers share: which parameters get which rate and decay, clipping, and the step's rate. */
#ifndef SDAG_NODES_OPTIMIZER_COMMON_H
#define SDAG_NODES_OPTIMIZER_COMMON_H

#include "core/node/node.h"

/* First member of an optimizer's options. */
typedef struct sdag_optimizer_opts {
    sdag_schedule lr;
    float weight_decay, clip;
    sdag_strs exclude;
    sdag_records groups;
} sdag_optimizer_opts;

extern const sdag_record_type *const sdag_optimizer_groups[];

/* clang-format off */
#define SDAG_OPTIMIZER_OPTS(T, rate, decay)                                                                              \
    SDAG_SCHEDULE(T, common.lr, rate, 0, 1e4, "learning rate"),                                                          \
        SDAG_F32(T, common.weight_decay, decay, 0, 1e3, "weight decay"),                                                 \
        SDAG_STRS(T, common.exclude, "[norm, bias]",                                                                     \
                  "kinds of parameters without weight decay: norm, bias, vector (fewer than two dimensions)"),           \
        SDAG_F32(T, common.clip, 0, 0, 1e9, "largest norm of all gradients together; 0: no clipping"),                   \
        {.name = "common.groups", .kind = SDAG_OPT_RECORDS, .offset = offsetof(T, common.groups),                        \
         .records = sdag_optimizer_groups, .help = "other rates or decays for some parameters; the first that matches counts"}
/* clang-format on */

/* What is wrong with the common options, or NULL. */
const char *sdag_optimizer_check(const sdag_optimizer_opts *o);

/* One parameter of a step. */
typedef struct sdag_update {
    int index; /* for sdag_slot */
    sdag_val param, grad;
    sdag_val lr, scale; /* f32[]; scale: of the gradient, 0: none */
    float lr_scale, weight_decay;
} sdag_update;

/* Calls each(b, opts, &update) for every trained parameter. opts: the node's, beginning with sdag_optimizer_opts. */
void sdag_optimizer_each(sdag_build *b, const sdag_node *self,
                         void (*each)(sdag_build *b, const void *opts, const sdag_update *u));

#endif
