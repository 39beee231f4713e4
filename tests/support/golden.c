#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "tests/support/formula.h"

double golden_larger(double a, double b) { return a > b || isnan(a) ? a : b; }

/* Largest difference from n numbers, relative to the largest of them. */
double golden_numbers(sdag_tensor t, const double *want, size_t n)
{
    double worst = 0, max = 0;
    assert_non_null(t.data);
    assert_int_equal(sdag_elems(&t.shape), n);
    for (size_t i = 0; i < n; i++) {
        worst = golden_larger(fabs((double)SDAG_DATA_F32(t)[i] - want[i]), worst);
        max = fmax(max, fabs(want[i]));
    }
    return worst / max;
}

/* The same for a stored tensor: by its length, two sums, four elements and its largest number. */
static double golden_off(sdag_tensor t, const golden *g)
{
    if (!t.data) fail_msg("there is no '%s'", g->name);
    const float *x = SDAG_DATA_F32(t);
    const int64_t n = sdag_elems(&t.shape);
    double square = 0, max = 0, sum[2] = {0}, worst = 0;
    assert_int_equal(n, g->n);
    for (int k = 0; k < 2; k++) {
        char name[256];
        snprintf(name, sizeof name, "%s.sum%d", g->name, k);
        for (int64_t i = 0; i < n; i++) sum[k] += (double)x[i] * (double)formula_number(sdag_hash32(name), (uint32_t)i);
        worst = golden_larger(fabs(sum[k] - g->sum[k]) / g->norm, worst);
    }
    for (int64_t i = 0; i < n; i++) square += (double)x[i] * (double)x[i], max = fmax(max, fabs((double)x[i]));
    for (int k = 0; k < 4; k++) worst = golden_larger(fabs((double)x[n * (2 * k + 1) / 8] - g->at[k]) / g->max, worst);
    worst = golden_larger(fabs(sqrt(square) - g->norm) / g->norm, worst);
    return golden_larger(fabs(max - g->max) / g->max, worst);
}

double golden_list(const pipeline *p, golden_find *find, const golden *list)
{
    double worst = 0;
    for (; list->name; list++) {
        char node[64];
        const char *dot = strchr(list->name, '.');
        snprintf(node, sizeof node, "%.*s", (int)(dot - list->name), list->name);
        double off = golden_off(find(p, node, dot + 1), list);
        if (getenv("PARITY_VERBOSE")) print_message("    %-40s %.1e\n", list->name, off);
        worst = golden_larger(off, worst);
    }
    return worst;
}

void golden_within(const char *what, double off, double tolerance)
{
    print_message("  %-52s %.1e  (tolerance %.0e)\n", what, off, tolerance);
    if (!(off <= tolerance)) fail_msg("%s: off by %g, tolerance %g", what, off, tolerance);
}
