/* quarter_turns: square images turned by multiples of 90 degrees, counter-clockwise.
 *   y_j = x_{j / r} turned k_j times,   x [B,H,H,C], k i32[r B] in 0..3 -> [r B,H,H,C] of x's type
 * One turn is y[p][q] = x[q][H-1-p] (numpy.rot90). r is 1, or each image is given r times in a row. Tiles are images.
 * A k outside 0..3 fails the step. No gradient: it is for data. */
#include <string.h>

#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

/* Where pixel (0,0) of the result comes from, in sides of x (row, column), and how far a step down and a step right go.
 */
static const struct {
    int row, column, down[2], right[2];
} walks[] = {{0, 0, {1, 0}, {0, 1}}, {0, 1, {0, -1}, {1, 0}}, {1, 1, {-1, 0}, {0, -1}}, {1, 0, {0, 1}, {-1, 0}}};

static void turn(char *y, const char *x, int32_t k, int64_t n, size_t pixel)
{
    const int64_t from = (walks[k].row * n + walks[k].column) * (n - 1);
    const int64_t down = walks[k].down[0] * n + walks[k].down[1], right = walks[k].right[0] * n + walks[k].right[1];
    for (int64_t p = 0; p < n; p++)
        for (int64_t q = 0; q < n; q++, y += pixel) memcpy(y, x + (size_t)(from + p * down + q * right) * pixel, pixel);
}

static void turns_run(const sdag_args *a)
{
    const int64_t n = a->in[0].shape.d[1], c = a->in[0].shape.d[3], b = a->in[0].shape.d[0];
    const int64_t times = b ? a->out[0].shape.d[0] / b : 1;
    const size_t pixel = (size_t)c * sdag_dtype_size(a->in[0].dtype), image = (size_t)(n * n) * pixel;
    for (int64_t j = a->lo; j < a->hi; j++) {
        const int32_t k = SDAG_DATA_I32(a->in[1])[j];
        if (k < 0 || k > 3) {
            sdag_op_fail(a, SDAG_IO, "%d quarter turns are outside 0..3", (int)k);
            return;
        }
        turn((char *)a->out[0].data + (size_t)j * image, (const char *)a->in[0].data + (size_t)(j / times) * image, k,
             n, pixel);
    }
}

static bool turns_shape(sdag_shaping *s)
{
    const sdag_shape *x = &s->in[0].shape, *k = &s->in[1].shape;
    if (!sdag_rule_dtype(s, 1, SDAG_DT_I32)) return false;
    if (x->rank != 4 || x->d[1] != x->d[2])
        return sdag_shape_fail(s, "only square images [B,H,H,C] can be turned by 90 degrees");
    if (k->rank != 1 || (x->d[0] ? k->d[0] % x->d[0] != 0 || !k->d[0] : k->d[0] != 0))
        return sdag_shape_fail(s, "the turns must be one axis, as many for each image");
    s->out[0] = s->in[0];
    s->out[0].shape.d[0] = k->d[0];
    return true;
}

const sdag_op sdag_opdef_quarter_turns = {
    .name = "quarter_turns",
    .math = "y_j = x_{j/r} turned by k_j 90 degrees",
    .n_in = 2,
    .n_out = 1,
    .flags = SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_FIRST,
    .shape = turns_shape,
    .cpu = {.run = turns_run},
    .check = (const sdag_op_check[]){{.in = {"f32[3,5,5,2]", "i32[12]<4"}},
                                     {.in = {"u8[4,4,4,3]", "i32[4]<4"}},
                                     {.in = {"f32[2,1,1,1]", "i32[4]<4"}},
                                     {.in = {"f32[7,61,61,3]", "i32[14]<4"}},
                                     {0}},
};

sdag_val sdag_op_quarter_turns(sdag_build *b, sdag_val x, sdag_val turns)
{
    return sdag_emit2(b, &sdag_opdef_quarter_turns, x, turns, NULL);
}
