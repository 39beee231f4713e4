#include "runtime/records/grid.h"

#include <math.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file_loose.h"
#include "core/io/png_write.h"

enum { ABREAST = 8, SEEN = 48, PAPER = 255 }; /* tiles in a row, about; side that can be seen; the ground */

typedef struct tile {
    const sdag_tensor *x;
    int64_t h, w, c;
    float lo, hi; /* shown as black and as white */
} tile;

static bool set_shape(tile *t, const sdag_tensor *x, const sdag_tensor *like)
{
    const int64_t *d = x->shape.rank == 4 ? x->shape.d : like->shape.d;
    *t = (tile){.x = x, .h = d[1], .w = d[2], .c = d[3], .hi = 1};
    return x->data && (x->dtype == SDAG_DT_F32 || x->dtype == SDAG_DT_U8) && (t->c == 1 || t->c == 3) &&
           sdag_elems(&x->shape) == x->shape.d[0] * t->h * t->w * t->c;
}

/* Normalised by mean and deviation, images reach from about -2 to 3; noise on 0..1 stays nearer. */
static void set_range(tile *t, int64_t samples)
{
    const float *x = t->x->data;
    float lo = 0, hi = 1;
    if (t->x->dtype != SDAG_DT_F32) return;
    for (int64_t i = 0; i < samples * t->h * t->w * t->c; i++) {
        if (x[i] < lo) lo = x[i];
        if (x[i] > hi) hi = x[i];
    }
    if (lo >= -0.75f && hi <= 1.75f) return;
    t->lo = lo;
    t->hi = hi;
}

static uint8_t pixel(const tile *t, int64_t at)
{
    if (t->x->dtype == SDAG_DT_U8) return SDAG_DATA_U8(*t->x)[at];
    const float v = (SDAG_DATA_F32(*t->x)[at] - t->lo) / (t->hi - t->lo);
    return (uint8_t)(v > 0 ? v < 1 ? v * 255 + 0.5f : 255 : 0);
}

typedef struct picture {
    uint8_t *at; /* u8[h,w,c] */
    int64_t h, w, c;
} picture;

static void draw(const picture *p, int64_t top, int64_t left, const tile *t, int64_t sample, int64_t scale)
{
    const int64_t from = sample * t->h * t->w * t->c;
    for (int64_t i = 0; i < t->h * scale; i++)
        for (int64_t j = 0; j < t->w * scale; j++)
            for (int64_t k = 0; k < p->c; k++)
                p->at[((top + i) * p->w + left + j) * p->c + k] =
                    pixel(t, from + (i / scale * t->w + j / scale) * t->c + (t->c == 1 ? 0 : k));
}

static bool write_grid(const sdag_grid *g, const tile *tiles, picture p, sdag_log *log, const char *path)
{
    const int64_t block = g->side + SDAG_GRID_GAP;
    size_t bytes;
    if (!sdag_mul_size(&bytes, (size_t)(p.h * p.w), (size_t)p.c)) return false;
    p.at = sdag_alloc(bytes);
    if (!p.at) return false;
    memset(p.at, PAPER, bytes);
    for (int64_t i = 0; i < g->samples * g->n; i++) {
        const tile *t = &tiles[i % g->n];
        const int64_t large = t->h > t->w ? t->h : t->w;
        draw(&p, SDAG_GRID_GAP + i / g->columns * block, SDAG_GRID_GAP + i % g->columns * block, t, i / g->n,
             g->side / large);
    }
    sdag_outfile o;
    bool ok = !sdag_out_open(&o, log, path);
    if (ok) ok = !sdag_png_put(&o, log, p.at, p.h, p.w, (int)p.c) && !sdag_out_commit_loose(&o, log);
    sdag_free(p.at);
    return ok;
}

int64_t sdag_grid_abreast(int n) { return n < ABREAST ? (ABREAST + n / 2) / n : 1; }

bool sdag_grid_write(sdag_grid *g, sdag_log *log, const char *path)
{
    tile tiles[SDAG_GRID_TILES];
    const sdag_tensor *like = NULL;
    int64_t large = 1;
    picture p = {.c = 1};
    for (int i = 0; i < g->n && !like; i++)
        if (g->tiles[i].shape.rank == 4) like = &g->tiles[i];
    if (!like || g->n > SDAG_GRID_TILES || g->samples < 1) return false;
    for (int i = 0; i < g->n; i++) {
        if (!set_shape(&tiles[i], &g->tiles[i], like) || g->tiles[i].shape.d[0] < g->samples) return false;
        set_range(&tiles[i], g->samples);
        large = tiles[i].h > large ? tiles[i].h : large;
        large = tiles[i].w > large ? tiles[i].w : large;
        p.c = tiles[i].c > p.c ? tiles[i].c : p.c;
    }
    g->side = large * (large < SEEN ? (SEEN + large - 1) / large : 1);
    g->columns = g->n * sdag_grid_abreast(g->n);
    if (g->columns > g->samples * g->n) g->columns = g->samples * g->n;
    g->rows = (g->samples * g->n + g->columns - 1) / g->columns;
    p.h = g->rows * (g->side + SDAG_GRID_GAP) + SDAG_GRID_GAP;
    p.w = g->columns * (g->side + SDAG_GRID_GAP) + SDAG_GRID_GAP;
    return write_grid(g, tiles, p, log, path);
}
