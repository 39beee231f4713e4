/* source.random -- images of random pixels with random labels: for benchmarks, where reading should cost nothing.
 *   image u8[B,h,w,C] = Philox(seed, id),  label i32[B] uniform in 0..classes-1,  id i32[B] */
#include <string.h>

#include "core/base/rng.h"
#include "nodes/source/source.h"

typedef struct {
    sdag_source_opts common;
    int64_t count, channels, classes;
    sdag_ints size;
} noise;

static const sdag_opt opts[] = {
    SDAG_SOURCE_OPTS(noise),
    SDAG_INT(noise, count, 10000, 1, INT32_MAX, "number of images"),
    SDAG_INTS(noise, size, "[32, 32]", 1, 16384, "[height, width], or one number for a square"),
    SDAG_INT(noise, channels, 3, 1, 64, "channels of an image"),
    SDAG_INT(noise, classes, 10, 0, 1 << 20, "number of classes; 0: no labels"),
    {0},
};

typedef struct {
    uint64_t seed;
    uint32_t pixels;
} data;

static sdag_status load(const sdag_dataset *d, int64_t id, int slot, uint8_t *dst, int64_t hw[2], char *why)
{
    const data *x = d->impl;
    (void)slot, (void)why;
    const uint32_t key[2] = {(uint32_t)x->seed, (uint32_t)(x->seed >> 32)};
    for (size_t at = 0; at < d->cap; at += 16) {
        uint32_t words[4];
        sdag_philox(words, (const uint32_t[]){(uint32_t)(at / 16), (uint32_t)id, 0, x->pixels}, key);
        memcpy(dst + at, words, d->cap - at < 16 ? d->cap - at : 16);
    }
    hw[0] = d->h;
    hw[1] = d->w;
    return SDAG_OK;
}

static sdag_status open_random(sdag_dataset **out, const void *opts_, const sdag_open *o)
{
    const noise *r = opts_;
    data *x = SDAG_NEW(o->arena, data);
    *x = (data){.seed = o->seed, .pixels = sdag_hash32("source.random.pixels")};
    int64_t h = r->size.at[0], w = r->size.at[r->size.n - 1];
    int32_t *labels = r->classes ? SDAG_NEWS(o->arena, int32_t, r->count) : NULL;
    for (int64_t i = 0; labels && i < r->count; i++) {
        sdag_rng g = sdag_rng_at(o->seed, sdag_hash32("source.random.labels"), 0, (uint32_t)i);
        labels[i] = (int32_t)sdag_rng_below(&g, (uint32_t)r->classes);
    }
    *out = SDAG_NEW(o->arena, sdag_dataset);
    **out = (sdag_dataset){.n = r->count,
                           .h = h,
                           .w = w,
                           .c = r->channels,
                           .cap = (size_t)(h * w * r->channels),
                           .classes = (int)r->classes,
                           .labels = labels,
                           .impl = x,
                           .load = load};
    return SDAG_OK;
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const noise *r = sdag_node_opts(self);
    sdag_source_lower(b, self, r->size.at[0], r->size.at[r->size.n - 1], r->channels);
}

static const char *check(const void *opts_) { return sdag_source_size_check(((const noise *)opts_)->size); }

const sdag_node_type sdag_node_source_random = {
    .name = "source.random",
    .brief = "Random pixels, for benchmarks.",
    .role = SDAG_ROLE_SOURCE,
    .opts = opts,
    .opts_size = sizeof(noise),
    .outs = sdag_source_outs,
    .check = check,
    .lower = lower,
    .open = open_random,
    .example = "{type: source.random, count: 4096, size: [32, 32], batch: 64}",
};
