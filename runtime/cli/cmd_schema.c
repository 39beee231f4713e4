/* ssldag schema: the JSON Schema of the language, for editors. */
#include "graphs/graph/schema.h"
#include "runtime/cli/cli.h"

sdag_status sdag_cli_schema(sdag_cli *c)
{
    sdag_catalog catalog;
    char *text;
    sdag_status status = sdag_cli_types(&catalog, c);
    if (!status) status = sdag_schema_text(&text, c->arena, &catalog);
    return status ? status : sdag_cli_print(c, sdag_arena_printf(c->arena, "%s\n", text));
}
