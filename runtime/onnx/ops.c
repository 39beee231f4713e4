/* The table of operations: what each becomes in ONNX, one row an op. */
#include <string.h>

#include "core/ops/attr.h"
#include "runtime/onnx/emit.h"

/* ---- element by element: in whichever layout the argument is ---- */

/* The argument, and whether it is channels-first. */
static const char *take(sdag_onnx *x, const sdag_program_op *o, bool *planes)
{
    *planes = sdag_onnx_has_planes(x, o->in[0]);
    return *planes ? sdag_onnx_planes(x, o->in[0]) : sdag_onnx_in(x, o, 0);
}

static void give(sdag_onnx *x, const sdag_program_op *o, bool planes, const char *name)
{
    if (planes) sdag_onnx_set_planes(x, o->out[0], name);
    else sdag_onnx_set(x, o->out[0], name);
}

static void map1(sdag_onnx *x, const sdag_program_op *o, const char *type)
{
    bool planes;
    const char *in = take(x, o, &planes);
    give(x, o, planes, sdag_onnx_node(x->m, type, in, NULL));
}

static void relu(sdag_onnx *x, const sdag_program_op *o) { map1(x, o, "Relu"); }
static void tanh_(sdag_onnx *x, const sdag_program_op *o) { map1(x, o, "Tanh"); }
static void sigmoid(sdag_onnx *x, const sdag_program_op *o) { map1(x, o, "Sigmoid"); }
static void exp_(sdag_onnx *x, const sdag_program_op *o) { map1(x, o, "Exp"); }
static void log_(sdag_onnx *x, const sdag_program_op *o) { map1(x, o, "Log"); }
static void sqrt_(sdag_onnx *x, const sdag_program_op *o) { map1(x, o, "Sqrt"); }
static void abs_(sdag_onnx *x, const sdag_program_op *o) { map1(x, o, "Abs"); }
static void same(sdag_onnx *x, const sdag_program_op *o) { map1(x, o, "Identity"); }

static void square(sdag_onnx *x, const sdag_program_op *o)
{
    bool planes;
    const char *in = take(x, o, &planes);
    give(x, o, planes, sdag_onnx_node(x->m, "Mul", in, in, NULL));
}

static const char *times(sdag_onnx *x, const char *in, float v)
{
    return v == 1 ? in : sdag_onnx_node(x->m, "Mul", in, sdag_onnx_number(x->m, v), NULL);
}

static const char *plus(sdag_onnx *x, const char *in, float v)
{
    return v == 0 ? in : sdag_onnx_node(x->m, "Add", in, sdag_onnx_number(x->m, v), NULL);
}

/* x/2 (1 + erf(x / sqrt 2)), or x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
static void gelu(sdag_onnx *x, const sdag_program_op *o)
{
    bool planes;
    const char *in = take(x, o, &planes), *inner;
    if (((const sdag_attr_gelu *)o->attr)->tanh_form) {
        inner = sdag_onnx_node(x->m, "Mul", in, sdag_onnx_node(x->m, "Mul", in, in, NULL), NULL);
        inner = sdag_onnx_node(x->m, "Add", in, times(x, inner, 0.044715f), NULL);
        inner = sdag_onnx_node(x->m, "Tanh", times(x, inner, 0.79788456f), NULL);
    } else {
        inner = sdag_onnx_node(x->m, "Erf", times(x, in, 0.70710678f), NULL);
    }
    give(x, o, planes, sdag_onnx_node(x->m, "Mul", times(x, in, 0.5f), plus(x, inner, 1), NULL));
}

static void softplus(sdag_onnx *x, const sdag_program_op *o) { map1(x, o, "Softplus"); }

static void power(sdag_onnx *x, const sdag_program_op *o)
{
    bool planes;
    const char *in = take(x, o, &planes);
    const float p = ((const sdag_attr_value *)o->attr)->value;
    give(x, o, planes, sdag_onnx_node(x->m, "Pow", in, sdag_onnx_number(x->m, p), NULL));
}

static void clamp(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_clamp *c = o->attr;
    bool planes;
    const char *in = take(x, o, &planes);
    give(x, o, planes,
         sdag_onnx_node(x->m, "Clip", in, sdag_onnx_number(x->m, c->lo), sdag_onnx_number(x->m, c->hi), NULL));
}

static void affine(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_affine *c = o->attr;
    bool planes;
    const char *in = take(x, o, &planes);
    in = plus(x, times(x, in, c->scale), c->shift);
    give(x, o, planes, c->scale == 1 && c->shift == 0 ? sdag_onnx_node(x->m, "Identity", in, NULL) : in);
}

static const char *cast(sdag_onnx *x, const char *in, sdag_onnx_dtype to)
{
    const char *out = sdag_onnx_node(x->m, "Cast", in, NULL);
    sdag_onnx_int(x->m, "to", to);
    return out;
}

static void to_f32(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_affine *c = o->attr;
    const char *in = cast(x, sdag_onnx_in(x, o, 0), SDAG_ONNX_F32);
    sdag_onnx_set(x, o->out[0], plus(x, times(x, in, c->scale), c->shift));
}

/* ---- two arguments ---- */

