#include "runtime/onnx/export.h"

#include <string.h>

#include "runtime/onnx/emit.h"

/* Two sizes of the batch that nothing else has: what differs between the two programs grows with the batch. */
enum { BATCH = 3, OTHER_BATCH = 5 };

/* ---- values and their names ---- */

const sdag_shape *sdag_onnx_shape(const sdag_onnx *x, sdag_val v) { return &x->p->values.at[v].shape; }

int64_t sdag_onnx_dim(const sdag_onnx *x, sdag_val v, int axis, int64_t *times)
{
    const int64_t a = x->p->values.at[v].shape.d[axis], b = x->other->values.at[v].shape.d[axis];
    *times = a / x->batch;
    return a == b ? a : -1;
}

const char *sdag_onnx_sizes(sdag_onnx *x, sdag_val v)
{
    const sdag_shape *s = sdag_onnx_shape(x, v);
    int64_t d[SDAG_RANK_MAX], times;
    int open = 0;
    for (int i = 0; i < s->rank; i++) open += (d[i] = sdag_onnx_dim(x, v, i, &times)) < 0;
    if (open > 1) x->why = "two of its sizes grow with the batch";
    return open > 1 ? NULL : sdag_onnx_list(x->m, s->rank, d);
}

static const char *transpose(sdag_onnx *x, const char *in, const int64_t perm[4])
{
    const char *y = sdag_onnx_node(x->m, "Transpose", in, NULL);
    sdag_onnx_ints(x->m, "perm", 4, perm);
    return y;
}

const char *sdag_onnx_val(sdag_onnx *x, sdag_val v)
{
    if (!x->name[v] && x->planes[v]) x->name[v] = transpose(x, x->planes[v], (int64_t[]){0, 2, 3, 1});
    if (!x->name[v] && !x->why) x->why = "it reads numbers or labels of samples, which only a run has";
    return x->name[v] ? x->name[v] : "";
}

const char *sdag_onnx_in(sdag_onnx *x, const sdag_program_op *o, int i) { return sdag_onnx_val(x, o->in[i]); }

const char *sdag_onnx_planes(sdag_onnx *x, sdag_val v)
{
    if (!x->planes[v]) x->planes[v] = transpose(x, sdag_onnx_val(x, v), (int64_t[]){0, 3, 1, 2});
    return x->planes[v];
}

bool sdag_onnx_has_planes(const sdag_onnx *x, sdag_val v) { return x->planes[v] && !x->name[v]; }
void sdag_onnx_set(sdag_onnx *x, sdag_val v, const char *name) { x->name[v] = name; }
void sdag_onnx_set_planes(sdag_onnx *x, sdag_val v, const char *name) { x->planes[v] = name; }

static sdag_onnx_dtype dtype_of(sdag_dtype t)
{
    return t == SDAG_DT_F32 ? SDAG_ONNX_F32 : t == SDAG_DT_U8 ? SDAG_ONNX_U8 : SDAG_ONNX_I32;
}

/* ---- what is needed, and where it begins ---- */

typedef struct walk {
    sdag_onnx x;
    sdag_apply *apply;
    bool bare;
    bool *need; /* of each op */
    sdag_val input;
    sdag_status status;
} walk;

static const sdag_program_op *producer(const walk *w, sdag_val v)
{
    int32_t i = w->x.p->values.at[v].producer;
    return i < 0 ? NULL : &w->x.p->ops.at[i];
}

static bool is_data(sdag_role r) { return r == SDAG_ROLE_SOURCE || r == SDAG_ROLE_AUGMENT || r == SDAG_ROLE_PRETEXT; }

static bool is_op(const sdag_program_op *o, const char *name) { return o && !strcmp(o->op->name, name); }

/* Whether the model begins with this value. */
static bool is_input(const walk *w, sdag_val v)
{
    const sdag_program_op *o = producer(w, v);
    if (is_op(o, "decode") || is_op(o, "read_tokens")) return true;
    if (is_op(o, "slice") && is_op(producer(w, o->in[0]), "read_tokens")) return true;
    if (!o) return false;
    const sdag_role role = o->node >= 0 ? w->x.graph->nodes[o->node].type->role : SDAG_ROLE_COUNT;
    if (role == SDAG_ROLE_SOURCE && o->op->flags & SDAG_OP_RANDOM) return true; /* codes: whoever calls draws them */
    if (!w->bare) return false;
    if (is_op(o, "to_f32") && is_op(producer(w, o->in[0]), "decode")) return true;
    return is_data(role); /* seen from behind it */
}

