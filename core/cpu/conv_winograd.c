/* 3x3 convolution of stride 1 by Winograd's minimal filtering, F(4x4,3x3): a tile of 4x4 results from 6x6 sources with
 * 36 products a channel pair instead of 144 (Lavin and Gray 2015, "Fast algorithms for convolutional neural networks").
 *   y = A'[ sum_c (G w G') . (B'x B) ]A       x 6x6, w 3x3, y 4x4;  '.' element by element
 * For each of the 36 elements the sum over c, for many tiles and all o, is a matrix product.
 *
 * The data's adjoint is the same with the kernel turned, channels exchanged and padding 2 - pad.
 * The weights' adjoint is gw = G'[ sum_tiles (A gy A') . (B'x B) ]G, again 36 products, summed over tiles.
 *
 * Where there are many tiles, a block of them is transformed, multiplied and transformed back while it stays in the
 * second cache ("fused"). Deep in a network tiles are few and weights many: there all transforms come first, through
 * the workspace, and the products are cut by channels. */
#include <string.h>

#include "core/cpu/conv_int.h"

enum {
    SIDE = 4,                 /* results of a tile along an axis */
    ELEMENTS = 36,
    FEW_TILES = 1024,         /* fused from here on */
    BLOCK_BYTES = 1 << 20,    /* transformed sources of a block */
    UNIT = 14,                /* tiles of a block are a multiple of the register blocks' rows */
    MAX_BLOCK = 112,
    CHUNK = 64,               /* result channels that are multiplied at once */
    FUSED_RUNS = 128,         /* at most this many fused tiles of the op */
    SLOTS = 16,               /* partial sums of the weights' gradient */
    MIN_CHANNELS = 16,
};

typedef struct wino {
    const sdag_conv_job *j;
    int64_t n, k, m;             /* images, channels of the source, of the result */
    int64_t hs, ws, hd, wd;      /* size of the source, of the result */
    int64_t pad_h, pad_w, th, tw, tiles;
    bool fused;
    int64_t block, blocks;       /* tiles of a block */
} wino;

bool sdag_conv_fits_winograd(const sdag_conv *cv)
{
    return cv->kh == 3 && cv->kw == 3 && cv->stride_h == 1 && cv->stride_w == 1 && cv->dil_h == 1 && cv->dil_w == 1 &&
           cv->groups == 1 && cv->pad_h <= 2 && cv->pad_w <= 2 && cv->c >= MIN_CHANNELS && cv->o >= MIN_CHANNELS;
}

static wino wino_of(const sdag_conv_job *j)
{
    const sdag_conv *cv = j->cv;
    wino t = {.j = j, .n = cv->n, .k = cv->c, .m = cv->o, .hs = cv->h, .ws = cv->w, .hd = j->oh, .wd = j->ow,
              .pad_h = cv->pad_h, .pad_w = cv->pad_w};
    if (j->kind == SDAG_CONV_BACK_DATA) {
        t = (wino){.j = j, .n = cv->n, .k = cv->o, .m = cv->c, .hs = j->oh, .ws = j->ow, .hd = cv->h, .wd = cv->w,
                   .pad_h = 2 - cv->pad_h, .pad_w = 2 - cv->pad_w};
    }
    t.th = sdag_ceil_div(t.hd, SIDE);
    t.tw = sdag_ceil_div(t.wd, SIDE);
    t.tiles = t.n * t.th * t.tw;
    t.fused = t.tiles >= FEW_TILES;
    const int64_t wide = j->kind == SDAG_CONV_BACK_WEIGHTS ? t.k + t.m : t.k;
    const int64_t fit = BLOCK_BYTES / (ELEMENTS * (int64_t)sizeof(float) * wide) / UNIT * UNIT;
    t.block = sdag_max_i64(2 * UNIT, sdag_min_i64(fit, MAX_BLOCK));
    t.blocks = sdag_ceil_div(t.tiles, t.block);
    return t;
}