static void map2(sdag_onnx *x, const sdag_program_op *o, const char *type)
{
    const sdag_shape *a = sdag_onnx_shape(x, o->in[0]), *b = sdag_onnx_shape(x, o->in[1]);
    bool planes = sdag_shape_equal(*a, *b) && (sdag_onnx_has_planes(x, o->in[0]) || sdag_onnx_has_planes(x, o->in[1]));
    if (planes)
        sdag_onnx_set_planes(
            x, o->out[0],
            sdag_onnx_node(x->m, type, sdag_onnx_planes(x, o->in[0]), sdag_onnx_planes(x, o->in[1]), NULL));
    else sdag_onnx_set(x, o->out[0], sdag_onnx_node(x->m, type, sdag_onnx_in(x, o, 0), sdag_onnx_in(x, o, 1), NULL));
}

static void add(sdag_onnx *x, const sdag_program_op *o) { map2(x, o, "Add"); }
static void sub(sdag_onnx *x, const sdag_program_op *o) { map2(x, o, "Sub"); }
static void mul(sdag_onnx *x, const sdag_program_op *o) { map2(x, o, "Mul"); }
static void div_(sdag_onnx *x, const sdag_program_op *o) { map2(x, o, "Div"); }

static void compare(sdag_onnx *x, const sdag_program_op *o, const char *type)
{
    const char *yes = sdag_onnx_node(x->m, type, sdag_onnx_in(x, o, 0), sdag_onnx_in(x, o, 1), NULL);
    sdag_onnx_set(x, o->out[0], cast(x, yes, SDAG_ONNX_F32));
}

static void less(sdag_onnx *x, const sdag_program_op *o) { compare(x, o, "Less"); }
static void equal(sdag_onnx *x, const sdag_program_op *o) { compare(x, o, "Equal"); }

static void where(sdag_onnx *x, const sdag_program_op *o)
{
    const char *yes = cast(x, sdag_onnx_in(x, o, 0), SDAG_ONNX_BOOL);
    sdag_onnx_set(x, o->out[0], sdag_onnx_node(x->m, "Where", yes, sdag_onnx_in(x, o, 1), sdag_onnx_in(x, o, 2), NULL));
}

/* ---- reductions ---- */

static void axes_of(const sdag_attr_reduce *r, int64_t axes[SDAG_RANK_MAX])
{
    for (int i = 0; i < r->n; i++) axes[i] = r->axis + i;
}

static const char *reduce_to(sdag_onnx *x, const char *type, const char *in, const sdag_attr_reduce *r, bool keep)
{
    int64_t axes[SDAG_RANK_MAX];
    axes_of(r, axes);
    const char *out;
    if (!strcmp(type, "ReduceSum")) { /* the one whose axes are an argument in this operator set */
        out = sdag_onnx_node(x->m, type, in, sdag_onnx_list(x->m, r->n, axes), NULL);
    } else {
        out = sdag_onnx_node(x->m, type, in, NULL);
        sdag_onnx_ints(x->m, "axes", r->n, axes);
    }
    sdag_onnx_int(x->m, "keepdims", keep);
    return out;
}

static void reduce(sdag_onnx *x, const sdag_program_op *o, const char *type)
{
    const sdag_attr_reduce *r = o->attr;
    sdag_onnx_set(x, o->out[0], reduce_to(x, type, sdag_onnx_in(x, o, 0), r, r->keep));
}

static void sum(sdag_onnx *x, const sdag_program_op *o) { reduce(x, o, "ReduceSum"); }
static void logsumexp(sdag_onnx *x, const sdag_program_op *o) { reduce(x, o, "ReduceLogSumExp"); }

static void max(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_reduce *r = o->attr;
    const char *in = sdag_onnx_in(x, o, 0);
    reduce(x, o, "ReduceMax");
    if (o->n_out < 2) return;
    const char *at = sdag_onnx_node(x->m, "ArgMax", in, NULL);
    sdag_onnx_int(x->m, "axis", r->axis);
    sdag_onnx_int(x->m, "keepdims", r->keep);
    sdag_onnx_set(x, o->out[1], cast(x, at, SDAG_ONNX_I32));
}

