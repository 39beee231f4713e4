/* How fast images are read and decoded on one thread:
 *
 *   jpeg_bench ARCHIVE.tar|DIR [SUB [MIN_SIDE]]
 *
 * All files once into memory (the rate of reading), then decoded again and again for two seconds (the rate of
 * decoding). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/alloc.h"
#include "core/io/files.h"
#include "core/io/image.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void stop(const char *what)
{
    fprintf(stderr, "jpeg_bench: %s\n", what);
    exit(1);
}

int main(int argc, char **argv)
{
    sdag_files *f;
    char why[SDAG_WHY];
    if (argc < 2) stop("usage: jpeg_bench ARCHIVE.tar|DIR [SUB [MIN_SIDE]]");
    int min_side = argc > 3 ? atoi(argv[3]) : 0;
    double t0 = now();
    if (sdag_files_open(&f, sdag_log_create(stderr), SDAG_NOLOC, argv[1], argc > 2 ? argv[2] : "")) return 1;
    double t1 = now();
    int n = sdag_files_count(f);
    printf("%d files, %d classes, indexed in %.3f s\n", n, sdag_files_classes(f), t1 - t0);

    size_t *at = sdag_alloc_array((size_t)n + 1, sizeof *at), len, cap = 0;
    for (int i = 0; i < n; i++) at[i + 1] = at[i] + (size_t)sdag_files_size(f, i);
    uint8_t *bytes = sdag_alloc(at[n]);
    if (!bytes) stop("out of memory");
    t0 = now();
    for (int i = 0; i < n; i++)
        if (sdag_files_read(f, i, bytes + at[i], at[i + 1] - at[i], &len, why)) stop(why);
    t1 = now();
    printf("read    %8.0f files/s  %6.1f MB/s\n", n / (t1 - t0), (double)at[n] / 1e6 / (t1 - t0));

    double megapixels = 0;
    for (int i = 0; i < n; i++) {
        sdag_image_head head;
        int h, w;
        if (sdag_image_read_head(&head, bytes + at[i], at[i + 1] - at[i], why)) stop(why);
        sdag_image_decoded_size(&h, &w, &head, min_side);
        if ((size_t)h * (size_t)w * 3 > cap) cap = (size_t)h * (size_t)w * 3;
    }
    sdag_decoder *d = sdag_decoder_create();
    uint8_t *dst = sdag_alloc(cap);
    if (!d || !dst) stop("out of memory");
    long done = 0;
    t0 = now();
    do {
        int i = (int)(done++ % n), h, w;
        if (sdag_image_decode(d, dst, cap, &h, &w, bytes + at[i], at[i + 1] - at[i], 3, min_side, why)) stop(why);
        megapixels += h * w / 1e6;
    } while (done % 64 || now() - t0 < 2);
    t1 = now();
    printf("decode  %8.0f images/s %6.1f megapixels/s\n", (double)done / (t1 - t0), megapixels / (t1 - t0));
    sdag_decoder_destroy(d);
    sdag_files_destroy(f);
    return 0;
}
