/* The tree itself: look-up, typed readers, measures. */
#include "graphs/spec/spec.h"

#include <string.h>

enum { SHORT_MAP = 8, VALUE_COST = 32 };

const char *const sdag_spec_root_keys[] = {"version", "name", "family",  "about",  "seed",    "base",
                                           "plugins", "let",  "modules", "phases", "extends", NULL};

int sdag_spec_index(const sdag_spec *map, const char *key)
{
    if (!map || map->kind != SDAG_SPEC_MAP) return -1;
    if (map->index) return sdag_map_get(map->index, key);
    for (int i = 0; i < map->n; i++)
        if (strcmp(map->entries[i].key, key) == 0) return i;
    return -1;
}

const sdag_spec *sdag_spec_get(const sdag_spec *map, const char *key)
{
    int i = sdag_spec_index(map, key);
    return i < 0 ? NULL : map->entries[i].value;
}

const char *sdag_spec_key(const void *map, int i)
{
    const sdag_spec *s = map;
    return s && s->kind == SDAG_SPEC_MAP && i >= 0 && i < s->n ? s->entries[i].key : NULL;
}

static bool is_plain(const sdag_spec *s) { return s->kind == SDAG_SPEC_SCALAR && !s->quoted; }

bool sdag_spec_i64(int64_t *out, const sdag_spec *s) { return is_plain(s) && sdag_parse_i64(out, s->text); }

bool sdag_spec_f64(double *out, const sdag_spec *s) { return is_plain(s) && sdag_parse_f64(out, s->text); }

bool sdag_spec_bool(bool *out, const sdag_spec *s)
{
    if (!is_plain(s)) return false;
    bool yes = strcmp(s->text, "true") == 0;
    if (!yes && strcmp(s->text, "false") != 0) return false;
    *out = yes;
    return true;
}

bool sdag_spec_str(const char **out, const sdag_spec *s)
{
    if (s->kind != SDAG_SPEC_SCALAR) return false;
    *out = s->text;
    return true;
}

const char *sdag_spec_kind_name(const sdag_spec *s)
{
    static const char *const names[] = {"nothing", "a value", "a list", "a map"};
    return names[s->kind];
}

bool sdag_spec_special(const char *text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL", "true", "false", "<<"};
    double v;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i]) == 0) return true;
    return text[0] == '$' || (text[0] == '\\' && text[1] == '$') || sdag_parse_f64(&v, text);
}

bool sdag_spec_is_name(const char *text)
{
    const char *p = text;
    for (; *p; p++) {
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_';
        bool later = (*p >= '0' && *p <= '9') || *p == '-';
        if (!letter && !(later && p > text)) return false;
    }
    return p > text && p - text <= SDAG_SPEC_KEY_MAX;
}

static void add_child(sdag_spec *s, const sdag_spec *child, size_t key_len)
{
    s->size += child->size + key_len; /* children have passed their own limit: the sum fits */
    if (child->height >= s->height) s->height = (uint8_t)(child->height + (child->height < UINT8_MAX));
}

void sdag_spec_finish(sdag_arena *a, sdag_spec *s)
{
    s->size = VALUE_COST + (s->text ? strlen(s->text) : 0);
    s->height = s->kind >= SDAG_SPEC_LIST;
    s->index = NULL;
    for (int i = 0; s->kind == SDAG_SPEC_LIST && i < s->n; i++) add_child(s, s->items[i], 0);
    for (int i = 0; s->kind == SDAG_SPEC_MAP && i < s->n; i++)
        add_child(s, s->entries[i].value, strlen(s->entries[i].key));
    if (s->kind != SDAG_SPEC_MAP || s->n <= SHORT_MAP) return;
    sdag_map *index = SDAG_NEW(a, sdag_map);
    index->a = a;
    for (int i = 0; i < s->n; i++) sdag_map_put(index, s->entries[i].key, i);
    s->index = index;
}

sdag_spec *sdag_spec_copy(sdag_arena *a, const sdag_spec *s, int extra)
{
    sdag_spec *to = SDAG_NEW(a, sdag_spec);
    *to = *s;
    if (s->kind == SDAG_SPEC_LIST) {
        to->items = SDAG_NEWS(a, const sdag_spec *, s->n + extra);
        if (s->n) memcpy(to->items, s->items, (size_t)s->n * sizeof *s->items);
    } else if (s->kind == SDAG_SPEC_MAP) {
        to->entries = SDAG_NEWS(a, sdag_spec_entry, s->n + extra);
        if (s->n) memcpy(to->entries, s->entries, (size_t)s->n * sizeof *s->entries);
    }
    return to;
}

const char *sdag_spec_ref(const sdag_spec *s)
{
    return s->kind == SDAG_SPEC_SCALAR && !s->quoted && !s->code && s->text[0] == '$' ? s->text + 1 : NULL;
}

void sdag_swaps_add(sdag_swaps *w, const sdag_spec *from, const sdag_spec *to)
{
    ((sdag_spec *)to)->aliased = true; /* new, so still ours to write: a later swap follows it */
    *SDAG_PUSH(w->a, &w->list) = (sdag_swap){from, to};
}

const sdag_spec *sdag_swaps_get(const sdag_swaps *w, const sdag_spec *s)
{
    for (int i = 0; s->aliased && i < w->list.n; i++) /* in their order, so chains are followed */
        if (w->list.at[i].from == s) s = w->list.at[i].to;
    return s;
}
