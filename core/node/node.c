#include "core/node/node.h"

const char *const sdag_auto_choices[] = {"auto", "true", "false", NULL};
const char *const sdag_last_choices[] = {"auto", "drop", "wrap", "keep", NULL};

const char *sdag_role_name(sdag_role r)
{
    static const char *const names[SDAG_ROLE_COUNT] = {
        [SDAG_ROLE_SOURCE] = "source",       [SDAG_ROLE_AUGMENT] = "augment", [SDAG_ROLE_PRETEXT] = "pretext",
        [SDAG_ROLE_ENCODER] = "encoder",     [SDAG_ROLE_DECODER] = "decoder", [SDAG_ROLE_PROJECTOR] = "projector",
        [SDAG_ROLE_MOMENTUM] = "momentum",   [SDAG_ROLE_MEMORY] = "memory",   [SDAG_ROLE_LOSS] = "loss",
        [SDAG_ROLE_OPTIMIZER] = "optimizer", [SDAG_ROLE_HEAD] = "head",       [SDAG_ROLE_PROBE] = "probe",
        [SDAG_ROLE_SINK] = "sink",           [SDAG_ROLE_MATH] = "math",       [SDAG_ROLE_LAYER] = "layer",
    };
    return (unsigned)r < SDAG_ROLE_COUNT ? names[r] : "?";
}
