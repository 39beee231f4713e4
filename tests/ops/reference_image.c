/* Naive versions of the operations on images, colours, sampling. */
#include <math.h>

#include "core/base/rng.h"
#include "core/ops/attr.h"
#include "tests/ops/reference.h"

/* ---- quarter turns ---- */

static void ref_quarter_turns(const sdag_ref_args *r)
{
    const int64_t n = r->in[0].shape.d[1], c = r->in[0].shape.d[3], times = r->out[0].shape.d[0] / r->in[0].shape.d[0];
    for (int64_t j = 0; j < r->out[0].shape.d[0]; j++)
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = 0; q < n; q++)
                for (int64_t k = 0; k < c; k++) {
                    int64_t y = p, x = q; /* turned back by 90 degrees, again and again */
                    for (int t = 0; t < (int)r->in[1].at[j]; t++) {
                        const int64_t was = y;
                        y = x;
                        x = n - 1 - was;
                    }
                    r->out[0].at[((j * n + p) * n + q) * c + k] = r->in[0].at[((j / times * n + y) * n + x) * c + k];
                }
}

/* ---- random choices for each sample ---- */

static sdag_rng stream_of(const sdag_ref_args *r, int in, uint32_t stream, int64_t i)
{
    const sdag_ref_tensor *s = &r->in[in];
    const bool named = s->dtype == SDAG_DT_I32 && s->shape.rank == 1;
    const uint32_t sample = named ? (uint32_t)s->at[i] : (uint32_t)(r->step->step * s->shape.d[0] + i);
    return sdag_rng_at(r->step->seed, stream, r->step->training ? r->step->epoch : 0, sample);
}

static void ref_random(const sdag_ref_args *r)
{
    const sdag_attr_random *o = r->attr;
    const int64_t n = r->out[0].shape.d[0], each = sdag_elems(&r->out[0].shape) / n;
    for (int64_t i = 0; i < n; i++) {
        sdag_rng g = stream_of(r, 0, o->stream, i);
        for (int64_t k = 0; k < each; k++) {
            double u = sdag_rng_u32(&g) >> 8;
            if (o->normal) u = sqrt(-2 * log((u + 1) * 0x1p-24)) * cos(2 * M_PI * (sdag_rng_u32(&g) >> 8) * 0x1p-24);
            else u *= 0x1p-24;
            r->out[0].at[i * each + k] = u;
        }
    }
}

static void ref_random_index(const sdag_ref_args *r)
{
    const sdag_attr_draw *o = r->attr;
    for (int64_t i = 0; i < r->out[0].shape.d[0]; i++) {
        sdag_rng g = stream_of(r, 0, o->stream, i);
        r->out[0].at[i] = sdag_rng_below(&g, (uint32_t)o->n);
    }
}

static void ref_random_subset(const sdag_ref_args *r)
{
    const sdag_attr_subset *o = r->attr;
    for (int64_t i = 0; i < r->in[0].shape.d[0]; i++) {
        sdag_rng g = stream_of(r, 0, o->stream, i);
        int64_t have = 0;
        for (int64_t j = 0; j < o->n; j++) {
            const bool take = sdag_rng_below(&g, (uint32_t)(o->n - j)) < (uint32_t)(o->k - have);
            r->out[0].at[i * o->n + j] = take;
            if (!take) r->out[1].at[i * (o->n - o->k) + j - have] = (double)j;
            have += take;
        }
    }
}

/* ---- holes ---- */

static double pixel(const sdag_ref_args *r, int64_t i, int64_t y, int64_t x, int64_t c)
{
    const sdag_shape *s = &r->in[0].shape;
    return r->in[0].at[((i * s->d[1] + y) * s->d[2] + x) * s->d[3] + c];
}

/* -1 outside of the image */
static int hidden(const sdag_ref_args *r, int64_t i, int64_t y, int64_t x)
{
    const sdag_shape *s = &r->in[0].shape;
    if (y < 0 || x < 0 || y >= s->d[1] || x >= s->d[2]) return -1;
    return r->in[1].at[(i * s->d[1] + y) * s->d[2] + x] != 0;
}

/* Moments of the visible pixels in [y0,y1] x [x0,x1]: number, mean, variance. */
static void moments(const sdag_ref_args *r, int64_t i, int64_t c, const int64_t k[4], double out[3])
{
    out[0] = out[1] = out[2] = 0;
    for (int64_t y = k[0]; y <= k[1]; y++)
        for (int64_t x = k[2]; x <= k[3]; x++)
            if (hidden(r, i, y, x) == 0) out[0]++, out[1] += pixel(r, i, y, x, c);
    if (out[0] > 0) out[1] /= out[0];
    for (int64_t y = k[0]; y <= k[1]; y++)
        for (int64_t x = k[2]; x <= k[3]; x++)
            if (hidden(r, i, y, x) == 0) out[2] += pow(pixel(r, i, y, x, c) - out[1], 2) / out[0];
}

/* The mean around the hole in the cell of pixel (y,x), or `otherwise`. */
static double around(const sdag_ref_args *r, int64_t i, int64_t y, int64_t x, int64_t c, double otherwise)
{
    const sdag_attr_fill *o = r->attr;
    int64_t k[4] = {y, y, x, x}, y0 = y / o->cell_h * o->cell_h, x0 = x / o->cell_w * o->cell_w;
    for (int64_t v = y0; v < y0 + o->cell_h; v++)
        for (int64_t u = x0; u < x0 + o->cell_w; u++) {
            if (hidden(r, i, v, u) != 1) continue;
            if (v < k[0]) k[0] = v;
            if (v > k[1]) k[1] = v;
            if (u < k[2]) k[2] = u;
            if (u > k[3]) k[3] = u;
        }
    double m[3];
    moments(r, i, c, (const int64_t[]){k[0] - 1, k[1] + 1, k[2] - 1, k[3] + 1}, m);
    return m[0] > 0 ? m[1] : otherwise;
}

