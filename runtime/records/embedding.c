/* A map of what the encoder makes of some samples, at a few moments of the run. */
#include <math.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/cpu/plane.h"
#include "core/io/json_text.h"
#include "runtime/records/parts.h"
#include "runtime/run/signals.h"

enum { BATCH = 50, BATCH_LEAST = 4, WIDE = 32768 };

static const size_t small = 32 << 20; /* bytes that nobody misses */
static const double look_seconds = 0.5;

static bool by_tsne(const sdag_recorder *r)
{
    const char *way = r->session->options->embedding;
    return way && !strcmp(way, "tsne");
}

/* The first encoder of the phase; in one that is built of layers, what its first head or projector reads. */
static int32_t first_encoder(const sdag_recorder *r)
{
    const sdag_graph *g = r->session->graph;
    const sdag_phase *ph = &g->phases[r->session->phase];
    for (int i = 0; i < ph->n_nodes; i++)
        if (g->nodes[ph->order[i]].type->role == SDAG_ROLE_ENCODER) return ph->order[i];
    for (int i = 0; i < ph->n_nodes; i++) {
        const sdag_gnode *n = &g->nodes[ph->order[i]];
        if (n->type->role != SDAG_ROLE_HEAD && n->type->role != SDAG_ROLE_PROJECTOR) continue;
        if (n->n_in && n->in[0].n && g->nodes[n->in[0].refs[0].node].type->trains) return n->in[0].refs[0].node;
    }
    return -1;
}

/* n samples, evenly over those that the source gives to the phase, whose order may be by class. */
static void choose(sdag_embedding *e, const sdag_sampler *m, int64_t n)
{
    e->n = n;
    for (int64_t i = 0; i < n; i++) e->ids[i] = m->subset[i * m->n / n];
    for (int64_t i = 0; i < BATCH; i++) e->ids[n + i] = e->ids[0]; /* fill up the last batch */
}

/* A program for `batch` samples that takes at most an eighth of the phase's memory, so that large images are looked at
 * a few at a time. */
static sdag_task *encoder_task(sdag_recorder *r, const sdag_lower_look *look)
{
    sdag_embedding *e = &r->embedding;
    for (;; e->batch /= 2) {
        sdag_task *t = sdag_look_task(r, look, e->batch);
        const bool fits = !t || t->bytes <= small || t->bytes <= r->task->bytes / 8;
        if (fits || e->batch < 2 * BATCH_LEAST) return t;
        sdag_task_destroy(t);
    }
}

/* The encoder's features, f32[batch,...] of the source alone; false: something else. */
static bool find_features(sdag_embedding *e)
{
    const sdag_program *p = &e->task->lowered->program;
    e->features = e->task->lowered->ports[e->node][0].vals[0];
    const sdag_value *x = &p->values.at[e->features];
    e->d = sdag_last(&x->shape);
    return p->feeds.n == 1 && p->feeds.at[0].node == e->source && x->dtype == SDAG_DT_F32 && x->shape.rank >= 2 &&
           x->shape.d[0] == e->batch && e->d < WIDE;
}

/* How many points the looks of a phase are worth: all within half a second, or within a hundredth of what the phase
 * will take (a sample that is trained costs about three that are looked at). Where an earlier part of the run has
 * chosen, as many as then. */
static int64_t count_points(sdag_recorder *r)
{
    const sdag_embedding *e = &r->embedding;
    const json_t *was = sdag_records_entry(r->files[FILE_EMBEDDING], sdag_records_phase_name(r),
                                           r->session->graph->nodes[e->node].name);
    const size_t points = json_array_size(json_object_get(json_array_get(json_object_get(was, "moments"), 0), "xy"));
    if (points > 1 && (int64_t)points <= e->n) return (int64_t)points;
    const sdag_step now = {.seed = r->session->graph->seed};
    const double began = sdag_now();
    if (!sdag_look_run(r, e->task, &now, (const int32_t *const *)&e->ids)) return e->n;
    const double each = (sdag_now() - began) / (double)e->batch;
    const double phase = r->task->training ? 3 * each * (double)(r->task->images * r->task->steps) : 0;
    const double most = fmax(look_seconds, 0.01 * phase) / each;
    return most >= (double)e->n ? e->n : most < e->batch ? e->batch : (int64_t)most;
}

