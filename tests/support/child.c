#include "tests/support/child.h"
#include "core/cpu/simd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/support/temp.h"

enum { MOST_SECONDS = 120, DEPTH = 8 };

static void need(bool ok, const char *what)
{
    if (ok) return;
    perror(what);
    abort();
}

/* ---- processes */

static const char *program(void)
{
    static char path[PATH_MAX];
    const char *given = getenv("SSLDAG");
    if (!given) {
        fputs("SSLDAG must be the path of the program\n", stderr);
        exit(2);
    }
    if (!path[0]) need(realpath(given, path) != NULL, given);
    return path;
}

static _Noreturn void become(const child *c, const char *file, const char *const *args)
{
    const char *argv[64] = {file};
    for (int i = 0; i < 62 && args[i]; i++) argv[i + 1] = args[i];
    dup2(c->closed ? open("/dev/full", O_WRONLY) : c->fd[0], STDOUT_FILENO);
    dup2(c->fd[1], STDERR_FILENO);
    if (c->max_file) {
        struct rlimit l = {(rlim_t)c->max_file, (rlim_t)c->max_file};
        setrlimit(RLIMIT_FSIZE, &l);
    }
    alarm(MOST_SECONDS);              /* outlives exec */
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* so does this: a test that fails leaves nothing running */
    if (chdir(temp_path("")) == 0) execv(file, (char *const *)(uintptr_t)argv);
    _exit(126);
}

void child_start(child *c, const char *const *args)
{
    const char *file = program();
    temp_path("");
    for (int i = 0; i < 2; i++) need((c->fd[i] = memfd_create("said", MFD_CLOEXEC)) >= 0, "memfd_create");
    c->pid = fork();
    need(c->pid >= 0, "fork");
    if (c->pid == 0) become(c, file, args);
}

static void take(char *text, size_t cap, int fd)
{
    ssize_t n = pread(fd, text, cap - 1, 0);
    text[n > 0 ? n : 0] = 0;
    close(fd);
}

static void ended(child *c, int status)
{
    c->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    c->pid = 0;
    take(c->out, sizeof c->out, c->fd[0]);
    take(c->err, sizeof c->err, c->fd[1]);
}

void child_wait(child *c)
{
    int status, rc;
    do rc = waitpid(c->pid, &status, 0);
    while (rc < 0 && errno == EINTR);
    need(rc == c->pid, "waitpid");
    ended(c, status);
}

bool child_done(child *c)
{
    int status;
    if (!c->pid) return true;
    if (waitpid(c->pid, &status, WNOHANG) != c->pid) return false;
    ended(c, status);
    return true;
}

void child_kill(child *c, int signal_number)
{
    if (c->pid) kill(c->pid, signal_number);
}

bool child_says(const child *c, const char *text)
{
    if (strstr(c->err, text)) return true;
    fprintf(stderr, "expected \"%s\", but it said:\n%s\n", text, c->err);
    return false;
}

bool child_ends(const child *c, int code, const char *text)
{
    if (c->code != code) fprintf(stderr, "ended with %d, not %d, and said:\n%s\n", c->code, code, c->err);
    return c->code == code && (!text || child_says(c, text));
}

/* ---- trees */

typedef int (*each_file)(void *arg, const char *name); /* name: below the tree */

static char *join(const char *dir, const char *name)
{
    char *path = malloc(strlen(dir) + strlen(name) + 2);
    need(path != NULL, "malloc");
    sprintf(path, "%s%s%s", dir, *dir ? "/" : "", name);
    return path;
}

static int walk(const char *dir, const char *below, int depth, each_file each, void *arg)
{
    struct dirent **list;
    char *folder = join(temp_path(dir), below);
    int sum = 0, n = scandir(folder, &list, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        struct stat st;
        char *name = join(below, list[i]->d_name), *path = join(folder, list[i]->d_name);
        bool self = !strcmp(list[i]->d_name, ".") || !strcmp(list[i]->d_name, "..");
        if (!self && lstat(path, &st) == 0) {
            if (S_ISREG(st.st_mode)) sum += each(arg, name);
            if (S_ISDIR(st.st_mode) && depth) sum += walk(dir, name, depth - 1, each, arg);
        }
        free(name);
        free(path);
        free(list[i]);
    }
    if (n >= 0) free(list);
    free(folder);
    return sum;
}

typedef struct pair {
    const char *a, *b;
} pair;

static const char *in_tree(const char *dir, const char *name)
{
    static char ring[4][PATH_MAX];
    static int next;
    char *at = ring[next++ % 4];
    snprintf(at, PATH_MAX, "%s/%s", dir, name);
    return at;
}

/* 1: the file differs. */
static int differs(void *arg, const char *name)
{
    const pair *p = arg;
    size_t n = 0, m = 0;
    if (!temp_exists(in_tree(p->b, name))) {
        fprintf(stderr, "%s/%s is not in %s\n", p->a, name, p->b);
        return 1;
    }
    uint8_t *x = temp_read(&n, in_tree(p->a, name)), *y = temp_read(&m, in_tree(p->b, name));
    size_t at = 0;
    while (at < n && at < m && x[at] == y[at]) at++;
    bool same = n == m && at == n;
    if (!same)
        fprintf(stderr, "%s of %s and %s differ from byte %zu on (of %zu and %zu)\n", name, p->a, p->b, at, n, m);
    free(x);
    free(y);
    return !same;
}

static int missing(void *arg, const char *name)
{
    const pair *p = arg;
    bool there = temp_exists(in_tree(p->b, name));
    if (!there) fprintf(stderr, "%s/%s is not in %s\n", p->a, name, p->b);
    return !there;
}

