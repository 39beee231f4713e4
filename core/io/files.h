/* A set of image files, in a directory or in a tar archive, with the classes that their folders name.
 *
 *   sdag_files *f;
 *   s = sdag_files_open(&f, log, loc, "cifar10.tar", "train");  // or a directory; "" or NULL: all of it
 *   for (int i = 0; i < sdag_files_count(f); i++) {
 *       s = sdag_files_read(f, i, buf, cap, &len, why);         // cap: sdag_files_largest(f)
 *       int label = sdag_files_label(f, i);                     // of "cat/0001.jpg": that of "cat"
 *   }
 *   sdag_files_destroy(f);
 *
 * Files are sorted bytewise by name, and only PNG and JPEG files count (sdag_name_is_image). The class of a file is
 * its first folder below the root, whatever lies between; class names sorted bytewise give labels 0, 1, ... A file
 * directly at the root has no class. Everything but opening is thread-safe and allocates nothing. */
#ifndef SDAG_IO_FILES_H
#define SDAG_IO_FILES_H

#include <stdint.h>

#include "core/base/log.h"
#include "core/io/why.h"

typedef struct sdag_files sdag_files;

/* path may also be one image, which then has its path for a name, and no class. sub: a folder under path that becomes
 * the root, "train" or "data/train". SDAG_IO: path or sub does not exist or cannot be read, or holds no image file;
 * *out is NULL then. Archives: see tar.h. */
sdag_status sdag_files_open(sdag_files **out, sdag_log *log, sdag_loc loc, const char *path, const char *sub);
void sdag_files_destroy(sdag_files *f); /* NULL is fine */

int sdag_files_count(const sdag_files *f);               /* at least 1 */
const char *sdag_files_name(const sdag_files *f, int i); /* below the root */
uint64_t sdag_files_size(const sdag_files *f, int i);    /* bytes */
uint64_t sdag_files_largest(const sdag_files *f);

int sdag_files_classes(const sdag_files *f);
const char *sdag_files_class(const sdag_files *f, int label); /* the folder's name */
int sdag_files_label(const sdag_files *f, int i);             /* -1: no class */

/* The whole file into buf. SDAG_IO: it has gone, changed its size, or cannot be read. SDAG_FAILED: cap is less than
 * its size. */
sdag_status sdag_files_read(const sdag_files *f, int i, void *buf, size_t cap, size_t *len, char why[SDAG_WHY]);

#endif
