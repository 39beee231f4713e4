/* The references of all ops, by name. */
#include "tests/ops/reference.h"

#include <string.h>

const sdag_reference *sdag_reference_find(const char *op)
{
    const sdag_reference *const tables[] = {sdag_reference_math, sdag_reference_nn, sdag_reference_token,
                                            sdag_reference_image};
    for (int i = 0; i < 4; i++)
        for (const sdag_reference *f = tables[i]; f && f->op; f++)
            if (!strcmp(f->op, op)) return f;
    return NULL;
}
