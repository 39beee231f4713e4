/* What the element-wise ops of two arguments share: shape rule and run function with broadcasting. */
#ifndef SDAG_OPS_ZIP_H
#define SDAG_OPS_ZIP_H

#include "core/cpu/broadcast.h"
#include "core/ops/op.h"

bool sdag_zip_shape(sdag_shaping *s);                    /* two f32 arguments that broadcast */
void sdag_zip_run(const sdag_args *a, sdag_rows_fn *fn); /* elements [lo,hi) of out[0] */

/* Rows of the op test that every such op takes. */
#define SDAG_ZIP_CHECKS(tail)                                                                                    \
    {.in = {"f32[3,5]", "f32[3,5]" tail}}, {.in = {"f32[]", "f32[]" tail}}, {.in = {"f32[4,3]", "f32[3]" tail}}, \
        {.in = {"f32[5]", "f32[2,1,5]" tail}}, {.in = {"f32[2,3,4]", "f32[2,3,1]" tail}},                        \
        {.in = {"f32[2,1,4,1]", "f32[3,1,5]" tail}}, {.in = {"f32[7]", "f32[]" tail}},                           \
        {.in = {"f32[1]", "f32[6]" tail}}, {.in = {"f32[3,1,2]", "f32[3,4,1]" tail}},                            \
        {.in = {"f32[5,8191]", "f32[5,8191]" tail}}, {.in = {"f32[11003,3]", "f32[3]" tail}},                    \
        {.in = {"f32[2049,17]", "f32[2049,1]" tail}},                                                            \
    {                                                                                                            \
        .in = { "f32[17]", "f32[2049,17]" tail }                                                                 \
    }

#endif
