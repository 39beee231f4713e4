/* Its type has the name of another plugin's. */
#include "tests/plugins/good/good.h"

SDAG_PLUGIN(.name = "again", .types = good_types)
