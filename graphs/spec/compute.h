/* Private to graphs/spec: scalars that are arithmetic, or texts with ${...} in them, and what they stand for. */
#ifndef SDAG_GRAPHS_SPEC_COMPUTE_H
#define SDAG_GRAPHS_SPEC_COMPUTE_H

#include "graphs/spec/spec.h"

typedef struct sdag_computing {
    sdag_arena *a;
    /* The value of a name that stands at loc. NULL: reported; or *later: it stays as it is, for another time. */
    const sdag_spec *(*value)(void *ctx, const char *name, sdag_loc loc, bool *later);
    void (*complain)(void *ctx, sdag_loc loc, const char *text);
    void *ctx;
    size_t made; /* bytes of texts put together so far, which is bounded */
} sdag_computing;

/* What s, a scalar with a code, stands for; s, or a part of it, when names are left for later; nothing after an error.
 */
const sdag_spec *sdag_spec_compute(sdag_computing *c, const sdag_spec *s);

#endif
