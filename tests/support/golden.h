/* Results of another program that a test compares with, stored short: of a tensor its length, its largest number, two
 * sums against formula vectors and four of its elements. Scripts of tests/parity write them (values.py: write_rows).
 *
 *   golden_within("gradients", golden_list(&p, pipeline_grad, gpt_grads), 1e-5);     // prints both numbers
 *
 * Differences are relative: to the largest number of a tensor, or to its length for sums. */
#ifndef SDAG_TESTS_SUPPORT_GOLDEN_H
#define SDAG_TESTS_SUPPORT_GOLDEN_H

#include "tests/support/pipeline.h"

/* Elements, length, largest number, sums against the vectors NAME.sum0 and .sum1, elements n(2k+1)/8. */
typedef struct golden {
    const char *name; /* "node.name" */
    int64_t n;
    double norm, max, sum[2], at[4];
} golden;

double golden_larger(double a, double b); /* NaN is larger than all */
double golden_numbers(sdag_tensor t, const double *want, size_t n);

/* All of a list, each looked up in the pipeline by node and name; ends with no name. */
typedef sdag_tensor golden_find(const pipeline *p, const char *node, const char *name);
double golden_list(const pipeline *p, golden_find *find, const golden *list);

void golden_within(const char *what, double off, double tolerance);

#endif
