/* How many threads are worth starting: the default of --threads. */
#ifndef SDAG_RUNTIME_POOL_CPUS_H
#define SDAG_RUNTIME_POOL_CPUS_H

/* CPUs that this process may use: its affinity mask, and no more than the quota of its control groups (version 2),
 * rounded up. 1 .. SDAG_SLOTS_MAX. */
int sdag_cpus(void);

/* The quota of the group that the file `self` ("/proc/self/cgroup") names and of all above it, under the mount point
 * `root` ("/sys/fs/cgroup"), in CPUs, rounded up; 0: none. */
int sdag_cpus_quota(const char *root, const char *self);

#endif
