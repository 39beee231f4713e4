/* ssldag run: prepares the folder of a run, runs, and prints what came out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "core/base/file.h"
#include "core/cpu/gemm.h"
#include "core/io/json_text.h"
#include "runtime/cli/cli.h"
#include "runtime/plugin/plugin.h"
#include "runtime/run/run.h"
#include "viz/viz.h"

static bool is_empty_dir(const char *path)
{
    DIR *d = opendir(path);
    if (!d) return false;
    bool empty = true;
    for (struct dirent *e; (e = readdir(d));) empty &= !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
    closedir(d);
    return empty;
}

/* The folder of a new run: made here, or empty. */
static sdag_status make_folder(const char **out, sdag_cli *c, const sdag_graph *g)
{
    const char *dir = c->out;
    if (!dir) {
        char when[32];
        time_t now = time(NULL);
        struct tm tm;
        strftime(when, sizeof when, "%Y-%m-%d-%H%M%S", localtime_r(&now, &tm));
        dir = sdag_arena_printf(c->arena, "runs/%s/%s", g->name ? g->name : "run", when);
        for (int i = 2; access(dir, F_OK) == 0 && i < 1000; i++)
            dir = sdag_arena_printf(c->arena, "runs/%s/%s-%d", g->name ? g->name : "run", when, i);
    }
    *out = dir;
    struct stat st;
    if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "%s exists and is not a folder: give another --out", dir);
    return sdag_make_dirs(c->log, SDAG_NOLOC, dir);
}

/* Looked at under the lock: two runs may have been given the same folder at the same time. */
static sdag_status refuse_full_folder(sdag_cli *c, const char *dir)
{
    if (is_empty_dir(dir)) return SDAG_OK;
    return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC,
                     "%s exists and is not empty: give another --out, or continue it with --resume %s", dir, dir);
}

/* One run at a time in a folder. The descriptor is left open until the process ends. */
static sdag_status lock_folder(sdag_cli *c, const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return sdag_fail(c->log, SDAG_IO, SDAG_NOLOC, "%s: %s", dir, strerror(errno));
    if (!flock(fd, LOCK_EX | LOCK_NB)) return SDAG_OK;
    close(fd);
    return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "%s: another run is working there", dir);
}

/* "data/x" of "examples/moco/data/x" below "examples/moco"; NULL: it lies elsewhere. */
static const char *below(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    if (!n) return *path == '/' ? NULL : path;
    return !strncmp(path, dir, n) && path[n] == '/' ? path + n + 1 : NULL;
}

/* The effective file says in one `base:` what its paths are relative to. Those that were typed after --set are relative
 * to this directory, and become absolute; those of a file that it extends are said from the file at hand. */
static void fix_path(sdag_cli *c, const sdag_graph *g, sdag_spec *v, const char *here)
{
    if (!v->text) return;
    if (v->from_set) v->text = sdag_path_join(c->arena, here, v->text);
    else if (v->dir) {
        const char *whole = sdag_path_join(c->arena, v->dir, v->text);
        const char *near = sdag_spec_get(g->spec, "base") ? NULL : below(whole, sdag_path_dir(c->arena, g->file));
        v->text = near ? near : sdag_path_join(c->arena, here, whole);
    }
    v->from_set = false; /* one value may stand in several places */
    v->dir = NULL;
}

/* The effective file finds the plugins again: what was typed after --set, or found by --plugin-path, gets its path. */
static void fix_plugins(sdag_cli *c, const sdag_spec *spec, const char *here)
{
    const sdag_spec *v = sdag_spec_get(spec, "plugins"), *one[1] = {v}, **items = one;
    int n = v ? 1 : 0;
    if (v && v->kind == SDAG_SPEC_LIST) items = v->items, n = v->n;
    for (int i = 0; i < n; i++) {
        sdag_spec *item = (sdag_spec *)items[i];
        const sdag_plugin_where where = {sdag_cli_plugin_dir(c, spec, item), c->plugin_path}, plain = {where.dir, NULL};
        const char *path = item->text ? sdag_plugin_find(c->arena, item->text, &where) : NULL;
        const char *again = item->text ? sdag_plugin_find(c->arena, item->text, &plain) : NULL;
        if (!path) continue;
        if (sdag_plugin_is_path(item->text) ? item->from_set || item->dir : !again || strcmp(path, again))
            item->text = sdag_path_join(c->arena, here, path);
    }
}

