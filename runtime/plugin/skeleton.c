/* The files of runtime/plugin/skeleton with names put in. */
#include "runtime/plugin/skeleton.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/str.h"

extern const char sdag_skeleton_loss_c[], sdag_skeleton_loss_yaml[], sdag_skeleton_layer_c[],
    sdag_skeleton_layer_yaml[], sdag_skeleton_augment_c[], sdag_skeleton_augment_yaml[], sdag_skeleton_op_c[],
    sdag_skeleton_op_yaml[], sdag_skeleton_cmake[], sdag_skeleton_readme[]; /* skeleton_data.S */

/* Which texts a role is written from, and how `inspect` finds the result. */
static const struct kind {
    const char *role, *code, *yaml, *inspect;
} kinds[] = {
    {"loss", sdag_skeleton_loss_c, sdag_skeleton_loss_yaml, "@TYPE@"},
    {"encoder", sdag_skeleton_layer_c, sdag_skeleton_layer_yaml, "@TYPE@"},
    {"projector", sdag_skeleton_layer_c, sdag_skeleton_layer_yaml, "@TYPE@"},
    {"decoder", sdag_skeleton_layer_c, sdag_skeleton_layer_yaml, "@TYPE@"},
    {"head", sdag_skeleton_layer_c, sdag_skeleton_layer_yaml, "@TYPE@"},
    {"math", sdag_skeleton_layer_c, sdag_skeleton_layer_yaml, "@TYPE@"},
    {"augment", sdag_skeleton_augment_c, sdag_skeleton_augment_yaml, "augment"},
    {"op", sdag_skeleton_op_c, sdag_skeleton_op_yaml, "math.@NAME@"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };
static const char roles[] = "loss, encoder, projector, decoder, head, math, augment or op";

static const struct kind *find_kind(const char *name)
{
    size_t n = strcspn(name, ".");
    for (int i = 0; i < KINDS; i++)
        if (strlen(kinds[i].role) == n && !strncmp(kinds[i].role, name, n)) return &kinds[i];
    return NULL;
}

static const char *kind_name(const void *ctx, int i)
{
    (void)ctx;
    return i < KINDS ? kinds[i].role : NULL;
}

/* Targets that CMake has of its own: a library cannot be called so. */
static bool is_target_of_cmake(const char *word)
{
    static const char *const own[] = {"all",     "clean",      "edit_cache",    "help",
                                      "install", "preinstall", "rebuild_cache", "test"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!strcmp(own[i], word)) return true;
    return false;
}

sdag_status sdag_skeleton_check(sdag_log *log, const char *name)
{
    const char *dot = strchr(name, '.');
    size_t n = dot ? strlen(dot + 1) : 0;
    bool good = n > 0 && n <= 40 && islower((unsigned char)dot[1]);
    for (const char *p = dot ? dot + 1 : ""; *p; p++)
        good &= islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_';
    if (!good)
        return sdag_fail(log, SDAG_USAGE, SDAG_NOLOC,
                         "'%s' is no name for a node type: write role.name, such as loss.my_loss, in small letters, "
                         "digits and '_'",
                         name);
    if (is_target_of_cmake(dot + 1))
        return sdag_fail(log, SDAG_USAGE, SDAG_NOLOC, "'%s' cannot be built as a plugin: CMake has a '%s' of its own",
                         name, dot + 1);
    if (find_kind(name)) return SDAG_OK;
    char role[64];
    size_t m = (size_t)(dot - name) < sizeof role ? (size_t)(dot - name) : sizeof role - 1;
    memcpy(role, name, m);
    role[m] = 0;
    const char *near = sdag_nearest(role, kind_name, NULL);
    return sdag_fail(log, SDAG_USAGE, SDAG_NOLOC, "'ssldag new node' writes %s, not '%s'%s%s%s", roles, role,
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

const char *sdag_skeleton_file(sdag_arena *a, const char *name, int i)
{
    const char *word = strchr(name, '.') + 1;
    switch (i) {
    case 0: return sdag_arena_printf(a, "%s.c", word);
    case 1: return sdag_arena_printf(a, "%s.yaml", word);
    case 2: return "CMakeLists.txt";
    case 3: return "README.md";
    default: return NULL;
    }
}

static const char *text_of(const struct kind *k, int i)
{
    const char *const texts[] = {k->code, k->yaml, sdag_skeleton_cmake, sdag_skeleton_readme};
    return texts[i];
}

/* @TYPE@ loss.my_loss, @NAME@ my_loss, @ROLE@ LOSS */
static const char *fill(sdag_arena *a, const char *text, const char *name, const struct kind *k)
{
    sdag_str s = {.a = a};
    char *role = sdag_arena_str(a, k->role);
    for (char *p = role; *p; p++) *p = (char)toupper((unsigned char)*p);
    const char *const keys[] = {"@TYPE@", "@NAME@", "@ROLE@", "@INSPECT@"};
    const char *const values[] = {name, strchr(name, '.') + 1, role, k->inspect};
    sdag_str_add(&s, "");
    for (const char *p = text; *p;) {
        size_t i = 0, n = strcspn(p, "@");
        sdag_str_addn(&s, p, n);
        p += n;
        while (i < 4 && strncmp(p, keys[i], strlen(keys[i])) != 0) i++;
        if (!*p) break;
        if (i == 3) sdag_str_add(&s, fill(a, values[i], name, k));
        else if (i < 3) sdag_str_add(&s, values[i]);
        else sdag_str_addn(&s, p, 1);
        p += i < 4 ? strlen(keys[i]) : 1;
    }
    return s.at;
}

static sdag_status write_new(sdag_log *log, const char *path, const char *text)
{
    size_t n = strlen(text), done = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return sdag_fail(log, SDAG_IO, SDAG_NOLOC, "%s: %s", path, strerror(errno));
    while (done < n) {
        ssize_t k = write(fd, text + done, n - done);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) break;
        done += (size_t)k;
    }
    bool bad = done < n, shut = close(fd) == 0;
    if (!bad && shut) return SDAG_OK;
    sdag_status status = sdag_fail(log, SDAG_IO, SDAG_NOLOC, "%s: %s", path, strerror(errno));
    unlink(path);
    return status;
}

sdag_status sdag_skeleton_write(sdag_arena *a, sdag_log *log, const char *name, const char *dir)
{
    const char *file;
    struct stat st;
    sdag_status status = sdag_skeleton_check(log, name);
    if (status) return status;
    for (int i = 0; (file = sdag_skeleton_file(a, name, i)); i++) {
        const char *path = sdag_path_join(a, dir, file);
        if (lstat(path, &st) == 0)
            return sdag_fail(log, SDAG_USAGE, SDAG_NOLOC, "%s is there already: nothing is written; give another --out",
                             path);
    }
    status = sdag_make_dirs(log, SDAG_NOLOC, dir);
    const struct kind *k = find_kind(name);
    for (int i = 0; !status && (file = sdag_skeleton_file(a, name, i)); i++)
        status = write_new(log, sdag_path_join(a, dir, file), fill(a, text_of(k, i), name, k));
    return status;
}
