/* Trees of values, as the parser of the language would give them. */
#include "runtime/apply/parts.h"

const sdag_spec *sdag_tree_text(sdag_arena *a, const char *text)
{
    sdag_spec *s = SDAG_NEW(a, sdag_spec);
    *s = (sdag_spec){.kind = SDAG_SPEC_SCALAR, .text = text};
    sdag_spec_finish(a, s);
    return s;
}

const sdag_spec *sdag_tree_number(sdag_arena *a, int64_t v)
{
    return sdag_tree_text(a, sdag_arena_printf(a, "%lld", (long long)v));
}

const sdag_spec *sdag_tree_list(sdag_arena *a, const sdag_spec **items, int n)
{
    sdag_spec *s = SDAG_NEW(a, sdag_spec);
    *s = (sdag_spec){.kind = SDAG_SPEC_LIST, .items = items, .n = n};
    sdag_spec_finish(a, s);
    return s;
}

void sdag_tree_add(sdag_tree *t, const char *key, const sdag_spec *value)
{
    *SDAG_PUSH(t->a, &t->entries) = (sdag_spec_entry){.key = key, .value = value};
}

const sdag_spec *sdag_tree_map(sdag_tree *t)
{
    sdag_spec *s = SDAG_NEW(t->a, sdag_spec);
    *s = (sdag_spec){.kind = SDAG_SPEC_MAP, .entries = t->entries.at, .n = t->entries.n};
    sdag_spec_finish(t->a, s);
    return s;
}
