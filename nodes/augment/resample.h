/* Separable resampling with antialiasing: out_i = sum_k w_ik x_k with
 *   w_ik ~ f((k + 1/2 - (i + 1/2) s) / max(s, 1)),   s = in / out,   normalised to sum 1,
 * f the triangle (bilinear, reach 1) or Keys' cubic with a = -1/2 (bicubic, reach 2). When it enlarges, this is plain
 * interpolation; when it shrinks, the filter widens so that no pixel is left out. PIL's resize, and PyTorch's
 * interpolate(antialias=True), mean the same. */
#ifndef SDAG_NODES_AUGMENT_RESAMPLE_H
#define SDAG_NODES_AUGMENT_RESAMPLE_H

#include "nodes/augment/image.h"

/* The part [y,y+h) x [x,x+w) of src resampled to H x W, to dst f32[h,w,c]. Bytes come out as 0..1; a cubic's overshoot
 * of bytes is clipped to that. */
typedef struct sdag_resample_to {
    int64_t H, W, y, x, h, w;
} sdag_resample_to;
void sdag_resample(float *dst, const sdag_raster *src, sdag_resample_to to, sdag_filter f, float *tmp);

/* Floats of tmp for sources of at most `most` elements and c channels, up to in_h x in_w, and outputs out_w wide. */
int64_t sdag_resample_tmp(int64_t in_h, int64_t in_w, int64_t c, int64_t out_w);

/* f32 from bytes, scaled to 0..1. */
void sdag_bytes_to_f32(float *dst, const uint8_t *src, int64_t n);

#endif
