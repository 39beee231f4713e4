/* The colours of CIE L*a*b* without their lightness as a list of bins: the classes of colorization. */
#ifndef SDAG_NODES_PRETEXT_AB_BINS_H
#define SDAG_NODES_PRETEXT_AB_BINS_H

#include <stdint.h>

#include "core/base/arena.h"

/* The points (a, b) of a square grid, by a and then by b, that have a colour of sRGB closer than `spacing` in both
 * directions: *ab is f32[n,2], n is returned. At a spacing of 10 there are 309, all of them among the 313 of Zhang et
 * al. 2016; the other four, (40,90), (100,-90), (100,-10) and (100,0), are farther from any colour. */
int64_t sdag_ab_bins(float **ab, sdag_arena *a, double spacing);

#endif
