/* Principal components of samples that come batch by batch: the best linear code of a given size.
 *
 *   sdag_pca p = {.d = 784, .k = 16};
 *   s = sdag_pca_add(&p, x, 256);               // as often as there are samples
 *   s = sdag_pca_fit(&p);
 *   double e = sdag_pca_error(&p, x);           // |x - reconstruction|^2 of one sample
 *   sdag_pca_free(&p); */
#ifndef SDAG_NODES_PROBE_PCA_H
#define SDAG_NODES_PROBE_PCA_H

#include <stdint.h>

#include "core/base/status.h"

enum { SDAG_PCA_MAX = 4096 }; /* numbers of a sample: the matrix of their covariances has the square of it */

typedef struct sdag_pca {
    int64_t d, k;                  /* to be set: numbers of a sample, components; 1 <= k <= d <= SDAG_PCA_MAX */
    int64_t n;                     /* samples so far */
    double *mean, *gram, *vectors; /* sums until fit: f64[d], f64[d,d]; then vectors f64[k,d] */
    float *part;                   /* f32[d,d] of one batch */
} sdag_pca;

sdag_status sdag_pca_add(sdag_pca *p, const float *x, int64_t n); /* x f32[n,d] */
sdag_status sdag_pca_fit(sdag_pca *p);                            /* SDAG_FAILED: see core/cpu/eigen.h, or no samples */
double sdag_pca_error(const sdag_pca *p, const float *x);         /* x f32[d] */
void sdag_pca_free(sdag_pca *p);

#endif
