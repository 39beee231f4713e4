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
    SIDE = 4, /* results of a tile along an axis */
    ELEMENTS = 36,
    FEW_TILES = 1024,        /* fused from here on */
    BLOCK_BYTES = 512 << 10, /* transformed sources of a block */
    UNIT = 14,               /* tiles of a block are a multiple of the register blocks' rows */
    MAX_BLOCK = 56,
    CHUNK = 64,           /* result channels that are multiplied at once */
    BIG_BLOCK = 128,      /* unfused: tiles that are multiplied at once */
    FEW_PRODUCTS = 8,     /* unfused: with fewer than these, both are halved */
    FUSED_RUNS = 128,     /* at most this many fused tiles of the op */
    SLOTS = 16,           /* partial sums of the weights' gradient */
    BOTH_BYTES = 1 << 20, /* transformed x and gy of a block */
    MAX_SUM_BLOCK = 112,
    WHOLE_BYTES = 640 << 10, /* see the weights' gradient */
    THIRDS_BYTES = 4 << 20,
    SPREAD_BYTES = 96 << 20,
    MIN_CHANNELS = 16,
};

typedef struct wino {
    const sdag_conv_job *j;
    int64_t n, k, m;        /* images, channels of the source, of the result */
    int64_t hs, ws, hd, wd; /* size of the source, of the result */
    int64_t pad_h, pad_w, th, tw, tiles;
    bool fused;
    int64_t block, blocks; /* tiles of a block that is transformed at once */
    int64_t chunk, chunks; /* result channels that are multiplied at once */
    int64_t big, bigs;     /* unfused: tiles that are multiplied at once */
} wino;

bool sdag_conv_fits_winograd(const sdag_conv *cv)
{
    return cv->kh == 3 && cv->kw == 3 && cv->stride_h == 1 && cv->stride_w == 1 && cv->dil_h == 1 && cv->dil_w == 1 &&
           cv->groups == 1 && cv->pad_h <= 2 && cv->pad_w <= 2 && cv->c >= MIN_CHANNELS && cv->o >= MIN_CHANNELS;
}

static wino wino_of(const sdag_conv_job *j)
{
    const sdag_conv *cv = j->cv;
    wino t = {.j = j,
              .n = cv->n,
              .k = cv->c,
              .m = cv->o,
              .hs = cv->h,
              .ws = cv->w,
              .hd = j->oh,
              .wd = j->ow,
              .pad_h = cv->pad_h,
              .pad_w = cv->pad_w};
    if (j->kind == SDAG_CONV_BACK_DATA) {
        t = (wino){.j = j,
                   .n = cv->n,
                   .k = cv->o,
                   .m = cv->c,
                   .hs = j->oh,
                   .ws = j->ow,
                   .hd = cv->h,
                   .wd = cv->w,
                   .pad_h = 2 - cv->pad_h,
                   .pad_w = 2 - cv->pad_w};
    }
    t.th = sdag_ceil_div(t.hd, SIDE);
    t.tw = sdag_ceil_div(t.wd, SIDE);
    t.tiles = t.n * t.th * t.tw;
    t.fused = t.tiles >= FEW_TILES;
    const int64_t fit = BLOCK_BYTES / (ELEMENTS * (int64_t)sizeof(float) * t.k) / UNIT * UNIT;
    t.block = sdag_max_i64(2 * UNIT, sdag_min_i64(fit, MAX_BLOCK));
    t.blocks = sdag_ceil_div(t.tiles, t.block);
    t.big = BIG_BLOCK;
    t.chunk = CHUNK;
    if (!t.fused && sdag_ceil_div(t.tiles, t.big) * sdag_ceil_div(t.m, t.chunk) < FEW_PRODUCTS) {
        t.big /= 2;
        t.chunk /= 2;
    }
    t.bigs = sdag_ceil_div(t.tiles, t.big);
    t.chunks = sdag_ceil_div(t.m, t.chunk);
    return t;
}

