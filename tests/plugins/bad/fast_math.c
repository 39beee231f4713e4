/* Compiled with -ffast-math. */
#include "good.h"

SDAG_PLUGIN(.name = "fast_math", .types = good_types)
