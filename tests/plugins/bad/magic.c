/* The table does not begin as a plugin's does. */
#include "tests/plugins/good/good.h"

SDAG_PLUGIN(.name = "magic", .types = good_types, .magic = 0x1234)
