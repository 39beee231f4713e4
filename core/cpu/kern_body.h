/* The inner loops in terms of a vector type; kern.c includes this once for each instruction set, with
 *   KERN(name)   the name with the set's suffix           KERN_TARGET   the attribute that switches the set on
 *   KERN_VL      floats of a vector: 4, 8 or 16           KERN_MR       rows of a register block
 * Everything is written over vectors (GCC vector extensions), so the compiler is not asked to find them. */

typedef float KERN(vec) __attribute__((vector_size(4 * KERN_VL), aligned(4), may_alias));
#define VEC KERN(vec)
#define LOAD(p) (*(const VEC *)(p))
#define STORE(p, v) (*(VEC *)(p) = (v))
#define INLINE static inline __attribute__((always_inline)) KERN_TARGET

/* c[mr, nv vectors] (+)= a b over k.   at: a is stored [k][m].   pb: distance of the second vector of b.
 * Three rows share a pointer (p, p + lda, p + 2 lda are addressing modes): more would not fit the integer registers. */
INLINE void KERN(block)(const int mr, const int nv, const bool at, int64_t k, const float *a, ptrdiff_t lda,
                        const float *b, ptrdiff_t pb, float *c, ptrdiff_t ldc, bool add)
{
    VEC acc[KERN_MR][2];
    UNROLL for (int i = 0; i < mr; i++) UNROLL for (int v = 0; v < nv; v++)
    {
        if (add) acc[i][v] = LOAD(c + i * ldc + v * KERN_VL);
        else acc[i][v] = (VEC){0};
    }
    const float *pa[(KERN_MR + 2) / 3];
    UNROLL for (int i = 0; i < (KERN_MR + 2) / 3; i++) pa[i] = at ? a : a + 3 * i * lda;
    for (int64_t q = 0; q < k; q++) {
        VEC bv[2];
        UNROLL for (int v = 0; v < nv; v++) bv[v] = LOAD(b + v * pb);
        UNROLL for (int v = 0; v < nv; v++) __builtin_prefetch(b + v * pb + KERN_AHEAD * SDAG_LANES);
        if (at) __builtin_prefetch(a + (q + KERN_AHEAD) * lda);
        b += SDAG_LANES;
        UNROLL for (int i = 0; i < mr; i++)
        {
            float s = at ? pa[0][i] : pa[i / 3][(i % 3) * lda];
            UNROLL for (int v = 0; v < nv; v++) acc[i][v] += s * bv[v];
        }
        if (at) pa[0] += lda;
        else UNROLL for (int i = 0; i < (KERN_MR + 2) / 3; i++) pa[i]++;
    }
    UNROLL for (int i = 0; i < mr; i++) UNROLL for (int v = 0; v < nv; v++) STORE(c + i * ldc + v * KERN_VL, acc[i][v]);
}

typedef void KERN(block_fn)(int64_t k, const float *a, ptrdiff_t lda, const float *b, ptrdiff_t pb, float *c,
                            ptrdiff_t ldc, bool add);

#define BLOCK(mr, nv, at)                                                                                            \
    KERN_TARGET static void KERN(block_##mr##_##nv##_##at)(int64_t k, const float *a, ptrdiff_t lda, const float *b, \
                                                           ptrdiff_t pb, float *c, ptrdiff_t ldc, bool add)          \
    {                                                                                                                \
        KERN(block)(mr, nv, at, k, a, lda, b, pb, c, ldc, add);                                                      \
    }
