/* Naive versions of the operations on attention, tokens, sequences. */
#include "tests/ops/reference.h"

#include <math.h>

#include "core/ops/attr.h"

/* A token sees key j when it is within the length, and not later than the token or both are in the prefix. */
static bool sees(const sdag_ref *r, int64_t b, int64_t i, int64_t j)
{
    const sdag_attr_attention *o = r->attr;
    if (o->lengths && (double)j >= r->in[1].at[b]) return false;
    if (!o->causal || j <= i) return true;
    return o->prefix && (double)j < r->in[o->lengths ? 2 : 1].at[b];
}

static double score(const sdag_ref *r, int64_t b, int64_t head, int64_t i, int64_t j)
{
    const sdag_attr_attention *o = r->attr;
    const int64_t t = r->in[0].shape.d[1], d = r->in[0].shape.d[2] / 3, n = d / o->heads;
    const double *x = r->in[0].at + b * t * 3 * d;
    double sum = 0;
    for (int64_t c = 0; c < n; c++) sum += x[i * 3 * d + head * n + c] * x[j * 3 * d + d + head * n + c];
    return sum / sqrt((double)n);
}

static void ref_attention(const sdag_ref *r)
{
    const sdag_attr_attention *o = r->attr;
    const int64_t samples = r->in[0].shape.d[0], t = r->in[0].shape.d[1], d = r->in[0].shape.d[2] / 3, n = d / o->heads;
    for (int64_t b = 0; b < samples; b++)
        for (int64_t head = 0; head < o->heads; head++)
            for (int64_t i = 0; i < t; i++) {
                double sum = 0, *y = r->out[0].at + (b * t + i) * d + head * n;
                for (int64_t c = 0; c < n; c++) y[c] = 0;
                for (int64_t j = 0; j < t; j++) {
                    if (!sees(r, b, i, j)) continue;
                    const double e = exp(score(r, b, head, i, j));
                    sum += e;
                    const double m = o->dropout > 0 ? sdag_ref_kept(r, ((b * o->heads + head) * t + i) * t + j,
                                                                    o->dropout, o->keyed ? o->salt : r->salt)
                                                    : 1;
                    for (int64_t c = 0; c < n; c++)
                        y[c] += m * e * r->in[0].at[(b * t + j) * 3 * d + 2 * d + head * n + c];
                }
                for (int64_t c = 0; c < n && sum > 0; c++) y[c] /= sum;
                r->out[1].at[(b * o->heads + head) * t + i] = sum > 0 ? log(sum) : isnan(sum) ? sum : 0;
            }
}

static void ref_lengths(const sdag_ref *r)
{
    const int64_t t = r->in[0].shape.d[1];
    const double pad = (double)((const sdag_attr_ignore *)r->attr)->ignore;
    for (int64_t b = 0; b < r->in[0].shape.d[0]; b++) {
        double n = 0;
        for (int64_t i = 0; i < t; i++)
            if (r->in[0].at[b * t + i] != pad) n = (double)i + 1;
        r->out[0].at[b] = n;
        r->out[1].at[b] = fmax(n - 1, 0);
    }
}

static void ref_take(const sdag_ref *r)
{
    const sdag_ref_tensor *x = &r->in[0], *y = &r->out[0];
    const int64_t t = x->shape.d[1], k = y->shape.d[1], d = x->shape.d[2];
    for (int64_t b = 0; b < x->shape.d[0]; b++)
        for (int64_t i = 0; i < k; i++)
            for (int64_t c = 0; c < d; c++)
                y->at[(b * k + i) * d + c] = x->at[(b * t + (int64_t)r->in[1].at[b * k + i]) * d + c];
}

static void ref_put(const sdag_ref *r)
{
    const sdag_ref_tensor *x = &r->in[0], *y = &r->out[0];
    const int64_t t = y->shape.d[1], k = x->shape.d[1], d = x->shape.d[2];
    for (int64_t b = 0; b < x->shape.d[0]; b++)
        for (int64_t i = 0; i < t; i++)
            for (int64_t c = 0; c < d; c++) {
                double sum = 0;
                for (int64_t j = 0; j < k; j++)
                    if ((int64_t)r->in[1].at[b * k + j] == i) sum += x->at[(b * k + j) * d + c];
                y->at[(b * t + i) * d + c] = sum;
            }
}

const sdag_reference sdag_reference_token[] = {
    {"attention", ref_attention, 0}, {"lengths", ref_lengths, 0}, {"take", ref_take, 0}, {"put", ref_put, 0}, {0},
};
