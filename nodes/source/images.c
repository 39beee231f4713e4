/* source.images -- PNG and JPEG files of a folder or a tar archive, in class folders or flat, of any mix of sizes.
 *   image u8[B,h,w,C], or of mixed sizes with `size: 0`;  label i32[B];  id i32[B]
 * The class of a file is its first folder below `path` and `split`; a file without one has label -1. A table `labels`
 * says it otherwise: then its files alone are there, in its order. With a size, every image is resized (its shorter
 * side that covers the size, with antialiasing) and cropped to its middle. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/io/files.h"
#include "core/io/image.h"
#include "nodes/augment/resample.h"
#include "nodes/source/cache.h"
#include "nodes/source/labels.h"
#include "nodes/source/source.h"

typedef struct {
    sdag_source_opts common;
    const char *path, *split, *labels;
    sdag_ints size;
    int64_t channels, min_side, cache;
    sdag_strs classes;
} images;

static const sdag_opt opts[] = {
    SDAG_SOURCE_OPTS(images),
    SDAG_PATH_REQ(images, path, "folder, or tar archive (plain or compressed), or one image"),
    SDAG_STR(images, split, "", "folder below path that holds this part: train"),
    SDAG_PATH(images, labels, NULL, "table file,class a line: these files alone, with these classes"),
    {.name = "size",
     .help = "[height, width] or one number for a square; 0: as they are, an augment must follow",
     .kind = SDAG_OPT_INTS,
     .offset = offsetof(images, size),
     .max = 16384,
     .required = true},
    SDAG_INT(images, channels, 3, 1, 3, "3 for colour, 1 for grey"),
    SDAG_INT(images, min_side, 0, 0, 16384, "shrink large JPEGs while decoding, to no less than this; 0: never"),
    SDAG_STRS(images, classes, NULL, "the classes in the order of their labels; empty: all, sorted"),
    SDAG_INT(images, cache, 512, 0, 1 << 20, "MiB of decoded images of one size to keep in memory"),
    {0},
};

/* What one worker needs to decode: made when it first does, grown when an image is larger than all before. */
typedef struct slot {
    sdag_decoder *decoder;
    uint8_t *file, *pixels; /* pixels: before resizing */
    float *floats;          /* resized, and room to work */
    size_t pixels_cap, floats_cap;
} slot;

typedef struct data {
    sdag_files *files;
    const int *file; /* of each sample, when a table chooses them; NULL: all */
    int min_side;
    sdag_cache cache;
    slot slots[SDAG_SLOTS_MAX];
} data;

/* ---- loading ---- */

static bool grow_pixels(slot *s, size_t need)
{
    if (need <= s->pixels_cap) return true;
    uint8_t *more = sdag_realloc(s->pixels, need, 1);
    if (!more) return false;
    s->pixels = more;
    s->pixels_cap = need;
    return true;
}

static bool grow_floats(slot *s, size_t need)
{
    if (need <= s->floats_cap) return true;
    float *more = sdag_realloc(s->floats, need, sizeof *more);
    if (!more) return false;
    s->floats = more;
    s->floats_cap = need;
    return true;
}

static void to_bytes(uint8_t *dst, const float *src, int64_t n)
{
    for (int64_t i = 0; i < n; i++) dst[i] = (uint8_t)(src[i] * 255 + 0.5f);
}

/* The middle h x w of the image, resized as little as covers it. */
static sdag_status fit(const sdag_dataset *d, slot *s, uint8_t *dst, int h, int w)
{
    if (h == d->h && w == d->w) {
        memcpy(dst, s->pixels, d->cap);
        return SDAG_OK;
    }
    bool tall = d->w * h > d->h * w; /* which side fits exactly; the other rounds down (torchvision) */
    int64_t H = tall ? d->w * h / w : d->h, W = tall ? d->w : d->h * w / h;
    if (!grow_floats(s, d->cap + (size_t)sdag_resample_tmp(h, w, d->c, d->w))) return SDAG_NOMEM;
    sdag_raster src = {.at = s->pixels, .bytes = true, .h = h, .w = w, .c = d->c, .stride = w * d->c};
    sdag_resample_to to = {.H = H, .W = W, .h = d->h, .w = d->w};
    to.y = lrint((double)(H - d->h) / 2);
    to.x = lrint((double)(W - d->w) / 2);
    sdag_resample(s->floats, &src, to, SDAG_FILTER_BILINEAR, s->floats + d->cap);
    to_bytes(dst, s->floats, (int64_t)d->cap);
    return SDAG_OK;
}