/* Where the other paths of the file are relative to: an absolute directory, for the effective file lies elsewhere. */
static const char *find_base(sdag_cli *c, const sdag_graph *g, const sdag_spec *spec, const char *here)
{
    const sdag_spec *base = sdag_spec_get(spec, "base");
    const char *dir = sdag_path_dir(c->arena, g->file);
    if (base && base->text) dir = base->from_set ? base->text : sdag_path_join(c->arena, dir, base->text);
    return sdag_path_join(c->arena, here, *dir ? dir : ".");
}

static sdag_status write_config(sdag_cli *c, const sdag_graph *g, const sdag_spec *spec, const char *dir)
{
    char here[PATH_MAX], real[PATH_MAX];
    sdag_str s = {.a = c->arena};
    if (!getcwd(here, sizeof here))
        return sdag_fail(c->log, SDAG_IO, SDAG_NOLOC, "the current directory: %s", strerror(errno));
    for (int i = 0; i < g->n_paths; i++) fix_path(c, g, (sdag_spec *)g->paths[i], here);
    fix_plugins(c, spec, here);
    sdag_str_addf(&s, "# the effective pipeline of %s\n", g->file);
    const char *base = find_base(c, g, spec, here);
    sdag_spec text = {.kind = SDAG_SPEC_SCALAR, .text = realpath(base, real) ? real : base}, root = *spec;
    root.entries = SDAG_NEWS(c->arena, sdag_spec_entry, spec->n + 1);
    root.n = 0;
    for (int i = 0; i < spec->n; i++)
        if (strcmp(spec->entries[i].key, "base")) root.entries[root.n++] = spec->entries[i];
    root.entries[root.n++] = (sdag_spec_entry){.key = "base", .value = &text};
    sdag_spec_finish(c->arena, &text);
    sdag_spec_finish(c->arena, &root);
    sdag_spec_print(&s, &root);
    sdag_outfile o;
    sdag_status status = sdag_out_open(&o, c->log, sdag_arena_printf(c->arena, "%s/config.yaml", dir));
    if (status) return status;
    sdag_out_write(&o, s.at, s.n);
    return sdag_out_commit(&o, c->log);
}

