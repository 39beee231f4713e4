/* Built for a newer minor version of the ABI. */
#include "tests/plugins/good/good.h"

SDAG_PLUGIN(.name = "minor", .types = good_types, .abi_minor = SDAG_ABI_MINOR + 7)