#define BLOCKS(mr) BLOCK(mr, 1, 0) BLOCK(mr, 2, 0) BLOCK(mr, 1, 1) BLOCK(mr, 2, 1)
#define ROW(mr)                                                                                              \
    {                                                                                                        \
        {KERN(block_##mr##_1_0), KERN(block_##mr##_2_0)}, { KERN(block_##mr##_1_1), KERN(block_##mr##_2_1) } \
    }
/* clang-format off */
BLOCKS(1) BLOCKS(2) BLOCKS(3) BLOCKS(4) BLOCKS(5) BLOCKS(6)
#if KERN_MR > 6
BLOCKS(7) BLOCKS(8) BLOCKS(9) BLOCKS(10) BLOCKS(11) BLOCKS(12) BLOCKS(13) BLOCKS(14)
#endif
    /* clang-format on */

    /* [rows - 1][a transposed][vectors - 1] */
    static KERN(block_fn) *const KERN(blocks)[KERN_MR][2][2] = {
        ROW(1), ROW(2), ROW(3), ROW(4),  ROW(5),  ROW(6),
#if KERN_MR > 6
        ROW(7), ROW(8), ROW(9), ROW(10), ROW(11), ROW(12), ROW(13), ROW(14),
#endif
};

/* The last columns, fewer than the vectors hold: through a square on the stack, so that c is not overrun. */
KERN_TARGET static void KERN(ragged)(KERN(block_fn) * fn, int64_t rows, int64_t cols, int64_t k, const float *a,
                                     int64_t lda, const float *b, int64_t pb, float *c, int64_t ldc, bool add)
{
    float square[KERN_MR * 2 * KERN_VL] = {0};
    for (int64_t i = 0; add && i < rows; i++) memcpy(square + i * 2 * KERN_VL, c + i * ldc, (size_t)cols * sizeof *c);
    fn(k, a, lda, b, pb, square, 2 * KERN_VL, add);
    for (int64_t i = 0; i < rows; i++) memcpy(c + i * ldc, square + i * 2 * KERN_VL, (size_t)cols * sizeof *c);
}

/* All columns of one block of rows, over one piece of k. */
INLINE void KERN(strip)(const bool at, int64_t rows, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                        int64_t panel, float *c, int64_t ldc, bool add, int64_t j0, int64_t j1)
{
    const int64_t pb = KERN_VL == SDAG_LANES ? panel : KERN_VL;
    for (int64_t j = j0; j < j1; j += 2 * KERN_VL) {
        const int64_t left = n - j, nv = left > KERN_VL ? 2 : 1;
        const float *bj = b + j / SDAG_LANES * panel + j % SDAG_LANES;
        KERN(block_fn) *fn = KERN(blocks)[rows - 1][at][nv - 1];
        if (left >= nv * KERN_VL) fn(k, a, lda, bj, pb, c + j, ldc, add);
        else KERN(ragged)(fn, rows, left, k, a, lda, bj, pb, c + j, ldc, add);
    }
}

/* k is cut so that what a block of rows reads of a stays in the first cache; rows are dealt out evenly.
 * A column block of a transposed a touches a line or two for every k: it is copied together first. */
INLINE void KERN(mul_any)(const bool at, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                          int64_t panel, float *c, int64_t ldc, bool add)
{
    const int64_t nb = (m + KERN_MR - 1) / KERN_MR, kc = at ? KERN_KC / 2 : KERN_KC;
    const int64_t kb = k > 0 ? (k + kc - 1) / kc : 1; /* an empty sum is written too */
    for (int64_t kj = 0; kj < kb; kj++, add = true) {
        const int64_t k0 = k * kj / kb, kk = k * (kj + 1) / kb - k0;
        const float *bk = b + k0 * SDAG_LANES;
        if (at && n >= KERN_WIDE) {
            float copy[KERN_KC / 2][SDAG_LANES];
            for (int64_t i = 0, row = 0; i < nb; i++) {
                const int64_t rows = m / nb + (i < m % nb);
                const float *ai = a + k0 * lda + row;
                for (int64_t q = 0; row + SDAG_LANES <= m && q < kk; q++) memcpy(copy[q], ai + q * lda, sizeof copy[q]);
                for (int64_t q = 0; row + SDAG_LANES > m && q < kk; q++)
                    for (int64_t r = 0; r < rows; r++) copy[q][r] = ai[q * lda + r];
                KERN(strip)(at, rows, n, kk, copy[0], SDAG_LANES, bk, panel, c + row * ldc, ldc, add, 0, n);
                row += rows;
            }
        } else {
            const int64_t wide = n >= KERN_WIDE ? n : 2 * KERN_VL;
            for (int64_t j = 0; j < n; j += wide)
                for (int64_t i = 0, row = 0; i < nb; i++) {
                    const int64_t rows = m / nb + (i < m % nb);
                    const float *ai = at ? a + k0 * lda + row : a + row * lda + k0;
                    KERN(strip)
                    (at, rows, n, kk, ai, lda, bk, panel, c + row * ldc, ldc, add, j, j + wide < n ? j + wide : n);
                    row += rows;
                }
        }
    }
}

KERN_TARGET static void KERN(mul)(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                                  int64_t panel, float *c, int64_t ldc, bool add)
{
    KERN(mul_any)(false, m, n, k, a, lda, b, panel, c, ldc, add);
}

KERN_TARGET static void KERN(mul_t)(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                                    int64_t panel, float *c, int64_t ldc, bool add)
{
    KERN(mul_any)(true, m, n, k, a, lda, b, panel, c, ldc, add);
}

/* One-dimensional transforms; two passes of each make the two-dimensional one. t and d may not overlap.
 * The polynomials are met at 0, +-a, +-b and infinity, a = 1/sqrt(2) and b = sqrt(2), so that a a = 1/2, b b = 2. */

INLINE void KERN(bt)(VEC t[6], const VEC d[6]) /* B' d */
{
    const VEC e = d[4] - 2.0f * d[2], f = d[3] - 2.0f * d[1], g = d[4] - 0.5f * d[2], h = d[3] - 0.5f * d[1];
    t[0] = (d[0] + d[4]) - 2.5f * d[2];
    t[1] = e + POINT_A * f;
    t[2] = e - POINT_A * f;
    t[3] = g + POINT_B * h;
    t[4] = g - POINT_B * h;
    t[5] = (d[1] + d[5]) - 2.5f * d[3];
}

INLINE void KERN(aa)(VEC t[6], const VEC d[4]) /* A d */
{
    const VEC e = d[0] + 0.5f * d[2], f = d[1] + 0.5f * d[3], g = d[0] + 2.0f * d[2], h = d[1] + 2.0f * d[3];
    t[0] = d[0];
    t[1] = e + POINT_A * f;
    t[2] = e - POINT_A * f;
    t[3] = g + POINT_B * h;
    t[4] = g - POINT_B * h;
    t[5] = d[3];
}

INLINE void KERN(at)(VEC t[4], const VEC d[6]) /* A' d */
{
    const VEC e = d[1] + d[2], f = POINT_A * (d[1] - d[2]), g = d[3] + d[4], h = POINT_B * (d[3] - d[4]);
    t[0] = d[0] + e + g;
    t[1] = f + h;
    t[2] = 0.5f * e + 2.0f * g;
    t[3] = (d[5] + 0.5f * f) + 2.0f * h;
}

INLINE void KERN(gg)(VEC t[6], const VEC d[3]) /* G d */
{
    const VEC e = (d[0] + 0.5f * d[2]) * (-2.0f / 3), f = d[1] * (POINT_A * -2.0f / 3);
    const VEC g = (d[0] + 2.0f * d[2]) * (1.0f / 6), h = d[1] * (POINT_B / 6);
    t[0] = d[0];
    t[1] = e + f;
    t[2] = e - f;
    t[3] = g + h;
    t[4] = g - h;
    t[5] = d[2];
}

INLINE void KERN(gt)(VEC t[3], const VEC d[6]) /* G' d */
{
    const VEC e = (d[1] + d[2]) * (-2.0f / 3), f = (d[1] - d[2]) * (POINT_A * -2.0f / 3);
    const VEC g = (d[3] + d[4]) * (1.0f / 6), h = (d[3] - d[4]) * (POINT_B / 6);
    t[0] = d[0] + (e + g);
    t[1] = f + h;
    t[2] = d[5] + (0.5f * e + 2.0f * g);
}

/* Two of the six results of bt and aa: 0 and 5, 1 and 2, or 3 and 4, which share most of their work. */
INLINE void KERN(bt_third)(const int third, VEC t[2], const VEC d[6])
{
    if (third == 0) {
        t[0] = (d[0] + d[4]) - 2.5f * d[2];
        t[1] = (d[1] + d[5]) - 2.5f * d[3];
        return;
    }
    const float q = third == 1 ? 2.0f : 0.5f, p = third == 1 ? POINT_A : POINT_B;
    const VEC e = d[4] - q * d[2], f = d[3] - q * d[1];
    t[0] = e + p * f;
    t[1] = e - p * f;
}

INLINE void KERN(aa_third)(const int third, VEC t[2], const VEC d[4])
{
    if (third == 0) {
        t[0] = d[0];
        t[1] = d[3];
        return;
    }
    const float q = third == 1 ? 0.5f : 2.0f, p = third == 1 ? POINT_A : POINT_B;
    const VEC e = d[0] + q * d[2], f = d[1] + q * d[3];
    t[0] = e + p * f;
    t[1] = e - p * f;
}

/* One vector of channels of one tile. third < 0: all 36 elements. */
INLINE void KERN(x_lanes)(const int third, const float *const *p, int64_t c, float *v, ptrdiff_t step)
{
    VEC t[6][6];
    const int rows = third < 0 ? 6 : 2;
    UNROLL for (int j = 0; j < 6; j++)
    {
        VEC d[6], r[6];
        UNROLL for (int i = 0; i < 6; i++) d[i] = LOAD(p[i * 6 + j] + c);
        if (third < 0) KERN(bt)(r, d);
        else KERN(bt_third)(third, r, d);
        UNROLL for (int i = 0; i < rows; i++) t[i][j] = r[i];
    }
    UNROLL for (int i = 0; i < rows; i++)
    {
        VEC r[6];
        KERN(bt)(r, t[i]);
        UNROLL for (int j = 0; j < 6; j++) STORE(v + (i * 6 + j) * step, r[j]);
    }
}

INLINE void KERN(gy_lanes)(const int third, const float *const *p, int64_t c, float *v, ptrdiff_t step)
{
    VEC t[6][4];
    const int rows = third < 0 ? 6 : 2;
    UNROLL for (int j = 0; j < 4; j++)
    {
        VEC d[4], r[6];
        UNROLL for (int i = 0; i < 4; i++) d[i] = LOAD(p[i * 4 + j] + c);
        if (third < 0) KERN(aa)(r, d);
        else KERN(aa_third)(third, r, d);
        UNROLL for (int i = 0; i < rows; i++) t[i][j] = r[i];
    }
    UNROLL for (int i = 0; i < rows; i++)
    {
        VEC r[6];
        KERN(aa)(r, t[i]);
        UNROLL for (int j = 0; j < 6; j++) STORE(v + (i * 6 + j) * step, r[j]);
    }
}

INLINE void KERN(y_lanes)(const float *m, ptrdiff_t step, VEC y[16])
{
    VEC t[4][6];
    UNROLL for (int j = 0; j < 6; j++)
    {
        VEC d[6], r[4];
        UNROLL for (int i = 0; i < 6; i++) d[i] = LOAD(m + (i * 6 + j) * step);
        KERN(at)(r, d);
        UNROLL for (int i = 0; i < 4; i++) t[i][j] = r[i];
    }
    UNROLL for (int i = 0; i < 4; i++) KERN(at)(y + 4 * i, t[i]);
}

/* All channels of a tile of n pixels. The last ones, when not a multiple of 16, are copied with zeros behind them. */
#define TILE(name, n, lanes, third)                                                                                  \
    KERN_TARGET static void KERN(name)(const float *const *p, int64_t nc, float *v, ptrdiff_t step, ptrdiff_t group) \
    {                                                                                                                \
        int64_t c = 0;                                                                                               \
        for (; c + SDAG_LANES <= nc; c += SDAG_LANES, v += group)                                                    \
            for (int i = 0; i < SDAG_LANES; i += KERN_VL) KERN(lanes)(third, p, c + i, v + i, step);                 \
        if (c == nc) return;                                                                                         \
        const float *copy[n];                                                                                        \
        float room[n][SDAG_LANES];                                                                                   \
        for (int e = 0; e < n; e++) {                                                                                \
            for (int i = 0; i < SDAG_LANES; i++) room[e][i] = c + i < nc ? p[e][c + i] : 0.0f;                       \
            copy[e] = room[e];                                                                                       \
        }                                                                                                            \
        for (int i = 0; i < SDAG_LANES; i += KERN_VL) KERN(lanes)(third, copy, i, v + i, step);                      \
    }
TILE(wino_x, 36, x_lanes, -1)
TILE(wino_gy, 16, gy_lanes, -1)
TILE(third_x_0, 36, x_lanes, 0)
TILE(third_x_1, 36, x_lanes, 1)
TILE(third_x_2, 36, x_lanes, 2)
TILE(third_gy_0, 16, gy_lanes, 0)
TILE(third_gy_1, 16, gy_lanes, 1)
TILE(third_gy_2, 16, gy_lanes, 2)

KERN_TARGET static void KERN(wino_y)(const float *m, ptrdiff_t step, int64_t nc, float *const p[16])
{
    int64_t c = 0;
    for (; c + KERN_VL <= nc; c += KERN_VL) {
        VEC y[16];
        KERN(y_lanes)(m + c, step, y);
        UNROLL for (int e = 0; e < 16; e++) if (p[e]) STORE(p[e] + c, y[e]);
    }
    if (c < nc) {
        VEC y[16];
        KERN(y_lanes)(m + c, step, y);
        for (int e = 0; e < 16; e++)
            for (int64_t i = 0; p[e] && c + i < nc; i++) p[e][c + i] = y[e][i];
    }
}

KERN_TARGET static void KERN(wino_w)(const float w[9][SDAG_LANES], float *u, ptrdiff_t step)
{
    for (int l = 0; l < SDAG_LANES; l += KERN_VL) {
        VEC t[6][3];
        UNROLL for (int j = 0; j < 3; j++)
        {
            const VEC d[3] = {LOAD(w[j] + l), LOAD(w[3 + j] + l), LOAD(w[6 + j] + l)};
            VEC r[6];
            KERN(gg)(r, d);
            UNROLL for (int i = 0; i < 6; i++) t[i][j] = r[i];
        }
        UNROLL for (int i = 0; i < 6; i++)
        {
            VEC r[6];
            KERN(gg)(r, t[i]);
            UNROLL for (int j = 0; j < 6; j++) STORE(u + l + (i * 6 + j) * step, r[j]);
        }
    }
}

KERN_TARGET static void KERN(wino_gw)(const float *q, ptrdiff_t step, float gw[9][SDAG_LANES])
{
    for (int l = 0; l < SDAG_LANES; l += KERN_VL) {
        VEC t[3][6];
        UNROLL for (int j = 0; j < 6; j++)
        {
            VEC d[6], r[3];
            UNROLL for (int i = 0; i < 6; i++) d[i] = LOAD(q + l + (i * 6 + j) * step);
            KERN(gt)(r, d);
            UNROLL for (int i = 0; i < 3; i++) t[i][j] = r[i];
        }
        UNROLL for (int i = 0; i < 3; i++)
        {
            VEC r[3];
            KERN(gt)(r, t[i]);
            UNROLL for (int j = 0; j < 3; j++) STORE(gw[i * 3 + j] + l, r[j]);
        }
    }
}

static const sdag_kern KERN(table) = {
    .name = KERN_LABEL,
    .mul = KERN(mul),
    .mul_t = KERN(mul_t),
    .wino_x = KERN(wino_x),
    .wino_gy = KERN(wino_gy),
    .third_x = {KERN(third_x_0), KERN(third_x_1), KERN(third_x_2)},
    .third_gy = {KERN(third_gy_0), KERN(third_gy_1), KERN(third_gy_2)},
    .wino_y = KERN(wino_y),
    .wino_w = KERN(wino_w),
    .wino_gw = KERN(wino_gw),
};

#undef VEC
#undef LOAD
#undef STORE
#undef INLINE
#undef BLOCK
#undef BLOCKS
#undef ROW
#undef TILE
#undef KERN
#undef KERN_TARGET
#undef KERN_VL
#undef KERN_MR
#undef KERN_LABEL
