/* Files: read whole within a limit; written beside and renamed, or not at all. */
#ifndef SDAG_BASE_FILE_H
#define SDAG_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/log.h"

/* The whole of path into the arena (a NUL is added). Longer than limit is an error. EINTR is retried.
 * loc: where the YAML names the file, for the message; SDAG_NOLOC: the message stands alone. */
sdag_status sdag_file_read(char **text, size_t *len, sdag_arena *a, sdag_log *log, sdag_loc loc, const char *path,
                           size_t limit);

/* A file under construction: path.tmp.PID in the same directory, until committed.
 * Any write error sticks; commit reports it, and nothing of the file remains (a failure to sync the directory
 * comes after the renaming: it is reported, and the file stays). A path that names a device or a pipe is written
 * directly, and so is /dev/stdout or another descriptor, whatever is behind it. One sdag_outfile per path at a time. */
typedef struct sdag_outfile {
    int fd, err;
    char *path, *tmp; /* tmp NULL: written directly */
    char *buf;        /* 64 KiB */
    size_t fill;
    uint64_t bytes; /* written so far */
} sdag_outfile;

sdag_status sdag_out_open(sdag_outfile *o, sdag_log *log, const char *path);
void sdag_out_write(sdag_outfile *o, const void *p, size_t n);
void sdag_out_printf(sdag_outfile *o, const char *fmt, ...) SDAG_PRINTF(2, 3);
sdag_status sdag_out_commit(sdag_outfile *o, sdag_log *log); /* flush, fsync, close, rename, fsync the directory */
void sdag_out_abandon(sdag_outfile *o);                      /* close and unlink; also fine after commit */

sdag_status sdag_make_dirs(sdag_log *log, sdag_loc loc, const char *path); /* mkdir -p; an existing directory is fine */

/* path as seen from dir: absolute paths and an empty dir leave it as it is. */
char *sdag_path_join(sdag_arena *a, const char *dir, const char *path);
char *sdag_path_dir(sdag_arena *a, const char *path); /* "" for a bare name */

#endif
