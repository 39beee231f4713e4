/* Naive versions of the operations on attention, tokens, sequences. */
#include "tests/ops/reference.h"

const sdag_reference sdag_reference_token[] = {
    {0},
};
