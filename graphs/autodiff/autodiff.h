/* Stage 4: adjoints and updates appended: still one static program.
 *
 * Walks the ops backwards from the loss; every op's `grad` emits its adjoint; gradients that meet are added. Results
 * that are cheap to get again are not kept for the backward pass (sdag_op.again). Then the optimizer's `lower` emits
 * updates for every trained parameter. A trainable node that no gradient reaches is an error. */
#ifndef SDAG_GRAPHS_AUTODIFF_AUTODIFF_H
#define SDAG_GRAPHS_AUTODIFF_AUTODIFF_H

#include "graphs/lower/lower.h"

/* fwd is not changed. */
sdag_status sdag_train(sdag_lowered **out, sdag_arena *a, sdag_log *log, const sdag_lowered *fwd);

/* The core of it, for any builder: gradients of scalar y with respect to n values x; gx[i] = 0 where none reaches. */
void sdag_gradients(sdag_build *b, sdag_val y, int n, const sdag_val *x, sdag_val *gx);

#endif
