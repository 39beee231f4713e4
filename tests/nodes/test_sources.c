/* Sources: what they open, what a sample is, and what each says of data that are not right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <png.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "core/base/alloc.h"
#include "core/node/node.h"
#include "nodes/augment/chain.h"
#include "nodes/augment/transform.h"
#include "runtime/optest/interp.h"
#include "tests/support/opts.h"
#include "tests/support/temp.h"

static sdag_arena arena, *const a = &arena;
static sdag_log *logs;

static int set_up(void **state)
{
    (void)state;
    sdag_arena_init(a);
    logs = sdag_log_create(NULL);
    return logs == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    sdag_arena_free(a);
    sdag_log_destroy(logs);
    temp_clear();
    return 0;
}

static const sdag_node_type *type_of(const char *name)
{
    int n;
    const sdag_node_type *const *types = sdag_node_types(&n);
    for (int i = 0; i < n; i++)
        if (!strcmp(types[i]->name, name)) return types[i];
    fail_msg("no type %s", name);
    return NULL;
}

#define OPTS(type, ...) sdag_test_opts(a, type_of(type)->opts, type_of(type)->opts_size, __VA_ARGS__, NULL)
#define OPEN(type, ...) open_source(type, OPTS(type, __VA_ARGS__))
#define REFUSE(text, type, ...) refuse_source(text, type, OPTS(type, __VA_ARGS__))
#define CHECK(text, type, ...) assert_string_equal(type_of(type)->check(OPTS(type, __VA_ARGS__)), text)

static sdag_status try_source(sdag_dataset **d, const char *type, const void *opts, uint64_t seed)
{
    return type_of(type)->open(d, opts, &(sdag_open){.arena = a, .log = logs, .seed = seed});
}

static sdag_dataset *open_source(const char *type, const void *opts)
{
    sdag_dataset *d = NULL;
    if (try_source(&d, type, opts, 1)) fail_msg("%s", sdag_log_at(logs, sdag_log_count(logs) - 1)->text);
    return d;
}

/* text: the end of the message. */
static void refuse_source(const char *text, const char *type, const void *opts)
{
    sdag_dataset *d;
    int before = sdag_log_count(logs);
    assert_int_equal(try_source(&d, type, opts, 1), SDAG_IO);
    assert_int_equal(sdag_log_count(logs), before + 1);
    const char *said = sdag_log_at(logs, before)->text;
    size_t n = strlen(said), m = strlen(text);
    if (n < m || strcmp(said + n - m, text)) fail_msg("said: %s", said);
}

static const uint8_t *load_at(const sdag_dataset *d, int64_t id, int64_t hw[2])
{
    uint8_t *p = sdag_arena_get(a, d->cap);
    char why[128] = "";
    if (d->load(d, id, 0, p, hw, why)) fail_msg("%s", why);
    return p;
}

/* ---- digits ---- */

static void test_digits(void **state)
{
    (void)state;
    const sdag_dataset *parts[] = {OPEN("source.digits", "split", "train"), OPEN("source.digits", "split", "test"),
                                   OPEN("source.digits", "split", "all")};
    const int64_t sizes[] = {1297, 500, 1797};
    int64_t seen[2] = {0}, hw[2];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(parts[i]->n, sizes[i]);
        assert_true(parts[i]->h == 8 && parts[i]->w == 8 && parts[i]->c == 1 && parts[i]->cap == 64);
        assert_int_equal(parts[i]->classes, 10);
    }
    for (int64_t i = 0; i < 1797; i++) { /* every image is in one part, with its label */
        const uint8_t *p = load_at(parts[2], i, hw);
        assert_true(hw[0] == 8 && hw[1] == 8);
        bool found = false;
        for (int k = 0; k < 2 && !found; k++) {
            if (seen[k] == parts[k]->n || memcmp(p, load_at(parts[k], seen[k], hw), 64)) continue;
            assert_int_equal(parts[2]->labels[i], parts[k]->labels[seen[k]]);
            seen[k]++;
            found = true;
        }
        assert_true(found);
    }
}

/* ---- random ---- */

