/* Parameters of a module: the values of a use, put in the place of the $names of its body. */
#include <string.h>

#include "graphs/spec/spec.h"

/* The value at the place of the name, so that what is wrong with it is shown where it is used. */
static const sdag_spec *at_place(sdag_arena *a, const sdag_spec *value, const sdag_spec *ref)
{
    sdag_spec *to = SDAG_NEW(a, sdag_spec);
    *to = *value;
    to->loc = ref->loc;
    return to;
}

const sdag_spec *sdag_spec_fill(sdag_arena *a, const sdag_spec *s, const sdag_map *names,
                                const sdag_spec *const *values)
{
    if (s->kind == SDAG_SPEC_SCALAR && !s->quoted && s->text[0] == '$') {
        int id = sdag_map_get(names, s->text + 1);
        return id < 0 ? s : at_place(a, values[id], s);
    }
    if (s->kind < SDAG_SPEC_LIST) return s;
    sdag_spec *to = NULL;
    for (int i = 0; i < s->n; i++) {
        bool list = s->kind == SDAG_SPEC_LIST;
        const sdag_spec *old = list ? s->items[i] : s->entries[i].value;
        const sdag_spec *now = sdag_spec_fill(a, old, names, values);
        if (now == old) continue;
        if (!to) to = sdag_spec_copy(a, s, 0);
        if (list) to->items[i] = now;
        else to->entries[i].value = now;
    }
    if (to) sdag_spec_finish(a, to);
    return to ? to : s;
}
