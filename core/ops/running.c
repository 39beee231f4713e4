/* running: a state that follows the statistics of batches.   s <- (1 - momentum) s + momentum scale x
 * scale turns the biased variance of N values into the unbiased one, N / (N - 1), as PyTorch keeps it. */
#include "core/ops/attr.h"
#include "core/ops/map.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

/* u: the state, v: the batch's */
SDAG_MAP2(running_run, const float m = ((const sdag_attr_running *)attr)->momentum;
          const float k = m * ((const sdag_attr_running *)attr)->scale;, (1.0f - m) * u + k * v)

static const sdag_attr_running slow = {0.1f, 1.25f};

const sdag_op sdag_opdef_running = {
    .name = "running",
    .math = "s <- (1 - momentum) s + momentum scale x",
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_running),
    .flags = SDAG_OP_UPDATES,
    .split = SDAG_SPLIT_ELEMS,
    .shape = sdag_rule_same,
    .cpu = {.run = running_run},
    .check = (const sdag_op_check[]){{.in = {"f32[3]", "f32[3]"}, .attr = &slow},
                                     {.in = {"f32[1]", "f32[1]"}, .attr = &slow},
                                     {0}},
};

sdag_val sdag_op_running(sdag_build *b, sdag_val running, sdag_val batch, float momentum, float scale)
{
    return sdag_emit2(b, &sdag_opdef_running, running, batch, &(sdag_attr_running){momentum, scale});
}
