/* pretext.next_token -- the label of every token is the one that follows it: language modelling, as GPT is trained.
 *   input  = the tokens                    i32[B,T]
 *   target = the one that follows each     i32[B,T], -100 where that is padding, to be left out by the loss
 * The model must not look ahead: encoder.transformer with causal: true. Radford et al. 2019. */
#include "core/node/node.h"
#include "core/ops/ops.h"

static const sdag_port ins[] = {{.name = "tokens", .type = "i32[B,T]", .help = "tokens of a source of text"}, {0}};
static const sdag_port outs[] = {
    {.name = "input", .type = "i32[B,T]", .help = "the tokens"},
    {.name = "target", .type = "i32[B,T]", .help = "the next of each, -100: none"},
    {0},
};

static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_val x = sdag_in(b, self, "tokens");
    const sdag_beside beside = sdag_in_beside(b, self, "tokens");
    if (sdag_build_failed(b)) return;
    if (!beside.next) {
        sdag_build_fail(b, "%s: what follows these tokens is not known; connect it to a source of text",
                        sdag_node_name(self));
        return;
    }
    sdag_out(b, self, "input", x);
    sdag_out_beside(b, self, "input", &beside);
    sdag_out(b, self, "target",
             beside.pad_id ? sdag_op_replace(b, beside.next, (int32_t)(beside.pad_id - 1), -100) : beside.next);
}

const sdag_node_type sdag_node_pretext_next_token = {
    .name = "pretext.next_token",
    .brief = "Every token is to foretell the next (GPT).",
    .role = SDAG_ROLE_PRETEXT,
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .example = "{type: pretext.next_token, in: text}",
    .paper = "Radford et al. 2019, Language Models are Unsupervised Multitask Learners",
};