/* Distances are padded by a line so that the 36 elements and the rows do not compete for the same cache sets. */
static int64_t row_step(int64_t c) { return sdag_lanes_up(c) + SDAG_LANES; }
static int64_t weight_step(const wino *t) { return sdag_lanes_up(t->m) * t->k + SDAG_LANES; }

/* The source pixels under tile number i, or zeros where they are outside. */
static void point_at_source(const float *p[ELEMENTS], const wino *t, const float *src, const float *zeros, int64_t i)
{
    const int64_t h0 = i / t->tw % t->th * SIDE - t->pad_h, w0 = i % t->tw * SIDE - t->pad_w;
    const float *image = src + i / (t->th * t->tw) * t->hs * t->ws * t->k;
    for (int64_t r = 0; r < 6; r++)
        for (int64_t s = 0; s < 6; s++) {
            const bool in = h0 + r >= 0 && h0 + r < t->hs && w0 + s >= 0 && w0 + s < t->ws;
            p[r * 6 + s] = in ? image + ((h0 + r) * t->ws + w0 + s) * t->k : zeros;
        }
}

/* The result pixels of tile number i, in an image of c channels; outside where there is none. */
static void point_at_result(float *p[16], const wino *t, float *dst, float *outside, int64_t c, int64_t i)
{
    const int64_t h0 = i / t->tw % t->th * SIDE, w0 = i % t->tw * SIDE;
    float *image = dst + i / (t->th * t->tw) * t->hd * t->wd * c;
    for (int64_t r = 0; r < SIDE; r++)
        for (int64_t s = 0; s < SIDE; s++) {
            const bool in = h0 + r < t->hd && w0 + s < t->wd;
            p[r * SIDE + s] = in ? image + ((h0 + r) * t->wd + w0 + s) * c : outside;
        }
}

/* Transformed weights of 16 result channels: f32[36][panels][k][16]. */
static void load_weights(const wino *t, float *u, int64_t panel)
{
    const bool back = t->j->kind == SDAG_CONV_BACK_DATA;
    const int64_t mstep = back ? 9 : t->k * 9, kstep = back ? t->m * 9 : 9;
    const int64_t lanes = sdag_min_i64(SDAG_LANES, t->m - panel * SDAG_LANES);
    const float *w = t->j->b + panel * SDAG_LANES * mstep;
    const sdag_kern *kr = sdag_kern_best();
    float *to = u + panel * t->k * SDAG_LANES;
    float turned[9][SDAG_LANES] = {{0}};
    for (int64_t k = 0; k < t->k; k++, to += SDAG_LANES) {
        for (int64_t l = 0; l < lanes; l++)
            for (int e = 0; e < 9; e++) turned[back ? 8 - e : e][l] = w[l * mstep + k * kstep + e];
        kr->wino_w(turned, to, weight_step(t));
    }
}

/* Transformed sources of tiles [i,i+n): element e of tile q at v + e step + q along, 16 channels every group. */
static void load_source(const wino *t, float *zeros, int64_t i, int64_t n, float *v, int64_t step, int64_t along,
                        int64_t group)
{
    const float *p[ELEMENTS];
    const sdag_kern *kr = sdag_kern_best();
    memset(zeros, 0, (size_t)t->k * sizeof *zeros);
    for (int64_t q = 0; q < n; q++) {
        point_at_source(p, t, t->j->a, zeros, i + q);
        kr->wino_x(p, t->k, v + q * along, step, group);
    }
}

/* Transformed gradients gy of tiles [i,i+n), rows of all m channels. */
static void load_gradient(const wino *t, float *zeros, int64_t i, int64_t n, float *z, int64_t step)
{
    float *p[16];
    const sdag_kern *kr = sdag_kern_best();
    memset(zeros, 0, (size_t)t->m * sizeof *zeros);
    for (int64_t q = 0; q < n; q++) {
        point_at_result(p, t, (float *)t->j->b, zeros, t->m, i + q);
        kr->wino_gy((const float *const *)p, t->m, z + q * row_step(t->m), step, SDAG_LANES);
    }
}