static int file_of(const data *x, int64_t id) { return x->file ? x->file[id] : (int)id; }

/* The file and what its head says of the decoded size. */
static sdag_status read_file(const data *x, slot *s, int64_t id, size_t *len, int *h, int *w, char *why)
{
    if (!s->file) s->file = sdag_alloc((size_t)sdag_files_largest(x->files) + 1);
    if (!s->decoder) s->decoder = sdag_decoder_create();
    if (!s->file || !s->decoder) return SDAG_NOMEM;
    sdag_image_head head;
    sdag_status st = sdag_files_read(x->files, file_of(x, id), s->file, (size_t)sdag_files_largest(x->files), len, why);
    if (!st) st = sdag_image_read_head(&head, s->file, *len, why);
    if (!st) sdag_image_decoded_size(h, w, &head, x->min_side);
    return st;
}

static sdag_status load(const sdag_dataset *d, int64_t id, int slot_, uint8_t *dst, int64_t hw[2], char *why)
{
    data *x = d->impl;
    slot *s = &x->slots[slot_];
    size_t len;
    int h = (int)d->h, w = (int)d->w;
    hw[0] = h, hw[1] = w;
    if (h && sdag_cache_get(&x->cache, id, dst)) return SDAG_OK;
    sdag_status st = read_file(x, s, id, &len, &h, &w, why);
    if (st) return st;
    bool direct = !d->h || (h == d->h && w == d->w);
    if (!direct && !grow_pixels(s, (size_t)h * (size_t)w * (size_t)d->c)) return SDAG_NOMEM;
    st = sdag_image_decode(s->decoder, direct ? dst : s->pixels, direct ? d->cap : s->pixels_cap, &h, &w, s->file, len,
                           (int)d->c, x->min_side, why);
    if (!st && !direct) st = fit(d, s, dst, h, w);
    if (!st && !d->h) hw[0] = h, hw[1] = w;
    if (!st && d->h) sdag_cache_put(&x->cache, id, dst);
    return st;
}

static const char *name(const sdag_dataset *d, int64_t id)
{
    const data *x = d->impl;
    return sdag_files_name(x->files, file_of(x, id));
}

/* ---- opening ---- */

static void release(void *p)
{
    data *x = p;
    for (int i = 0; i < SDAG_SLOTS_MAX; i++) {
        sdag_decoder_destroy(x->slots[i].decoder);
        sdag_free(x->slots[i].file);
        sdag_free(x->slots[i].pixels);
        sdag_free(x->slots[i].floats);
    }
    sdag_cache_free(&x->cache);
    sdag_files_destroy(x->files);
}

/* Files and labels of a table. */
static sdag_status take_table(sdag_dataset *set, const images *o, data *x, const sdag_open *op)
{
    sdag_labels t;
    sdag_status s = sdag_labels_read(&t, o->labels, o->path, x->files, op);
    if (s) return s;
    const char *const *names = o->classes.n ? o->classes.at : t.classes;
    int32_t *labels = SDAG_NEWS(op->arena, int32_t, t.n);
    set->classes = o->classes.n ? o->classes.n : t.n_classes;
    for (int i = 0; i < t.n; i++) {
        int k = 0;
        while (k < set->classes && strcmp(names[k], t.label[i])) k++;
        if (k == set->classes)
            return sdag_fail(op->log, SDAG_IO, op->loc, "%s: '%s' is none of the classes", o->labels, t.label[i]);
        labels[i] = k;
    }
    set->class_names = names;
    set->labels = labels;
    set->n = t.n;
    x->file = t.file;
    return SDAG_OK;
}