static sdag_status fail_at(const walk *w, int32_t node, const char *what)
{
    const sdag_gnode *n = node >= 0 ? &w->x.graph->nodes[node] : NULL;
    return sdag_fail(w->x.log, SDAG_INVALID, n ? n->loc : SDAG_NOLOC, "'%s' cannot be written as ONNX: %s",
                     n ? n->name : w->apply->title, what);
}

/* Marks what v is made of. From the last op to the first, so no recursion is needed. */
static sdag_status mark(walk *w, sdag_val v)
{
    const sdag_program *p = w->x.p;
    bool *wanted = SDAG_NEWS(w->x.a, bool, p->values.n);
    wanted[v] = true;
    for (sdag_val i = p->values.n - 1; i > 0; i--)
        if (wanted[i] && is_input(w, i)) {
            if (w->input && w->input != i) return fail_at(w, p->values.at[i].node, "it reads two sources");
            w->input = i;
            wanted[i] = false;
        }
    for (int i = p->ops.n - 1; i >= 0; i--) {
        const sdag_program_op *o = &p->ops.at[i];
        for (int k = 0; k < o->n_out; k++) w->need[i] |= wanted[o->out[k]];
        for (int k = 0; w->need[i] && k < o->n_in; k++) {
            const sdag_val in = o->in[k];
            if (!is_input(w, in)) {
                wanted[in] = true;
                continue;
            }
            if (w->input && w->input != in) return fail_at(w, o->node, "it reads two sources");
            w->input = in;
        }
    }
    return w->input ? SDAG_OK : fail_at(w, p->values.at[v].node, "it does not depend on the data");
}

/* ---- constants and weights ---- */

/* A constant with a row for each sample, all alike, becomes one row: it is broadcast. */
static void add_constant(walk *w, sdag_val v)
{
    const sdag_value *c = &w->x.p->values.at[v];
    sdag_shape s = c->shape;
    size_t bytes = 0;
    sdag_shape_bytes(&bytes, c->dtype, s);
    int64_t times;
    for (int i = 0; i < s.rank; i++) {
        if (sdag_onnx_dim(&w->x, v, i, &times) >= 0) continue;
        const size_t row = bytes / (size_t)s.d[0];
        if (i || memcmp(c->data, (const char *)c->data + row, bytes - row))
            w->x.why = "a constant grows with the batch";
        s.d[0] = 1;
        bytes = row;
    }
    const char *name = sdag_arena_printf(w->x.a, "constant_%d", v);
    w->x.name[v] = sdag_onnx_const(w->x.m, name, dtype_of(c->dtype), s.rank, s.d, c->data, bytes);
}

static sdag_status add_weight(walk *w, sdag_val v)
{
    const sdag_value *c = &w->x.p->values.at[v];
    const sdag_state *s = &w->x.p->states.at[c->state];
    const void *data;
    size_t bytes = 0;
    sdag_status status = sdag_apply_state(&data, w->apply, s);
    sdag_shape_bytes(&bytes, s->dtype, s->shape);
    const char *name = sdag_arena_printf(w->x.a, "%s.%s", s->node, s->name);
    w->x.name[v] = sdag_onnx_const(w->x.m, name, dtype_of(s->dtype), s->shape.rank, s->shape.d, data, bytes);
    return status;
}

/* Everything that is there before the first op. */
static sdag_status add_leaves(walk *w, const sdag_program_op *o)
{
    for (int k = 0; k < o->n_in; k++) {
        const sdag_value *v = &w->x.p->values.at[o->in[k]];
        if (w->x.name[o->in[k]] || w->x.planes[o->in[k]]) continue;
        if (v->kind == SDAG_VAL_CONST) add_constant(w, o->in[k]);
        else if (v->kind == SDAG_VAL_STATE) {
            sdag_status status = add_weight(w, o->in[k]);
            if (status) return status;
        }
    }
    return SDAG_OK;
}

/* ---- the model ---- */

static void add_input(walk *w)
{
    const sdag_value *v = &w->x.p->values.at[w->input];
    const sdag_gnode *source = &w->x.graph->nodes[w->apply->source];
    const char *about = v->dtype == SDAG_DT_I32  ? "numbers of tokens"
                        : v->dtype == SDAG_DT_U8 ? "pixels, channels last, red green blue, 0 is black and 255 is white"
                        : v->shape.rank == 4     ? "pixels, channels last, as the network takes them"
                                                 : source->type->outs[0].help;
    int64_t d[SDAG_RANK_MAX], times;
    for (int i = 0; i < v->shape.rank; i++) d[i] = sdag_onnx_dim(&w->x, w->input, i, &times);
    w->x.input = w->x.name[w->input] = source->type->outs[0].name; /* "image", "tokens", "code" */
    sdag_onnx_value(w->x.m, true, w->x.input, dtype_of(v->dtype), v->shape.rank, d, about);
}

