/* ssldag predict: the classes of images as a table, or as JSON.
 *   logits f32[B,C] -> class = argmax_c, p_c = exp(logit_c - max) / sum_k exp(logit_k - max) */
#include <math.h>

#include <jansson.h>

#include "core/io/csv.h"
#include "core/io/json_text.h"
#include "runtime/cli/apply.h"

typedef struct prediction {
    sdag_cli *c;
    sdag_outfile csv;
    bool opened;
    json_t *list;
    double *p; /* [classes] */
    int64_t n, bad;
    const char **names;
    int64_t *found; /* how many of each class */
} prediction;

static int64_t softmax(double *p, const float *x, int64_t n)
{
    int64_t best = 0;
    double sum = 0;
    for (int64_t i = 1; i < n; i++) best = x[i] > x[best] ? i : best;
    for (int64_t i = 0; i < n; i++) sum += p[i] = exp((double)x[i] - (double)x[best]);
    for (int64_t i = 0; i < n; i++) p[i] /= sum;
    return best;
}

static sdag_status start(prediction *r, const sdag_apply *p, const sdag_tensor *x)
{
    sdag_cli *c = r->c;
    if (x->dtype != SDAG_DT_F32 || x->shape.rank != 2)
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "'%s' gives no scores of classes", p->title);
    r->n = x->shape.d[1];
    r->p = SDAG_NEWS(c->arena, double, r->n + 1);
    r->names = SDAG_NEWS(c->arena, const char *, r->n + 1);
    r->found = SDAG_NEWS(c->arena, int64_t, r->n + 1);
    for (int64_t i = 0; i < r->n; i++) r->names[i] = sdag_apply_class(p, (int)i);
    r->opened = true;
    if (c->json) {
        r->list = json_array();
        return r->list ? SDAG_OK : SDAG_NOMEM;
    }
    sdag_status status = sdag_out_open(&r->csv, c->log, c->output ? c->output : "/dev/stdout");
    r->opened = !status;
    if (status) return status;
    sdag_out_printf(&r->csv, "file,class,probability");
    for (int64_t i = 0; i < r->n; i++) {
        sdag_out_printf(&r->csv, ",");
        sdag_csv_text(&r->csv, sdag_arena_printf(c->arena, "p_%s", r->names[i]));
    }
    sdag_out_printf(&r->csv, "\n");
    return SDAG_OK;
}

static void put_line(prediction *r, const char *file, int64_t best, bool bad)
{
    sdag_csv_text(&r->csv, file);
    sdag_out_write(&r->csv, ",", 1);
    if (!bad) sdag_csv_text(&r->csv, r->names[best]);
    for (int64_t i = -1; i < r->n; i++) {
        sdag_out_write(&r->csv, ",", 1);
        if (!bad) sdag_csv_f32(&r->csv, (float)r->p[i < 0 ? best : i]);
    }
    sdag_out_write(&r->csv, "\n", 1);
}

static sdag_status put_object(prediction *r, const char *file, int64_t best, bool bad)
{
    json_t *all = json_object(), *row;
    for (int64_t i = 0; i < r->n && !bad; i++) json_object_set_new(all, r->names[i], json_real(r->p[i]));
    if (bad) {
        json_decref(all);
        row = json_pack("{s:o, s:n}", "file", sdag_json_text(file), "class");
    } else {
        row = json_pack("{s:o, s:s, s:f, s:o}", "file", sdag_json_text(file), "class", r->names[best], "probability",
                        r->p[best], "probabilities", all);
    }
    return json_array_append_new(r->list, row) ? SDAG_NOMEM : SDAG_OK;
}

static sdag_status take(void *arg, const sdag_apply *p, const sdag_tensor *x, const int32_t *ids)
{
    prediction *r = arg;
    sdag_cli_apply_progress(r->c, p, false);
    sdag_status status = r->opened ? SDAG_OK : start(r, p, x);
    for (int64_t i = 0; i < x->shape.d[0] && !status; i++) {
        const char *file = sdag_apply_name(p, ids[i]);
        bool bad = sdag_cli_apply_bad(r->c, p, ids[i]);
        int64_t best = softmax(r->p, SDAG_DATA_F32(*x) + i * r->n, r->n);
        r->bad += bad;
        r->found[best] += !bad;
        if (r->c->json) status = put_object(r, file, best, bad);
        else put_line(r, file, best, bad);
    }
    return status;
}

static sdag_status write_json(prediction *r, const sdag_apply *p)
{
    json_t *j = sdag_cli_apply_json(r->c, p), *names = json_array();
    for (int64_t i = 0; i < r->n; i++) json_array_append_new(names, json_string(r->names[i]));
    json_object_set_new(j, "bad", json_integer(r->bad));
    json_object_set_new(j, "classes", names);
    json_object_set_new(j, "predictions", r->list);
    r->list = NULL;
    return sdag_cli_json(r->c, j, r->c->output);
}

static sdag_status finish(prediction *r, const sdag_apply *p, sdag_status status)
{
    if (r->opened && r->c->json) {
        if (!status) status = write_json(r, p);
        json_decref(r->list);
    } else if (r->opened && !status) {
        status = sdag_out_commit(&r->csv, r->c->log);
    } else if (r->opened) {
        sdag_out_abandon(&r->csv);
    }
    return status;
}

static void report(const prediction *r, const sdag_apply *p)
{
    sdag_cli *c = r->c;
    sdag_str s = {.a = c->arena};
    if (c->quiet || !c->output) return;
    for (int64_t i = 0; i < r->n && i < 20; i++)
        sdag_str_addf(&s, "%s%lld %s", i ? ", " : "", (long long)r->found[i], r->names[i]);
    sdag_log_add(c->log, SDAG_NOTE, SDAG_NOLOC, "%lld samples in %s: %s%s", (long long)p->rows, c->output, s.at,
                 r->n > 20 ? ", ..." : "");
}

sdag_status sdag_cli_predict(sdag_cli *c)
{
    sdag_apply *p;
    sdag_apply_options o = {.logits = true};
    prediction r = {.c = c};
    sdag_status status = sdag_cli_apply(&p, c, &o);
    if (status) return status;
    sdag_cli_apply_note(c, p);
    status = sdag_apply_run(p, take, &r);
    sdag_cli_apply_progress(c, p, true);
    status = finish(&r, p, status);
    if (!status) report(&r, p);
    return status;
}
