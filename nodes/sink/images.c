/* sink.images -- what the network sees and makes, as one PNG: a row a sample, beside each other what the wires carry.
 *   in: one or more images [B,H,W,C], C = 1 or 3, in 0..1 (values outside are cut off); sizes and C may differ
 * In inference the first samples; in training those of an epoch's last batch, whose weights are the newest. With
 * columns: k the samples stand k abreast. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/io/image.h"
#include "core/io/png_write.h"
#include "core/node/collector.h"
#include "core/node/node.h"
#include "nodes/sink/path.h"

typedef struct {
    const char *path;
    int64_t rows, columns, scale;
} images;

static const sdag_opt opts[] = {
    {.name = "path",
     .help = "of the file, below the directory of the run",
     .kind = SDAG_OPT_STR,
     .offset = offsetof(images, path),
     .required = true},
    SDAG_INT(images, rows, 8, 1, 1000, "rows of samples"),
    SDAG_INT(images, columns, 1, 1, 1000, "samples abreast"),
    SDAG_INT(images, scale, 0, 0, 64,
             "pixels of the file a pixel of an image, in both directions; 0: so many that small "
             "images can be seen"),
    {0},
};
static const sdag_port ins[] = {
    {.name = "in", .type = "image", .help = "images, or several beside each other", .flags = SDAG_PORT_BUNDLE}, {0}};

enum { GAP = 4, SEEN = 80, PAPER = 255 }; /* pixels between images; side of an image that can be seen; background */

typedef struct {
    int64_t h, w, c;
    size_t at; /* in the bytes of a sample */
} view;

typedef struct {
    char *path;
    view views[SDAG_IN_MAX];
    int n_views;
    size_t each;   /* bytes of a sample, all views */
    uint8_t *kept; /* u8[most,each] */
    int64_t n, most;
} state;

static sdag_status open_images(void **out, sdag_collector *c)
{
    const images *o = c->opts;
    state *s = sdag_alloc(sizeof *s);
    if (!s) return SDAG_NOMEM;
    s->most = o->rows * o->columns;
    if (c->rows[0] > 0 && c->rows[0] < s->most) s->most = c->rows[0];
    sdag_status st = sdag_sink_path(&s->path, c, o->path);
    if (st) sdag_free(s);
    else *out = s;
    return st;
}

/* ---- keeping samples */

static sdag_status measure(state *s, sdag_collector *c, const sdag_tensor *ports, int n_ports)
{
    for (int i = 0; i < n_ports; i++) {
        const int64_t *d = ports[i].shape.d;
        if (ports[i].shape.rank != 4 || (d[3] != 1 && d[3] != 3))
            return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: value %d has %lld channels, expected 1 or 3", c->node,
                             i + 1, ports[i].shape.rank == 4 ? (long long)d[3] : 0LL);
        s->views[i] = (view){d[1], d[2], d[3], s->each};
        s->each += (size_t)(d[1] * d[2] * d[3]);
    }
    s->n_views = n_ports;
    s->kept = sdag_alloc_array((size_t)s->most, s->each);
    return s->kept ? SDAG_OK : SDAG_NOMEM;
}

static uint8_t byte_of(float x) { return (uint8_t)(x > 0 ? x < 1 ? x * 255 + 0.5f : 255 : 0); }

static void keep(state *s, const sdag_tensor *ports, int64_t row)
{
    for (int i = 0; i < s->n_views; i++) {
        const view *v = &s->views[i];
        const int64_t n = v->h * v->w * v->c;
        uint8_t *to = s->kept + (size_t)s->n * s->each + v->at;
        const float *x = SDAG_DATA_F32(ports[i]) + row * n;
        for (int64_t k = 0; k < n; k++) to[k] = byte_of(x[k]);
    }
    s->n++;
}

static sdag_status batch(void *state_, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    state *s = state_;
    (void)pass;
    sdag_status st = s->kept ? SDAG_OK : measure(s, c, ports, n_ports);
    if (c->training) s->n = 0;
    for (int64_t i = 0; !st && i < ports[0].shape.d[0] && s->n < s->most; i++) keep(s, ports, i);
    return st;
}

/* ---- the picture */

typedef struct {
    uint8_t *at; /* u8[h,w,c] */
    int64_t h, w, c, scale;
    int64_t block_h, block_w; /* of a sample, with its gaps */
} picture;

