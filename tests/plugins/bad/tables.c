/* A list of its table leads nowhere. */
#include "tests/plugins/good/good.h"

static const sdag_node_type *const types[] = {&good_type, (const sdag_node_type *)16, NULL};
SDAG_PLUGIN(.name = "tables", .types = types)
