/* ssldag inspect: what the tables of the node types say, for a screen, a program or a page. */
#include <string.h>

#include "graphs/graph/inspect.h"
#include "runtime/cli/cli.h"

/* "graph.yaml:module.block": a module of that file, whose types are added to the catalog. */
static sdag_status file_types(sdag_catalog *to, const char **name, sdag_cli *c)
{
    const char *colon = *name ? strstr(*name, ":module.") : NULL;
    sdag_graph *g;
    const sdag_spec *spec;
    if (!colon) return SDAG_OK;
    sdag_status status = sdag_cli_load(&g, &spec, c, sdag_arena_copy(c->arena, *name, (size_t)(colon - *name)));
    if (status) return status;
    *to = sdag_graph_types(c->arena, g, to);
    *name = colon + 1;
    return SDAG_OK;
}

sdag_status sdag_cli_inspect(sdag_cli *c)
{
    sdag_str s = {.a = c->arena};
    if (c->json && c->markdown)
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--json and --markdown exclude each other");
    sdag_catalog given, catalog;
    sdag_status status = sdag_cli_types(&given, c);
    if (status) return status;
    const char *name = c->n_args ? c->args[0] : NULL;
    catalog = sdag_catalog_all(c->arena, &given);
    if ((status = file_types(&catalog, &name, c))) return status;
    status = (c->json       ? sdag_inspect_json
              : c->markdown ? sdag_inspect_markdown
                            : sdag_inspect)(&s, c->log, &catalog, name);
    if (status) return status;
    return c->output ? sdag_cli_write(c, c->output, s.at, s.n) : sdag_cli_print(c, s.at);
}
