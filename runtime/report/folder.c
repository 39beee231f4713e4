#include "runtime/report/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/io/json_memory.h"
#include "runtime/report/metrics.h"

enum { JSON_MAX = 64 << 20 };

void sdag_folder_note(sdag_folder *f, const char *file, const char *fmt, ...)
{
    va_list ap;
    if (f->n_notes == SDAG_FOLDER_NOTES_MAX) return;
    va_start(ap, fmt);
    char *text = sdag_arena_vprintf(f->a, fmt, ap);
    va_end(ap);
    f->notes[f->n_notes++] = (sdag_note){sdag_arena_str(f->a, file), text};
}

bool sdag_folder_file(char **text, size_t *len, sdag_folder *f, const char *name, size_t limit)
{
    const char *path = sdag_arena_printf(f->a, "%s/%s", f->dir, name);
    struct stat st;
    if (lstat(path, &st)) {
        if (errno != ENOENT && errno != ENOTDIR) sdag_folder_note(f, name, "%s", strerror(errno));
        return false;
    }
    if (!S_ISREG(st.st_mode)) { /* a pipe would be waited for, and a link may lead to files that nobody shall see */
        sdag_folder_note(f, name, "is not a file");
        return false;
    }
    if ((uintmax_t)st.st_size > limit) {
        sdag_folder_note(f, name, "is longer than %zu bytes", limit);
        return false;
    }
    sdag_log *quiet = sdag_log_create(NULL);
    if (!quiet) sdag_arena_escape(f->a);
    sdag_arena_defer(f->a, (void (*)(void *))sdag_log_destroy, quiet);
    sdag_status status = sdag_file_read(text, len, f->a, quiet, SDAG_NOLOC, path, limit);
    if (status) sdag_folder_note(f, name, "cannot be read");
    return !status;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
static void close_dir(void *d) { closedir(d); }

int sdag_folder_find(const char **out, int most, sdag_folder *f, const char *ending)
{
    enum { NAMES_MAX = 1000 };
    DIR *d = opendir(f->dir);
    if (!d) return 0;
    sdag_arena_defer(f->a, close_dir, d);
    SDAG_VEC(const char *) names = {0};
    size_t m = strlen(ending);
    for (struct dirent *e; (e = readdir(d)) && names.n < NAMES_MAX;) {
        size_t n = strlen(e->d_name);
        if (n > m && *e->d_name != '.' && !strcmp(e->d_name + n - m, ending))
            *SDAG_PUSH(f->a, &names) = sdag_arena_str(f->a, e->d_name);
    }
    if (names.n) qsort(names.at, (size_t)names.n, sizeof *names.at, by_name);
    int n = names.n < most ? names.n : most;
    for (int i = 0; i < n; i++) out[i] = names.at[i];
    return n;
}

static void release_json(void *v) { json_decref(v); }

static json_t *read_json(sdag_folder *f, const char *name)
{
    char *text;
    size_t len;
    json_error_t e;
    if (!sdag_folder_file(&text, &len, f, name, JSON_MAX)) return NULL;
    sdag_json_begin();
    json_t *v = json_loadb(text, len, 0, &e);
    if (!v && sdag_json_starved()) sdag_arena_escape(f->a);
    if (v) sdag_arena_defer(f->a, release_json, v);
    else sdag_folder_note(f, name, "is damaged: line %d: %s", e.line, e.text);
    return v;
}

static const char *config_word(const sdag_folder *f, const char *key)
{
    const sdag_spec *v = sdag_spec_get(f->config, key);
    return v && v->kind == SDAG_SPEC_SCALAR ? v->text : NULL;
}

static void add_phase(sdag_folder *f, const char *name)
{
    for (int i = 0; i < f->n_phases; i++)
        if (!strcmp(f->phases[i], name)) return;
    if (f->n_phases < SDAG_FOLDER_PHASES_MAX) f->phases[f->n_phases++] = name;
}

static void read_config(sdag_folder *f)
{
    char *text;
    size_t len;
    if (!sdag_folder_file(&text, &len, f, "config.yaml", SDAG_SPEC_TEXT_MAX)) return;
    f->config_text = text;
    f->config_len = len;
    sdag_log *quiet = sdag_log_create(NULL);
    if (!quiet) sdag_arena_escape(f->a);
    sdag_arena_defer(f->a, (void (*)(void *))sdag_log_destroy, quiet);
    const sdag_spec *raw = NULL, *spec = NULL;
    sdag_status status = sdag_spec_parse(&raw, f->a, quiet, "config.yaml", text, len);
    if (!status) status = sdag_spec_resolve(&spec, f->a, quiet, raw, NULL, 0);
    if (status == SDAG_NOMEM) sdag_arena_escape(f->a);
    if (status) {
        const sdag_diag *d = sdag_log_count(quiet) ? sdag_log_at(quiet, 0) : NULL;
        sdag_folder_note(f, "config.yaml", "line %d: %s", d ? d->loc.line : 0, d ? d->text : "no pipeline");
        return;
    }
    f->config = spec;
    const sdag_spec *phases = sdag_spec_get(spec, "phases");
    for (int i = 0; phases && phases->kind == SDAG_SPEC_MAP && i < phases->n; i++) add_phase(f, phases->entries[i].key);
}

/* The name of the folder: the last two parts of its path, for runs are called by their time. */
static const char *folder_name(sdag_arena *a, const char *dir)
{
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/') n--;
    size_t from = n;
    for (int parts = 0; from > 0; from--)
        if (dir[from - 1] == '/' && ++parts == 2) break;
    return sdag_arena_copy(a, dir + from, n - from);
}

static bool is_locked(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    bool busy = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return busy;
}

sdag_status sdag_folder_read(sdag_folder **out, sdag_arena *a, sdag_log *log, const char *dir)
{
    struct stat st;
    if (stat(dir, &st)) return sdag_fail(log, SDAG_IO, SDAG_NOLOC, "cannot open '%s': %s", dir, strerror(errno));
    if (!S_ISDIR(st.st_mode)) return sdag_fail(log, SDAG_IO, SDAG_NOLOC, "'%s' is not the folder of a run", dir);
    sdag_folder *f = *out = SDAG_NEW(a, sdag_folder);
    f->a = a;
    f->dir = dir;
    f->busy = is_locked(dir);
    read_config(f);
#define X(field, file) f->field = read_json(f, file);
    SDAG_FOLDER_JSON(X)
#undef X
    sdag_folder_metrics(f);
    const char *phase;
    json_t *value;
    for (int i = 0; i < f->n_series; i++) add_phase(f, f->series[i].phase);
    json_object_foreach(json_object_get(f->summary, "phases"), phase, value) add_phase(f, phase);
    const char *name = json_string_value(json_object_get(f->summary, "name"));
    f->name = config_word(f, "name");
    if (!f->name || !*f->name) f->name = name && *name ? name : folder_name(a, dir);
    f->family = config_word(f, "family");
    f->about = config_word(f, "about");
    return SDAG_OK;
}

const sdag_series *sdag_folder_series(const sdag_folder *f, const char *phase, const char *name)
{
    for (int i = 0; i < f->n_series; i++)
        if (!strcmp(f->series[i].phase, phase) && !strcmp(f->series[i].name, name)) return &f->series[i];
    return NULL;
}

static json_t *phase_summary(const sdag_folder *f, const char *phase)
{
    return json_object_get(json_object_get(f->summary, "phases"), phase);
}

double sdag_folder_value(const sdag_folder *f, const char *phase, const char *name)
{
    const sdag_series *s = sdag_folder_series(f, phase, name);
    if (s && s->n && !s->last_bad) return s->last; /* newer than the summary while a phase is under way */
    json_t *v = json_object_get(phase_summary(f, phase), name);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

const char *sdag_folder_metric(const sdag_folder *f, const char *phase, int i)
{
    const char *name;
    json_t *value, *summary = phase_summary(f, phase);
    for (int k = 0; k < f->n_series; k++)
        if (!strcmp(f->series[k].phase, phase) && f->series[k].is_metric && i-- == 0) return f->series[k].name;
    json_object_foreach(summary, name, value)
    {
        const sdag_series *s = sdag_folder_series(f, phase, name);
        if ((!s || !s->is_metric) && i-- == 0) return name;
    }
    return NULL;
}

static bool all_phases_ended(const sdag_folder *f)
{
    for (int i = 0; i < f->n_phases; i++)
        if (!json_is_number(json_object_get(phase_summary(f, f->phases[i]), "seconds"))) return false;
    return f->n_phases > 0;
}

const char *sdag_folder_state(const sdag_folder *f)
{
    static const char *const known[] = {"running", "done", "stopped", "failed"};
    const char *said = json_string_value(json_object_get(f->state, "state"));
    for (size_t i = 0; said && i < sizeof known / sizeof *known; i++)
        if (!strcmp(said, known[i])) return i == 0 && !f->busy ? "interrupted" : known[i];
    return f->busy ? "running" : all_phases_ended(f) ? "done" : f->lines ? "interrupted" : "unknown";
}
