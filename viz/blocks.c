/* An encoder as its blocks. A block is what stands before the first number of a weight's name, with it ("layer1.0" of
 * "layer1.0.conv1.weight"), or all but the last part where there is none ("conv1"). It begins with a matrix or a
 * filter: scales and shifts that would be a block alone go with the one before. An operation without weights belongs to
 * the latest block that it reads from. */
#include <ctype.h>
#include <string.h>

#include "viz/drawing.h"

enum { BLOCKS_MAX = 200, KINDS_SHOWN = 4 };

typedef struct block {
    const char *name;
    SDAG_VEC(const char *) kinds; /* of operations, each once */
    int64_t weights;
    sdag_val last; /* what its last operation makes */
    int box;
} block;

typedef struct blocks {
    const sdag_drawing *d;
    const sdag_lowered *l;
    int32_t node;
    SDAG_VEC(block) list;
    sdag_map ids;
    int *made;   /* of each value: the block that makes it, -1 */
    bool *known; /* of each state */
} blocks;

static const char *block_name(sdag_arena *a, const char *weight)
{
    const char *last = strrchr(weight, '.'), *end = last ? last : weight + strlen(weight);
    for (const char *part = weight; part; part = strchr(part, '.') ? strchr(part, '.') + 1 : NULL) {
        size_t n = strcspn(part, ".");
        if (isdigit((unsigned char)*part) && strspn(part, "0123456789") == n) {
            end = part + n;
            break;
        }
    }
    return sdag_arena_copy(a, weight, (size_t)(end - weight));
}

/* "layer1.0", but not "bn1" or "1" */
static bool is_numbered(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && isdigit((unsigned char)dot[1]);
}

static int block_of_state(blocks *b, int32_t state)
{
    const sdag_state *s = &b->l->program.states.at[state];
    const char *name = block_name(b->d->p->a, s->name);
    int i = sdag_map_get(&b->ids, name);
    if (i < 0 && b->list.n && s->shape.rank < 2 && !is_numbered(name)) sdag_map_put(&b->ids, name, i = b->list.n - 1);
    if (i < 0) {
        i = b->list.n;
        sdag_map_put(&b->ids, name, i);
        *SDAG_PUSH(b->d->p->a, &b->list) = (block){.name = name};
    }
    if (!b->known[state] && (s->flags & SDAG_STATE_TRAINED)) {
        int64_t n = 1;
        for (int k = 0; k < s->shape.rank; k++) n *= s->shape.d[k];
        b->list.at[i].weights += n;
    }
    b->known[state] = true;
    return i;
}

static void add_kind(blocks *b, block *to, const char *kind)
{
    for (int i = 0; i < to->kinds.n; i++)
        if (strcmp(to->kinds.at[i], kind) == 0) return;
    *SDAG_PUSH(b->d->p->a, &to->kinds) = kind;
}

/* The block of an operation: that of a weight, else the latest that it reads from; the first for what comes before. */
static int block_of(blocks *b, const sdag_program_op *o)
{
    int of = -1;
    bool own = false;
    for (int k = 0; k < o->n_in; k++) {
        const sdag_value *v = &b->l->program.values.at[o->in[k]];
        int from = v->kind == SDAG_VAL_STATE && v->state >= 0 ? block_of_state(b, v->state) : b->made[o->in[k]];
        bool weight = v->kind == SDAG_VAL_STATE && v->state >= 0;
        if ((weight && !own) || (weight == own && from > of)) of = from;
        own |= weight;
    }
    return of;
}

static void assign(blocks *b)
{
    const sdag_program *q = &b->l->program;
    for (int i = 0; i < q->ops.n; i++) {
        const sdag_program_op *o = &q->ops.at[i];
        if (o->node != b->node || o->part > SDAG_PART_FORWARD || (o->op->flags & SDAG_OP_UPDATES)) continue;
        int of = block_of(b, o);
        for (int k = 0; k < o->n_out; k++) b->made[o->out[k]] = of;
        if (of < 0) continue;
        if (!(o->op->flags & SDAG_OP_VIEW)) add_kind(b, &b->list.at[of], o->op->name);
        if (o->n_out) b->list.at[of].last = o->out[0];
    }
}

static void draw_block(blocks *b, block *it, int group)
{
    sdag_picture *p = b->d->p;
    const char *id = sdag_arena_printf(p->a, "b%d_%s", (int)b->node, it->name);
    it->box = sdag_picture_box(p, group, SDAG_LOOK_BLOCK, id, it->name);
    sdag_box *box = &p->boxes.at[it->box];
    sdag_str kinds = {.a = p->a};
    for (int i = 0; i < it->kinds.n && i < KINDS_SHOWN; i++)
        sdag_str_addf(&kinds, "%s%s", i ? ", " : "", it->kinds.at[i]);
    if (it->kinds.n > KINDS_SHOWN) sdag_str_addf(&kinds, " and %d more", it->kinds.n - KINDS_SHOWN);
    if (kinds.n) SDAG_PICTURE_ADD(box->details, sdag_picture_text(p, kinds.at, 60));
    if (it->weights) SDAG_PICTURE_ADD(box->details, sdag_arena_printf(p->a, "%lld weights", (long long)it->weights));
    if (it->last) SDAG_PICTURE_ADD(box->details, sdag_picture_value(p, &b->l->program, it->last));
    SDAG_PICTURE_ADD(box->tips, "operations whose weights have names that start alike");
}

