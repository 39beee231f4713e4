/* The suspicious way to run a program: op by op, every value in its own NaN-filled memory between guards.
 *
 *   sdag_interp t;
 *   sdag_interp_init(&t, arena, program);
 *   memcpy(t.at[x].data, ...);              // every INPUT and STATE
 *   status = sdag_interp_run(&t);           // t.at[y].data now holds the results
 *
 * While it runs it repeats every op on copies of its arguments: with the tiles of each stage in reverse and in random
 * order, with other garbage in workspace and scratch, and in place where the op's flags allow that. All of them must
 * give the same bits and leave everything else untouched; otherwise the run fails and `wrong` says what was seen. */
#ifndef SDAG_RUNTIME_OPTEST_INTERP_H
#define SDAG_RUNTIME_OPTEST_INTERP_H

#include "core/base/arena.h"
#include "core/ops/build.h"
#include "core/ops/fault.h"

typedef struct sdag_interp {
    sdag_arena *arena;
    const sdag_program *program;
    sdag_tensor *at; /* by value */
    sdag_step step;
    sdag_fault fault; /* what an op reported */
    bool plain;       /* run once only, without the repetitions */
    char wrong[400];  /* "": nothing */
} sdag_interp;

typedef enum { SDAG_TILES_FORWARD, SDAG_TILES_BACKWARD, SDAG_TILES_RANDOM } sdag_tile_order;

void sdag_interp_init(sdag_interp *t, sdag_arena *a, const sdag_program *p);
/* SDAG_FAILED: see wrong. Any other status: an op reported it, see fault. */
sdag_status sdag_interp_run(sdag_interp *t);

/* One op on memory that the caller gives. garbage fills workspace and scratch. false: out of memory. */
bool sdag_interp_op(const sdag_program_op *o, const sdag_tensor *in, const sdag_tensor *out, const sdag_step *step,
                    sdag_fault *fault, sdag_tile_order order, int garbage);

/* NaN-filled memory for a tensor of this type and shape, between guards. */
void *sdag_interp_memory(sdag_arena *a, sdag_dtype dtype, sdag_shape shape);
bool sdag_interp_intact(const void *memory, sdag_dtype dtype, sdag_shape shape); /* its guards */

#endif
