/* Convolution as a product: for a block of result pixels the source values under the kernel are gathered into rows,
 * and the rows are multiplied by the packed weights. A block's rows stay in the second cache.
 *
 * Forward and the data's adjoint are one routine. In both, result pixel i and kernel element r of an axis meet source
 *   i step + off + r' offstep,   r = first + r' every
 * Forward: step = stride, all r. Adjoint: gx pixel h collects gy[(h + pad - r dil) / stride] where that divides; pixels
 * with equal h mod stride have the same r, so each such phase is a convolution of stride 1 with part of the kernel.
 *
 * The weights' gradient multiplies gy by the gathered rows of x, transposed: gw[o, rsc] = sum_p gy[p,o] row[p, rsc].
 * Its tiles are (slot of pixels, group, chunk of kernel elements) such that a tile's sum stays in the second cache. */
#include <string.h>

#include "core/cpu/conv_int.h"

enum {
    ROW_BYTES = 512 << 10, /* gathered rows of a block */
    SUM_BYTES = 512 << 10, /* a tile's part of the weights' gradient */
    MAX_ROWS = 448,
    ROW_UNIT = 56,         /* blocks are multiples of the register blocks' rows */
    WEIGHT_TILES = 32,     /* wanted in the weights' gradient */
    PACK_ROWS = 8,         /* output channels of a tile that adds slots up */
};

typedef struct axis {
    int64_t n, src;                 /* positions in the result, in the source */
    int64_t start, stride;          /* position i is pixel start + i stride of the result */
    int64_t step, off, offstep;     /* source position, see above */
    int64_t count, first, every;    /* kernel elements */
} axis;

typedef struct phase {
    axis h, w;
    int64_t k, rows; /* length of a gathered row; result pixels */
    int64_t block, blocks;
} phase;

typedef struct gather {
    const sdag_conv_job *j;
    int64_t images, g, k1, n1;   /* groups; channels a group of the source, of the result */
    int64_t cs, cd, hs, ws;      /* channels and size of the source */
    int64_t hd, wd;              /* size of the result */
    int64_t phases_h, phases_w;
} gather;

static axis axis_forward(int64_t src, int64_t dst, int64_t k, int64_t stride, int64_t pad, int64_t dil)
{
    return (axis){.n = dst, .src = src, .stride = 1, .step = stride, .off = -pad, .offstep = dil, .count = k,
                  .every = 1};
}

static axis axis_back(int64_t src, int64_t dst, int64_t k, int64_t stride, int64_t pad, int64_t dil, int64_t p)
{
    axis a = {.n = p < dst ? (dst - p + stride - 1) / stride : 0, .src = src, .start = p, .stride = stride, .step = 1};
    while (a.first < k && (p + pad - a.first * dil) % stride) a.first++;
    if (a.first == k) return a;
    for (a.every = 1; a.every * dil % stride;) a.every++;
    a.count = (k - a.first + a.every - 1) / a.every;
    a.off = (p + pad - a.first * dil) / stride;
    a.offstep = -(a.every * dil / stride);
    return a;
}

static gather gather_of(const sdag_conv_job *j)
{
    const sdag_conv *cv = j->cv;
    gather t = {.j = j, .images = cv->n, .g = cv->groups, .k1 = cv->c / cv->groups, .n1 = cv->o / cv->groups,
                .cs = cv->c, .cd = cv->o, .hs = cv->h, .ws = cv->w, .hd = j->oh, .wd = j->ow, .phases_h = 1,
                .phases_w = 1};
    if (j->kind != SDAG_CONV_BACK_DATA) return t;
    return (gather){.j = j, .images = cv->n, .g = cv->groups, .k1 = t.n1, .n1 = t.k1, .cs = t.cd, .cd = t.cs,
                    .hs = t.hd, .ws = t.wd, .hd = t.hs, .wd = t.ws, .phases_h = cv->stride_h, .phases_w = cv->stride_w};
}

