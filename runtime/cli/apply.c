/* What embed, predict and export have in common: reading a run, and saying what was done. */
#include "runtime/cli/apply.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "core/base/file.h"
#include "core/io/json_text.h"

/* The run in a folder of runs that was begun last: runs/NAME holds folders named by their time. */
static const char *newest_run(sdag_cli *c, const char *dir)
{
    const char *best = NULL;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        const char *config = sdag_arena_printf(c->arena, "%s/%s/config.yaml", dir, e->d_name);
        if (e->d_name[0] == '.' || access(config, R_OK)) continue;
        if (!best || strcmp(e->d_name, best) > 0) best = sdag_arena_str(c->arena, e->d_name);
    }
    if (d) closedir(d);
    return best ? sdag_path_join(c->arena, dir, best) : NULL;
}

sdag_status sdag_cli_no_run(sdag_cli *c, const char *dir)
{
    struct stat st;
    const char *near = newest_run(c, dir);
    if (stat(dir, &st)) return sdag_fail(c->log, SDAG_IO, SDAG_NOLOC, "cannot open '%s': %m", dir);
    if (near)
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "'%s' is no run, but holds some: did you mean '%s'?", dir,
                         near);
    return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC,
                     "'%s' is no folder of a run: it has no config.yaml (ssldag run --out DIR makes one)", dir);
}

sdag_status sdag_cli_apply(sdag_apply **out, sdag_cli *c, sdag_apply_options *o)
{
    sdag_graph *g;
    const char *dir = c->args[0], *config = sdag_path_join(c->arena, dir, "config.yaml");
    if (access(config, R_OK)) return sdag_cli_no_run(c, dir);
    sdag_status status = sdag_cli_load(&g, NULL, c, config);
    if (status) return status;
    sdag_catalog *catalog = SDAG_NEW(c->arena, sdag_catalog);
    *catalog = sdag_cli_catalog(c);
    o->run = dir;
    o->graph = g;
    o->catalog = catalog;
    o->node = c->node;
    o->inputs = c->args + 1;
    o->n_inputs = c->n_args - 1;
    o->skip_bad = c->skip_bad;
    o->threads = sdag_cli_threads(c);
    return sdag_apply_open(out, c->arena, c->log, o);
}

void sdag_cli_apply_note(sdag_cli *c, const sdag_apply *p)
{
    if (!c->quiet)
        sdag_log_add(c->log, SDAG_NOTE, SDAG_NOLOC, "'%s' with the weights of %s; %s", p->title,
                     p->weights ? p->weights : "another node", p->data);
}

/* Not more often than the eye can follow, and not at all for what is soon done. */
static bool is_time(sdag_cli *c)
{
    const double last = c->progress_at;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    double now = (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
    bool due = last > 0 && now - last > 0.3;
    if (due || last == 0) c->progress_at = now;
    return due;
}

void sdag_cli_apply_progress(sdag_cli *c, const sdag_apply *p, bool clear)
{
    if (clear && c->progress_shown) fputs("\r\033[K", stderr);
    if (clear) c->progress_shown = false;
    if (clear || c->quiet || !isatty(STDERR_FILENO) || !is_time(c)) return;
    fprintf(stderr, "\r%lld of %lld samples\033[K", (long long)p->done, (long long)p->rows);
    fflush(stderr);
    c->progress_shown = true;
}

bool sdag_cli_apply_bad(sdag_cli *c, const sdag_apply *p, int32_t id)
{
    const char *why = sdag_apply_bad(p, id);
    if (why) sdag_cli_apply_progress(c, p, true);
    if (why) sdag_log_add(c->log, SDAG_WARNING, SDAG_NOLOC, "%s: %s", sdag_apply_name(p, id), why);
    return why != NULL;
}

struct json_t *sdag_cli_apply_json(sdag_cli *c, const sdag_apply *p)
{
    json_t *weights = p->weights ? sdag_json_text(p->weights) : json_null();
    return json_pack("{s:o, s:s, s:o, s:s, s:I}", "run", sdag_json_text(c->args[0]), "node", p->title, "weights",
                     weights, "data", p->data, "samples", (json_int_t)p->rows);
}
