#include "runtime/report/events.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/report/tfrecord.h"

enum { MESSAGE_MAX = 64 << 10, VALUE_MAX = 1 << 10, LINE_MAX_BYTES = 1 << 20 };
enum { EVENT_WALL_TIME = 1, EVENT_STEP = 2, EVENT_FILE_VERSION = 3, EVENT_SUMMARY = 5 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2 };

struct sdag_events {
    int fd;
    const char *path;
    sdag_log *log;
    int64_t bytes; /* of whole records */
    uint8_t event[MESSAGE_MAX], summary[MESSAGE_MAX], frame[MESSAGE_MAX + SDAG_TFRECORD_EXTRA];
};

static double wall_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Warns, and ends the file: the run matters more than this copy of its numbers. */
static void give_up(sdag_events *e, const char *why)
{
    if (e->fd < 0) return;
    sdag_log_add(e->log, SDAG_WARNING, SDAG_NOLOC, "%s: %s: nothing more is written for TensorBoard", e->path, why);
    sdag_events_close(e);
}

static bool cut(sdag_events *e, int64_t bytes)
{
    if (!ftruncate(e->fd, bytes) && lseek(e->fd, bytes, SEEK_SET) == bytes) return true;
    give_up(e, strerror(errno));
    return false;
}

/* A whole record or nothing of it. */
static void append(sdag_events *e, const sdag_message *m)
{
    size_t n = m->n + SDAG_TFRECORD_EXTRA, done = 0;
    if (m->full) give_up(e, "an event is too long");
    if (e->fd < 0) return;
    sdag_tfrecord_frame(e->frame, m->at, m->n);
    while (done < n) {
        ssize_t k = write(e->fd, e->frame + done, n - done);
        if (k > 0) done += (size_t)k;
        else if (errno != EINTR) {
            const char *why = strerror(errno);
            if (!done || cut(e, e->bytes)) give_up(e, why);
            return;
        }
    }
    e->bytes += (int64_t)n;
}

static void add_value(sdag_message *summary, const char *phase, const char *name, const json_t *value)
{
    uint8_t buf[VALUE_MAX];
    char tag[512];
    sdag_message m = {.at = buf, .cap = sizeof buf};
    int full = snprintf(tag, sizeof tag, "%s/%s", phase, name);
    size_t n = strlen(tag);
    if (full >= (int)sizeof tag) { /* cut between characters: what is no UTF-8 is no text of a message */
        while (n && ((unsigned char)tag[n - 1] & 0xc0) == 0x80) n--;
        n -= n && (unsigned char)tag[n - 1] >= 0xc0;
    }
    sdag_message_bytes(&m, VALUE_TAG, tag, n);
    sdag_message_float(&m, VALUE_SIMPLE, json_is_number(value) ? (float)json_number_value(value) : NAN);
    if (!m.full) sdag_message_bytes(summary, SUMMARY_VALUE, m.at, m.n);
}

static bool is_scalar(const char *key, const json_t *v)
{
    /* a report says its loss again as a metric of its own */
    return (json_is_number(v) || json_is_null(v)) && strcmp(key, "step") && strcmp(key, "epoch") && strcmp(key, "loss");
}

void sdag_events_add(sdag_events *e, const json_t *line)
{
    sdag_message summary = {.at = e->summary, .cap = MESSAGE_MAX}, m = {.at = e->event, .cap = MESSAGE_MAX};
    const char *phase = json_string_value(json_object_get(line, "phase")), *key;
    const char *metric = json_string_value(json_object_get(line, "metric"));
    json_t *v;
    if (phase && metric) add_value(&summary, phase, metric, json_object_get(line, "value"));
    else if (phase)
        json_object_foreach((json_t *)line, key, v) if (is_scalar(key, v)) add_value(&summary, phase, key, v);
    sdag_message_double(&m, EVENT_WALL_TIME, wall_time());
    sdag_message_int(&m, EVENT_STEP, (int64_t)json_integer_value(json_object_get(line, "step")));
    if (summary.full) m.full = true;
    else sdag_message_bytes(&m, EVENT_SUMMARY, summary.at, summary.n);
    append(e, &m);
}

