/* PNG and JPEG: what the pixels are, and that no damaged file passes for a whole one. */
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/io/image.h"

typedef struct bytes {
    uint8_t *at;
    size_t n;
} bytes;

/* ---- making files ---- */

static uint8_t pattern(int y, int x, int c) { return (uint8_t)(20 + 4 * y + 2 * x + 40 * c); }

static void png_append(png_structp png, png_bytep p, size_t n)
{
    bytes *b = png_get_io_ptr(png);
    b->at = realloc(b->at, b->n + n);
    memcpy(b->at + b->n, p, n);
    b->n += n;
}

/* rows: as libpng wants them for this colour type and depth, packed tightly. */
static bytes make_png(const uint8_t *rows, int h, int w, int colour, int depth, bool interlaced)
{
    bytes b = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &b, png_append, NULL);
    png_set_IHDR(png, info, (png_uint_32)w, (png_uint_32)h, depth, colour, interlaced, 0, 0);
    if (colour == PNG_COLOR_TYPE_PALETTE) {
        png_color palette[4] = {{10, 20, 30}, {40, 50, 60}, {200, 101, 0}, {255, 255, 255}};
        uint8_t alpha[2] = {0, 128};
        png_set_PLTE(png, info, palette, 4);
        png_set_tRNS(png, info, alpha, 2, NULL);
    }
    png_text text = {.compression = PNG_TEXT_COMPRESSION_NONE, .key = "Title", .text = "a test"};
    png_set_text(png, info, &text, 1);
    png_write_info(png, info);
    size_t stride = png_get_rowbytes(png, info);
    uint8_t *list[64];
    for (int y = 0; y < h; y++) list[y] = (uint8_t *)(uintptr_t)rows + (size_t)y * stride;
    png_write_image(png, list);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    return b;
}

static bytes make_jpeg(const uint8_t *pixels, int h, int w, int format, int subsampling, int flags)
{
    tjhandle t = tjInitCompress();
    unsigned char *p = NULL;
    unsigned long n = 0;
    assert_int_equal(tjCompress2(t, pixels, w, 0, h, format, &p, &n, subsampling, 95, flags), 0);
    bytes b = {malloc(n), n};
    memcpy(b.at, p, n);
    tjFree(p);
    tjDestroy(t);
    return b;
}

static uint8_t *make_pixels(int h, int w, int channels)
{
    uint8_t *p = malloc((size_t)h * (size_t)w * (size_t)channels), *q = p;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < channels; c++) *q++ = pattern(y, x, c);
    return p;
}

/* ---- decoding into an exact buffer, so that a sanitizer sees every byte too far ---- */

static sdag_decoder *decoder;
static char why[SDAG_WHY];

static int set_up(void **state)
{
    (void)state;
    decoder = sdag_decoder_create();
    return decoder == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    sdag_decoder_destroy(decoder);
    return 0;
}

static sdag_status decode(uint8_t **out, int *h, int *w, bytes b, int channels, int min_side)
{
    sdag_image_head head;
    *out = NULL;
    sdag_status s = sdag_image_read_head(&head, b.at, b.n, why);
    if (s) return s;
    sdag_image_decoded_size(h, w, &head, min_side);
    size_t n = (size_t)*h * (size_t)*w * (size_t)channels;
    *out = malloc(n);
    return sdag_image_decode(decoder, *out, n, h, w, b.at, b.n, channels, min_side, why);
}

static void expect(bytes b, int h, int w, int channels, const uint8_t *want, int tolerance)
{
    uint8_t *got;
    int gh, gw;
    if (decode(&got, &gh, &gw, b, channels, 0)) fail_msg("%s", why);
    assert_int_equal(gh, h);
    assert_int_equal(gw, w);
    for (int i = 0; i < h * w * channels; i++)
        if (abs(got[i] - want[i]) > tolerance) fail_msg("byte %d is %d, expected %d", i, got[i], want[i]);
    free(got);
}

static uint8_t *to_grey(const uint8_t *rgb, int pixels)
{
    uint8_t *g = malloc((size_t)pixels);
    for (int i = 0; i < pixels; i++)
        g[i] = (uint8_t)(0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2] + 0.5);
    return g;
}

