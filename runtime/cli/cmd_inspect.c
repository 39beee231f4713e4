/* ssldag inspect and ssldag schema: what the tables of the node types say. */
#include "graphs/graph/inspect.h"
#include "graphs/graph/schema.h"
#include "runtime/cli/cli.h"

sdag_status sdag_cli_inspect(sdag_cli *c)
{
    sdag_catalog catalog = sdag_cli_catalog();
    sdag_str s = {.a = c->arena};
    sdag_status status = sdag_inspect(&s, c->log, &catalog, c->n_args ? c->args[0] : NULL);
    return status ? status : sdag_cli_print(c, s.at ? s.at : "");
}

sdag_status sdag_cli_schema(sdag_cli *c)
{
    sdag_catalog catalog = sdag_cli_catalog();
    char *text;
    sdag_status status = sdag_schema_text(&text, c->arena, &catalog);
    return status ? status : sdag_cli_print(c, text);
}
