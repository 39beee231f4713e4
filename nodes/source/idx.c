/* source.idx -- MNIST and its kin, from IDX files, gzipped or not.
 *   image u8[B,h,w,C],  label i32[B],  id i32[B]
 * `path` is a folder with MNIST's own file names (train-images-idx3-ubyte, t10k-labels-idx1-ubyte, ...); other names
 * are given by `images` and `labels`. (LeCun, Cortes, Burges: "The MNIST database of handwritten digits") */
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/io/idx.h"
#include "nodes/source/source.h"

typedef struct {
    sdag_source_opts common;
    const char *path, *images, *labels;
    int split;
    sdag_ints size;
    int64_t channels, classes;
} idx;

static const char *const splits[] = {"train", "test", NULL};
static const sdag_opt opts[] = {
    SDAG_SOURCE_OPTS(idx),
    SDAG_PATH(idx, path, NULL, "folder with MNIST's own file names"),
    SDAG_ENUM(idx, split, 0, splits, "which pair of files of the folder: train-* or t10k-*"),
    SDAG_PATH(idx, images, NULL, "file of the images, instead of path and split"),
    SDAG_PATH(idx, labels, NULL, "file of their labels; may be absent"),
    SDAG_INTS(idx, size, "[28, 28]", 1, 16384, "[height, width] of the images in the file"),
    SDAG_INT(idx, channels, 1, 1, 64, "channels of the images in the file"),
    SDAG_INT(idx, classes, 0, 0, 256, "labels are below this; 0: as many classes as the labels tell"),
    {0},
};

typedef struct {
    sdag_idx images, labels;
} data;

static sdag_status load(const sdag_dataset *d, int64_t id, int slot, uint8_t *dst, int64_t hw[2], char *why)
{
    const data *x = d->impl;
    (void)slot, (void)why;
    memcpy(dst, x->images.data + (size_t)id * d->cap, d->cap);
    hw[0] = d->h;
    hw[1] = d->w;
    return SDAG_OK;
}

static void release(void *p)
{
    data *x = p;
    sdag_idx_free(&x->images);
    sdag_idx_free(&x->labels);
}

/* The file of the folder that holds what ("images-idx3"), by any of its usual names; NULL after a report. */
static const char *find(const idx *d, const sdag_open *o, const char *what)
{
    static const char *const endings[] = {"-ubyte", "-ubyte.gz"};
    const char *name = sdag_arena_printf(o->arena, "%s-%s", d->split ? "t10k" : "train", what);
    for (int i = 0; i < 4; i++) {
        char *file = sdag_arena_printf(o->arena, "%s%s", name, endings[i % 2]);
        if (i >= 2) *strstr(file, "-idx") = '.'; /* as some unpackers name it: train-images.idx3-ubyte */
        const char *path = sdag_path_join(o->arena, d->path, file);
        if (access(path, F_OK) == 0) return path;
    }
    sdag_fail(o->log, SDAG_IO, o->loc, "neither '%s-ubyte' nor '%s-ubyte.gz' in '%s'", name, name, d->path);
    return NULL;
}

static sdag_status check_images(const idx *d, const sdag_idx *x, const sdag_open *o, const char *path)
{
    size_t h = (size_t)d->size.at[0], w = (size_t)d->size.at[d->size.n - 1], c = (size_t)d->channels;
    if (x->rank < 3) return sdag_fail(o->log, SDAG_IO, o->loc, "%s: holds no images (rank %d)", path, x->rank);
    if (x->dim[1] == h && x->dim[2] == w && x->dim[3] == c) return SDAG_OK;
    return sdag_fail(o->log, SDAG_IO, o->loc, "%s: images are %zux%zu with %zu channel%s, not %zux%zu with %zu", path,
                     x->dim[1], x->dim[2], x->dim[3], x->dim[3] == 1 ? "" : "s", h, w, c);
}

/* Labels as i32, in range. */
static sdag_status take_labels(sdag_dataset *set, const idx *d, const sdag_idx *x, const sdag_open *o, const char *path)
{
    if (x->rank != 1) return sdag_fail(o->log, SDAG_IO, o->loc, "%s: holds no labels (rank %d)", path, x->rank);
    if (x->count != (size_t)set->n)
        return sdag_fail(o->log, SDAG_IO, o->loc, "%s: %zu labels for %lld images", path, x->count, (long long)set->n);
    int32_t *labels = SDAG_NEWS(o->arena, int32_t, set->n);
    for (int64_t i = 0; i < set->n; i++) {
        labels[i] = x->data[i];
        if (d->classes && labels[i] >= d->classes)
            return sdag_fail(o->log, SDAG_IO, o->loc, "%s: label %d of image %lld is outside 0..%d", path,
                             (int)labels[i], (long long)i, (int)d->classes - 1);
        if (labels[i] >= set->classes) set->classes = labels[i] + 1;
    }
    if (d->classes) set->classes = (int)d->classes;
    set->labels = labels;
    return SDAG_OK;
}

static sdag_status open_idx(sdag_dataset **out, const void *opts_, const sdag_open *o)
{
    const idx *d = opts_;
    const char *images = d->images ? d->images : find(d, o, "images-idx3");
    const char *labels = d->images ? d->labels : images ? find(d, o, "labels-idx1") : NULL;
    if (!images || (!d->images && !labels)) return SDAG_IO;
    data *x = SDAG_NEW(o->arena, data);
    sdag_dataset *set = SDAG_NEW(o->arena, sdag_dataset);
    sdag_arena_defer(o->arena, release, x);
    sdag_status s = sdag_idx_read(&x->images, o->log, o->loc, images);
    if (!s) s = check_images(d, &x->images, o, images);
    if (s) return s;
    *set = (sdag_dataset){.n = (int64_t)x->images.dim[0],
                          .h = d->size.at[0],
                          .w = d->size.at[d->size.n - 1],
                          .c = d->channels,
                          .cap = x->images.count / x->images.dim[0],
                          .impl = x,
                          .load = load};
    if (labels) s = sdag_idx_read(&x->labels, o->log, o->loc, labels);
    if (labels && !s) s = take_labels(set, d, &x->labels, o, labels);
    *out = set;
    return s;
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const idx *d = sdag_node_opts(self);
    sdag_source_lower(b, self, d->size.at[0], d->size.at[d->size.n - 1], d->channels);
}

static const char *check(const void *opts_)
{
    const idx *d = opts_;
    if (!d->path == !d->images) return "give either path or images";
    if (d->labels && !d->images) return "labels goes with images";
    return sdag_source_size_check(d->size);
}

const sdag_node_type sdag_node_source_idx = {
    .name = "source.idx",
    .brief = "MNIST and its kin, from IDX files.",
    .role = SDAG_ROLE_SOURCE,
    .opts = opts,
    .opts_size = sizeof(idx),
    .outs = sdag_source_outs,
    .check = check,
    .lower = lower,
    .open = open_idx,
    .example = "{type: source.idx, path: ../data/mnist, split: train, batch: 128}",
};