static phase phase_of(const gather *t, int64_t i)
{
    const sdag_conv *cv = t->j->cv;
    const int64_t p = i / t->phases_w, q = i % t->phases_w;
    const bool back = t->j->kind == SDAG_CONV_BACK_DATA;
    phase f = {
        .h = back ? axis_back(t->hs, t->hd, cv->kh, cv->stride_h, cv->pad_h, cv->dil_h, p)
                  : axis_forward(t->hs, t->hd, cv->kh, cv->stride_h, cv->pad_h, cv->dil_h),
        .w = back ? axis_back(t->ws, t->wd, cv->kw, cv->stride_w, cv->pad_w, cv->dil_w, q)
                  : axis_forward(t->ws, t->wd, cv->kw, cv->stride_w, cv->pad_w, cv->dil_w),
    };
    f.k = f.h.count * f.w.count * t->k1;
    f.rows = t->images * f.h.n * f.w.n;
    const int64_t fit = ROW_BYTES / (sdag_max_i64(f.k, 1) * (int64_t)sizeof(float)) / ROW_UNIT * ROW_UNIT;
    f.block = sdag_max_i64(ROW_UNIT, sdag_min_i64(fit, MAX_ROWS));
    f.blocks = sdag_ceil_div(f.rows, f.block);
    return f;
}

/* Distance of gathered rows: not a multiple of 1 KiB, so that rows do not compete for the same cache lines. */
static int64_t row_step(int64_t k) { return sdag_lanes_up(k) + (sdag_lanes_up(k) % 256 == 0 ? SDAG_LANES : 0); }

static int64_t panels(const gather *t) { return sdag_ceil_div(t->n1, SDAG_LANES); }

/* Kernel elements [e0,e1) of one result pixel into row; elements that fall outside are zeros.
 * Neighbours along w lie side by side in the source when there is one group, so they are copied at once. */
static void gather_row(float *row, const gather *t, const phase *f, int64_t e0, int64_t e1, const float *image,
                       int64_t i, int64_t q)
{
    const int64_t k1 = t->k1, w0 = q * f->w.step + f->w.off;
    const bool joined = f->w.offstep == 1 && t->g == 1;
    for (int64_t e = e0; e < e1;) {
        const int64_t r = e / f->w.count, end = sdag_min_i64(e1, (r + 1) * f->w.count);
        const int64_t h = i * f->h.step + f->h.off + r * f->h.offstep;
        int64_t s = e - r * f->w.count;
        const int64_t stop = s + end - e;
        e = end;
        if (h < 0 || h >= f->h.src) {
            memset(row, 0, (size_t)((stop - s) * k1) * sizeof *row);
            row += (stop - s) * k1;
            continue;
        }
        const float *line = image + h * f->w.src * t->cs;
        if (joined && w0 + s >= 0 && w0 + stop <= f->w.src) {
            memcpy(row, line + (w0 + s) * t->cs, (size_t)((stop - s) * k1) * sizeof *row);
            row += (stop - s) * k1;
            continue;
        }
        for (; s < stop; s++, row += k1) {
            const int64_t w = w0 + s * f->w.offstep;
            if (w < 0 || w >= f->w.src)
                memset(row, 0, (size_t)k1 * sizeof *row);
            else
                memcpy(row, line + w * t->cs, (size_t)k1 * sizeof *row);
        }
    }
}

/* Weights of one (phase, group, panel of 16 result channels), f32[K,16]; the channels past the last are zeros. */
static void pack(const gather *t, const phase *f, float *to, int64_t group, int64_t panel)
{
    const sdag_conv *cv = t->j->cv;
    const float *w = t->j->b;
    const int64_t taps = cv->kh * cv->kw, k1 = t->k1, n1 = t->n1;
    const bool back = t->j->kind == SDAG_CONV_BACK_DATA;
    const int64_t nstep = back ? taps : k1 * taps, kstep = back ? n1 * taps : taps;
    const float *from = w + group * k1 * n1 * taps + panel * SDAG_LANES * nstep;
    const int64_t lanes = sdag_min_i64(SDAG_LANES, n1 - panel * SDAG_LANES);
    for (int64_t r = 0; r < f->h.count; r++)
        for (int64_t s = 0; s < f->w.count; s++) {
            const int64_t tap = (f->h.first + r * f->h.every) * cv->kw + f->w.first + s * f->w.every;
            for (int64_t k = 0; k < k1; k++, to += SDAG_LANES)
                for (int64_t l = 0; l < SDAG_LANES; l++) to[l] = l < lanes ? from[l * nstep + k * kstep + tap] : 0.0f;
        }
}

/* Where the packed weights of a phase begin, in floats. */
static int64_t pack_at(const gather *t, int64_t i)
{
    int64_t at = 0;
    for (int64_t q = 0; q < i; q++) at += phase_of(t, q).k * SDAG_LANES * panels(t) * t->g;
    return at;
}

