#include "runtime/cli/apply.h"
sdag_status sdag_cli_export(sdag_cli *c) { return sdag_fail(c->log, SDAG_FAILED, SDAG_NOLOC, "not here yet"); }
