#include "core/io/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/io/read_at.h"

typedef struct level { /* the directories from the root down to the one being read */
    dev_t dev;
    ino_t ino;
    const struct level *up;
} level;

typedef struct walk {
    sdag_names *found;
    sdag_log *log;
    sdag_loc loc;
    const char *root;
    char name[PATH_MAX]; /* under the root */
} walk;

static sdag_status broken(walk *w, const char *what)
{
    const char *slash = w->name[0] ? "/" : "";
    return sdag_fail(w->log, SDAG_IO, w->loc, "cannot read '%s%s%s': %s", w->root, slash, w->name, what);
}

static sdag_status read_dir(walk *w, int fd, size_t len, const level *up);

/* One entry of the directory fd; its name under the root is in w->name, the last part begins at last. */
static sdag_status visit(walk *w, int fd, size_t last, const level *up)
{
    struct stat st;
    if (fstatat(fd, w->name + last, &st, 0) != 0) {
        /* Only what would have been read is missed: a dead link called notes.txt is nobody's concern. */
        return sdag_name_is_image(w->name) ? broken(w, strerror(errno)) : SDAG_OK;
    }
    if (S_ISDIR(st.st_mode)) {
        for (const level *l = up; l; l = l->up)
            if (l->dev == st.st_dev && l->ino == st.st_ino) return broken(w, "a link to a directory that contains it");
        int sub = sdag_open_at(fd, w->name + last, O_DIRECTORY);
        return sub < 0 ? broken(w, strerror(errno)) : read_dir(w, sub, strlen(w->name), up);
    }
    if (!S_ISREG(st.st_mode) || !sdag_name_is_image(w->name)) return SDAG_OK;
    return sdag_names_add(w->found, w->name, (uint64_t)st.st_size, 0) ? SDAG_OK : SDAG_NOMEM;
}

/* Everything in the directory fd, which is closed. Its name under the root is the first len bytes of w->name. */
static sdag_status read_dir(walk *w, int fd, size_t len, const level *up)
{
    struct stat st;
    DIR *dir = fstat(fd, &st) == 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        sdag_status s = broken(w, strerror(errno));
        close(fd);
        return s;
    }
    level here = {st.st_dev, st.st_ino, up};
    size_t last = len ? len + 1 : 0;
    sdag_status s = SDAG_OK;
    while (s == SDAG_OK) {
        errno = 0;
        const struct dirent *e = readdir(dir);
        if (!e && errno) s = broken(w, strerror(errno));
        if (!e) break;
        if (e->d_name[0] == '.') continue; /* itself, its parent, hidden files */
        size_t n = strlen(e->d_name);
        if (last + n >= sizeof w->name) {
            s = broken(w, strerror(ENAMETOOLONG));
            break;
        }
        if (len) w->name[len] = '/';
        memcpy(w->name + last, e->d_name, n + 1);
        s = visit(w, dirfd(dir), last, &here);
        w->name[len] = 0;
    }
    closedir(dir);
    return s;
}

sdag_status sdag_folder_list(sdag_names *found, sdag_log *log, sdag_loc loc, const char *path)
{
    walk w = {.found = found, .log = log, .loc = loc, .root = path};
    int fd = sdag_open_at(AT_FDCWD, path, O_DIRECTORY);
    sdag_status s = fd < 0 ? broken(&w, strerror(errno)) : read_dir(&w, fd, 0, NULL);
    if (s) sdag_names_free(found);
    else sdag_names_sort(found);
    return s;
}
