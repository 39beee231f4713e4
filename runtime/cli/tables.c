/* The tables of commands and options, from their lists. */
#include <limits.h>
#include <string.h>

#include "runtime/cli/cli.h"

const sdag_command sdag_commands[] = {
#define COMMAND(name, args, lo, hi, options, brief) {#name, args, brief, options, lo, hi, sdag_cli_##name},
#include "runtime/cli/commands.h"
#undef COMMAND
};

const sdag_cli_option sdag_cli_options[] = {
#define TEXT(field, name, letter, value, help) \
    {name, value, help, letter, SDAG_CLI_TEXT, 0, 0, offsetof(sdag_cli, field)},
#define NUMBER(field, name, letter, lo, hi, value, help) \
    {name, value, help, letter, SDAG_CLI_NUMBER, lo, hi, offsetof(sdag_cli, field)},
#define SWITCH(field, name, letter, help) {name, NULL, help, letter, SDAG_CLI_SWITCH, 0, 0, offsetof(sdag_cli, field)},
#define SETS(name, letter, value, help) {name, value, help, letter, SDAG_CLI_SET, 0, 0, 0},
#include "runtime/cli/options.h"
#undef TEXT
#undef NUMBER
#undef SWITCH
#undef SETS
};

const int sdag_commands_n = sizeof sdag_commands / sizeof *sdag_commands,
          sdag_cli_options_n = sizeof sdag_cli_options / sizeof *sdag_cli_options;

bool sdag_command_takes(const sdag_command *c, const char *option)
{
    size_t n = strlen(option);
    for (const char *at = c->options; (at = strstr(at, option)); at += n)
        if ((at == c->options || at[-1] == ' ') && (at[n] == ' ' || !at[n])) return true;
    return !strcmp(option, "help");
}
