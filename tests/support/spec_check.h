/* Checks of the spec stage that the unit tests and the fuzz targets share. */
#ifndef SDAG_TESTS_SPEC_CHECK_H
#define SDAG_TESTS_SPEC_CHECK_H

#include "graphs/spec/spec.h"

/* Same kinds, texts, keys and order; places may differ. */
bool spec_same(const sdag_spec *a, const sdag_spec *b);

/* Whether s, printed and parsed, gives the same tree, and prints to the same text again. What is too large to be
 * parsed again counts as right. */
bool spec_round_trip(sdag_arena *a, const sdag_spec *s);

#endif
