/* sink.npy -- what a wire carried, batch after batch, as one NumPy array of all samples.
 *   in f32[B,...] or i32[B,...]  ->  array[samples,...];  in f32[]  ->  array[steps] */
#include "core/io/npy.h"

#include "core/base/alloc.h"
#include "core/node/collector.h"
#include "core/node/node.h"
#include "nodes/sink/path.h"

typedef struct {
    const char *path;
} npy;

static const sdag_opt opts[] = {
    {.name = "path",
     .help = "of the file, below the directory of the run",
     .kind = SDAG_OPT_STR,
     .offset = offsetof(npy, path),
     .required = true},
    {0},
};
static const sdag_port ins[] = {{.name = "in", .type = "f32[...]|i32[...]", .help = "numbers to write"}, {0}};

typedef struct {
    char *path;
    sdag_npy out;
    bool opened;
} state;

static sdag_status open_npy(void **out, sdag_collector *c)
{
    state *s = sdag_alloc(sizeof *s);
    if (!s) return SDAG_NOMEM;
    sdag_status st = sdag_sink_path(&s->path, c, ((const npy *)c->opts)->path);
    if (st) sdag_free(s);
    else *out = s;
    return st;
}

static sdag_status batch(void *state_, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    state *s = state_;
    (void)pass, (void)n_ports;
    const sdag_shape *d = &ports[0].shape;
    if (!s->opened) {
        sdag_npy_dtype t = ports[0].dtype == SDAG_DT_I32 ? SDAG_NPY_I32 : SDAG_NPY_F32;
        sdag_status st = sdag_npy_open(&s->out, c->log, s->path, t, d->rank ? d->rank - 1 : 0, d->d + 1);
        if (st) return st;
        s->opened = true;
    }
    sdag_npy_rows(&s->out, ports[0].data, d->rank ? (size_t)d->d[0] : 1);
    return SDAG_OK;
}

static sdag_status close_npy(void *state_, sdag_collector *c, bool ok)
{
    state *s = state_;
    sdag_status st = s->opened && ok ? sdag_npy_commit(&s->out, c->log) : SDAG_OK;
    if (s->opened && !ok) sdag_npy_abandon(&s->out);
    sdag_free(s->path);
    sdag_free(s);
    return st;
}

static const char *check(const void *opts_) { return sdag_sink_path_check(((const npy *)opts_)->path); }

static const sdag_collect collect = {.open = open_npy, .batch = batch, .close = close_npy};
const sdag_node_type sdag_node_sink_npy = {
    .name = "sink.npy",
    .brief = "Writes what a wire carries as a NumPy array.",
    .role = SDAG_ROLE_SINK,
    .opts = opts,
    .opts_size = sizeof(npy),
    .ins = ins,
    .check = check,
    .collect = &collect,
    .example = "{type: sink.npy, in: encoder, path: features.npy}",
};
