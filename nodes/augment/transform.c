#include "nodes/augment/transform.h"

#include <stdio.h>

#include "nodes/augment/resample.h"

#define X(n) &sdag_transform_##n,
const sdag_record_type *const sdag_transforms[] = {SDAG_TRANSFORMS(X) NULL};
#undef X

const char *sdag_size_check(sdag_ints s)
{
    return s.n == 1 || s.n == 2 ? NULL : "size is one number or [height, width]";
}

const char *const sdag_filter_choices[] = {"bilinear", "bicubic", NULL};

const char *sdag_range_check(sdag_floats r)
{
    if (r.n != 2) return "a range is [from, to]";
    return r.at[0] <= r.at[1] ? NULL : "a range [from, to] begins with the smaller number";
}

bool sdag_crop_frame(sdag_frame *f, int64_t h, int64_t w, bool padded, char why[SDAG_TRANSFORM_WHY])
{
    if (f->shorter && (padded || h > f->shorter || w > f->shorter)) {
        snprintf(why, SDAG_TRANSFORM_WHY,
                 "images of mixed sizes whose shorter side becomes %d cannot be padded to a crop", (int)f->shorter);
        return false;
    }
    *f = (sdag_frame){.h = h, .w = w, .c = f->c, .most = h * w * f->c};
    return true;
}

/* With sizes known, the resize has asked for what a window of it takes. */
int64_t sdag_crop_tmp(const sdag_frame *f, int64_t w)
{
    return f->shorter ? sdag_resample_tmp(f->most / f->c, f->most / f->c, f->c, w) : 0;
}
