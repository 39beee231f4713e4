#include "tests/support/spec_check.h"

#include <string.h>

bool spec_same(const sdag_spec *a, const sdag_spec *b)
{
    if (a->kind != b->kind || a->n != b->n || a->quoted != b->quoted || a->code != b->code) return false;
    if (a->kind == SDAG_SPEC_SCALAR) return strcmp(a->text, b->text) == 0;
    for (int i = 0; i < a->n; i++) {
        bool list = a->kind == SDAG_SPEC_LIST;
        if (!list && strcmp(a->entries[i].key, b->entries[i].key) != 0) return false;
        if (!spec_same(list ? a->items[i] : a->entries[i].value, list ? b->items[i] : b->entries[i].value))
            return false;
    }
    return true;
}

/* Values, keys and brackets when nothing is shared. */
static size_t events_of(const sdag_spec *s)
{
    size_t n = s->kind == SDAG_SPEC_MAP ? 2 + (size_t)s->n : s->kind == SDAG_SPEC_LIST ? 2 : 1;
    for (int i = 0; s->kind == SDAG_SPEC_LIST && i < s->n; i++) n += events_of(s->items[i]);
    for (int i = 0; s->kind == SDAG_SPEC_MAP && i < s->n; i++) n += events_of(s->entries[i].value);
    return n;
}

bool spec_round_trip(sdag_arena *a, const sdag_spec *s)
{
    sdag_str once = {.a = a}, twice = {.a = a};
    const sdag_spec *back;
    if (events_of(s) > SDAG_SPEC_EVENTS_MAX - 4) return true;
    sdag_spec_print(&once, s);
    if (once.n > SDAG_SPEC_TEXT_MAX) return true;
    sdag_log *log = sdag_log_create(stderr); /* a text of ours that does not parse must be seen */
    if (!log) return true;
    bool same = sdag_spec_parse_value(&back, a, log, "printed", once.at, once.n) == SDAG_OK && spec_same(s, back);
    if (same) {
        sdag_spec_print(&twice, back);
        same = strcmp(once.at, twice.at) == 0;
    }
    sdag_log_destroy(log);
    return same;
}