/* Over height and width of an image that is channels-first: where it is. */
static void mean(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_reduce *r = o->attr;
    if (r->axis != 1 || r->n != 2 || !sdag_onnx_has_planes(x, o->in[0])) {
        reduce(x, o, "ReduceMean");
        return;
    }
    sdag_attr_reduce planes = {.axis = 2, .n = 2};
    const char *y = reduce_to(x, "ReduceMean", sdag_onnx_planes(x, o->in[0]), &planes, false);
    const char *sizes = r->keep ? sdag_onnx_sizes(x, o->out[0]) : NULL; /* f32[N,C] as f32[N,1,1,C] */
    sdag_onnx_set(x, o->out[0], sizes ? sdag_onnx_node(x->m, "Reshape", y, sizes, NULL) : y);
}

static void var(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_reduce *r = o->attr;
    const sdag_shape *s = sdag_onnx_shape(x, o->in[0]);
    const char *in = sdag_onnx_in(x, o, 0);
    const char *d = sdag_onnx_node(x->m, "Sub", in, reduce_to(x, "ReduceMean", in, r, true), NULL);
    d = reduce_to(x, "ReduceMean", sdag_onnx_node(x->m, "Mul", d, d, NULL), r, r->keep);
    double n = 1;
    for (int i = 0; i < r->n; i++) n *= (double)s->d[r->axis + i];
    sdag_onnx_set(x, o->out[0], r->unbiased ? times(x, d, (float)(n / (n - 1))) : d);
}

/* ---- products ---- */

static const char *swap_last(sdag_onnx *x, const char *in, int rank)
{
    int64_t perm[SDAG_RANK_MAX];
    for (int i = 0; i < rank; i++) perm[i] = i;
    perm[rank - 1] = rank - 2;
    perm[rank - 2] = rank - 1;
    const char *out = sdag_onnx_node(x->m, "Transpose", in, NULL);
    sdag_onnx_ints(x->m, "perm", rank, perm);
    return out;
}

static void matmul(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_matmul *t = o->attr;
    const int rx = sdag_onnx_shape(x, o->in[0])->rank, ry = sdag_onnx_shape(x, o->in[1])->rank;
    const char *a = sdag_onnx_in(x, o, 0), *b = sdag_onnx_in(x, o, 1), *c = o->n_in > 2 ? sdag_onnx_in(x, o, 2) : "";
    if (rx == 2 && ry == 2) {
        const char *y = sdag_onnx_node(x->m, "Gemm", a, b, c, NULL);
        sdag_onnx_f32(x->m, "alpha", t->alpha);
        sdag_onnx_int(x->m, "transA", t->tx);
        sdag_onnx_int(x->m, "transB", t->ty);
        sdag_onnx_set(x, o->out[0], y);
        return;
    }
    if (t->tx) a = swap_last(x, a, rx);
    if (t->ty) b = swap_last(x, b, ry);
    const char *y = times(x, sdag_onnx_node(x->m, "MatMul", a, b, NULL), t->alpha);
    sdag_onnx_set(x, o->out[0], *c ? sdag_onnx_node(x->m, "Add", y, c, NULL) : y);
}

/* ---- probabilities ---- */

static void last_axis(sdag_onnx *x, const sdag_program_op *o, const char *type)
{
    const char *y = sdag_onnx_node(x->m, type, sdag_onnx_in(x, o, 0), NULL);
    sdag_onnx_int(x->m, "axis", -1);
    sdag_onnx_set(x, o->out[0], y);
}

static void softmax(sdag_onnx *x, const sdag_program_op *o) { last_axis(x, o, "Softmax"); }
static void log_softmax(sdag_onnx *x, const sdag_program_op *o) { last_axis(x, o, "LogSoftmax"); }

static void l2norm(sdag_onnx *x, const sdag_program_op *o)
{
    const char *in = sdag_onnx_in(x, o, 0), *n = sdag_onnx_node(x->m, "ReduceL2", in, NULL);
    sdag_onnx_ints(x->m, "axes", 1, (int64_t[]){-1});
    sdag_onnx_int(x->m, "keepdims", 1);
    n = sdag_onnx_node(x->m, "Max", n, sdag_onnx_number(x->m, ((const sdag_attr_eps *)o->attr)->eps), NULL);
    sdag_onnx_set(x, o->out[0], sdag_onnx_node(x->m, "Div", in, n, NULL));
}

/* ---- moving and choosing ---- */

