/* source.normal -- codes drawn from the standard normal distribution, for a decoder to make images of.
 *   code f32[B,width] ~ N(0, I), of sample `id` always the same outside training,   id i32[B] */
#include "core/base/rng.h"
#include "core/io/why.h"
#include "core/ops/ops.h"
#include "nodes/source/source.h"

typedef struct {
    sdag_source_opts common;
    int64_t count, width;
} normal;

static const sdag_opt opts[] = {
    SDAG_SOURCE_OPTS(normal),
    SDAG_INT(normal, count, 64, 1, INT32_MAX, "number of codes"),
    SDAG_INT(normal, width, 8, 1, 1 << 20, "numbers of a code"),
    {0},
};

static const sdag_port outs[] = {{.name = "code", .type = "f32[B,D]", .help = "normal numbers"},
                                 {.name = "id", .type = "i32[B]", .help = "number of each code"},
                                 {0}};

/* Codes are computed, not read: nothing asks for pixels. */
static sdag_status load(const sdag_dataset *d, int64_t id, int slot, uint8_t *dst, int64_t hw[2], char *why)
{
    (void)d, (void)id, (void)slot, (void)dst, (void)hw;
    return sdag_why(why, SDAG_FAILED, "codes have no pixels");
}

static sdag_status open_normal(sdag_dataset **out, const void *opts_, const sdag_open *o)
{
    *out = SDAG_NEW(o->arena, sdag_dataset);
    **out = (sdag_dataset){.n = ((const normal *)opts_)->count, .h = 1, .w = 1, .c = 1, .cap = 1, .load = load};
    return SDAG_OK;
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const normal *o = sdag_node_opts(self);
    sdag_val ids = sdag_source_ids(b, self);
    sdag_shape s = SDAG_SHAPE(sdag_source_batch(b, self), o->width);
    sdag_out(b, self, "code", sdag_op_randn(b, ids, s, sdag_hash32(sdag_node_name(self))));
    sdag_out(b, self, "id", ids);
}

const sdag_node_type sdag_node_source_normal = {
    .name = "source.normal",
    .brief = "Codes from a normal distribution, for a decoder to make images of.",
    .role = SDAG_ROLE_SOURCE,
    .opts = opts,
    .opts_size = sizeof(normal),
    .outs = outs,
    .lower = lower,
    .open = open_normal,
    .example = "{type: source.normal, count: 64, width: 8, batch: 64}",
};
