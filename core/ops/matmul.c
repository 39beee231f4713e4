/* matmul over the last two axes, leading axes broadcast (NumPy's rules):
 *   z = alpha op(x) op(y) + bias       op(x) f32[..., M, K], op(y) f32[..., K, N], bias f32[N] or none
 * where op transposes the last two axes when asked.
 * adjoint: gx = alpha g op(y)', gy = alpha op(x)' g, transposed like their arguments and summed over the axes in which
 * they were repeated; gbias = sum of the rows of g. A matrix y under a batch of x is one tall product.
 *
 * Tiles are blocks of rows and columns, or groups of batches; where the result is small and K is long (the gradient of
 * a weight), K is cut as well, and a second stage adds the parts in order. */
#include <string.h>

#include "core/cpu/gemm.h"
#include "core/cpu/simd.h"
#include "core/ops/adjoint.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

/* A tile should be worth about 80 us. Blocks narrower than SIDE lose speed, as do pieces of K shorter than DEPTH. */
#define TILE_FLOPS 8e6
enum { TILES_MAX = 16, SIDE = 96, ROUND = 16, DEPTH = 512, FINISH = 16384, PARTS_ROOM = 1 << 21 };

typedef struct product {
    int64_t m, n, k, batches;
    int lead;                                                       /* leading axes of the result */
    int64_t d[SDAG_RANK_MAX], dx[SDAG_RANK_MAX], dy[SDAG_RANK_MAX]; /* their sizes; distances in matrices */
    int64_t rows, cols, depth, group;                               /* of a tile; group: batches in it */
    int64_t down, across, parts, groups;                            /* how many of each */
} product;

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

static int64_t clamp(int64_t v, int64_t lo, int64_t hi) { return v < lo ? lo : v > hi ? hi : v; }

static int64_t round_up(int64_t v, int64_t most)
{
    v = ceil_div(v, ROUND) * ROUND;
    return v < most ? v : most;
}

/* Down, across and parts of K for about `want` tiles, such that the least is moved: a block copies its rows of x and y
 * once into the order in which they are multiplied, and parts of K are written and added up. */
static void cut_block(product *p, int64_t want)
{
    double m = (double)p->m, n = (double)p->n, k = (double)p->k, best = 0;
    int64_t down = 1, across = 1, parts = 1;
    int64_t most_parts = p->batches == 1 ? clamp(p->k / DEPTH, 1, want) : 1;
    for (int64_t q = 1; q <= most_parts && (q == 1 || q * p->m * p->n <= PARTS_ROOM); q *= 2)
        for (int64_t d = 1; d <= clamp(p->m / SIDE, 1, want); d++) {
            int64_t c = clamp(ceil_div(want, d * q), 1, clamp(p->n / SIDE, 1, want));
            double idle = (double)want / (double)(d * c * q) - 1; /* too few tiles: cores without work */
            double cost = k * ((double)d * n + (double)c * m) + (q > 1 ? 3.0 * (double)q * m * n : 0);
            cost *= 1 + (idle > 0 ? idle : 0);
            if (d * q > 1 && cost >= best) continue;
            best = cost;
            down = d;
            across = c;
            parts = q;
        }
    p->rows = round_up(ceil_div(p->m, down), p->m);
    p->cols = round_up(ceil_div(p->n, across), p->n);
    p->depth = round_up(ceil_div(p->k, parts), p->k);
}

static void cut(product *p)
{
    double each = 2.0 * (double)p->m * (double)p->n * (double)p->k, all = each * (double)p->batches;
    int64_t want = clamp((int64_t)(all / TILE_FLOPS), 1, TILES_MAX);
    p->rows = p->m;
    p->cols = p->n;
    p->depth = p->k;
    p->group = p->batches > want ? ceil_div(p->batches, want) : 1;
    if (p->batches < want) cut_block(p, ceil_div(want, p->batches > 0 ? p->batches : 1));
    p->down = p->rows > 0 ? ceil_div(p->m, p->rows) : 1;
    p->across = p->cols > 0 ? ceil_div(p->n, p->cols) : 1;
    p->parts = p->depth > 0 ? ceil_div(p->k, p->depth) : 1;
    p->groups = p->batches > 0 ? ceil_div(p->batches, p->group) : 1;
}

