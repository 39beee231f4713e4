/* The source of the phase: what was given, read as the pipeline reads its own data. */
#include <stdio.h>
#include <string.h>

#include "runtime/apply/parts.h"

enum { BATCH = 64 };

/* Options that say how data are read, whichever they are; and those that one pass over the same data replaces. */
static const char *const how[] = {"min_side", "tokens", "tokenizer", "vocabulary", "special",
                                  "context",  "stride", "format",    "validation", NULL},
                         *const replaced[] = {"type", "batch", "shuffle", "last", NULL};

static bool is_among(const char *key, const char *const *list)
{
    for (int i = 0; list[i]; i++)
        if (!strcmp(list[i], key)) return true;
    return false;
}

static void add_options(sdag_tree *t, const sdag_gnode *source, bool other_data, bool other_size)
{
    for (int i = 0; i < source->spec->n; i++) {
        const sdag_spec_entry *e = &source->spec->entries[i];
        bool keep = other_data ? is_among(e->key, how) : !is_among(e->key, replaced);
        if (keep && !(other_size && !strcmp(e->key, "size"))) sdag_tree_add(t, e->key, e->value);
    }
}

static const sdag_spec *two(sdag_arena *a, int64_t h, int64_t w)
{
    const sdag_spec **items = SDAG_NEWS(a, const sdag_spec *, 2);
    items[0] = sdag_tree_number(a, h);
    items[1] = sdag_tree_number(a, w);
    return sdag_tree_list(a, items, 2);
}

/* Of the size that the pipeline's own source gives when a transform that is kept goes on from there; otherwise of the
 * size that arrives at the nodes. */
static const sdag_spec *size_of(sdag_arena *a, const sdag_apply_path *path)
{
    return path->sized ? two(a, path->source_h, path->source_w) : two(a, path->h, path->w);
}

static const sdag_spec *path_spec(sdag_arena *a, const char *path)
{
    sdag_spec *s = SDAG_NEW(a, sdag_spec);
    *s = *sdag_tree_text(a, path);
    s->from_set = s->quoted = true; /* as it was typed, relative to where that was */
    return s;
}

/* Whether the first line of a text has a label in front. */
static bool is_labelled(const char *path)
{
    char line[4096];
    FILE *f = fopen(path, "r");
    bool tab = f && fgets(line, sizeof line, f) && strchr(line, '\t');
    if (f) fclose(f);
    return tab;
}

/* Characters are numbered by the text that the model has seen; labels need not be there. */
static void add_text(sdag_apply *p, sdag_tree *t, const sdag_gnode *source, const char *file)
{
    const sdag_spec *tokens = sdag_spec_get(source->spec, "tokens");
    const bool chars = !tokens || (tokens->text && !strcmp(tokens->text, "char"));
    if (chars && !sdag_spec_get(source->spec, "vocabulary"))
        sdag_tree_add(t, "vocabulary", sdag_spec_get(source->spec, "path"));
    sdag_tree_add(t, "split", sdag_tree_text(p->arena, "all"));
    for (int i = 0; i < t->entries.n; i++)
        if (!strcmp(t->entries.at[i].key, "format") && !strcmp(t->entries.at[i].value->text, "labelled") &&
            !is_labelled(file))
            t->entries.at[i].value = sdag_tree_text(p->arena, "lines");
}

sdag_status sdag_apply_source(const sdag_spec **out, sdag_apply *p, const sdag_apply_path *path)
{
    sdag_arena *a = p->arena;
    const sdag_gnode *source = &p->options->graph->nodes[path->source];
    const bool given = p->options->n_inputs > 0, images = path->c > 0;
    const bool other = given || (p->options->sized && images); /* an export opens nothing: any name will do */
    const char *type;
    sdag_status status = sdag_apply_source_type(&type, p, path);
    if (status) return status;
    const bool of_files = !strcmp(type, "source.images"), resizes = other || (of_files && !path->sized);
    sdag_tree t = {.a = a};
    sdag_tree_add(&t, "type", sdag_tree_text(a, type));
    if (!strcmp(type, source->type->name)) add_options(&t, source, other, images && resizes);
    sdag_tree_add(&t, "batch", sdag_tree_number(a, BATCH));
    if (images && resizes) sdag_tree_add(&t, "size", size_of(a, path));
    if (other) sdag_tree_add(&t, sdag_apply_source_key(type), path_spec(a, given ? p->options->inputs[0] : "."));
    if (other && images) sdag_tree_add(&t, "channels", sdag_tree_number(a, path->source_c));
    if (other && of_files) sdag_tree_add(&t, "cache", sdag_tree_number(a, 0)); /* every image is read once */
    if (given && path->text) add_text(p, &t, source, p->options->inputs[0]);
    *out = sdag_tree_map(&t);
    return SDAG_OK;
}
