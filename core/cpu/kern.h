/* The inner loops of the CPU, once for each of three instruction sets: AVX-512, AVX2 with FMA, and the baseline.
 *
 *   const sdag_kern *kr = sdag_kern_best();
 *   kr->mul(m, n, k, a, lda, panels, k * SDAG_LANES, c, ldc, false);
 *
 * Right factors are stored in panels of 16 columns: element (k,j) of a matrix of K rows lies at
 *   b[(j / 16) * panel + k * 16 + j % 16],    panel >= 16 K floats
 * and the last panel is padded (its padding must hold finite numbers; they do not reach c). The layout is the same for
 * all three sets. The order of additions depends on the sizes alone, so one machine always gives the same bits. */
#ifndef SDAG_CPU_KERN_H
#define SDAG_CPU_KERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SDAG_LANES = 16 }; /* columns of a panel */

/* c[m,n] = (add ? c : 0) + a b.   b in panels, c row-major. */
typedef void sdag_kern_mul(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t panel,
                           float *c, int64_t ldc, bool add);

/* One tile into Winograd's transformed space; p points at its pixels. */
typedef void sdag_kern_tile(const float *const *p, int64_t nc, float *v, ptrdiff_t step, ptrdiff_t group);

typedef struct sdag_kern {
    const char *name;
    sdag_kern_mul *mul;   /* a is f32[m,lda]: rows of the product are rows of a */
    sdag_kern_mul *mul_t; /* a is f32[k,lda]: rows of the product are columns of a */

    /* Winograd F(4x4,3x3), in the notation of Lavin and Gray 2015, "Fast algorithms for convolutional neural
     * networks". Each works on one tile, or one kernel, of nc channels at once; transformed element e of 36 lies at
     * e * step. Channels lie in groups of 16, group i at i * group, the last padded with zeros. */
    sdag_kern_tile *wino_x;     /* v = B'xB, p: 6x6 source pixels */
    sdag_kern_tile *wino_gy;    /* v = A p A', p: 4x4 gradients */
    sdag_kern_tile *third_x[3]; /* of these, 12 elements: two of the six rows, 0 and 5, 1 and 2, 3 and 4 */
    sdag_kern_tile *third_gy[3];
    void (*wino_y)(const float *m, ptrdiff_t step, int64_t nc, float *const p[16]); /* y = A'mA; NULL: not stored */
    void (*wino_w)(const float w[9][SDAG_LANES], float *u, ptrdiff_t step);         /* u = G w G' */
    void (*wino_gw)(const float *q, ptrdiff_t step, float gw[9][SDAG_LANES]);       /* gw = G'q G */
} sdag_kern;

const sdag_kern *sdag_kern_best(void); /* for the processor that runs; never NULL */
const sdag_kern *sdag_kern_at(int i);  /* 0: baseline, 1: AVX2, 2: AVX-512; NULL where it cannot run, or past the end */

static inline int64_t sdag_lanes_up(int64_t n) { return (n + SDAG_LANES - 1) / SDAG_LANES * SDAG_LANES; }

#endif
