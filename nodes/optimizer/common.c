#include "nodes/optimizer/common.h"

#include <fnmatch.h>
#include <string.h>

#include "core/ops/ops.h"

typedef struct {
    const char *match;
    float lr_scale, weight_decay;
} group;

static const sdag_opt group_opts[] = {
    {.name = "match",
     .help = "parameters, as NODE.NAME with * and ?: \"encoder.*\"",
     .kind = SDAG_OPT_STR,
     .offset = offsetof(group, match),
     .required = true},
    SDAG_F32(group, lr_scale, 1, 0, 1e4, "times the learning rate; 0: they stay as they are"),
    SDAG_F32(group, weight_decay, -1, -1, 1e3, "instead of the optimizer's; -1: the same"),
    {0},
};

static const sdag_record_type group_type = {.name = "group",
                                            .brief = "A group of parameters.",
                                            .opts = group_opts,
                                            .opts_size = sizeof(group),
                                            .example = "{group: {match: \"encoder.*\", lr_scale: 0.1}}"};
const sdag_record_type *const sdag_optimizer_groups[] = {&group_type, NULL};

static const char *const kinds[] = {"norm", "bias", "vector"};

const char *sdag_optimizer_check(const sdag_optimizer_opts *o)
{
    for (int i = 0; i < o->exclude.n; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) known |= !strcmp(o->exclude.at[i], kinds[k]);
        if (!known) return "exclude takes norm, bias and vector";
    }
    return NULL;
}

static bool excluded(const sdag_optimizer_opts *o, const sdag_trained *t)
{
    for (int i = 0; i < o->exclude.n; i++) {
        const char *k = o->exclude.at[i];
        if (!strcmp(k, "norm") && t->flags & SDAG_STATE_NORM) return true;
        if (!strcmp(k, "bias") && t->flags & SDAG_STATE_BIAS) return true;
        if (!strcmp(k, "vector") && t->rank < 2) return true;
    }
    return false;
}

static const group *group_of(sdag_build *b, const sdag_optimizer_opts *o, const sdag_trained *t)
{
    const char *name = sdag_arena_printf(b->arena, "%s.%s", t->node, t->name);
    for (int i = 0; i < o->groups.n; i++) {
        const group *g = o->groups.at[i].opts;
        if (!fnmatch(g->match, name, 0)) return g;
    }
    return NULL;
}

void sdag_optimizer_each(sdag_build *b, const sdag_node *self,
                         void (*each)(sdag_build *b, const void *opts, const sdag_update *u))
{
    const sdag_optimizer_opts *o = sdag_node_opts(self);
    int n = sdag_trained_count(b);
    sdag_val lr = sdag_scheduled_val(b, &o->lr), scale = 0;
    if (o->clip > 0 && n > 0) {
        sdag_val *grads = SDAG_NEWS(b->arena, sdag_val, n);
        for (int i = 0; i < n; i++) grads[i] = sdag_trained_at(b, i)->grad;
        scale = sdag_op_clip_scale(b, n, grads, o->clip);
    }
    for (int i = 0; i < n && !b->status; i++) {
        const sdag_trained *t = sdag_trained_at(b, i);
        const group *g = group_of(b, o, t);
        float decay = g && g->weight_decay >= 0 ? g->weight_decay : excluded(o, t) ? 0 : o->weight_decay;
        sdag_update u = {.index = i,
                         .param = t->param,
                         .grad = t->grad,
                         .lr = lr,
                         .scale = scale,
                         .lr_scale = g ? g->lr_scale : 1,
                         .weight_decay = decay};
        if (u.lr_scale > 0) each(b, o, &u);
    }
}
