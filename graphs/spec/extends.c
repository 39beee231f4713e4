/* extends: a file put over the file that it names, and so on. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/file.h"
#include "graphs/spec/spec.h"

typedef struct opened {
    const char *path;
    dev_t dev;
    ino_t ino;
} opened;

typedef struct loader {
    sdag_arena *a;
    sdag_log *log;
    int errors;
    opened files[SDAG_SPEC_FILES_MAX]; /* the file at hand first */
    const sdag_spec *trees[SDAG_SPEC_FILES_MAX];
    int n;
    sdag_swaps swaps;
} loader;

/* ---- reading ---- */

/* "a.yaml -> b.yaml -> a.yaml" */
static const char *chain_text(loader *l, int from)
{
    sdag_str s = {.a = l->a};
    for (int i = from; i < l->n; i++) sdag_str_addf(&s, "%s -> ", l->files[i].path);
    sdag_str_add(&s, l->files[from].path);
    return s.at;
}

/* A base may be named by a stranger's file: what is no plain file (a device, a pipe) is not opened. */
static sdag_status check_base(loader *l, const char *path, sdag_loc loc, struct stat *st)
{
    if (stat(path, st) != 0) return sdag_fail(l->log, SDAG_IO, loc, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st->st_mode))
        return sdag_fail(l->log, SDAG_INVALID, loc, "extends: %s is %s, not a file", path,
                         S_ISDIR(st->st_mode) ? "a folder" : "a device or a pipe");
    for (int i = 0; i < l->n; i++)
        if (l->files[i].dev == st->st_dev && l->files[i].ino == st->st_ino)
            return sdag_fail(l->log, SDAG_INVALID, loc, "a file that extends itself: %s", chain_text(l, i));
    if (l->n == SDAG_SPEC_FILES_MAX)
        return sdag_fail(l->log, SDAG_INVALID, loc, "more than %d files, each extending the next", SDAG_SPEC_FILES_MAX);
    return SDAG_OK;
}

static sdag_status read_file(loader *l, const char *path, sdag_loc loc)
{
    char *text;
    size_t len;
    struct stat st = {0};
    sdag_status status = l->n ? check_base(l, path, loc, &st) : SDAG_OK;
    if (!status && !l->n) stat(path, &st); /* what is wrong with it, reading will say */
    if (!status) status = sdag_file_read(&text, &len, l->a, l->log, loc, path, SDAG_SPEC_TEXT_MAX + 1);
    if (!status) status = sdag_spec_parse(&l->trees[l->n], l->a, l->log, path, text, len);
    if (status) return status;
    l->files[l->n++] = (opened){path, st.st_dev, st.st_ino};
    return SDAG_OK;
}

static void mark_dir(const sdag_spec *s, const char *dir)
{
    if (s->dir) return;          /* seen: an alias repeats it */
    ((sdag_spec *)s)->dir = dir; /* parsed a moment ago, and not shared with anybody */
    for (int i = 0; s->kind == SDAG_SPEC_LIST && i < s->n; i++) mark_dir(s->items[i], dir);
    for (int i = 0; s->kind == SDAG_SPEC_MAP && i < s->n; i++) mark_dir(s->entries[i].value, dir);
}

/* What paths in a base are relative to: its folder, or what its own `base:` says. */
static const char *dir_of(loader *l, int i)
{
    const char *dir = sdag_path_dir(l->a, l->files[i].path);
    const sdag_spec *base = sdag_spec_get(l->trees[i], "base");
    return base && base->kind == SDAG_SPEC_SCALAR ? sdag_path_join(l->a, dir, base->text) : dir;
}

static sdag_status read_all(loader *l, const char *path)
{
    sdag_status status = read_file(l, path, SDAG_NOLOC);
    while (!status) {
        const sdag_spec *v = sdag_spec_get(l->trees[l->n - 1], "extends");
        if (!v) break;
        if (v->kind != SDAG_SPEC_SCALAR || !*v->text)
            return sdag_fail(l->log, SDAG_INVALID, v->loc, "extends is %s, expected the path of a file",
                             sdag_spec_kind_name(v));
        const char *dir = sdag_path_dir(l->a, l->files[l->n - 1].path);
        status = read_file(l, sdag_path_join(l->a, dir, v->text), v->loc);
        if (!status) mark_dir(l->trees[l->n - 1], dir_of(l, l->n - 1));
    }
    return status;
}

/* ---- merging ---- */