static sdag_status add_op(walk *w, int i)
{
    const sdag_program_op *o = &w->x.p->ops.at[i];
    const sdag_onnx_row *row = sdag_onnx_find(o->op->name);
    if (!row || !row->emit)
        return fail_at(w, o->node,
                       sdag_arena_printf(w->x.a, "the operation %s has no counterpart%s%s", o->op->name,
                                         row ? ": " : "", row ? row->why : ""));
    sdag_status status = add_leaves(w, o);
    if (status) return status;
    w->x.m->scope = o->node >= 0 ? w->x.graph->nodes[o->node].name : NULL;
    if (!w->x.why) row->emit(&w->x, o);
    return w->x.why ? fail_at(w, o->node, sdag_arena_printf(w->x.a, "the operation %s: %s", o->op->name, w->x.why))
                    : SDAG_OK;
}

static void add_output(walk *w, sdag_val v)
{
    sdag_onnx_model *m = w->x.m;
    const sdag_gnode *n = &w->apply->options->graph->nodes[w->apply->node];
    const char *name = n->type->outs[w->apply->port].name, *from = sdag_onnx_val(&w->x, v);
    int64_t d[SDAG_RANK_MAX], times;
    for (int i = 0; i < sdag_onnx_shape(&w->x, v)->rank; i++) d[i] = sdag_onnx_dim(&w->x, v, i, &times);
    m->scope = NULL;
    if (!strcmp(name, w->x.input)) name = "output"; /* a decoder gives an image for an image */
    sdag_onnx_node(m, "Identity", from, NULL);
    m->steps.at[m->steps.n - 1].out = name;
    sdag_onnx_value(m, false, name, dtype_of(w->x.p->values.at[v].dtype), sdag_onnx_shape(&w->x, v)->rank, d,
                    n->type->outs[w->apply->port].help);
}

static void add_meta(walk *w)
{
    sdag_apply *p = w->apply;
    sdag_onnx_model *m = w->x.m;
    sdag_str names = {.a = w->x.a};
    m->name = p->title;
    m->about = sdag_arena_printf(w->x.a, "%s of the run %s (%s)", p->title, p->options->run, p->data);
    sdag_onnx_meta(m, "node", p->title);
    sdag_onnx_meta(m, "pipeline", p->graph->name ? p->graph->name : "");
    for (int i = 0; i < p->n_classes; i++) sdag_str_addf(&names, "%s%s", i ? "\n" : "", p->class_names[i]);
    const sdag_role role = p->options->graph->nodes[p->node].type->role;
    if (p->n_classes && role == SDAG_ROLE_HEAD) sdag_onnx_meta(m, "classes", names.at);
}

static sdag_status build(walk *w, sdag_val v)
{
    sdag_status status = mark(w, v);
    if (status) return status;
    add_meta(w);
    add_input(w);
    for (int i = 0; i < w->x.p->ops.n && !status; i++)
        if (w->need[i]) status = add_op(w, i);
    if (!status) add_output(w, v);
    return status;
}

sdag_status sdag_onnx_export(sdag_onnx_model **out, sdag_apply *p, bool bare)
{
    sdag_lowered *l, *other;
    sdag_status status = sdag_apply_lower(&l, p, BATCH);
    if (!status) status = sdag_apply_lower(&other, p, OTHER_BATCH);
    if (status) return status;
    const int n = l->program.values.n;
    walk w = {.apply = p, .bare = bare, .need = SDAG_NEWS(p->arena, bool, l->program.ops.n + 1)};
    w.x = (sdag_onnx){.a = p->arena,
                      .log = p->log,
                      .m = SDAG_NEW(p->arena, sdag_onnx_model),
                      .graph = p->graph,
                      .p = &l->program,
                      .other = &other->program,
                      .batch = BATCH,
                      .other_batch = OTHER_BATCH,
                      .name = SDAG_NEWS(p->arena, const char *, n),
                      .planes = SDAG_NEWS(p->arena, const char *, n)};
    w.x.m->a = p->arena;
    if (other->program.values.n != n || other->program.ops.n != l->program.ops.n)
        return fail_at(&w, -1, "its program depends on the size of the batch");
    *out = w.x.m;
    return build(&w, l->collected.at[0].vals[0]);
}
