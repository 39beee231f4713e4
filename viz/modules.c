/* A module from inside: a frame with the nodes that it is made of. Its inputs are no boxes of their own: what is wired
 * to the module goes straight to those who read it. */
#include "viz/drawing.h"

static sdag_ends plain(int box) { return (sdag_ends){.in = box, .out = box}; }

static int count_ports(const sdag_port *ports)
{
    int n = 0;
    while (ports && ports[n].name) n++;
    return n;
}

/* Boxes that read inner wire `to`.in: added to those that read input `input` of the module. */
static void add_readers(const sdag_drawing *d, sdag_box_list *readers, const sdag_ends *to, int port)
{
    const int n = to->ins ? to->ins[port].n : 1;
    for (int i = 0; i < n; i++) *SDAG_PUSH(d->p->a, readers) = to->ins ? to->ins[port].at[i] : to->in;
}

static void add_inner_wires(const sdag_drawing *d, sdag_ends *module, const sdag_inner *inner, sdag_ends *ends,
                            int index)
{
    const sdag_gnode *n = &inner->nodes[index];
    for (int port = 0; port < n->n_in; port++)
        for (int k = 0; k < n->in[port].n; k++) {
            const sdag_ref *r = &n->in[port].refs[k];
            sdag_line line = {.kind = SDAG_LINE_WIRE};
            if (r->node < inner->n_in) add_readers(d, &module->ins[r->node], &ends[index], port);
            else sdag_drawing_connect(d, &ends[r->node], r->port, &ends[index], port, &line);
        }
}

sdag_ends sdag_drawing_module(const sdag_drawing *d, const sdag_gnode *n, const char *id, int group)
{
    const sdag_inner *inner = n->inner;
    sdag_picture *p = d->p;
    const int frame = sdag_picture_group(p, group, sdag_arena_printf(p->a, "m_%s", id), n->name);
    const int n_outs = count_ports(n->type->outs);
    sdag_ends *ends = SDAG_NEWS(p->a, sdag_ends, inner->n_nodes), module = plain(-1);
    p->groups.at[frame].look = sdag_picture_look(d->g, n);
    SDAG_PICTURE_ADD(p->groups.at[frame].details, sdag_picture_text(p, n->type->name, 48));
    module.ins = SDAG_NEWS(p->a, sdag_box_list, inner->n_in > n->n_in ? inner->n_in : n->n_in);
    module.outs = SDAG_NEWS(p->a, int, n_outs);
    for (int i = 0; i < inner->n_in; i++) ends[i] = plain(-1);
    for (int i = inner->n_in; i < inner->n_nodes; i++) {
        const sdag_gnode *each = &inner->nodes[i];
        const char *own = sdag_arena_printf(p->a, "%s_%s", id, each->name);
        ends[i] = each->inner && d->open_all ? sdag_drawing_module(d, each, own, frame)
                                             : plain(sdag_drawing_box(d, each, own, frame));
    }
    for (int i = inner->n_in; i < inner->n_nodes; i++) add_inner_wires(d, &module, inner, ends, i);
    for (int k = 0; k < n_outs; k++) {
        const sdag_ends *from = &ends[inner->outs[k].node];
        module.outs[k] = from->outs ? from->outs[inner->outs[k].port] : from->out;
    }
    module.in = inner->n_nodes > inner->n_in ? ends[inner->n_in].in : -1;
    module.out = n_outs > 0 ? module.outs[0] : module.in;
    return module;
}
