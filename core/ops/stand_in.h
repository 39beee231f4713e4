/* Operations of a plugin that was built when sdag_op had fewer fields: its code goes on naming its own struct, and the
 * builder takes the host's longer copy instead. */
#ifndef SDAG_OPS_STAND_IN_H
#define SDAG_OPS_STAND_IN_H

#include "core/ops/op.h"

typedef struct sdag_stand_in {
    const sdag_op *theirs, *ours;
    struct sdag_stand_in *next;
} sdag_stand_in;

/* From now on `ours` stands where `theirs` is emitted. The row is kept, not copied; one thread, before any build. */
void sdag_stand_in_add(sdag_stand_in *row);
const sdag_op *sdag_stand_in_of(const sdag_op *op); /* op itself where there is none */

#endif
