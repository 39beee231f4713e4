/* Which values of a phase are images, and what each is laid beside. */
#include <string.h>
#include <unistd.h>

#include "runtime/records/parts.h"

enum { SAMPLES = 16, ROWS = 4, VIEWS = 12, SIDE_MAX = 512 };

static const sdag_lowered_port *ports_of(const sdag_recorder *r, int32_t node) { return r->task->lowered->ports[node]; }

/* The image that a value of the phase's program is; false: none, or of mixed sizes. */
static bool is_image(const sdag_recorder *r, const sdag_lowered_port *p)
{
    const sdag_val v = p->joint ? p->joint : p->n ? p->vals[0] : 0;
    if (!v || p->beside.dims) return false;
    const sdag_value *x = &r->task->lowered->program.values.at[v];
    const int64_t *d = x->shape.d;
    return x->dtype != SDAG_DT_I32 && x->shape.rank == 4 && (d[3] == 1 || d[3] == 3) && d[1] >= 4 && d[2] >= 4 &&
           d[1] <= SIDE_MAX && d[2] <= SIDE_MAX;
}

static bool is_data(sdag_role r) { return r == SDAG_ROLE_SOURCE || r == SDAG_ROLE_AUGMENT || r == SDAG_ROLE_PRETEXT; }

/* Which nodes come from a source that the phase's steps do not read (a probe's). */
static void find_foreign(sdag_recorder *r)
{
    const sdag_graph *g = r->session->graph;
    const sdag_phase *ph = &g->phases[r->session->phase];
    const sdag_program *p = &r->task->lowered->program;
    bool *foreign = r->views.foreign = SDAG_NEWS(&r->arena, bool, g->n_nodes + 1);
    for (int i = 0; i < ph->n_nodes; i++) {
        const int32_t n = ph->order[i];
        const sdag_gnode *node = &g->nodes[n];
        foreign[n] = node->type->role == SDAG_ROLE_SOURCE;
        for (int k = 0; k < p->feeds.n; k++)
            if (p->feeds.at[k].node == n) foreign[n] = false;
        for (int k = 0; k < node->n_in; k++)
            for (int j = 0; j < node->in[k].n; j++) foreign[n] |= foreign[node->in[k].refs[j].node];
    }
}

static const char *tile_name(const sdag_recorder *r, int32_t node, int port, const char *view)
{
    const sdag_gnode *g = &r->session->graph->nodes[node];
    sdag_arena *a = (sdag_arena *)&r->arena;
    const char *name = port ? sdag_arena_printf(a, "%s.%s", g->name, g->type->outs[port].name) : g->name;
    return view ? sdag_arena_printf(a, "%s.%s", name, view) : name;
}

static void add_tile(const sdag_recorder *r, sdag_view *v, int32_t node, int port, int view)
{
    const sdag_lowered_port *p = &ports_of(r, node)[port];
    if (v->n == SDAG_GRID_TILES) return;
    v->tiles[v->n++] = (sdag_view_tile){
        .node = node, .port = port, .view = view, .name = tile_name(r, node, port, p->n > 1 ? p->names[view] : NULL)};
}

/* The wire beside that of `node` in a loss that reads it: what it should have been. */
static const sdag_ref *target_of(const sdag_recorder *r, int32_t node)
{
    const sdag_graph *g = r->session->graph;
    const sdag_phase *ph = &g->phases[r->session->phase];
    for (int i = 0; i < ph->n_nodes; i++) {
        const sdag_gnode *loss = &g->nodes[ph->order[i]];
        if (loss->type->role != SDAG_ROLE_LOSS) continue;
        bool reads = false;
        for (int k = 0; k < loss->n_in; k++) reads |= loss->in[k].n == 1 && loss->in[k].refs[0].node == node;
        for (int k = 0; k < loss->n_in && reads; k++) {
            if (loss->in[k].n != 1 || loss->in[k].refs[0].node == node) continue;
            const sdag_ref *ref = &loss->in[k].refs[0];
            if (ports_of(r, ref->node) && is_image(r, &ports_of(r, ref->node)[ref->port])) return ref;
        }
    }
    return NULL;
}

