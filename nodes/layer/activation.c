/* layer.activation -- a function of one number, element by element        f32[B,...]
 *   relu max(0, x);  gelu x P(X <= x), X in N(0, 1) (Hendrycks & Gimpel 2016), gelu_tanh its approximation;  tanh;
 *   sigmoid 1 / (1 + e^-x);  silu x sigmoid(x);  none x */
#include "core/ops/ops.h"
#include "nodes/layer/layer.h"

enum { SIGMOID = SDAG_ACT_GELU_TANH + 1, SILU };

typedef struct {
    int kind;
} activation;

/* The first are sdag_activation_choices. */
static const char *const kinds[] = {"relu", "gelu", "tanh", "none", "gelu_tanh", "sigmoid", "silu", NULL};

static const sdag_opt opts[] = {
    SDAG_ENUM(activation, kind, SDAG_ACT_RELU, kinds, "which function"),
    {0},
};

static const sdag_port ins[] = {{"x", "f32[B,...]", "any value", 0}, {0}};
static const sdag_port outs[] = {{"y", "f32[B,...]", "the function of each number", 0}, {0}};

static void lower(sdag_build *b, const sdag_node *self)
{
    const activation *o = sdag_node_opts(self);
    sdag_val x = sdag_in(b, self, "x"), y;
    if (o->kind == SIGMOID) y = sdag_op_sigmoid(b, x);
    else if (o->kind == SILU) y = sdag_op_mul(b, x, sdag_op_sigmoid(b, x));
    else y = sdag_layer_activation(b, x, o->kind);
    sdag_layer_out(b, self, y);
}

const sdag_node_type sdag_node_layer_activation = {
    .name = "layer.activation",
    .brief = "A function of one number, element by element.",
    .role = SDAG_ROLE_LAYER,
    .opts = opts,
    .opts_size = sizeof(activation),
    .ins = ins,
    .outs = outs,
    .maps = true,
    .lower = lower,
    .example = "{type: layer.activation, in: encoder, kind: gelu}",
    .paper = "Hendrycks & Gimpel 2016, arXiv:1606.08415",
};
