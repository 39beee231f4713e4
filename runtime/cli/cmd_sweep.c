/* ssldag sweep: a run for every combination of listed values, and their results side by side. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "runtime/cli/sweep.h"

/* One sweep at a time in a folder. The descriptor is left open until the process ends. */
static sdag_status lock_folder(const sdag_sweep *s)
{
    int fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return sdag_fail(s->c->log, SDAG_IO, SDAG_NOLOC, "%s: %s", s->dir, strerror(errno));
    if (!flock(fd, LOCK_EX | LOCK_NB)) return SDAG_OK;
    close(fd);
    return sdag_fail(s->c->log, SDAG_USAGE, SDAG_NOLOC, "%s: another sweep is working there", s->dir);
}

sdag_status sdag_cli_sweep(sdag_cli *c)
{
    sdag_sweep *s = SDAG_NEW(c->arena, sdag_sweep);
    sdag_status status = sdag_sweep_plan(s, c), results;
    if (!status) status = sdag_sweep_open(s);
    if (!status) status = lock_folder(s);
    if (status) return status;
    status = sdag_sweep_work(s);
    if (status && status != SDAG_STOPPED) return status;
    if (status == SDAG_STOPPED) {
        sdag_log_add(c->log, SDAG_NOTE, SDAG_NOLOC, "stopped: the same command with --out %s goes on", s->dir);
        return status;
    }
    results = sdag_sweep_results(s);
    for (int i = 0; i < s->n_runs && !results; i++)
        if (s->runs[i].code != 0) results = SDAG_FAILED;
    return results;
}
