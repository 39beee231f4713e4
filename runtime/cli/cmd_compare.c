/* ssldag compare: several runs in one table, and in one page with -o. */
#include "runtime/cli/cli.h"
#include "runtime/report/compare.h"

sdag_status sdag_cli_compare(sdag_cli *c)
{
    sdag_str s = {.a = c->arena};
    sdag_status status = c->json ? sdag_compare_json(&s, c->arena, c->log, c->args, NULL, c->n_args)
                                 : sdag_compare_table(&s, c->arena, c->log, c->args, NULL, c->n_args);
    if (!status && c->output) status = sdag_compare_write(c->arena, c->log, c->args, NULL, c->n_args, NULL, c->output);
    return status ? status : sdag_cli_print(c, s.at);
}