static uint8_t *to_rgb(const uint8_t *grey, int pixels)
{
    uint8_t *p = malloc((size_t)pixels * 3);
    for (int i = 0; i < pixels; i++) memset(p + 3 * i, grey[i], 3);
    return p;
}

/* ---- PNG ---- */

static void png_rgb_and_grey(void **state)
{
    (void)state;
    for (int interlaced = 0; interlaced < 2; interlaced++) {
        uint8_t *rgb = make_pixels(9, 7, 3), *l = to_grey(rgb, 63);
        bytes b = make_png(rgb, 9, 7, PNG_COLOR_TYPE_RGB, 8, interlaced);
        expect(b, 9, 7, 3, rgb, 0);
        expect(b, 9, 7, 1, l, 0);
        free(b.at);
        uint8_t *twice = to_rgb(l, 63);
        b = make_png(l, 9, 7, PNG_COLOR_TYPE_GRAY, 8, interlaced);
        expect(b, 9, 7, 1, l, 0);
        expect(b, 9, 7, 3, twice, 0);
        free(b.at), free(rgb), free(l), free(twice);
    }
}

static void png_drops_alpha(void **state)
{
    (void)state;
    uint8_t *rgba = make_pixels(4, 4, 4), rgb[48], la[32], l[16];
    for (int i = 0; i < 16; i++) {
        memcpy(rgb + 3 * i, rgba + 4 * i, 3);
        la[2 * i] = l[i] = rgba[4 * i];
        la[2 * i + 1] = (uint8_t)(i * 16);
    }
    bytes b = make_png(rgba, 4, 4, PNG_COLOR_TYPE_RGB_ALPHA, 8, false);
    expect(b, 4, 4, 3, rgb, 0);
    free(b.at);
    b = make_png(la, 4, 4, PNG_COLOR_TYPE_GRAY_ALPHA, 8, false);
    expect(b, 4, 4, 1, l, 0);
    free(b.at), free(rgba);
}

static void png_other_depths(void **state)
{
    (void)state;
    const uint8_t bits[2] = {0xa0, 0x40}, from_bits[8] = {255, 0, 255, 0, 0, 255, 0, 0};
    bytes b = make_png(bits, 2, 4, PNG_COLOR_TYPE_GRAY, 1, false);
    expect(b, 2, 4, 1, from_bits, 0);
    free(b.at);
    const uint8_t deep[8] = {0xff, 0xff, 0x80, 0x00, 0x00, 0xff, 0x12, 0x34}, from_deep[4] = {255, 128, 1, 18};
    b = make_png(deep, 2, 2, PNG_COLOR_TYPE_GRAY, 16, false);
    expect(b, 2, 2, 1, from_deep, 0);
    free(b.at);
    const uint8_t index[2] = {0x1b, 0xe4}; /* 0 1 2 3, 3 2 1 0 */
    const uint8_t colours[24] = {10,  20,  30,  40,  50,  60, 200, 101, 0,  255, 255, 255,
                                 255, 255, 255, 200, 101, 0,  40,  50,  60, 10,  20,  30};
    b = make_png(index, 2, 4, PNG_COLOR_TYPE_PALETTE, 2, false);
    expect(b, 2, 4, 3, colours, 0);
    uint8_t *l = to_grey(colours, 8);
    expect(b, 2, 4, 1, l, 0);
    free(b.at), free(l);
}

/* ---- JPEG ---- */

static void jpeg_colours(void **state)
{
    (void)state;
    static const int samplings[] = {TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_GRAY, TJSAMP_440, TJSAMP_411};
    uint8_t *rgb = make_pixels(17, 31, 3), *l = to_grey(rgb, 17 * 31), *twice = to_rgb(l, 17 * 31);
    for (int i = 0; i < 6; i++) {
        for (int flags = 0; flags <= TJFLAG_PROGRESSIVE; flags += TJFLAG_PROGRESSIVE) {
            bytes b = make_jpeg(rgb, 17, 31, TJPF_RGB, samplings[i], flags);
            sdag_image_head head;
            assert_int_equal(sdag_image_read_head(&head, b.at, b.n, why), SDAG_OK);
            assert_int_equal(head.format, SDAG_JPEG);
            assert_int_equal(head.channels, samplings[i] == TJSAMP_GRAY ? 1 : 3);
            expect(b, 17, 31, 3, samplings[i] == TJSAMP_GRAY ? twice : rgb, 12);
            expect(b, 17, 31, 1, l, 4);
            free(b.at);
        }
    }
    free(rgb), free(l), free(twice);
}

