/* Naive versions of the operations on images, colours, sampling. */
#include "tests/ops/reference.h"

const sdag_reference sdag_reference_image[] = {
    {0},
};
