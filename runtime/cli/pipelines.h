/* The pipelines of a folder, for maps of them. */
#ifndef SDAG_RUNTIME_CLI_PIPELINES_H
#define SDAG_RUNTIME_CLI_PIPELINES_H

#include "runtime/cli/cli.h"
#include "viz/field.h"

/* Where the examples are: beside the program in its build folder, where it was installed, or here; NULL: nowhere. */
const char *sdag_cli_examples(sdag_cli *c);

/* DIR/x.yaml and DIR/x/y.yaml, by folder; in a folder the one that is called like it first. Links lead from the folder
 * `from` ("": the current one). A file that is no valid pipeline is an error, as for every command; one that needs
 * plugins is left out with a note, unless --plugin-path says where they are: the files of a folder run no code by
 * themselves. */
sdag_status sdag_cli_pipelines(sdag_field_entry **out, int *n, sdag_cli *c, const char *dir, const char *from);

#endif