static product product_of(const sdag_shape *x, const sdag_shape *y, const sdag_shape *z, const sdag_attr_matmul *o)
{
    product p = {.m = z->d[z->rank - 2], .n = z->d[z->rank - 1], .k = x->d[x->rank - (o->tx ? 2 : 1)], .batches = 1};
    int64_t sx = 1, sy = 1, ny = 1;
    p.lead = z->rank - 2;
    for (int i = p.lead - 1; i >= 0; i--) {
        int ix = i - (z->rank - x->rank), iy = i - (z->rank - y->rank);
        int64_t nx = ix >= 0 ? x->d[ix] : 1, n = iy >= 0 ? y->d[iy] : 1;
        p.d[i] = z->d[i];
        p.dx[i] = nx == 1 ? 0 : sx;
        p.dy[i] = n == 1 ? 0 : sy;
        sx *= nx;
        sy *= n;
        ny *= n;
        p.batches *= z->d[i];
    }
    if (ny == 1 && !o->tx) { /* one matrix for all: the batches of x are more rows */
        p.m *= p.batches;
        p.batches = 1;
        p.lead = 0;
    }
    cut(&p);
    return p;
}

static product product_at(const sdag_args *a)
{
    return product_of(&a->in[0].shape, &a->in[1].shape, &a->out[0].shape, a->attr);
}

static void matmul_plan(sdag_tiling *t, const sdag_args *a)
{
    product p = product_at(a);
    t->tiles[0] = p.down * p.across * p.parts * p.groups;
    if (t->tiles[0] < 1) t->tiles[0] = 1;
    t->flops = 2.0 * (double)p.m * (double)p.n * (double)p.k * (double)p.batches;
    if (p.parts == 1) return;
    t->stages = 2;
    t->tiles[1] = ceil_div(p.m * p.n, FINISH);
    t->workspace = (size_t)(p.parts * p.m * p.n) * sizeof(float);
}

/* One block of one product: z[rows, cols] at z, of leading dimension p->n, over [part) of K. */
static void block_run(const sdag_args *a, const product *p, int64_t batch, int64_t row, int64_t col, int64_t part,
                      float *z, const float *bias)
{
    const sdag_attr_matmul *o = a->attr;
    const float *x = SDAG_DATA_F32(a->in[0]), *y = SDAG_DATA_F32(a->in[1]);
    int64_t rows = p->m - row < p->rows ? p->m - row : p->rows, cols = p->n - col < p->cols ? p->n - col : p->cols;
    int64_t from = part * p->depth, depth = p->k - from < p->depth ? p->k - from : p->depth;
    for (int i = p->lead - 1; i >= 0; i--) {
        x += batch % p->d[i] * p->dx[i] * p->m * p->k;
        y += batch % p->d[i] * p->dy[i] * p->k * p->n;
        batch /= p->d[i];
    }
    x += o->tx ? from * p->m + row : row * p->k + from;
    y += o->ty ? col * p->k + from : from * p->n + col;
    z += row * p->n + col;
    for (int64_t i = 0; bias && i < rows; i++) memcpy(z + i * p->n, bias + col, (size_t)cols * sizeof *z);
    sdag_gemm(o->tx, o->ty, rows, cols, depth, o->alpha, x, o->tx ? p->m : p->k, y, o->ty ? p->k : p->n, bias ? 1 : 0,
              z, p->n);
}

/* z = parts added in order, and the bias. */
SDAG_CLONES static void matmul_finish(float *z, const float *work, const float *bias, int64_t lo, int64_t hi, int64_t n,
                                      int64_t size, int64_t parts)
{
    SDAG_SIMD
    for (int64_t i = lo; i < hi; i++) z[i] = work[i] + work[size + i];
    for (int64_t k = 2; k < parts; k++) {
        SDAG_SIMD
        for (int64_t i = lo; i < hi; i++) z[i] += work[k * size + i];
    }
    for (int64_t i = lo; bias && i < hi; i++) z[i] += bias[i % n];
}

