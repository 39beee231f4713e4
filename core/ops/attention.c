/* attention: multi-head softmax attention with its T x T matrix never in memory (Vaswani et al. 2017, eq. 1; Dao et al.
 * 2022 for the adjoint that computes the probabilities again).
 *   x = [q | k | v]   f32[B,T,3D], each f32[B,T,D] of `heads` pieces of N = D / heads columns; for a sample and a head:
 *   s_ij = q_i . k_j / sqrt(N)     for j < seen(i) = min(length, causal ? max(i + 1, prefix) : T),   -inf elsewhere
 *   p_ij = e^(s_ij - lse_i),       lse_i = log sum_j e^s_ij                  lse f32[B,heads,T]
 *   y_i = sum_j m_ij p_ij v_j                                                y f32[B,T,D]
 * length, prefix i32[B] (default T and 0): keys from `length` on are seen by nobody; the first `prefix` tokens see each
 * other in full. A token that sees nothing gives 0. m: dropout of the probabilities, drawn by element of
 * f32[B,heads,T,T] as dropout.c does.
 * adjoint, with d_i = gy_i . y_i:  gv_j = sum_i m_ij p_ij gy_i,   gs_ij = p_ij (m_ij gy_i . v_j - d_i),
 *   gq_i = sum_j gs_ij k_j / sqrt(N),   gk_j = sum_i gs_ij q_i / sqrt(N).
 *
 * The argument is one tensor because one product makes all three, and its gradient then is one tensor as well. A head
 * is a strided block of it: nothing is moved. Tiles are groups of heads, in the forward pass of blocks of rows as well;
 * the adjoint of a head adds up over its blocks from the last to the first. */
#include <math.h>
#include <string.h>

#include "core/cpu/gemm.h"
#include "core/cpu/keep.h"
#include "core/cpu/rows.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

/* Floats of a block of scores; flops of a tile; the fewest rows of a block. */
enum { BLOCK = 32768, TILE = 4000000, ROWS = 16 };

typedef struct heads {
    int64_t b, t, d, n, heads; /* samples, tokens, width, columns of a head */
    int64_t rows, blocks;      /* of a block; blocks of a head */
    float scale;
} heads;

static heads heads_of(const sdag_shape *x, const sdag_attr_attention *o)
{
    heads h = {.b = x->d[0], .t = x->d[1], .d = x->d[2] / 3, .heads = o->heads};
    h.n = h.d / h.heads;
    h.rows = h.t > 0 ? BLOCK / h.t : 1;
    if (h.rows < ROWS) h.rows = ROWS;
    if (h.rows > h.t) h.rows = h.t > 0 ? h.t : 1;
    h.blocks = (h.t + h.rows - 1) / h.rows;
    h.scale = (float)(1 / sqrt((double)h.n));
    return h;
}

/* Units (blocks of rows, or heads) in a tile, from the products of one of them. */
static int64_t group_of(const heads *h, int64_t rows, int products)
{
    double each = 2.0 * products * (double)rows * (double)h->t * (double)h->n;
    return each > 0 && each < TILE ? (int64_t)(TILE / each) : 1;
}

static int64_t tiles_of(int64_t units, int64_t group) { return units > group ? (units + group - 1) / group : 1; }

/* ---- masks ---- */

typedef struct masks {
    int64_t length, prefix;
    bool causal;
} masks;

/* Arguments behind the first `at`: the length and the prefix of each sample. */
static bool masks_of(masks *m, const sdag_args *a, int at, int64_t sample, int64_t t)
{
    const sdag_attr_attention *o = a->attr;
    *m = (masks){t, 0, o->causal != 0};
    if (o->lengths) m->length = SDAG_DATA_I32(a->in[at++])[sample];
    if (o->prefix) m->prefix = SDAG_DATA_I32(a->in[at])[sample];
    if (m->length >= 0 && m->length <= t && m->prefix >= 0 && m->prefix <= t) return true;
    sdag_op_fail(a, SDAG_IO, "the length %lld or the prefix %lld of sample %lld is outside 0..%lld",
                 (long long)m->length, (long long)m->prefix, (long long)sample, (long long)t);
    return false;
}

static int64_t seen(const masks *m, int64_t i, int64_t t)
{
    int64_t n = !m->causal ? t : i + 1 > m->prefix ? i + 1 : m->prefix;
    return n < m->length ? n : m->length;
}

/* ---- dropout of the probabilities ---- */

