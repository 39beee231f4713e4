#include "nodes/sink/path.h"

#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"

/* What a run writes itself. */
static const char *const taken[] = {"config.yaml", "graph.svg",   "metrics.jsonl", "summary.json", "timing.json",
                                    "report",      "report.html", "checkpoints",   "weights"};

const char *sdag_sink_path_check(const char *path)
{
    if (!path || !path[0]) return "path is empty";
    if (path[0] == '/') return "path is absolute: results go to the directory of the run";
    for (const char *p = path; *p; p += strcspn(p, "/"), p += *p == '/') {
        size_t n = strcspn(p, "/");
        if (n == 2 && !strncmp(p, "..", 2)) return "path leaves the directory of the run";
    }
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        size_t n = strlen(taken[i]);
        if (!strncmp(path, taken[i], n) && (!path[n] || path[n] == '/')) return "path is the run's own";
    }
    return path[strlen(path) - 1] == '/' ? "path names a directory" : NULL;
}

sdag_status sdag_sink_path(char **out, const sdag_collector *c, const char *path)
{
    const char *why = sdag_sink_path_check(path);
    *out = NULL;
    if (why) return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: %s", c->node, why);
    size_t n = strlen(c->out_dir) + strlen(path) + 2;
    char *full = sdag_alloc(n);
    if (!full) return SDAG_NOMEM;
    snprintf(full, n, "%s/%s", c->out_dir, path);
    char *slash = strrchr(full, '/');
    *slash = 0;
    sdag_status s = sdag_make_dirs(c->log, c->loc, full);
    *slash = '/';
    if (s) sdag_free(full);
    else *out = full;
    return s;
}
