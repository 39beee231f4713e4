/* ssldag embed: the features of images as features.npy, and as a table. */
#include <math.h>
#include <stdio.h>

#include <jansson.h>

#include "core/io/csv.h"
#include "core/io/json_text.h"
#include "core/io/npy.h"
#include "runtime/cli/apply.h"

typedef struct embedding {
    sdag_cli *c;
    const char *npy_path, *csv_path; /* NULL: not wanted */
    sdag_npy npy;
    sdag_outfile csv;
    bool opened; /* what is wanted of both */
    int64_t width, bad;
    sdag_shape row;
} embedding;

static sdag_status open_files(embedding *e, const sdag_tensor *x)
{
    sdag_status status = SDAG_OK;
    e->row = x->shape;
    e->width = x->shape.d[0] ? sdag_elems(&x->shape) / x->shape.d[0] : 0;
    if (e->npy_path)
        status = sdag_npy_open(&e->npy, e->c->log, e->npy_path, SDAG_NPY_F32, x->shape.rank - 1, x->shape.d + 1);
    if (!status && e->csv_path) {
        status = sdag_out_open(&e->csv, e->c->log, e->csv_path);
        if (status && e->npy_path) sdag_npy_abandon(&e->npy);
    }
    if (status) return status;
    e->opened = true;
    if (e->csv_path) sdag_out_printf(&e->csv, "file");
    for (int64_t i = 0; e->csv_path && i < e->width; i++) sdag_out_printf(&e->csv, ",f%lld", (long long)i);
    if (e->csv_path) sdag_out_printf(&e->csv, "\n");
    return SDAG_OK;
}

static void put_line(embedding *e, const char *name, const float *row, bool bad)
{
    sdag_csv_text(&e->csv, name);
    for (int64_t i = 0; i < e->width; i++) {
        sdag_out_write(&e->csv, ",", 1);
        if (!bad) sdag_csv_f32(&e->csv, row[i]);
    }
    sdag_out_write(&e->csv, "\n", 1);
}

static void put_nan(embedding *e)
{
    const float nan = NAN;
    for (int64_t i = 0; i < e->width; i++) sdag_out_write(&e->npy.out, &nan, sizeof nan);
    e->npy.rows++;
}

static sdag_status take(void *arg, const sdag_apply *p, const sdag_tensor *x, const int32_t *ids)
{
    embedding *e = arg;
    if (x->dtype != SDAG_DT_F32 || x->shape.rank < 1)
        return sdag_fail(e->c->log, SDAG_USAGE, SDAG_NOLOC, "'%s' gives no numbers for each sample", p->title);
    sdag_cli_apply_progress(e->c, p, false);
    sdag_status status = e->opened ? SDAG_OK : open_files(e, x);
    for (int64_t i = 0; i < x->shape.d[0] && !status; i++) {
        const float *row = SDAG_DATA_F32(*x) + i * e->width;
        bool bad = sdag_cli_apply_bad(e->c, p, ids[i]);
        e->bad += bad;
        if (e->npy_path && bad) put_nan(e);
        else if (e->npy_path) sdag_npy_rows(&e->npy, row, 1);
        if (e->csv_path) put_line(e, sdag_apply_name(p, ids[i]), row, bad);
    }
    return status;
}

static sdag_status finish(embedding *e, sdag_status status)
{
    if (!e->opened) return status;
    if (status) {
        if (e->npy_path) sdag_npy_abandon(&e->npy);
        if (e->csv_path) sdag_out_abandon(&e->csv);
        return status;
    }
    if (e->npy_path) status = sdag_npy_commit(&e->npy, e->c->log);
    if (e->csv_path && status) sdag_out_abandon(&e->csv);
    else if (e->csv_path) status = sdag_out_commit(&e->csv, e->c->log);
    return status;
}

static sdag_status report(const embedding *e, const sdag_apply *p)
{
    sdag_cli *c = e->c;
    if (c->json) {
        json_t *j = sdag_cli_apply_json(c, p), *shape = json_array();
        json_array_append_new(shape, json_integer(p->rows));
        for (int i = 1; i < e->row.rank; i++) json_array_append_new(shape, json_integer(e->row.d[i]));
        json_object_set_new(j, "shape", shape);
        json_object_set_new(j, "bad", json_integer(e->bad));
        if (e->npy_path) json_object_set_new(j, "npy", sdag_json_text(e->npy_path));
        if (e->csv_path) json_object_set_new(j, "csv", sdag_json_text(e->csv_path));
        return sdag_cli_json(c, j, NULL);
    }
    const char *to = e->npy_path ? e->npy_path : e->csv_path;
    if (!c->quiet)
        sdag_log_add(c->log, SDAG_NOTE, SDAG_NOLOC, "%lld samples, %lld numbers each, in %s%s%s", (long long)p->rows,
                     (long long)e->width, to, e->npy_path && e->csv_path ? " and " : "",
                     e->npy_path && e->csv_path ? e->csv_path : "");
    return SDAG_OK;
}

sdag_status sdag_cli_embed(sdag_cli *c)
{
    sdag_apply *p;
    sdag_apply_options o = {0};
    embedding e = {.c = c, .npy_path = c->output, .csv_path = c->csv};
    if (!e.npy_path && !e.csv_path) e.npy_path = "features.npy";
    sdag_status status = sdag_cli_apply(&p, c, &o);
    if (status) return status;
    sdag_cli_apply_note(c, p);
    status = sdag_apply_run(p, take, &e);
    sdag_cli_apply_progress(c, p, true);
    status = finish(&e, status);
    return status ? status : report(&e, p);
}
