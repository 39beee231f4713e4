/* Transforms: the units of an augmentation, which the node `augment` runs one after the other on every sample.
 *
 * A transform is a record type (name, sentence, options: see core/node/opt.h) whose `type` is an sdag_transform:
 *
 *   static void apply(sdag_image *im, const void *opts, sdag_rng *r)
 *   {
 *       const solarize *o = opts;
 *       if (sdag_rng_f32(r) >= o->p) return;
 *       float *x = sdag_image_px(im);                       // f32[h,w,c], to be changed in place
 *       ...
 *   }
 *   static const sdag_transform transform = {.apply = apply};
 *   const sdag_record_type sdag_transform_solarize = {.name = "solarize", .type = &transform, ...};
 *
 * Pixels are f32 in 0..1, channels-last, in any number of channels unless said otherwise. The functions on images are
 * those of nodes/augment. */
#ifndef SDAG_NODE_TRANSFORM_H
#define SDAG_NODE_TRANSFORM_H

#include "core/base/rng.h"
#include "core/node/opt.h"

/* The image that a chain of transforms works on: pixels that stay where they are as long as possible.
 *
 * It begins as the bytes of the data set. A crop only narrows the window, a resize only notes the size that is wanted;
 * both cost nothing until a transform asks for floats, and then one pass reads the bytes of the window and writes the
 * resampled floats. So a random resized crop never converts what it throws away. */
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

/* The window [y, y+h) x [x, x+w); where it passes the edge there are zeros. */
void sdag_image_crop(sdag_image *im, int64_t y, int64_t x, int64_t h, int64_t w);
/* Resampling to h, w with antialiasing (see nodes/augment/resample.h). */
void sdag_image_resize(sdag_image *im, int64_t h, int64_t w, sdag_filter f);

/* The pixels as f32[h,w,c], contiguous, to be changed in place. */
float *sdag_image_px(sdag_image *im);
/* Room for f32[h',w',c] beside them; when it is filled, sdag_image_swap makes it the image. */
float *sdag_image_spare(sdag_image *im);
void sdag_image_swap(sdag_image *im, int64_t h, int64_t w);

/* What is known of the images at one point of the chain before any is seen. */
typedef struct sdag_frame {
    int64_t h, w, c; /* h = w = 0: sizes differ */
    int64_t most;    /* elements of the largest; with `shorter`, before the resize */
    int64_t shorter; /* not 0: sizes differ, but the shorter side will be this; only a crop may follow */
} sdag_frame;

enum { SDAG_TRANSFORM_WHY = 160 };

typedef struct sdag_transform {
    bool any_pixels; /* takes pixels as they come (bytes, a window, a pending resize): never calls sdag_image_px */
    bool crops;      /* may follow a resize of images of mixed sizes to one number */
    /* Changes *f to what comes out; false: impossible, and why says so. NULL: the same size, whatever it is. */
    bool (*size)(sdag_frame *f, const void *opts, char why[SDAG_TRANSFORM_WHY]);
    int64_t (*tmp)(const sdag_frame *f, const void *opts); /* floats of im->tmp for images of *f; NULL: none */
    /* One sample. Runs on any worker; must not allocate; draws from r only. */
    void (*apply)(sdag_image *im, const void *opts, sdag_rng *r);
} sdag_transform;

#endif
