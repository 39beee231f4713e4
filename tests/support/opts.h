/* Options of nodes and transforms for tests, from names and YAML-like texts, without a YAML file.
 *
 *   const void *o = sdag_test_opts(a, type->opts, type->opts_size, "size", "[28, 28]", "split", "test", NULL);
 *   sdag_records r = sdag_test_records(a, sdag_test_record(a, sdag_transforms, "solarize", "p", "1", NULL), ...);
 *
 * What is not named gets its default. Aborts on a name that the table does not have. */
#ifndef SDAG_TESTS_SUPPORT_OPTS_H
#define SDAG_TESTS_SUPPORT_OPTS_H

#include "core/base/arena.h"
#include "core/node/opt.h"

void *sdag_test_opts(sdag_arena *a, const sdag_opt *table, size_t size, ...) __attribute__((sentinel));
sdag_record sdag_test_record(sdag_arena *a, const sdag_record_type *const *types, const char *name, ...)
    __attribute__((sentinel));

#endif
