#include "core/io/png_write.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/io/image.h"

/* libpng's errors are only those of memory: the sizes were checked, and sdag_outfile keeps errors of writing to itself
 * until it is committed. */
typedef struct png_failure {
    char text[80];
} png_failure;

static void stop(png_structp png, png_const_charp text)
{
    png_failure *f = png_get_error_ptr(png);
    snprintf(f->text, sizeof f->text, "%s", text);
    png_longjmp(png, 1);
}

static void hush(png_structp png, png_const_charp text) { (void)png, (void)text; }

static png_voidp get(png_structp png, png_alloc_size_t n)
{
    (void)png;
    return sdag_alloc(n);
}

static void release(png_structp png, png_voidp p)
{
    (void)png;
    sdag_free(p);
}

static void put(png_structp png, png_bytep p, size_t n) { sdag_out_write(png_get_io_ptr(png), p, n); }
static void put_nothing(png_structp png) { (void)png; }

/* libpng reports by longjmp; it lands here and nowhere else, and no local is used after it. */
static bool run(png_structp png, png_infop info, const uint8_t *pixels, size_t h, size_t w, int channels)
{
    if (setjmp(png_jmpbuf(png))) return false;
    png_set_IHDR(png, info, (png_uint_32)w, (png_uint_32)h, 8, channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (size_t y = 0; y < h; y++) png_write_row(png, pixels + y * w * (size_t)channels);
    png_write_end(png, NULL);
    return true;
}

static bool write_pixels(sdag_outfile *o, png_failure *f, const uint8_t *pixels, size_t h, size_t w, int channels)
{
    png_structp png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, f, stop, hush, NULL, get, release);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool ok = false;
    if (info) {
        png_set_write_fn(png, o, put, put_nothing);
        ok = run(png, info, pixels, h, w, channels);
    }
    png_destroy_write_struct(&png, &info);
    return ok;
}

static sdag_status check_size(sdag_log *log, const char *path, int64_t h, int64_t w, int channels)
{
    if (h >= 1 && w >= 1 && h <= SDAG_IMAGE_MAX_PIXELS / w && (channels == 1 || channels == 3)) return SDAG_OK;
    return sdag_fail(log, SDAG_FAILED, SDAG_NOLOC,
                     "'%s': %lld by %lld pixels with %d channels: expected 1 to %d million pixels, grey or colour",
                     path, (long long)h, (long long)w, channels, SDAG_IMAGE_MAX_PIXELS / 1000000);
}

sdag_status sdag_png_put(sdag_outfile *o, sdag_log *log, const uint8_t *pixels, int64_t h, int64_t w, int channels)
{
    png_failure f = {""};
    sdag_status s = check_size(log, o->path, h, w, channels);
    if (!s && !write_pixels(o, &f, pixels, (size_t)h, (size_t)w, channels))
        s = f.text[0] && !strstr(f.text, "emory")
                ? sdag_fail(log, SDAG_FAILED, SDAG_NOLOC, "cannot write '%s': %s", o->path, f.text)
                : SDAG_NOMEM;
    if (s) sdag_out_abandon(o);
    return s;
}

sdag_status sdag_png_write(sdag_log *log, const char *path, const uint8_t *pixels, int64_t h, int64_t w, int channels)
{
    sdag_outfile o;
    sdag_status s = check_size(log, path, h, w, channels);
    if (!s) s = sdag_out_open(&o, log, path);
    if (!s) s = sdag_png_put(&o, log, pixels, h, w, channels);
    return s ? s : sdag_out_commit(&o, log);
}
