#include "runtime/report/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/io/json_memory.h"

enum { BUFFER = 256 << 10, NAME_MAX_BYTES = 200 }; /* a longer line, or name, is damage */

typedef struct reading {
    sdag_folder *f;
    int fd;
    json_t *line; /* of now: released with the arena when memory runs out in its midst */
    sdag_map index;
    char *buf;
    size_t fill;
    bool skipping; /* the rest of a line that is too long */
} reading;

static void release(void *p)
{
    reading *r = p;
    json_decref(r->line);
    if (r->fd >= 0) close(r->fd);
}

static sdag_series *series_of(reading *r, const char *phase, const char *name)
{
    char key[2 * NAME_MAX_BYTES + 8];
    sdag_folder *f = r->f;
    if (strlen(phase) > NAME_MAX_BYTES || strlen(name) > NAME_MAX_BYTES) return NULL;
    snprintf(key, sizeof key, "%s\n%s", phase, name);
    int id = sdag_map_get(&r->index, key);
    if (id >= 0) return &f->series[id];
    if (f->n_series == SDAG_FOLDER_SERIES_MAX) return NULL;
    sdag_map_put(&r->index, sdag_arena_str(f->a, key), f->n_series);
    sdag_series *s = &f->series[f->n_series++];
    s->phase = sdag_arena_str(f->a, phase);
    s->name = sdag_arena_str(f->a, name);
    return s;
}

static void add(reading *r, const char *phase, const char *name, double step, double epoch, json_t *value, bool metric)
{
    double y = json_is_number(value) ? json_number_value(value) : NAN;
    sdag_series *s = series_of(r, phase, name);
    if (!s) {
        r->f->dropped++;
        return;
    }
    s->is_metric |= metric;
    s->last_epoch = epoch;
    if (s->n && s->last_x == step && s->last == y) return; /* a report says its loss twice */
    sdag_series_add(s, r->f->a, step, y);
}

static void take_line(reading *r, const char *text, size_t n)
{
    if (n == 0) return;
    r->f->lines++;
    sdag_json_begin();
    r->line = json_loadb(text, n, 0, NULL);
    if (!r->line && sdag_json_starved()) sdag_arena_escape(r->f->a);
    const char *phase = json_string_value(json_object_get(r->line, "phase")), *key;
    const char *metric = json_string_value(json_object_get(r->line, "metric"));
    double step = json_number_value(json_object_get(r->line, "step"));
    double epoch = json_number_value(json_object_get(r->line, "epoch"));
    json_t *value;
    if (!phase) r->f->bad_lines++;
    else if (metric) add(r, phase, metric, step, epoch, json_object_get(r->line, "value"), true);
    else
        json_object_foreach(r->line, key, value) if ((json_is_number(value) || json_is_null(value)) &&
                                                     strcmp(key, "step") && strcmp(key, "epoch"))
            add(r, phase, key, step, epoch, value, false);
    json_decref(r->line);
    r->line = NULL;
}

/* All whole lines of the buffer; what is left moves to its front. */
static void take_lines(reading *r)
{
    size_t from = 0;
    for (char *end; (end = memchr(r->buf + from, '\n', r->fill - from));) {
        size_t to = (size_t)(end - r->buf);
        if (r->skipping) r->skipping = false;
        else take_line(r, r->buf + from, to - from);
        from = to + 1;
    }
    memmove(r->buf, r->buf + from, r->fill - from);
    r->fill -= from;
    if (r->fill < BUFFER) return;
    if (!r->skipping) r->f->lines++, r->f->bad_lines++;
    r->skipping = true;
    r->fill = 0;
}

void sdag_folder_metrics(sdag_folder *f)
{
    const char *path = sdag_arena_printf(f->a, "%s/metrics.jsonl", f->dir);
    struct stat st;
    reading *r = SDAG_NEW(f->a, reading);
    f->series = SDAG_NEWS(f->a, sdag_series, SDAG_FOLDER_SERIES_MAX);
    *r = (reading){.f = f, .fd = -1, .index = {.a = f->a}, .buf = sdag_arena_get(f->a, BUFFER)};
    sdag_arena_defer(f->a, release, r);
    if (stat(path, &st)) return;
    if (S_ISREG(st.st_mode)) r->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0) {
        sdag_folder_note(f, "metrics.jsonl", "cannot be read");
        return;
    }
    for (ssize_t n; (n = read(r->fd, r->buf + r->fill, BUFFER - r->fill)) != 0;) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        r->fill += (size_t)n;
        take_lines(r);
    }
    if (f->bad_lines)
        sdag_folder_note(f, "metrics.jsonl", "%lld of %lld lines are damaged and left out", (long long)f->bad_lines,
                         (long long)f->lines);
    if (f->dropped)
        sdag_folder_note(f, "metrics.jsonl", "has more than %d metrics: the later ones are left out",
                         SDAG_FOLDER_SERIES_MAX);
    for (int i = 0; i < f->n_series; i++) sdag_series_finish(&f->series[i], f->a);
}
