/* The new data: every file or folder that was given is opened as the source of its kind does, and all are one data
 * set. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/io/names.h"
#include "core/io/why.h"
#include "runtime/apply/parts.h"

typedef struct part {
    const sdag_dataset *set;
    int64_t first; /* number of its first sample */
    const char *given;
    bool folder;
} part;

typedef struct joined {
    const part *parts;
    int n;
    bool skip;
    const char **names; /* [samples] */
    char **why;         /* [samples], NULL: could be read */
} joined;

/* ---- what kind ---- */

static bool starts_as_idx(const char *path)
{
    unsigned char b[4] = {0};
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(b, 1, 4, f) : 0;
    if (f) fclose(f);
    if (n == 4 && b[0] == 0 && b[1] == 0 && b[2] == 8 && (b[3] == 3 || b[3] == 4)) return true;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return n >= 2 && b[0] == 0x1f && b[1] == 0x8b && (strstr(name, "idx3") || strstr(name, "-images"));
}

const char *sdag_apply_source_key(const char *type) { return strcmp(type, "source.idx") ? "path" : "images"; }

sdag_status sdag_apply_source_type(const char **type, sdag_apply *p, const sdag_apply_path *path)
{
    const sdag_apply_options *o = p->options;
    *type = o->graph->nodes[path->source].type->name;
    if (!path->text && !path->c && o->n_inputs)
        return sdag_fail(p->log, SDAG_USAGE, SDAG_NOLOC, "'%s' reads what %s makes: it takes no files", p->title,
                         *type);
    if (!path->c || (!o->n_inputs && !o->sized)) return SDAG_OK;
    if (path->source_c != 1 && path->source_c != 3 && o->n_inputs)
        return sdag_fail(p->log, SDAG_USAGE, SDAG_NOLOC, "'%s' reads images of %lld channels: files give 1 or 3",
                         p->title, (long long)path->source_c);
    *type = "source.images";
    for (int i = 0; i < o->n_inputs; i++) {
        struct stat st;
        if (stat(o->inputs[i], &st))
            return sdag_fail(p->log, SDAG_IO, SDAG_NOLOC, "cannot open '%s': %s", o->inputs[i], strerror(errno));
        const char *kind = S_ISREG(st.st_mode) && starts_as_idx(o->inputs[i]) ? "source.idx" : "source.images";
        if (i && strcmp(*type, kind))
            return sdag_fail(p->log, SDAG_USAGE, SDAG_NOLOC, "'%s' is not of the same kind as '%s'", o->inputs[i],
                             o->inputs[0]);
        *type = kind;
    }
    return SDAG_OK;
}

/* ---- one data set ---- */

static const part *part_of(const joined *j, int64_t id)
{
    int lo = 0, hi = j->n;
    while (hi - lo > 1) {
        int mid = (lo + hi) / 2;
        if (j->parts[mid].first <= id) lo = mid;
        else hi = mid;
    }
    return &j->parts[lo];
}

static char *copy_text(const char *text)
{
    char *s = sdag_alloc(strlen(text) + 1);
    if (s) strcpy(s, text);
    return s;
}

static sdag_status load(const sdag_dataset *d, int64_t id, int slot, uint8_t *dst, int64_t hw[2], char *why)
{
    joined *j = d->impl;
    const part *x = part_of(j, id);
    why[0] = 0;
    sdag_status status = x->set->load(x->set, id - x->first, slot, dst, hw, why);
    if (status != SDAG_IO || !j->skip) return status;
    j->why[id] = copy_text(why[0] ? why : sdag_status_name(status));
    if (!j->why[id]) return SDAG_NOMEM;
    memset(dst, 0, d->cap);
    hw[0] = d->h ? d->h : 1;
    hw[1] = d->w ? d->w : 1;
    return SDAG_OK;
}

static const char *name(const sdag_dataset *d, int64_t id) { return ((const joined *)d->impl)->names[id]; }

static void release(void *p)
{
    joined *j = p;
    int64_t n = j->n ? j->parts[j->n - 1].first + j->parts[j->n - 1].set->n : 0;
    for (int64_t i = 0; j->why && i < n; i++) sdag_free(j->why[i]);
    sdag_free(j->why);
}

