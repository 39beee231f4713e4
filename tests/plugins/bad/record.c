/* A record for an option that takes none. */
#include "tests/plugins/good/good.h"

static const sdag_record_type part = {.name = "part", .brief = "A part."};
static const sdag_plugin_record records[] = {{"loss.nt_xent", "temperature", &part}, {0}};
SDAG_PLUGIN(.name = "record", .records = records)