/* s f32[rows,n], of the rows from `from` on of a head: times what is kept. */
SDAG_CLONES static void attention_keep(float *s, const sdag_keep *k, int64_t head, int64_t t, int64_t from,
                                       int64_t rows, int64_t n)
{
    const int64_t at = (head * t + from) * t;
    if (n == t) sdag_keep_range(s, s, at, at + rows * t, k);
    else
        for (int64_t i = 0; i < rows; i++) sdag_keep_range(s + i * n, s + i * n, at + i * t, at + i * t + n, k);
}

static void keep(const sdag_args *a, float *s, int64_t head, int64_t t, int64_t from, int64_t rows, int64_t n)
{
    const sdag_attr_attention *o = a->attr;
    if (!(o->dropout > 0)) return;
    const uint32_t salt = o->keyed ? o->salt : a->salt;
    const sdag_keep k = sdag_keep_of(a->step->seed, (uint64_t)a->step->step, salt, o->dropout);
    attention_keep(s, &k, head, t, from, rows, n);
}

/* ---- forward ---- */

/* s[n] = exp(s - max) of the first `n`, 0 from there to `all`; the log of the sum, and 1 / sum. */
SDAG_CLONES static void attention_row(float *s, int64_t n, int64_t all, float *lse, float *inv)
{
    *lse = *inv = 0;
    if (n > 0) {
        const float max = sdag_row_max(s, n);
        const double sum = sdag_row_exp(s, s, max, n);
        *lse = (float)((double)max + log(sum));
        *inv = (float)(1 / sum);
    }
    memset(s + n, 0, (size_t)(all - n) * sizeof *s);
}

SDAG_CLONES static void attention_scale(float *y, int64_t pitch, const float *by, int64_t rows, int64_t n)
{
    for (int64_t i = 0; i < rows; i++) sdag_row_scale(y + i * pitch, y + i * pitch, by[i], n);
}

static void attention_block(const sdag_args *a, const heads *h, int64_t unit)
{
    const int64_t from = unit % h->blocks * h->rows, rows = h->t - from < h->rows ? h->t - from : h->rows;
    const int64_t head = unit / h->blocks % h->heads, sample = unit / h->blocks / h->heads, pitch = 3 * h->d;
    const float *q = SDAG_DATA_F32(a->in[0]) + sample * h->t * pitch + head * h->n, *k = q + h->d, *v = k + h->d;
    float *y = SDAG_DATA_F32(a->out[0]) + (sample * h->t + from) * h->d + head * h->n;
    float *lse = SDAG_DATA_F32(a->out[1]) + (sample * h->heads + head) * h->t + from;
    float *s = a->scratch, *inv = s + h->rows * h->t;
    masks m;
    if (!masks_of(&m, a, 1, sample, h->t)) return;
    const int64_t n = seen(&m, from + rows - 1, h->t);
    sdag_gemm(false, true, rows, n, h->n, h->scale, q + from * pitch, pitch, k, pitch, 0, s, n);
    for (int64_t i = 0; i < rows; i++) attention_row(s + i * n, seen(&m, from + i, h->t), n, lse + i, inv + i);
    keep(a, s, unit / h->blocks, h->t, from, rows, n);
    sdag_gemm(false, false, rows, h->n, n, 1, s, n, v, pitch, 0, y, h->d);
    attention_scale(y, h->d, inv, rows, h->n);
}

static void attention_plan(sdag_tiling *t, const sdag_args *a)
{
    const heads h = heads_of(&a->in[0].shape, a->attr);
    t->tiles[0] = tiles_of(h.b * h.heads * h.blocks, group_of(&h, h.rows, 2));
    t->scratch = (size_t)(h.rows * (h.t + 1)) * sizeof(float);
    t->flops = 4.0 * (double)h.b * (double)h.t * (double)h.t * (double)h.d;
}

static void attention_run(const sdag_args *a)
{
    const heads h = heads_of(&a->in[0].shape, a->attr);
    const int64_t units = h.b * h.heads * h.blocks, group = group_of(&h, h.rows, 2);
    for (int64_t u = a->tile * group; u < units && u < (a->tile + 1) * group; u++) attention_block(a, &h, u);
}

static bool attention_masks(sdag_shaping *s, int at)
{
    const sdag_attr_attention *o = s->attr;
    if (s->n_in != at + !!o->lengths + !!o->prefix) return sdag_shape_fail(s, "a wrong number of arguments");
    for (int i = at; i < s->n_in; i++) {
        if (!sdag_rule_dtype(s, i, SDAG_DT_I32)) return false;
        if (!sdag_shape_equal(s->in[i].shape, SDAG_SHAPE(s->in[0].shape.d[0])))
            return sdag_shape_fail(s, "lengths and prefix have one number for each sample");
    }
    return true;
}

