/* Its init ends the process. */
#include <stdlib.h>

#include "tests/plugins/good/good.h"

static const char *init(void) { exit(0); }
SDAG_PLUGIN(.name = "leaves", .types = good_types, .init = init)
