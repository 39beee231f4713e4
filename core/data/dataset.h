/* A data set: samples by number. Opened by a source node when a run starts, never by check.
 * load may be called from any worker, for different destinations at once; it must not allocate from the arena. */
#ifndef SDAG_DATA_DATASET_H
#define SDAG_DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

typedef struct sdag_dataset sdag_dataset;
struct sdag_dataset {
    int64_t n;                      /* samples */
    int64_t h, w, c;                /* of every image; h = w = 0: sizes differ */
    int64_t tokens;                 /* of every sample of text, which load writes as i32[tokens]; 0: images */
    const struct sdag_vocab *vocab; /* of text (core/data/vocab.h); NULL: images */
    size_t cap;                     /* bytes of the largest decoded sample */
    int classes;                    /* 0: no labels */
    const int32_t *labels;          /* [n], -1: unknown; NULL: none */
    const char *const *class_names; /* [classes], or NULL: numbers */
    void *impl;
    /* Writes sample id as u8[h,w,c] to dst (cap bytes) and its size to hw. slot: a small number below
     * SDAG_SLOTS_MAX, never used by two calls at once (for decoders). why: reason of a failure, 128 bytes. */
    sdag_status (*load)(const sdag_dataset *d, int64_t id, int slot, uint8_t *dst, int64_t hw[2], char *why);
    const char *(*name)(const sdag_dataset *d, int64_t id); /* file name of a sample, or NULL */
    void (*close)(sdag_dataset *d);
};

#define SDAG_SLOTS_MAX 256

#endif