/* A line for each pair of blocks between which a value goes. */
static void draw_lines(blocks *b)
{
    const sdag_program *q = &b->l->program;
    const int n = b->list.n;
    bool *seen = SDAG_NEWS(b->d->p->a, bool, n *n);
    for (int i = 0; i < q->ops.n; i++) {
        const sdag_program_op *o = &q->ops.at[i];
        int to = o->node == b->node && o->n_out ? b->made[o->out[0]] : -1;
        for (int k = 0; to >= 0 && k < o->n_in; k++) {
            int from = b->made[o->in[k]];
            if (from < 0 || from >= to || seen[from * n + to]) continue;
            seen[from * n + to] = true;
            sdag_picture_line(b->d->p, b->list.at[from].box, b->list.at[to].box, SDAG_LINE_WIRE);
        }
    }
}

/* Blocks that read what comes from elsewhere: the lines that enter the encoder end there. */
static sdag_box_list find_readers(const blocks *b)
{
    const sdag_program *q = &b->l->program;
    bool *reads = SDAG_NEWS(b->d->p->a, bool, b->list.n);
    sdag_box_list readers = {0};
    for (int i = 0; i < q->ops.n; i++) {
        const sdag_program_op *o = &q->ops.at[i];
        const int to = o->node == b->node && o->n_out ? b->made[o->out[0]] : -1;
        for (int k = 0; to >= 0 && k < o->n_in; k++) {
            const sdag_value *v = &q->values.at[o->in[k]];
            reads[to] |= v->node != b->node && (v->kind == SDAG_VAL_TEMP || v->kind == SDAG_VAL_INPUT);
        }
    }
    for (int i = 0; i < b->list.n; i++)
        if (reads[i]) *SDAG_PUSH(b->d->p->a, &readers) = b->list.at[i].box;
    if (!readers.n) *SDAG_PUSH(b->d->p->a, &readers) = b->list.at[0].box;
    return readers;
}

static sdag_ends find_ends(const blocks *b, const sdag_gnode *n)
{
    sdag_arena *a = b->d->p->a;
    sdag_ends ends = {.in = b->list.at[0].box, .out = b->list.at[b->list.n - 1].box};
    const sdag_lowered_port *ports = b->l->ports[b->node];
    const sdag_box_list readers = find_readers(b);
    int outs = 0;
    while (n->type->outs && n->type->outs[outs].name) outs++;
    ends.ins = SDAG_NEWS(a, sdag_box_list, n->n_in);
    ends.outs = SDAG_NEWS(a, int, outs);
    for (int i = 0; i < n->n_in; i++) ends.ins[i] = readers;
    for (int i = 0; i < outs; i++) {
        const sdag_lowered_port *port = ports ? &ports[i] : NULL;
        const sdag_val v = !port ? 0 : port->joint ? port->joint : port->n && port->vals ? port->vals[0] : 0;
        const int made = v ? b->made[v] : -1;
        ends.outs[i] = made >= 0 ? b->list.at[made].box : ends.out;
    }
    return ends;
}

bool sdag_drawing_blocks(sdag_ends *out, const sdag_drawing *d, int32_t id, int group)
{
    const sdag_gnode *n = &d->g->nodes[id];
    sdag_picture *p = d->p;
    const sdag_lowered *l = d->lowered ? d->lowered[n->phase] : NULL;
    blocks b = {.d = d, .l = l, .node = id, .ids = {.a = p->a}};
    if (!l) return false;
    b.made = SDAG_NEWS(p->a, int, l->program.values.n);
    b.known = SDAG_NEWS(p->a, bool, l->program.states.n);
    for (int i = 0; i < l->program.values.n; i++) b.made[i] = -1;
    assign(&b);
    if (b.list.n < 2 || b.list.n > BLOCKS_MAX) return false;
    const char *name = sdag_arena_printf(p->a, "g%d_%s", (int)n->phase + 1, n->name);
    const int frame = sdag_picture_group(p, group, name, n->name);
    p->groups.at[frame].look = sdag_picture_look(d->g, n);
    SDAG_PICTURE_ADD(p->groups.at[frame].details, sdag_picture_text(p, n->type->name, 48));
    for (int i = 0; i < b.list.n; i++) draw_block(&b, &b.list.at[i], frame);
    draw_lines(&b);
    *out = find_ends(&b, n);
    return true;
}
