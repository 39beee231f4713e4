/* ssldag report: writes the page of a run anew, from what lies in its folder; of older runs too. */
#include <unistd.h>

#include "runtime/cli/cli.h"
#include "runtime/report/report.h"

/* The pipeline of the run, for the picture of its times; NULL when its file is missing or of another version. A folder
 * may come from anybody: the plugins that its file names are not loaded. */
static const sdag_graph *load_quietly(sdag_cli *c, const char *dir)
{
    sdag_graph *g = NULL;
    sdag_cli quiet = *c;
    quiet.log = sdag_log_create(NULL);
    quiet.no_plugins = true;
    if (!quiet.log) return NULL;
    sdag_arena_defer(c->arena, (void (*)(void *))sdag_log_destroy, quiet.log); /* the graph holds names of its */
    return sdag_cli_load(&g, NULL, &quiet, sdag_arena_printf(c->arena, "%s/config.yaml", dir)) ? NULL : g;
}

static bool has(sdag_cli *c, const char *dir, const char *file)
{
    return access(sdag_arena_printf(c->arena, "%s/%s", dir, file), F_OK) == 0;
}

sdag_status sdag_cli_report(sdag_cli *c)
{
    const char *dir = c->args[0];
    const char *path = c->output ? c->output : sdag_arena_printf(c->arena, "%s/report.html", dir);
    if (access(dir, F_OK) == 0 && !has(c, dir, "config.yaml") && !has(c, dir, "summary.json") &&
        !has(c, dir, "metrics.jsonl")) /* a page in any other folder would be litter */
        return sdag_fail(c->log, SDAG_IO, SDAG_NOLOC, "'%s' is not the folder of a run: it has no config.yaml", dir);
    sdag_status status = sdag_report_write_to(c->arena, c->log, load_quietly(c, dir), dir, path);
    if (status || c->quiet) return status;
    return sdag_cli_print(c, sdag_arena_printf(c->arena, "%s\n", path));
}
