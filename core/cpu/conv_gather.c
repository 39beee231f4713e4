/* Convolution as a product: for a block of result pixels the source values under the kernel are gathered into rows,
 * and the rows are multiplied by the packed weights. A block's rows stay in the second cache.
 *
 * Forward and the data's adjoint are one routine. In both, result pixel i and kernel element r of an axis meet source
 *   i step + off + r' offstep,   r = first + r' every
 * Forward: step = stride, all r. Adjoint: gx pixel h collects gy[(h + pad - r dil) / stride] where that divides; pixels
 * with equal h mod stride have the same r, so each such phase is a convolution of stride 1 with part of the kernel.
 * A tile takes a block of places, and at each place the pixels of all phases: stride_h x stride_w neighbours in gx.
 *
 * The weights' gradient multiplies gy by the gathered rows of x, transposed: gw[o, rsc] = sum_p gy[p,o] row[p, rsc].
 * Its tiles are (slot of pixels, group, chunk of kernel elements) such that a tile's sum stays in the second cache. */
#include <string.h>

#include "core/cpu/conv_int.h"

enum {
    ROW_BYTES = 512 << 10, /* gathered rows of a block */
    SUM_BYTES = 512 << 10, /* a tile's part of the weights' gradient */
    MAX_ROWS = 448,
    ROW_UNIT = 56,     /* blocks are multiples of the register blocks' rows */
    WEIGHT_TILES = 32, /* wanted in the weights' gradient */
    PACK_ROWS = 8,     /* output channels of a tile that adds slots up */
};

typedef struct axis {
    int64_t n, src;              /* positions in the result, in the source */
    int64_t start, stride;       /* position i is pixel start + i stride of the result */
    int64_t step, off, offstep;  /* source position, see above */
    int64_t count, first, every; /* kernel elements */
} axis;

typedef struct phase {
    axis h, w;
    int64_t k; /* length of a gathered row */
} phase;

typedef struct gather {
    const sdag_conv_job *j;
    int64_t images, g, k1, n1; /* groups; channels a group of the source, of the result */
    int64_t cs, cd, hs, ws;    /* channels and size of the source */
    int64_t hd, wd;            /* size of the result */
    int64_t phases_h, phases_w;
    int64_t ph, pw, places;         /* places of an image, of all images: result pixels of the phase that has most */
    int64_t longest, block, blocks; /* the longest gathered row; places of a block */
} gather;

/* Counts through images, rows and columns without dividing at each. */
typedef struct place {
    int64_t n, i, q;
} place;

static place place_at(const gather *t, int64_t x) { return (place){x / (t->ph * t->pw), x / t->pw % t->ph, x % t->pw}; }

static void next_place(const gather *t, place *x)
{
    if (++x->q < t->pw) return;
    x->q = 0;
    if (++x->i < t->ph) return;
    x->i = 0;
    x->n++;
}

static axis axis_forward(int64_t src, int64_t dst, int64_t k, int64_t stride, int64_t pad, int64_t dil)
{
    return (axis){
        .n = dst, .src = src, .stride = 1, .step = stride, .off = -pad, .offstep = dil, .count = k, .every = 1};
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
    return f;
}

/* Rows of k floats that fit a block. */
static int64_t block_rows(int64_t k)
{
    const int64_t fit = ROW_BYTES / (sdag_max_i64(k, 1) * (int64_t)sizeof(float)) / ROW_UNIT * ROW_UNIT;
    return sdag_max_i64(ROW_UNIT, sdag_min_i64(fit, MAX_ROWS));
}

static gather gather_of(const sdag_conv_job *j)
{
    const sdag_conv *cv = j->cv;
    gather t = {.j = j,
                .images = cv->n,
                .g = cv->groups,
                .k1 = cv->c / cv->groups,
                .n1 = cv->o / cv->groups,
                .cs = cv->c,
                .cd = cv->o,
                .hs = cv->h,
                .ws = cv->w,
                .hd = j->oh,
                .wd = j->ow,
                .phases_h = 1,
                .phases_w = 1};
    if (j->kind == SDAG_CONV_BACK_DATA)
        t = (gather){.j = j,
                     .images = cv->n,
                     .g = cv->groups,
                     .k1 = t.n1,
                     .n1 = t.k1,
                     .cs = t.cd,
                     .cd = t.cs,
                     .hs = t.hd,
                     .ws = t.wd,
                     .hd = t.hs,
                     .wd = t.ws,
                     .phases_h = sdag_min_i64(cv->stride_h, t.hs),
                     .phases_w = sdag_min_i64(cv->stride_w, t.ws)};
    for (int64_t i = 0; i < t.phases_h * t.phases_w; i++) {
        const phase f = phase_of(&t, i);
        t.ph = sdag_max_i64(t.ph, f.h.n);
        t.pw = sdag_max_i64(t.pw, f.w.n);
        t.longest = sdag_max_i64(t.longest, f.k);
    }
    t.places = t.images * t.ph * t.pw;
    t.block = block_rows(t.longest);
    t.blocks = sdag_ceil_div(t.places, t.block);
    return t;
}

