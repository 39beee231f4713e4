/* Convolution of images, channels last, and its two adjoints.
 *
 *   sdag_conv cv = {.n = 128, .h = 32, .w = 32, .c = 64, .o = 64, .kh = 3, .kw = 3, .stride_h = 1, .stride_w = 1,
 *                   .pad_h = 1, .pad_w = 1, .dil_h = 1, .dil_w = 1, .groups = 1};
 *   int64_t oh, ow;
 *   if (!sdag_conv_size(&cv, &oh, &ow)) ...                      // the shapes do not fit together
 *   sdag_tiling t;
 *   sdag_conv_plan(&cv, SDAG_CONV_FORWARD, &t);
 *   for each stage s of t, for each tile i, in any order, on any threads:
 *       sdag_conv_run(&cv, SDAG_CONV_FORWARD, x, w, y, workspace, scratch, s, i);
 *
 *   kind                    a                 b                     out
 *   SDAG_CONV_FORWARD       x  f32[N,H,W,C]   w  f32[O,C/g,kh,kw]   y  f32[N,OH,OW,O]
 *   SDAG_CONV_BACK_DATA     gy f32[N,OH,OW,O] w  f32[O,C/g,kh,kw]   gx f32[N,H,W,C]
 *   SDAG_CONV_BACK_WEIGHTS  x  f32[N,H,W,C]   gy f32[N,OH,OW,O]     gw f32[O,C/g,kh,kw]
 *
 * 3x3 of stride 1 with at least 16 channels on both sides runs as Winograd F(4x4,3x3), depthwise directly, and all else
 * as gathered rows times packed weights. Weights are packed anew in the first stage of every run.
 * out is overwritten whole and must not overlap a or b. Nothing is allocated and nothing is kept between runs. */
#ifndef SDAG_CPU_CONV_H
#define SDAG_CPU_CONV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cpu/tiling.h"

typedef struct sdag_conv {
    int64_t n, h, w, c;         /* images, their size and channels */
    int64_t o, kh, kw;          /* results' channels, kernel size */
    int64_t stride_h, stride_w; /* >= 1 */
    int64_t pad_h, pad_w;       /* zeros on each side, >= 0 */
    int64_t dil_h, dil_w;       /* distance of kernel elements, >= 1 */
    int64_t groups;             /* divides c and o */
} sdag_conv;

typedef enum { SDAG_CONV_FORWARD, SDAG_CONV_BACK_DATA, SDAG_CONV_BACK_WEIGHTS } sdag_conv_kind;

/* Height and width of the result. false: a field is out of range, the kernel does not fit into the padded image, or one
 * of the tensors would have 2^40 elements or more. The other functions are for shapes that passed. */
bool sdag_conv_size(const sdag_conv *cv, int64_t *oh, int64_t *ow);

void sdag_conv_plan(const sdag_conv *cv, sdag_conv_kind kind, sdag_tiling *out);

/* Thread-safe for different tiles of one stage; workspace and scratch of the planned sizes, aligned to 64 bytes. */
void sdag_conv_run(const sdag_conv *cv, sdag_conv_kind kind, const float *a, const float *b, float *out,
                   void *workspace, void *scratch, int stage, int64_t tile);

#endif
