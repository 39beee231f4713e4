/* How one operation is cut for the pool: 1..4 stages, each with a number of tiles.
 *
 * Stages run one after the other; the tiles of a stage run in any order, at once, on any threads. The cut
 * depends on shapes alone, never on the number of threads, and sums that cross tiles go through slots of
 * the workspace that a later stage adds up in a fixed order: so the bits are the same for any number of threads.
 *   workspace: one block for all tiles and stages of one run of the op, contents undefined at its start
 *   scratch:   one block a running tile, contents undefined
 * Both are aligned to 64 bytes. */
#ifndef SDAG_CPU_TILING_H
#define SDAG_CPU_TILING_H

#include <stddef.h>
#include <stdint.h>

enum { SDAG_STAGES = 4 };

typedef struct sdag_tiling {
    int stages;                 /* 1..SDAG_STAGES */
    int64_t tiles[SDAG_STAGES]; /* of each stage, at least 1 */
    size_t workspace, scratch;  /* bytes */
    double flops;               /* of the whole op by its definition: an estimate for priorities and reports */
} sdag_tiling;

#endif