typedef enum { AT_ROOT, AT_LET, AT_PHASES, AT_PHASE, IN_LET, BELOW } place;

static bool in_let(place at) { return at == AT_LET || at == IN_LET; }

static place below(place at, const char *key)
{
    if (at == AT_ROOT) return strcmp(key, "let") == 0 ? AT_LET : strcmp(key, "phases") == 0 ? AT_PHASES : BELOW;
    return at == AT_PHASES ? AT_PHASE : in_let(at) ? IN_LET : BELOW;
}

static const sdag_spec *merge(loader *l, const sdag_spec *base, const sdag_spec *over, place at);

/* Do two maps name different types (or take over different nodes)? Then the options of the one are not the other's. */
static bool other_type(const sdag_spec *base, const sdag_spec *over)
{
    static const char *const keys[] = {"type", "use"};
    const sdag_spec *was = NULL, *now = NULL;
    int was_key = -1, now_key = -1;
    for (int k = 0; k < 2; k++) {
        const sdag_spec *v = sdag_spec_get(base, keys[k]);
        if (v && v->kind == SDAG_SPEC_SCALAR) was = v, was_key = k;
        if ((v = sdag_spec_get(over, keys[k])) && v->kind == SDAG_SPEC_SCALAR) now = v, now_key = k;
    }
    return was && now && (was_key != now_key || strcmp(was->text, now->text) != 0);
}

/* A node of another type keeps its wires alone. */
static const sdag_spec *rewired(loader *l, const sdag_spec *base, const sdag_spec *over)
{
    int in = sdag_spec_index(base, "in");
    if (in < 0 || sdag_spec_index(over, "in") >= 0) return over;
    sdag_spec *to = sdag_spec_copy(l->a, over, 1);
    to->entries[to->n++] = base->entries[in];
    sdag_spec_finish(l->a, to);
    return to;
}

/* ---- keys that exclude each other: the file's own takes the place of the base's */

static bool is_one_of(const char *const *list, const char *key)
{
    while (*list && strcmp(*list, key) != 0) list++;
    return *list != NULL;
}

static bool all_of(const char *const *list, const sdag_spec *s)
{
    for (int i = 0; i < s->n; i++)
        if (!is_one_of(list, s->entries[i].key)) return false;
    return s->n > 0;
}

static bool gives(const sdag_spec *s, const char *key)
{
    const sdag_spec *v = sdag_spec_get(s, key);
    return v && v->kind != SDAG_SPEC_NULL;
}

/* Is the base's key dropped, since the file has another in its stead: steps for epochs, one schedule for another? */
static bool is_replaced(const char *key, const sdag_spec *base, const sdag_spec *over, place at)
{
    static const char *const rules[] = {"constant", "cosine", "linear", "steps", NULL};
    static const char *const of_steps[] = {"at", "factor", NULL};
    static const char *const schedule[] = {"constant", "cosine", "linear", "steps", "warmup", "at", "factor", NULL};
    if (at == AT_PHASE)
        return (strcmp(key, "epochs") == 0 && gives(over, "steps")) ||
               (strcmp(key, "steps") == 0 && gives(over, "epochs"));
    if (at < IN_LET || !all_of(schedule, base) || !all_of(schedule, over) || gives(over, key)) return false;
    for (int i = 0; rules[i]; i++)
        if (gives(over, rules[i]) && (is_one_of(rules, key) || (is_one_of(of_steps, key) && strcmp(rules[i], "steps"))))
            return true;
    return false;
}

/* ---- maps */

