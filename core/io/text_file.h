/* A whole file in memory that its reader can give back at once, unlike an arena's (core/base/file.h).
 *
 *   sdag_text_file f;
 *   s = sdag_text_file_read(&f, log, loc, path, limit);
 *   ... f.at[0 .. f.n-1] ...
 *   sdag_text_file_free(&f); */
#ifndef SDAG_IO_TEXT_FILE_H
#define SDAG_IO_TEXT_FILE_H

#include <stddef.h>

#include "core/base/log.h"

typedef struct sdag_text_file {
    char *at; /* a NUL follows; NULL after a failure */
    size_t n;
} sdag_text_file;

/* SDAG_IO: it cannot be read, is no regular file, or is longer than limit bytes. */
sdag_status sdag_text_file_read(sdag_text_file *f, sdag_log *log, sdag_loc loc, const char *path, size_t limit);
void sdag_text_file_free(sdag_text_file *f);

#endif
