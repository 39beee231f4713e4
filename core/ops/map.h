/* Element-wise kernels from a formula: each macro makes the hot loop and the run function `name` of a descriptor whose
 * split is SDAG_SPLIT_ELEMS.
 *
 *   SDAG_MAP1(relu_run, , u < 0 ? 0 : u)                    out = f(u),       u = in[0]
 *   SDAG_MAP2(relu_grad_run, , u > 0 ? v : 0)               out = f(u, v),    v = in[1]
 *   SDAG_MAP3(where_run, , u != 0 ? v : w)                  out = f(u, v, w), w = in[2]
 *
 * The second argument declares what the formula needs of the attributes (`attr`): const float s = ...; All tensors are
 * f32 of one shape; the result may be in the memory of any argument. A float alone stands in every formula, so that NaN
 * goes through: write comparisons such that NaN takes the branch that keeps it. */
#ifndef SDAG_OPS_MAP_H
#define SDAG_OPS_MAP_H

#include "core/cpu/simd.h"
#include "core/ops/op.h"

#define SDAG_MAP_PART(t) (SDAG_DATA_F32(t) + a->lo)

#define SDAG_MAP1(name, let, formula)                                                            \
    SDAG_CLONES static void name##_loop(float *out, const float *x, int64_t n, const void *attr) \
    {                                                                                            \
        (void)attr;                                                                              \
        let SDAG_SIMD for (int64_t i = 0; i < n; i++)                                            \
        {                                                                                        \
            const float u = x[i];                                                                \
            out[i] = (formula);                                                                  \
        }                                                                                        \
    }                                                                                            \
    static void name(const sdag_args *a)                                                         \
    {                                                                                            \
        name##_loop(SDAG_MAP_PART(a->out[0]), SDAG_MAP_PART(a->in[0]), a->hi - a->lo, a->attr);  \
    }

#define SDAG_MAP2(name, let, formula)                                                                            \
    SDAG_CLONES static void name##_loop(float *out, const float *x, const float *y, int64_t n, const void *attr) \
    {                                                                                                            \
        (void)attr;                                                                                              \
        let SDAG_SIMD for (int64_t i = 0; i < n; i++)                                                            \
        {                                                                                                        \
            const float u = x[i], v = y[i];                                                                      \
            out[i] = (formula);                                                                                  \
        }                                                                                                        \
    }                                                                                                            \
    static void name(const sdag_args *a)                                                                         \
    {                                                                                                            \
        name##_loop(SDAG_MAP_PART(a->out[0]), SDAG_MAP_PART(a->in[0]), SDAG_MAP_PART(a->in[1]), a->hi - a->lo,   \
                    a->attr);                                                                                    \
    }

#define SDAG_MAP3(name, let, formula)                                                                          \
    SDAG_CLONES static void name##_loop(float *out, const float *x, const float *y, const float *z, int64_t n, \
                                        const void *attr)                                                      \
    {                                                                                                          \
        (void)attr;                                                                                            \
        let SDAG_SIMD for (int64_t i = 0; i < n; i++)                                                          \
        {                                                                                                      \
            const float u = x[i], v = y[i], w = z[i];                                                          \
            out[i] = (formula);                                                                                \
        }                                                                                                      \
    }                                                                                                          \
    static void name(const sdag_args *a)                                                                       \
    {                                                                                                          \
        name##_loop(SDAG_MAP_PART(a->out[0]), SDAG_MAP_PART(a->in[0]), SDAG_MAP_PART(a->in[1]),                \
                    SDAG_MAP_PART(a->in[2]), a->hi - a->lo, a->attr);                                          \
    }

#endif