/* Distance of gathered rows: not a multiple of 1 KiB, so that rows do not compete for the same cache lines. */
static int64_t row_step(int64_t k) { return sdag_lanes_up(k) + (sdag_lanes_up(k) % 256 == 0 ? SDAG_LANES : 0); }

static int64_t panels(const gather *t) { return sdag_ceil_div(t->n1, SDAG_LANES); }

/* Where a gathered row goes: its 16 floats number i at to + i * apart. apart = 16: the row as such; larger: a row of
 * panels, and then all pieces are whole 16s. */
typedef struct pen {
    float *to;
    int64_t apart;
} pen;

/* n floats, zeros where from is NULL. A call costs more than to copy the few channels of a first layer. */
static inline void put(pen *p, const float *from, int64_t n)
{
    float *to = p->to;
    p->to += p->apart == SDAG_LANES ? n : n / SDAG_LANES * p->apart;
    if (p->apart != SDAG_LANES) {
        for (int64_t i = 0; i < n; i += SDAG_LANES, to += p->apart) {
            if (from) memcpy(to, from + i, SDAG_LANES * sizeof *to);
            else memset(to, 0, SDAG_LANES * sizeof *to);
        }
    } else if (!from) {
        memset(to, 0, (size_t)n * sizeof *to);
    } else if (n > 3 * SDAG_LANES) {
        memcpy(to, from, (size_t)n * sizeof *to);
    } else {
        for (; n >= 4; n -= 4, to += 4, from += 4) memcpy(to, from, 4 * sizeof *to);
        for (int64_t i = 0; i < n; i++) to[i] = from[i];
    }
}

/* Kernel elements [e0,e1) of one result pixel; elements that fall outside are zeros.
 * Neighbours along w lie side by side in the source when there is one group, so they are copied at once. */
