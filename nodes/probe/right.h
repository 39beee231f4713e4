/* Counting right answers: what probe.accuracy and probe.test share. */
#ifndef SDAG_NODES_PROBE_RIGHT_H
#define SDAG_NODES_PROBE_RIGHT_H

#include "core/node/collector.h"

typedef struct sdag_right {
    int64_t right, seen;
} sdag_right;

sdag_status sdag_right_open(void **out, sdag_collector *c);
/* logits f32[n,C], labels i32[n], -1: not counted (data NULL: all). Right: among the `top` largest; of equal logits the
 * lower class comes first. Reports a label outside 0..C-1. */
sdag_status sdag_right_add(sdag_right *r, sdag_collector *c, int64_t top, const sdag_tensor *logits,
                           const sdag_tensor *labels);
sdag_status sdag_right_close(void *right, sdag_collector *c, bool ok); /* the share, as the node's metric */

#endif
