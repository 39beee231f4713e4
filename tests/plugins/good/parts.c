/* The parts of a pipeline that are no losses: a source with a data set of its own, a node with weights, an optimizer, a
 * probe. Each as small as it can be. */
#include "core/base/alloc.h"
#include "core/node/layer.h"
#include "core/node/plugin.h"

/* ---- source.stripes: images of one class are stripes along, of the other across */

typedef struct {
    sdag_source_opts common;
    int64_t count;
} stripes;

static const sdag_opt stripes_opts[] = {
    SDAG_SOURCE_OPTS(stripes), SDAG_INT(stripes, count, 64, 2, 1 << 20, "how many images"), {0}};
static const sdag_port stripes_outs[] = {{"image", "image", "8x8 pixels", 0}, {"label", "i32[B]", "0 or 1", 0}, {0}};
enum { SIDE = 8 };

static sdag_status load(const sdag_dataset *d, int64_t id, int slot, uint8_t *dst, int64_t hw[2], char *why)
{
    (void)d, (void)slot, (void)why;
    for (int64_t i = 0; i < SIDE * SIDE; i++) dst[i] = ((id & 1 ? i / SIDE : i % SIDE) + id / 2) % 2 ? 255 : 0;
    hw[0] = hw[1] = SIDE;
    return SDAG_OK;
}

static sdag_status open_stripes(sdag_dataset **out, const void *opts, const sdag_open *o)
{
    const stripes *s = opts;
    int32_t *labels = SDAG_NEWS(o->arena, int32_t, s->count);
    for (int64_t i = 0; i < s->count; i++) labels[i] = (int32_t)(i & 1);
    *out = SDAG_NEW(o->arena, sdag_dataset);
    **out = (sdag_dataset){
        .n = s->count, .h = SIDE, .w = SIDE, .c = 1, .cap = SIDE * SIDE, .classes = 2, .labels = labels, .load = load};
    return SDAG_OK;
}

static void lower_stripes(sdag_build *b, const sdag_node *self)
{
    sdag_val dims = 0, x = sdag_op_decode(b, sdag_source_ids(b, self), SIDE, SIDE, 1, SIDE * SIDE, &dims);
    sdag_out_image(b, self, "image", x, 0, 1);
    sdag_out(b, self, "label", sdag_source_labels(b, self));
}

static const sdag_node_type source = {.name = "source.stripes",
                                      .brief = "Stripes along or across.",
                                      .role = SDAG_ROLE_SOURCE,
                                      .opts = stripes_opts,
                                      .opts_size = sizeof(stripes),
                                      .outs = stripes_outs,
                                      .lower = lower_stripes,
                                      .open = open_stripes,
                                      .example = "{type: source.stripes, batch: 8}"};

/* ---- encoder.affine: one layer */

static const sdag_port encoder_ins[] = {{"x", "f32[B,D]|f32[B,H,W,C]", "anything", 0}, {0}};
static const sdag_port encoder_outs[] = {{"features", "f32[B,D]", "8 numbers", 0}, {0}};

static void lower_encoder(sdag_build *b, const sdag_node *self)
{
    sdag_val x = sdag_layer_flat(b, sdag_in(b, self, "x"));
    sdag_out(b, self, "features", sdag_op_tanh(b, sdag_layer_linear(b, "fc.", x, 8, true)));
}

static const sdag_node_type encoder = {.name = "encoder.affine",
                                       .brief = "One layer.",
                                       .role = SDAG_ROLE_ENCODER,
                                       .ins = encoder_ins,
                                       .outs = encoder_outs,
                                       .maps = true,
                                       .trains = true,
                                       .lower = lower_encoder,
                                       .example = "{type: encoder.affine, in: images}"};

/* ---- optimizer.plain: p <- p - lr g */

typedef struct {
    sdag_schedule lr;
} plain;

static const sdag_opt plain_opts[] = {SDAG_SCHEDULE(plain, lr, 0.1, 0, 1e3, "size of a step"), {0}};
static const sdag_port plain_ins[] = {{"loss", "f32[]", "what is made small", 0}, {0}};

static void lower_plain(sdag_build *b, const sdag_node *self)
{
    const plain *o = sdag_node_opts(self);
    sdag_val lr = sdag_scheduled_val(b, &o->lr);
    for (int i = 0; i < sdag_trained_count(b); i++) {
        const sdag_trained *t = sdag_trained_at(b, i);
        sdag_op_sgd(b, t->param, t->grad, 0, lr, 0, 1, 0, 0, false);
    }
}

static const sdag_node_type optimizer = {.name = "optimizer.plain",
                                         .brief = "Gradient descent.",
                                         .role = SDAG_ROLE_OPTIMIZER,
                                         .opts = plain_opts,
                                         .opts_size = sizeof(plain),
                                         .ins = plain_ins,
                                         .lower = lower_plain,
                                         .example = "{type: optimizer.plain, in: loss, lr: 0.1}"};

/* ---- probe.largest: the largest number that it has seen */

static const sdag_port probe_ins[] = {{"x", "f32[B,...]", "what is looked at", 0}, {0}};

static sdag_status open_probe(void **state, sdag_collector *c)
{
    (void)c;
    *state = sdag_alloc(sizeof(float));
    return *state ? SDAG_OK : SDAG_NOMEM;
}

static sdag_status batch(void *state, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    float *most = state;
    (void)c, (void)pass, (void)n_ports;
    for (int64_t i = 0; i < sdag_elems(&ports[0].shape); i++)
        *most = SDAG_DATA_F32(ports[0])[i] > *most ? SDAG_DATA_F32(ports[0])[i] : *most;
    return SDAG_OK;
}

static sdag_status close_probe(void *state, sdag_collector *c, bool ok)
{
    if (ok) sdag_metric(c, NULL, (double)*(float *)state);
    sdag_free(state);
    return SDAG_OK;
}

static const sdag_collect collect = {.open = open_probe, .batch = batch, .close = close_probe, .plain = sizeof(float)};
static const sdag_node_type probe = {.name = "probe.largest",
                                     .brief = "The largest number.",
                                     .role = SDAG_ROLE_PROBE,
                                     .ins = probe_ins,
                                     .collect = &collect,
                                     .example = "{type: probe.largest, in: images}"};

static const sdag_node_type *const types[] = {&source, &encoder, &optimizer, &probe, NULL};
SDAG_PLUGIN(.name = "parts", .types = types)