static void gather_row(pen to, const gather *t, const phase *f, int64_t e0, int64_t e1, const float *image, int64_t i,
                       int64_t q)
{
    const int64_t k1 = t->k1, w0 = q * f->w.step + f->w.off;
    const bool joined = f->w.offstep == 1 && t->g == 1;
    for (int64_t e = e0; e < e1;) {
        const int64_t r = e / f->w.count, end = sdag_min_i64(e1, (r + 1) * f->w.count);
        const int64_t h = i * f->h.step + f->h.off + r * f->h.offstep;
        const int64_t s = e - r * f->w.count, stop = s + end - e;
        const float *line = image + h * f->w.src * t->cs;
        e = end;
        if (h < 0 || h >= f->h.src) {
            put(&to, NULL, (stop - s) * k1);
        } else if (joined && w0 + s >= 0 && w0 + stop <= f->w.src) {
            put(&to, line + (w0 + s) * t->cs, (stop - s) * k1);
        } else {
            for (int64_t x = s; x < stop; x++) {
                const int64_t w = w0 + x * f->w.offstep;
                put(&to, w < 0 || w >= f->w.src ? NULL : line + w * t->cs, k1);
            }
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
    out->stages = 2;
    out->tiles[0] = phases * t->g * panels(t);
    out->tiles[1] = t->blocks * t->g;
    out->workspace = (size_t)pack_at(t, phases) * sizeof(float);
    out->scratch = (size_t)(t->block * (row_step(t->longest) + t->n1)) * sizeof(float);
}

static void run_pack(const gather *t, int64_t tile)
{
    const int64_t panel = tile % panels(t), group = tile / panels(t) % t->g, i = tile / panels(t) / t->g;
    const phase f = phase_of(t, i);
    pack(t, &f, t->j->work + pack_at(t, i) + (group * panels(t) + panel) * f.k * SDAG_LANES, group, panel);
}

/* Rows of the pixels of a phase at places [p,p+n) into a; their number. */
static int64_t gather_rows(float *a, int64_t lda, const gather *t, const phase *f, int64_t group, int64_t p, int64_t n)
{
    float *to = a;
    place x = place_at(t, p);
    for (int64_t i = 0; i < n; i++, next_place(t, &x)) {
        if (x.i >= f->h.n || x.q >= f->w.n) continue;
        const float *image = t->j->a + x.n * t->hs * t->ws * t->cs + group * t->k1;
        gather_row((pen){to, SDAG_LANES}, t, f, 0, f->h.count * f->w.count, image, x.i, x.q);
        to += lda;
    }
    return (to - a) / lda;
}

/* The same pixels' results c, to where they lie in the image. */
static void put_rows(const gather *t, const phase *f, const float *c, int64_t group, int64_t p, int64_t n)
{
    place x = place_at(t, p);
    for (int64_t i = 0; i < n; i++, next_place(t, &x)) {
        if (x.i >= f->h.n || x.q >= f->w.n) continue;
        const int64_t h = f->h.start + x.i * f->h.stride, w = f->w.start + x.q * f->w.stride;
        pen to = {t->j->out + ((x.n * t->hd + h) * t->wd + w) * t->cd + group * t->n1, SDAG_LANES};
        put(&to, c, t->n1);
        c += t->n1;
    }
}

/* One phase: result pixels are rows of the result as it lies, and so may source pixels be. */
static void run_joined(const gather *t, const phase *f, int64_t group, int64_t p, int64_t n)
{
    const bool as_is = f->h.count == 1 && f->w.count == 1 && f->h.step == 1 && f->w.step == 1 && f->h.off == 0 &&
                       f->w.off == 0 && t->hs == t->hd && t->ws == t->wd;
    const float *a = as_is ? t->j->a + p * t->cs + group * t->k1 : t->j->scratch;
    const int64_t lda = as_is ? t->cs : row_step(f->k);
    if (!as_is) gather_rows(t->j->scratch, lda, t, f, group, p, n);
    sdag_kern_best()->mul(n, t->n1, f->k, a, lda, t->j->work + group * panels(t) * f->k * SDAG_LANES, f->k * SDAG_LANES,
                          t->j->out + p * t->cd + group * t->n1, t->cd, false);
}

static void run_product(const gather *t, int64_t tile)
{
    const int64_t group = tile / t->blocks, p = tile % t->blocks * t->block, n = sdag_min_i64(t->block, t->places - p);
    const int64_t phases = t->phases_h * t->phases_w;
    float *rows = t->j->scratch, *c = rows + t->block * row_step(t->longest);
    const float *b = t->j->work;
    for (int64_t i = 0; i < phases; i++) {
        const phase f = phase_of(t, i);
        const int64_t size = panels(t) * f.k * SDAG_LANES;
        if (phases == 1) {
            run_joined(t, &f, group, p, n);
        } else {
            const int64_t m = gather_rows(rows, row_step(f.k), t, &f, group, p, n);
            sdag_kern_best()->mul(m, t->n1, f.k, rows, row_step(f.k), b + group * size, f.k * SDAG_LANES, c, t->n1,
                                  false);
            put_rows(t, &f, c, group, p, n);
        }
        b += size * t->g;
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
    u.slots = sdag_min_i64(sdag_ceil_div(WEIGHT_TILES, u.chunks * t->g), sdag_ceil_div(t->places, 2 * ROW_UNIT));
    u.width = sdag_lanes_up(u.chunk * t->k1);
    u.sum = t->n1 * u.width;
    return u;
}

static void plan_weights(const gather *t, sdag_tiling *out)
{
    const phase f = phase_of(t, 0);
    const cut u = cut_of(t, &f);
    out->stages = 2;
    out->tiles[0] = u.slots * t->g * u.chunks;
    out->tiles[1] = sdag_ceil_div(t->j->cv->o, PACK_ROWS);
    out->workspace = (size_t)(out->tiles[0] * u.sum) * sizeof(float);
    out->scratch = (size_t)((block_rows(u.width) + 1) * u.width) * sizeof(float);
}

/* Sum over the pixels of a slot. The gathered rows are the right factor, so they are stored as panels. */
static void run_weights(const gather *t, int64_t tile)
{
    const phase f = phase_of(t, 0);
    const cut u = cut_of(t, &f);
    const int64_t slot = tile / (t->g * u.chunks), group = tile / u.chunks % t->g, chunk = tile % u.chunks;
    const int64_t e0 = chunk * u.chunk, e1 = sdag_min_i64(e0 + u.chunk, u.taps);
    const int64_t most = block_rows(u.width), end = t->places * (slot + 1) / u.slots, width = u.width;
    const int64_t used = sdag_lanes_up((e1 - e0) * t->k1);
    const bool whole = t->k1 % SDAG_LANES == 0; /* otherwise pieces straddle panels: through a row */
    float *row = t->j->scratch, *b = row + width, *sum = t->j->work + tile * u.sum;
    memset(row, 0, (size_t)width * sizeof *row);
    bool add = false;
    for (int64_t p = t->places * slot / u.slots; p < end; p += most, add = true) {
        const int64_t rows = sdag_min_i64(most, end - p);
        place x = place_at(t, p);
        for (int64_t i = 0; i < rows; i++, next_place(t, &x)) {
            const float *image = t->j->a + x.n * t->hs * t->ws * t->cs + group * t->k1;
            pen to = {b + i * SDAG_LANES, most * SDAG_LANES}, line = {row, SDAG_LANES};
            gather_row(whole ? to : line, t, &f, e0, e1, image, x.i, x.q);
            if (!whole) put(&to, row, used);
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
    if (j->kind == SDAG_CONV_BACK_WEIGHTS) (j->stage == 0 ? run_weights : run_sum)(&g, j->tile);
    else (j->stage == 0 ? run_pack : run_product)(&g, j->tile);
}
