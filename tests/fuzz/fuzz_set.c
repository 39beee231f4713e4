/* Any "path=value" after --set, on a graph that has everything a path can walk through. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/spec_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char graph[] =
    "name: x\n"
    "let: {epochs: 3, views: &v [{crop: {size: 8}}, flip], opt: {lr: 1}, same: $opt, empty: }\n"
    "phases:\n"
    "  pretrain: {epochs: $epochs, nodes: {a: {ops: *v, o: $opt}, b: {ops: $views, o: $same}, e: $empty}}\n"
    "  finetune:\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sdag_arena a;
    const sdag_spec *raw, *spec;
    sdag_log *log = sdag_log_create(NULL);
    if (!log) return 0;
    sdag_arena_init(&a);
    char *path = sdag_arena_copy(&a, data, size), *value = strchr(path, '=');
    if (value) *value++ = 0;
    sdag_spec_set set = {path, value ? value : ""};
    if (sdag_spec_parse(&raw, &a, log, "fuzz.yaml", graph, sizeof graph - 1)) abort();
    sdag_status s = sdag_spec_resolve(&spec, &a, log, raw, &set, 1);
    if ((s != SDAG_OK) != (sdag_log_errors(log) > 0)) abort();
    if (s == SDAG_OK && !spec_round_trip(&a, spec)) abort();
    sdag_arena_free(&a);
    sdag_log_destroy(log);
    return 0;
}
