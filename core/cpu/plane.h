/* Points of many dimensions in the plane: principal components, and one map laid over another.
 *
 *   s = sdag_plane_pca(xy, x, 500, 128);            // f64[500,2]
 *   sdag_plane_align(xy, before, 500);              // turned so that it can be compared with the map before
 *   s = sdag_plane_tsne(xy, x, 500, 128, &(sdag_tsne_options){.perplexity = 30, .steps = 500}, NULL); */
#ifndef SDAG_CPU_PLANE_H
#define SDAG_CPU_PLANE_H

#include <stdint.h>

#include "core/base/status.h"

/* The coordinates of the rows of x f32[n,d] along their two principal axes, xy f64[n,2]. Of each axis that direction in
 * which the farthest point is positive. Fewer than two axes (d or n of 1, all points alike): zeros. n and d below 2^15.
 * SDAG_FAILED: numbers that are not finite. SDAG_NOMEM. */
sdag_status sdag_plane_pca(double *xy, const float *x, int64_t n, int64_t d);

/* Turns xy f64[n,2] about the origin, mirrored if that fits better, so that sum |xy_i - to_i|^2 is the smallest (the
 * orthogonal Procrustes problem, Schoenemann 1966). Distances stay what they are. */
void sdag_plane_align(double *xy, const double *to, int64_t n);

typedef struct sdag_tsne_options {
    double perplexity; /* neighbours that a point looks at; at most (n - 1) / 3 of them */
    int64_t steps;     /* of gradient descent, the first 250 with exaggeration */
    double rate;       /* 0: max(n / exaggeration / 4, 50), as scikit-learn's "auto" */
} sdag_tsne_options;

/* t-SNE (van der Maaten & Hinton 2008): a map that keeps neighbours rather than distances. Exact, O(n^2) a step;
 * starts at the principal components, so that the same x gives the same map. kl (may be NULL): the divergence
 * sum p log(p/q) at the end, in nats. Needs n >= 4. Errors as above. */
sdag_status sdag_plane_tsne(double *xy, const float *x, int64_t n, int64_t d, const sdag_tsne_options *o, double *kl);

#endif
