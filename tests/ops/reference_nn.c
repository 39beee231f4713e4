/* Naive double versions: convolution and pooling, normalisation, probabilities, updates of states. */
#include "tests/ops/reference.h"

#include <math.h>

#include "core/base/rng.h"
#include "core/ops/attr.h"

static int64_t count(const sdag_ref_tensor *t) { return sdag_elems(&t->shape); }

/* Element [i,j,k,l] of a tensor of rank 4. */
static double *at4(const sdag_ref_tensor *t, int64_t i, int64_t j, int64_t k, int64_t l)
{
    const int64_t *d = t->shape.d;
    return t->at + ((i * d[1] + j) * d[2] + k) * d[3] + l;
}

/* ---- images ---- */

static void ref_conv2d(const sdag_ref_args *r)
{
    const sdag_attr_conv2d *o = r->attr;
    const sdag_ref_tensor *x = &r->in[0], *w = &r->in[1], *y = &r->out[0];
    const int64_t *dx = x->shape.d, *dw = w->shape.d, *dy = y->shape.d;
    for (int64_t n = 0; n < dy[0]; n++)
        for (int64_t i = 0; i < dy[1]; i++)
            for (int64_t j = 0; j < dy[2]; j++)
                for (int64_t f = 0; f < dy[3]; f++) {
                    const int64_t c0 = f / (dy[3] / o->groups) * dw[1];
                    double sum = 0;
                    for (int64_t p = 0; p < dw[2]; p++)
                        for (int64_t q = 0; q < dw[3]; q++)
                            for (int64_t c = 0; c < dw[1]; c++) {
                                const int64_t h = i * o->stride - o->pad + p, v = j * o->stride - o->pad + q;
                                if (h < 0 || h >= dx[1] || v < 0 || v >= dx[2]) continue;
                                sum += *at4(x, n, h, v, c0 + c) * *at4(w, f, c, p, q);
                            }
                    *at4(y, n, i, j, f) = sum;
                }
}

/* Both pools: the sum over a window / size^2, or its maximum and where that was. */
static void pool(const sdag_ref_args *r, bool max)
{
    const sdag_attr_pool *o = r->attr;
    const sdag_ref_tensor *x = &r->in[0], *y = &r->out[0];
    const int64_t *dx = x->shape.d, *dy = y->shape.d;
    for (int64_t n = 0; n < dy[0]; n++)
        for (int64_t i = 0; i < dy[1]; i++)
            for (int64_t j = 0; j < dy[2]; j++)
                for (int64_t c = 0; c < dy[3]; c++) {
                    double sum = 0, best = -INFINITY;
                    int64_t place = -1;
                    for (int64_t p = 0; p < o->size * o->size; p++) {
                        const int64_t h = i * o->stride - o->pad + p / o->size,
                                      v = j * o->stride - o->pad + p % o->size;
                        if (h < 0 || h >= dx[1] || v < 0 || v >= dx[2]) continue;
                        const double u = *at4(x, n, h, v, c);
                        sum += u;
                        if (place < 0 || u > best || isnan(u)) best = u, place = p;
                    }
                    *at4(y, n, i, j, c) = max ? best : sum / (double)(o->size * o->size);
                    if (max) *at4(&r->out[1], n, i, j, c) = (double)place;
                }
}

static void ref_max_pool(const sdag_ref_args *r) { pool(r, true); }
static void ref_avg_pool(const sdag_ref_args *r) { pool(r, false); }

/* ---- normalisation ---- */

/* in from `next` on: gamma, beta, residual as the attributes say. */
static void normalise(const sdag_ref_args *r, int next, const double *mean, const double *var)
{
    const sdag_attr_norm *o = r->attr;
    const double *gamma = o->gamma ? r->in[next++].at : NULL, *beta = o->beta ? r->in[next++].at : NULL;
    const double *res = o->residual ? r->in[next].at : NULL;
    const int64_t cols = sdag_last(&r->in[0].shape);
    for (int64_t i = 0; i < count(&r->in[0]); i++) {
        const int64_t c = i % cols;
        double y = (r->in[0].at[i] - mean[c]) / sqrt(var[c] + (double)o->eps);
        if (gamma) y *= gamma[c];
        if (beta) y += beta[c];
        if (res) y += res[i];
        r->out[0].at[i] = o->relu && y < 0 ? 0 : y;
    }
}