/* Label of each class folder: its place in `classes`, or in the sorted folders. */
static sdag_status number_classes(sdag_dataset *set, int32_t *number, const images *o, const sdag_files *f,
                                  const sdag_open *op)
{
    set->classes = o->classes.n ? o->classes.n : sdag_files_classes(f);
    const char **names = SDAG_NEWS(op->arena, const char *, set->classes + 1);
    set->class_names = names;
    for (int k = 0; k < o->classes.n; k++) names[k] = o->classes.at[k];
    for (int k = 0; k < sdag_files_classes(f); k++) {
        const char *folder = sdag_files_class(f, k);
        number[k] = k;
        if (!o->classes.n) {
            names[k] = sdag_arena_str(op->arena, folder);
            continue;
        }
        for (number[k] = 0; number[k] < o->classes.n && strcmp(o->classes.at[number[k]], folder); number[k]++) {
        }
        if (number[k] == o->classes.n)
            return sdag_fail(op->log, SDAG_IO, op->loc, "%s: folder '%s' is none of the classes", o->path, folder);
    }
    return SDAG_OK;
}

static sdag_status take_labels(sdag_dataset *set, const images *o, const sdag_files *f, const sdag_open *op)
{
    if (!sdag_files_classes(f)) return SDAG_OK;
    int32_t *number = SDAG_NEWS(op->arena, int32_t, sdag_files_classes(f));
    int32_t *labels = SDAG_NEWS(op->arena, int32_t, set->n);
    sdag_status s = number_classes(set, number, o, f, op);
    for (int i = 0; !s && i < set->n; i++) labels[i] = sdag_files_label(f, i) < 0 ? -1 : number[sdag_files_label(f, i)];
    set->labels = labels;
    return s;
}

/* Sizes differ: the largest says how much room a sample takes. */
static sdag_status find_largest(sdag_dataset *set, data *x, const sdag_open *op)
{
    for (int64_t i = 0; i < set->n; i++) {
        char why[SDAG_WHY];
        size_t len;
        int h, w;
        sdag_status s = read_file(x, &x->slots[0], i, &len, &h, &w, why);
        if (s == SDAG_NOMEM) return s;
        if (s && op->lenient) continue;
        if (s) return sdag_fail(op->log, s, op->loc, "%s: %s", sdag_files_name(x->files, file_of(x, i)), why);
        size_t bytes = (size_t)h * (size_t)w * (size_t)set->c; /* at most 3e8, see SDAG_IMAGE_MAX_PIXELS */
        if (bytes > set->cap) set->cap = bytes;
    }
    if (!set->cap) set->cap = (size_t)set->c; /* none could be read */
    return SDAG_OK;
}

static sdag_status open_images(sdag_dataset **out, const void *opts_, const sdag_open *op)
{
    const images *o = opts_;
    data *x = SDAG_NEW(op->arena, data);
    sdag_dataset *set = SDAG_NEW(op->arena, sdag_dataset);
    sdag_arena_defer(op->arena, release, x);
    sdag_status s = sdag_files_open(&x->files, op->log, op->loc, o->path, o->split);
    if (s) return s;
    x->min_side = (int)o->min_side;
    *set = (sdag_dataset){.n = sdag_files_count(x->files),
                          .h = o->size.at[0],
                          .w = o->size.at[o->size.n - 1],
                          .c = o->channels,
                          .impl = x,
                          .load = load,
                          .name = name};
    set->cap = (size_t)(set->h * set->w * set->c);
    s = o->labels ? take_table(set, o, x, op) : take_labels(set, o, x->files, op);
    if (!s && !set->h) s = find_largest(set, x, op);
    if (!s && set->h && !sdag_cache_create(&x->cache, set->n, set->cap, (size_t)o->cache << 20)) s = SDAG_NOMEM;
    *out = set;
    return s;
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const images *o = sdag_node_opts(self);
    sdag_source_lower(b, self, o->size.at[0], o->size.at[o->size.n - 1], o->channels);
}

static const char *check(const void *opts_)
{
    const images *o = opts_;
    if (o->channels == 2) return "channels is 1 or 3";
    for (int i = 0; i < o->classes.n; i++)
        for (int k = 0; k < i; k++)
            if (!strcmp(o->classes.at[i], o->classes.at[k])) return "classes names a folder twice";
    return sdag_source_size_check(o->size);
}

const sdag_node_type sdag_node_source_images = {
    .name = "source.images",
    .brief = "PNG and JPEG files of a folder or a tar archive.",
    .role = SDAG_ROLE_SOURCE,
    .opts = opts,
    .opts_size = sizeof(images),
    .outs = sdag_source_outs,
    .check = check,
    .lower = lower,
    .open = open_images,
    .example = "{type: source.images, path: ../data/cifar10.tar, split: train, size: 32, batch: 128}",
};
