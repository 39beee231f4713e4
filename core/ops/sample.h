/* Random numbers of one sample of a batch, for operations that choose something for each: named by seed, stream, epoch
 * and the number of the sample, so that they depend neither on threads nor on the place in the batch. Outside training
 * the epoch counts as 0: then every pass chooses alike. */
#ifndef SDAG_OPS_SAMPLE_H
#define SDAG_OPS_SAMPLE_H

#include "core/base/rng.h"
#include "core/ops/op.h"

/* samples: i32[B], their numbers; of anything else [B,...] only B counts, and the place in the stream of batches stands
 * for the number. */
static inline sdag_rng sdag_sample_rng(const sdag_args *a, const sdag_tensor *samples, uint32_t stream, int64_t i)
{
    const bool named = samples->dtype == SDAG_DT_I32 && samples->shape.rank == 1;
    const uint32_t id =
        named ? (uint32_t)SDAG_DATA_I32(*samples)[i] : (uint32_t)(a->step->step * samples->shape.d[0] + i);
    return sdag_rng_at(a->step->seed, stream, a->step->training ? a->step->epoch : 0, id);
}

#endif
