/* What a killed run leaves behind: files that were being written, NAME.tmp.PID (see core/base/file.h). */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/run/run.h"

enum { DEPTH = 8 }; /* of folders: sinks may have made some */

static bool is_unfinished(const char *name)
{
    const char *at = NULL;
    for (const char *p = name; (p = strstr(p, ".tmp.")); p += 5) at = p + 5;
    return at && *at && !at[strspn(at, "0123456789")];
}

static void clean(int dir, int depth)
{
    DIR *d = fdopendir(dir);
    if (!d) {
        close(dir);
        return;
    }
    for (const struct dirent *e; (e = readdir(d));) {
        struct stat st;
        if (e->d_name[0] == '.' || fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW)) continue;
        if (S_ISREG(st.st_mode) && is_unfinished(e->d_name)) unlinkat(dir, e->d_name, 0);
        if (!S_ISDIR(st.st_mode) || !depth) continue;
        int below = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below >= 0) clean(below, depth - 1);
    }
    closedir(d);
}

void sdag_run_clean(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) clean(fd, DEPTH);
}
