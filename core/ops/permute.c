/* permute: the axes in another order; axis i of y is axis order[i] of x.
 * adjoint: permute g by the inverse order.
 *
 * Axes that stay neighbours are joined first. What is left either keeps its last axis (runs are copied) or is a
 * transposition of two axes, done in bands of 16 so that every cache line that is read is used whole. */
#include <string.h>

#include "core/cpu/simd.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

enum { BAND = 16, TILE = 32768 };

typedef struct moves {
    int rank;                                                        /* of what is left, at least 1 */
    int64_t n[SDAG_RANK_MAX], in[SDAG_RANK_MAX], out[SDAG_RANK_MAX]; /* sizes and distances, in the order of y */
    int inner;                                                       /* the axis that is contiguous in x */
    int64_t units, each;                                             /* units of work; elements of one */
} moves;

static moves moves_of(const sdag_shape *x, const sdag_attr_permute *o)
{
    moves m = {.rank = 0};
    int64_t apart[SDAG_RANK_MAX], d = 1;
    for (int i = x->rank - 1; i >= 0; i--) {
        apart[i] = d;
        d *= x->d[i];
    }
    for (int i = 0; i < x->rank; i++) {
        int64_t n = x->d[o->order[i]], in = apart[o->order[i]];
        if (n == 1) continue;
        if (m.rank && m.in[m.rank - 1] == n * in) { /* the axis before continues this one in x, too */
            m.n[m.rank - 1] *= n;
            m.in[m.rank - 1] = in;
            continue;
        }
        m.n[m.rank] = n;
        m.in[m.rank++] = in;
    }
    if (!m.rank) m.n[m.rank] = 1, m.in[m.rank++] = 1;
    d = 1;
    for (int i = m.rank - 1; i >= 0; i--) {
        m.out[i] = d;
        d *= m.n[i];
        if (m.in[i] == 1) m.inner = i;
    }
    int last = m.rank - 1;
    int64_t bands = m.inner == last ? 1 : (m.n[m.inner] + BAND - 1) / BAND;
    m.each = m.n[last] * (m.inner == last ? 1 : BAND);
    m.units = d > 0 ? d / m.n[last] / (m.inner == last ? 1 : m.n[m.inner]) * bands : 0;
    return m;
}

static int64_t units_of_tile(const moves *m) { return m->each < TILE ? TILE / (m->each > 0 ? m->each : 1) : 1; }

static void permute_plan(sdag_tiling *t, const sdag_args *a)
{
    moves m = moves_of(&a->in[0].shape, a->attr);
    int64_t each = units_of_tile(&m);
    t->tiles[0] = m.units > each ? (m.units + each - 1) / each : 1;
}

/* out[j + k * so] = in[j * si + k] for k below `band` and j below n, by way of a small square, so that every line of
 * memory is touched once: lines a power of two apart would drive each other out of the cache. */
SDAG_INLINE void band_move(char *out, const char *in, int64_t n, int64_t si, int64_t so, int64_t band, size_t size)
{
    char square[BAND * BAND * 4];
    for (int64_t j = 0; j < n; j += BAND) {
        int64_t rows = n - j < BAND ? n - j : BAND;
        if (rows == BAND && band == BAND) { /* sizes that the compiler knows */
            for (int64_t i = 0; i < BAND; i++)
                memcpy(square + (size_t)(i * BAND) * size, in + (size_t)((i + j) * si) * size, BAND * size);
            for (int64_t k = 0; k < BAND; k++)
                for (int64_t i = 0; i < BAND; i++)
                    memcpy(out + (size_t)(i + j + k * so) * size, square + (size_t)(i * BAND + k) * size, size);
            continue;
        }
        for (int64_t i = 0; i < rows; i++)
            memcpy(square + (size_t)(i * BAND) * size, in + (size_t)((i + j) * si) * size, (size_t)band * size);
        for (int64_t k = 0; k < band; k++)
            for (int64_t i = 0; i < rows; i++)
                memcpy(out + (size_t)(i + j + k * so) * size, square + (size_t)(i * BAND + k) * size, size);
    }
}

static void unit_move(const moves *m, int64_t unit, char *out, const char *in, size_t size)
{
    int last = m->rank - 1;
    int64_t from = 0, to = 0, band = m->n[m->inner];
    if (m->inner != last) {
        int64_t bands = (m->n[m->inner] + BAND - 1) / BAND, k = unit % bands * BAND;
        band = m->n[m->inner] - k < BAND ? m->n[m->inner] - k : BAND;
        from = k;
        to = k * m->out[m->inner];
        unit /= bands;
    }
    for (int i = last - 1; i >= 0; i--) {
        if (i == m->inner) continue;
        from += unit % m->n[i] * m->in[i];
        to += unit % m->n[i] * m->out[i];
        unit /= m->n[i];
    }
    out += (size_t)to * size;
    in += (size_t)from * size;
    if (m->inner == last) memcpy(out, in, (size_t)m->n[last] * size);
    else if (size == 4) band_move(out, in, m->n[last], m->in[last], m->out[m->inner], band, 4);
    else band_move(out, in, m->n[last], m->in[last], m->out[m->inner], band, 1);
}

