/* Naive versions of the operations on images, colours, sampling. */
#include "tests/ops/reference.h"

#include "core/ops/attr.h"

static void ref_upsample(const sdag_ref *r)
{
    const int64_t k = ((const sdag_attr_factor *)r->attr)->factor;
    const int64_t *x = r->in[0].shape.d, *y = r->out[0].shape.d;
    for (int64_t n = 0; n < y[0]; n++)
        for (int64_t i = 0; i < y[1]; i++)
            for (int64_t j = 0; j < y[2]; j++)
                for (int64_t c = 0; c < y[3]; c++)
                    r->out[0].at[((n * y[1] + i) * y[2] + j) * y[3] + c] =
                        r->in[0].at[((n * x[1] + i / k) * x[2] + j / k) * x[3] + c];
}

const sdag_reference sdag_reference_image[] = {
    {"upsample", ref_upsample, 0},
    {0},
};