/* Results [m0,m1) of tiles [i,i+n) from their transformed sources. */
static void multiply(const wino *t, const float *v, int64_t vstep, int64_t i, int64_t n, int64_t m0, int64_t m1,
                     float *product)
{
    const int64_t wide = sdag_lanes_up(m1 - m0), ldm = wide + SDAG_LANES, step = n * ldm + SDAG_LANES;
    const sdag_kern *kr = sdag_kern_best();
    const float *u = t->j->work + m0 * t->k;
    for (int64_t e = 0; e < ELEMENTS; e++)
        kr->mul(n, wide, t->k, v + e * vstep, row_step(t->k), u + e * weight_step(t), t->k * SDAG_LANES,
                product + e * step, ldm, false);
    float *p[16];
    for (int64_t q = 0; q < n; q++) {
        point_at_result(p, t, t->j->out + m0, NULL, t->m, i + q);
        kr->wino_y(product + q * ldm, step, m1 - m0, p);
    }
}

static int64_t product_floats(int64_t n, int64_t m)
{
    const int64_t chunk = sdag_min_i64(CHUNK, sdag_lanes_up(m));
    return ELEMENTS * (n * (chunk + SDAG_LANES) + SDAG_LANES);
}

static int64_t chunks(const wino *t) { return sdag_ceil_div(t->m, CHUNK); }
static int64_t zeros_floats(const wino *t) { return sdag_lanes_up(sdag_max_i64(t->k, t->m)); }
static int64_t weight_floats(const wino *t) { return ELEMENTS * weight_step(t); }

/* Unfused: tiles that one product takes. */
static int64_t big_block(const wino *t) { return sdag_min_i64(t->tiles, MAX_BLOCK + 2 * UNIT); }
static int64_t source_step(const wino *t) { return t->tiles * row_step(t->k) + SDAG_LANES; }

static int64_t fused_runs(const wino *t) { return sdag_min_i64(t->blocks, FUSED_RUNS); }

static void plan_product(const wino *t, sdag_tiling *out)
{
    out->stages = 2;
    out->tiles[0] = sdag_ceil_div(t->m, SDAG_LANES);
    int64_t work = weight_floats(t), scratch = zeros_floats(t);
    if (t->fused) {
        out->tiles[1] = fused_runs(t);
        scratch += ELEMENTS * (t->block * row_step(t->k) + SDAG_LANES) + product_floats(t->block, t->m);
    } else {
        out->tiles[0] += t->blocks;
        out->tiles[1] = sdag_ceil_div(t->tiles, big_block(t)) * chunks(t);
        work += ELEMENTS * source_step(t);
        scratch += product_floats(big_block(t), t->m);
    }
    out->workspace = (size_t)work * sizeof(float);
    out->scratch = (size_t)scratch * sizeof(float);
}

static void run_fused(const wino *t)
{
    const int64_t vstep = t->block * row_step(t->k) + SDAG_LANES, runs = fused_runs(t);
    float *zeros = t->j->scratch, *v = zeros + zeros_floats(t), *product = v + ELEMENTS * vstep;
    for (int64_t b = t->blocks * t->j->tile / runs; b < t->blocks * (t->j->tile + 1) / runs; b++) {
        const int64_t i = b * t->block, n = sdag_min_i64(t->block, t->tiles - i);
        load_source(t, zeros, i, n, v, vstep, row_step(t->k), SDAG_LANES);
        for (int64_t m0 = 0; m0 < t->m; m0 += CHUNK)
            multiply(t, v, vstep, i, n, m0, sdag_min_i64(m0 + CHUNK, t->m), product);
    }
}

