/* --set: values typed on the command line, put into the tree. */
#include <string.h>

#include "graphs/spec/spec.h"

enum { CHAIN_MAX = 32 };

typedef struct setter {
    sdag_arena *a;
    sdag_log *log;
    const sdag_spec *root; /* with the sets applied so far */
    sdag_swaps *swaps;
} setter;

typedef struct setting {
    sdag_spec_path path;
    const sdag_spec *value;
} setting;

static const sdag_spec *put(setter *r, const setting *set, const sdag_spec *s, int i);

/* The new value of the child that key i names. */
static const sdag_spec *put_child(setter *r, const setting *set, const sdag_spec *old, int i)
{
    bool last = i + 1 == set->path.n;
    const sdag_spec *now = last ? set->value : put(r, set, old, i + 1);
    if (now != old && set->path.in_let && old->aliased) sdag_swaps_add(r->swaps, old, now);
    return now;
}

static const sdag_spec *put_in_map(setter *r, const setting *set, const sdag_spec *s, int i)
{
    int at = sdag_spec_index(s, set->path.key[i]);
    sdag_spec *to = sdag_spec_copy(r->a, s, at < 0);
    if (at < 0) to->entries[to->n++] = (sdag_spec_entry){set->path.key[i], set->path.loc[i], set->value};
    else to->entries[at].value = put_child(r, set, s->entries[at].value, i);
    sdag_spec_finish(r->a, to);
    return to;
}

/* s with the setting made below it; the path from s down is copied, so that what shares a part keeps the old one. The
 * path was found in this tree: lists have its items, maps its keys. */
static const sdag_spec *put(setter *r, const setting *set, const sdag_spec *s, int i)
{
    const sdag_spec *lets = sdag_spec_get(r->root, "let");
    for (int hops = 0; sdag_spec_ref(s) && sdag_spec_get(lets, sdag_spec_ref(s)) && hops < CHAIN_MAX; hops++)
        s = sdag_spec_get(lets, sdag_spec_ref(s));
    if (s->kind == SDAG_SPEC_LIST) {
        int64_t at = 0;
        sdag_parse_i64(&at, set->path.key[i]);
        sdag_spec *to = sdag_spec_copy(r->a, s, 0);
        to->items[at] = put_child(r, set, s->items[at], i);
        sdag_spec_finish(r->a, to);
        return to;
    }
    sdag_spec empty = *s;
    empty.kind = SDAG_SPEC_MAP;
    empty.n = 0;
    empty.text = NULL;
    return put_in_map(r, set, s->kind == SDAG_SPEC_MAP ? s : &empty, i);
}

static void mark_from_set(const sdag_spec *s)
{
    ((sdag_spec *)s)->from_set = true; /* parsed a moment ago, for this set alone */
    for (int i = 0; s->kind == SDAG_SPEC_LIST && i < s->n; i++) mark_from_set(s->items[i]);
    for (int i = 0; s->kind == SDAG_SPEC_MAP && i < s->n; i++) mark_from_set(s->entries[i].value);
}

/* The path stands in its line from column 1, the value behind the = that follows it. */
static sdag_status apply(setter *r, const sdag_spec_set *asked, sdag_loc at)
{
    setting set;
    sdag_status status = sdag_spec_path_find(&set.path, r->a, r->log, r->root, asked->path, at);
    if (status) return status;
    if (strcmp(set.path.key[0], "extends") == 0)
        return sdag_fail(r->log, SDAG_INVALID, set.path.loc[0], "'extends' is read before --set: write it in the file");
    const sdag_loc *last = &set.path.loc[set.path.n - 1];
    at.col = last->col + last->len + 1;
    status = sdag_spec_parse_at(&set.value, r->a, r->log, at, asked->value, strlen(asked->value));
    if (status) return status;
    mark_from_set(set.value);
    const sdag_spec *root = put(r, &set, r->root, 0);
    if (root->height > SDAG_SPEC_DEPTH_MAX)
        return sdag_fail(r->log, SDAG_INVALID, at, "more than %d levels deep", SDAG_SPEC_DEPTH_MAX);
    if (root->size > 2 * (size_t)SDAG_SPEC_EXPANDED_MAX)
        return sdag_fail(r->log, SDAG_INVALID, at, "more than %d MiB in all", 2 * SDAG_SPEC_EXPANDED_MAX >> 20);
    r->root = root;
    return SDAG_OK;
}

static int lines_of(const char *text)
{
    int n = 0;
    for (; (text = strchr(text, '\n')); text++) n++;
    return n;
}

const sdag_spec *sdag_spec_apply_sets(sdag_arena *a, sdag_log *log, const sdag_spec *root, const sdag_spec_set *sets,
                                      int n_sets, sdag_swaps *swaps, int *errors)
{
    setter r = {a, log, root, swaps};
    sdag_str typed = {.a = a};
    sdag_loc at = {sdag_log_intern(log, "--set"), 1, 1, 0};
    if (!at.file) sdag_arena_escape(a);
    for (int i = 0; i < n_sets; i++) sdag_str_addf(&typed, "%s=%s\n", sets[i].path, sets[i].value);
    if (n_sets) sdag_log_source(log, at.file, typed.at, typed.n);
    for (int i = 0; i < n_sets && *errors < SDAG_SPEC_ERRORS_MAX; i++) {
        if (apply(&r, &sets[i], at)) ++*errors;
        at.line += 1 + lines_of(sets[i].path) + lines_of(sets[i].value);
    }
    return r.root;
}