/* Distances are padded by a line so that the 36 elements and the rows do not compete for the same cache sets. */
static int64_t row_step(int64_t c) { return sdag_lanes_up(c) + (sdag_lanes_up(c) % 256 == 0 ? SDAG_LANES : 0); }
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
static void load_source(const wino *t, sdag_kern_tile *fn, float *zeros, int64_t i, int64_t n, float *v, int64_t step,
                        int64_t along, int64_t group)
{
    const float *p[ELEMENTS];
    memset(zeros, 0, (size_t)t->k * sizeof *zeros);
    for (int64_t q = 0; q < n; q++) {
        point_at_source(p, t, t->j->a, zeros, i + q);
        fn(p, t->k, v + q * along, step, group);
    }
}

/* Transformed gradients gy of tiles [i,i+n), rows of all m channels. */
static void load_gradient(const wino *t, sdag_kern_tile *fn, float *zeros, int64_t i, int64_t n, float *z, int64_t step)
{
    float *p[16];
    memset(zeros, 0, (size_t)t->m * sizeof *zeros);
    for (int64_t q = 0; q < n; q++) {
        point_at_result(p, t, (float *)t->j->b, zeros, t->m, i + q);
        fn((const float *const *)p, t->m, z + q * row_step(t->m), step, SDAG_LANES);
    }
}

/* Results [m0,m1) of tiles [i,i+n) from their transformed sources. */
static void multiply(const wino *t, const float *v, int64_t vstep, int64_t i, int64_t n, int64_t m0, int64_t m1,
                     float *product)
{
    const int64_t wide = sdag_lanes_up(m1 - m0), step = n * wide + SDAG_LANES;
    const sdag_kern *kr = sdag_kern_best();
    const float *u = t->j->work + m0 * t->k;
    for (int64_t e = 0; e < ELEMENTS; e++)
        kr->mul(n, wide, t->k, v + e * vstep, row_step(t->k), u + e * weight_step(t), t->k * SDAG_LANES,
                product + e * step, wide, false);
    float *p[16];
    for (int64_t q = 0; q < n; q++) {
        point_at_result(p, t, t->j->out + m0, NULL, t->m, i + q);
        kr->wino_y(product + q * wide, step, m1 - m0, p);
    }
}

static int64_t product_floats(const wino *t, int64_t n)
{
    return ELEMENTS * (n * sdag_min_i64(t->chunk, sdag_lanes_up(t->m)) + SDAG_LANES);
}

static int64_t zeros_floats(const wino *t) { return sdag_lanes_up(sdag_max_i64(t->k, t->m)); }
static int64_t weight_floats(const wino *t) { return ELEMENTS * weight_step(t); }

static int64_t source_step(const wino *t) { return t->tiles * row_step(t->k) + SDAG_LANES; }

static int64_t fused_runs(const wino *t) { return sdag_min_i64(t->blocks, FUSED_RUNS); }

static void plan_product(const wino *t, sdag_tiling *out)
{
    out->stages = 2;
    out->tiles[0] = sdag_ceil_div(t->m, SDAG_LANES);
    int64_t work = weight_floats(t), scratch = zeros_floats(t);
    if (t->fused) {
        out->tiles[1] = fused_runs(t);
        scratch += ELEMENTS * (t->block * row_step(t->k) + SDAG_LANES) + product_floats(t, t->block);
    } else {
        out->tiles[0] += t->blocks;
        out->tiles[1] = t->bigs * t->chunks;
        work += ELEMENTS * source_step(t);
        scratch += product_floats(t, t->big);
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
        load_source(t, sdag_kern_best()->wino_x, zeros, i, n, v, vstep, row_step(t->k), SDAG_LANES);
        for (int64_t m0 = 0; m0 < t->m; m0 += t->chunk)
            multiply(t, v, vstep, i, n, m0, sdag_min_i64(m0 + t->chunk, t->m), product);
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
        load_source(t, sdag_kern_best()->wino_x, t->j->scratch, i, sdag_min_i64(t->block, t->tiles - i),
                    v + i * row_step(t->k), source_step(t), row_step(t->k), SDAG_LANES);
    } else if (t->fused) {
        run_fused(t);
    } else {
        const int64_t i = tile / t->chunks * t->big, m0 = tile % t->chunks * t->chunk;
        multiply(t, v + i * row_step(t->k), source_step(t), i, sdag_min_i64(t->big, t->tiles - i), m0,
                 sdag_min_i64(m0 + t->chunk, t->m), t->j->scratch);
    }
}

