/* A list of transforms compiled for images of one kind, and the operation that applies it.
 *
 *   sdag_val y = sdag_op_augment(b, pixels, dims, channels, ids, &records, sdag_hash32("view_i"));   // f32[B,h,w,c]
 *
 * Every random number is named by seed, stream, epoch and sample, so results do not depend on threads or on the place
 * in the batch. Outside training the epoch counts as 0. */
#ifndef SDAG_NODES_AUGMENT_CHAIN_H
#define SDAG_NODES_AUGMENT_CHAIN_H

#include "core/node/opt.h"
#include "core/ops/build.h"

/* pixels: u8[B,H,W,C], f32[B,H,W,C], or for mixed sizes u8[B,cap] with dims i32[B,2] (0: no dims). ids: i32[B], the
 * samples' numbers; 0: their places in the stream of batches instead. stream: the random stream of this view. */
sdag_val sdag_op_augment(sdag_build *b, sdag_val pixels, sdag_val dims, int64_t channels, sdag_val ids,
                         const sdag_records *ops, uint32_t stream);

#endif
