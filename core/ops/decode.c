/* decode: the samples of a batch, by number, as pixels (core/data/dataset.h).
 *   ids i32[B] -> u8[B,H,W,C], or u8[B,cap] where sizes differ;   dims i32[B,2]: height and width of each
 * Tiles are samples. What a sample leaves of its cap bytes is 0. */
#include <string.h>

#include "core/data/dataset.h"
#include "core/ops/attr.h"
#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

static bool decode_shape(sdag_shaping *s)
{
    const sdag_attr_decode *o = s->attr;
    if (!sdag_rule_dtype(s, 0, SDAG_DT_I32)) return false;
    if (s->in[0].shape.rank != 1) return sdag_shape_fail(s, "the numbers of the samples must be one axis");
    const int64_t n = s->in[0].shape.d[0];
    const bool mixed = o->h == 0 && o->w == 0;
    if (o->c < 1 || (mixed ? o->cap < 1 : o->h < 1 || o->w < 1)) return sdag_shape_fail(s, "images without pixels");
    s->out[0] =
        (sdag_tensor){.dtype = SDAG_DT_U8, .shape = mixed ? SDAG_SHAPE(n, o->cap) : SDAG_SHAPE(n, o->h, o->w, o->c)};
    s->out[1] = (sdag_tensor){.dtype = SDAG_DT_I32, .shape = SDAG_SHAPE(n, 2)};
    return true;
}

/* "train/cat/0001.jpg" or "sample 17" */
static const char *name_of(const sdag_dataset *d, int64_t id, char *text, size_t size)
{
    const char *name = d->name ? d->name(d, id) : NULL;
    if (!name) snprintf(text, size, "sample %lld", (long long)id);
    return name ? name : text;
}

/* Sample i of the batch. false: reported. */
static bool decode_one(const sdag_args *a, int64_t i, int64_t bytes)
{
    const sdag_attr_decode *o = a->attr;
    const sdag_dataset *d = a->samples;
    const int64_t id = SDAG_DATA_I32(a->in[0])[i];
    uint8_t *to = SDAG_DATA_U8(a->out[0]) + i * bytes;
    int32_t *dims = SDAG_DATA_I32(a->out[1]) + 2 * i;
    int64_t hw[2] = {0, 0};
    char why[128] = "", text[40];
    if (!d || id < 0 || id >= d->n) {
        sdag_op_fail(a, SDAG_IO, "there is no sample %lld", (long long)id);
        return false;
    }
    const sdag_status s = d->load(d, id, a->slot, to, hw, why);
    if (s) {
        sdag_op_fail(a, s, "%s: %s", name_of(d, id, text, sizeof text), why[0] ? why : sdag_status_name(s));
        return false;
    }
    if (hw[0] < 1 || hw[1] < 1 || hw[0] > bytes || hw[1] > bytes / hw[0] / o->c ||
        (o->h && (hw[0] != o->h || hw[1] != o->w))) {
        sdag_op_fail(a, SDAG_IO, "%s: %lld by %lld pixels do not fit", name_of(d, id, text, sizeof text),
                     (long long)hw[0], (long long)hw[1]);
        return false;
    }
    const int64_t used = hw[0] * hw[1] * o->c;
    memset(to + used, 0, (size_t)(bytes - used));
    dims[0] = (int32_t)hw[0];
    dims[1] = (int32_t)hw[1];
    return true;
}

static void decode_run(const sdag_args *a)
{
    const int64_t n = a->out[0].shape.d[0], bytes = n ? sdag_elems(&a->out[0].shape) / n : 0;
    for (int64_t i = a->lo; i < a->hi; i++)
        if (!decode_one(a, i, bytes)) return;
}

const sdag_op sdag_opdef_decode = {
    .name = "decode",
    .math = "the pixels of samples",
    .n_in = 1,
    .n_out = 2,
    .attr_size = sizeof(sdag_attr_decode),
    .flags = SDAG_OP_SAMPLES | SDAG_OP_NOGRAD,
    .split = SDAG_SPLIT_FIRST,
    .shape = decode_shape,
    .cpu = {.run = decode_run},
};

sdag_val sdag_op_decode(sdag_build *b, sdag_val ids, int64_t h, int64_t w, int64_t c, int64_t cap, sdag_val *dims)
{
    sdag_val out[2];
    sdag_val x = sdag_emit(b, &sdag_opdef_decode, 1, &ids, &(sdag_attr_decode){h, w, c, cap}, out);
    if (dims) *dims = out[1];
    return x;
}
