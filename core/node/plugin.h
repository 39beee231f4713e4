/* Plugins: node types, operations and augmentations from a shared object of your own.
 *
 *   static const sdag_node_type *const types[] = {&loss_dcl, NULL};
 *   SDAG_PLUGIN(.name = "dcl", .about = "Decoupled contrastive loss.", .types = types)
 *
 * and in the pipeline, beside `version`:   plugins: [./dcl.so]
 * core/node/PLUGINS.md teaches it; examples/plugin has three; `ssldag new node NAME` writes a fourth; `ssldag test
 * dcl.so` tests it.
 *
 * What the ABI promises. A plugin needs the installed headers and libssldag.so alone. SDAG_ABI_MAJOR is raised when
 * compiled plugins could no longer work: a field of a struct is moved or removed or means something else, a function is
 * removed or takes other arguments, a FIXED struct changes its size. SDAG_ABI_MINOR is raised when more is offered: a
 * function is added, or a field at the end of a struct. The host refuses another major, a newer minor, and any struct
 * that is larger than its own; a smaller one is of an older minor, and what it lacks counts as zero. So a plugin built
 * for ABI 1.3 works with 1.3 and every later 1.x, and any other host refuses it with a message.
 * tests/golden/test_abi.c fails when the headers change and neither number does.
 *
 * A plugin is code that runs with your rights: `ssldag check --no-plugins` looks at a stranger's file without it. */
#ifndef SDAG_NODE_PLUGIN_H
#define SDAG_NODE_PLUGIN_H

#include "core/node/collector.h"
#include "core/node/node.h"
#include "core/node/transform.h"
#include "core/ops/ops.h"
#include "core/ops/reference.h"

#define SDAG_ABI_MAJOR 0
#define SDAG_ABI_MINOR 1
#define SDAG_PLUGIN_MAGIC 0x6e6967756c506453ull /* "SdPlugin" */

/* The structs that both sides know, a row each; rows are added at the end. GROWS: a plugin gives it in a table, and it
 * may grow at its end within a major. FIXED: both sides make it or hold it in arrays, so its size stays. Those that
 * only the host makes and a plugin reads by pointer (sdag_args, sdag_collector, sdag_build, ...) grow without notice.
 */
/* clang-format off */
#define SDAG_ABI_STRUCTS(X)                                                                                    \
    X(node_type, GROWS) X(port, GROWS) X(opt, GROWS) X(record_type, GROWS) X(collect, GROWS) X(op, GROWS)      \
    X(op_check, GROWS) X(transform, GROWS) X(plugin_record, GROWS)                                             \
    X(dtype, FIXED) X(shape, FIXED) X(tensor, FIXED) X(loc, FIXED) X(kernel, FIXED) X(dataset, FIXED)          \
    X(source_opts, FIXED) X(schedule, FIXED) X(records, FIXED) X(beside, FIXED) X(init, FIXED)                 \
    X(attention, FIXED) X(rng, FIXED) X(frame, FIXED) X(raster, FIXED) X(reference, GROWS) X(schedules, FIXED) \
    X(named_schedule, FIXED)
/* clang-format on */

enum {
#define X(s, how) SDAG_ABI_##s,
    SDAG_ABI_STRUCTS(X)
#undef X
        SDAG_ABI_STRUCTS_N,
    SDAG_ABI_STRUCTS_MAX = 48,
};

enum { SDAG_PLUGIN_FAST_MATH = 1 }; /* sdag_plugin.flags: compiled with -ffast-math or a part of it that loses NaN */

/* One more kind of record for an option of a type that takes records: a transform of `augment`. */
typedef struct sdag_plugin_record {
    const char *node, *option; /* "augment", "ops" */
    const sdag_record_type *record;
} sdag_plugin_record;

typedef struct sdag_plugin {
    uint64_t magic;
    uint32_t size, abi_major, abi_minor, flags;
    uint32_t structs[SDAG_ABI_STRUCTS_MAX]; /* sizes, as compiled; 0: not known to the plugin */

    const char *name, *about;           /* "dcl"; one sentence */
    const char *version;                /* the plugin's own, or NULL */
    const sdag_node_type *const *types; /* these lists end with NULL; NULL: none */
    const sdag_op *const *ops;          /* every op of its own that it emits, those of adjoints as well */
    const sdag_plugin_record *records;  /* ends with {0} */
    /* Called once, after the tables were found to be right. A sentence on why the plugin cannot be used here, or NULL.
     * It runs once more in a process of its own before, which is where a crash does no harm. */
    const char *(*init)(void);
    const sdag_reference *references; /* of its ops, in double, for `ssldag test`; ends with {0} */
} sdag_plugin;

#define SDAG_PLUGIN_SYMBOL "sdag_plugin_get"

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#define SDAG_PLUGIN_FLAGS SDAG_PLUGIN_FAST_MATH
#else
#define SDAG_PLUGIN_FLAGS 0
#endif

#define SDAG_ABI_SIZE(s, how) [SDAG_ABI_##s] = sizeof(sdag_##s),

/* Defines what the plugin exports; once in it, at file scope, without a semicolon behind it. */
#define SDAG_PLUGIN(...)                                                                 \
    __attribute__((visibility("default"))) const sdag_plugin *sdag_plugin_get(void);     \
    const sdag_plugin *sdag_plugin_get(void)                                             \
    {                                                                                    \
        static const sdag_plugin plugin = {.magic = SDAG_PLUGIN_MAGIC,                   \
                                           .size = sizeof(sdag_plugin),                  \
                                           .abi_major = SDAG_ABI_MAJOR,                  \
                                           .abi_minor = SDAG_ABI_MINOR,                  \
                                           .flags = SDAG_PLUGIN_FLAGS,                   \
                                           .structs = {SDAG_ABI_STRUCTS(SDAG_ABI_SIZE)}, \
                                           __VA_ARGS__};                                 \
        return &plugin;                                                                  \
    }

#endif
