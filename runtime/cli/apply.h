/* Private to the command line: what embed, predict, export and report have in common. */
#ifndef SDAG_RUNTIME_CLI_APPLY_H
#define SDAG_RUNTIME_CLI_APPLY_H

#include "runtime/apply/apply.h"
#include "runtime/cli/cli.h"

/* Reads the run named by the first argument, and takes what the options say. *o is filled in but for what is set in it
 * already; both live in the arena. */
sdag_status sdag_cli_apply(sdag_apply **out, sdag_cli *c, sdag_apply_options *o);
/* Says that dir is no folder of a run, and which one may be meant. */
sdag_status sdag_cli_no_run(sdag_cli *c, const char *dir);
/* One line to stderr: which node, which weights, what was done to the data. */
void sdag_cli_apply_note(sdag_cli *c, const sdag_apply *p);
/* On a terminal, how far it is; to be called for every batch. clear: takes the line away. */
void sdag_cli_apply_progress(sdag_cli *c, const sdag_apply *p, bool clear);
/* A warning for a sample that could not be read; false: it could. */
bool sdag_cli_apply_bad(sdag_cli *c, const sdag_apply *p, int32_t id);
/* {"run", "node", "weights", "data", "samples"}, to be added to; NULL: out of memory. */
struct json_t *sdag_cli_apply_json(sdag_cli *c, const sdag_apply *p);

#endif
