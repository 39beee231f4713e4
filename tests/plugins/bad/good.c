/* Nothing is wrong with this one. */
#include "good.h"

SDAG_PLUGIN(.name = "good", .types = good_types)