static void matmul_run(const sdag_args *a)
{
    product p = product_at(a);
    float *z = SDAG_DATA_F32(a->out[0]);
    const float *bias = a->n_in > 2 ? SDAG_DATA_F32(a->in[2]) : NULL;
    int64_t size = p.m * p.n;
    if (a->stage == 1) {
        int64_t lo = a->tile * FINISH, hi = lo + FINISH < size ? lo + FINISH : size;
        matmul_finish(z, a->workspace, bias, lo, hi, p.n, size, p.parts);
        return;
    }
    if (size == 0) return;
    int64_t col = a->tile % p.across * p.cols, row = a->tile / p.across % p.down * p.rows;
    int64_t part = a->tile / p.across / p.down % p.parts, group = a->tile / p.across / p.down / p.parts;
    int64_t to = (group + 1) * p.group < p.batches ? (group + 1) * p.group : p.batches;
    if (p.parts > 1) {
        block_run(a, &p, 0, row, col, part, (float *)a->workspace + part * size, NULL);
        return;
    }
    for (int64_t b = group * p.group; b < to; b++) block_run(a, &p, b, row, col, 0, z + b * size, bias);
}

static bool matmul_shape(sdag_shaping *s)
{
    const sdag_attr_matmul *o = s->attr;
    sdag_shape x = s->in[0].shape, y = s->in[1].shape, *z = &s->out[0].shape;
    if (!sdag_rule_f32(s)) return false;
    if (!(o->alpha != 0)) return sdag_shape_fail(s, "alpha is 0");
    if (x.rank < 2 || y.rank < 2) return sdag_shape_fail(s, "a matrix has at least two axes");
    int64_t m = x.d[x.rank - (o->tx ? 1 : 2)], kx = x.d[x.rank - (o->tx ? 2 : 1)];
    int64_t ky = y.d[y.rank - (o->ty ? 1 : 2)], n = y.d[y.rank - (o->ty ? 2 : 1)];
    if (kx != ky) return sdag_shape_fail(s, "%lld columns meet %lld rows", (long long)kx, (long long)ky);
    x.rank -= 2;
    y.rank -= 2;
    if (!sdag_shape_broadcast(z, x, y)) return sdag_shape_fail(s, "leading axes disagree");
    z->d[z->rank++] = m;
    z->d[z->rank++] = n;
    s->out[0].dtype = SDAG_DT_F32;
    if (s->n_in > 2 && !sdag_shape_equal(s->in[2].shape, SDAG_SHAPE(n)))
        return sdag_shape_fail(s, "the bias is not one number for each of %lld columns", (long long)n);
    return true;
}

/* ---- adjoint ---- */

/* f32[..., A, B] as f32[rows, B]. */
static sdag_val flat(sdag_build *b, sdag_val v)
{
    sdag_shape s = sdag_shape_at(b, v);
    return sdag_op_reshape(b, v, SDAG_SHAPE(sdag_rows(&s), sdag_last(&s)));
}

static sdag_val grad_of_y(sdag_build *b, sdag_val x, sdag_val y, sdag_val g, const sdag_attr_matmul *o)
{
    sdag_shape s = sdag_shape_at(b, y);
    sdag_shape leading = s;
    leading.rank -= 2;
    if (s.rank >= 2 && sdag_elems(&leading) == 1 && !o->tx) { /* one matrix for all: one tall product */
        x = flat(b, x);
        g = flat(b, g);
    }
    sdag_val gy =
        o->ty ? sdag_op_matmul(b, g, x, true, o->tx, o->alpha) : sdag_op_matmul(b, x, g, !o->tx, false, o->alpha);
    if (sdag_shape_at(b, gy).rank < s.rank) return sdag_op_reshape(b, gy, s); /* [1,K,N] */
    return sdag_op_sum_to(b, gy, s);
}

static void matmul_grad(sdag_build *b, const sdag_program_op *op, const sdag_val *gout, const bool *wants,
                        sdag_val *gin)
{
    const sdag_attr_matmul *o = op->attr;
    sdag_val x = op->in[0], y = op->in[1], g = gout[0];
    if (wants[0]) {
        sdag_val gx =
            o->tx ? sdag_op_matmul(b, y, g, o->ty, true, o->alpha) : sdag_op_matmul(b, g, y, false, !o->ty, o->alpha);
        gin[0] = sdag_op_sum_to(b, gx, sdag_shape_at(b, x));
    }
    if (wants[1]) gin[1] = grad_of_y(b, x, y, g, o);
    if (op->n_in > 2 && wants[2]) gin[2] = sdag_op_sum_to(b, g, sdag_shape_at(b, op->in[2]));
}

