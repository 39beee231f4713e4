/* probe.perplexity -- among how many equally likely tokens a model of text is in doubt, on held-out text.
 *   e^(mean over the samples of data of the cross-entropy)                loss f32[]
 * The mean is that of probe.loss. Jelinek et al. 1977. */
#include <math.h>

#include "nodes/probe/average.h"

static sdag_status close_perplexity(void *state, sdag_collector *c, bool ok)
{
    const double mean = sdag_average_end(state);
    if (ok) sdag_metric(c, NULL, exp(mean));
    return SDAG_OK;
}

static const sdag_collect collect = {
    .passes = sdag_average_passes, .open = sdag_average_open, .batch = sdag_average_batch, .close = close_perplexity};
const sdag_node_type sdag_node_probe_perplexity = {
    .name = "probe.perplexity",
    .brief = "Perplexity of held-out text: e to the mean loss.",
    .role = SDAG_ROLE_PROBE,
    .ins = sdag_average_ins,
    .collect = &collect,
    .example = "{type: probe.perplexity, of: loss, data: test, every: 500 steps}",
};
