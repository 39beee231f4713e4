#include "core/cpu/broadcast.h"

#include <string.h>

enum { PATTERN = 512 }; /* elements of a short row vector repeated, see narrow */

/* Distance of axis i of out in a tensor of shape s: 0 where it is repeated. */
static int64_t distance(const sdag_shape *s, int i, int out_rank)
{
    int k = i - (out_rank - s->rank);
    if (k < 0 || s->d[k] == 1) return 0;
    int64_t d = 1;
    for (int j = k + 1; j < s->rank; j++) d *= s->d[j];
    return d;
}

sdag_broadcast sdag_broadcast_of(const sdag_shape *out, const sdag_shape *x, const sdag_shape *y)
{
    sdag_broadcast p = {.rank = 0};
    for (int i = 0; i < out->rank; i++) {
        int64_t n = out->d[i], sx = distance(x, i, out->rank), sy = distance(y, i, out->rank);
        if (n == 1) continue;
        int k = p.rank - 1;
        /* The axis before continues this one in both arguments: one longer axis. */
        if (k >= 0 && p.x[k] == n * sx && p.y[k] == n * sy) {
            p.n[k] *= n;
            p.x[k] = sx;
            p.y[k] = sy;
            continue;
        }
        p.n[p.rank] = n;
        p.x[p.rank] = sx;
        p.y[p.rank++] = sy;
    }
    if (p.rank == 0) {
        p.rank = 1;
        p.n[0] = 1;
    }
    return p;
}

/* A short row vector (a bias of few channels) beside many rows: repeat it, so that the loop has long rows. */
static int64_t narrow(uint32_t *pattern, const uint32_t *row, int64_t n)
{
    int64_t k = PATTERN / n;
    for (int64_t i = 0; i < k; i++) memcpy(pattern + i * n, row, (size_t)n * sizeof *row);
    return k;
}

static void rows_run(uint32_t *out, const uint32_t *x, const uint32_t *y, int64_t rows, int64_t n, int64_t rx,
                     int64_t ry, int64_t sx, int64_t sy, sdag_rows_fn *fn)
{
    uint32_t pattern[PATTERN];
    if (n <= 32 && rows >= 2 * PATTERN / n && sx && sy) {
        bool vector_y = rx == n && ry == 0, vector_x = rx == 0 && ry == n;
        int64_t k = vector_y   ? narrow(pattern, y, n)
                    : vector_x ? narrow(pattern, x, n)
                               : 0,
                done = k ? rows / k * k : 0;
        if (done) {
            fn(out, vector_x ? pattern : x, vector_y ? pattern : y, rows / k, k * n, vector_x ? 0 : k * n,
               vector_y ? 0 : k * n, 1, 1);
            out += done * n;
            x += done * rx;
            y += done * ry;
            rows -= done;
        }
    }
    if (rows) fn(out, x, y, rows, n, rx, ry, sx, sy);
}

void sdag_broadcast_run(const sdag_broadcast *p, int64_t lo, int64_t hi, void *out, const void *x, const void *y,
                        sdag_rows_fn *fn)
{
    int last = p->rank - 1;
    int64_t n = p->n[last], sx = p->x[last], sy = p->y[last];
    int64_t rx = last ? p->x[last - 1] : 0, ry = last ? p->y[last - 1] : 0;
    for (int64_t at = lo; at < hi;) {
        int64_t inner = at % n, row = at / n, rest = row, left = 1, ox = inner * sx, oy = inner * sy;
        for (int i = last - 1; i >= 0; i--) {
            int64_t c = rest % p->n[i];
            if (i == last - 1) left = p->n[i] - c;
            ox += c * p->x[i];
            oy += c * p->y[i];
            rest /= p->n[i];
        }
        int64_t rows = 1, length = n;
        if (inner || hi - at < n) length = n - inner < hi - at ? n - inner : hi - at; /* a part of one row */
        else rows = (hi - at) / n < left ? (hi - at) / n : left;
        rows_run((uint32_t *)out + at, (const uint32_t *)x + ox, (const uint32_t *)y + oy, rows, length, rx, ry, sx, sy,
                 fn);
        at += rows * length;
    }
}
