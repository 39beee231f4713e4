#include "nodes/layer/layer.h"

#include <math.h>
#include <stdarg.h>

#include "core/ops/ops.h"

const char *const sdag_activation_choices[] = {"relu", "gelu", "tanh", "none", "gelu_tanh", NULL};

const char *sdag_layer_name(sdag_build *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *name = sdag_arena_vprintf(b->arena, fmt, ap);
    va_end(ap);
    return name;
}

sdag_val sdag_layer_linear(sdag_build *b, const char *name, sdag_val x, int64_t out, bool bias)
{
    int64_t in = sdag_dim(b, x, -1);
    sdag_init init = {SDAG_INIT_UNIFORM, in > 0 ? 1.0f / sqrtf((float)in) : 0};
    sdag_val w = sdag_param(b, sdag_layer_name(b, "%sweight", name), SDAG_SHAPE(out, in), init, 0);
    sdag_val c = bias ? sdag_param(b, sdag_layer_name(b, "%sbias", name), SDAG_SHAPE(out), init, SDAG_STATE_BIAS) : 0;
    return sdag_op_linear(b, x, w, c);
}

sdag_val sdag_layer_conv(sdag_build *b, const char *name, sdag_val x, int64_t out, int size, int stride, int pad,
                         sdag_conv_init init)
{
    int64_t in = sdag_dim(b, x, -1);
    float fan_in = (float)(in * size * size), fan_out = (float)(out * size * size);
    sdag_init start = init == SDAG_CONV_KAIMING ? (sdag_init){SDAG_INIT_NORMAL, sqrtf(2.0f / fan_out)}
                                                : (sdag_init){SDAG_INIT_UNIFORM, 1.0f / sqrtf(fan_in)};
    sdag_val w = sdag_param(b, sdag_layer_name(b, "%sweight", name), SDAG_SHAPE(out, in, size, size), start, 0);
    return sdag_op_conv2d(b, x, w, stride, pad, 1);
}

sdag_val sdag_layer_bias(sdag_build *b, const char *name, sdag_val y, int64_t fan_in)
{
    sdag_init init = {SDAG_INIT_UNIFORM, fan_in > 0 ? 1.0f / sqrtf((float)fan_in) : 0};
    sdag_shape s = SDAG_SHAPE(sdag_dim(b, y, -1));
    return sdag_op_add(b, y, sdag_param(b, sdag_layer_name(b, "%sbias", name), s, init, SDAG_STATE_BIAS));
}

static sdag_val batch_norm(sdag_build *b, const char *name, sdag_val x, sdag_val r, bool relu, bool affine)
{
    const float eps = 1e-5f, momentum = 0.1f;
    int64_t c = sdag_dim(b, x, -1);
    sdag_shape s = SDAG_SHAPE(c), full = sdag_shape_at(b, x);
    const sdag_init zeros = {SDAG_INIT_ZEROS, 0}, ones = {SDAG_INIT_ONES, 0};
    sdag_val gamma = 0, beta = 0;
    if (affine) {
        gamma = sdag_param(b, sdag_layer_name(b, "%sweight", name), s, ones, SDAG_STATE_NORM);
        beta = sdag_param(b, sdag_layer_name(b, "%sbias", name), s, zeros, SDAG_STATE_NORM | SDAG_STATE_BIAS);
    }
    sdag_val mean = sdag_state_get(b, sdag_layer_name(b, "%srunning_mean", name), SDAG_DT_F32, s, zeros, 0);
    sdag_val var = sdag_state_get(b, sdag_layer_name(b, "%srunning_var", name), SDAG_DT_F32, s, ones, 0);
    sdag_val count = sdag_state_get(b, sdag_layer_name(b, "%snum_batches_tracked", name), SDAG_DT_I32, SDAG_SCALAR,
                                    zeros, SDAG_STATE_COUNTER);
    if (!b->training) return sdag_op_norm_apply(b, x, mean, var, gamma, beta, r, relu, eps);
    sdag_val m, v, y = sdag_op_batch_norm(b, x, gamma, beta, r, relu, eps, &m, &v);
    if (b->status) return 0;
    float n = (float)sdag_rows(&full);
    sdag_op_running(b, mean, m, momentum, 1);
    sdag_op_running(b, var, v, momentum, n > 1 ? n / (n - 1) : 1);
    sdag_op_count(b, count);
    return y;
}

sdag_val sdag_layer_norm(sdag_build *b, const char *name, sdag_val x, sdag_val r, bool relu)
{
    return batch_norm(b, name, x, r, relu, true);
}

sdag_val sdag_layer_norm_plain(sdag_build *b, const char *name, sdag_val x)
{
    return batch_norm(b, name, x, 0, false, false);
}

sdag_val sdag_layer_flat(sdag_build *b, sdag_val x)
{
    sdag_shape s = sdag_shape_at(b, x);
    if (s.rank <= 2) return x;
    return sdag_op_reshape(b, x, SDAG_SHAPE(s.d[0], -1));
}

void sdag_layer_out(sdag_build *b, const sdag_node *self, sdag_val y)
{
    const sdag_beside beside = sdag_in_beside(b, self, "x");
    sdag_out(b, self, "y", y);
    sdag_out_beside(b, self, "y", &beside);
}

sdag_val sdag_layer_activation(sdag_build *b, sdag_val x, int activation)
{
    switch (activation) {
    case SDAG_ACT_RELU: return sdag_op_relu(b, x);
    case SDAG_ACT_GELU: return sdag_op_gelu(b, x, false);
    case SDAG_ACT_GELU_TANH: return sdag_op_gelu(b, x, true);
    case SDAG_ACT_TANH: return sdag_op_tanh(b, x);
    default: return x;
    }
}

sdag_val sdag_layer_mlp(sdag_build *b, sdag_val x, const sdag_mlp *m)
{
    int number = 0; /* of the module in torch.nn.Sequential */
    for (int i = 0; i < m->widths.n && !b->status; i++) {
        bool last = i + 1 == m->widths.n, norm = last ? m->last_norm : m->norm;
        int act = last && !m->last_activation ? SDAG_ACT_NONE : m->activation;
        x = sdag_layer_linear(b, sdag_layer_name(b, "%d.", number++), x, m->widths.at[i], m->bias && !norm);
        bool fused = norm && act == SDAG_ACT_RELU && (!last || m->last_affine);
        if (norm && last && !m->last_affine) x = sdag_layer_norm_plain(b, sdag_layer_name(b, "%d.", number++), x);
        else if (norm) x = sdag_layer_norm(b, sdag_layer_name(b, "%d.", number++), x, 0, fused);
        if (act != SDAG_ACT_NONE) {
            number++;
            if (!fused) x = sdag_layer_activation(b, x, act);
        }
        if (m->dropout > 0 && !last) {
            number++;
            x = sdag_op_dropout(b, x, m->dropout);
        }
    }
    return x;
}
