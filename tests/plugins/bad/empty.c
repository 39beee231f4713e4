/* Gives nothing. */
#include "good.h"

SDAG_PLUGIN(.name = "empty", .types = good_types + 1)
