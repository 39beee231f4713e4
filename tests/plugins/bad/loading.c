/* It crashes while it is loaded. */
#include <stdlib.h>

#include "tests/plugins/good/good.h"

__attribute__((constructor)) static void begin(void) { abort(); }
SDAG_PLUGIN(.name = "loading", .types = good_types)
