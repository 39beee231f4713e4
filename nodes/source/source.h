/* What all sources of images share: their outputs, and what they are in a program.
 * A source's options begin with `sdag_source_opts common`; its data set is opened into the run's arena, which also
 * closes it, so that running out of memory halfway leaves nothing open. */
#ifndef SDAG_NODES_SOURCE_SOURCE_H
#define SDAG_NODES_SOURCE_SOURCE_H

#include "core/node/node.h"

extern const sdag_port sdag_source_outs[]; /* image, label i32[B], id i32[B] */

/* Emits the batch: u8[B,h,w,c], or u8[B,cap] with sizes when h = w = 0. */
void sdag_source_lower(sdag_build *b, const sdag_node *self, int64_t h, int64_t w, int64_t c);

/* A size option of a source: [height, width] or one number; NULL, or what is wrong. */
const char *sdag_source_size_check(sdag_ints size);

#endif
