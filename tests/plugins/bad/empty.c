/* Gives nothing. */
#include "tests/plugins/good/good.h"

SDAG_PLUGIN(.name = "empty", .types = good_types + 1)