static void test_random(void **state)
{
    (void)state;
    const void *o = OPTS("source.random", "count", "50", "size", "[5, 7]", "classes", "3");
    sdag_dataset *x, *y, *z;
    assert_int_equal(try_source(&x, "source.random", o, 1), SDAG_OK);
    assert_int_equal(try_source(&y, "source.random", o, 1), SDAG_OK);
    assert_int_equal(try_source(&z, "source.random", o, 2), SDAG_OK);
    assert_true(x->n == 50 && x->h == 5 && x->w == 7 && x->c == 3 && x->cap == 105 && x->classes == 3);
    int64_t hw[2];
    double sum = 0;
    for (int64_t i = 0; i < 50; i++) {
        const uint8_t *p = load_at(x, i, hw);
        assert_memory_equal(p, load_at(y, i, hw), 105);
        assert_memory_not_equal(p, load_at(z, i, hw), 105);
        assert_memory_not_equal(p, load_at(x, (i + 1) % 50, hw), 105);
        assert_in_range(x->labels[i], 0, 2);
        for (int j = 0; j < 105; j++) sum += p[j];
    }
    assert_true(fabs(sum / 5250 - 127.5) < 4.6);
    assert_null(OPEN("source.random", "classes", "0")->labels);
}

/* ---- idx ---- */

/* An IDX file of unsigned bytes: value i is i % modulus. */
static const char *write_idx(const char *name, int rank, const int *dim, int modulus, bool packed)
{
    uint8_t text[4096] = {0, 0, 8, (uint8_t)rank};
    size_t n = 4, count = 1;
    for (int i = 0; i < rank; i++) {
        text[n + 2] = (uint8_t)(dim[i] >> 8);
        text[n + 3] = (uint8_t)dim[i];
        n += 4;
        count *= (size_t)dim[i];
    }
    for (size_t i = 0; i < count; i++) text[n++] = (uint8_t)(i % (size_t)modulus);
    const char *path = sdag_arena_str(a, temp_write(name, text, n));
    if (packed) {
        gzFile z = gzopen(path, "wb");
        assert_int_equal(gzwrite(z, text, (unsigned)n), n);
        gzclose(z);
    }
    return path;
}

static void test_idx(void **state)
{
    (void)state;
    write_idx("mnist/train-images-idx3-ubyte", 3, (int[]){6, 4, 5}, 251, false);
    write_idx("mnist/train-labels-idx1-ubyte.gz", 1, (int[]){6}, 3, true);
    const char *plain = write_idx("mnist/t10k-images.idx3-ubyte", 3, (int[]){2, 4, 5}, 7, false);
    write_idx("mnist/t10k-labels.idx1-ubyte", 1, (int[]){2}, 2, false);
    const char *dir = temp_path("mnist");
    const sdag_dataset *d = OPEN("source.idx", "path", dir, "size", "[4, 5]");
    assert_true(d->n == 6 && d->h == 4 && d->w == 5 && d->c == 1 && d->cap == 20 && d->classes == 3);
    int64_t hw[2];
    for (int i = 0; i < 6; i++) {
        assert_int_equal(d->labels[i], i % 3);
        assert_int_equal(load_at(d, i, hw)[3], i * 20 + 3);
    }
    assert_int_equal(OPEN("source.idx", "path", dir, "size", "[4, 5]", "split", "test")->n, 2);
    assert_null(OPEN("source.idx", "images", plain, "size", "[4, 5]")->labels);
    assert_int_equal(OPEN("source.idx", "path", dir, "size", "[4, 5]", "classes", "9")->classes, 9);
}

static void test_idx_refused(void **state)
{
    (void)state;
    const char *images = write_idx("i", 3, (int[]){6, 4, 5}, 251, false);
    const char *colour = write_idx("c", 4, (int[]){2, 4, 5, 3}, 9, false);
    const char *labels = write_idx("l", 1, (int[]){6}, 4, false), *five = write_idx("five", 1, (int[]){5}, 3, false);
    REFUSE("neither 'train-images-idx3-ubyte' nor 'train-images-idx3-ubyte.gz' in '/nowhere'", "source.idx", "path",
           "/nowhere");
    REFUSE("i: images are 4x5 with 1 channel, not 28x28 with 1", "source.idx", "images", images);
    REFUSE("c: images are 4x5 with 3 channels, not 4x5 with 1", "source.idx", "images", colour, "size", "[4, 5]");
    REFUSE("l: holds no images (rank 1)", "source.idx", "images", labels);
    REFUSE("i: holds no labels (rank 3)", "source.idx", "images", images, "labels", images, "size", "[4, 5]");
    REFUSE("five: 5 labels for 6 images", "source.idx", "images", images, "labels", five, "size", "[4, 5]");
    REFUSE("l: label 3 of image 3 is outside 0..2", "source.idx", "images", images, "labels", labels, "size", "[4, 5]",
           "classes", "3");
    CHECK("give either path or images", "source.idx", "split", "test");
    CHECK("labels goes with images", "source.idx", "path", "x", "labels", "y");
}

/* ---- images ---- */

/* Value k of a picture. */
static int value_at(int k, int seed) { return (k * 7 + k / 97 * 31 + seed * 13) % 256; }

