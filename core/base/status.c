#include "core/base/status.h"

/* One row a status: its name and the exit code that a command ends with. */
static const struct row {
    const char *name;
    int exit_code;
} rows[] = {
    [SDAG_OK] = {"ok", 0},           [SDAG_FAILED] = {"failed", 1},
    [SDAG_USAGE] = {"usage", 2},     [SDAG_INVALID] = {"invalid", 3},
    [SDAG_IO] = {"io", 4},           [SDAG_DIVERGED] = {"diverged", 5},
    [SDAG_NOMEM] = {"no memory", 1}, [SDAG_STOPPED] = {"stopped", 75},
};

static const struct row *row_of(sdag_status s)
{
    unsigned i = (unsigned)s;
    return i < sizeof rows / sizeof rows[0] ? &rows[i] : &rows[SDAG_FAILED];
}

int sdag_exit_code(sdag_status s) { return row_of(s)->exit_code; }

const char *sdag_status_name(sdag_status s) { return row_of(s)->name; }
