/* probe.loss -- a loss on held-out data, while its phase trains: is what was learnt true of other samples, too?
 *   mean over the samples of data = (sum over batches of n_b loss_b) / (sum of n_b)          loss f32[]
 * The pretext task and the augmentations of the phase work on the new data as well, with the same draws every time. */
#include "nodes/probe/average.h"

static sdag_status close_loss(void *state, sdag_collector *c, bool ok)
{
    const double mean = sdag_average_end(state);
    if (ok) sdag_metric(c, NULL, mean);
    return SDAG_OK;
}

static const sdag_collect collect = {
    .passes = sdag_average_passes, .open = sdag_average_open, .batch = sdag_average_batch, .close = close_loss};
const sdag_node_type sdag_node_probe_loss = {
    .name = "probe.loss",
    .brief = "A loss on held-out data.",
    .role = SDAG_ROLE_PROBE,
    .ins = sdag_average_ins,
    .collect = &collect,
    .example = "{type: probe.loss, of: loss, data: test, every: 5 epochs}",
};
