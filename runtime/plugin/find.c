/* Where the file of a plugin is. */
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "runtime/plugin/plugin.h"

bool sdag_plugin_is_path(const char *entry)
{
    size_t n = strlen(entry);
    return strchr(entry, '/') || (n > 3 && strcmp(entry + n - 3, ".so") == 0);
}

/* Beside the library that this function is in, so that an installed tree can be moved. */
const char *sdag_plugin_dir(sdag_arena *a)
{
    Dl_info info;
    union {
        const char *(*function)(sdag_arena *a);
        void *address;
    } here = {.function = sdag_plugin_dir};
    if (!dladdr(here.address, &info) || !info.dli_fname) return NULL;
    char real[PATH_MAX];
    const char *file = realpath(info.dli_fname, real) ? real : info.dli_fname;
    return sdag_path_join(a, sdag_path_dir(a, file), "ssldag/plugins");
}

static const char *in_folder(sdag_arena *a, const char *dir, const char *name)
{
    const char *path = sdag_path_join(a, dir, sdag_arena_printf(a, "%s.so", name));
    return access(path, F_OK) == 0 ? path : NULL;
}

const char *sdag_plugin_find(sdag_arena *a, const char *entry, const sdag_plugin_where *where)
{
    if (sdag_plugin_is_path(entry)) {
        const char *path = sdag_path_join(a, where->dir, entry);
        return access(path, F_OK) == 0 ? path : NULL;
    }
    for (const char *at = where->search; at && *at;) {
        size_t n = strcspn(at, ":");
        const char *found = n ? in_folder(a, sdag_arena_copy(a, at, n), entry) : NULL;
        if (found) return found;
        at += n + (at[n] == ':');
    }
    const char *installed = sdag_plugin_dir(a);
    return installed ? in_folder(a, installed, entry) : NULL;
}