static void permute_run(const sdag_args *a)
{
    moves m = moves_of(&a->in[0].shape, a->attr);
    int64_t each = units_of_tile(&m), hi = (a->tile + 1) * each < m.units ? (a->tile + 1) * each : m.units;
    size_t size = sdag_dtype_size(a->in[0].dtype);
    for (int64_t i = a->tile * each; i < hi; i++) unit_move(&m, i, a->out[0].data, a->in[0].data, size);
}

static bool permute_shape(sdag_shaping *s)
{
    const sdag_attr_permute *o = s->attr;
    unsigned seen = 0;
    s->out[0] = s->in[0];
    if (o->rank != s->in[0].shape.rank) return sdag_shape_fail(s, "the order is of %d axes", o->rank);
    for (int i = 0; i < o->rank; i++) {
        int k = o->order[i];
        if (k < 0 || k >= o->rank || seen & 1u << k) return sdag_shape_fail(s, "the order is not one of the axes");
        seen |= 1u << k;
        s->out[0].shape.d[i] = s->in[0].shape.d[k];
    }
    return true;
}

static void permute_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants,
                         sdag_val *gin)
{
    const sdag_attr_permute *p = o->attr;
    int back[SDAG_RANK_MAX];
    for (int i = 0; i < p->rank; i++) back[p->order[i]] = i;
    if (wants[0]) gin[0] = sdag_op_permute(b, gout[0], p->rank, back);
}

static const sdag_attr_permute orders[] = {{2, {1, 0}},       {3, {0, 2, 1}},       {3, {2, 1, 0}}, {4, {0, 2, 1, 3}},
                                           {4, {0, 3, 1, 2}}, {5, {4, 0, 3, 1, 2}}, {0, {0}}};

const sdag_op sdag_opdef_permute = {
    .name = "permute",
    .math = "y = x, axes reordered",
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(sdag_attr_permute),
    .split = SDAG_SPLIT_PLAN,
    .shape = permute_shape,
    .cpu = {.plan = permute_plan, .run = permute_run},
    .grad = permute_grad,
    .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}, .attr = &orders[0]},
                                     {.in = {"f32[2,19,17]"}, .attr = &orders[1]},
                                     {.in = {"f32[3,1,5]"}, .attr = &orders[2]},
                                     {.in = {"i32[7,3,2]"}, .attr = &orders[2]},
                                     {.in = {"f32[2,3,4,5]"}, .attr = &orders[3]},
                                     {.in = {"u8[2,5,7,3]"}, .attr = &orders[4]},
                                     {.in = {"f32[2,3,1,5,3]"}, .attr = &orders[5]},
                                     {.in = {"f32[]"}, .attr = &orders[6]},
                                     {.in = {"f32[211,203]"}, .attr = &orders[0]},
                                     {.in = {"f32[5,37,11,23]"}, .attr = &orders[3]},
                                     {.in = {"f32[9,37,11,13]"}, .attr = &orders[4]},
                                     {0}},
};

sdag_val sdag_op_permute(sdag_build *b, sdag_val x, int rank, const int *order)
{
    if (sdag_build_failed(b)) return 0;
    sdag_shape s = sdag_shape_at(b, x), to = s;
    sdag_attr_permute o = {.rank = rank};
    if (rank != s.rank) {
        sdag_build_fail(b, "%s: permute: an order of %d axes for rank %d", b->node_name, rank, s.rank);
        return 0;
    }
    bool moves_nothing = true; /* but axes of size 1: a view will do */
    for (int i = 0, before = -1; i < rank; i++) {
        int k = sdag_axis(&s, order[i]);
        o.order[i] = k;
        if (k < 0) return sdag_emit1(b, &sdag_opdef_permute, x, &o); /* says what is wrong */
        to.d[i] = s.d[k];
        if (s.d[k] == 1) continue;
        moves_nothing &= k > before;
        before = k;
    }
    int64_t n = 1;
    for (int i = 0; i < rank; i++) n *= to.d[i];
    if (moves_nothing && n == sdag_elems(&s)) return sdag_op_reshape(b, x, to);
    return sdag_emit1(b, &sdag_opdef_permute, x, &o);
}
