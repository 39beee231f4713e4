/* sink.curve -- numbers of earlier phases against each other: a table (CSV) and a curve (SVG).
 *   values "labels_1.test" is the metric `test` of phase `labels_1`, as summary.json has it
 *   table  x, name_1, name_2, ...      a row a point; a number that no phase gave is empty
 * It reads no wires: it looks at what probes reported, so it stands in a phase behind theirs. */
#include <math.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/arena.h"
#include "core/base/file.h"
#include "core/base/str.h"
#include "core/io/chart.h"
#include "core/node/collector.h"
#include "core/node/node.h"
#include "nodes/sink/path.h"

typedef struct {
    const char *name;
    sdag_strs values;
} line;

typedef struct {
    const char *path, *title, *x_label, *y_label;
    sdag_floats x;
    bool log;
    sdag_records lines;
} curve;

#define TEXT_REQ(T, f, h)                                                                       \
    {                                                                                           \
        .name = #f, .help = h, .kind = SDAG_OPT_STR, .offset = offsetof(T, f), .required = true \
    }
static const sdag_opt line_opts[] = {
    TEXT_REQ(line, name, "what the line is called"),
    SDAG_STRS(line, values, NULL, "PHASE.METRIC of every point"),
    {0},
};
static const sdag_record_type line_type = {.name = "line",
                                           .brief = "One line of the curve.",
                                           .opts = line_opts,
                                           .opts_size = sizeof(line),
                                           .example = "{line: {name: pre-trained, values: [finetune.loss]}}"};
static const sdag_record_type *const line_types[] = {&line_type, NULL};

static const sdag_opt opts[] = {
    TEXT_REQ(curve, path, "of the SVG file, below the directory of the run; the table is beside it, as .csv"),
    SDAG_STR(curve, title, NULL, "above the curve"),
    SDAG_STR(curve, x_label, NULL, "below it"),
    SDAG_STR(curve, y_label, NULL, "beside it"),
    SDAG_F32S(curve, x, NULL, -1e30, 1e30, "where the points are, rising"),
    SDAG_BOOL(curve, log, false, "equal factors of x are equally far apart"),
    SDAG_RECORDS(curve, lines, line_types, "the lines, each with as many values as there are points"),
    {0},
};

static const char *check(const void *opts_)
{
    const curve *o = opts_;
    size_t n = strlen(o->path);
    const char *wrong = sdag_sink_path_check(o->path);
    if (wrong) return wrong;
    if (n < 5 || strcmp(o->path + n - 4, ".svg")) return "path must end with .svg";
    if (!o->x.n) return "x needs at least one point";
    if (!o->lines.n) return "lines needs at least one line";
    for (int i = 0; i < o->x.n; i++) {
        if (i && o->x.at[i] <= o->x.at[i - 1]) return "x must rise";
        if (o->log && o->x.at[i] <= 0) return "log takes x above 0";
    }
    for (int i = 0; i < o->lines.n; i++) {
        const line *l = o->lines.at[i].opts;
        if (l->values.n != o->x.n) return "every line needs as many values as x has points";
        for (int k = 0; k < l->values.n; k++)
            if (!strchr(l->values.at[k], '.')) return "values are PHASE.METRIC, such as finetune.test";
    }
    return NULL;
}

/* double[x.n] of a line; NaN, after a warning, where no phase gave the number. */
static double *look_up(sdag_arena *a, const sdag_collector *c, const line *l)
{
    double *y = SDAG_NEWS(a, double, l->values.n);
    for (int i = 0; i < l->values.n; i++) {
        if (sdag_metric_get(c, l->values.at[i], &y[i])) continue;
        y[i] = NAN;
        sdag_log_add(c->log, SDAG_WARNING, c->loc, "%s: no phase before this one gave '%s'", c->node, l->values.at[i]);
    }
    return y;
}

static void put_field(sdag_outfile *o, const char *text)
{
    sdag_out_write(o, ",\"", 2);
    for (const char *p = text; *p; p++) sdag_out_write(o, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    sdag_out_write(o, "\"", 1);
}

static sdag_status write_table(const curve *o, const sdag_chart *chart, sdag_log *log, const char *path)
{
    sdag_outfile out;
    char text[32];
    sdag_status status = sdag_out_open(&out, log, path);
    if (status) return status;
    sdag_out_printf(&out, "x");
    for (int k = 0; k < chart->n_lines; k++) put_field(&out, chart->lines[k].name);
    for (int i = 0; i < chart->n; i++) {
        sdag_out_printf(&out, "\n%s", sdag_f32_text(text, o->x.at[i]));
        for (int k = 0; k < chart->n_lines; k++) {
            double y = chart->lines[k].y[i];
            sdag_out_printf(&out, ",%s", isfinite(y) ? sdag_f64_text(text, y) : "");
        }
    }
    sdag_out_write(&out, "\n", 1);
    return sdag_out_commit(&out, log);
}

typedef struct {
    sdag_arena arena;
    sdag_collector *c;
    char *path;
} state;

static sdag_status write_both(void *arg)
{
    state *s = arg;
    sdag_arena *a = &s->arena;
    const curve *o = s->c->opts;
    sdag_chart_line *lines = SDAG_NEWS(a, sdag_chart_line, o->lines.n);
    double *x = SDAG_NEWS(a, double, o->x.n);
    for (int i = 0; i < o->x.n; i++) x[i] = (double)o->x.at[i];
    for (int k = 0; k < o->lines.n; k++) {
        const line *l = o->lines.at[k].opts;
        lines[k] = (sdag_chart_line){l->name, look_up(a, s->c, l)};
    }
    sdag_chart chart = {.title = o->title,
                        .x_label = o->x_label,
                        .y_label = o->y_label,
                        .n = o->x.n,
                        .n_lines = o->lines.n,
                        .x = x,
                        .lines = lines,
                        .log_x = o->log};
    sdag_status status = sdag_chart_write(&chart, s->c->log, s->path);
    if (status) return status;
    return write_table(o, &chart, s->c->log, sdag_arena_printf(a, "%.*s.csv", (int)strlen(s->path) - 4, s->path));
}

static sdag_status open_curve(void **out, sdag_collector *c)
{
    state *s = sdag_alloc(sizeof *s);
    if (!s) return SDAG_NOMEM;
    s->c = c;
    sdag_arena_init(&s->arena);
    sdag_status status = sdag_sink_path(&s->path, c, ((const curve *)c->opts)->path);
    if (status) sdag_free(s);
    else *out = s;
    return status;
}

static sdag_status batch(void *state_, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    (void)state_, (void)c, (void)pass, (void)ports, (void)n_ports;
    return SDAG_OK;
}

static sdag_status close_curve(void *state_, sdag_collector *c, bool ok)
{
    state *s = state_;
    (void)c;
    sdag_status status = ok ? sdag_arena_try(&s->arena, write_both, s) : SDAG_OK;
    sdag_arena_free(&s->arena);
    sdag_free(s->path);
    sdag_free(s);
    return status;
}

static const sdag_collect collect = {.open = open_curve, .batch = batch, .close = close_curve};
const sdag_node_type sdag_node_sink_curve = {
    .name = "sink.curve",
    .brief = "Draws metrics of earlier phases as a curve, and writes them as a table.",
    .role = SDAG_ROLE_SINK,
    .opts = opts,
    .opts_size = sizeof(curve),
    .check = check,
    .collect = &collect,
    .example = "{type: sink.curve, path: labels.svg, x: [1, 10], lines: [{line: {name: accuracy, "
               "values: [pretrain.knn, finetune.loss]}}]}",
};
