#include "runtime/cli/cli.h"
sdag_status sdag_cli_doctor(sdag_cli *c) { return sdag_cli_print(c, ""); }
