#include "nodes/source/source.h"

#include "core/ops/ops.h"

const sdag_port sdag_source_outs[] = {
    {.name = "image", .type = "image", .help = "pixels, 0..1 for who takes numbers"},
    {.name = "label", .type = "i32[B]", .help = "class of each image, -1 where unknown"},
    {.name = "id", .type = "i32[B]", .help = "number of each image in the data"},
    {0},
};

void sdag_source_lower(sdag_build *b, const sdag_node *self, int64_t h, int64_t w, int64_t c)
{
    sdag_val ids = sdag_source_ids(b, self), labels = sdag_source_labels(b, self), dims = 0;
    int64_t cap = h ? h * w * c : b->samples ? (int64_t)b->samples->cap : c; /* unknown as long as no file is opened */
    sdag_val image = sdag_op_decode(b, ids, h, w, c, cap, &dims);
    sdag_out_image(b, self, "image", image, h ? 0 : dims, c); /* one size: no need to carry it along */
    sdag_out(b, self, "label", labels);
    sdag_out(b, self, "id", ids);
}

const char *sdag_source_size_check(sdag_ints size)
{
    if (size.n != 1 && size.n != 2) return "size is one number or [height, width]";
    return (size.at[0] == 0) == (size.at[size.n - 1] == 0) ? NULL : "size is 0, or no part of it is";
}
