/* What a run runs on: versions of the libraries that are loaded, compiler, processor.
 *
 *   json_t *env = sdag_env_json("runs");      // NULL: out of memory
 *   ...
 *   json_decref(env);
 *
 * {"versions": {"ssldag": "0.1.0", "compiler": "gcc 12.2.0", "glibc": "2.36", "openblas": "0.3.21", "graphviz":
 * "2.43.0", "libyaml", "zlib", "libpng", "libjpeg-turbo", "libarchive", "jansson"}, "openblas": {"config": "OpenBLAS
 * 0.3.21 ... Zen MAX_THREADS=64", "core": "Zen", "threads": "pthread"}, "graphviz": {"layout": ["dot", ...], "device":
 * ["png", "svg", ...]},       what its plugins offer "cpu": {"model": "...", "vector": ["avx2", "fma"], "online": 8,
 * "allowed": 2}, "memory": {"bytes": total, "available": bytes or null, "limit": bytes or null},   limit: of the
 * control groups "disk": {"dir": "runs", "free": bytes or null}}
 *
 * memory and disk are of the moment: they are there when dir (an existing folder) is given, and not when it is NULL. */
#ifndef SDAG_RUNTIME_RECORDS_ENV_H
#define SDAG_RUNTIME_RECORDS_ENV_H

#include <jansson.h>
#include <stdint.h>

json_t *sdag_env_json(const char *dir);

/* The smallest memory.max of the group (version 2) that the file `self` ("/proc/self/cgroup") names and of all above
 * it, under the mount point `root` ("/sys/fs/cgroup"), in bytes; 0: none. */
int64_t sdag_env_memory_limit(const char *root, const char *self);

/* The command line of this process, as it would be typed in a shell; NULL: not known, or out of memory. */
json_t *sdag_env_command(void);

#endif