/* ---- the weights' gradient ----
 *
 * sum[e][o][c] over tiles has 36 o c elements. What fits the second cache decides how it is computed:
 *   WHOLE   small sums: each slot of tiles adds block after block to its own sum, all 36 elements at once
 *   THIRDS  larger ones: the same, but only 12 of the elements in each run, so that the sum stays near
 *   SPREAD  few tiles, many channels: all transforms through the workspace, then one product an element */

typedef enum { WHOLE, THIRDS, SPREAD } way;

typedef struct cut {
    way way;
    int64_t block, blocks, slots;
    int64_t zstep, vstep, sstep; /* distance of elements of gy, of x, of the sum */
    int64_t width;               /* columns of the sum: c up to whole panels */
    int64_t sum;                 /* floats of a slot's sum */
} cut;

enum { SUM_O = 4 }; /* output channels of a tile that adds up */

static cut cut_of(const wino *t)
{
    cut u = {.width = sdag_lanes_up(t->k)};
    const int64_t each = (int64_t)sizeof(float) * (u.width + row_step(t->m)); /* bytes of one element of one tile */
    u.sstep = t->m * u.width + SDAG_LANES;
    u.sum = ELEMENTS * u.sstep;
    const int64_t sum_bytes = u.sum * (int64_t)sizeof(float);
    u.way = sum_bytes <= WHOLE_BYTES ? WHOLE : THIRDS;
    if (u.way == THIRDS && (t->tiles < FEW_TILES || sum_bytes > THIRDS_BYTES) &&
        t->tiles <= SPREAD_BYTES / (ELEMENTS * each))
        u.way = SPREAD;
    const int64_t at_once = u.way == THIRDS ? ELEMENTS / 3 : ELEMENTS, fit = BOTH_BYTES / (at_once * each);
    u.block = sdag_max_i64(2 * UNIT, sdag_min_i64(fit / UNIT * UNIT, MAX_SUM_BLOCK));
    u.blocks = sdag_ceil_div(t->tiles, u.block);
    u.slots = u.way == SPREAD ? 1 : sdag_min_i64(u.way == WHOLE ? SLOTS : SLOTS / 2, u.blocks);
    const int64_t stored = u.way == SPREAD ? t->tiles : u.block;
    u.zstep = stored * row_step(t->m) + SDAG_LANES;
    u.vstep = stored * u.width + SDAG_LANES;
    return u;
}

static void plan_weights(const wino *t, sdag_tiling *out)
{
    const cut u = cut_of(t);
    const int64_t both = u.zstep + u.vstep;
    int64_t work = u.slots * u.sum, scratch = zeros_floats(t);
    if (u.way == SPREAD) {
        out->stages = 3;
        out->tiles[0] = u.blocks;
        out->tiles[1] = ELEMENTS;
        work += ELEMENTS * both;
    } else {
        out->stages = 2;
        out->tiles[0] = u.slots * (u.way == THIRDS ? 3 : 1);
        scratch += (u.way == THIRDS ? ELEMENTS / 3 : ELEMENTS) * both;
    }
    out->tiles[out->stages - 1] = sdag_ceil_div(t->m, SUM_O);
    out->workspace = (size_t)work * sizeof(float);
    out->scratch = (size_t)scratch * sizeof(float);
}