static const sdag_attr_matmul kinds[] = {{0, 0, 1}, {0, 1, 0.5f}, {1, 0, -2}, {1, 1, 1}};

const sdag_op sdag_opdef_matmul = {
    .name = "matmul",
    .math = "z = alpha x y",
    .n_in = 2,
    .n_in_max = 3,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_matmul),
    .split = SDAG_SPLIT_PLAN,
    .shape = matmul_shape,
    .cpu = {.plan = matmul_plan, .run = matmul_run},
    .grad = matmul_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]", "f32[5,2]"}, .attr = &kinds[0]},
                                     {.in = {"f32[1,1]", "f32[1,1]"}, .attr = &kinds[1]},
                                     {.in = {"f32[3,5]", "f32[2,5]", "f32[2]"}, .attr = &kinds[1]},
                                     {.in = {"f32[5,3]", "f32[5,2]"}, .attr = &kinds[2]},
                                     {.in = {"f32[5,3]", "f32[2,5]", "f32[2]"}, .attr = &kinds[3]},
                                     {.in = {"f32[4,3,5]", "f32[5,2]", "f32[2]"}, .attr = &kinds[0]},
                                     {.in = {"f32[4,3,5]", "f32[2,5]"}, .attr = &kinds[1]},
                                     {.in = {"f32[4,5,3]", "f32[5,2]"}, .attr = &kinds[2]},
                                     {.in = {"f32[3,5]", "f32[1,1,2,5]"}, .attr = &kinds[1]},
                                     {.in = {"f32[2,3,5]", "f32[2,5,4]"}, .attr = &kinds[0]},
                                     {.in = {"f32[2,1,3,5]", "f32[3,4,5]"}, .attr = &kinds[1]},
                                     {.in = {"f32[3,5]", "f32[4,5,2]"}, .attr = &kinds[0]},
                                     {.in = {"f32[2,5,3]", "f32[2,4,5]", "f32[4]"}, .attr = &kinds[3]},
                                     {.in = {"f32[2,1,5,3]", "f32[3,5,4]"}, .attr = &kinds[2]},
                                     {.in = {"f32[311,37]", "f32[37,411]"}, .attr = &kinds[0]},
                                     {.in = {"f32[7,61,203]", "f32[223,203]", "f32[223]"}, .attr = &kinds[1]},
                                     {.in = {"f32[5003,17]", "f32[5003,31]", "f32[31]"}, .attr = &kinds[2]},
                                     {.in = {"f32[3,131,127]", "f32[3,127,119]"}, .attr = &kinds[0]},
                                     {.in = {"f32[37,33,35]", "f32[37,33,35]"}, .attr = &kinds[1]},
                                     {0}},
};

/* ---- as functions ---- */

sdag_val sdag_op_matmul(sdag_build *b, sdag_val x, sdag_val y, bool tx, bool ty, float alpha)
{
    return sdag_emit2(b, &sdag_opdef_matmul, x, y, &(sdag_attr_matmul){tx, ty, alpha});
}

sdag_val sdag_op_matmul_nt(sdag_build *b, sdag_val x, sdag_val y, float alpha)
{
    return sdag_op_matmul(b, x, y, false, true, alpha);
}

static sdag_val linear(sdag_build *b, sdag_val x, sdag_val w, sdag_val bias, bool ty)
{
    sdag_shape s = sdag_shape_at(b, x);
    sdag_val rows = s.rank == 1 ? sdag_op_reshape(b, x, SDAG_SHAPE(1, s.d[0])) : x;
    sdag_attr_matmul o = {.ty = ty, .alpha = 1};
    sdag_val y = sdag_emit(b, &sdag_opdef_matmul, bias ? 3 : 2, (sdag_val[]){rows, w, bias}, &o, NULL);
    return s.rank == 1 ? sdag_op_reshape(b, y, SDAG_SHAPE(sdag_dim(b, w, ty ? 0 : 1))) : y;
}

sdag_val sdag_op_linear(sdag_build *b, sdag_val x, sdag_val w, sdag_val bias) { return linear(b, x, w, bias, true); }

sdag_val sdag_op_linear_t(sdag_build *b, sdag_val x, sdag_val w, sdag_val bias) { return linear(b, x, w, bias, false); }
