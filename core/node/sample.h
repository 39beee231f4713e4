/* Which samples a batch is made of: what random choices of one sample are keyed by (core/base/rng.h). */
#ifndef SDAG_NODE_SAMPLE_H
#define SDAG_NODE_SAMPLE_H

#include "core/ops/build.h"

/* The numbers i32[B] of the samples that x [B,...] was made from: upstream, the op that reads a data set is given them.
 * 0: there is no such op, or its batch has another size. */
sdag_val sdag_sample_ids(sdag_build *b, sdag_val x);

#endif
