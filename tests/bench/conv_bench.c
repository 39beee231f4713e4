/* Convolution alone: values against a naive double-precision version, the same bits in any order of tiles, and speed.
 *
 *   conv_bench check                    every shape of the table below, all three kinds
 *   conv_bench time [WIDTH [LAYER]]     the convolutions of one SimCLR step of ResNet-18 at 32x32, 128 views, each
 *                                       shape on one thread, in CPU time; LAYER: those whose name contains it
 *   conv_bench step [WIDTH [THREADS]]   all of them in turn on THREADS threads, in elapsed time
 *
 * Alone among the tests this program needs nothing but core/cpu. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "core/cpu/conv.h"
#include "core/cpu/kern.h"

static const char *const kinds[] = {"forward", "back data", "back weights"};

static void *block(size_t bytes)
{
    const size_t huge = 2u << 20, align = bytes < huge ? 64 : huge, all = (bytes + align) / align * align;
    void *p = aligned_alloc(align, all);
    if (p && align == huge) madvise(p, all, MADV_HUGEPAGE); /* worth 3 to 5 percent */
    if (!p) {
        fputs("conv_bench: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

static double now(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Sum of three uniforms: close enough to a normal distribution. */
static void fill(float *p, int64_t n, uint64_t seed)
{
    uint64_t s = seed * 0x9e3779b97f4a7c15u + 1;
    for (int64_t i = 0; i < n; i++) {
        float v = 0;
        for (int k = 0; k < 3; k++) {
            s = s * 6364136223846793005u + 1442695040888963407u;
            v += (float)(s >> 40) * 0x1p-23f - 1.0f;
        }
        p[i] = v;
    }
}

typedef struct arrays {
    const float *a, *b;
    int64_t na, nb, nout;
} arrays;

static void sizes(arrays *s, const sdag_conv *cv, sdag_conv_kind kind)
{
    int64_t oh, ow;
    if (!sdag_conv_size(cv, &oh, &ow)) {
        fputs("conv_bench: bad shape in the table\n", stderr);
        exit(1);
    }
    const int64_t x = cv->n * cv->h * cv->w * cv->c, y = cv->n * oh * ow * cv->o;
    const int64_t w = cv->o * (cv->c / cv->groups) * cv->kh * cv->kw;
    s->na = kind == SDAG_CONV_BACK_DATA ? y : x;
    s->nb = kind == SDAG_CONV_BACK_WEIGHTS ? y : w;
    s->nout = kind == SDAG_CONV_FORWARD ? y : kind == SDAG_CONV_BACK_DATA ? x : w;
}

/* Every pair (source, result) that a kernel element joins, in the plainest loops. */
static void reference(const sdag_conv *cv, sdag_conv_kind kind, const float *a, const float *b, double *out,
                      int64_t nout)
{
    int64_t oh, ow;
    sdag_conv_size(cv, &oh, &ow);
    const int64_t cg = cv->c / cv->groups, og = cv->o / cv->groups;
    memset(out, 0, (size_t)nout * sizeof *out);
    for (int64_t n = 0; n < cv->n; n++)
        for (int64_t i = 0; i < oh; i++)
            for (int64_t q = 0; q < ow; q++)
                for (int64_t r = 0; r < cv->kh; r++)
                    for (int64_t s = 0; s < cv->kw; s++) {
                        const int64_t h = i * cv->stride_h - cv->pad_h + r * cv->dil_h;
                        const int64_t w = q * cv->stride_w - cv->pad_w + s * cv->dil_w;
                        if (h < 0 || h >= cv->h || w < 0 || w >= cv->w) continue;
                        for (int64_t o = 0; o < cv->o; o++)
                            for (int64_t c = 0; c < cg; c++) {
                                const int64_t x = ((n * cv->h + h) * cv->w + w) * cv->c + o / og * cg + c;
                                const int64_t y = ((n * oh + i) * ow + q) * cv->o + o;
                                const int64_t k = ((o * cg + c) * cv->kh + r) * cv->kw + s;
                                if (kind == SDAG_CONV_FORWARD) out[y] += (double)a[x] * b[k];
                                else if (kind == SDAG_CONV_BACK_DATA) out[x] += (double)a[y] * b[k];
                                else out[k] += (double)a[x] * b[y];
                            }
                    }
}

/* Tiles of one stage: t0, t0 + by, ... below the end, or downwards for by < 0. */
typedef struct walk {
    const sdag_conv *cv;
    sdag_conv_kind kind;
    const arrays *s;
    float *out;
    void *work, *scratch;
    int stage;
    int64_t from, by, tiles;
} walk;

static void *walk_tiles(void *arg)
{
    const walk *w = arg;
    for (int64_t t = w->from; t >= 0 && t < w->tiles; t += w->by)
        sdag_conv_run(w->cv, w->kind, w->s->a, w->s->b, w->out, w->work, w->scratch, w->stage, t);
    return NULL;
}

enum { FORTH, BACK, THREADS };

/* One run of the op; memory that must not be read before it is written is filled with NaN. */
static void run(const sdag_conv *cv, sdag_conv_kind kind, const arrays *s, float *out, int order)
{
    sdag_tiling t;
    sdag_conv_plan(cv, kind, &t);
    void *work = block(t.workspace), *scratch[2] = {block(t.scratch), block(t.scratch)};
    memset(work, 0xff, t.workspace);
    memset(scratch[0], 0xff, t.scratch);
    memset(scratch[1], 0xff, t.scratch);
    memset(out, 0xff, (size_t)s->nout * sizeof *out);
    for (int i = 0; i < t.stages; i++) {
        walk w[2];
        pthread_t other;
        for (int k = 0; k < 2; k++)
            w[k] = (walk){.cv = cv,
                          .kind = kind,
                          .s = s,
                          .out = out,
                          .work = work,
                          .scratch = scratch[k],
                          .stage = i,
                          .from = k,
                          .by = 2,
                          .tiles = t.tiles[i]};
        if (order == THREADS) {
            if (pthread_create(&other, NULL, walk_tiles, &w[1])) exit(1);
            walk_tiles(&w[0]);
            pthread_join(other, NULL);
        } else {
            w[0].from = order == BACK ? t.tiles[i] - 1 : 0;
            w[0].by = order == BACK ? -1 : 1;
            walk_tiles(&w[0]);
        }
    }
    free(work);
    free(scratch[0]);
    free(scratch[1]);
}

static bool check(const sdag_conv *cv, sdag_conv_kind kind)
{
    arrays s;
    sizes(&s, cv, kind);
    float *a = block((size_t)s.na * 4), *b = block((size_t)s.nb * 4), *out[3];
    double *want = block((size_t)s.nout * 8), worst = 0, largest = 0;
    fill(a, s.na, 1);
    fill(b, s.nb, 2);
    s.a = a;
    s.b = b;
    reference(cv, kind, a, b, want, s.nout);
    bool same = true;
    for (int i = 0; i < 3; i++) {
        out[i] = block((size_t)s.nout * 4);
        run(cv, kind, &s, out[i], i);
        same = same && !memcmp(out[0], out[i], (size_t)s.nout * 4);
    }
    for (int64_t i = 0; i < s.nout; i++) {
        const double e = fabs(out[0][i] - want[i]);
        if (!(e <= worst)) worst = e;
        if (fabs(want[i]) > largest) largest = fabs(want[i]);
    }
    const double error = largest > 0 ? worst / largest : worst;
    const bool good = error < 1e-5 && same;
    printf("%-12s n%-3d %3dx%-3d c%-4d o%-4d k%dx%d s%d,%d p%d,%d d%d,%d g%-3d error %.1e %s%s\n", kinds[kind],
           (int)cv->n, (int)cv->h, (int)cv->w, (int)cv->c, (int)cv->o, (int)cv->kh, (int)cv->kw, (int)cv->stride_h,
           (int)cv->stride_w, (int)cv->pad_h, (int)cv->pad_w, (int)cv->dil_h, (int)cv->dil_w, (int)cv->groups, error,
           same ? "" : "BITS DIFFER ", good ? "ok" : "FAILED");
    for (int i = 0; i < 3; i++) free(out[i]);
    free(a);
    free(b);
    free(want);
    return good;
}

#define SQUARE(N, H, W, C, O, K, S, P, G)                                                                   \
    {                                                                                                       \
        .n = N, .h = H, .w = W, .c = C, .o = O, .kh = K, .kw = K, .stride_h = S, .stride_w = S, .pad_h = P, \
        .pad_w = P, .dil_h = 1, .dil_w = 1, .groups = G                                                     \
    }

static const sdag_conv shapes[] = {
    SQUARE(2, 8, 8, 16, 16, 3, 1, 1, 1),
    SQUARE(3, 4, 4, 32, 48, 3, 1, 1, 1),
    SQUARE(2, 5, 7, 17, 19, 3, 1, 1, 1),
    SQUARE(1, 9, 6, 40, 33, 3, 1, 0, 1),
    SQUARE(2, 6, 6, 20, 70, 3, 1, 2, 1),
    SQUARE(1, 1, 1, 16, 16, 3, 1, 1, 1),
    SQUARE(70, 16, 16, 16, 24, 3, 1, 1, 1),
    SQUARE(130, 9, 11, 24, 17, 3, 1, 1, 1),
    SQUARE(9, 4, 4, 128, 192, 3, 1, 1, 1),
    SQUARE(5, 8, 8, 3, 64, 3, 1, 1, 1),
    SQUARE(40, 4, 4, 256, 256, 3, 1, 1, 1),
    SQUARE(150, 4, 4, 96, 80, 3, 1, 1, 1),
    SQUARE(2, 8, 8, 32, 64, 3, 2, 1, 1),
    SQUARE(3, 7, 9, 16, 32, 3, 2, 1, 1),
    SQUARE(2, 8, 8, 32, 64, 1, 2, 0, 1),
    SQUARE(3, 7, 5, 16, 33, 1, 2, 0, 1),
    SQUARE(3, 7, 5, 20, 33, 1, 1, 0, 1),
    SQUARE(1, 30, 31, 3, 16, 7, 2, 3, 1),
    SQUARE(2, 9, 9, 1, 5, 5, 1, 2, 1),
    SQUARE(2, 11, 8, 6, 10, 4, 3, 1, 2),
    SQUARE(1, 16, 16, 8, 8, 16, 16, 0, 1),
    SQUARE(1, 4, 4, 3, 5, 3, 1, 1, 1),
    SQUARE(2, 8, 8, 32, 32, 3, 1, 1, 4),
    SQUARE(2, 9, 8, 12, 24, 3, 2, 1, 12),
    SQUARE(2, 8, 7, 24, 24, 3, 1, 1, 24),
    SQUARE(2, 9, 8, 13, 13, 5, 2, 2, 13),
    SQUARE(2, 9, 9, 64, 128, 2, 2, 0, 1),
    SQUARE(2, 3, 3, 520, 30, 1, 1, 1, 1),
    {.n = 2,
     .h = 9,
     .w = 12,
     .c = 5,
     .o = 7,
     .kh = 3,
     .kw = 2,
     .stride_h = 2,
     .stride_w = 1,
     .pad_h = 1,
     .pad_w = 2,
     .dil_h = 2,
     .dil_w = 1,
     .groups = 1},
    {.n = 1,
     .h = 13,
     .w = 12,
     .c = 6,
     .o = 4,
     .kh = 3,
     .kw = 3,
     .stride_h = 3,
     .stride_w = 4,
     .pad_h = 3,
     .pad_w = 2,
     .dil_h = 2,
     .dil_w = 2,
     .groups = 2},
    {.n = 2,
     .h = 9,
     .w = 9,
     .c = 16,
     .o = 16,
     .kh = 3,
     .kw = 3,
     .stride_h = 1,
     .stride_w = 1,
     .pad_h = 2,
     .pad_w = 2,
     .dil_h = 2,
     .dil_w = 2,
     .groups = 1},
    {.n = 2,
     .h = 8,
     .w = 10,
     .c = 16,
     .o = 17,
     .kh = 3,
     .kw = 3,
     .stride_h = 1,
     .stride_w = 1,
     .pad_h = 0,
     .pad_w = 2,
     .dil_h = 1,
     .dil_w = 1,
     .groups = 1},
    {.n = 1,
     .h = 10,
     .w = 10,
     .c = 6,
     .o = 6,
     .kh = 3,
     .kw = 3,
     .stride_h = 2,
     .stride_w = 2,
     .pad_h = 2,
     .pad_w = 2,
     .dil_h = 2,
     .dil_w = 2,
     .groups = 6},
};

static int check_all(void)
{
    int failed = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int k = 0; k < 3; k++) failed += !check(&shapes[i], (sdag_conv_kind)k);
    printf("%s: %d failed\n", sdag_kern_best()->name, failed);
    return failed > 0;
}

/* A layer of ResNet-18 at 32x32 with its count; widths are multiples of the first. */
typedef struct layer {
    const char *name;
    int count, size, cin, cout, k, stride;
} layer;

static const layer layers[] = {
    {"stem", 1, 32, 0, 1, 3, 1},         {"layer1 3x3", 4, 32, 1, 1, 3, 1}, {"layer2 3x3/2", 1, 32, 1, 2, 3, 2},
    {"layer2 1x1/2", 1, 32, 1, 2, 1, 2}, {"layer2 3x3", 3, 16, 2, 2, 3, 1}, {"layer3 3x3/2", 1, 16, 2, 4, 3, 2},
    {"layer3 1x1/2", 1, 16, 2, 4, 1, 2}, {"layer3 3x3", 3, 8, 4, 4, 3, 1},  {"layer4 3x3/2", 1, 8, 4, 8, 3, 2},
    {"layer4 1x1/2", 1, 8, 4, 8, 1, 2},  {"layer4 3x3", 3, 4, 8, 8, 3, 1},
};

static sdag_conv conv_of(const layer *l, int width)
{
    return (sdag_conv)SQUARE(128, l->size, l->size, l->cin ? l->cin * width : 3, l->cout * width, l->k, l->stride,
                             l->k / 2, 1);
}

/* Nobody wants the gradient of pixels. */
static bool is_used(const layer *l, int kind) { return l->cin || kind != SDAG_CONV_BACK_DATA; }

/* The memory of the largest op, for all. */
typedef struct memory {
    float *a, *b, *out;
    void *work, *scratch[64];
} memory;

static memory memory_of(int width, int threads)
{
    size_t most[5] = {0};
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        for (int k = 0; k < 3; k++) {
            const sdag_conv cv = conv_of(&layers[i], width);
            arrays s;
            sdag_tiling t;
            sizes(&s, &cv, (sdag_conv_kind)k);
            sdag_conv_plan(&cv, (sdag_conv_kind)k, &t);
            const size_t need[5] = {(size_t)s.na * 4, (size_t)s.nb * 4, (size_t)s.nout * 4, t.workspace, t.scratch};
            for (int q = 0; q < 5; q++)
                if (need[q] > most[q]) most[q] = need[q];
        }
    memory m = {.a = block(most[0]), .b = block(most[1]), .out = block(most[2]), .work = block(most[3])};
    for (int i = 0; i < threads; i++) m.scratch[i] = block(most[4]);
    fill(m.a, (int64_t)(most[0] / 4), 1);
    fill(m.b, (int64_t)(most[1] / 4), 2);
    memset(m.out, 0, most[2]);
    memset(m.work, 0, most[3]);
    return m;
}

static void release(memory *m, int threads)
{
    free(m->a);
    free(m->b);
    free(m->out);
    free(m->work);
    for (int i = 0; i < threads; i++) free(m->scratch[i]);
}

static double time_one(const sdag_conv *cv, sdag_conv_kind kind, const sdag_tiling *t, const memory *m,
                       double stage[SDAG_STAGES])
{
    const arrays s = {.a = m->a, .b = m->b};
    double best = INFINITY;
    for (int i = 0; i < 4; i++) {
        double total = 0, each[SDAG_STAGES] = {0};
        for (int k = 0; k < t->stages; k++) {
            walk w = {.cv = cv,
                      .kind = kind,
                      .s = &s,
                      .out = m->out,
                      .work = m->work,
                      .scratch = m->scratch[0],
                      .stage = k,
                      .by = 1,
                      .tiles = t->tiles[k]};
            const double start = now(CLOCK_THREAD_CPUTIME_ID);
            walk_tiles(&w);
            total += each[k] = now(CLOCK_THREAD_CPUTIME_ID) - start;
        }
        if (total < best) memcpy(stage, each, sizeof each);
        best = fmin(best, total);
    }
    return best;
}

static int time_all(int width, const char *only)
{
    double sum = 0, flops = 0;
    memory m = memory_of(width, 1);
    printf("%s, width %d, 128 views, one thread; effective GFLOP/s\n", sdag_kern_best()->name, width);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        for (int k = 0; k < 3; k++) {
            const layer *l = &layers[i];
            const sdag_conv cv = conv_of(l, width);
            sdag_tiling t;
            double stage[SDAG_STAGES] = {0};
            if (!is_used(l, k) || (only && !strstr(l->name, only))) continue;
            sdag_conv_plan(&cv, (sdag_conv_kind)k, &t);
            const double s = time_one(&cv, (sdag_conv_kind)k, &t, &m, stage);
            printf("%-13s x%d %-12s %7.2f ms %6.1f GF/s  stages", l->name, l->count, kinds[k], s * 1e3,
                   t.flops / s * 1e-9);
            for (int q = 0; q < t.stages; q++) printf("%6.2f ms/%-3d", stage[q] * 1e3, (int)t.tiles[q]);
            printf("  work %.1f MiB, scratch %.1f\n", (double)t.workspace / 1048576, (double)t.scratch / 1048576);
            sum += l->count * s;
            flops += l->count * t.flops;
        }
    printf("sum, layers counted: %.1f ms, %.1f GF/s\n", sum * 1e3, flops / sum * 1e-9);
    release(&m, 1);
    return 0;
}

/* The plainest of pools: threads are started for a stage and take every THREADS-th tile of it. */
static double run_step(int width, int threads, const memory *m, double *flops)
{
    const arrays s = {.a = m->a, .b = m->b};
    const double start = now(CLOCK_MONOTONIC);
    *flops = 0;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        for (int k = 0; k < 3 * layers[i].count; k++) {
            const sdag_conv cv = conv_of(&layers[i], width);
            const sdag_conv_kind kind = (sdag_conv_kind)(k % 3);
            sdag_tiling t;
            if (!is_used(&layers[i], kind)) continue;
            sdag_conv_plan(&cv, kind, &t);
            *flops += t.flops;
            for (int q = 0; q < t.stages; q++) {
                walk w[64];
                pthread_t id[64];
                for (int n = 0; n < threads; n++)
                    w[n] = (walk){.cv = &cv,
                                  .kind = kind,
                                  .s = &s,
                                  .out = m->out,
                                  .work = m->work,
                                  .scratch = m->scratch[n],
                                  .stage = q,
                                  .from = n,
                                  .by = threads,
                                  .tiles = t.tiles[q]};
                for (int n = 1; n < threads; n++)
                    if (pthread_create(&id[n], NULL, walk_tiles, &w[n])) exit(1);
                walk_tiles(&w[0]);
                for (int n = 1; n < threads; n++) pthread_join(id[n], NULL);
            }
        }
    return now(CLOCK_MONOTONIC) - start;
}

static int time_step(int width, int threads)
{
    if (threads < 1 || threads > 64) threads = 2;
    memory m = memory_of(width, threads);
    double best = INFINITY, flops;
    for (int i = 0; i < 5; i++) best = fmin(best, run_step(width, threads, &m, &flops));
    printf("width %d, %d threads: all convolutions of a step %.1f ms, %.1f GF/s\n", width, threads, best * 1e3,
           flops / best * 1e-9);
    release(&m, threads);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "check")) return check_all();
    const int width = argc > 2 ? atoi(argv[2]) : 64;
    if (argc >= 2 && argc <= 4 && width > 0 && !strcmp(argv[1], "time"))
        return time_all(width, argc > 3 ? argv[3] : NULL);
    if (argc >= 2 && argc <= 4 && width > 0 && !strcmp(argv[1], "step"))
        return time_step(width, argc > 3 ? atoi(argv[3]) : 2);
    fputs("usage: conv_bench check | conv_bench time [WIDTH [LAYER]] | conv_bench step [WIDTH [THREADS]]\n", stderr);
    return 2;
}
