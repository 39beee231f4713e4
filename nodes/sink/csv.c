/* sink.csv -- one line a sample: its number, what was predicted and how surely, its label, its features.
 *   logits f32[B,C] -> predicted = argmax_c, probability = softmax(logits)_predicted
 * Columns: id, file (when the data have names), predicted, name (when classes have names), probability, label,
 * f0, f1, ...; only those whose port is connected. Texts are quoted as RFC 4180 says. */
#include <math.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/io/csv.h"
#include "core/node/collector.h"
#include "core/node/node.h"
#include "nodes/sink/path.h"

typedef struct {
    const char *path;
} csv;

static const sdag_opt opts[] = {
    {.name = "path",
     .help = "of the file, below the directory of the run",
     .kind = SDAG_OPT_STR,
     .offset = offsetof(csv, path),
     .required = true},
    {0},
};
enum { LOGITS, ID, LABEL, FEATURES };
static const sdag_port ins[] = {
    {.name = "logits", .type = "f32[B,C]", .help = "a number a class", .flags = SDAG_PORT_OPTIONAL},
    {.name = "id", .type = "i32[B]", .help = "numbers of the samples; else counted", .flags = SDAG_PORT_OPTIONAL},
    {.name = "label", .type = "i32[B]", .help = "true class", .flags = SDAG_PORT_OPTIONAL},
    {.name = "features", .type = "f32[B,...]", .help = "numbers to write as they are", .flags = SDAG_PORT_OPTIONAL},
    {0},
};

typedef struct {
    char *path;
    sdag_outfile out;
    int64_t rows;
    bool opened;
} state;

static void put_number(sdag_outfile *o, float v)
{
    sdag_out_write(o, ",", 1);
    sdag_csv_f32(o, v);
}

/* The data set's names belong to its numbers, so they need the port id. */
static bool has_files(const sdag_collector *c, const sdag_tensor *ports)
{
    return ports[ID].data && c->data[0] && c->data[0]->name;
}

static bool has_names(const sdag_collector *c, const sdag_tensor *ports)
{
    return c->data[0] && c->data[0]->class_names && ports[LOGITS].shape.d[1] <= c->data[0]->classes;
}

static int64_t width(const sdag_tensor *x) { return x->shape.d[0] ? sdag_elems(&x->shape) / x->shape.d[0] : 0; }

static void put_header(state *s, const sdag_collector *c, const sdag_tensor *ports)
{
    sdag_outfile *o = &s->out;
    sdag_out_printf(o, "id%s", has_files(c, ports) ? ",file" : "");
    if (ports[LOGITS].data) sdag_out_printf(o, ",predicted%s,probability", has_names(c, ports) ? ",name" : "");
    if (ports[LABEL].data) sdag_out_printf(o, ",label");
    int64_t n = ports[FEATURES].data ? width(&ports[FEATURES]) : 0;
    for (int64_t j = 0; j < n; j++) sdag_out_printf(o, ",f%lld", (long long)j);
    sdag_out_write(o, "\n", 1);
}

static void put_guess(state *s, const sdag_collector *c, const sdag_tensor *ports, int64_t row)
{
    int64_t n = ports[LOGITS].shape.d[1], best = 0;
    const float *x = SDAG_DATA_F32(ports[LOGITS]) + row * n;
    double sum = 0;
    for (int64_t i = 1; i < n; i++) best = x[i] > x[best] ? i : best;
    for (int64_t i = 0; i < n; i++) sum += exp((double)x[i] - (double)x[best]);
    sdag_out_printf(&s->out, ",%lld", (long long)best);
    if (has_names(c, ports)) {
        sdag_out_write(&s->out, ",", 1);
        sdag_csv_text(&s->out, c->data[0]->class_names[best]);
    }
    put_number(&s->out, (float)(1 / sum));
}

static void put_row(state *s, const sdag_collector *c, const sdag_tensor *ports, int64_t row)
{
    int64_t id = ports[ID].data ? SDAG_DATA_I32(ports[ID])[row] : s->rows;
    sdag_out_printf(&s->out, "%lld", (long long)id);
    if (has_files(c, ports)) {
        const char *name = id >= 0 && id < c->data[0]->n ? c->data[0]->name(c->data[0], id) : NULL;
        sdag_out_write(&s->out, ",", 1);
        sdag_csv_text(&s->out, name ? name : "");
    }
    if (ports[LOGITS].data) put_guess(s, c, ports, row);
    if (ports[LABEL].data) sdag_out_printf(&s->out, ",%d", (int)SDAG_DATA_I32(ports[LABEL])[row]);
    int64_t n = ports[FEATURES].data ? width(&ports[FEATURES]) : 0;
    for (int64_t j = 0; j < n; j++) put_number(&s->out, SDAG_DATA_F32(ports[FEATURES])[row * n + j]);
    sdag_out_write(&s->out, "\n", 1);
    s->rows++;
}

static sdag_status open_csv(void **out, sdag_collector *c)
{
    state *s = sdag_alloc(sizeof *s);
    if (!s) return SDAG_NOMEM;
    sdag_status st = sdag_sink_path(&s->path, c, ((const csv *)c->opts)->path);
    if (st) sdag_free(s);
    else *out = s;
    return st;
}

static sdag_status batch(void *state_, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    state *s = state_;
    (void)pass;
    int64_t rows = -1;
    for (int i = 0; i < n_ports; i++)
        if (ports[i].data && rows < 0) rows = ports[i].shape.d[0];
    if (rows < 0) return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: nothing is connected", c->node);
    if (!s->opened) {
        sdag_status st = sdag_out_open(&s->out, c->log, s->path);
        if (st) return st;
        s->opened = true;
        put_header(s, c, ports);
    }
    for (int64_t i = 0; i < rows; i++) put_row(s, c, ports, i);
    return SDAG_OK;
}

static sdag_status close_csv(void *state_, sdag_collector *c, bool ok)
{
    state *s = state_;
    sdag_status st = s->opened && ok ? sdag_out_commit(&s->out, c->log) : SDAG_OK;
    if (s->opened && !ok) sdag_out_abandon(&s->out);
    sdag_free(s->path);
    sdag_free(s);
    return st;
}

static const char *check(const void *opts_) { return sdag_sink_path_check(((const csv *)opts_)->path); }

static const sdag_collect collect = {.open = open_csv, .batch = batch, .close = close_csv};
const sdag_node_type sdag_node_sink_csv = {
    .name = "sink.csv",
    .brief = "Writes predictions or features as a table.",
    .role = SDAG_ROLE_SINK,
    .opts = opts,
    .opts_size = sizeof(csv),
    .ins = ins,
    .check = check,
    .collect = &collect,
    .example = "{type: sink.csv, in: {logits: head, id: test.id}, path: predictions.csv}",
};
