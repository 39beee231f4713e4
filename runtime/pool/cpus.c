#include "runtime/pool/cpus.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/data/dataset.h"

/* The start of a small file; false: there is none. */
static int read_text(char *to, int size, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), n = 0;
    if (fd < 0) return 0;
    for (ssize_t got; n < size - 1 && (got = read(fd, to + n, (size_t)(size - 1 - n))) > 0;) n += (int)got;
    close(fd);
    to[n] = 0;
    return n > 0;
}

/* cpu.max is "QUOTA PERIOD" in microseconds, or "max PERIOD" (Linux, Documentation/admin-guide/cgroup-v2.rst). */
static int64_t quota_of(const char *dir)
{
    char path[PATH_MAX + 16], text[64];
    long long quota, period;
    snprintf(path, sizeof path, "%s/cpu.max", dir);
    if (!read_text(text, sizeof text, path)) return 0;
    if (sscanf(text, "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0) return 0;
    long long n = quota / period + (quota % period != 0);
    return n > SDAG_SLOTS_MAX ? SDAG_SLOTS_MAX : n;
}

int64_t sdag_group_least(const char *root, const char *self, int64_t (*of)(const char *dir))
{
    char text[PATH_MAX], dir[PATH_MAX];
    if (!read_text(text, sizeof text, self)) return 0;
    const char *line = text;
    while (line && strncmp(line, "0::/", 4)) { /* the line of version 2 */
        line = strchr(line, '\n');
        if (line) line++;
    }
    if (!line) return 0;
    int64_t least = 0;
    int n = snprintf(dir, sizeof dir, "%s%.*s", root, (int)strcspn(line + 3, "\n"), line + 3);
    if (n < 0 || n >= (int)sizeof dir) return 0;
    for (size_t end = strlen(dir); end >= strlen(root); end--) {
        if (dir[end] && dir[end] != '/') continue;
        dir[end] = 0;
        int64_t q = of(dir);
        if (q && (!least || q < least)) least = q;
    }
    return least;
}

int sdag_cpus_quota(const char *root, const char *self) { return (int)sdag_group_least(root, self, quota_of); }

static int affinity(void)
{
    cpu_set_t few;
    if (sched_getaffinity(0, sizeof few, &few) == 0) return CPU_COUNT(&few);
    return (int)sysconf(_SC_NPROCESSORS_ONLN); /* more CPUs than the set holds */
}

int sdag_cpus(void)
{
    int n = affinity(), quota = sdag_cpus_quota("/sys/fs/cgroup", "/proc/self/cgroup");
    if (quota && quota < n) n = quota;
    return n < 1 ? 1 : n > SDAG_SLOTS_MAX ? SDAG_SLOTS_MAX : n;
}
