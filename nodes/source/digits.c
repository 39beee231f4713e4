/* source.digits -- the handwritten digits that are built into the program: 1,797 grey images of 8x8, ten classes.
 *   image u8[B,8,8,1],  label i32[B],  id i32[B]
 * UCI Optical Recognition of Handwritten Digits (Alpaydin and Kaynak 1998, CC BY 4.0); 1,297 are for training, 500 for
 * testing, split once and for all (core/io/digits.h). */
#include <string.h>

#include "core/io/digits.h"
#include "nodes/source/source.h"

typedef struct {
    sdag_source_opts common;
    int split;
} digits;

enum { TRAIN, TEST, ALL, SIDE = SDAG_DIGITS_SIDE, PIXELS = SIDE * SIDE };
static const char *const splits[] = {"train", "test", "all", NULL};

static const sdag_opt opts[] = {
    SDAG_SOURCE_OPTS(digits),
    SDAG_ENUM(digits, split, TRAIN, splits, "which part of the data"),
    {0},
};

typedef struct {
    sdag_digits all;
    const int *row;
} data;

static sdag_status load(const sdag_dataset *d, int64_t id, int slot, uint8_t *dst, int64_t hw[2], char *why)
{
    const data *x = d->impl;
    (void)slot, (void)why;
    memcpy(dst, x->all.pixels[x->row ? x->row[id] : id], PIXELS);
    hw[0] = hw[1] = SIDE;
    return SDAG_OK;
}

static void release(void *p) { sdag_digits_free(&((data *)p)->all); }

static sdag_status open_digits(sdag_dataset **out, const void *opts_, const sdag_open *o)
{
    const digits *d = opts_;
    data *x = SDAG_NEW(o->arena, data);
    sdag_status s = sdag_digits_load(&x->all, o->log);
    if (s) return s;
    sdag_arena_defer(o->arena, release, x);
    const int n[] = {x->all.n_train, x->all.n_test, SDAG_DIGITS}, *rows[] = {x->all.train, x->all.test, NULL};
    x->row = rows[d->split];
    int32_t *labels = SDAG_NEWS(o->arena, int32_t, n[d->split]);
    for (int i = 0; i < n[d->split]; i++) labels[i] = x->all.label[x->row ? x->row[i] : i];
    *out = SDAG_NEW(o->arena, sdag_dataset);
    **out = (sdag_dataset){.n = n[d->split],
                           .h = SIDE,
                           .w = SIDE,
                           .c = 1,
                           .cap = PIXELS,
                           .labels = labels,
                           .classes = SDAG_DIGITS_CLASSES,
                           .impl = x,
                           .load = load};
    return SDAG_OK;
}

static void lower(sdag_build *b, const sdag_node *self) { sdag_source_lower(b, self, SIDE, SIDE, 1); }

const sdag_node_type sdag_node_source_digits = {
    .name = "source.digits",
    .brief = "The built-in handwritten digits, 8x8 grey.",
    .role = SDAG_ROLE_SOURCE,
    .opts = opts,
    .opts_size = sizeof(digits),
    .outs = sdag_source_outs,
    .lower = lower,
    .open = open_digits,
    .example = "{type: source.digits, split: train, batch: 256}",
};