/* The encoder on the samples as they are; where it cannot read those (images of mixed sizes), on what the phase makes
 * of them. */
void sdag_embedding_make(sdag_recorder *r)
{
    sdag_embedding *e = &r->embedding;
    const sdag_program *p = &r->task->lowered->program;
    e->node = first_encoder(r);
    if (e->node < 0 || !p->feeds.n) return;
    const sdag_sampler *m = &r->task->samplers[0];
    e->source = p->feeds.at[0].node;
    e->ids = SDAG_NEWS(&r->arena, int32_t, SDAG_EMBEDDING_POINTS + BATCH);
    choose(e, m, m->n < SDAG_EMBEDDING_POINTS ? m->n : SDAG_EMBEDDING_POINTS);
    int32_t *node = SDAG_NEW(&r->arena, int32_t);
    *node = e->node;
    for (int turn = 0; turn < 2 && !e->task && e->n > 1; turn++) {
        sdag_lower_look *look = SDAG_NEW(&r->arena, sdag_lower_look);
        *look = (sdag_lower_look){.nodes = node, .n = 1, .data = turn ? -1 : e->source};
        e->batch = e->n < BATCH ? e->n : BATCH;
        e->task = encoder_task(r, look);
        if (!e->task || find_features(e)) continue;
        sdag_task_destroy(e->task);
        e->task = NULL;
    }
    if (e->task) choose(e, m, count_points(r));
}

/* ---- one moment */

/* The mean over what lies between the first axis and the last: places of a map, tokens. */
static void take(float *to, const float *x, int64_t places, int64_t d)
{
    memset(to, 0, (size_t)d * sizeof *to);
    for (int64_t i = 0; i < places * d; i++) to[i % d] += x[i] / (float)places;
}

/* f32[n,d]; NULL: it failed, or a signal came. */
static float *features(sdag_recorder *r)
{
    const sdag_embedding *e = &r->embedding;
    const sdag_shape *s = &e->task->lowered->program.values.at[e->features].shape;
    const int64_t each = sdag_elems(s) / e->batch;
    float *x = sdag_alloc_array((size_t)e->n, (size_t)e->d * sizeof *x);
    bool ok = x != NULL;
    for (int64_t from = 0, step = 0; from < e->n && ok; from += e->batch, step++) {
        const int32_t *ids = e->ids + from;
        const sdag_step now = {.seed = r->session->graph->seed, .step = step};
        ok = !sdag_signals_seen() && sdag_look_run(r, e->task, &now, &ids);
        const float *y = ok ? sdag_exec_at(e->task->exec, e->features, step) : NULL;
        for (int64_t i = 0; i < e->batch && from + i < e->n && ok; i++)
            take(x + (from + i) * e->d, y + i * each, each / e->d, e->d);
    }
    for (int64_t i = 0; i < e->n * e->d && ok; i++) ok = isfinite(x[i]);
    if (ok) return x;
    sdag_free(x);
    return NULL;
}

static double *map(const sdag_recorder *r, const float *x)
{
    const sdag_embedding *e = &r->embedding;
    const sdag_tsne_options o = {.perplexity = 30, .steps = 500};
    double *xy = sdag_alloc_array((size_t)e->n, 2 * sizeof *xy);
    const bool near = by_tsne(r) && e->n >= 4;
    sdag_status status = !xy    ? SDAG_NOMEM
                         : near ? sdag_plane_tsne(xy, x, e->n, e->d, &o, NULL)
                                : sdag_plane_pca(xy, x, e->n, e->d);
    for (int64_t i = 0; i < 2 * e->n && !status; i++)
        if (!isfinite(xy[i])) status = SDAG_FAILED;
    if (!status) return xy;
    sdag_free(xy);
    return NULL;
}