static bool attention_shape(sdag_shaping *s)
{
    const sdag_attr_attention *o = s->attr;
    const sdag_shape x = s->in[0].shape;
    if (!sdag_rule_dtype(s, 0, SDAG_DT_F32)) return false;
    if (x.rank != 3 || x.d[2] % 3 || x.d[2] < 3)
        return sdag_shape_fail(s, "the argument must be [samples, tokens, q | k | v]");
    if (o->heads < 1 || x.d[2] / 3 % o->heads)
        return sdag_shape_fail(s, "%d heads do not divide the width %lld", o->heads, (long long)x.d[2] / 3);
    s->out[0] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = SDAG_SHAPE(x.d[0], x.d[1], x.d[2] / 3)};
    s->out[1] = (sdag_tensor){.dtype = SDAG_DT_F32, .shape = SDAG_SHAPE(x.d[0], o->heads, x.d[1])};
    if (!(o->dropout >= 0 && o->dropout <= 0.9999f))
        return sdag_shape_fail(s, "the probability %g is outside 0 .. 0.9999", (double)o->dropout);
    return attention_masks(s, 1);
}

/* ---- adjoint: x, y, lse, gy, [lengths], [prefix] -> gx ---- */

/* p = exp(s - lse) of the first n, 0 from there to `all`. */
SDAG_CLONES static void attention_again(float *s, float lse, int64_t n, int64_t all)
{
    SDAG_SIMD
    for (int64_t j = 0; j < n; j++) s[j] = sdag_expf(s[j] - lse);
    memset(s + n, 0, (size_t)(all - n) * sizeof *s);
}

/* gs = p (gp - d) in place of gp. */
SDAG_CLONES static void attention_scores(float *gp, const float *p, const float *y, const float *gy, int64_t pitch,
                                         int64_t rows, int64_t n, int64_t cols)
{
    for (int64_t i = 0; i < rows; i++, gp += n, p += n) {
        const float d = (float)sdag_row_dot(y + i * pitch, gy + i * pitch, cols);
        SDAG_SIMD
        for (int64_t j = 0; j < n; j++) gp[j] = p[j] * (gp[j] - d);
    }
}

static void clear(float *x, int64_t pitch, int64_t rows, int64_t n)
{
    for (int64_t i = 0; i < rows; i++) memset(x + i * pitch, 0, (size_t)n * sizeof *x);
}

static void attention_head(const sdag_args *a, const heads *h, int64_t unit)
{
    const int64_t head = unit % h->heads, sample = unit / h->heads, pitch = 3 * h->d;
    const int64_t at = sample * h->t * pitch + head * h->n;
    const float *q = SDAG_DATA_F32(a->in[0]) + at, *k = q + h->d, *v = k + h->d;
    float *gq = SDAG_DATA_F32(a->out[0]) + at, *gk = gq + h->d, *gv = gk + h->d;
    const float *y = SDAG_DATA_F32(a->in[1]) + sample * h->t * h->d + head * h->n;
    const float *gy = SDAG_DATA_F32(a->in[3]) + sample * h->t * h->d + head * h->n;
    const float *lse = SDAG_DATA_F32(a->in[2]) + unit * h->t;
    float *p = a->scratch, *gp = p + h->rows * h->t, beta = 0;
    masks m;
    if (!masks_of(&m, a, 4, sample, h->t)) return;
    const int64_t all = seen(&m, h->t - 1, h->t);
    clear(gk + all * pitch, pitch, h->t - all, h->n);
    clear(gv + all * pitch, pitch, h->t - all, h->n);
    for (int64_t from = (h->blocks - 1) * h->rows; from >= 0; from -= h->rows, beta = 1) {
        const int64_t rows = h->t - from < h->rows ? h->t - from : h->rows, n = seen(&m, from + rows - 1, h->t);
        const float *gy0 = gy + from * h->d;
        sdag_gemm(false, true, rows, n, h->n, h->scale, q + from * pitch, pitch, k, pitch, 0, p, n);
        for (int64_t i = 0; i < rows; i++) attention_again(p + i * n, lse[from + i], seen(&m, from + i, h->t), n);
        sdag_gemm(false, true, rows, n, h->n, 1, gy0, h->d, v, pitch, 0, gp, n);
        keep(a, gp, unit, h->t, from, rows, n);
        attention_scores(gp, p, y + from * h->d, gy0, h->d, rows, n, h->n);
        keep(a, p, unit, h->t, from, rows, n);
        sdag_gemm(true, false, n, h->n, rows, 1, p, n, gy0, h->d, beta, gv, pitch);
        sdag_gemm(false, false, rows, h->n, n, h->scale, gp, n, k, pitch, 0, gq + from * pitch, pitch);
        sdag_gemm(true, false, n, h->n, rows, h->scale, gp, n, q + from * pitch, pitch, beta, gk, pitch);
    }
}

