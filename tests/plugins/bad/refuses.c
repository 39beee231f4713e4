/* Its init says that it cannot be used here. */
#include "tests/plugins/good/good.h"

static const char *init(void) { return "the licence server is asleep"; }
SDAG_PLUGIN(.name = "refuses", .types = good_types, .init = init)