/* "photos/cat/1.png": as it can be opened from here; what lies in an archive has its name there. */
static const char *name_in(sdag_apply *p, const part *x, int64_t i)
{
    const char *own = x->set->name ? x->set->name(x->set, i) : NULL;
    if (!own && p->options->n_inputs > 1) return sdag_arena_printf(p->arena, "%s:%lld", x->given, (long long)i);
    if (!own) return sdag_arena_printf(p->arena, "%lld", (long long)i);
    return x->folder ? sdag_path_join(p->arena, x->given, own) : sdag_arena_str(p->arena, own);
}

/* ---- opening ---- */

/* The options of the source with another input. */
static const void *options_for(sdag_apply *p, const sdag_gnode *n, const char *input)
{
    const char *key = sdag_apply_source_key(n->type->name);
    char *opts = sdag_arena_copy(p->arena, n->opts, n->type->opts_size);
    for (const sdag_opt *o = n->type->opts; o && o->name; o++)
        if (!strcmp(o->name, key)) *(const char **)(opts + o->offset) = input;
    return opts;
}

static void close_data(void *set)
{
    sdag_dataset *d = set;
    if (d->close) d->close(d);
}

static sdag_status open_part(part *x, sdag_apply *p, const char *input)
{
    const sdag_gnode *n = &p->graph->nodes[p->source];
    sdag_open o = {.arena = p->arena, .log = p->log, .seed = p->graph->seed, .lenient = true};
    struct stat st;
    x->given = input;
    x->folder = stat(input, &st) == 0 && S_ISDIR(st.st_mode);
    sdag_dataset *set;
    sdag_status status = n->type->open(&set, options_for(p, n, input), &o);
    if (status) return status;
    sdag_arena_defer(p->arena, close_data, set);
    x->set = set;
    return SDAG_OK;
}

static sdag_status join(sdag_dataset **out, sdag_apply *p, const part *parts, int n)
{
    joined *j = SDAG_NEW(p->arena, joined);
    *out = SDAG_NEW(p->arena, sdag_dataset);
    **out = *parts[0].set;
    for (int i = 1; i < n; i++) {
        (*out)->n += parts[i].set->n;
        if (parts[i].set->cap > (*out)->cap) (*out)->cap = parts[i].set->cap;
    }
    *j = (joined){.parts = parts, .n = n, .skip = p->options->skip_bad};
    j->names = SDAG_NEWS(p->arena, const char *, (*out)->n);
    for (int i = 0; i < n; i++)
        for (int64_t k = 0; k < parts[i].set->n; k++) j->names[parts[i].first + k] = name_in(p, &parts[i], k);
    j->why = sdag_alloc_array((size_t)(*out)->n, sizeof *j->why);
    if (!j->why) return SDAG_NOMEM;
    sdag_arena_defer(p->arena, release, j);
    (*out)->labels = NULL;
    (*out)->load = load;
    (*out)->name = name;
    (*out)->close = NULL;
    (*out)->impl = j;
    return SDAG_OK;
}

sdag_status sdag_apply_open_data(sdag_apply *p)
{
    const sdag_apply_options *o = p->options;
    if (!o->n_inputs) return sdag_session_open_data(p->session, p->phase);
    part *parts = SDAG_NEWS(p->arena, part, o->n_inputs);
    int64_t n = 0;
    for (int i = 0; i < o->n_inputs; i++) {
        sdag_status status = open_part(&parts[i], p, o->inputs[i]);
        if (status) return status;
        parts[i].first = n;
        n += parts[i].set->n;
    }
    return join(&p->session->data[p->source], p, parts, o->n_inputs);
}

static const joined *joined_of(const sdag_apply *p)
{
    return p->options->n_inputs ? p->session->data[p->source]->impl : NULL;
}

const char *sdag_apply_name(const sdag_apply *p, int32_t id)
{
    const sdag_dataset *d = p->session->data[p->source];
    const char *own = d->name ? d->name(d, id) : NULL;
    return own ? own : sdag_arena_printf(p->arena, "%d", (int)id);
}

const char *sdag_apply_bad(const sdag_apply *p, int32_t id)
{
    const joined *j = joined_of(p);
    return j ? j->why[id] : NULL;
}
