/* Parameters of a module: the values of a use, put in the place of the $names of its body. */
#include <string.h>

#include "graphs/spec/compute.h"

/* The value at the place of the name, so that what is wrong with it is shown where it is used. */
static const sdag_spec *at_place(sdag_arena *a, const sdag_spec *value, sdag_loc loc)
{
    sdag_spec *to = SDAG_NEW(a, sdag_spec);
    *to = *value;
    to->loc = loc;
    to->raw = ""; /* its characters do not stand there */
    return to;
}

/* For sdag_spec_compute: a name that is no parameter was put in before, or reported. */
static const sdag_spec *parameter(void *ctx, const char *name, sdag_loc loc, bool *later)
{
    const sdag_spec_filling *f = ctx;
    int id = sdag_map_get(f->names, name);
    *later = id < 0;
    return id < 0 ? NULL : at_place(f->a, f->values[id], loc);
}

static void complain(void *ctx, sdag_loc loc, const char *text)
{
    const sdag_spec_filling *f = ctx;
    f->complain(f->ctx, loc, text);
}

static const sdag_spec *fill(const sdag_spec_filling *f, sdag_computing *c, const sdag_spec *s)
{
    if (s->kind == SDAG_SPEC_SCALAR && s->code) return sdag_spec_compute(c, s);
    if (s->kind == SDAG_SPEC_SCALAR && !s->quoted && s->text[0] == '$') {
        int id = sdag_map_get(f->names, s->text + 1);
        return id < 0 ? s : at_place(f->a, f->values[id], s->loc);
    }
    if (s->kind < SDAG_SPEC_LIST) return s;
    sdag_spec *to = NULL;
    for (int i = 0; i < s->n; i++) {
        bool list = s->kind == SDAG_SPEC_LIST;
        const sdag_spec *old = list ? s->items[i] : s->entries[i].value, *now = fill(f, c, old);
        if (now == old) continue;
        if (!to) to = sdag_spec_copy(f->a, s, 0);
        if (list) to->items[i] = now;
        else to->entries[i].value = now;
    }
    if (to) sdag_spec_finish(f->a, to);
    return to ? to : s;
}

const sdag_spec *sdag_spec_fill(const sdag_spec_filling *f, const sdag_spec *s)
{
    sdag_computing c = {.a = f->a, .value = parameter, .complain = complain, .ctx = (void *)f};
    return fill(f, &c, s);
}
