#include "nodes/probe/average.h"

#include "core/base/alloc.h"

typedef struct {
    double sum;
    int64_t n;
} average;

const sdag_port sdag_average_ins[] = {
    {.name = "of", .type = "f32[]", .help = "the loss", .flags = SDAG_PORT_EVAL | SDAG_PORT_KEY},
    {.name = "data",
     .type = "image|i32[B,T]",
     .help = "held-out data in the place of the source; the phase's augmentations and pretext task apply",
     .flags = SDAG_PORT_DATA | SDAG_PORT_SOURCE | SDAG_PORT_KEY},
    {0},
};
const char *const sdag_average_passes[] = {"data", NULL};

sdag_status sdag_average_open(void **out, sdag_collector *c)
{
    (void)c;
    *out = sdag_alloc(sizeof(average));
    return *out ? SDAG_OK : SDAG_NOMEM;
}

sdag_status sdag_average_batch(void *state, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    average *a = state;
    const int64_t rows = ports[2].shape.d[0]; /* ids i32[n] */
    (void)c, (void)pass, (void)n_ports;
    a->sum += (double)*SDAG_DATA_F32(ports[0]) * (double)rows;
    a->n += rows;
    return SDAG_OK;
}

double sdag_average_end(void *state)
{
    average *a = state;
    double mean = a->n ? a->sum / (double)a->n : 0;
    sdag_free(a);
    return mean;
}