static void nothing_to_remove(loader *l, const sdag_spec *base, const sdag_spec_entry *e)
{
    const char *near = sdag_nearest(e->key, sdag_spec_key, base);
    l->errors++;
    sdag_log_add(l->log, SDAG_ERROR, e->loc, "nothing to remove: the base has no '%s' here%s%s%s", e->key,
                 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* The base's keys in their order, then the file's new ones. */
static sdag_spec *merge_entries(loader *l, const sdag_spec *base, const sdag_spec *over, place at)
{
    sdag_spec *to = sdag_spec_copy(l->a, base, over->n);
    to->n = 0;
    for (int i = 0; i < base->n; i++) {
        sdag_spec_entry e = base->entries[i];
        int k = sdag_spec_index(over, e.key);
        if (k < 0 && is_replaced(e.key, base, over, at)) continue;
        if (k >= 0) {
            const sdag_spec *v = over->entries[k].value;
            if (v->kind == SDAG_SPEC_NULL && !in_let(at)) continue;
            if (v->kind != SDAG_SPEC_MAP || e.value->kind != SDAG_SPEC_MAP) e.loc = over->entries[k].loc;
            e.value = merge(l, e.value, v, below(at, e.key));
        }
        to->entries[to->n++] = e;
    }
    for (int k = 0; k < over->n; k++) {
        const sdag_spec_entry *e = &over->entries[k];
        if (sdag_spec_index(base, e->key) >= 0) continue;
        if (e->value->kind == SDAG_SPEC_NULL && !in_let(at)) nothing_to_remove(l, base, e);
        else to->entries[to->n++] = *e;
    }
    sdag_spec_finish(l->a, to);
    return to;
}

static const sdag_spec *merge(loader *l, const sdag_spec *base, const sdag_spec *over, place at)
{
    const sdag_spec *to = over;
    if (base->kind == SDAG_SPEC_MAP && over->kind == SDAG_SPEC_MAP)
        to = other_type(base, over) ? rewired(l, base, over) : merge_entries(l, base, over, at);
    if (in_let(at) && base->aliased) sdag_swaps_add(&l->swaps, base, to);
    return to;
}

/* Aliases of values below let: that the file put others over. s itself when there are none in it. */
static const sdag_spec *swapped(loader *l, const sdag_spec *s)
{
    s = sdag_swaps_get(&l->swaps, s);
    sdag_spec *to = NULL;
    for (int i = 0; s->kind >= SDAG_SPEC_LIST && i < s->n; i++) {
        bool list = s->kind == SDAG_SPEC_LIST;
        const sdag_spec *old = list ? s->items[i] : s->entries[i].value, *now = swapped(l, old);
        if (now == old) continue;
        if (!to) to = sdag_spec_copy(l->a, s, 0);
        if (list) to->items[i] = now;
        else to->entries[i].value = now;
    }
    if (to) sdag_spec_finish(l->a, to);
    return to ? to : s;
}

/* The keys that speak of the base file itself are not handed down. */
static const sdag_spec *without(loader *l, const sdag_spec *s, bool keep_base)
{
    sdag_spec *to = sdag_spec_copy(l->a, s, 0);
    to->n = 0;
    for (int i = 0; i < s->n; i++) {
        bool drop = strcmp(s->entries[i].key, "extends") == 0 || (!keep_base && strcmp(s->entries[i].key, "base") == 0);
        if (!drop) to->entries[to->n++] = s->entries[i];
    }
    sdag_spec_finish(l->a, to);
    return to;
}

/* base <- over at the top level, where let: has aliases all over the file. */
static const sdag_spec *merge_roots(loader *l, const sdag_spec *base, const sdag_spec *over)
{
    l->swaps.list.n = 0;
    sdag_spec *to = merge_entries(l, base, over, AT_ROOT);
    to->loc = over->loc;
    to->dir = NULL;
    return l->swaps.list.n ? swapped(l, to) : to;
}

static sdag_status check_limits(loader *l, const sdag_spec *s)
{
    if (l->errors) return SDAG_INVALID;
    if (s->height > SDAG_SPEC_DEPTH_MAX)
        return sdag_fail(l->log, SDAG_INVALID, s->loc, "more than %d levels deep, with what it extends",
                         SDAG_SPEC_DEPTH_MAX);
    if (s->size > 2 * (size_t)SDAG_SPEC_EXPANDED_MAX)
        return sdag_fail(l->log, SDAG_INVALID, s->loc, "more than %d MiB, with what it extends",
                         2 * SDAG_SPEC_EXPANDED_MAX >> 20);
    return SDAG_OK;
}

sdag_status sdag_spec_load(sdag_spec_files *out, sdag_arena *a, sdag_log *log, const char *path)
{
    loader *l = SDAG_NEW(a, loader);
    *l = (loader){.a = a, .log = log, .swaps = {.a = a}};
    *out = (sdag_spec_files){.n = 0};
    sdag_status status = read_all(l, path);
    if (status) return status;
    for (int i = 0; i < l->n; i++) out->layers[i] = l->trees[l->n - 1 - i];
    out->n = l->n;
    const sdag_spec *root = l->n > 1 ? without(l, out->layers[0], false) : out->layers[0];
    for (int i = 1; i < l->n && !status; i++) {
        root = merge_roots(l, root, without(l, out->layers[i], i + 1 == l->n));
        status = check_limits(l, root);
    }
    if (!status) out->root = root;
    return status;
}
