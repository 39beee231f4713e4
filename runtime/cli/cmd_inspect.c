/* ssldag inspect and ssldag schema: what the tables of the node types say. */
#include <string.h>

#include "graphs/graph/inspect.h"
#include "graphs/graph/schema.h"
#include "runtime/cli/cli.h"

/* --plugins a,b: paths are relative to the current directory. */
static sdag_status add_plugins(sdag_catalog *to, sdag_cli *c)
{
    sdag_status status = SDAG_OK;
    for (const char *at = c->plugins; at && *at && !status;) {
        size_t n = strcspn(at, ",");
        if (n) status = sdag_cli_add_plugin(to, c, sdag_arena_copy(c->arena, at, n), SDAG_NOLOC, "");
        at += n + (at[n] == ',');
    }
    return status;
}

sdag_status sdag_cli_inspect(sdag_cli *c)
{
    sdag_catalog catalog = sdag_cli_catalog();
    sdag_str s = {.a = c->arena};
    sdag_status status = add_plugins(&catalog, c);
    if (!status) status = sdag_inspect(&s, c->log, &catalog, c->n_args ? c->args[0] : NULL);
    return status ? status : sdag_cli_print(c, s.at ? s.at : "");
}

sdag_status sdag_cli_schema(sdag_cli *c)
{
    sdag_catalog catalog = sdag_cli_catalog();
    char *text;
    sdag_status status = add_plugins(&catalog, c);
    if (!status) status = sdag_schema_text(&text, c->arena, &catalog);
    return status ? status : sdag_cli_print(c, text);
}