/* What to lay beside an image that the network makes: its target, or else the first source. */
static void add_beside(const sdag_recorder *r, sdag_view *v)
{
    const sdag_ref *target = target_of(r, v->node);
    const sdag_program *p = &r->task->lowered->program;
    const int32_t source = p->feeds.n ? p->feeds.at[0].node : -1;
    if (target && !r->views.foreign[target->node]) add_tile(r, v, target->node, target->port, 0);
    else if (source >= 0 && ports_of(r, source) && is_image(r, &ports_of(r, source)[0])) add_tile(r, v, source, 0, 0);
}

/* Flat numbers that shall become an image: as many as the target of their loss has. */
static bool is_flat_image(const sdag_recorder *r, int32_t node, int port)
{
    const sdag_lowered_port *p = &ports_of(r, node)[port];
    const sdag_ref *target = p->n == 1 ? target_of(r, node) : NULL;
    if (!target) return false;
    const sdag_program *g = &r->task->lowered->program;
    const sdag_shape *x = &g->values.at[p->vals[0]].shape,
                     *y = &g->values.at[ports_of(r, target->node)[target->port].vals[0]].shape;
    return g->values.at[p->vals[0]].dtype == SDAG_DT_F32 && x->rank == 2 && sdag_elems(x) == sdag_elems(y);
}

/* The grid of a node; n = 0: it has no images. */
static sdag_view view_of(const sdag_recorder *r, int32_t node)
{
    const sdag_node_type *type = r->session->graph->nodes[node].type;
    sdag_view v = {.node = node, .data = is_data(type->role)};
    const sdag_lowered_port *ports = ports_of(r, node);
    if (!ports || !type->outs || type->role == SDAG_ROLE_LOSS) return v;
    for (int i = 0; type->outs[i].name; i++)
        if ((is_image(r, &ports[i]) && type->role != SDAG_ROLE_ENCODER) || is_flat_image(r, node, i)) {
            if (!v.n && !v.data) add_beside(r, &v);
            for (int k = 0; k < ports[i].n; k++) add_tile(r, &v, node, i, k);
        }
    return r->views.foreign[node] ? (sdag_view){.node = node} : v;
}

static int64_t smallest_batch(const sdag_program *p)
{
    int64_t n = SAMPLES;
    for (int i = 0; i < p->feeds.n; i++)
        if (p->feeds.at[i].batch < n) n = p->feeds.at[i].batch;
    return n;
}

void sdag_views_make(sdag_recorder *r)
{
    const sdag_graph *g = r->session->graph;
    const sdag_phase *ph = &g->phases[r->session->phase];
    sdag_arena *a = &r->arena;
    sdag_views *v = &r->views;
    sdag_lower_look *look = SDAG_NEW(a, sdag_lower_look);
    int32_t *nodes = SDAG_NEWS(a, int32_t, VIEWS * (SDAG_GRID_TILES + 1));
    *look = (sdag_lower_look){.nodes = nodes, .data = -1};
    v->list = SDAG_NEWS(a, sdag_view, VIEWS);
    find_foreign(r);
    for (int i = 0; i < ph->n_nodes && v->n < VIEWS; i++) {
        const sdag_view one = view_of(r, ph->order[i]);
        if (!one.n) continue;
        for (int k = 0; k < one.n; k++) {
            bool there = false;
            for (int j = 0; j < look->n; j++) there |= nodes[j] == one.tiles[k].node;
            if (!there) nodes[look->n++] = one.tiles[k].node;
        }
        v->list[v->n++] = one;
    }
    v->rows = smallest_batch(&r->task->lowered->program);
    if (v->n) v->task = sdag_look_task(r, look, v->rows);
}

/* ---- drawing */

/* The samples that the step before this one saw (the first: that the first one will see). */
static const int32_t *const *samples_of(sdag_recorder *r, int64_t step)
{
    const sdag_program *p = &r->task->lowered->program, *mine = &r->views.task->lowered->program;
    sdag_arena *a = &r->arena;
    int32_t **ids = SDAG_NEWS(a, int32_t *, mine->feeds.n + 1);
    for (int i = 0; i < mine->feeds.n; i++)
        for (int k = 0; k < p->feeds.n; k++) {
            if (p->feeds.at[k].node != mine->feeds.at[i].node) continue;
            ids[i] = SDAG_NEWS(a, int32_t, p->feeds.at[k].batch);
            int32_t *labels = SDAG_NEWS(a, int32_t, p->feeds.at[k].batch);
            sdag_sampler *m = &r->task->samplers[k];
            if (r->task->training) sdag_sampler_fill(m, step, ids[i], labels);
            else sdag_sampler_take(m, 0, p->feeds.at[k].batch, ids[i], labels);
        }
    return (const int32_t *const *)ids;
}