/* So that the map does not flip from moment to moment. */
static void lay_over_last(double *xy, int64_t n, const json_t *moments)
{
    const size_t k = json_array_size(moments);
    const json_t *last = k ? json_object_get(json_array_get(moments, k - 1), "xy") : NULL;
    double *to = last && json_array_size(last) == (size_t)n ? sdag_alloc_array((size_t)n, 2 * sizeof *to) : NULL;
    for (int64_t i = 0; to && i < 2 * n; i++)
        to[i] = json_number_value(json_array_get(json_array_get(last, (size_t)i / 2), (size_t)i % 2));
    if (to) sdag_plane_align(xy, to, n);
    sdag_free(to);
}

static double step_at(const json_t *moments, size_t i)
{
    return json_number_value(json_object_get(json_array_get(moments, i), "step"));
}

/* Of too many moments the one goes that is missed least: whose neighbours are nearest to each other. */
static void thin_out(json_t *moments)
{
    while (json_array_size(moments) > SDAG_EMBEDDING_MOMENTS) {
        size_t best = 1;
        for (size_t i = 1; i + 1 < json_array_size(moments); i++)
            if (step_at(moments, i + 1) - step_at(moments, i - 1) <
                step_at(moments, best + 1) - step_at(moments, best - 1))
                best = i;
        json_array_remove(moments, best);
    }
}

static json_t *labels_json(const sdag_recorder *r)
{
    const sdag_dataset *d = r->session->data[r->embedding.source];
    if (!d->labels) return json_null();
    json_t *list = json_array();
    for (int64_t i = 0; i < r->embedding.n; i++)
        json_array_append_new(list, json_integer(d->labels[r->embedding.ids[i]]));
    return list;
}

static json_t *classes_json(const sdag_recorder *r)
{
    const sdag_dataset *d = r->session->data[r->embedding.source];
    if (!d->labels || !d->class_names) return json_null();
    json_t *list = json_array();
    for (int i = 0; i < d->classes; i++) json_array_append_new(list, sdag_json_text(d->class_names[i]));
    return list;
}

/* The entry of the phase and its encoder; a new one when there is none that this one could go on with. */
static json_t *entry(sdag_recorder *r)
{
    const char *phase = sdag_records_phase_name(r), *way = by_tsne(r) ? "tsne" : "pca";
    const char *node = r->session->graph->nodes[r->embedding.node].name;
    json_t *e = sdag_records_entry(r->files[FILE_EMBEDDING], phase, node);
    const char *was = json_string_value(json_object_get(e, "method"));
    if (e && was && !strcmp(was, way) && json_is_array(json_object_get(e, "moments"))) return e;
    json_t *now = json_pack("{s:s, s:s, s:s, s:[], s:o, s:o}", "phase", phase, "node", node, "method", way, "moments",
                            "labels", labels_json(r), "classes", classes_json(r));
    if (e) json_object_clear(e), json_object_update(e, now), json_decref(now);
    else json_array_append_new(r->files[FILE_EMBEDDING], e = now);
    return e;
}

/* Four digits are more than a screen shows. */
static json_t *rounded(double v)
{
    char text[32];
    snprintf(text, sizeof text, "%.4g", v);
    return json_real(strtod(text, NULL));
}

void sdag_embedding_add(sdag_recorder *r)
{
    const sdag_embedding *e = &r->embedding;
    float *x = e->task ? features(r) : NULL;
    double *xy = x ? map(r, x) : NULL;
    sdag_free(x);
    if (!xy) return;
    json_t *moments = json_object_get(entry(r), "moments"), *points = json_array();
    const size_t n = json_array_size(moments);
    lay_over_last(xy, e->n, moments);
    for (int64_t i = 0; i < e->n; i++)
        json_array_append_new(points, json_pack("[o, o]", rounded(xy[2 * i]), rounded(xy[2 * i + 1])));
    sdag_free(xy);
    if (n && (int64_t)step_at(moments, n - 1) == r->step) json_array_remove(moments, n - 1);
    json_array_append_new(moments, json_pack("{s:I, s:I, s:o}", "epoch", (json_int_t)r->epoch, "step",
                                             (json_int_t)r->step, "xy", points));
    thin_out(moments);
}
