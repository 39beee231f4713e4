/* Any bytes as a graph file: parse, resolve, print; what was printed must parse to the same tree. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/support/spec_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sdag_arena a;
    const sdag_spec *raw, *spec;
    sdag_log *log = sdag_log_create(NULL);
    if (!log) return 0;
    sdag_arena_init(&a);
    sdag_status s = sdag_spec_parse(&raw, &a, log, "fuzz.yaml", (const char *)data, size);
    if ((s != SDAG_OK) != (sdag_log_errors(log) > 0)) abort(); /* a failure is reported, and nothing else is */
    if (s == SDAG_OK) {
        if (!spec_round_trip(&a, raw)) abort();
        s = sdag_spec_resolve(&spec, &a, log, raw, NULL, 0);
        if ((s != SDAG_OK) != (sdag_log_errors(log) > 0)) abort();
        if (s == SDAG_OK && !spec_round_trip(&a, spec)) abort();
    }
    for (int i = 0; i < sdag_log_count(log); i++)
        if (sdag_log_at(log, i)->loc.line < 1 && size <= SDAG_SPEC_TEXT_MAX) abort(); /* every message has its line */
    sdag_arena_free(&a);
    sdag_log_destroy(log);
    return 0;
}
