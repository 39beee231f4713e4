/* A tar archive as a set of files: indexed once, then read at random by any thread.
 *
 *   sdag_tar t;
 *   s = sdag_tar_open(&t, log, loc, "cifar10.tar", NULL, NULL, SDAG_TAR_MEMORY);
 *   for (size_t i = 0; i < t.names.n; i++)
 *       s = sdag_tar_read(&t, i, buf, cap, &len, why);      // the file sdag_names_text(&t.names, i)
 *   sdag_tar_close(&t);
 *
 * A plain archive stays on disk; reading a file of it is one pread. A compressed one (gzip, bzip2, xz, zstd) has
 * no random access: its files are unpacked into memory, as long as they fit a limit.
 * Names in an archive are labels. They are never opened as paths, so "../x" and "/x" are harmless. */
#ifndef SDAG_IO_TAR_H
#define SDAG_IO_TAR_H

#include "core/base/log.h"
#include "core/io/names.h"
#include "core/io/why.h"

#define SDAG_TAR_MEMORY ((size_t)1 << 30) /* what a compressed archive may take in memory: 1 GiB */

typedef struct sdag_tar {
    sdag_names names; /* regular files, sorted; without leading '/' and "./" */
    int fd;
    uint8_t *memory; /* the files of a compressed archive, NULL for a plain one; offsets count from here */
} sdag_tar;

/* keep: whether a file belongs to the index (NULL: all do). t is empty after a failure.
 * SDAG_IO, naming the archive: cannot be read, not a tar, cut, damaged; a wanted file is a link or sparse; more than
 * limit bytes of wanted files in a compressed archive. An archive that lacks its end mark counts as cut. */
sdag_status sdag_tar_open(sdag_tar *t, sdag_log *log, sdag_loc loc, const char *path,
                          bool (*keep)(const void *ctx, const char *name), const void *ctx, size_t limit);

/* The whole file i into buf. Thread-safe, allocates nothing. SDAG_FAILED: it does not fit cap. SDAG_IO: the archive
 * has become shorter, or the disk failed. */
sdag_status sdag_tar_read(const sdag_tar *t, size_t i, void *buf, size_t cap, size_t *len, char why[SDAG_WHY]);

void sdag_tar_close(sdag_tar *t);

#endif