static void ref_fill_holes(const sdag_ref_args *r)
{
    const sdag_attr_fill *o = r->attr;
    const sdag_shape *s = &r->in[0].shape;
    for (int64_t i = 0; i < s->d[0]; i++) {
        sdag_rng g = stream_of(r, r->n_in - 1, o->stream, i);
        for (int64_t c = 0; c < s->d[3]; c++) {
            double m[3], v;
            moments(r, i, c, (const int64_t[]){0, s->d[1] - 1, 0, s->d[2] - 1}, m);
            for (int64_t y = 0; y < s->d[1]; y++)
                for (int64_t x = 0; x < s->d[2]; x++) {
                    if (!hidden(r, i, y, x)) v = pixel(r, i, y, x, c);
                    else if (o->fill == SDAG_FILL_VALUE) v = (double)o->value;
                    else if (o->fill == SDAG_FILL_MEAN) v = m[1];
                    else if (o->fill == SDAG_FILL_NOISE) v = m[1] + sqrt(m[2]) * (double)sdag_rng_normal(&g);
                    else v = around(r, i, y, x, c, m[1]);
                    r->out[0].at[((i * s->d[1] + y) * s->d[2] + x) * s->d[3] + c] = v;
                }
        }
    }
}

static void ref_upsample(const sdag_ref_args *r)
{
    const int64_t k = ((const sdag_attr_factor *)r->attr)->factor;
    const int64_t *x = r->in[0].shape.d, *y = r->out[0].shape.d;
    for (int64_t n = 0; n < y[0]; n++)
        for (int64_t i = 0; i < y[1]; i++)
            for (int64_t j = 0; j < y[2]; j++)
                for (int64_t c = 0; c < y[3]; c++)
                    r->out[0].at[((n * y[1] + i) * y[2] + j) * y[3] + c] =
                        r->in[0].at[((n * x[1] + i / k) * x[2] + j / k) * x[3] + c];
}

/* ---- colours: sRGB, XYZ of white D65, L*a*b* ---- */

static const double xyz_of_rgb[3][3] = {
    {0.412453, 0.357580, 0.180423}, {0.212671, 0.715160, 0.072169}, {0.019334, 0.119193, 0.950227}};
static const double white[3] = {0.95047, 1, 1.08883};

static void ref_rgb_to_lab(const sdag_ref_args *r)
{
    for (int64_t i = 0; i < sdag_elems(&r->in[0].shape); i += 3) {
        double f[3];
        for (int k = 0; k < 3; k++) {
            double t = 0;
            for (int c = 0; c < 3; c++) {
                const double v = r->in[0].at[i + c];
                t += xyz_of_rgb[k][c] * (v > 0.04045 ? pow((v + 0.055) / 1.055, 2.4) : v / 12.92);
            }
            t /= white[k];
            f[k] = t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116;
        }
        r->out[0].at[i] = 116 * f[1] - 16;
        r->out[0].at[i + 1] = 500 * (f[0] - f[1]);
        r->out[0].at[i + 2] = 200 * (f[1] - f[2]);
    }
}

/* Determinant of xyz_of_rgb with column c replaced by x (c = 3: none): Cramer's rule instead of an inverse. */
static double determinant(int c, const double *x)
{
    double m[3][3];
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) m[i][k] = k == c ? x[i] : xyz_of_rgb[i][k];
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

static void ref_lab_to_rgb(const sdag_ref_args *r)
{
    for (int64_t i = 0; i < sdag_elems(&r->in[0].shape); i += 3) {
        const double *lab = r->in[0].at + i, y = (lab[0] + 16) / 116, z = y - lab[2] / 200;
        double f[3] = {y + lab[1] / 500, y, z < 0 ? 0 : z};
        for (int k = 0; k < 3; k++) f[k] = white[k] * (f[k] > 0.2068966 ? pow(f[k], 3) : (f[k] - 16.0 / 116) / 7.787);
        for (int c = 0; c < 3; c++) {
            const double u = determinant(c, f) / determinant(3, NULL),
                         v = u > 0.0031308 ? 1.055 * pow(u, 1 / 2.4) - 0.055 : 12.92 * u;
            r->out[0].at[i + c] = v < 0 ? 0 : v > 1 ? 1 : v;
        }
    }
}

const sdag_reference sdag_reference_image[] = {
    {"upsample", ref_upsample, 0},
    {"quarter_turns", ref_quarter_turns, 0},
    {"random_index", ref_random_index, 0},
    {"random_subset", ref_random_subset, 0},
    {"fill_holes", ref_fill_holes, 0},
    {0},
    {"quarter_turns", ref_quarter_turns, 0},
    {"random_index", ref_random_index, 0},
    {"random_subset", ref_random_subset, 0},
    {"fill_holes", ref_fill_holes, 0},
    {"upsample", ref_upsample, 0},
    {"rgb_to_lab", ref_rgb_to_lab, 0},
    {"lab_to_rgb", ref_lab_to_rgb, 0},
    {"random", ref_random, 0},
    {0},
    {"upsample", ref_upsample, 0},
    {"quarter_turns", ref_quarter_turns, 0},
    {"random_index", ref_random_index, 0},
    {"random_subset", ref_random_subset, 0},
    {"fill_holes", ref_fill_holes, 0},
    {0},
};
