#include "nodes/loss/common.h"

#include "core/ops/ops.h"

const sdag_port sdag_compare_ins[] = {
    {"x", "f32[B,...]", "what the network makes", 0},
    {"y", "f32[B,...]", "what it should be", 0},
    {"mask", "f32[B,...]", "how much each value counts; sizes of 1 are repeated", SDAG_PORT_OPTIONAL},
    {0},
};
const sdag_port sdag_compare_outs[] = {{"loss", "f32[]", "mean over the values that count", 0}, {0}};

static void fail_shapes(sdag_build *b, const sdag_node *self, const char *who, sdag_val v, const char *than, sdag_val w)
{
    char one[SDAG_SHAPE_TEXT], two[SDAG_SHAPE_TEXT];
    sdag_shape_text(one, SDAG_DT_F32, sdag_shape_at(b, v));
    sdag_shape_text(two, SDAG_DT_F32, sdag_shape_at(b, w));
    sdag_build_fail(b, "%s: %s is %s, but %s is %s", sdag_node_name(self), who, one, than, two);
}

void sdag_compare_values(sdag_build *b, const sdag_node *self, sdag_val *x, sdag_val *y)
{
    *x = sdag_in(b, self, "x");
    *y = sdag_in(b, self, "y");
    if (b->status) return;
    sdag_shape sx = sdag_shape_at(b, *x), sy = sdag_shape_at(b, *y);
    if (sdag_shape_equal(sx, sy)) return;
    if (sdag_elems(&sx) != sdag_elems(&sy) || (sx.rank != 2 && sy.rank != 2)) fail_shapes(b, self, "x", *x, "y", *y);
    else if (sx.rank == 2) *x = sdag_op_reshape(b, *x, sy);
    else *y = sdag_op_reshape(b, *y, sx);
}

/* f32[]: the sum of the mask, repeated to the shape of d; at least a number that can be divided by. */
static sdag_val weight_of(sdag_build *b, sdag_val mask, sdag_shape d)
{
    sdag_shape m = sdag_shape_at(b, mask);
    float times = (float)((double)sdag_elems(&d) / (double)sdag_elems(&m));
    return sdag_op_clamp(b, sdag_op_affine(b, sdag_op_sum_all(b, mask), times, 0), 1e-12f, 3e38f);
}

void sdag_compare_out(sdag_build *b, const sdag_node *self, sdag_val d, bool sum)
{
    sdag_val mask = sdag_in(b, self, "mask"), loss;
    if (b->status) return;
    sdag_shape s = sdag_shape_at(b, d), m = sdag_shape_at(b, mask);
    bool fits = !mask || m.rank == s.rank;
    for (int i = 0; mask && fits && i < s.rank; i++) fits = m.d[i] == s.d[i] || m.d[i] == 1;
    if (!fits) {
        fail_shapes(b, self, "mask", mask, "what it hides", d);
        return;
    }
    if (mask) d = sdag_op_mul(b, d, mask);
    if (sum) loss = sdag_op_affine(b, sdag_op_sum_all(b, d), 1.0f / (float)s.d[0], 0);
    else if (mask) loss = sdag_op_div(b, sdag_op_sum_all(b, d), weight_of(b, mask, s));
    else loss = sdag_op_mean_all(b, d);
    sdag_out(b, self, "loss", loss);
}

/* ---- views */

static void check_shapes(sdag_build *b, const sdag_node *self, const char *port)
{
    for (int i = 1, n = sdag_in_views(b, self, port); i < n && !b->status; i++) {
        sdag_val first = sdag_in_view(b, self, port, 0), v = sdag_in_view(b, self, port, i);
        if (!b->status && !sdag_shape_equal(sdag_shape_at(b, first), sdag_shape_at(b, v)))
            fail_shapes(b, self, "the first view", first, "another one", v);
    }
}

void sdag_loss_two_views(sdag_build *b, const sdag_node *self, const char *port, const char *who)
{
    int n = sdag_in_views(b, self, port);
    if (n != 2 && !b->status)
        sdag_build_fail(b, "%s: %s compares two views, but '%s' carries %d", sdag_node_name(self), who, port, n);
    check_shapes(b, self, port);
}

const char *const sdag_pairs_choices[] = {"crossed", "same", NULL};

int sdag_loss_pairs(sdag_build *b, const sdag_node *self, const char *one, const char *other, int pairs)
{
    int n = sdag_in_views(b, self, one), m = sdag_in_views(b, self, other);
    if (b->status) return 0;
    if (n != m || n > SDAG_IN_MAX)
        sdag_build_fail(b, "%s: '%s' carries %d view%s, but '%s' carries %d; they need as many, at most %d",
                        sdag_node_name(self), one, n, n == 1 ? "" : "s", other, m, SDAG_IN_MAX);
    else if (pairs == SDAG_PAIRS_CROSSED && n > 2)
        sdag_build_fail(b, "%s: crossed pairs are made of two views, but '%s' carries %d", sdag_node_name(self), one,
                        n);
    check_shapes(b, self, one);
    check_shapes(b, self, other);
    return b->status ? 0 : n;
}

int sdag_loss_partner(int i, int n, int pairs) { return pairs == SDAG_PAIRS_CROSSED ? n - 1 - i : i; }
