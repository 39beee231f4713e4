/* Naive double versions: element-wise functions, reductions, products, moving and choosing. */
#include "tests/ops/reference.h"

#include <math.h>
#include <string.h>

#include "core/ops/attr.h"

static int64_t count(const sdag_ref_tensor *t) { return sdag_elems(&t->shape); }

/* ---- one argument ---- */

#define EACH(name, let, formula)                           \
    static void name(const sdag_ref *r)                    \
    {                                                      \
        let                                                \
        for (int64_t i = 0; i < count(&r->out[0]); i++) {  \
            const double x = r->in[0].at[i];               \
            r->out[0].at[i] = (formula);                   \
        }                                                  \
    }

static double gelu(double x, bool tanh_form)
{
    if (!tanh_form) return x * 0.5 * erfc(-x / sqrt(2));
    return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

#define AFFINE const sdag_attr_affine *o = r->attr;
#define CLAMP const sdag_attr_clamp *o = r->attr; const double lo = (double)o->lo, hi = (double)o->hi;
EACH(ref_relu, , x < 0 ? 0 : x)
EACH(ref_gelu, const bool form = ((const sdag_attr_gelu *)r->attr)->tanh_form;, gelu(x, form))
EACH(ref_tanh, , tanh(x))
EACH(ref_sigmoid, , 1 / (1 + exp(-x)))
EACH(ref_exp, , exp(x))
EACH(ref_log, , log(x))
EACH(ref_sqrt, , sqrt(x))
EACH(ref_abs, , fabs(x))
EACH(ref_square, , x * x)
EACH(ref_clamp, CLAMP, x < lo ? lo : x > hi ? hi : x)
EACH(ref_affine, AFFINE, (double)o->scale * x + (double)o->shift)
EACH(ref_copy, , x)

const sdag_reference sdag_reference_math[] = {
    {"relu", ref_relu, 0}, {"gelu", ref_gelu, 0}, {"tanh", ref_tanh, 0}, {"sigmoid", ref_sigmoid, 0},
    {"exp", ref_exp, 0}, {"log", ref_log, 0}, {"sqrt", ref_sqrt, 0}, {"abs", ref_abs, 0}, {"square", ref_square, 0},
    {"clamp", ref_clamp, 0}, {"affine", ref_affine, 0}, {"to_f32", ref_affine, 0}, {"stop_grad", ref_copy, 0},
    {0},
};
