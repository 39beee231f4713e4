#include "nodes/source/labels.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/str.h"

enum { TABLE_MAX = 64 << 20 };

typedef struct reading {
    const sdag_open *op;
    const sdag_files *files;
    const char *path, *folder;
    int line;
    bool *taken; /* of each file */
    SDAG_VEC(int) file;
    SDAG_VEC(const char *) label;
} reading;

static sdag_status wrong(const reading *r, const char *what, const char *name)
{
    return sdag_fail(r->op->log, SDAG_IO, r->op->loc, "%s, line %d: %s%s%s", r->path, r->line, what, name ? name : "",
                     name ? "'" : "");
}

/* One value of a line, quoted or not, in place; *at moves behind the comma or to the end of the line. */
static char *value(char **at)
{
    char *from = *at, *to = from, *p = from;
    if (*p == '"') {
        from = to = ++p;
        for (; *p && (*p != '"' || p[1] == '"'); p++) {
            if (*p == '"') p++;
            *to++ = *p;
        }
        if (*p) p++;
        p += strcspn(p, ",");
    } else {
        to = p += strcspn(p, ",");
    }
    *at = *p ? p + 1 : p;
    *to = 0;
    return from;
}

static const char *file_name(const void *files, int i)
{
    return i < sdag_files_count(files) ? sdag_files_name(files, i) : NULL;
}

/* Files are sorted by name. -1: there is none. */
static int find_file(const sdag_files *f, const char *name)
{
    int lo = 0, hi = sdag_files_count(f);
    while (lo < hi) {
        int mid = (lo + hi) / 2, order = strcmp(sdag_files_name(f, mid), name);
        if (!order) return mid;
        if (order < 0) lo = mid + 1;
        else hi = mid;
    }
    return -1;
}

/* "photos/a.png" of the folder "../photos" is "a.png". */
static const char *below(const reading *r, const char *name)
{
    const char *slash = strrchr(r->folder, '/'), *last = slash ? slash + 1 : r->folder;
    size_t n = strlen(last), all = strlen(r->folder);
    if (!strncmp(name, r->folder, all) && name[all] == '/') return name + all + 1;
    return n && !strncmp(name, last, n) && name[n] == '/' ? name + n + 1 : name;
}

static sdag_status take_line(reading *r, char *line)
{
    char *at = line, *name = value(&at);
    if (!*name) return SDAG_OK; /* an empty line */
    if (at == name + strlen(name)) return wrong(r, "expected file,class", NULL);
    const char *label = value(&at);
    if (r->line == 1 && !strcmp(name, "file")) return SDAG_OK;
    if (!*label) return SDAG_OK;
    int i = find_file(r->files, name);
    if (i < 0) i = find_file(r->files, below(r, name));
    if (i < 0) {
        const char *near = sdag_nearest(below(r, name), file_name, r->files);
        return near ? wrong(r, sdag_arena_printf(r->op->arena, "no file '%s'; did you mean '", name), near)
                    : wrong(r, sdag_arena_printf(r->op->arena, "no file '%s' in '", name), r->folder);
    }
    if (r->taken[i]) return wrong(r, "a second label for '", name);
    r->taken[i] = true;
    *SDAG_PUSH(r->op->arena, &r->file) = i;
    *SDAG_PUSH(r->op->arena, &r->label) = label;
    return SDAG_OK;
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void find_classes(sdag_labels *out, sdag_arena *a)
{
    out->classes = SDAG_NEWS(a, const char *, out->n);
    memcpy(out->classes, out->label, (size_t)out->n * sizeof *out->classes);
    qsort(out->classes, (size_t)out->n, sizeof *out->classes, by_text);
    for (int i = 0; i < out->n; i++)
        if (!i || strcmp(out->classes[i], out->classes[out->n_classes - 1]))
            out->classes[out->n_classes++] = out->classes[i];
}

sdag_status sdag_labels_read(sdag_labels *out, const char *path, const char *folder, const sdag_files *f,
                             const sdag_open *op)
{
    reading r = {.op = op, .files = f, .path = path, .folder = folder};
    char *text;
    size_t len;
    *out = (sdag_labels){0};
    sdag_status s = sdag_file_read(&text, &len, op->arena, op->log, op->loc, path, TABLE_MAX);
    if (s) return s;
    r.taken = SDAG_NEWS(op->arena, bool, sdag_files_count(f));
    for (char *line = text, *end; *line && !s; line = end) {
        size_t n = strcspn(line, "\n");
        end = line + n + (line[n] == '\n');
        line[n] = 0;
        if (n && line[n - 1] == '\r') line[n - 1] = 0;
        r.line++;
        s = take_line(&r, line);
    }
    if (!s && !r.file.n) s = sdag_fail(op->log, SDAG_IO, op->loc, "%s: no file has a label", path);
    if (s) return s;
    *out = (sdag_labels){.n = r.file.n, .file = r.file.at, .label = r.label.at};
    find_classes(out, op->arena);
    return SDAG_OK;
}