static void ref_batch_norm(const sdag_ref_args *r)
{
    const int64_t cols = sdag_last(&r->in[0].shape), rows = sdag_rows(&r->in[0].shape);
    double *mean = r->out[1].at, *var = r->out[2].at;
    for (int64_t c = 0; c < cols; c++) {
        mean[c] = var[c] = 0;
        for (int64_t i = 0; i < rows; i++) mean[c] += r->in[0].at[i * cols + c] / (double)rows;
        for (int64_t i = 0; i < rows; i++) var[c] += pow(r->in[0].at[i * cols + c] - mean[c], 2) / (double)rows;
    }
    normalise(r, 1, mean, var);
}

static void ref_norm_apply(const sdag_ref_args *r) { normalise(r, 3, r->in[1].at, r->in[2].at); }

static void ref_layer_norm(const sdag_ref_args *r)
{
    const sdag_attr_layer_norm *o = r->attr;
    const int64_t n = sdag_last(&r->in[0].shape), rows = sdag_rows(&r->in[0].shape);
    for (int64_t k = 0; k < rows; k++) {
        const double *x = r->in[0].at + k * n;
        double mean = 0, var = 0;
        for (int64_t i = 0; i < n; i++) mean += x[i] / (double)n;
        for (int64_t i = 0; i < n; i++) var += (x[i] - mean) * (x[i] - mean) / (double)n;
        for (int64_t i = 0; i < n; i++) {
            double y = (x[i] - mean) / sqrt(var + (double)o->eps);
            if (o->gamma) y *= r->in[1].at[i];
            if (o->beta) y += r->in[1 + !!o->gamma].at[i];
            r->out[0].at[k * n + i] = y;
        }
    }
}

static void ref_l2norm(const sdag_ref_args *r)
{
    const double eps = (double)((const sdag_attr_eps *)r->attr)->eps;
    const int64_t n = sdag_last(&r->in[0].shape);
    for (int64_t k = 0; k < count(&r->in[0]); k += n) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += pow(r->in[0].at[k + i], 2);
        const double d = sqrt(sum) <= eps ? eps : sqrt(sum);
        for (int64_t i = 0; i < n; i++) r->out[0].at[k + i] = r->in[0].at[k + i] / d;
    }
}

/* ---- probabilities ---- */

static double log_sum_exp(const double *x, int64_t n)
{
    double max = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++) max = x[i] > max ? x[i] : max;
    for (int64_t i = 0; i < n; i++) sum += exp(x[i] - max);
    return max + log(sum);
}

static void ref_softmax(const sdag_ref_args *r)
{
    const int64_t n = sdag_last(&r->in[0].shape);
    for (int64_t k = 0; k < count(&r->in[0]); k += n) {
        const double lse = log_sum_exp(r->in[0].at + k, n);
        for (int64_t i = 0; i < n; i++) r->out[0].at[k + i] = exp(r->in[0].at[k + i] - lse);
    }
}

static void ref_log_softmax(const sdag_ref_args *r)
{
    const int64_t n = sdag_last(&r->in[0].shape);
    for (int64_t k = 0; k < count(&r->in[0]); k += n) {
        const double lse = log_sum_exp(r->in[0].at + k, n);
        for (int64_t i = 0; i < n; i++) r->out[0].at[k + i] = r->in[0].at[k + i] - lse;
    }
}

static void ref_softmax_xent(const sdag_ref_args *r)
{
    const int32_t ignore = ((const sdag_attr_ignore *)r->attr)->ignore;
    const int64_t n = sdag_last(&r->in[0].shape);
    for (int64_t k = 0; k < count(&r->out[0]); k++) {
        const double *x = r->in[0].at + k * n, t = r->in[1].at[k];
        r->out[1].at[k] = log_sum_exp(x, n);
        r->out[0].at[k] = (int32_t)t == ignore ? 0 : r->out[1].at[k] - x[(int64_t)t];
    }
}

static void ref_sigmoid_xent(const sdag_ref_args *r)
{
    for (int64_t i = 0; i < count(&r->out[0]); i++) {
        const double x = r->in[0].at[i], y = r->in[1].at[i];
        r->out[0].at[i] = (x > 0 ? x : 0) - x * y + log(1 + exp(-fabs(x)));
    }
}

