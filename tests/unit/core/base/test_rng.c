/* Random numbers: the published Philox vectors, independence of order, ranges and moments. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/rng.h"

static void test_vectors(void **state)
{
    (void)state;
    static const struct {
        uint32_t ctr[4], key[2], out[4];
    } rows[] = {
        {{0}, {0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t out[4];
        sdag_philox(out, rows[i].ctr, rows[i].key);
        assert_memory_equal(out, rows[i].out, sizeof out);
    }
}

static void test_stream_layout(void **state)
{
    (void)state;
    uint64_t seed = 0x123456789abcdef0u;
    sdag_rng r = sdag_rng_at(seed, 11, 22, 33);
    for (uint32_t block = 0; block < 3; block++) {
        uint32_t out[4], ctr[4] = {block, 33, 22, 11}, key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
        sdag_philox(out, ctr, key);
        for (int i = 0; i < 4; i++) assert_int_equal(sdag_rng_u32(&r), out[i]);
    }
}

static void test_below(void **state)
{
    (void)state;
    sdag_rng r = sdag_rng_at(1, 2, 3, 4);
    int seen[7] = {0};
    for (int i = 0; i < 70000; i++) seen[sdag_rng_below(&r, 7)]++;
    for (int i = 0; i < 7; i++) assert_in_range(seen[i], 9600, 10400);
    for (int i = 0; i < 100; i++) assert_int_equal(sdag_rng_below(&r, 1), 0);
    for (int i = 0; i < 1000; i++) assert_true(sdag_rng_below(&r, 0x80000001u) <= 0x80000000u);
}

static void test_moments(void **state)
{
    (void)state;
    sdag_rng r = sdag_rng_at(7, 0, 0, 0);
    double sum = 0, sum2 = 0, usum = 0;
    int n = 200000;
    for (int i = 0; i < n; i++) {
        float z = sdag_rng_normal(&r), u = sdag_rng_f32(&r), v = sdag_rng_uniform(&r, -2, 3);
        assert_true(isfinite(z));
        assert_true(u >= 0 && u < 1);
        assert_true(v >= -2 && v <= 3);
        sum += (double)z;
        sum2 += (double)z * (double)z;
        usum += (double)u;
    }
    assert_true(fabs(sum / n) < 0.01);
    assert_true(fabs(sum2 / n - 1) < 0.02);
    assert_true(fabs(usum / n - 0.5) < 0.005);
}

static void test_hash(void **state)
{
    (void)state;
    assert_int_equal(sdag_hash32(""), 0x811c9dc5u); /* the offset basis */
    assert_int_equal(sdag_hash32("a"), 0xe40c292cu);
    assert_int_equal(sdag_hash32("foobar"), 0xbf9cf968u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_stream_layout), cmocka_unit_test(test_below),
        cmocka_unit_test(test_moments), cmocka_unit_test(test_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