/* A colour PNG. */
static void write_png(const char *name, int h, int w, int seed)
{
    uint8_t *p = sdag_arena_get(a, (size_t)(h * w * 3));
    for (int i = 0; i < h * w * 3; i++) p[i] = (uint8_t)value_at(i, seed);
    png_image png = {.version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB};
    png.width = (unsigned)w;
    png.height = (unsigned)h;
    temp_write(name, "", 0); /* makes the folders */
    assert_true(png_image_write_to_file(&png, temp_path(name), 0, p, 0, NULL));
}

static const char *make_tree(void)
{
    write_png("tree/train/cat/1.png", 6, 6, 1);
    write_png("tree/train/cat/2.png", 9, 20, 2);
    write_png("tree/train/dog/3.png", 31, 12, 3);
    write_png("tree/test/cat/4.png", 6, 6, 4);
    return sdag_arena_str(a, temp_path("tree"));
}

static void test_images_mixed(void **state)
{
    (void)state;
    const char *tree = make_tree();
    const sdag_dataset *d = OPEN("source.images", "path", tree, "split", "train", "size", "0");
    assert_true(d->n == 3 && d->h == 0 && d->w == 0 && d->c == 3 && d->cap == 31 * 12 * 3 && d->classes == 2);
    const int sizes[3][2] = {{6, 6}, {9, 20}, {31, 12}}, labels[3] = {0, 0, 1};
    for (int i = 0; i < 3; i++) {
        int64_t hw[2];
        const uint8_t *p = load_at(d, i, hw);
        assert_true(hw[0] == sizes[i][0] && hw[1] == sizes[i][1]);
        for (int k = 0; k < sizes[i][0] * sizes[i][1] * 3; k++) assert_int_equal(p[k], value_at(k, i + 1));
        assert_int_equal(d->labels[i], labels[i]);
    }
    assert_string_equal(d->class_names[1], "dog");
    assert_string_equal(d->name(d, 2), "dog/3.png");
    d = OPEN("source.images", "path", tree, "size", "6", "channels", "1");
    assert_true(d->n == 4 && d->classes == 2 && d->c == 1); /* classes are now train and test */
    d = OPEN("source.images", "path", tree, "split", "test", "size", "6", "classes", "dog cat");
    assert_true(d->classes == 2 && d->labels[0] == 1);
}

/* The same picture through the transforms resize and center_crop, which are tested against torchvision. */
static const float *by_transforms(const uint8_t *pixels, int64_t h, int64_t w, const char *shorter, const char *crop)
{
    sdag_program *p = SDAG_NEW(a, sdag_program);
    sdag_build b;
    sdag_build_init(&b, a, NULL, p);
    sdag_record list[2] = {sdag_test_record(a, sdag_transforms, "resize", "size", shorter, NULL),
                           sdag_test_record(a, sdag_transforms, "center_crop", "size", crop, NULL)};
    sdag_records ops = {2, list};
    sdag_val x = sdag_input(&b, SDAG_DT_U8, SDAG_SHAPE(1, h, w, 3)), y = sdag_op_augment(&b, x, 0, 3, 0, &ops, 0);
    sdag_interp t;
    sdag_interp_init(&t, a, p);
    memcpy(t.at[x].data, pixels, (size_t)(h * w * 3));
    assert_int_equal(sdag_interp_run(&t), SDAG_OK);
    return SDAG_DATA_F32(t.at[y]);
}

static void test_images_fit(void **state)
{
    (void)state;
    const char *tree = make_tree();
    const sdag_dataset *whole = OPEN("source.images", "path", tree, "split", "train", "size", "0");
    const sdag_dataset *cached = OPEN("source.images", "path", tree, "split", "train", "size", "6");
    const sdag_dataset *plain = OPEN("source.images", "path", tree, "split", "train", "size", "[6, 6]", "cache", "0");
    for (int i = 0; i < 3; i++) {
        int64_t hw[2], box[2];
        const uint8_t *p = load_at(cached, i, hw);
        assert_true(hw[0] == 6 && hw[1] == 6);
        assert_memory_equal(p, load_at(plain, i, hw), 108);
        assert_memory_equal(p, load_at(cached, i, hw), 108); /* now from the cache */
        const uint8_t *source = load_at(whole, i, box);
        const float *y = by_transforms(source, box[0], box[1], "6", "6");
        for (int k = 0; k < 108; k++) assert_true(fabs(p[k] - 255 * (double)y[k]) < 0.501);
    }
}

typedef struct loader {
    const sdag_dataset *d;
    int slot;
    uint8_t got[3][108];
    int failed;
} loader;

