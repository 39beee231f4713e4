/* The image that a chain of transforms works on: pixels that stay where they are as long as possible.
 *
 * It begins as the bytes of the data set. A crop only narrows the window, a resize only notes the size that is wanted;
 * both cost nothing until a transform asks for floats, and then one pass reads the bytes of the window and writes the
 * resampled floats. So a random resized crop never converts what it throws away. */
#ifndef SDAG_NODES_AUGMENT_IMAGE_H
#define SDAG_NODES_AUGMENT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sdag_filter { SDAG_FILTER_NONE, SDAG_FILTER_BILINEAR, SDAG_FILTER_BICUBIC } sdag_filter;

/* Pixels [h,w,c], `stride` elements from row to row; u8 (0..255 standing for 0..1) or f32. */
typedef struct sdag_raster {
    const void *at;
    bool bytes;
    int64_t h, w, c, stride;
} sdag_raster;

typedef struct sdag_image {
    int64_t h, w, c;  /* as the next transform sees it */
    sdag_raster src;  /* where the pixels are */
    sdag_filter lazy; /* not NONE: src is still to be resampled to h, w */
    float *buf[2];    /* room for two whole images, SDAG_IMAGE_PAD floats more each */
    int front;        /* the one that holds src, or -1: src is not ours to change */
    float *tmp;       /* of the chain; as many floats as its transforms asked for */
} sdag_image;

enum { SDAG_IMAGE_PAD = 16 }; /* so that loads of whole vectors may pass the end */

void sdag_image_begin(sdag_image *im, sdag_raster src, float *buf0, float *buf1, float *tmp);

/* The window [y, y+h) x [x, x+w); where it passes the edge there are zeros. */
void sdag_image_crop(sdag_image *im, int64_t y, int64_t x, int64_t h, int64_t w);
/* Resampling to h, w with antialiasing (see resample.h). */
void sdag_image_resize(sdag_image *im, int64_t h, int64_t w, sdag_filter f);

/* The pixels as f32[h,w,c], contiguous, to be changed in place. */
float *sdag_image_px(sdag_image *im);
/* Room for f32[h',w',c] beside them; when it is filled, sdag_image_swap makes it the image. */
float *sdag_image_spare(sdag_image *im);
void sdag_image_swap(sdag_image *im, int64_t h, int64_t w);

/* The pixels as f32[h,w,c] to out. */
void sdag_image_finish(sdag_image *im, float *out);

#endif
