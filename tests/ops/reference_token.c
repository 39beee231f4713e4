/* Naive versions of the operations on attention, tokens, sequences. */
#include "tests/ops/reference.h"

#include <math.h>

#include "core/base/rng.h"
#include "core/ops/attr.h"

/* A token sees key j when it is within the length, and not later than the token or both are in the prefix. */
static bool sees(const sdag_ref_args *r, int64_t b, int64_t i, int64_t j)
{
    const sdag_attr_attention *o = r->attr;
    if (o->lengths && (double)j >= r->in[1].at[b]) return false;
    if (!o->causal || j <= i) return true;
    return o->prefix && (double)j < r->in[o->lengths ? 2 : 1].at[b];
}

static double score(const sdag_ref_args *r, int64_t b, int64_t head, int64_t i, int64_t j)
{
    const sdag_attr_attention *o = r->attr;
    const int64_t t = r->in[0].shape.d[1], d = r->in[0].shape.d[2] / 3, n = d / o->heads;
    const double *x = r->in[0].at + b * t * 3 * d;
    double sum = 0;
    for (int64_t c = 0; c < n; c++) sum += x[i * 3 * d + head * n + c] * x[j * 3 * d + d + head * n + c];
    return sum / sqrt((double)n);
}

static void ref_attention(const sdag_ref_args *r)
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

static void ref_lengths(const sdag_ref_args *r)
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

static void ref_take(const sdag_ref_args *r)
{
    const sdag_ref_tensor *x = &r->in[0], *y = &r->out[0];
    const int64_t t = x->shape.d[1], k = y->shape.d[1], d = x->shape.d[2];
    for (int64_t b = 0; b < x->shape.d[0]; b++)
        for (int64_t i = 0; i < k; i++)
            for (int64_t c = 0; c < d; c++)
                y->at[(b * k + i) * d + c] = x->at[(b * t + (int64_t)r->in[1].at[b * k + i]) * d + c];
}

static void ref_put(const sdag_ref_args *r)
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

static void ref_replace(const sdag_ref_args *r)
{
    const sdag_attr_replace *o = r->attr;
    for (int64_t i = 0; i < sdag_elems(&r->out[0].shape); i++)
        r->out[0].at[i] = (int32_t)r->in[0].at[i] == o->from ? o->to : r->in[0].at[i];
}

/* The n-th token, counting from 0, that is neither mask nor pad. */
static int32_t plain_token(const sdag_attr_mask_tokens *o, uint32_t n)
{
    for (int32_t t = 0;; t++)
        if (t != o->mask_id && t != o->pad_id && n-- == 0) return t;
}

static void ref_mask_tokens(const sdag_ref_args *r)
{
    const sdag_attr_mask_tokens *o = r->attr;
    const sdag_ref_tensor *s = &r->in[1];
    const int64_t t = r->in[0].shape.d[1];
    const uint32_t plain = (uint32_t)o->vocab - 1 - (o->pad_id >= 0 && o->pad_id != o->mask_id);
    for (int64_t i = 0; i < r->in[0].shape.d[0]; i++) {
        const bool named = s->dtype == SDAG_DT_I32 && s->shape.rank == 1;
        const uint32_t id = named ? (uint32_t)s->at[i] : (uint32_t)(r->step->step * s->shape.d[0] + i);
        sdag_rng g = sdag_rng_at(r->step->seed, o->stream, r->step->training ? r->step->epoch : 0, id);
        const double *x = r->in[0].at + i * t;
        double n = 0, seen = 0, chosen = 0;
        for (int64_t j = 0; j < t; j++) n += (int32_t)x[j] != o->pad_id;
        const double k = fmax(1, floor((double)o->ratio * n + 0.5));
        for (int64_t j = 0; j < t; j++) {
            r->out[0].at[i * t + j] = x[j];
            r->out[1].at[i * t + j] = -100;
            if ((int32_t)x[j] == o->pad_id) continue;
            const bool take = sdag_rng_below(&g, (uint32_t)(n - seen)) < k - chosen;
            seen++;
            if (!take) continue;
            chosen++;
            r->out[1].at[i * t + j] = x[j];
            const float u = sdag_rng_f32(&g);
            if (u < o->mask) r->out[0].at[i * t + j] = o->mask_id;
            else if (u < o->mask + o->random) r->out[0].at[i * t + j] = plain_token(o, sdag_rng_below(&g, plain));
        }
    }
}

const sdag_reference sdag_reference_token[] = {
    {"attention", ref_attention, 0},
    {"take", ref_take, 0},
    {"put", ref_put, 0},
    {"replace", ref_replace, 0},
    {"mask_tokens", ref_mask_tokens, 0},
    {0},
    {"attention", ref_attention, 0},
    {"lengths", ref_lengths, 0},
    {"take", ref_take, 0},
    {"put", ref_put, 0},
    {0},
};
