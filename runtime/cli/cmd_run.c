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
#include "runtime/cli/cli.h"
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
    if (stat(dir, &st) == 0 && (!S_ISDIR(st.st_mode) || !is_empty_dir(dir)))
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "%s exists and is not empty: give another --out, or continue it with --resume %s",
                         dir, dir);
    return sdag_make_dirs(c->log, SDAG_NOLOC, dir);
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

/* Paths that were typed after --set are relative to this directory: the effective file holds them absolute. */
static void fix_set_paths(sdag_cli *c, const sdag_graph *g)
{
    char here[PATH_MAX];
    if (!getcwd(here, sizeof here)) return;
    for (int i = 0; i < g->n_nodes; i++)
        for (const sdag_opt *o = g->nodes[i].type->opts; o && o->name; o++) {
            const char *dot = strrchr(o->name, '.');
            sdag_spec *v = (sdag_spec *)sdag_spec_get(g->nodes[i].spec, dot ? dot + 1 : o->name);
            if (o->kind == SDAG_OPT_PATH && v && v->from_set && v->text) v->text = sdag_path_join(c->arena, here, v->text);
        }
}

static sdag_status write_config(sdag_cli *c, const sdag_graph *g, const sdag_spec *spec, const char *dir)
{
    char here[PATH_MAX];
    sdag_str s = {.a = c->arena};
    fix_set_paths(c, g);
    sdag_str_addf(&s, "# the effective pipeline of %s\n", g->file);
    const char *base = sdag_path_dir(c->arena, g->file);
    char *full = realpath(*base ? base : ".", here);
    sdag_spec text = {.kind = SDAG_SPEC_SCALAR, .text = full ? full : base}, root = *spec;
    if (!sdag_spec_get(spec, "base")) { /* where its paths are relative to */
        root.entries = SDAG_NEWS(c->arena, sdag_spec_entry, spec->n + 1);
        memcpy(root.entries, spec->entries, (size_t)spec->n * sizeof *root.entries);
        root.entries[root.n++] = (sdag_spec_entry){.key = "base", .value = &text};
        sdag_spec_finish(c->arena, &text);
        sdag_spec_finish(c->arena, &root);
    }
    sdag_spec_print(&s, &root);
    sdag_outfile o;
    sdag_status status = sdag_out_open(&o, c->log, sdag_arena_printf(c->arena, "%s/config.yaml", dir));
    if (status) return status;
    sdag_out_write(&o, s.at, s.n);
    return sdag_out_commit(&o, c->log);
}

static void print_summary(sdag_cli *c, const char *dir)
{
    json_t *root = json_load_file(sdag_arena_printf(c->arena, "%s/summary.json", dir), 0, NULL);
    const char *phase, *name;
    json_t *metrics, *value;
    json_object_foreach(json_object_get(root, "phases"), phase, metrics)
    {
        printf("%s\n", phase);
        json_object_foreach(metrics, name, value)
            printf("  %-28s %.6g\n", name, json_is_number(value) ? json_number_value(value) : 0.0);
    }
    json_decref(root);
    printf("results in %s\n", dir);
}

sdag_status sdag_cli_run(sdag_cli *c)
{
    sdag_graph *g;
    const sdag_spec *spec;
    const char *dir = c->resume, *file = c->n_args ? c->args[0] : NULL;
    if (dir && c->out) return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--out and --resume exclude each other");
    if (dir && c->n_sets) return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--resume continues the run as it was: it takes no --set");
    if (!file && !dir) return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "'ssldag run' needs the path of a pipeline");
    if (dir) file = sdag_arena_printf(c->arena, "%s/config.yaml", dir);
    sdag_status status = sdag_cli_load(&g, &spec, c, file);
    if (!status) status = sdag_cli_check_graph(c, g, true);
    if (!status) status = sdag_gemm_init(c->log);
    if (!status && !c->resume) status = make_folder(&dir, c, g);
    if (!status) status = lock_folder(c, dir);
    if (!status && !c->resume) status = write_config(c, g, spec, dir);
    if (!status && !c->resume)
        status = sdag_viz_file(c->arena, c->log, g, sdag_arena_printf(c->arena, "%s/graph.svg", dir), &(sdag_viz_options){0});
    if (status) return status;
    sdag_run_options o = {.graph = g, .out_dir = dir, .threads = sdag_cli_threads(c), .resume = c->resume != NULL,
                          .progress = !c->no_progress, .quiet = c->quiet};
    status = sdag_run(&o, c->arena, c->log);
    if (!status && !c->quiet) print_summary(c, dir);
    return status;
}
