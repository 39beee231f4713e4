/* Declares the descriptor of every operation in list.h: sdag_opdef_relu, ... */
#ifndef SDAG_OPS_OP_LIST_H
#define SDAG_OPS_OP_LIST_H

#include "core/ops/list.h"
#include "core/ops/op.h"

#define X(n) extern const sdag_op sdag_opdef_##n;
SDAG_OPS(X)
#undef X

#endif