static void run_product(const wino *t)
{
    float *v = t->j->work + weight_floats(t);
    const int64_t panels = sdag_ceil_div(t->m, SDAG_LANES), tile = t->j->tile;
    if (t->j->stage == 0 && tile < panels) {
        load_weights(t, t->j->work, tile);
    } else if (t->j->stage == 0) {
        const int64_t i = (tile - panels) * t->block;
        load_source(t, t->j->scratch, i, sdag_min_i64(t->block, t->tiles - i), v + i * row_step(t->k), source_step(t),
                    row_step(t->k), SDAG_LANES);
    } else if (t->fused) {
        run_fused(t);
    } else {
        const int64_t i = tile / chunks(t) * big_block(t), m0 = tile % chunks(t) * CHUNK;
        multiply(t, v + i * row_step(t->k), source_step(t), i, sdag_min_i64(big_block(t), t->tiles - i), m0,
                 sdag_min_i64(m0 + CHUNK, t->m), t->j->scratch);
    }
}

/* ---- the weights' gradient ---- */

/* Fused: a slot's sums are f32[36][o][c]. Unfused: the same for a part of o and c, in scratch. */
static int64_t sum_step(int64_t o, int64_t c) { return o * sdag_lanes_up(c) + SDAG_LANES; }
static int64_t slots(const wino *t) { return sdag_min_i64(SLOTS, t->blocks); }
static int64_t panel_floats(const wino *t, int64_t n) { return sdag_lanes_up(t->k) * n + SDAG_LANES; }

enum { PART_O = 64, PART_C = 64, SUM_O = 8 };

static void plan_weights(const wino *t, sdag_tiling *out)
{
    out->stages = 2;
    if (t->fused) {
        out->tiles[0] = slots(t);
        out->tiles[1] = sdag_ceil_div(t->m, SUM_O);
        out->workspace = (size_t)(slots(t) * ELEMENTS * sum_step(t->m, t->k)) * sizeof(float);
        out->scratch = (size_t)(zeros_floats(t) + ELEMENTS * (t->block * row_step(t->m) + SDAG_LANES) +
                                ELEMENTS * panel_floats(t, t->block)) * sizeof(float);
    } else {
        out->tiles[0] = t->blocks;
        out->tiles[1] = sdag_ceil_div(t->m, PART_O) * sdag_ceil_div(t->k, PART_C);
        out->workspace = (size_t)(ELEMENTS * (panel_floats(t, t->tiles) + t->tiles * row_step(t->m) + SDAG_LANES)) *
                         sizeof(float);
        out->scratch = (size_t)(zeros_floats(t) + ELEMENTS * sum_step(PART_O, PART_C)) * sizeof(float);
    }
}

/* Both transforms of tiles [i,i+n), the sources as panels of all tiles in [0,all). */
static void load_both(const wino *t, float *zeros, int64_t i, int64_t n, float *v, float *z, int64_t all)
{
    load_source(t, zeros, i, n, v, panel_floats(t, all), SDAG_LANES, all * SDAG_LANES);
    load_gradient(t, zeros, i, n, z, all * row_step(t->m) + SDAG_LANES);
}

static void run_slot(const wino *t)
{
    const sdag_kern *kr = sdag_kern_best();
    const int64_t vstep = panel_floats(t, t->block), zstep = t->block * row_step(t->m) + SDAG_LANES, ns = slots(t);
    const int64_t sstep = sum_step(t->m, t->k), width = sdag_lanes_up(t->k);
    float *zeros = t->j->scratch, *z = zeros + zeros_floats(t), *v = z + ELEMENTS * zstep;
    float *sum = t->j->work + t->j->tile * ELEMENTS * sstep;
    bool add = false;
    for (int64_t b = t->blocks * t->j->tile / ns; b < t->blocks * (t->j->tile + 1) / ns; b++, add = true) {
        const int64_t i = b * t->block, n = sdag_min_i64(t->block, t->tiles - i);
        load_both(t, zeros, i, n, v, z, t->block);
        for (int64_t e = 0; e < ELEMENTS; e++)
            kr->mul_t(t->m, width, n, z + e * zstep, row_step(t->m), v + e * vstep, t->block * SDAG_LANES,
                      sum + e * sstep, width, add);
    }
}

