/* Its init crashes. */
#include <signal.h>

#include "tests/plugins/good/good.h"

static const char *init(void) { return raise(SIGSEGV) ? "it lives" : NULL; }
SDAG_PLUGIN(.name = "crash", .types = good_types, .init = init)
