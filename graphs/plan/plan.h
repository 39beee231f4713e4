/* Stage 5: where every tensor lives, and what waits for what.
 *
 * A program is two loops that overlap: the *feed* (ops of part FEED: decoding, augmentation) fills the batch of step
 * t+1 while the *body* (all other ops) works on step t. Values that the body reads from the feed, and the inputs that
 * the host fills for a step, exist twice and alternate (slot t mod 2). All other values have one place in one block;
 * two of them share memory only where the dependencies order their lives. Where sharing saves enough memory the plan
 * adds dependencies (always forward in one linear order, so never a cycle).
 *
 *   sdag_plan *plan;
 *   status = sdag_plan_build(&plan, arena, log, program, &(sdag_plan_options){0}); */
#ifndef SDAG_GRAPHS_PLAN_PLAN_H
#define SDAG_GRAPHS_PLAN_PLAN_H

#include "core/ops/build.h"

#define SDAG_ALIGN 64 /* of every tensor */

typedef enum {
    SDAG_AT_NONE,  /* never read or written (result nobody uses has a place all the same) */
    SDAG_AT_BLOCK, /* block + offset */
    SDAG_AT_FEED,  /* feed block of slot t mod 2 + offset */
    SDAG_AT_STATE, /* memory of state number `index` */
    SDAG_AT_CONST, /* the program's own bytes */
} sdag_at;

typedef struct sdag_place {
    sdag_at at;
    int64_t offset; /* bytes, view offsets included */
    int32_t index;  /* STATE */
} sdag_place;

/* A piece of the block: a value with all that shares its memory by being a view or written over it, or an op's
 * workspace. Two of one loop (feed or body) that overlap in bytes do not overlap in their lives. */
typedef struct sdag_plan_piece {
    int64_t offset, bytes;
    int32_t first,
        last;       /* ops that touch it, counted in the one linear order of the plan; kept for the host: the end */
    int32_t writer; /* op that makes it */
} sdag_plan_piece;

typedef struct sdag_plan {
    const sdag_program *program;
    sdag_place *places;   /* one a value */
    size_t block;         /* bytes */
    size_t feed_block;    /* bytes of one slot */
    size_t scratch;       /* bytes of the largest scratch of a tile */
    sdag_tiling *tilings; /* one an op; views have tiles[0] = 0: they never run */
    int64_t *workspace;   /* offset in the block, one an op; -1: none. Feed ops' are in the block too */
    bool *feed;           /* the op runs in the feed's loop */
    int32_t *n_before;    /* ops that each op waits for, within its loop */
    int32_t *after_start; /* CSR: after[after_start[i] .. after_start[i+1]) wait for op i */
    int32_t *after;
    sdag_plan_piece *pieces; /* of the block */
    int n_pieces;
    double *priority;   /* estimated work from this op to the end of its loop, itself included: larger first */
    size_t lower_bound; /* bytes alive at once if ops ran one by one in program order */
    int n_edges_added;  /* dependencies added to share memory */
} sdag_plan;

typedef struct sdag_plan_options {
    const sdag_val *keep; /* values that the host reads after a step: the loss, what collectors see */
    int n_keep;
    bool no_reuse; /* every tensor its own memory (tests) */
} sdag_plan_options;

sdag_status sdag_plan_build(sdag_plan **out, sdag_arena *a, sdag_log *log, const sdag_program *p,
                            const sdag_plan_options *o);
void sdag_plan_print(sdag_str *s, const sdag_plan *p);     /* `dump --stage plan` */
void sdag_schedule_print(sdag_str *s, const sdag_plan *p); /* `dump --stage schedule` */

#endif