static void concat(sdag_onnx *x, const sdag_program_op *o)
{
    const char *y = sdag_onnx_in(x, o, 0);
    for (int i = 1; i < o->n_in; i++) { /* two at a time: a node has no list of names here */
        y = sdag_onnx_node(x->m, "Concat", y, sdag_onnx_in(x, o, i), NULL);
        sdag_onnx_int(x->m, "axis", ((const sdag_attr_axis *)o->attr)->axis);
    }
    sdag_onnx_set(x, o->out[0], y);
}

static void slice(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_slice *s = o->attr;
    int64_t times_batch;
    if (sdag_onnx_dim(x, o->in[0], (int)s->axis, &times_batch) < 0) {
        x->why = "it cuts the batch";
        return;
    }
    sdag_onnx_set(x, o->out[0],
                  sdag_onnx_node(x->m, "Slice", sdag_onnx_in(x, o, 0), sdag_onnx_list(x->m, 1, &s->from),
                                 sdag_onnx_list(x->m, 1, &s->to), sdag_onnx_list(x->m, 1, &s->axis), NULL));
}

static void pad(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_pad *s = o->attr;
    const int rank = sdag_onnx_shape(x, o->in[0])->rank;
    int64_t pads[2 * SDAG_RANK_MAX] = {0};
    pads[s->axis] = s->before;
    pads[rank + s->axis] = s->after;
    sdag_onnx_set(x, o->out[0],
                  sdag_onnx_node(x->m, "Pad", sdag_onnx_in(x, o, 0), sdag_onnx_list(x->m, 2 * rank, pads), NULL));
}

static void reshape(sdag_onnx *x, const sdag_program_op *o)
{
    const char *sizes = sdag_onnx_sizes(x, o->out[0]);
    if (sizes) sdag_onnx_set(x, o->out[0], sdag_onnx_node(x->m, "Reshape", sdag_onnx_in(x, o, 0), sizes, NULL));
}

static void permute(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_permute *s = o->attr;
    int64_t perm[SDAG_RANK_MAX];
    for (int i = 0; i < s->rank; i++) perm[i] = s->order[i];
    const char *y = sdag_onnx_node(x->m, "Transpose", sdag_onnx_in(x, o, 0), NULL);
    sdag_onnx_ints(x->m, "perm", s->rank, perm);
    sdag_onnx_set(x, o->out[0], y);
}

/* The sizes, with that of the batch read from the model's input. */
static void expand(sdag_onnx *x, const sdag_program_op *o)
{
    const sdag_attr_expand *s = o->attr;
    const char *sizes = NULL;
    for (int i = 0; i < s->to.rank; i++) {
        int64_t k, d = sdag_onnx_dim(x, o->out[0], i, &k);
        const char *one = sdag_onnx_list(x->m, 1, d < 0 ? &k : &d);
        if (d < 0) {
            const char *all = sdag_onnx_node(x->m, "Shape", x->input, NULL);
            const int64_t zero = 0, next = 1;
            all = sdag_onnx_node(x->m, "Slice", all, sdag_onnx_list(x->m, 1, &zero), sdag_onnx_list(x->m, 1, &next),
                                 NULL);
            one = k == 1 ? all : sdag_onnx_node(x->m, "Mul", all, one, NULL);
        }
        if (sizes) {
            sizes = sdag_onnx_node(x->m, "Concat", sizes, one, NULL);
            sdag_onnx_int(x->m, "axis", 0);
        } else {
            sizes = one;
        }
    }
    const char *y = sdag_onnx_in(x, o, 0);
    if (sizes) y = sdag_onnx_node(x->m, "Expand", y, sizes, NULL);
    sdag_onnx_set(x, o->out[0], times(x, y, s->scale));
}

static void gather(sdag_onnx *x, const sdag_program_op *o)
{
    const char *y = sdag_onnx_node(x->m, "Gather", sdag_onnx_in(x, o, 0), sdag_onnx_in(x, o, 1), NULL);
    sdag_onnx_int(x->m, "axis", 0);
    sdag_onnx_set(x, o->out[0], y);
}

static void take_tokens(sdag_onnx *x, const sdag_program_op *o)
{
    const int64_t last = -1;
    const char *at = cast(x, sdag_onnx_in(x, o, 1), SDAG_ONNX_I64);
    at = sdag_onnx_node(x->m, "Unsqueeze", at, sdag_onnx_list(x->m, 1, &last), NULL);
    const char *y = sdag_onnx_node(x->m, "GatherND", sdag_onnx_in(x, o, 0), at, NULL);
    sdag_onnx_int(x->m, "batch_dims", 1);
    sdag_onnx_set(x, o->out[0], y);
}

