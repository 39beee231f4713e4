/* Any bytes as a graph file, as `ssldag check` takes it: parsed, resolved, made a graph with its modules, printed, and
 * every phase lowered. A failure is reported, and nothing else is. */
#include <stdint.h>
#include <stdlib.h>

#include "graphs/lower/lower.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct work {
    sdag_arena a;
    sdag_log *log;
    const uint8_t *data;
    size_t size;
} work;

static sdag_status stages(void *arg)
{
    work *w = arg;
    const sdag_spec *raw, *spec;
    sdag_catalog c = {0};
    sdag_graph *g;
    sdag_str text = {.a = &w->a};
    c.types = sdag_node_types(&c.n);
    sdag_status s = sdag_spec_parse(&raw, &w->a, w->log, "fuzz.yaml", (const char *)w->data, w->size);
    if (!s) s = sdag_spec_resolve(&spec, &w->a, w->log, raw, NULL, 0);
    if (!s) s = sdag_graph_build(&g, &w->a, w->log, spec, &c);
    if (s) return s;
    sdag_graph_print(&text, g);
    for (int p = 0; p < g->n_phases && !s; p++) {
        sdag_lowered *l;
        const sdag_lower_request r = {.graph = g, .phase = p, .training = g->phases[p].optimizer >= 0, .pass = -1};
        s = sdag_lower(&l, &w->a, w->log, &r);
        if (!s) sdag_lowered_print(&text, l);
    }
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    work w = {.data = data, .size = size, .log = sdag_log_create(NULL)};
    if (!w.log) return 0;
    sdag_arena_init(&w.a);
    sdag_status s = sdag_arena_try(&w.a, stages, &w);
    if (s != SDAG_NOMEM && (s != SDAG_OK) != (sdag_log_errors(w.log) > 0)) abort();
    sdag_arena_free(&w.a);
    sdag_log_destroy(w.log);
    return 0;
}
