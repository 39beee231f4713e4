/* Naive versions of the operations on images, colours, sampling. */
#include "tests/ops/reference.h"

#include <math.h>

/* ---- colours: sRGB, XYZ of white D65, L*a*b* ---- */

static const double xyz_of_rgb[3][3] = {
    {0.412453, 0.357580, 0.180423}, {0.212671, 0.715160, 0.072169}, {0.019334, 0.119193, 0.950227}};
static const double white[3] = {0.95047, 1, 1.08883};

static void ref_rgb_to_lab(const sdag_ref *r)
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

static void ref_lab_to_rgb(const sdag_ref *r)
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
    {"rgb_to_lab", ref_rgb_to_lab, 0},
    {"lab_to_rgb", ref_lab_to_rgb, 0},
    {0},
};