static void plan_product(const gather *t, sdag_tiling *out)
{
    const int64_t phases = t->phases_h * t->phases_w;
    int64_t tiles = 0, scratch = 0;
    for (int64_t i = 0; i < phases; i++) {
        const phase f = phase_of(t, i);
        tiles += f.blocks * t->g;
        scratch = sdag_max_i64(scratch, f.block * (row_step(f.k) + t->n1));
    }
    out->stages = 2;
    out->tiles[0] = phases * t->g * panels(t);
    out->tiles[1] = tiles;
    out->workspace = (size_t)pack_at(t, phases) * sizeof(float);
    out->scratch = (size_t)scratch * sizeof(float);
}

static void run_pack(const gather *t, int64_t tile)
{
    const int64_t panel = tile % panels(t), group = tile / panels(t) % t->g, i = tile / panels(t) / t->g;
    const phase f = phase_of(t, i);
    pack(t, &f, t->j->work + pack_at(t, i) + (group * panels(t) + panel) * f.k * SDAG_LANES, group, panel);
}

/* Rows [p,p+rows) of a phase into a. */
static void gather_rows(float *a, int64_t lda, const gather *t, const phase *f, int64_t group, int64_t p, int64_t rows)
{
    const int64_t per = f->h.n * f->w.n;
    for (int64_t x = p; x < p + rows; x++) {
        const float *image = t->j->a + x / per * t->hs * t->ws * t->cs + group * t->k1;
        gather_row(a + (x - p) * lda, t, f, 0, f->h.count * f->w.count, image, x % per / f->w.n, x % f->w.n);
    }
}

/* Pixels of a phase lie apart in the result: each row is put where it belongs. */
static void put_rows(const gather *t, const phase *f, const float *c, int64_t group, int64_t p, int64_t rows)
{
    const int64_t per = f->h.n * f->w.n;
    for (int64_t x = p; x < p + rows; x++) {
        const int64_t h = f->h.start + x % per / f->w.n * f->h.stride, w = f->w.start + x % f->w.n * f->w.stride;
        memcpy(t->j->out + ((x / per * t->hd + h) * t->wd + w) * t->cd + group * t->n1, c + (x - p) * t->n1,
               (size_t)t->n1 * sizeof *c);
    }
}

static void run_product(const gather *t, int64_t tile)
{
    int64_t i = 0;
    phase f = phase_of(t, 0);
    while (tile >= f.blocks * t->g) {
        tile -= f.blocks * t->g;
        f = phase_of(t, ++i);
    }
    const int64_t group = tile / f.blocks, p = tile % f.blocks * f.block, rows = sdag_min_i64(f.block, f.rows - p);
    const float *b = t->j->work + pack_at(t, i) + group * panels(t) * f.k * SDAG_LANES;
    const bool as_is = f.h.count == 1 && f.w.count == 1 && f.h.step == 1 && f.w.step == 1 && f.h.off == 0 &&
                       f.w.off == 0 && t->hs == t->hd && t->ws == t->wd;
    const bool together = t->phases_h * t->phases_w == 1;
    const float *a = as_is ? t->j->a + p * t->cs + group * t->k1 : t->j->scratch;
    const int64_t lda = as_is ? t->cs : row_step(f.k);
    float *apart = t->j->scratch + f.block * row_step(f.k);
    if (!as_is) gather_rows(t->j->scratch, lda, t, &f, group, p, rows);
    if (together) {
        float *c = t->j->out + p * t->cd + group * t->n1;
        sdag_kern_best()->mul(rows, t->n1, f.k, a, lda, b, f.k * SDAG_LANES, c, t->cd, false);
    } else {
        sdag_kern_best()->mul(rows, t->n1, f.k, a, lda, b, f.k * SDAG_LANES, apart, t->n1, false);
        put_rows(t, &f, apart, group, p, rows);
    }
}

/* How the weights' gradient is cut: chunks of kernel elements, slots of pixels. */
typedef struct cut {
    int64_t taps, chunk, chunks, slots; /* chunk: kernel elements of one */
    int64_t width, sum;                 /* columns of a chunk, padded; floats of its sum f32[n1,width] */
} cut;

static cut cut_of(const gather *t, const phase *f)
{
    cut u = {.taps = f->h.count * f->w.count};
    u.chunk = SUM_BYTES / (int64_t)sizeof(float) / (t->n1 * t->k1);
    u.chunk = sdag_max_i64(1, sdag_min_i64(u.chunk, u.taps));
    u.chunks = sdag_ceil_div(u.taps, u.chunk);
    u.chunk = sdag_ceil_div(u.taps, u.chunks);
    u.chunks = sdag_ceil_div(u.taps, u.chunk);
    u.slots = sdag_min_i64(sdag_ceil_div(WEIGHT_TILES, u.chunks * t->g), sdag_ceil_div(f->rows, 2 * ROW_UNIT));
    u.width = sdag_lanes_up(u.chunk * t->k1);
    u.sum = t->n1 * u.width;
    return u;
}

