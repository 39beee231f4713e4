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

static bool lists(const char *names, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at += n)
        if ((at == names || at[-1] == ' ') && (at[n] == ' ' || !at[n])) return true;
    return false;
}

bool sdag_command_takes(const sdag_command *c, const char *option)
{
    return lists(c->options, option) || lists("quiet verbose color help", option);
}

const sdag_command *sdag_command_find(const char *name)
{
    for (int i = 0; i < sdag_commands_n; i++)
        if (!strcmp(sdag_commands[i].name, name)) return &sdag_commands[i];
    return NULL;
}
