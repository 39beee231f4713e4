/* `ssldag new node NAME`: the files of a plugin to begin with.
 *
 *   status = sdag_skeleton_write(arena, log, "loss.my_loss", "my_loss");    // into the folder my_loss
 *
 * Nothing that is there is touched: SDAG_USAGE. What is written builds, and passes its tests, as it is. */
#ifndef SDAG_RUNTIME_PLUGIN_SKELETON_H
#define SDAG_RUNTIME_PLUGIN_SKELETON_H

#include "core/base/arena.h"
#include "core/base/log.h"

/* name: role.word, such as loss.my_loss, augment.my_transform or op.my_op. */
sdag_status sdag_skeleton_check(sdag_log *log, const char *name);
sdag_status sdag_skeleton_write(sdag_arena *a, sdag_log *log, const char *name, const char *dir);

/* The files: path in dir, NULL past the last. */
const char *sdag_skeleton_file(sdag_arena *a, const char *name, int i);

#endif
