/* exp, log, tanh, sigmoid and the normal distribution in float, without branches or tables, so that loops over them
 * become vector code.
 *
 *   SDAG_SIMD for (int64_t i = 0; i < n; i++) y[i] = sdag_expf(x[i]);
 *
 * Errors against double, largest over all floats tested (tests/unit/core/cpu/test_mathf.c holds them to these):
 *   sdag_expf 1 ulp, also where the result is subnormal; sdag_logf 1 ulp; sdag_tanhf 1.5 ulp; sdag_sigmoidf 3 ulp;
 *   sdag_normf: P(Z > a) for a >= 0, 2e-7 absolute, 3e-6 relative up to a = 9.
 * NaN gives NaN; infinities give the limits. The coefficients are least-maximum fits made for this file. */
#ifndef SDAG_CPU_MATHF_H
#define SDAG_CPU_MATHF_H

#include <stdint.h>

#include "core/cpu/simd.h"

typedef union sdag_bits {
    float f;
    int32_t i;
    uint32_t u;
} sdag_bits;

SDAG_INLINE float sdag_absf(float x)
{
    sdag_bits b = {.f = x};
    b.u &= 0x7fffffffu;
    return b.f;
}

SDAG_INLINE float sdag_copysignf(float x, float sign)
{
    sdag_bits b = {.f = x}, s = {.f = sign};
    b.u = (b.u & 0x7fffffffu) | (s.u & 0x80000000u);
    return b.f;
}

/* e^x = 2^n e^r with |r| <= ln 2 / 2. Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits. The
 * power of two is applied in two steps, so that neither overflows before the result does. */
SDAG_INLINE float sdag_expf(float x)
{
    const float magic = 12582912.0f;
    float v = x > 89.0f ? 89.0f : x;
    v = v < -105.0f ? -105.0f : v;
    sdag_bits t = {.f = v * 1.44269504f + magic}, m = {.f = magic}, s1, s2;
    float n = t.f - magic;
    int32_t k = (int32_t)(t.u - m.u);
    float r = v - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float q = 0.0013813142431899905f;
    q = q * r + 0.008369418792426586f;
    q = q * r + 0.04166845604777336f;
    q = q * r + 0.16666515171527863f;
    q = q * r + 0.4999999403953552f;
    q = q * (r * r) + r + 1.0f;
    int32_t half = k >> 1;
    s1.u = (uint32_t)(half + 127) << 23;
    s2.u = (uint32_t)(k - half + 127) << 23;
    return q * s1.f * s2.f;
}

/* ln x = e ln 2 + ln(1 + f) with 1 + f in [sqrt(1/2), sqrt 2). Subnormal x is scaled up first. */
SDAG_INLINE float sdag_logf(float x)
{
    int tiny = x < 1.17549435e-38f;
    sdag_bits b = {.f = tiny ? x * 8388608.0f : x}, m;
    int32_t e = (int32_t)(b.u - 0x3f3504f3u) >> 23;
    m.u = b.u - ((uint32_t)e << 23);
    float f = m.f - 1.0f, n = (float)(tiny ? e - 23 : e), z = f * f;
    float q = 0.06746601313352585f;
    q = q * f + -0.11675640940666199f;
    q = q * f + 0.11888174712657928f;
    q = q * f + -0.12405591458082199f;
    q = q * f + 0.14219550788402557f;
    q = q * f + -0.1666799634695053f;
    q = q * f + 0.2000211924314499f;
    q = q * f + -0.25000008940696716f;
    q = q * f + 0.3333331346511841f;
    float y = n * 0.693359375f + (f + (q * f * z + (n * -2.12194440e-4f - 0.5f * z)));
    y = x > 3.40282347e38f ? x : y;
    y = x == 0 ? -__builtin_inff() : y;
    return x >= 0 ? y : __builtin_nanf("");
}

/* Near 0 an odd polynomial, since 1 - 2 / (e^2x + 1) cancels there. */
SDAG_INLINE float sdag_tanhf(float x)
{
    float a = sdag_absf(x), z = x * x;
    float big = 1.0f - 2.0f / (sdag_expf(2.0f * (a > 10.0f ? 10.0f : a)) + 1.0f);
    float q = -0.00590586056932807f;
    q = q * z + 0.020805377513170242f;
    q = q * z + -0.05378668010234833f;
    q = q * z + 0.13331958651542664f;
    q = q * z + -0.33333298563957214f;
    float small = x + x * z * q;
    return a < 0.6f ? small : sdag_copysignf(big, x);
}

SDAG_INLINE float sdag_sigmoidf(float x)
{
    float e = sdag_expf(-sdag_absf(x)), r = 1.0f / (1.0f + e);
    return x < 0 ? e * r : r;
}

/* P(Z > a) of the normal distribution, a >= 0, given e = exp(-a^2 / 2): e times a polynomial in 1 / (1 + 0.35 a). */
SDAG_INLINE float sdag_normf(float a, float e)
{
    float s = 1.0f / (1.0f + 0.35f * a);
    float q = -0.02914617769420147f;
    q = q * s + 0.14397285878658295f;
    q = q * s + -0.25571659207344055f;
    q = q * s + 0.15917670726776123f;
    q = q * s + -0.023111509159207344f;
    q = q * s + 0.10550867766141891f;
    q = q * s + 0.11983270943164825f;
    q = q * s + 0.13986189663410187f;
    q = q * s + 0.13962140679359436f;
    return e * (q * s);
}

#endif
