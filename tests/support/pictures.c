#include "tests/support/pictures.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <limits.h>
#include <png.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <turbojpeg.h>

#include "tests/support/temp.h"

static void need(bool ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "cannot make %s\n", what);
    abort();
}

/* Stripes whose direction and width tell the seed. */
static uint8_t pixel(int y, int x, int k, int seed)
{
    int t = y * (1 + seed % 5) + x * (1 + seed / 5 % 4) + k * 40;
    return (uint8_t)((t * 9 + (y * 7 + x * 13 + seed * 31) % 23) % 256);
}

void picture_write(const char *name, int h, int w, int seed)
{
    uint8_t *p = malloc((size_t)(h * w * 3));
    need(p != NULL, name);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int k = 0; k < 3; k++) p[(y * w + x) * 3 + k] = pixel(y, x, k, seed);
    if (strstr(name, ".jpg")) {
        unsigned char *file = NULL;
        unsigned long n = 0;
        tjhandle jpeg = tjInitCompress();
        need(!tjCompress2(jpeg, p, w, 0, h, TJPF_RGB, &file, &n, seed % 2 ? TJSAMP_420 : TJSAMP_444, 90, 0), name);
        temp_write(name, file, n);
        tjFree(file);
        tjDestroy(jpeg);
    } else {
        png_image png = {.version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB};
        png.width = (unsigned)w;
        png.height = (unsigned)h;
        temp_write(name, "", 0); /* makes the folders */
        need(png_image_write_to_file(&png, temp_path(name), 0, p, 0, NULL), name);
    }
    free(p);
}

/* ---- archives */

static void pack_file(struct archive *a, const char *path, const char *name, size_t n)
{
    char *bytes = malloc(n + 1);
    FILE *f = fopen(path, "rb");
    need(bytes && f && fread(bytes, 1, n, f) == n, path);
    fclose(f);
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, name);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, (la_int64_t)n);
    need(archive_write_header(a, e) == ARCHIVE_OK && archive_write_data(a, bytes, n) == (la_ssize_t)n, name);
    archive_entry_free(e);
    free(bytes);
}

static void pack(struct archive *a, const char *dir, const char *below)
{
    struct dirent **list;
    int n = scandir(dir, &list, NULL, alphasort);
    need(n >= 0, dir);
    for (int i = 0; i < n; i++) {
        struct stat st;
        const char *base = list[i]->d_name;
        char path[PATH_MAX], name[PATH_MAX];
        if (base[0] != '.') {
            need(snprintf(path, sizeof path, "%s/%s", dir, base) < PATH_MAX, dir);
            need(snprintf(name, sizeof name, "%s%s%s", below, *below ? "/" : "", base) < PATH_MAX, dir);
            need(stat(path, &st) == 0, path);
            if (S_ISDIR(st.st_mode)) pack(a, path, name);
            else pack_file(a, path, name, (size_t)st.st_size);
        }
        free(list[i]);
    }
    free(list);
}

void pictures_pack(const char *tar, const char *dir)
{
    struct archive *a = archive_write_new();
    need(archive_write_set_format_ustar(a) == ARCHIVE_OK, tar);
    need(archive_write_open_filename(a, temp_path(tar)) == ARCHIVE_OK, tar);
    pack(a, temp_path(dir), "");
    need(archive_write_close(a) == ARCHIVE_OK, tar);
    archive_write_free(a);
}

/* ---- MNIST's format */

void idx_write(const char *name, int rank, const int *dims, const uint8_t *bytes, size_t n)
{
    size_t head = 4 + 4 * (size_t)rank;
    uint8_t *file = malloc(head + n);
    need(file != NULL, name);
    memcpy(file, (const uint8_t[]){0, 0, 8, (uint8_t)rank}, 4);
    for (int i = 0; i < rank; i++)
        for (int k = 0; k < 4; k++) file[4 + 4 * i + k] = (uint8_t)((unsigned)dims[i] >> (24 - 8 * k));
    memcpy(file + head, bytes, n);
    temp_write(name, file, head + n);
    free(file);
}

static void write_part(const char *dir, const char *part, int n, int first)
{
    enum { SIDE = 28 };
    char name[256];
    uint8_t *images = malloc((size_t)(n * SIDE * SIDE)), *labels = malloc((size_t)n);
    need(images && labels, dir);
    for (int i = 0; i < n; i++) {
        labels[i] = (uint8_t)((first + i) % 10);
        for (int k = 0; k < SIDE * SIDE; k++) images[i * SIDE * SIDE + k] = pixel(k / SIDE, k % SIDE, i % 3, labels[i]);
    }
    snprintf(name, sizeof name, "%s/%s-images-idx3-ubyte", dir, part);
    idx_write(name, 3, (const int[]){n, SIDE, SIDE}, images, (size_t)(n * SIDE * SIDE));
    snprintf(name, sizeof name, "%s/%s-labels-idx1-ubyte", dir, part);
    idx_write(name, 1, &n, labels, (size_t)n);
    free(images);
    free(labels);
}

void pictures_mnist(const char *dir, int n_train, int n_test)
{
    write_part(dir, "train", n_train, 0);
    write_part(dir, "t10k", n_test, 3);
}

void pictures_tree(const char *dir, int classes, int train_each, int test_each)
{
    char name[256];
    for (int c = 0; c < classes; c++)
        for (int i = 0; i < train_each + test_each; i++) {
            snprintf(name, sizeof name, "%s/%s/class%d/%03d.png", dir, i < train_each ? "train" : "test", c, i);
            picture_write(name, 32, 32, c + classes * (i % 3));
        }
}
