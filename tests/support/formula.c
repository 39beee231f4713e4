#include "tests/support/formula.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/ops/ops.h"
#include "nodes/source/source.h"

/* The mixing steps are those of MurmurHash3's finalizer (Appleby, public domain). */
uint32_t formula_word(uint32_t key, uint32_t i)
{
    uint32_t h = key ^ i * 0x9E3779B9u;
    h = (h ^ h >> 16) * 0x85EBCA6Bu;
    h = (h ^ h >> 13) * 0xC2B2AE35u;
    return h ^ h >> 16;
}

float formula_number(uint32_t key, uint32_t i) { return (float)(formula_word(key, i) >> 8) * 0x1p-23f - 1.0f; }

static bool ends(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

void formula_weight(float *x, const sdag_state *s)
{
    char name[256];
    snprintf(name, sizeof name, "%s.%s", s->node, s->name);
    const uint32_t key = sdag_hash32(name);
    const int64_t n = sdag_elems(&s->shape), fan_in = s->shape.rank ? n / s->shape.d[0] : 1;
    float middle = 0, reach = s->shape.rank < 2 ? 0 : (float)sqrt(6.0 / (double)fan_in);
    if (ends(name, "running_mean") || ends(name, "bias")) reach = 0.2f;
    else if (ends(name, "running_var")) middle = 1, reach = 0.5f;
    else if (s->shape.rank < 2) middle = 1, reach = 0.25f;
    for (int64_t i = 0; i < n; i++) {
        const volatile float part = reach * formula_number(key, (uint32_t)i); /* rounded before the sum, always */
        x[i] = middle + part;
    }
}

/* ---- source.formula */

typedef struct {
    sdag_source_opts common;
    int64_t count, size, channels, classes, unknown;
    const char *key;
} source;

static const sdag_opt source_opts[] = {
    SDAG_SOURCE_OPTS(source),
    SDAG_INT(source, count, 40, 1, 1 << 20, "images"),
    SDAG_INT(source, size, 8, 1, 1 << 10, "height and width"),
    SDAG_INT(source, channels, 3, 1, 8, "channels"),
    SDAG_INT(source, classes, 5, 1, 1 << 20, "classes"),
    SDAG_INT(source, unknown, 0, 0, 1 << 20, "every so many labels, one is -1; 0: none"),
    SDAG_STR(source, key, "pixels", "name of the pixels"),
    {0},
};

typedef struct {
    uint32_t noise, shade;
} pixels;

/* Half a shade of the image and the channel, half noise. */
static sdag_status load(const sdag_dataset *d, int64_t id, int slot, uint8_t *dst, int64_t hw[2], char *why)
{
    const pixels *x = d->impl;
    (void)slot, (void)why;
    for (uint32_t i = 0, n = (uint32_t)d->cap; i < n; i++)
        dst[i] = (uint8_t)((formula_word(x->noise, (uint32_t)id * n + i) >> 25) +
                           (formula_word(x->shade, (uint32_t)id * 8 + i % (uint32_t)d->c) >> 25));
    hw[0] = d->h;
    hw[1] = d->w;
    return SDAG_OK;
}

static sdag_status open_source(sdag_dataset **out, const void *opts, const sdag_open *o)
{
    const source *s = opts;
    pixels *x = SDAG_NEW(o->arena, pixels);
    *x = (pixels){sdag_hash32(s->key), sdag_hash32(sdag_arena_printf(o->arena, "%s.shade", s->key))};
    int32_t *labels = SDAG_NEWS(o->arena, int32_t, s->count);
    for (int64_t i = 0; i < s->count; i++)
        labels[i] = s->unknown && i % s->unknown == 0
                        ? -1
                        : (int32_t)(formula_word(sdag_hash32("label"), (uint32_t)i) % (uint32_t)s->classes);
    *out = SDAG_NEW(o->arena, sdag_dataset);
    **out = (sdag_dataset){.n = s->count,
                           .h = s->size,
                           .w = s->size,
                           .c = s->channels,
                           .labels = labels,
                           .cap = (size_t)(s->size * s->size * s->channels),
                           .classes = (int)s->classes,
                           .impl = x,
                           .load = load};
    return SDAG_OK;
}

static void lower_source(sdag_build *b, const sdag_node *self)
{
    const source *s = sdag_node_opts(self);
    sdag_source_lower(b, self, s->size, s->size, s->channels);
}

static const sdag_node_type source_type = {
    .name = "source.formula",
    .brief = "Images by formula.",
    .role = SDAG_ROLE_SOURCE,
    .opts = source_opts,
    .opts_size = sizeof(source),
    .outs = sdag_source_outs,
    .lower = lower_source,
    .open = open_source,
    .example = "{type: source.formula, batch: 8}",
};

/* ---- values that read nothing */

typedef struct {
    int64_t rows, width;
    float scale;
    const char *key;
} matrix;

static const sdag_opt matrix_opts[] = {
    SDAG_INT(matrix, rows, 1, 1, 1 << 20, "rows"),
    SDAG_INT(matrix, width, 1, 0, 1 << 20, "columns; 0, of a constant: f32[rows]"),
    SDAG_F32(matrix, scale, 1, -1e6, 1e6, "factor"),
    SDAG_STR(matrix, key, "constant", "name of the numbers"),
    {0},
};

static const sdag_port matrix_outs[] = {{"x", "f32[B,...]", "the numbers", 0}, {0}};

static void lower_weight(sdag_build *b, const sdag_node *self)
{
    const matrix *o = sdag_node_opts(self);
    sdag_val w = sdag_param(b, "weight", SDAG_SHAPE(o->rows, o->width), (sdag_init){0}, 0);
    sdag_out(b, self, "x", sdag_op_affine(b, w, o->scale, 0));
}

static void lower_constant(sdag_build *b, const sdag_node *self)
{
    const matrix *o = sdag_node_opts(self);
    const sdag_shape s = o->width ? SDAG_SHAPE(o->rows, o->width) : SDAG_SHAPE(o->rows);
    float *x = SDAG_NEWS(b->arena, float, sdag_elems(&s));
    for (int64_t i = 0; i < sdag_elems(&s); i++) x[i] = (formula_number(sdag_hash32(o->key), (uint32_t)i) + 1) / 2;
    sdag_out(b, self, "x", sdag_const(b, SDAG_DT_F32, s, x));
}

static const sdag_node_type weight_type = {
    .name = "test.weight",
    .brief = "A trained matrix.",
    .role = SDAG_ROLE_ENCODER,
    .opts = matrix_opts,
    .opts_size = sizeof(matrix),
    .outs = matrix_outs,
    .trains = true,
    .lower = lower_weight,
    .example = "{type: test.weight, rows: 4, width: 3}",
};

static const sdag_node_type constant_type = {
    .name = "test.constant",
    .brief = "A fixed matrix.",
    .role = SDAG_ROLE_MATH,
    .opts = matrix_opts,
    .opts_size = sizeof(matrix),
    .outs = matrix_outs,
    .lower = lower_constant,
    .example = "{type: test.constant, rows: 4, width: 3}",
};

/* ---- loss.dot */

static const sdag_port dot_ins[] = {{"x", "f32[B,D]|f32[B,H,W,C]", "what is weighed", 0}, {0}};
static const sdag_port dot_outs[] = {{"loss", "f32[]", "the sum", 0}, {0}};

static void lower_dot(sdag_build *b, const sdag_node *self)
{
    sdag_val x = sdag_in(b, self, "x");
    if (b->status) return;
    sdag_shape s = sdag_shape_at(b, x);
    float *w = SDAG_NEWS(b->arena, float, sdag_elems(&s));
    for (int64_t i = 0; i < sdag_elems(&s); i++) w[i] = formula_number(sdag_hash32("functional"), (uint32_t)i);
    sdag_out(b, self, "loss", sdag_op_sum_all(b, sdag_op_mul(b, x, sdag_const(b, SDAG_DT_F32, s, w))));
}

static const sdag_node_type dot_type = {
    .name = "loss.dot",
    .brief = "A linear functional.",
    .role = SDAG_ROLE_LOSS,
    .ins = dot_ins,
    .outs = dot_outs,
    .lower = lower_dot,
    .example = "{type: loss.dot, in: encoder}",
};

const sdag_node_type *const formula_types[] = {&source_type, &weight_type, &constant_type, &dot_type, NULL};