static void add_version(sdag_events *e)
{
    static const char version[] = "brain.Event:2";
    sdag_message m = {.at = e->event, .cap = MESSAGE_MAX};
    sdag_message_double(&m, EVENT_WALL_TIME, wall_time());
    sdag_message_bytes(&m, EVENT_FILE_VERSION, version, sizeof version - 1);
    append(e, &m);
}

/* ---- going on with a file that is there */

static bool read_at(int fd, void *to, size_t n, int64_t at)
{
    for (size_t done = 0; done < n;) {
        ssize_t k = pread(fd, (char *)to + done, n - done, at + (int64_t)done);
        if (k > 0) done += (size_t)k;
        else if (k == 0 || errno != EINTR) return false;
    }
    return true;
}

/* Bytes of the whole record at `at`, which is at most as long as those that are written here; 0: there is none. */
static int64_t record_at(sdag_events *e, int64_t at)
{
    uint64_t n = 0;
    if (!read_at(e->fd, e->frame, 8, at)) return 0;
    for (int i = 0; i < 8; i++) n |= (uint64_t)e->frame[i] << 8 * i;
    if (n > MESSAGE_MAX || !read_at(e->fd, e->frame, (size_t)n + SDAG_TFRECORD_EXTRA, at)) return 0;
    return sdag_tfrecord_check(e->frame, (size_t)n + SDAG_TFRECORD_EXTRA) < 0 ? 0 : (int64_t)n + SDAG_TFRECORD_EXTRA;
}

/* The record of the next line is kept where it is, and made from the line where it is not. */
static void follow_line(sdag_events *e, bool *there, const char *text, size_t n)
{
    int64_t record = *there ? record_at(e, e->bytes) : 0;
    e->bytes += record;
    if (record || (*there && !cut(e, e->bytes))) return;
    *there = false;
    json_t *line = json_loadb(text, n, 0, NULL);
    sdag_events_add(e, line); /* of a line that is none: an event without values */
    json_decref(line);
}

/* buf: LINE_MAX_BYTES */
static void follow(sdag_events *e, char *buf, const char *metrics_path)
{
    int64_t first = record_at(e, 0), at = 0;
    bool there = first > 0;
    e->bytes = first;
    if (!there && cut(e, 0)) add_version(e);
    int fd = open(metrics_path, O_RDONLY | O_CLOEXEC);
    size_t fill = 0;
    for (ssize_t n; fd >= 0 && e->fd >= 0 && (n = pread(fd, buf + fill, LINE_MAX_BYTES - fill, at)) > 0; at += n) {
        size_t from = 0;
        fill += (size_t)n;
        for (char *end; e->fd >= 0 && (end = memchr(buf + from, '\n', fill - from)); from = (size_t)(end - buf) + 1)
            follow_line(e, &there, buf + from, (size_t)(end - buf) - from);
        memmove(buf, buf + from, fill - from);
        fill -= from;
    }
    if (fd >= 0) close(fd);
    if (e->fd >= 0) cut(e, e->bytes); /* what has no line */
}

sdag_events *sdag_events_open(sdag_arena *a, sdag_log *log, const char *dir, const char *metrics_path)
{
    sdag_events *e = SDAG_NEW(a, sdag_events);
    char *buf = sdag_arena_get(a, LINE_MAX_BYTES); /* before anything is open */
    e->log = log;
    e->path = sdag_arena_printf(a, "%s/events.out.tfevents.ssldag", dir);
    e->fd = -1;
    if (mkdir(dir, 0777) == 0 || errno == EEXIST)
        e->fd = open(e->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (e->fd < 0)
        sdag_log_add(log, SDAG_WARNING, SDAG_NOLOC, "%s: %s: nothing is written for TensorBoard", e->path,
                     strerror(errno));
    else follow(e, buf, metrics_path);
    return e;
}

void sdag_events_close(sdag_events *e)
{
    if (e && e->fd >= 0) close(e->fd);
    if (e) e->fd = -1;
}
