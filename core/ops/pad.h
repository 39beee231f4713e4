/* Padding as other ops see it. */
#ifndef SDAG_OPS_PAD_H
#define SDAG_OPS_PAD_H

#include "core/ops/build.h"

/* x + y where both are paddings whose parts lie side by side: one tensor joined from the parts. 0: they are not. */
sdag_val sdag_pad_join(sdag_build *b, sdag_val x, sdag_val y);

#endif
