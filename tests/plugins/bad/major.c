/* Built for another major version of the ABI. */
#include "tests/plugins/good/good.h"

SDAG_PLUGIN(.name = "major", .types = good_types, .abi_major = SDAG_ABI_MAJOR + 1)