/* One slot, or a third of its elements. */
static void run_slot(const wino *t, const cut *u)
{
    static const int whole[] = {0, 1, 2, 3, 4, 5}, thirds[3][2] = {{0, 5}, {1, 2}, {3, 4}};
    const sdag_kern *kr = sdag_kern_best();
    const int64_t parts = u->way == THIRDS ? 3 : 1, slot = t->j->tile / parts, part = t->j->tile % parts;
    const int *rows = parts == 3 ? thirds[part] : whole;
    const int64_t elements = ELEMENTS / parts;
    float *zeros = t->j->scratch, *z = zeros + zeros_floats(t), *v = z + elements * u->zstep;
    float *sum = t->j->work + slot * u->sum;
    bool add = false;
    for (int64_t b = u->blocks * slot / u->slots; b < u->blocks * (slot + 1) / u->slots; b++, add = true) {
        const int64_t i = b * u->block, n = sdag_min_i64(u->block, t->tiles - i);
        load_source(t, parts == 3 ? kr->third_x[part] : kr->wino_x, zeros, i, n, v, u->vstep, SDAG_LANES,
                    u->block * SDAG_LANES);
        load_gradient(t, parts == 3 ? kr->third_gy[part] : kr->wino_gy, zeros, i, n, z, u->zstep);
        for (int64_t e = 0; e < elements; e++)
            kr->mul_t(t->m, u->width, n, z + e * u->zstep, row_step(t->m), v + e * u->vstep, u->block * SDAG_LANES,
                      sum + (rows[e / 6] * 6 + e % 6) * u->sstep, u->width, add);
    }
}

/* gw f32[O,C,3,3] of a few output channels: slots added in order, into the first, and transformed back. */
static void run_sum(const wino *t, const cut *u)
{
    const int64_t o0 = t->j->tile * SUM_O, rows = sdag_min_i64(SUM_O, t->m - o0);
    float *sum = t->j->work + o0 * u->width, gw[9][SDAG_LANES];
    for (int64_t e = 0; e < ELEMENTS; e++)
        for (int64_t s = 1; s < u->slots; s++) {
            float *total = sum + e * u->sstep, *part = total + s * u->sum;
            for (int64_t i = 0; i < rows * u->width; i++) total[i] += part[i];
        }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < t->k; c += SDAG_LANES) {
            sdag_kern_best()->wino_gw(sum + r * u->width + c, u->sstep, gw);
            float *to = t->j->out + ((o0 + r) * t->k + c) * 9;
            for (int64_t l = 0; l < sdag_min_i64(SDAG_LANES, t->k - c); l++)
                for (int e = 0; e < 9; e++) to[l * 9 + e] = gw[e][l];
        }
}

static void run_weights(const wino *t)
{
    const cut u = cut_of(t);
    const sdag_kern *kr = sdag_kern_best();
    float *z = t->j->work + u.slots * u.sum, *v = z + ELEMENTS * u.zstep;
    const int64_t tile = t->j->tile;
    if (t->j->stage == (u.way == SPREAD ? 2 : 1)) {
        run_sum(t, &u);
    } else if (u.way != SPREAD) {
        run_slot(t, &u);
    } else if (t->j->stage == 0) {
        const int64_t i = tile * u.block, n = sdag_min_i64(u.block, t->tiles - i);
        load_source(t, kr->wino_x, t->j->scratch, i, n, v + i * SDAG_LANES, u.vstep, SDAG_LANES, t->tiles * SDAG_LANES);
        load_gradient(t, kr->wino_gy, t->j->scratch, i, n, z + i * row_step(t->m), u.zstep);
    } else {
        kr->mul_t(t->m, u.width, t->tiles, z + tile * u.zstep, row_step(t->m), v + tile * u.vstep,
                  t->tiles * SDAG_LANES, t->j->work + tile * u.sstep, u.width, false);
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
