/* A network of a run as an ONNX model: the inference program at a node, op by op.
 *
 *   status = sdag_onnx_export(&m, p, &(sdag_onnx_options){.path = "model.onnx"});
 *
 * Input: `image`, u8[batch,H,W,C] as files have it, already of the size that the network takes; or with bare, and where
 * the data are no pixels, f32 of the same shape. Of text `tokens`, i32[batch,T]. Output: named as the node's port. */
#ifndef SDAG_RUNTIME_ONNX_EXPORT_H
#define SDAG_RUNTIME_ONNX_EXPORT_H

#include "runtime/apply/apply.h"
#include "runtime/onnx/model.h"

/* Builds the model in the arena of p, which was opened with `sized`. bare: without what is done to pixels before the
 * network. SDAG_INVALID: an op that has no counterpart, with its node and line. */
sdag_status sdag_onnx_export(sdag_onnx_model **out, sdag_apply *p, bool bare);

#endif