/* false: more pixels than a file may have. */
static bool lay_out(picture *p, const state *s, const images *o)
{
    int64_t side = 1, high = 0, wide = 0, rows = (s->n + o->columns - 1) / o->columns;
    int64_t abreast = s->n < o->columns ? s->n : o->columns;
    p->c = 1;
    for (int i = 0; i < s->n_views; i++) {
        const view *v = &s->views[i];
        high = v->h > high ? v->h : high;
        side = v->w > side ? v->w : side;
        wide += v->w;
        p->c = v->c > p->c ? v->c : p->c;
    }
    side = high > side ? high : side;
    p->scale = o->scale ? o->scale : side < SEEN ? SEEN / side : 1;
    p->block_h = high * p->scale + GAP;
    p->block_w = wide * p->scale + s->n_views * GAP + (o->columns > 1 && s->n_views > 1 ? 2 * GAP : 0);
    p->h = rows * p->block_h + GAP;
    p->w = abreast * p->block_w + GAP;
    return high < SDAG_IMAGE_MAX_PIXELS && wide < SDAG_IMAGE_MAX_PIXELS && p->h <= SDAG_IMAGE_MAX_PIXELS / p->w;
}

/* A view of a sample with its corner at (top, left); x u8[h,w,c]. */
static void draw(const picture *p, int64_t top, int64_t left, const view *v, const uint8_t *x)
{
    for (int64_t i = 0; i < v->h * p->scale; i++)
        for (int64_t j = 0; j < v->w * p->scale; j++) {
            uint8_t *to = p->at + ((top + i) * p->w + left + j) * p->c;
            const uint8_t *from = x + (i / p->scale * v->w + j / p->scale) * v->c;
            for (int64_t k = 0; k < p->c; k++) to[k] = from[v->c == 1 ? 0 : k];
        }
}

static sdag_status write_picture(const state *s, const sdag_collector *c)
{
    const images *o = c->opts;
    picture p = {0};
    if (!lay_out(&p, s, o))
        return sdag_fail(c->log, SDAG_INVALID, c->loc,
                         "%s: the picture is too large: use fewer rows or a smaller scale", c->node);
    size_t n = (size_t)(p.h * p.w * p.c);
    p.at = sdag_alloc(n);
    if (!p.at) return SDAG_NOMEM;
    memset(p.at, PAPER, n);
    for (int64_t i = 0; i < s->n; i++) {
        int64_t top = GAP + i / o->columns * p.block_h, left = GAP + i % o->columns * p.block_w;
        for (int k = 0; k < s->n_views; k++) {
            draw(&p, top, left, &s->views[k], s->kept + (size_t)i * s->each + s->views[k].at);
            left += s->views[k].w * p.scale + GAP;
        }
    }
    sdag_status st = sdag_png_write(c->log, s->path, p.at, p.h, p.w, (int)p.c);
    sdag_free(p.at);
    return st;
}

static sdag_status close_images(void *state_, sdag_collector *c, bool ok)
{
    state *s = state_;
    sdag_status st = ok && s->n ? write_picture(s, c) : SDAG_OK;
    sdag_free(s->kept);
    sdag_free(s->path);
    sdag_free(s);
    return st;
}

/* ---- the node */

/* Only the first view of a bundle is checked against the port's type. */
static void lower(sdag_build *b, const sdag_node *self)
{
    int n = sdag_in_views(b, self, "in");
    int64_t rows = 0;
    for (int i = 0; i < n && !b->status; i++) {
        sdag_val x = sdag_in_view(b, self, "in", i);
        if (b->status) return;
        sdag_shape s = sdag_shape_at(b, x);
        char text[SDAG_SHAPE_TEXT];
        rows = i ? rows : s.d[0];
        if (sdag_value_at(b, x)->dtype != SDAG_DT_F32 || s.rank != 4 || (s.d[3] != 1 && s.d[3] != 3))
            sdag_build_fail(b, "%s: value %d is %s, expected images f32[B,H,W,1] or f32[B,H,W,3]", sdag_node_name(self),
                            i + 1, sdag_shape_text(text, sdag_value_at(b, x)->dtype, s));
        else if (s.d[0] != rows)
            sdag_build_fail(b, "%s: value %d has another number of samples than the first", sdag_node_name(self),
                            i + 1);
    }
}

static const char *check(const void *opts_) { return sdag_sink_path_check(((const images *)opts_)->path); }

static const sdag_collect collect = {.open = open_images, .batch = batch, .close = close_images};
const sdag_node_type sdag_node_sink_images = {
    .name = "sink.images",
    .brief = "Writes images as one PNG, a row a sample.",
    .role = SDAG_ROLE_SINK,
    .opts = opts,
    .opts_size = sizeof(images),
    .ins = ins,
    .check = check,
    .lower = lower,
    .collect = &collect,
    .example = "{type: sink.images, in: [view_i, view_j], path: views.png, rows: 6}",
};