static void ref_eye_distance(const sdag_ref_args *r)
{
    const sdag_attr_eye *o = r->attr;
    const int64_t n = sdag_last(&r->in[0].shape);
    double sum = 0;
    for (int64_t i = 0; i < count(&r->in[0]); i++) {
        const double x = r->in[0].at[i], d = x - (double)o->eye;
        sum += i / n % n == i % n ? (double)o->on * d * d : (double)o->off * x * x;
    }
    r->out[0].at[0] = sum;
}

static void ref_softmax_xent_soft(const sdag_ref_args *r)
{
    const int64_t n = sdag_last(&r->in[0].shape);
    for (int64_t k = 0; k < count(&r->out[0]); k++) {
        const double *x = r->in[0].at + k * n, *t = r->in[1].at + k * n;
        r->out[1].at[k] = log_sum_exp(x, n);
        r->out[0].at[k] = 0;
        for (int64_t i = 0; i < n; i++) r->out[0].at[k] += t[i] * (r->out[1].at[k] - x[i]);
    }
}

static void ref_count_not(const sdag_ref_args *r)
{
    double n = 0;
    for (int64_t i = 0; i < count(&r->in[0]); i++)
        n += (int32_t)r->in[0].at[i] != ((const sdag_attr_ignore *)r->attr)->ignore;
    r->out[0].at[0] = fmax(n, 1);
}

double sdag_ref_kept(const sdag_ref_args *r, int64_t i, float share, uint32_t salt)
{
    const double p = floor((double)share * 65536 + 0.5) / 65536;
    const uint32_t key[2] = {(uint32_t)r->step->seed, (uint32_t)(r->step->seed >> 32)};
    const uint32_t block = (uint32_t)(i / 128 * 16 + i % 16);
    uint32_t word[4];
    sdag_philox(word, (const uint32_t[]){block, (uint32_t)r->step->step, 0, salt}, key);
    const uint32_t half = i % 128 < 64 ? word[i % 64 / 16] & 0xffff : word[i % 64 / 16] >> 16;
    return half / 65536.0 >= p ? 1 / (1 - p) : 0;
}

static void ref_dropout(const sdag_ref_args *r)
{
    const sdag_attr_dropout *o = r->attr;
    for (int64_t i = 0; i < count(&r->out[0]); i++)
        r->out[0].at[i] = r->in[0].at[i] * sdag_ref_kept(r, i, o->p, o->keyed ? o->salt : r->salt);
}

/* ---- updates ---- */

static double scale_of(const sdag_ref_args *r, int i) { return i < r->n_in ? r->in[i].at[0] : 1; }

static void ref_running(const sdag_ref_args *r)
{
    const sdag_attr_running *o = r->attr;
    const double m = (double)o->momentum;
    for (int64_t i = 0; i < count(&r->out[0]); i++)
        r->out[0].at[i] = (1 - m) * r->in[0].at[i] + m * (double)o->scale * r->in[1].at[i];
}

static void ref_count(const sdag_ref_args *r) { r->out[0].at[0] = r->in[0].at[0] + 1; }

/* v <- momentum v + d;  p <- p - lr (nesterov ? d + momentum v : v), with d = k (scale g + wd p) */
static void momentum_step(const sdag_ref_args *r, double k)
{
    const sdag_attr_sgd *o = r->attr;
    const double lr = r->in[3].at[0] * (double)o->lr_mul, m = (double)o->momentum, scale = scale_of(r, 4);
    for (int64_t i = 0; i < count(&r->out[0]); i++) {
        const double d = k * (scale * r->in[2].at[i] + (double)o->wd * r->in[0].at[i]), v = m * r->in[1].at[i] + d;
        r->out[1].at[i] = v;
        r->out[0].at[i] = r->in[0].at[i] - lr * (o->nesterov ? d + m * v : v);
    }
}

static void ref_sgd(const sdag_ref_args *r) { momentum_step(r, 1); }

static void ref_sgd_plain(const sdag_ref_args *r)
{
    const sdag_attr_sgd *o = r->attr;
    const double lr = r->in[2].at[0] * (double)o->lr_mul, scale = scale_of(r, 3);
    for (int64_t i = 0; i < count(&r->out[0]); i++)
        r->out[0].at[i] = r->in[0].at[i] - lr * (scale * r->in[1].at[i] + (double)o->wd * r->in[0].at[i]);
}

static double length(const sdag_ref_tensor *t, double scale)
{
    double sum = 0;
    for (int64_t i = 0; i < count(t); i++) sum += pow(scale * t->at[i], 2);
    return sqrt(sum);
}