static const char *file_of(sdag_recorder *r, const sdag_view *v, bool first)
{
    char *name = sdag_arena_printf(&r->arena, "views-%s-%s%s.png", sdag_records_phase_name(r),
                                   r->session->graph->nodes[v->node].name, first ? "-first" : "");
    for (char *p = name; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *p)) *p = '_';
    return name;
}

/* "digits beside decoder, epoch 3", "view_i" */
static const char *title_of(sdag_recorder *r, const sdag_view *v, bool first)
{
    sdag_str s = {.a = &r->arena};
    for (int i = 0; i < v->n; i++) sdag_str_addf(&s, "%s%s", i ? " | " : "", v->tiles[i].name);
    if (!v->data && r->task->training) {
        if (first && !r->step) sdag_str_add(&s, ", before training");
        else sdag_str_addf(&s, ", epoch %lld", (long long)r->epoch);
    }
    return s.at;
}

static bool file_exists(sdag_recorder *r, const char *file)
{
    return !access(sdag_arena_printf(&r->arena, "%s/report/%s", r->session->options->out_dir, file), F_OK);
}

static json_t *entry_of_file(json_t *array, const char *file)
{
    size_t i;
    json_t *e;
    json_array_foreach(array, i, e)
    {
        const char *name = json_string_value(json_object_get(e, "file"));
        if (name && !strcmp(name, file)) return e;
    }
    return NULL;
}

static sdag_tensor tensor_of(const sdag_task *t, const sdag_view_tile *tile, int64_t step)
{
    const sdag_val v = t->lowered->ports[tile->node][tile->port].vals[tile->view];
    const sdag_value *x = &t->lowered->program.values.at[v];
    return (sdag_tensor){.data = sdag_exec_at(t->exec, v, step), .dtype = x->dtype, .shape = x->shape};
}

static void show(sdag_recorder *r, const sdag_view *v, int64_t step, bool first)
{
    const char *file = file_of(r, v, first && !v->data && r->task->training);
    json_t *views = r->files[FILE_VIEWS], *e = entry_of_file(views, file);
    if (first && r->task->training && e && file_exists(r, file))
        return; /* of the part of the run before it was stopped */
    sdag_grid g = {.n = v->n, .samples = r->views.rows};
    for (int i = 0; i < v->n; i++) g.tiles[i] = tensor_of(r->views.task, &v->tiles[i], step);
    const int64_t abreast = sdag_grid_abreast(g.n);
    if (g.samples > ROWS * abreast) g.samples = ROWS * abreast;
    if (g.samples > abreast) g.samples -= g.samples % abreast; /* full rows */
    const char *path = sdag_arena_printf(&r->arena, "%s/report/%s", r->session->options->out_dir, file);
    if (!sdag_grid_write(&g, r->silent, path)) return;
    json_t *now = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:I}", "phase", sdag_records_phase_name(r),
                            "node", r->session->graph->nodes[v->node].name, "title", title_of(r, v, first), "file",
                            file, "columns", (int)g.columns, "rows", (int)g.rows, "tile", (int)g.side, "epoch",
                            (json_int_t)r->epoch, "step", (json_int_t)r->step);
    if (e) json_object_update(e, now), json_decref(now);
    else json_array_append_new(views, now);
}

void sdag_views_show(sdag_recorder *r, sdag_look_when when)
{
    sdag_views *v = &r->views;
    const bool first = when == SDAG_LOOK_FIRST;
    bool any = false;
    for (int i = 0; i < v->n; i++) any |= first || !v->list[i].data;
    if (!v->task || !any) return;
    const int64_t step = !r->task->training || first || !r->step ? r->step : r->step - 1;
    const int64_t per_epoch = r->task->steps_per_epoch > 0 ? r->task->steps_per_epoch : 1;
    const sdag_step now = {.seed = r->session->graph->seed,
                           .epoch = (uint32_t)(step / per_epoch),
                           .step = step,
                           .training = r->task->training}; /* the augmentations act as they did in that step */
    if (!sdag_look_run(r, v->task, &now, samples_of(r, step))) return;
    for (int i = 0; i < v->n; i++)
        if (first || !v->list[i].data) show(r, &v->list[i], step, first);
}
