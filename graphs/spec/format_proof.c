/* The proof that a formatted text says what it said before. */
#include <string.h>

#include "graphs/spec/format.h"

static bool same_text(const char *a, const char *b) { return (!a && !b) || (a && b && strcmp(a, b) == 0); }

/* The first value of a that is another one in b; NULL: none. */
static const sdag_spec *differs(const sdag_spec *a, const sdag_spec *b)
{
    if (a->kind != b->kind || a->n != b->n || a->quoted != b->quoted || a->aliased != b->aliased ||
        !same_text(a->text, b->text) || !same_text(a->anchor, b->anchor))
        return a;
    for (int i = 0; a->kind >= SDAG_SPEC_LIST && i < a->n; i++) {
        bool list = a->kind == SDAG_SPEC_LIST;
        if (!list && strcmp(a->entries[i].key, b->entries[i].key) != 0) return a;
        const sdag_spec *d =
            list ? differs(a->items[i], b->items[i]) : differs(a->entries[i].value, b->entries[i].value);
        if (d) return d;
    }
    return NULL;
}

static const char *comment_at(const sdag_yaml_tokens *t, int *token, int *k)
{
    while (*token < t->list.n && *k >= t->list.at[*token].comments.n) {
        ++*token;
        *k = 0;
    }
    return *token < t->list.n ? t->list.at[*token].comments.at[(*k)++].text : NULL;
}

static bool same_comments(const sdag_yaml_tokens *a, const sdag_yaml_tokens *b)
{
    int i = 0, k = 0, j = 0, m = 0;
    for (;;) {
        const char *x = comment_at(a, &i, &k), *y = comment_at(b, &j, &m);
        if (!x || !y || strcmp(x, y) != 0) return !x && !y;
    }
}

static void close_log(void *log) { sdag_log_destroy(log); }

sdag_status sdag_format_prove(sdag_arena *a, sdag_log *log, const sdag_spec *tree, const sdag_yaml_tokens *tokens,
                              const char *now, size_t len)
{
    const sdag_spec *again;
    sdag_yaml_tokens t;
    sdag_log *quiet = sdag_log_create(NULL);
    if (!quiet) sdag_arena_escape(a);
    sdag_arena_defer(a, close_log, quiet);
    const sdag_spec *d = sdag_spec_parse(&again, a, quiet, "formatted", now, len) ? tree : differs(tree, again);
    if (d)
        return sdag_fail(log, SDAG_FAILED, d->loc,
                         "this way to write a value has no normal form, so the file is left as it is");
    if (sdag_yaml_tokens_read(&t, a, now, len) || !same_comments(tokens, &t))
        return sdag_fail(log, SDAG_FAILED, tree->loc,
                         "a comment stands where the normal form has no place for it, so the file is left as it is");
    return SDAG_OK;
}