/* ---- the table ---- */

#define TRAINING "it belongs to training"
#define LOSS "it belongs to a loss"
#define DATA "it belongs to the data"
#define PSEUDO "it makes pseudo-labels"
#define RANDOM "it draws random numbers"

/* clang-format off */
const sdag_onnx_row sdag_onnx_rows[] = {
    {"relu", relu, NULL},
    {"gelu", gelu, NULL},
    {"tanh", tanh_, NULL},
    {"sigmoid", sigmoid, NULL},
    {"exp", exp_, NULL},
    {"log", log_, NULL},
    {"sqrt", sqrt_, NULL},
    {"abs", abs_, NULL},
    {"square", square, NULL},
    {"power", power, NULL},
    {"softplus", softplus, NULL},
    {"clamp", clamp, NULL},
    {"affine", affine, NULL},
    {"stop_grad", same, NULL},
    {"to_f32", to_f32, NULL},
    {"add", add, NULL},
    {"sub", sub, NULL},
    {"mul", mul, NULL},
    {"div", div_, NULL},
    {"less", less, NULL},
    {"equal", equal, NULL},
    {"where", where, NULL},
    {"expand", expand, NULL},
    {"sum", sum, NULL},
    {"mean", mean, NULL},
    {"max", max, NULL},
    {"var", var, NULL},
    {"logsumexp", logsumexp, NULL},
    {"matmul", matmul, NULL},
    {"conv2d", sdag_onnx_conv2d, NULL},
    {"max_pool", sdag_onnx_max_pool, NULL},
    {"avg_pool", sdag_onnx_avg_pool, NULL},
    {"upsample", sdag_onnx_upsample, NULL},
    {"norm_apply", sdag_onnx_norm_apply, NULL},
    {"layer_norm", sdag_onnx_layer_norm, NULL},
    {"l2norm", l2norm, NULL},
    {"softmax", softmax, NULL},
    {"log_softmax", log_softmax, NULL},
    {"attention", sdag_onnx_attention, NULL},
    {"lengths", sdag_onnx_lengths, NULL},
    {"concat", concat, NULL},
    {"slice", slice, NULL},
    {"slice_view", slice, NULL}, /* a slice that moves nothing */
    {"pad", pad, NULL},
    {"reshape", reshape, NULL},
    {"permute", permute, NULL},
    {"gather", gather, NULL},
    {"take", take_tokens, NULL},
    {"augment", sdag_onnx_augment, NULL},
    {"decode", NULL, DATA},
    {"read_tokens", NULL, DATA},
    {"quarter_turns", NULL, PSEUDO},
    {"fill_holes", NULL, PSEUDO},
    {"mask_tokens", NULL, PSEUDO},
    {"replace", NULL, PSEUDO},
    {"nearest", NULL, PSEUDO},
    {"put", NULL, "it puts visible patches beside hidden ones"},
    {"rgb_to_lab", sdag_onnx_rgb_to_lab, NULL},
    {"lab_to_rgb", sdag_onnx_lab_to_rgb, NULL},
    {"random", NULL, RANDOM},
    {"random_index", NULL, RANDOM},
    {"random_subset", NULL, RANDOM},
    {"random_box", NULL, RANDOM},
    {"dropout", NULL, RANDOM},
    {"diagonal", NULL, LOSS},
    {"mask_diag", NULL, LOSS},
    {"eye_distance", NULL, LOSS},
    {"softmax_xent", NULL, LOSS},
    {"softmax_xent_soft", NULL, LOSS},
    {"sigmoid_xent", NULL, LOSS},
    {"count_not", NULL, LOSS},
    {"sum_to", NULL, TRAINING},
    {"batch_norm", NULL, TRAINING},
    {"running", NULL, TRAINING},
    {"count", NULL, TRAINING},
    {"scatter_add", NULL, TRAINING},
    {"sgd", NULL, TRAINING},
    {"sgd_plain", NULL, TRAINING},
    {"adamw", NULL, TRAINING},
    {"lars", NULL, TRAINING},
    {"ema", NULL, TRAINING},
    {"enqueue", NULL, TRAINING},
    {"clip_norm", NULL, TRAINING},
    {"clip_scale", NULL, TRAINING},
};
/* clang-format on */
const int sdag_onnx_rows_n = sizeof sdag_onnx_rows / sizeof *sdag_onnx_rows;

const sdag_onnx_row *sdag_onnx_find(const char *op)
{
    for (int i = 0; i < sdag_onnx_rows_n; i++)
        if (!strcmp(sdag_onnx_rows[i].op, op)) return &sdag_onnx_rows[i];
    return NULL;
}
