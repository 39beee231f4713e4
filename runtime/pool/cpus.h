/* How many threads are worth starting: the default of --threads. */
#ifndef SDAG_RUNTIME_POOL_CPUS_H
#define SDAG_RUNTIME_POOL_CPUS_H

#include <stdint.h>

/* CPUs that this process may use: its affinity mask, and no more than the quota of its control groups (version 2),
 * rounded up. 1 .. SDAG_SLOTS_MAX. */
int sdag_cpus(void);

/* The quota of the group that the file `self` ("/proc/self/cgroup") names and of all above it, under the mount point
 * `root` ("/sys/fs/cgroup"), in CPUs, rounded up; 0: none. */
int sdag_cpus_quota(const char *root, const char *self);

/* The least of what `of` finds in the directories of that group and of all above it, those aside where it finds 0;
 * 0: none. Other limits of the groups are read with it. */
int64_t sdag_group_least(const char *root, const char *self, int64_t (*of)(const char *dir));

#endif
