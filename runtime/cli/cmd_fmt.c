/* ssldag fmt: a pipeline in its normal form, to standard output or back into its file. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/file.h"
#include "graphs/spec/format.h"
#include "runtime/cli/cli.h"

/* The file behind a link, with the permissions that it has. */
static sdag_status write_back(sdag_cli *c, const char *path, const char *text)
{
    sdag_outfile o;
    struct stat st;
    char real[PATH_MAX];
    if (!realpath(path, real) || stat(real, &st) != 0)
        return sdag_fail(c->log, SDAG_IO, SDAG_NOLOC, "%s: %s", path, strerror(errno));
    sdag_status status = sdag_out_open(&o, c->log, real);
    if (status) return status;
    if (o.tmp && fchmod(o.fd, st.st_mode & 07777) != 0) {
        sdag_out_abandon(&o);
        return sdag_fail(c->log, SDAG_IO, SDAG_NOLOC, "%s: %s", path, strerror(errno));
    }
    sdag_out_write(&o, text, strlen(text));
    return sdag_out_commit(&o, c->log);
}

/* *changes: whether the file is not in its normal form. */
static sdag_status format_file(sdag_cli *c, const char *path, bool *changes)
{
    char *text, *now;
    size_t len;
    sdag_status status = sdag_file_read(&text, &len, c->arena, c->log, SDAG_NOLOC, path, SDAG_SPEC_TEXT_MAX + 1);
    if (!status) status = sdag_format(&now, c->arena, c->log, path, text, len);
    if (status) return status;
    bool same = strlen(now) == len && memcmp(now, text, len) == 0;
    *changes |= !same;
    if (c->check) return same || c->quiet ? SDAG_OK : sdag_cli_print(c, sdag_arena_printf(c->arena, "%s\n", path));
    if (c->write) return same ? SDAG_OK : write_back(c, path, now);
    return sdag_cli_print(c, now);
}

sdag_status sdag_cli_fmt(sdag_cli *c)
{
    bool changes = false;
    if (c->check && c->write)
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--check and --write exclude each other");
    if (c->n_args > 1 && !c->check && !c->write)
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "several files need --write or --check");
    sdag_status worst = SDAG_OK;
    for (int i = 0; i < c->n_args; i++) {
        sdag_status status = format_file(c, c->args[i], &changes);
        if (status && !worst) worst = status;
    }
    return worst ? worst : c->check && changes ? SDAG_FAILED : SDAG_OK;
}
