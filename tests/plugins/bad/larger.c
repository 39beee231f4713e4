/* One of its structs has more fields than the host knows. */
#include "tests/plugins/good/good.h"

SDAG_PLUGIN(.name = "larger", .types = good_types, .structs[SDAG_ABI_opt] = sizeof(sdag_opt) + 8)
