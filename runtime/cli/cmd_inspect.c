/* ssldag inspect: what the tables of the node types say, for a screen, a program or a page. */
#include <string.h>

#include "core/base/file.h"
#include "graphs/graph/inspect.h"
#include "runtime/cli/cli.h"

static sdag_status write_file(sdag_cli *c, const char *path, const sdag_str *s)
{
    sdag_outfile o;
    sdag_status status = sdag_out_open(&o, c->log, path);
    if (status) return status;
    sdag_out_write(&o, s->at, s->n);
    return sdag_out_commit(&o, c->log);
}

sdag_status sdag_cli_inspect(sdag_cli *c)
{
    sdag_str s = {.a = c->arena};
    if (c->json && c->markdown)
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--json and --markdown exclude each other");
    sdag_catalog given, catalog;
    sdag_status status = sdag_cli_types(&given, c);
    if (status) return status;
    catalog = sdag_catalog_all(c->arena, &given);
    status = (c->json       ? sdag_inspect_json
              : c->markdown ? sdag_inspect_markdown
                            : sdag_inspect)(&s, c->log, &catalog, c->n_args ? c->args[0] : NULL);
    if (status) return status;
    return c->output ? write_file(c, c->output, &s) : sdag_cli_print(c, s.at);
}
