/* metrics.jsonl: one JSON object a line, appended as it happens; summary.json: the last value of each, by phase. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "runtime/report/events.h"
#include "runtime/run/session.h"

static const char *metrics_path(sdag_session *s)
{
    return sdag_arena_printf(s->arena, "%s/metrics.jsonl", s->options->out_dir);
}

/* A run that has written events for TensorBoard goes on with them, asked or not. */
static void open_events(sdag_session *s)
{
    const char *dir = sdag_arena_printf(s->arena, "%s/tensorboard", s->options->out_dir);
    if (s->options->tensorboard || !access(dir, F_OK))
        s->metrics.events = sdag_events_open(s->arena, s->log, dir, metrics_path(s));
}

sdag_status sdag_metrics_open(sdag_session *s, int64_t keep_bytes)
{
    const char *path = metrics_path(s);
    struct stat st;
    s->metrics.fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (s->metrics.fd >= 0 && !fstat(s->metrics.fd, &st) && st.st_size < keep_bytes) {
        sdag_log_add(s->log, SDAG_WARNING, SDAG_NOLOC, "%s is shorter than the checkpoint says: some lines are lost",
                     path);
        keep_bytes = st.st_size;
    }
    if (s->metrics.fd < 0 || ftruncate(s->metrics.fd, keep_bytes) || lseek(s->metrics.fd, keep_bytes, SEEK_SET) < 0)
        return sdag_fail(s->log, SDAG_IO, SDAG_NOLOC, "%s: %s", path, strerror(errno));
    s->metrics.bytes = keep_bytes;
    if (!s->metrics.summary) s->metrics.summary = json_object();
    open_events(s);
    return s->metrics.summary ? SDAG_OK : SDAG_NOMEM;
}

sdag_status sdag_metrics_emit(sdag_session *s, json_t *line)
{
    char *text = line ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    if (!text) {
        json_decref(line);
        return SDAG_NOMEM;
    }
    size_t n = strlen(text), done = 0;
    text[n++] = '\n';
    sdag_status status = SDAG_OK;
    while (done < n && !status) {
        ssize_t k = write(s->metrics.fd, text + done, n - done);
        if (k > 0) done += (size_t)k;
        else if (errno != EINTR)
            status = sdag_fail(s->log, SDAG_IO, SDAG_NOLOC, "%s: %s", metrics_path(s), strerror(errno));
    }
    free(text);
    if (!status && s->metrics.events) sdag_events_add(s->metrics.events, line);
    json_decref(line);
    if (!status) s->metrics.bytes += (int64_t)done;
    else if (done && ftruncate(s->metrics.fd, s->metrics.bytes)) return status; /* no half of a line is left */
    return status;
}

/* A phase's object of the summary, made when it is not there. */
static json_t *phase_summary(sdag_session *s)
{
    json_t *phases = json_object_get(s->metrics.summary, "phases");
    if (!phases) json_object_set_new(s->metrics.summary, "phases", phases = json_object());
    const char *name = s->graph->phases[s->phase].name;
    json_t *p = json_object_get(phases, name);
    if (!p) json_object_set_new(phases, name, p = json_object());
    return p;
}

sdag_status sdag_metrics_value(sdag_session *s, const char *name, double value)
{
    json_object_set_new(phase_summary(s), name, isfinite(value) ? json_real(value) : json_null());
    return sdag_metrics_emit(s, json_pack("{s:s, s:I, s:I, s:s, s:o}", "phase", s->graph->phases[s->phase].name, "step",
                                          (json_int_t)s->step, "epoch", (json_int_t)s->epoch, "metric", name, "value",
                                          isfinite(value) ? json_real(value) : json_null()));
}

void sdag_metric(sdag_collector *c, const char *name, double value)
{
    sdag_session *s = c->metrics;
    char full[256];
    snprintf(full, sizeof full, name ? "%s.%s" : "%s", c->node, name);
    sdag_status status = sdag_metrics_value(s, full, value);
    if (status && !s->metrics.failed) s->metrics.failed = status;
}

sdag_status sdag_metrics_summary(sdag_session *s)
{
    json_object_set_new(s->metrics.summary, "name", json_string(s->graph->name ? s->graph->name : ""));
    json_object_set_new(s->metrics.summary, "seed", json_integer((json_int_t)s->graph->seed));
    char *text = json_dumps(s->metrics.summary, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
    if (!text) return SDAG_NOMEM;
    sdag_outfile o;
    sdag_status status = sdag_out_open(&o, s->log, sdag_arena_printf(s->arena, "%s/summary.json", s->options->out_dir));
    if (!status) {
        sdag_out_write(&o, text, strlen(text));
        sdag_out_write(&o, "\n", 1);
        status = sdag_out_commit(&o, s->log);
    }
    free(text);
    return status ? status : s->metrics.failed;
}

void sdag_metrics_close(sdag_session *s)
{
    if (s->metrics.fd >= 0) close(s->metrics.fd);
    sdag_events_close(s->metrics.events);
    s->metrics.events = NULL;
    s->metrics.fd = -1;
    json_decref(s->metrics.summary);
    s->metrics.summary = NULL;
}
