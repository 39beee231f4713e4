/* Features with their labels, collected batch by batch: what the probes compare or learn from. */
#ifndef SDAG_NODES_PROBE_GATHER_H
#define SDAG_NODES_PROBE_GATHER_H

#include "core/node/collector.h"

typedef struct sdag_gathered { /* zeroed: empty */
    float *x;                  /* f32[n,d] */
    int32_t *label;            /* [n], all known; NULL: gathered without */
    int64_t n, d, cap;
} sdag_gathered;

/* Adds the labelled rows of a batch (ports of a collector with passes: features of any rank, labels). Reports data
 * without labels, features of another size than before, and numbers that are not finite. */
sdag_status sdag_gather(sdag_gathered *g, const sdag_collector *c, int pass, const sdag_tensor *ports);
/* The same for all rows, whether they have labels or not. */
sdag_status sdag_gather_all(sdag_gathered *g, const sdag_collector *c, int pass, const sdag_tensor *ports);
void sdag_gathered_free(sdag_gathered *g);

/* Classes: as many as the option, the data or the labels say, in this order. Reports a label beyond them. */
sdag_status sdag_gathered_classes(int *classes, const sdag_gathered *g, const sdag_collector *c, int64_t option);

#endif