static int64_t weight_rows(const cut *u)
{
    const int64_t fit = ROW_BYTES / (u->width * (int64_t)sizeof(float)) / ROW_UNIT * ROW_UNIT;
    return sdag_max_i64(ROW_UNIT, sdag_min_i64(fit, MAX_ROWS));
}

static void plan_weights(const gather *t, sdag_tiling *out)
{
    const phase f = phase_of(t, 0);
    const cut u = cut_of(t, &f);
    out->stages = 2;
    out->tiles[0] = u.slots * t->g * u.chunks;
    out->tiles[1] = sdag_ceil_div(t->j->cv->o, PACK_ROWS);
    out->workspace = (size_t)(out->tiles[0] * u.sum) * sizeof(float);
    out->scratch = (size_t)((weight_rows(&u) + 1) * u.width) * sizeof(float);
}

/* Sum over the pixels of a slot. The gathered rows are the right factor, so they are stored as panels. */
static void run_weights(const gather *t, int64_t tile)
{
    const phase f = phase_of(t, 0);
    const cut u = cut_of(t, &f);
    const int64_t slot = tile / (t->g * u.chunks), group = tile / u.chunks % t->g, chunk = tile % u.chunks;
    const int64_t e0 = chunk * u.chunk, e1 = sdag_min_i64(e0 + u.chunk, u.taps), per = f.h.n * f.w.n;
    const int64_t most = weight_rows(&u), end = f.rows * (slot + 1) / u.slots, width = u.width;
    const int64_t used = sdag_lanes_up((e1 - e0) * t->k1);
    float *row = t->j->scratch, *b = row + width, *sum = t->j->work + tile * u.sum;
    memset(row, 0, (size_t)width * sizeof *row);
    bool add = false;
    for (int64_t p = f.rows * slot / u.slots; p < end; p += most, add = true) {
        const int64_t rows = sdag_min_i64(most, end - p);
        for (int64_t x = p; x < p + rows; x++) {
            const float *image = t->j->a + x / per * t->hs * t->ws * t->cs + group * t->k1;
            gather_row(row, t, &f, e0, e1, image, x % per / f.w.n, x % f.w.n);
            float *to = b + (x - p) * SDAG_LANES;
            for (int64_t l = 0; l < used; l += SDAG_LANES, to += most * SDAG_LANES)
                memcpy(to, row + l, SDAG_LANES * sizeof *to);
        }
        const float *gy = t->j->b + p * t->cd + group * t->n1;
        sdag_kern_best()->mul_t(t->n1, used, rows, gy, t->cd, b, most * SDAG_LANES, sum, width, add);
    }
}

/* gw f32[O,C/g,kh,kw] = the slots added in order, for a few output channels. */
static void run_sum(const gather *t, int64_t tile)
{
    const phase f = phase_of(t, 0);
    const cut u = cut_of(t, &f);
    const int64_t stop = sdag_min_i64(t->j->cv->o, (tile + 1) * PACK_ROWS), slot_step = t->g * u.chunks * u.sum;
    for (int64_t o = tile * PACK_ROWS; o < stop; o++)
        for (int64_t e = 0; e < u.taps; e++) {
            const int64_t at = (o / t->n1 * u.chunks + e / u.chunk) * u.sum + o % t->n1 * u.width + e % u.chunk * t->k1;
            for (int64_t k = 0; k < t->k1; k++) {
                float sum = 0;
                for (int64_t s = 0; s < u.slots; s++) sum += t->j->work[s * slot_step + at + k];
                t->j->out[(o * t->k1 + k) * u.taps + e] = sum;
            }
        }
}

void sdag_conv_plan_gather(const sdag_conv_job *j, sdag_tiling *t)
{
    const gather g = gather_of(j);
    (j->kind == SDAG_CONV_BACK_WEIGHTS ? plan_weights : plan_product)(&g, t);
}

void sdag_conv_run_gather(const sdag_conv_job *j)
{
    const gather g = gather_of(j);
    if (j->kind == SDAG_CONV_BACK_WEIGHTS)
        (j->stage == 0 ? run_weights : run_sum)(&g, j->tile);
    else
        (j->stage == 0 ? run_pack : run_product)(&g, j->tile);
}
