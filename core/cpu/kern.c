/* The three builds of kern_body.h and the choice among them.
 *
 * Register blocks: 14 x 2 vectors fill the 32 registers of AVX-512, 6 x 2 the 16 of AVX2 and of the baseline. */
#include "core/cpu/kern.h"

#include <string.h>

/* Blocks live in registers only when every loop over them is unrolled, whatever the compiler thinks of it. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Winograd's points. With 0, +-1, +-2, the usual ones, errors are four times as large (measured). On the choice see
 * Barabasz et al. 2020, "Error analysis and improving the accuracy of Winograd convolution for deep neural networks".
 */
#define POINT_A 0.70710678118654752440f
#define POINT_B 1.41421356237309504880f

enum {
    KERN_KC = 512,   /* at 14 rows, 28 KiB of the left factor; half of it where whole lines are read for 14 columns */
    KERN_WIDE = 128, /* columns from which a block of rows meets all columns before the next, and pays a copy */
    KERN_AHEAD = 32, /* rows of a panel that are asked for in advance: deep layers' weights come from the third cache */
};

#if defined(__x86_64__)
#define KERN(name) name##_avx512
#define KERN_TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")))
#define KERN_VL 16
#define KERN_MR 14
#define KERN_LABEL "avx512"
#include "core/cpu/kern_body.h"

#define KERN(name) name##_avx2
#define KERN_TARGET __attribute__((target("avx2,fma")))
#define KERN_VL 8
#define KERN_MR 6
#define KERN_LABEL "avx2"
#include "core/cpu/kern_body.h"
#endif

#define KERN(name) name##_base
#define KERN_TARGET
#define KERN_VL 4
#define KERN_MR 6
#define KERN_LABEL "baseline"
#include "core/cpu/kern_body.h"

const sdag_kern *sdag_kern_at(int i)
{
#if defined(__x86_64__)
    if (i == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return &table_avx512;
    if (i == 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &table_avx2;
#endif
    return i == 0 ? &table_base : NULL;
}

#ifndef SDAG_KERN_MAX
#define SDAG_KERN_MAX 2 /* a smaller number builds for tests of the lesser sets on a machine that has more */
#endif

const sdag_kern *sdag_kern_best(void)
{
    for (int i = SDAG_KERN_MAX; i > 0; i--)
        if (sdag_kern_at(i)) return sdag_kern_at(i);
    return &table_base;
}
