/* A struct whose size is fixed is smaller. */
#include "tests/plugins/good/good.h"

SDAG_PLUGIN(.name = "other_shape", .types = good_types, .structs[SDAG_ABI_shape] = sizeof(sdag_shape) - 8)
