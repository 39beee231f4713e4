/* pretext.mask_tokens -- some tokens of every sample are hidden, to be guessed from both sides, as BERT is trained.
 *   target = the token where it was chosen, -100 elsewhere, to be left out by the loss       i32[B,T]
 *   input  = where chosen: the mask token (mask), any token (random), or the token itself    i32[B,T]
 * Exactly max(1, round(ratio n)) of the n tokens of a sample are chosen; padding never is. What is chosen depends on
 * seed, node, epoch and sample; outside training on seed, node and sample. Devlin et al. 2019, section 3.1. */
#include "core/base/rng.h"
#include "core/node/node.h"
#include "core/node/sample.h"
#include "core/ops/attr.h"
#include "core/ops/ops.h"

typedef struct {
    float ratio, mask, random;
} mask_tokens;

static const sdag_opt opts[] = {
    SDAG_F32(mask_tokens, ratio, 0.15, 0, 1, "part of the tokens that is to be guessed, between 0 and 1"),
    SDAG_F32(mask_tokens, mask, 0.8, 0, 1, "part of these that becomes the mask token"),
    SDAG_F32(mask_tokens, random, 0.1, 0, 1, "part of these that becomes any token; the rest stays as it is"),
    {0},
};
static const sdag_port ins[] = {{.name = "tokens", .type = "i32[B,T]", .help = "tokens of a source of text"}, {0}};
static const sdag_port outs[] = {
    {.name = "input", .type = "i32[B,T]", .help = "the tokens, some of them hidden"},
    {.name = "target", .type = "i32[B,T]", .help = "what was hidden, -100 elsewhere"},
    {0},
};

static const char *check(const void *p)
{
    const mask_tokens *o = p;
    if (o->ratio <= 0 || o->ratio >= 1) return "ratio must be above 0 and below 1: some must be hidden, some seen";
    if (o->mask + o->random > 1.00001f) return "mask and random are more than 1 together";
    return NULL;
}

static void lower(sdag_build *b, const sdag_node *self)
{
    enum { UNKNOWN = 256 }; /* tokens, while no data are open: only shapes are looked at */
    const mask_tokens *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "tokens"), ids = sdag_sample_ids(b, x), target;
    sdag_beside beside = sdag_in_beside(b, self, "tokens");
    if (sdag_build_failed(b)) return;
    if (!beside.mask_id) {
        sdag_build_fail(b, "%s: the data have no mask token; give their source special: [mask]", sdag_node_name(self));
        return;
    }
    const sdag_attr_mask_tokens how = {.ratio = o->ratio,
                                       .mask = o->mask,
                                       .random = o->random,
                                       .vocab = (int32_t)(beside.vocab ? beside.vocab : UNKNOWN),
                                       .mask_id = (int32_t)beside.mask_id - 1,
                                       .pad_id = (int32_t)beside.pad_id - 1,
                                       .stream = sdag_hash32(sdag_node_name(self))};
    sdag_out(b, self, "input", sdag_op_mask_tokens(b, x, ids ? ids : x, &how, &target));
    beside.next = 0;
    sdag_out_beside(b, self, "input", &beside);
    sdag_out(b, self, "target", target);
}

const sdag_node_type sdag_node_pretext_mask_tokens = {
    .name = "pretext.mask_tokens",
    .brief = "Some tokens hidden, to be guessed from both sides (BERT).",
    .role = SDAG_ROLE_PRETEXT,
    .opts = opts,
    .opts_size = sizeof(mask_tokens),
    .ins = ins,
    .outs = outs,
    .check = check,
    .lower = lower,
    .example = "{type: pretext.mask_tokens, in: text, ratio: 0.15}",
    .paper = "Devlin et al. 2019, arXiv:1810.04805",
};
