#include "nodes/pretext/ab_bins.h"

#include <math.h>
#include <stdbool.h>

/* Seen from above, sRGB in L*a*b* is bounded by its most saturated colours: red, yellow, green, cyan, blue, magenta and
 * what lies between, in steps of 8 bits. Whatever is inside of this ring is a colour at some lightness. */
enum { EDGES = 6, STEPS = 255, RING = EDGES * STEPS, REACH = 110 };

/* The formula of core/ops/rgb_to_lab.c in double. */
static void ab_of(double ab[2], const double rgb[3])
{
    static const double m[3][3] = {{0.412453 / 0.95047, 0.357580 / 0.95047, 0.180423 / 0.95047},
                                   {0.212671, 0.715160, 0.072169},
                                   {0.019334 / 1.08883, 0.119193 / 1.08883, 0.950227 / 1.08883}};
    double f[3];
    for (int k = 0; k < 3; k++) {
        double t = 0;
        for (int c = 0; c < 3; c++)
            t += m[k][c] * (rgb[c] > 0.04045 ? pow((rgb[c] + 0.055) / 1.055, 2.4) : rgb[c] / 12.92);
        f[k] = t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116;
    }
    ab[0] = 500 * (f[0] - f[1]);
    ab[1] = 200 * (f[1] - f[2]);
}

static void make_ring(double ring[RING][2])
{
    static const int corners[EDGES + 1][3] = {{1, 0, 0}, {1, 1, 0}, {0, 1, 0}, {0, 1, 1},
                                              {0, 0, 1}, {1, 0, 1}, {1, 0, 0}};
    for (int i = 0; i < RING; i++) {
        const int e = i / STEPS;
        double rgb[3], t = (double)(i % STEPS) / STEPS;
        for (int c = 0; c < 3; c++) rgb[c] = (1 - t) * corners[e][c] + t * corners[e + 1][c];
        ab_of(ring[i], rgb);
    }
}

/* Inside of the ring (a ray from the point crosses it an odd number of times), or near it. */
static bool has_colour(double ring[RING][2], double a, double b, double near)
{
    bool inside = false;
    for (int i = 0, last = RING - 1; i < RING; last = i++) {
        const double *p = ring[last], *q = ring[i];
        if (fabs(q[0] - a) < near && fabs(q[1] - b) < near) return true;
        if ((p[1] > b) != (q[1] > b) && a < p[0] + (b - p[1]) / (q[1] - p[1]) * (q[0] - p[0])) inside = !inside;
    }
    return inside;
}

int64_t sdag_ab_bins(float **ab, sdag_arena *a, double spacing)
{
    double(*ring)[2] = (double(*)[2])SDAG_NEWS(a, double, 2 * RING);
    const int most = 1 + (int)(REACH / spacing), side = 2 * most + 1;
    int64_t n = 0;
    make_ring(ring);
    *ab = SDAG_NEWS(a, float, 2 * side * side);
    for (int i = -most; i <= most; i++)
        for (int k = -most; k <= most; k++) {
            if (!has_colour(ring, i * spacing, k * spacing, spacing)) continue;
            (*ab)[2 * n] = (float)(i * spacing);
            (*ab)[2 * n++ + 1] = (float)(k * spacing);
        }
    return n;
}
