/* Needs a function that nobody has. */
#include "tests/plugins/good/good.h"

const char *sdag_function_of_the_future(void);
SDAG_PLUGIN(.name = "unresolved", .types = good_types, .init = sdag_function_of_the_future)
