/* ssldag report: writes the page of a run anew, from what lies in its folder; of older runs too. */
#include "core/base/file.h"
#include "runtime/cli/cli.h"
#include "runtime/report/report.h"

sdag_status sdag_cli_report(sdag_cli *c)
{
    const char *dir = c->args[0];
    const char *path = c->output ? c->output : sdag_arena_printf(c->arena, "%s/report.html", dir);
    sdag_status status = sdag_report_write_to(c->arena, c->log, NULL, dir, path);
    if (status || c->quiet) return status;
    return sdag_cli_print(c, sdag_arena_printf(c->arena, "%s\n", path));
}
