#include "runtime/cli/pipelines.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"

enum { FILES_MAX = 1000 };

typedef struct found {
    const char *path;   /* from where the command was typed */
    const char *folder; /* below the folder that is searched; "" for that itself */
} found;

typedef SDAG_VEC(found) found_list;

static bool is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

const char *sdag_cli_examples(sdag_cli *c)
{
    static const char *const places[] = {"../examples", "../share/ssldag/examples", NULL};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = 0;
    for (int i = 0; n > 0 && places[i]; i++) {
        const char *at = sdag_path_join(c->arena, sdag_path_dir(c->arena, self), places[i]);
        char real[PATH_MAX];
        if (is_folder(at) && realpath(at, real)) return sdag_arena_str(c->arena, real);
    }
    return is_folder("examples") ? "examples" : NULL;
}

/* ---- finding ---- */

static void close_dir(void *d) { closedir(d); }

static bool ends_yaml(const char *name)
{
    size_t n = strlen(name);
    return (n > 5 && strcmp(name + n - 5, ".yaml") == 0) || (n > 4 && strcmp(name + n - 4, ".yml") == 0);
}

static sdag_status search(found_list *list, sdag_cli *c, const char *dir, const char *folder)
{
    DIR *d = opendir(dir);
    if (!d) return sdag_fail(c->log, SDAG_IO, SDAG_NOLOC, "%s: %s", dir, strerror(errno));
    sdag_arena_defer(c->arena, close_dir, d);
    sdag_status status = SDAG_OK;
    for (struct dirent *e; !status && (e = readdir(d));) {
        const char *path = sdag_path_join(c->arena, dir, e->d_name);
        if (*e->d_name == '.') continue;
        if (!*folder && is_folder(path)) status = search(list, c, path, sdag_arena_str(c->arena, e->d_name));
        else if (ends_yaml(e->d_name)) *SDAG_PUSH(c->arena, list) = (found){path, folder};
        if (list->n > FILES_MAX)
            return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "%s: more than %d pipelines", dir, FILES_MAX);
    }
    return status;
}

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "simclr/simclr.yaml" before "simclr/bench.yaml" */
static bool is_main(const found *f)
{
    size_t n = strlen(f->folder);
    return n && strncmp(base(f->path), f->folder, n) == 0 && base(f->path)[n] == '.';
}

static int by_place(const void *x_, const void *y_)
{
    const found *x = x_, *y = y_;
    int order = strcmp(x->folder, y->folder);
    if (order) return order;
    return is_main(x) != is_main(y) ? (is_main(x) ? -1 : 1) : strcmp(x->path, y->path);
}

/* ---- links ---- */

/* `to` as seen from folder `from`; both are real paths from the root. */
static const char *relative(sdag_arena *a, const char *from, const char *to)
{
    sdag_str s = {.a = a};
    size_t same = 0; /* length of the folders that both have */
    for (size_t i = 0;; i++) {
        bool stop_from = from[i] == '/' || !from[i], stop_to = to[i] == '/' || !to[i];
        if (stop_from && stop_to) same = i;
        if (!from[i] || from[i] != to[i]) break;
    }
    sdag_str_add(&s, "");
    for (const char *c = from + same; *c; c++)
        if (*c == '/' && c[1]) sdag_str_add(&s, "../");
    sdag_str_add(&s, to + same + (to[same] == '/'));
    return s.at;
}

static const char *link_to(sdag_cli *c, const char *from, const char *path)
{
    char here[PATH_MAX], there[PATH_MAX];
    if (!realpath(*from ? from : ".", here) || !realpath(path, there)) return path;
    return relative(c->arena, strcmp(here, "/") ? here : "", there);
}

/* ---- loading ---- */

static void destroy_log(void *log) { sdag_log_destroy(log); }

/* A map runs nobody's code: what needs the types of a plugin is left out, *g NULL. Anything else that is wrong with a
 * file is said as by every command. */
static sdag_status load(sdag_graph **g, sdag_cli *c, sdag_log *aside, const char *path)
{
    const sdag_spec *spec = NULL;
    sdag_cli quiet = *c;
    quiet.log = aside;
    quiet.no_plugins = !c->plugin_path;
    *g = NULL;
    sdag_status status = sdag_cli_load(g, &spec, &quiet, path);
    if (!status || status == SDAG_NOMEM) return status;
    *g = NULL;
    return spec && sdag_spec_get(spec, "plugins") ? SDAG_OK : sdag_cli_load(g, NULL, c, path);
}

sdag_status sdag_cli_pipelines(sdag_field_entry **out, int *n, sdag_cli *c, const char *dir, const char *from)
{
    found_list list = {0};
    sdag_status status = search(&list, c, dir, "");
    sdag_log *aside = status ? NULL : sdag_log_create(NULL);
    if (status || !aside) return status ? status : SDAG_NOMEM;
    sdag_arena_defer(c->arena, destroy_log, aside);
    if (list.n) qsort(list.at, (size_t)list.n, sizeof *list.at, by_place);
    *out = SDAG_NEWS(c->arena, sdag_field_entry, list.n);
    int left_out = 0;
    *n = 0;
    for (int i = 0; i < list.n && !status; i++) {
        sdag_graph *g;
        status = load(&g, c, aside, list.at[i].path);
        left_out += !status && !g;
        if (!g) continue;
        /* a file of the folder itself stands for itself */
        const char *folder = *list.at[i].folder ? list.at[i].folder : base(list.at[i].path);
        (*out)[(*n)++] = (sdag_field_entry){link_to(c, from, list.at[i].path), folder, g};
    }
    if (left_out)
        sdag_log_add(c->log, SDAG_NOTE, SDAG_NOLOC, "%d of the %d pipelines in %s need plugins and are left out%s",
                     left_out, list.n, dir, c->plugin_path ? "" : ": see --plugin-path");
    return status;
}
