/* Numbers that a test and a script in another language compute alike, so that only results need to be stored: an
 * integer hash of a name and an index. And node types made of them, to put in a pipeline beside the built-in ones:
 *
 *   source.formula   {count, size, channels, classes, unknown, key}: images of hashed pixels, hashed labels
 *   test.weight      {rows, width, scale}: a trained f32[rows,width] that reads nothing, times scale
 *   test.constant    {rows, width, key}: f32[rows,width] in 0..1; f32[rows] with width: 0
 *   loss.dot         in: x f32[...]; sum of x times the numbers of "functional"
 *
 * tests/parity/values.py holds the same formulas. */
#ifndef SDAG_TESTS_SUPPORT_FORMULA_H
#define SDAG_TESTS_SUPPORT_FORMULA_H

#include "core/node/node.h"

uint32_t formula_word(uint32_t key, uint32_t i); /* key: sdag_hash32 of a name */
float formula_number(uint32_t key, uint32_t i);  /* in -1..1, a multiple of 2^-23 */

/* The starting value of a weight, by its name "node.name" and its shape: matrices and filters in +-sqrt(6 / fan in),
 * scales and variances about 1, biases and means about 0. */
void formula_weight(float *x, const sdag_state *s);

extern const sdag_node_type *const formula_types[]; /* ends with NULL */

#endif
