/* An option lies beyond the struct of options. */
#include "tests/plugins/good/good.h"

static const sdag_node_type type = {.name = "loss.beyond",
                                    .brief = "Writes where it should not.",
                                    .role = SDAG_ROLE_LOSS,
                                    .opts = good_opts,
                                    .opts_size = 4,
                                    .ins = good_ins,
                                    .outs = good_outs,
                                    .lower = good_lower,
                                    .example = "{type: loss.beyond, in: projector}"};
static const sdag_node_type *const types[] = {&type, NULL};
SDAG_PLUGIN(.name = "beyond", .types = types)
