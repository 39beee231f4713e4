/* Built when the structs were shorter: rows of options without `required`, ports without flags, types without
 * `collect`, ops without `check`. What is not there counts as 0. */
#include <string.h>

#include "core/ops/map.h"
#include "core/ops/rules.h"
#include "tests/plugins/good/good.h"

enum {
    TYPE = offsetof(sdag_node_type, collect),
    OPT = offsetof(sdag_opt, required),
    PORT = offsetof(sdag_port, flags),
    OP = offsetof(sdag_op, check)
};

/* Tables of the short rows, filled when the plugin is asked for: what lies behind a row is not 0 and must not be read.
 */
static _Alignas(16) unsigned char opts[3 * OPT + 64], ins[2 * PORT + 64], outs[2 * PORT + 64], type[TYPE + 64],
    op[OP + 64];

SDAG_MAP1(older_run, , 2 * u)

static void older_grad(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin)
{
    (void)o;
    if (wants[0]) gin[0] = sdag_op_affine(b, gout[0], 2, 0);
}

static const sdag_op whole_op = {.name = "older_double",
                                 .math = "y = 2 x",
                                 .n_in = 1,
                                 .n_out = 1,
                                 .split = SDAG_SPLIT_ELEMS,
                                 .shape = sdag_rule_like_first,
                                 .cpu = {.run = older_run},
                                 .grad = older_grad};

static void lower(sdag_build *b, const sdag_node *self)
{
    const good *o = sdag_node_opts(self);
    sdag_val x = sdag_emit1(b, (const sdag_op *)op, sdag_in(b, self, "x"), NULL);
    sdag_out(b, self, "loss", sdag_op_affine(b, sdag_op_mean_all(b, x), o->scale, 0));
}

static const sdag_node_type *const types[] = {(const sdag_node_type *)type, NULL};
static const sdag_op *const ops[] = {(const sdag_op *)op, NULL};
static const sdag_plugin plugin = {
    .magic = SDAG_PLUGIN_MAGIC,
    .size = offsetof(sdag_plugin, records),
    .abi_major = SDAG_ABI_MAJOR,
    .abi_minor = 0,
    .structs = {[SDAG_ABI_node_type] = TYPE, [SDAG_ABI_opt] = OPT, [SDAG_ABI_port] = PORT, [SDAG_ABI_op] = OP},
    .name = "older",
    .types = types,
    .ops = ops};

__attribute__((visibility("default"))) const sdag_plugin *sdag_plugin_get(void);
const sdag_plugin *sdag_plugin_get(void)
{
    sdag_node_type whole = good_type;
    whole.name = "loss.older";
    whole.lower = lower;
    whole.opts = (const sdag_opt *)opts;
    whole.ins = (const sdag_port *)ins;
    whole.outs = (const sdag_port *)outs;
    whole.example = "{type: loss.older, in: projector}";
    memset(type, 0xAA, sizeof type);
    memset(op, 0xAA, sizeof op);
    memset(opts + 3 * OPT, 0xAA, 64);
    for (int i = 0; i < 2; i++) memcpy(opts + i * OPT, &good_opts[i], OPT);
    memcpy(ins, good_ins, PORT);
    memcpy(outs, good_outs, PORT);
    memcpy(type, &whole, TYPE);
    memcpy(op, &whole_op, OP);
    return &plugin;
}
