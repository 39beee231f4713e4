/* Nothing is wrong with this one. */
#include "tests/plugins/good/good.h"

SDAG_PLUGIN(.name = "good", .types = good_types)
