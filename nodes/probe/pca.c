#include "nodes/probe/pca.h"

#include "core/base/alloc.h"
#include "core/cpu/eigen.h"
#include "core/cpu/gemm.h"

enum { ROWS = 256 }; /* of one product in float; products are added up in double */

static sdag_status begin(sdag_pca *p)
{
    size_t d = (size_t)p->d;
    p->mean = sdag_alloc_array(d, sizeof *p->mean);
    p->gram = sdag_alloc_array(d * d, sizeof *p->gram);
    p->part = sdag_alloc_array(d * d, sizeof *p->part);
    p->vectors = sdag_alloc_array(d * (size_t)p->k, sizeof *p->vectors);
    return p->mean && p->gram && p->part && p->vectors ? SDAG_OK : SDAG_NOMEM;
}

sdag_status sdag_pca_add(sdag_pca *p, const float *x, int64_t n)
{
    const int64_t d = p->d;
    sdag_status s = p->mean ? SDAG_OK : begin(p);
    for (int64_t from = 0; from < n && !s; from += ROWS, x += ROWS * d) {
        const int64_t rows = n - from < ROWS ? n - from : ROWS;
        sdag_gemm(true, false, d, d, rows, 1, x, d, x, d, 0, p->part, d);
        for (int64_t i = 0; i < d * d; i++) p->gram[i] += (double)p->part[i];
        for (int64_t i = 0; i < rows * d; i++) p->mean[i % d] += (double)x[i];
        p->n += rows;
    }
    return s;
}

/* Eigenvectors of E[x x'] - E[x] E[x]' with the largest eigenvalues. */
sdag_status sdag_pca_fit(sdag_pca *p)
{
    const int64_t d = p->d;
    if (!p->n) return SDAG_FAILED;
    for (int64_t i = 0; i < d; i++) p->mean[i] /= (double)p->n;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++)
            p->gram[i * d + j] = p->gram[i * d + j] / (double)p->n - p->mean[i] * p->mean[j];
    double *values = sdag_alloc_array((size_t)p->k, sizeof *values);
    sdag_status s = values ? sdag_eigen_largest(values, p->vectors, p->gram, d, p->k) : SDAG_NOMEM;
    sdag_free(values);
    return s;
}

/* The vectors are orthonormal: |x - m - V'V(x - m)|^2 = |x - m|^2 - |V(x - m)|^2. */
double sdag_pca_error(const sdag_pca *p, const float *x)
{
    double rest = 0;
    for (int64_t i = 0; i < p->d; i++) rest += ((double)x[i] - p->mean[i]) * ((double)x[i] - p->mean[i]);
    for (int64_t c = 0; c < p->k; c++) {
        double dot = 0;
        for (int64_t i = 0; i < p->d; i++) dot += p->vectors[c * p->d + i] * ((double)x[i] - p->mean[i]);
        rest -= dot * dot;
    }
    return rest > 0 ? rest : 0;
}

void sdag_pca_free(sdag_pca *p)
{
    sdag_free(p->mean);
    sdag_free(p->gram);
    sdag_free(p->part);
    sdag_free(p->vectors);
    *p = (sdag_pca){0};
}
