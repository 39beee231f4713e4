/* What lies in the folder of a run, read for a page: tolerant of everything.
 *
 *   sdag_folder *f;
 *   status = sdag_folder_read(&f, arena, "runs/a/1");      // inside sdag_arena_try: SDAG_NOMEM leaves by the arena
 *
 * A file that is missing is NULL here; one that is damaged or a link is NULL too, and a note says so. Nothing is
 * followed out of the folder by a name that stands in a file. */
#ifndef SDAG_RUNTIME_REPORT_FOLDER_H
#define SDAG_RUNTIME_REPORT_FOLDER_H

#include <jansson.h>

#include "core/base/map.h"
#include "graphs/spec/spec.h"
#include "runtime/report/series.h"

enum { SDAG_FOLDER_SERIES_MAX = 400, SDAG_FOLDER_PHASES_MAX = 64, SDAG_FOLDER_NOTES_MAX = 20 };

/* The files of a folder that are JSON: a row here is a member of sdag_folder. */
#define SDAG_FOLDER_JSON(X)               \
    X(summary, "summary.json")            \
    X(timing, "timing.json")              \
    X(state, "report/state.json")         \
    X(plan, "report/plan.json")           \
    X(views, "report/views.json")         \
    X(embedding, "report/embedding.json") \
    X(confusion, "report/confusion.json") \
    X(env, "report/env.json")

typedef struct sdag_note {
    const char *file, *text;
} sdag_note;

typedef struct sdag_folder {
    sdag_arena *a;
    const char *dir;
    const char *name, *family, *about; /* of the config; name: else the folder's; the others NULL */
    const char *config_text;           /* NULL: none */
    size_t config_len;
    const sdag_spec *config; /* NULL: none, or it cannot be read */
#define X(field, file) json_t *field;
    SDAG_FOLDER_JSON(X)
#undef X
    const char *phases[SDAG_FOLDER_PHASES_MAX]; /* as the config orders them, then what the metrics add */
    int n_phases;
    sdag_series *series; /* in the order in which the metrics name them */
    int n_series;
    int64_t lines, bad_lines, dropped; /* of metrics.jsonl; dropped: values of series past the limit */
    const char *time_svg;              /* the pipeline coloured by time, when it could be drawn; NULL */
    size_t time_svg_len;
    bool busy; /* a run is at work in the folder */
    sdag_note notes[SDAG_FOLDER_NOTES_MAX];
    int n_notes;
} sdag_folder;

/* SDAG_IO, reported: dir is no folder. */
sdag_status sdag_folder_read(sdag_folder **out, sdag_arena *a, sdag_log *log, const char *dir);

const sdag_series *sdag_folder_series(const sdag_folder *f, const char *phase, const char *name); /* NULL: none */
/* The last value of a metric: of summary.json, else of the curve; NAN. */
double sdag_folder_value(const sdag_folder *f, const char *phase, const char *name);
/* The i-th metric of a phase that the summary has, or will have; NULL at the end. */
const char *sdag_folder_metric(const sdag_folder *f, const char *phase, int i);

/* How the run stands, for people and as a class of the style sheet: "running", "done", "stopped", "failed",
 * "interrupted" (killed, or the machine went down), "unknown". */
const char *sdag_folder_state(const sdag_folder *f);

/* A regular file of the folder, of at most limit bytes; false: not there (a note when it is there and cannot be read).
 */
bool sdag_folder_file(char **text, size_t *len, sdag_folder *f, const char *name, size_t limit);
/* Names of the files of the folder itself that end so, by name; how many, at most `most`. */
int sdag_folder_find(const char **out, int most, sdag_folder *f, const char *ending);
void sdag_folder_note(sdag_folder *f, const char *file, const char *fmt, ...) SDAG_PRINTF(3, 4);

#endif
