/* Its type has the name of one that is built in. */
#define GOOD_TYPE "loss.nt_xent"
#include "tests/plugins/good/good.h"

SDAG_PLUGIN(.name = "duplicate", .types = good_types)