static void ref_lars(const sdag_ref_args *r)
{
    const sdag_attr_sgd *o = r->attr;
    const double p = length(&r->in[0], 1), g = length(&r->in[2], scale_of(r, 4)), wd = (double)o->wd;
    momentum_step(r, wd != 0 && p != 0 && g != 0 ? (double)o->eta * p / (g + wd * p + 1e-8) : 1);
}

static void ref_adamw(const sdag_ref_args *r)
{
    const sdag_attr_adamw *o = r->attr;
    const double b1 = (double)o->beta1, b2 = (double)o->beta2, t = r->in[4].at[0] + 1, scale = scale_of(r, 6);
    const double lr = r->in[5].at[0] * (double)o->lr_mul;
    for (int64_t i = 0; i < count(&r->out[0]); i++) {
        const double g = scale * r->in[3].at[i], p = r->in[0].at[i] * (1 - lr * (double)o->wd);
        const double m = b1 * r->in[1].at[i] + (1 - b1) * g, v = b2 * r->in[2].at[i] + (1 - b2) * g * g;
        r->out[1].at[i] = m;
        r->out[2].at[i] = v;
        r->out[0].at[i] = p - lr / (1 - pow(b1, t)) * m / (sqrt(v) / sqrt(1 - pow(b2, t)) + (double)o->eps);
    }
}

static void ref_ema(const sdag_ref_args *r)
{
    const double m = r->in[2].at[0];
    for (int64_t i = 0; i < count(&r->out[0]); i++) r->out[0].at[i] = m * r->in[0].at[i] + (1 - m) * r->in[1].at[i];
}

/* Row by row, the oldest first. */
static void ref_enqueue(const sdag_ref_args *r)
{
    const sdag_ref_tensor *rows = &r->in[2];
    const int64_t n = r->in[0].shape.d[0], width = count(&r->in[0]) / n;
    int64_t cursor = (int64_t)r->in[1].at[0];
    for (int64_t i = 0; i < n * width; i++) r->out[0].at[i] = r->in[0].at[i];
    for (int64_t b = 0; b < rows->shape.d[0]; b++) {
        for (int64_t k = 0; k < width; k++) r->out[0].at[cursor * width + k] = rows->at[b * width + k];
        cursor = cursor + 1 == n ? 0 : cursor + 1;
    }
    r->out[1].at[0] = (double)cursor;
}

static void ref_clip_norm(const sdag_ref_args *r)
{
    double sum = 0;
    for (int i = 0; i < r->n_in; i++) sum += pow(length(&r->in[i], 1), 2);
    r->out[0].at[0] = sqrt(sum);
}

static void ref_clip_scale(const sdag_ref_args *r)
{
    ref_clip_norm(r);
    const double y = (double)((const sdag_attr_clip *)r->attr)->max_norm / (r->out[0].at[0] + 1e-6);
    r->out[0].at[0] = y > 1 ? 1 : y;
}

const sdag_reference sdag_reference_nn[] = {
    {"conv2d", ref_conv2d, 2e-5},
    {"max_pool", ref_max_pool, 0},
    {"avg_pool", ref_avg_pool, 0},
    {"batch_norm", ref_batch_norm, 0},
    {"norm_apply", ref_norm_apply, 0},
    {"layer_norm", ref_layer_norm, 0},
    {"l2norm", ref_l2norm, 0},
    {"softmax", ref_softmax, 0},
    {"log_softmax", ref_log_softmax, 0},
    {"softmax_xent", ref_softmax_xent, 0},
    {"softmax_xent_soft", ref_softmax_xent_soft, 0},
    {"sigmoid_xent", ref_sigmoid_xent, 0},
    {"eye_distance", ref_eye_distance, 0},
    {"count_not", ref_count_not, 0},
    {"dropout", ref_dropout, 0},
    {"running", ref_running, 0},
    {"count", ref_count, 0},
    {"sgd", ref_sgd, 0},
    {"sgd_plain", ref_sgd_plain, 0},
    {"lars", ref_lars, 0},
    {"adamw", ref_adamw, 0},
    {"ema", ref_ema, 0},
    {"enqueue", ref_enqueue, 0},
    {"clip_norm", ref_clip_norm, 0},
    {"clip_scale", ref_clip_scale, 0},
    {0},
};