static void jpeg_cmyk(void **state)
{
    (void)state;
    uint8_t inks[8 * 8 * 4], want[8 * 8 * 3];
    for (int i = 0; i < 64; i++) {
        inks[4 * i] = 200, inks[4 * i + 1] = 100, inks[4 * i + 2] = 30, inks[4 * i + 3] = 128; /* inverted */
        want[3 * i] = 200 * 128 / 255, want[3 * i + 1] = 100 * 128 / 255, want[3 * i + 2] = 30 * 128 / 255;
    }
    bytes b = make_jpeg(inks, 8, 8, TJPF_CMYK, TJSAMP_444, 0);
    uint8_t *l = to_grey(want, 64), *got;
    int h, w;
    sdag_alloc_fail(1, false);
    assert_int_equal(decode(&got, &h, &w, b, 3, 0), SDAG_NOMEM);
    free(got);
    expect(b, 8, 8, 3, want, 4);
    expect(b, 8, 8, 1, l, 4);
    free(b.at), free(l);
}

static void jpeg_shrinks(void **state)
{
    (void)state;
    static const struct {
        int min_side, h, w;
    } rows[] = {{0, 100, 61}, {1, 13, 8},   {8, 13, 8},    {9, 25, 16},   {16, 25, 16},
                {17, 50, 31}, {31, 50, 31}, {32, 100, 61}, {61, 100, 61}, {500, 100, 61}};
    uint8_t *grey = malloc(6100);
    memset(grey, 77, 6100);
    bytes b = make_jpeg(grey, 100, 61, TJPF_GRAY, TJSAMP_GRAY, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t *got;
        int h, w;
        if (decode(&got, &h, &w, b, 1, rows[i].min_side)) fail_msg("%s", why);
        assert_int_equal(h, rows[i].h);
        assert_int_equal(w, rows[i].w);
        for (int k = 0; k < h * w; k++) assert_in_range(got[k], 76, 78);
        free(got);
    }
    free(b.at), free(grey);
}

/* ---- damage ---- */

