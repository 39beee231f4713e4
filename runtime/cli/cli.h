/* The command line: one file a command, one row each in main.c's table.
 * Results go to stdout, messages to stderr; the exit code follows from the status (core/base/status.h). */
#ifndef SDAG_RUNTIME_CLI_CLI_H
#define SDAG_RUNTIME_CLI_CLI_H

#include <jansson.h>

#include "graphs/graph/graph.h"
#include "graphs/lower/lower.h"
#include "graphs/plan/plan.h"

enum { SDAG_CLI_SETS = 256 };

/* Everything that any command may be given; each command says which of it it takes. */
typedef struct sdag_cli {
    const char *command;
    const char **args; /* what is no option */
    int n_args;
    sdag_spec_set sets[SDAG_CLI_SETS];
    int n_sets;
#define TEXT(field, name, letter, value, help) const char *field;
#define NUMBER(field, name, letter, lo, hi, value, help) int field;
#define SWITCH(field, name, letter, help) bool field;
#define SETS(name, letter, value, help)
#include "runtime/cli/options.h"
#undef TEXT
#undef NUMBER
#undef SWITCH
#undef SETS
    sdag_arena *arena;
    sdag_log *log;
    sdag_catalog known;  /* what the last file brought, with what is built in; n 0: no file yet */
    double progress_at;  /* when a line of progress was last shown, seconds; 0: never asked for */
    bool progress_shown; /* and stands there */
} sdag_cli;

int sdag_main(int argc, char **argv); /* the program; program.c calls it in the library */

/* ---- the tables (tables.c), read by parsing, help, completions and manual pages */

typedef enum { SDAG_CLI_TEXT, SDAG_CLI_NUMBER, SDAG_CLI_SWITCH, SDAG_CLI_SET } sdag_cli_kind;

typedef struct sdag_cli_option {
    const char *name, *value, *help; /* value NULL: a switch */
    char letter;                     /* 0: none */
    sdag_cli_kind kind;
    int lo, hi;    /* NUMBER */
    size_t offset; /* of the field in sdag_cli */
} sdag_cli_option;

typedef struct sdag_command {
    const char *name, *args, *brief;
    const char *options; /* names of the options it takes, separated by spaces */
    int min_args, max_args;
    sdag_status (*run)(sdag_cli *c);
} sdag_command;

extern const sdag_command sdag_commands[];
extern const sdag_cli_option sdag_cli_options[];
extern const int sdag_commands_n, sdag_cli_options_n;
bool sdag_command_takes(const sdag_command *c, const char *option); /* some are taken by all */
const sdag_command *sdag_command_find(const char *name);            /* NULL */

#define COMMAND(name, args, lo, hi, options, brief) sdag_status sdag_cli_##name(sdag_cli *c);
#include "runtime/cli/commands.h"
#undef COMMAND

/* What may stand in place of the last of the words typed behind "ssldag": a line each, "text<TAB>what it is"; a line
 * that begins with ':' asks the shell for files: ":files yaml", ":files", ":dirs". For the scripts of cmd_completion.c.
 */
sdag_status sdag_cli_complete(sdag_cli *c, int n, char **words);
/* What completes the value of an option: words, "" for a number, or a rule such as ":files"; NULL: it has no row. */
const char *sdag_cli_values(const char *option);

/* What the manual says of a command beyond its row (pages.c): paragraphs parted by empty lines, and examples, a line
 * each, "command # what it does". NULL: nothing. */
typedef struct sdag_cli_page {
    const char *command, *about, *examples;
} sdag_cli_page;
extern const sdag_cli_page sdag_cli_pages[]; /* command NULL at the end */

/* The file's graph, with the sets applied; *spec (may be NULL): the resolved tree. */
sdag_status sdag_cli_load(sdag_graph **g, const sdag_spec **spec, sdag_cli *c, const char *path);
/* The types that are built in, and those of the plugins of the file that was loaded last. */
sdag_catalog sdag_cli_catalog(const sdag_cli *c);
/* Those that are built in, and those of --plugins a,b: paths are relative to the current directory. */
sdag_status sdag_cli_types(sdag_catalog *to, sdag_cli *c);
/* One plugin into a catalog; dir: what its path is relative to. */
sdag_status sdag_cli_add_plugin(sdag_catalog *to, sdag_cli *c, const char *entry, sdag_loc loc, const char *dir);
/* Loads the plugins that a file names, for sdag_cli_catalog; sdag_cli_load does so itself. */
sdag_status sdag_cli_plugins(sdag_cli *c, const sdag_spec *resolved);
/* What an entry of `plugins:` is relative to. */
const char *sdag_cli_plugin_dir(sdag_cli *c, const sdag_spec *spec, const sdag_spec *entry);
int sdag_cli_threads(const sdag_cli *c); /* --threads, or the CPUs allowed */
/* The phase named by --phase, or the first; -1 after a reported error. */
int32_t sdag_cli_phase(sdag_cli *c, const sdag_graph *g);
/* The plan that a run would make: the loss, and what probes and sinks read, are kept until the end of a step. */
sdag_status sdag_cli_plan(sdag_plan **out, sdag_cli *c, const sdag_lowered *l);
/* Lowers and plans every phase and probe: what `check` does. to (may be NULL): an array that gets an object a phase. */
sdag_status sdag_cli_check_graph(sdag_cli *c, const sdag_graph *g, json_t *to);
sdag_status sdag_cli_print(sdag_cli *c, const char *text); /* to stdout; a full disk is an error */
sdag_status sdag_cli_write(sdag_cli *c, const char *path, const char *text, size_t n); /* a whole file */
/* JSON to a file, or to stdout when path is NULL: indented, keys in their order; releases it. NULL: SDAG_NOMEM. */
sdag_status sdag_cli_json(sdag_cli *c, json_t *object, const char *path);
/* The messages so far: [{"level", "file", "line", "column", "length", "text"}], file and place where there is one. */
json_t *sdag_cli_messages(const sdag_cli *c);
void sdag_cli_detail(sdag_cli *c, const char *fmt, ...) SDAG_PRINTF(2, 3); /* for -v */

#endif
