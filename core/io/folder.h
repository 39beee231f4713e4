/* The image files under a directory, all levels of it.
 *
 *   sdag_names found = {0};
 *   s = sdag_folder_list(&found, log, loc, "photos");   // "cat/0001.jpg", "cat/0002.png", ...
 *   sdag_names_free(&found);
 *
 * What counts as an image is decided by sdag_name_is_image; nothing is opened but directories. Links to files and
 * directories are followed. Sorted bytewise. */
#ifndef SDAG_IO_FOLDER_H
#define SDAG_IO_FOLDER_H

#include "core/base/log.h"
#include "core/io/names.h"

/* found must be empty, and is empty again after a failure. SDAG_IO: a directory that cannot be read, a link to
 * nowhere or to a directory that contains it, a path that is too long; the message names it. */
sdag_status sdag_folder_list(sdag_names *found, sdag_log *log, sdag_loc loc, const char *path);

#endif
