/* The mean of a loss over all samples of a data set: what probe.loss and probe.perplexity share. */
#ifndef SDAG_NODES_PROBE_AVERAGE_H
#define SDAG_NODES_PROBE_AVERAGE_H

#include "core/node/collector.h"
#include "core/node/node.h"

extern const sdag_port sdag_average_ins[];
extern const char *const sdag_average_passes[];

sdag_status sdag_average_open(void **out, sdag_collector *c);
/* The mean of a batch counts by its samples: the last one may be smaller. */
sdag_status sdag_average_batch(void *average, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports);
/* The mean, and releases it. */
double sdag_average_end(void *average);

#endif