static void *load_all(void *arg)
{
    loader *l = arg;
    for (int round = 0; round < 200; round++)
        for (int i = 0; i < 3; i++) {
            int64_t hw[2];
            char why[128];
            l->failed |= l->d->load(l->d, i, l->slot, l->got[i], hw, why) != SDAG_OK;
        }
    return NULL;
}

static void test_images_threads(void **state)
{
    (void)state;
    const sdag_dataset *d = OPEN("source.images", "path", make_tree(), "split", "train", "size", "6");
    loader l[4];
    pthread_t t[4];
    for (int i = 0; i < 4; i++) {
        l[i] = (loader){.d = d, .slot = i + 1};
        assert_int_equal(pthread_create(&t[i], NULL, load_all, &l[i]), 0);
    }
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    for (int i = 0; i < 4; i++) {
        assert_false(l[i].failed);
        assert_memory_equal(l[i].got, l[0].got, sizeof l[0].got);
    }
}

static void test_images_refused(void **state)
{
    (void)state;
    const char *tree = make_tree();
    temp_write("bad/cat/1.png", "not a picture", 13);
    const char *bad = sdag_arena_str(a, temp_path("bad"));
    temp_write("empty/notes.txt", "", 0);
    const char *empty = sdag_arena_str(a, temp_path("empty"));
    REFUSE("No such file or directory", "source.images", "path", "/nowhere", "size", "6");
    sdag_dataset *d;
    assert_int_equal(try_source(&d, "source.images", OPTS("source.images", "path", empty, "size", "6"), 1), SDAG_IO);
    assert_non_null(strstr(sdag_log_at(logs, 1)->text, "no PNG or JPEG file in"));
    assert_int_equal(try_source(&d, "source.images", OPTS("source.images", "path", bad, "size", "0"), 1), SDAG_IO);
    assert_memory_equal(sdag_log_at(logs, 2)->text, "cat/1.png: ", 11);
    d = OPEN("source.images", "path", bad, "size", "6"); /* with a size no file is read before it is needed */
    uint8_t pixels[108];
    int64_t hw[2];
    char why[128] = "";
    assert_int_equal(d->load(d, 0, 0, pixels, hw, why), SDAG_IO);
    assert_true(why[0]);
    REFUSE("folder 'dog' is none of the classes", "source.images", "path", tree, "split", "train", "size", "6",
           "classes", "cat bird");
    CHECK("classes names a folder twice", "source.images", "path", "x", "size", "6", "classes", "cat bird cat");
    CHECK("size is 0, or no part of it is", "source.images", "path", "x", "size", "[6, 0]");
    CHECK("channels is 1 or 3", "source.images", "path", "x", "size", "6", "channels", "2");
}

/* ---- memory ---- */

typedef struct opening {
    const char *type;
    const void *opts;
} opening;

static sdag_status open_once(void *arg)
{
    const opening *o = arg;
    sdag_dataset *d;
    sdag_status s = try_source(&d, o->type, o->opts, 1);
    if (s) return s;
    int64_t hw[2];
    char why[128];
    uint8_t *p = sdag_arena_get(a, d->cap);
    return d->load(d, 0, 3, p, hw, why);
}

/* The n-th allocation fails, for every n: a clean error each time, and nothing stays open (the sanitizers look). */
static void starve(const char *type, const void *opts)
{
    sdag_arena kept = *a; /* holds the options */
    sdag_status s = SDAG_NOMEM;
    for (int n = 1; s != SDAG_OK && n < 1000; n++) {
        sdag_arena_init(a);
        sdag_alloc_fail((uint64_t)n, false);
        s = sdag_arena_try(a, open_once, &(opening){type, opts});
        sdag_alloc_fail(0, false);
        assert_true(s == SDAG_OK || s == SDAG_NOMEM);
        sdag_arena_free(a);
    }
    *a = kept;
    assert_int_equal(s, SDAG_OK);
    assert_int_equal(sdag_log_count(logs), 0);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    const char *tree = make_tree();
    write_idx("mnist/train-images-idx3-ubyte", 3, (int[]){6, 4, 5}, 251, false);
    write_idx("mnist/train-labels-idx1-ubyte.gz", 1, (int[]){6}, 3, true);
    starve("source.digits", OPTS("source.digits", "split", "test"));
    starve("source.random", OPTS("source.random", "count", "20"));
    starve("source.idx", OPTS("source.idx", "path", temp_path("mnist"), "size", "[4, 5]"));
    starve("source.images", OPTS("source.images", "path", tree, "split", "train", "size", "0"));
    starve("source.images", OPTS("source.images", "path", tree, "split", "train", "size", "5"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_digits),         T(test_random),         T(test_idx),
        T(test_idx_refused),    T(test_images_mixed),   T(test_images_fit),
        T(test_images_threads), T(test_images_refused), T(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
