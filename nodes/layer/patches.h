/* Patches of images as tokens: their positions, and the grid that they lie in, row by row. */
#ifndef SDAG_NODES_LAYER_PATCHES_H
#define SDAG_NODES_LAYER_PATCHES_H

#include "nodes/layer/layer.h"

typedef struct sdag_grid {
    int64_t h, w; /* patches in a column, in a row */
} sdag_grid;

/* SDAG_ENUM(T, positions, 0, sdag_positions_choices, SDAG_POSITIONS_HELP) */
extern const char *const sdag_positions_choices[]; /* learned, sincos */
enum { SDAG_POSITIONS_LEARNED, SDAG_POSITIONS_SINCOS };
#define SDAG_POSITIONS_HELP "learned: a vector for each; sincos: fixed sines and cosines of row and column"

/* f32[1,N,D] for the patches of a grid, and f32[1,1,D] for a class token in front (NULL: there is none; *prefix = 0:
 * nothing is added to it). learned: the weight pos_embed f32[1,N,D] or f32[1,1+N,D] in N(0, 0.02), as timm has it.
 * sincos: no weight, but the table of MAE (He et al. 2022): with w_k = 10000^(-4k/D), the first half of a vector is
 * sin(w_k x), cos(w_k x) of the column, the second half the same of the row. Fails the build unless 4 divides D. */
sdag_val sdag_layer_positions(sdag_build *b, int choice, sdag_grid g, int64_t width, sdag_val *prefix);

/* A token that is learned, f32[1,1,D] in N(0, 0.02), without weight decay by default: class token, mask token. */
sdag_val sdag_layer_token(sdag_build *b, const char *name, int64_t width);

#endif
