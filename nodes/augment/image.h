/* The image of a chain of transforms (core/node/transform.h), for the chain itself. */
#ifndef SDAG_NODES_AUGMENT_IMAGE_H
#define SDAG_NODES_AUGMENT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/node/transform.h"

void sdag_image_begin(sdag_image *im, sdag_raster src, float *buf0, float *buf1, float *tmp);

/* The pixels as f32[h,w,c] to out. */
void sdag_image_finish(sdag_image *im, float *out);

#endif
