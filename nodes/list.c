#include "nodes/list.h"

#include "core/node/node.h"

#define X(n) extern const sdag_node_type sdag_node_##n;
SDAG_NODES(X)
#undef X

const sdag_node_type *const *sdag_node_types(int *n)
{
#define X(n) &sdag_node_##n,
    static const sdag_node_type *const types[] = {SDAG_NODES(X)};
#undef X
    *n = (int)(sizeof types / sizeof types[0]);
    return types;
}
