/* The built-in transforms, one file each, and what they share. What a transform is: core/node/transform.h. */
#ifndef SDAG_NODES_AUGMENT_TRANSFORM_H
#define SDAG_NODES_AUGMENT_TRANSFORM_H

#include "core/base/rng.h"
#include "core/node/opt.h"
#include "nodes/augment/image.h"

/* One row a transform. */
/* clang-format off */
#define SDAG_TRANSFORMS(X)                                                                                           \
    X(random_resized_crop) X(random_crop) X(center_crop) X(resize) X(random_affine) X(horizontal_flip)               \
    X(vertical_flip) X(color_jitter) X(grayscale) X(gaussian_blur) X(solarize) X(noise) X(normalize)
/* clang-format on */
#define X(n) extern const sdag_record_type sdag_transform_##n;
SDAG_TRANSFORMS(X)
#undef X
extern const sdag_record_type *const sdag_transforms[]; /* all of them, NULL-terminated */

/* A size option: one number or [height, width]. */
#define SDAG_SIZE(T, f, h)                                                                              \
    {                                                                                                   \
        .name = #f, .help = h, .kind = SDAG_OPT_INTS, .offset = offsetof(T, f), .min = 1, .max = 16384, \
        .required = true                                                                                \
    }
static inline int64_t sdag_size_h(sdag_ints s) { return s.at[0]; }
static inline int64_t sdag_size_w(sdag_ints s) { return s.at[s.n - 1]; }
const char *sdag_size_check(sdag_ints s); /* what is wrong with a size, or NULL */

/* Frame and tmp of a plain crop to h x w. padded: it may pass the edge. */
bool sdag_crop_frame(sdag_frame *f, int64_t h, int64_t w, bool padded, char why[SDAG_TRANSFORM_WHY]);
int64_t sdag_crop_tmp(const sdag_frame *f, int64_t w);

/* An interpolation option: SDAG_ENUM(T, interpolation, 0, sdag_filter_choices, "..."). */
extern const char *const sdag_filter_choices[]; /* bilinear, bicubic */
static inline sdag_filter sdag_filter_of(int choice) { return choice ? SDAG_FILTER_BICUBIC : SDAG_FILTER_BILINEAR; }

/* A range option: [from, to] with from <= to. */
const char *sdag_range_check(sdag_floats r);
static inline float sdag_range_draw(sdag_floats r, sdag_rng *g) { return sdag_rng_uniform(g, r.at[0], r.at[1]); }

#endif
