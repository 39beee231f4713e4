/* Built for another major version of the ABI. */
#include "good.h"

SDAG_PLUGIN(.name = "major", .types = good_types, .abi_major = SDAG_ABI_MAJOR + 1)
