/* Any bytes as a file to format: what comes out is in its normal form, and says the same (sdag_format proves it). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "graphs/spec/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sdag_arena a;
    char *once, *twice;
    sdag_log *log = sdag_log_create(NULL);
    if (!log) return 0;
    sdag_arena_init(&a);
    sdag_status s = sdag_format(&once, &a, log, "fuzz.yaml", (const char *)data, size);
    if ((s != SDAG_OK) != (sdag_log_errors(log) > 0)) abort();
    if (s == SDAG_OK) {
        if (sdag_format(&twice, &a, log, "again.yaml", once, strlen(once))) abort();
        if (strcmp(once, twice) != 0) abort();
    }
    sdag_arena_free(&a);
    sdag_log_destroy(log);
    return 0;
}