static void attention_grad_plan(sdag_tiling *t, const sdag_args *a)
{
    const heads h = heads_of(&a->in[0].shape, a->attr);
    t->tiles[0] = tiles_of(h.b * h.heads, group_of(&h, h.t, 5));
    t->scratch = (size_t)(2 * h.rows * h.t) * sizeof(float);
    t->flops = 10.0 * (double)h.b * (double)h.t * (double)h.t * (double)h.d;
}

static void attention_grad_run(const sdag_args *a)
{
    const heads h = heads_of(&a->in[0].shape, a->attr);
    const int64_t units = h.b * h.heads, group = group_of(&h, h.t, 5);
    for (int64_t u = a->tile * group; u < units && u < (a->tile + 1) * group; u++) attention_head(a, &h, u);
}

static bool attention_grad_shape(sdag_shaping *s)
{
    s->out[0] = s->in[0];
    return attention_masks(s, 4);
}

static const sdag_op attention_grad_op = {
    .name = "attention_grad",
    .math = "gx of attention",
    .n_in = 4,
    .n_in_max = 6,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_attention),
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_PLAN,
    .shape = attention_grad_shape,
    .cpu = {.plan = attention_grad_plan, .run = attention_grad_run},
};

static void attention_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                           sdag_val *gin)
{
    if (!wants[0] || !gout[0]) return;
    sdag_val in[6] = {o->in[0], o->out[0], o->out[1], gout[0]};
    for (int i = 1; i < o->n_in; i++) in[3 + i] = o->in[i];
    sdag_attr_attention again = *(const sdag_attr_attention *)o->attr;
    if (!again.keyed) again.salt = o->salt;
    again.keyed = 1;
    gin[0] = sdag_emit(b, &attention_grad_op, 3 + o->n_in, in, &again, NULL);
}

static const sdag_attr_attention one = {.heads = 1}, three = {.heads = 3}, causal = {.heads = 2, .causal = 1},
                                 padded = {.heads = 2, .lengths = 1}, prefixed = {.heads = 1, .causal = 1, .prefix = 1},
                                 both = {.heads = 2, .causal = 1, .lengths = 1, .prefix = 1},
                                 dropped = {.heads = 2, .causal = 1, .dropout = 0.3f};

const sdag_op sdag_opdef_attention = {
    .name = "attention",
    .math = "y = softmax(q k' / sqrt(N)) v, lse = its logsumexp",
    .n_in = 1,
    .n_in_max = 3,
    .n_out = 2,
    .attr_size = sizeof(sdag_attr_attention),
    .split = SDAG_SPLIT_PLAN,
    .shape = attention_shape,
    .cpu = {.plan = attention_plan, .run = attention_run},
    .grad = attention_grad,
    .check =
        (const sdag_op_check[]){{.in = {"f32[1,1,3]"}, .attr = &one, .silent = 2},
                                {.in = {"f32[2,5,9]"}, .attr = &three, .silent = 2},
                                {.in = {"f32[2,7,12]"}, .attr = &causal, .silent = 2},
                                {.in = {"f32[3,5,12]", "i32[3]<6"}, .attr = &padded, .silent = 2},
                                {.in = {"f32[3,5,9]", "i32[3]<6"}, .attr = &prefixed, .silent = 2},
                                {.in = {"f32[4,6,12]", "i32[4]<7", "i32[4]<7"}, .attr = &both, .silent = 2},
                                {.in = {"f32[5,203,30]"}, .attr = &causal, .silent = 2}, /* several blocks and tiles */
                                {.in = {"f32[2,203,30]", "i32[2]<204", "i32[2]<204"}, .attr = &both, .silent = 2},
                                {.in = {"f32[2,7,12]"}, .attr = &dropped, .silent = 2, .training = 1},
                                {.in = {"f32[1,203,30]"}, .attr = &dropped, .silent = 2, .training = 1},
                                {0}},
};

sdag_val sdag_op_attention(sdag_build *b, sdag_val qkv, const sdag_attention *o)
{
    sdag_val in[3] = {qkv}, out[2] = {0};
    int n = 1;
    if (o->lengths) in[n++] = o->lengths;
    if (o->prefix) in[n++] = o->prefix;
    return sdag_emit(b, &sdag_opdef_attention, n, in,
                     &(sdag_attr_attention){.heads = (int32_t)o->heads,
                                            .causal = o->causal,
                                            .dropout = b->training ? o->dropout : 0,
                                            .lengths = o->lengths != 0,
                                            .prefix = o->prefix != 0},
                     out);
}