/* gw f32[O,C,3,3] for output channel o and input channels [c0,c1) from sums at q of c0. */
static void put_weights(const wino *t, const float *q, int64_t step, int64_t o, int64_t c0, int64_t c1)
{
    float gw[9][SDAG_LANES];
    for (int64_t c = c0; c < c1; c += SDAG_LANES, q += SDAG_LANES) {
        sdag_kern_best()->wino_gw(q, step, gw);
        float *to = t->j->out + (o * t->k + c) * 9;
        for (int64_t l = 0; l < sdag_min_i64(SDAG_LANES, c1 - c); l++)
            for (int e = 0; e < 9; e++) to[l * 9 + e] = gw[e][l];
    }
}

/* Slots added in order, for a few output channels; the total takes the place of the first slot. */
static void run_sum(const wino *t)
{
    const int64_t o0 = t->j->tile * SUM_O, rows = sdag_min_i64(SUM_O, t->m - o0), width = sdag_lanes_up(t->k);
    const int64_t sstep = sum_step(t->m, t->k);
    for (int64_t e = 0; e < ELEMENTS; e++) {
        float *total = t->j->work + e * sstep + o0 * width;
        for (int64_t s = 1; s < slots(t); s++) {
            const float *part = total + s * ELEMENTS * sstep;
            for (int64_t i = 0; i < rows * width; i++) total[i] += part[i];
        }
    }
    for (int64_t r = 0; r < rows; r++) put_weights(t, t->j->work + (o0 + r) * width, sstep, o0 + r, 0, t->k);
}

static void run_part(const wino *t, const float *v, const float *z, int64_t o0, int64_t c0)
{
    const int64_t o1 = sdag_min_i64(o0 + PART_O, t->m), c1 = sdag_min_i64(c0 + PART_C, t->k);
    const int64_t width = sdag_lanes_up(c1 - c0), step = sum_step(PART_O, PART_C);
    float *sum = t->j->scratch;
    for (int64_t e = 0; e < ELEMENTS; e++)
        sdag_kern_best()->mul_t(o1 - o0, width, t->tiles, z + e * (t->tiles * row_step(t->m) + SDAG_LANES) + o0,
                                row_step(t->m), v + e * panel_floats(t, t->tiles) + c0 * t->tiles,
                                t->tiles * SDAG_LANES, sum + e * step, width, false);
    for (int64_t o = o0; o < o1; o++) put_weights(t, sum + (o - o0) * width, step, o, c0, c1);
}

static void run_weights(const wino *t)
{
    float *v = t->j->work, *z = v + ELEMENTS * panel_floats(t, t->tiles);
    const int64_t tile = t->j->tile, parts = sdag_ceil_div(t->k, PART_C);
    if (t->fused) {
        (t->j->stage == 0 ? run_slot : run_sum)(t);
    } else if (t->j->stage == 0) {
        const int64_t i = tile * t->block;
        load_both(t, t->j->scratch, i, sdag_min_i64(t->block, t->tiles - i), v + i * SDAG_LANES,
                  z + i * row_step(t->m), t->tiles);
    } else {
        run_part(t, v, z, tile / parts * PART_O, tile % parts * PART_C);
    }
}

void sdag_conv_plan_winograd(const sdag_conv_job *j, sdag_tiling *t)
{
    const wino w = wino_of(j);
    (j->kind == SDAG_CONV_BACK_WEIGHTS ? plan_weights : plan_product)(&w, t);
}

void sdag_conv_run_winograd(const sdag_conv_job *j)
{
    const wino w = wino_of(j);
    (j->kind == SDAG_CONV_BACK_WEIGHTS ? run_weights : run_product)(&w);
}