bool trees_agree(const char *a, const char *b)
{
    return walk(a, "", DEPTH, differs, &(pair){a, b}) + walk(b, "", DEPTH, missing, &(pair){b, a}) == 0;
}

static int is_like(void *part, const char *name)
{
    const char *slash = strrchr(name, '/');
    return strstr(slash ? slash + 1 : name, part) != NULL;
}

int files_like(const char *dir, const char *part) { return walk(dir, "", DEPTH, is_like, (void *)(uintptr_t)part); }

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

void tree_remove(const char *dir) { nftw(temp_path(dir), drop, 16, FTW_DEPTH | FTW_PHYS); }

static int copy_file(void *arg, const char *name)
{
    const pair *p = arg;
    size_t n;
    uint8_t *x = temp_read(&n, in_tree(p->a, name));
    temp_write(in_tree(p->b, name), x, n);
    free(x);
    return 0;
}

void tree_copy(const char *to, const char *from) { walk(from, "", DEPTH, copy_file, &(pair){from, to}); }

/* ---- runs */

/* The lines of metrics.jsonl without what a clock says, as one array. */
static json_t *read_metrics(const char *run)
{
    size_t n;
    char *text = (char *)temp_read(&n, in_tree(run, "metrics.jsonl")), *save = NULL;
    text[n] = 0;
    json_t *all = json_array();
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        if (!o) fprintf(stderr, "%s/metrics.jsonl: not JSON: %s\n", run, line);
        const char *metric = json_string_value(json_object_get(o, "metric"));
        json_object_del(o, "images_per_s");
        json_object_del(o, "wait_for_data");
        if (metric && !strcmp(metric, "seconds")) json_decref(o);
        else json_array_append_new(all, o ? o : json_string("not JSON"));
    }
    free(text);
    return all;
}

static json_t *read_summary(const char *run)
{
    json_t *o = json_load_file(temp_path(in_tree(run, "summary.json")), JSON_REJECT_DUPLICATES, NULL), *metrics;
    const char *phase;
    json_object_foreach(json_object_get(o, "phases"), phase, metrics) json_object_del(metrics, "seconds");
    return o ? o : json_null();
}

double run_metric(const char *run, const char *phase, const char *metric)
{
    json_t *o = read_summary(run), *v = json_object_get(json_object_get(json_object_get(o, "phases"), phase), metric);
    const double value = json_number_value(v);
    const bool there = json_is_number(v);
    json_decref(o);
    if (!there) fprintf(stderr, "%s/summary.json has no number '%s' of phase '%s'\n", run, metric, phase);
    return there ? value : NAN;
}

static bool same_json(json_t *x, json_t *y, const char *what, const pair *p)
{
    bool same = json_equal(x, y);
    for (size_t i = 0; !same && i < json_array_size(x); i++) {
        if (json_equal(json_array_get(x, i), json_array_get(y, i))) continue;
        char *s = json_dumps(json_array_get(x, i), JSON_COMPACT), *t = json_dumps(json_array_get(y, i), JSON_COMPACT);
        fprintf(stderr, "line %zu: %s\n     and: %s\n", i + 1, s ? s : "", t ? t : "none");
        free(s);
        free(t);
        break;
    }
    if (!same)
        fprintf(stderr, "%s of %s and %s differ (%zu and %zu)\n", what, p->a, p->b, json_array_size(x),
                json_array_size(y));
    json_decref(x);
    json_decref(y);
    return same;
}

/* What sinks wrote: all files that are not the run's own. */
static int sink_differs(void *arg, const char *name)
{
    static const char *const own[] = {"config.yaml",  "graph.svg",   "metrics.jsonl",
                                      "summary.json", "timing.json", "report.html"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!strcmp(name, own[i])) return 0;
    static const char *const folders[] = {"checkpoints/", "weights/", "report/"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (!strncmp(name, folders[i], strlen(folders[i]))) return 0;
    return differs(arg, name);
}

bool runs_agree(const char *a, const char *b)
{
    char wa[PATH_MAX], wb[PATH_MAX];
    pair p = {a, b};
    strcpy(wa, in_tree(a, "weights"));
    strcpy(wb, in_tree(b, "weights"));
    bool same = trees_agree(wa, wb) && walk(a, "", DEPTH, sink_differs, &p) == 0;
    same &= same_json(read_metrics(a), read_metrics(b), "metrics", &p);
    return same_json(read_summary(a), read_summary(b), "summaries", &p) && same;
}

static int is_broken(void *arg, const char *name)
{
    const char *dir = arg, *end = strrchr(name, '.');
    bool bad = strstr(name, ".tmp") != NULL;
    if (end && !strcmp(end, ".json")) {
        json_t *o = json_load_file(temp_path(in_tree(dir, name)), JSON_REJECT_DUPLICATES, NULL);
        bad |= !o;
        json_decref(o);
    }
    if (bad) fprintf(stderr, "%s/%s is only half-written\n", dir, name);
    return bad;
}

bool run_is_whole(const char *a)
{
    bool whole = walk(a, "", DEPTH, is_broken, (void *)(uintptr_t)a) == 0;
    if (!temp_exists(in_tree(a, "metrics.jsonl"))) return whole;
    json_t *lines = read_metrics(a);
    for (size_t i = 0; i < json_array_size(lines); i++) whole &= json_is_object(json_array_get(lines, i));
    json_decref(lines);
    return whole;
}

bool child_slow(void)
{
#ifdef SDAG_NO_CLONES
    return true;
#else
    return false;
#endif
}
