/* Compiled with -ffast-math. */
#include "tests/plugins/good/good.h"

SDAG_PLUGIN(.name = "fast_math", .types = good_types)