static void remove_report(const char *path)
{
    DIR *d = opendir(path);
    if (!d) return;
    for (const struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.') unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    rmdir(path);
}

/* A run that failed before its first result leaves no folder behind: the same command can be typed again. */
static void remove_unused(sdag_cli *c, const char *dir)
{
    static const char *const files[] = {"config.yaml", "graph.svg",   "metrics.jsonl",
                                        "timing.json", "report.html", "classes.json"};
    struct stat st;
    if (stat(sdag_arena_printf(c->arena, "%s/metrics.jsonl", dir), &st) == 0 && st.st_size > 0) return;
    if (access(sdag_arena_printf(c->arena, "%s/checkpoints", dir), F_OK) == 0) return;
    remove_report(sdag_arena_printf(c->arena, "%s/report", dir));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(sdag_arena_printf(c->arena, "%s/%s", dir, files[i]));
    rmdir(dir); /* stays when a sink has written into it */
}

/* The last value of every probe, phases in the order of the file. */
static void print_summary(sdag_cli *c, const sdag_graph *g, const char *dir)
{
    json_t *root = json_load_file(sdag_arena_printf(c->arena, "%s/summary.json", dir), 0, NULL);
    json_t *phases = json_object_get(root, "phases"), *value;
    const char *name;
    for (int i = 0; i < g->n_phases; i++) {
        printf("%s\n", g->phases[i].name);
        json_object_foreach(json_object_get(phases, g->phases[i].name), name, value)
        {
            if (json_is_number(value)) printf("  %-28s %.6g\n", name, json_number_value(value));
            else printf("  %-28s not a finite number\n", name);
        }
    }
    json_decref(root);
    printf("results in %s\n", dir);
    const char *page = sdag_arena_printf(c->arena, "%s/report.html", dir);
    if (!access(page, F_OK)) printf("as a page: %s\n", page);
}

/* What `check` finds; -v says it of each phase. */
static sdag_status check_all(sdag_cli *c, const sdag_graph *g)
{
    json_t *phases = c->verbose ? json_array() : NULL, *p;
    size_t i;
    sdag_status status = sdag_cli_check_graph(c, g, phases);
    json_array_foreach(phases, i, p) sdag_cli_detail(
        c, "phase '%s': %lld operations, %lld trained numbers, %.1f MiB planned",
        json_string_value(json_object_get(p, "name")), (long long)json_integer_value(json_object_get(p, "ops")),
        (long long)json_integer_value(json_object_get(p, "weights")),
        (double)json_integer_value(json_object_get(p, "planned_bytes")) / (1 << 20));
    json_decref(phases);
    return status;
}

/* For a program: where the results lie, and summary.json. */
static sdag_status print_json(sdag_cli *c, const char *dir)
{
    json_t *root = json_load_file(sdag_arena_printf(c->arena, "%s/summary.json", dir), 0, NULL);
    if (!root) return sdag_fail(c->log, SDAG_IO, SDAG_NOLOC, "%s/summary.json cannot be read", dir);
    json_object_set_new(root, "folder", sdag_json_text(dir));
    return sdag_cli_json(c, root, NULL);
}

sdag_status sdag_cli_run(sdag_cli *c)
{
    sdag_graph *g;
    const sdag_spec *spec;
    const char *dir = c->resume, *file = c->n_args ? c->args[0] : NULL;
    if (dir && c->out) return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--out and --resume exclude each other");
    if (dir && c->n_sets)
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--resume continues the run as it was: it takes no --set");
    if (!file && !dir) return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "'ssldag run' needs the path of a pipeline");
    if (dir && file && !c->quiet)
        sdag_log_add(c->log, SDAG_NOTE, SDAG_NOLOC, "the run continues with %s/config.yaml; %s is not read", dir, file);
    if (dir) file = sdag_arena_printf(c->arena, "%s/config.yaml", dir);
    if (c->embedding && strcmp(c->embedding, "pca") && strcmp(c->embedding, "tsne"))
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--embedding is '%s', expected pca or tsne", c->embedding);
    sdag_status status = sdag_cli_load(&g, &spec, c, file);
    if (!status) status = check_all(c, g);
    if (!status) status = sdag_gemm_init(c->log);
    if (!status && !c->resume) status = make_folder(&dir, c, g);
    if (!status) status = lock_folder(c, dir);
    if (!status && c->resume) sdag_run_clean(dir);
    if (!status && !c->resume) status = refuse_full_folder(c, dir);
    if (!status && !c->resume) status = write_config(c, g, spec, dir);
    if (!status && !c->resume)
        status = sdag_viz_file(c->arena, c->log, g, sdag_arena_printf(c->arena, "%s/graph.svg", dir),
                               &(sdag_viz_options){.shapes = SDAG_VIZ_SHAPES_TIPS});
    if (status) return status;
    sdag_cli_detail(c, "%s in %s, %d thread%s", c->resume ? "continues" : "runs", dir, sdag_cli_threads(c),
                    sdag_cli_threads(c) == 1 ? "" : "s");
    sdag_run_options o = {.graph = g,
                          .out_dir = dir,
                          .threads = sdag_cli_threads(c),
                          .resume = c->resume != NULL,
                          .progress = !c->no_progress,
                          .quiet = c->quiet,
                          .no_report = c->no_report,
                          .embedding = c->embedding,
                          .tensorboard = c->tensorboard};
    status = sdag_run(&o, c->arena, c->log);
    if (status && status != SDAG_STOPPED && !c->resume) remove_unused(c, dir);
    if (!status && c->json) return print_json(c, dir);
    if (!status && !c->quiet) print_summary(c, g, dir);
    return status;
}