/* Every shorter file is refused; every file with one bit wrong does no harm. */
static void damage(bytes b, const char *truncated, bool summed)
{
    uint8_t *got;
    int h, w;
    for (size_t n = 0; n < b.n; n++) {
        bytes cut = {malloc(n ? n : 1), n}; /* of its own, so that a read past the end is seen */
        memcpy(cut.at, b.at, n);
        sdag_status s = decode(&got, &h, &w, cut, 3, 0);
        if (s != SDAG_IO) fail_msg("%zu of %zu bytes: %s", n, b.n, sdag_status_name(s));
        if (n > 40) assert_string_equal(why, truncated);
        free(cut.at), free(got);
    }
    for (size_t i = 0; i < 8 * b.n; i++) {
        sdag_image_head head;
        b.at[i / 8] ^= (uint8_t)(1 << i % 8);
        if (sdag_image_read_head(&head, b.at, b.n, why) == SDAG_OK && head.width * head.height < 1 << 20) {
            sdag_status s = decode(&got, &h, &w, b, 3, 0);
            if (summed && s == SDAG_OK) fail_msg("bit %zu of byte %zu may be wrong", i % 8, i / 8);
            free(got);
        }
        b.at[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

static void damaged_files(void **state)
{
    (void)state;
    uint8_t *rgb = make_pixels(16, 16, 3);
    bytes b = make_jpeg(rgb, 16, 16, TJPF_RGB, TJSAMP_420, 0);
    damage(b, "truncated JPEG", false);
    free(b.at);
    b = make_jpeg(rgb, 16, 16, TJPF_RGB, TJSAMP_420, TJFLAG_PROGRESSIVE);
    damage(b, "truncated JPEG", false);
    free(b.at);
    b = make_png(rgb, 16, 16, PNG_COLOR_TYPE_RGB, 8, true);
    /* the text chunk is skipped, sum and all: its bits alone may change */
    uint8_t *text = memmem(b.at, b.n, "tEXt", 4);
    assert_non_null(text);
    size_t skip = (size_t)(text - b.at) + 4 + 12 + 4;
    memmove(text - 4, b.at + skip, b.n - skip);
    b.n -= 4 + 4 + 12 + 4;
    damage(b, "truncated PNG", true);
    free(b.at), free(rgb);
}

static void refused_heads(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *why;
    } rows[] = {
        {"", 0, "empty file"},
        {"GIF89a.....", 11, "not a PNG or JPEG file"},
        {"\x89PNG\r\n\x1a", 7, "not a PNG or JPEG file"},
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, "truncated PNG"},
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDX\0\0\0\1\0\0\0\1\10\2", 26, "corrupt PNG: no IHDR"},
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\x11\x70\0\1\x11\x70\10\2", 26,
         "image is 70000x70000, at most 100 megapixels"},
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\1\10\2", 26, "image is 0x1: it has no pixels"},
        {"\xff\xd8\xff", 3, "truncated JPEG"},
        {"\xff\xd8\xff\xd9", 4, "corrupt JPEG: no frame header"},
        {"\xff\xd8\xff\xe0\0\1", 6, "corrupt JPEG: bad segment length"},
        {"\xff\xd8\xff\xe0\0\4ab!", 9, "corrupt JPEG: a marker is missing"},
        {"\xff\xd8\xff\xc0\0\x0b\10\xff\xdc\xff\xdc\3", 12, "image is 65500x65500, at most 100 megapixels"},
        {"\xff\xd8\xff\xc0\0\x0b\10\0\0\0\5\3", 12, "image is 5x0: it has no pixels"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sdag_image_head head;
        assert_int_equal(sdag_image_read_head(&head, rows[i].bytes, rows[i].n, why), SDAG_IO);
        assert_string_equal(why, rows[i].why);
    }
}

static void misuse(void **state)
{
    (void)state;
    uint8_t *rgb = make_pixels(8, 8, 3), dst[192];
    bytes b = make_jpeg(rgb, 8, 8, TJPF_RGB, TJSAMP_444, 0);
    int h, w;
    assert_int_equal(sdag_image_decode(decoder, dst, 191, &h, &w, b.at, b.n, 3, 0, why), SDAG_FAILED);
    assert_string_equal(why, "image needs 192 bytes, the buffer has 191");
    assert_int_equal(sdag_image_decode(decoder, dst, 192, &h, &w, b.at, b.n, 2, 0, why), SDAG_FAILED);
    assert_int_equal(sdag_image_decode(decoder, dst, 192, &h, &w, b.at, b.n, 3, 0, why), SDAG_OK);
    free(b.at), free(rgb);
}

static void allocates_nothing(void **state)
{
    (void)state;
    uint8_t *rgb = make_pixels(32, 32, 3), *got;
    bytes files[2] = {make_jpeg(rgb, 32, 32, TJPF_RGB, TJSAMP_420, 0),
                      make_png(rgb, 32, 32, PNG_COLOR_TYPE_RGB, 8, true)};
    uint64_t before = sdag_alloc_count();
    int h, w;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(decode(&got, &h, &w, files[i & 1], i & 2 ? 1 : 3, 0), SDAG_OK);
        free(got);
    }
    assert_int_equal(sdag_alloc_count(), before);
    sdag_alloc_fail(1, false);
    assert_null(sdag_decoder_create());
    sdag_decoder_destroy(NULL);
    free(files[0].at), free(files[1].at), free(rgb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_rgb_and_grey),  cmocka_unit_test(png_drops_alpha), cmocka_unit_test(png_other_depths),
        cmocka_unit_test(jpeg_colours),      cmocka_unit_test(jpeg_cmyk),       cmocka_unit_test(jpeg_shrinks),
        cmocka_unit_test(damaged_files),     cmocka_unit_test(refused_heads),   cmocka_unit_test(misuse),
        cmocka_unit_test(allocates_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
