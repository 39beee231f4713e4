#include "core/io/image.h"

#include <png.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>
#include <turbojpeg.h>

#include "core/base/alloc.h"

struct sdag_decoder {
    tjhandle jpeg;
    uint8_t *cmyk; /* u8[H,W,4] of the largest CMYK image so far */
    size_t cmyk_cap;
};

/* ---- the head ---- */

static uint32_t be32(const uint8_t *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | p[2] << 8 | p[3]; }
static int be16(const uint8_t *p) { return p[0] << 8 | p[1]; }

static sdag_status check_size(uint32_t w, uint32_t h, char *why)
{
    if (w == 0 || h == 0) return sdag_why(why, SDAG_IO, "image is %ux%u: it has no pixels", w, h);
    if ((uint64_t)w * h > SDAG_IMAGE_MAX_PIXELS)
        return sdag_why(why, SDAG_IO, "image is %ux%u, at most %d megapixels", w, h, SDAG_IMAGE_MAX_PIXELS / 1000000);
    return SDAG_OK;
}

/* Signature, then IHDR: length, name, width, height, depth, colour type (PNG specification, 11.2.2). */
static sdag_status png_head(sdag_image_head *head, const uint8_t *p, size_t len, char *why)
{
    if (len < 26) return sdag_why(why, SDAG_IO, "truncated PNG");
    if (be32(p + 8) != 13 || memcmp(p + 12, "IHDR", 4) != 0) return sdag_why(why, SDAG_IO, "corrupt PNG: no IHDR");
    sdag_status s = check_size(be32(p + 16), be32(p + 20), why);
    if (s) return s;
    bool grey = p[25] == PNG_COLOR_TYPE_GRAY || p[25] == PNG_COLOR_TYPE_GRAY_ALPHA;
    *head = (sdag_image_head){SDAG_PNG, (int)be32(p + 16), (int)be32(p + 20), grey ? 1 : 3};
    return SDAG_OK;
}

static bool is_frame(int marker) /* SOF0..15; C4, C8 and CC between them are something else */
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* Walks the marker segments to the frame header (ITU-T T.81, B.1 and B.2.2). TurboJPEG's own header function is
 * not used: it parses all tables, which the decoding then does again, and refuses unusual chroma subsampling.
 * inks: four components, CMYK or YCCK. */
static sdag_status jpeg_head(sdag_image_head *head, bool *inks, const uint8_t *p, size_t len, char *why)
{
    size_t at = 2;
    for (;;) {
        if (at < len && p[at] != 0xff) return sdag_why(why, SDAG_IO, "corrupt JPEG: a marker is missing");
        while (at < len && p[at] == 0xff) at++; /* any number of fill bytes */
        if (at >= len) return sdag_why(why, SDAG_IO, "truncated JPEG");
        int marker = p[at++];
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue; /* no segment follows */
        if (marker == 0x00 || marker == 0xd8 || marker == 0xd9 || marker == 0xda)
            return sdag_why(why, SDAG_IO, "corrupt JPEG: no frame header");
        if (len - at < 2) return sdag_why(why, SDAG_IO, "truncated JPEG");
        int n = be16(p + at);
        if (is_frame(marker)) {
            if (len - at < 8) return sdag_why(why, SDAG_IO, "truncated JPEG");
            int h = be16(p + at + 3), w = be16(p + at + 5), parts = p[at + 7];
            sdag_status s = check_size((uint32_t)w, (uint32_t)h, why);
            if (s) return s;
            *head = (sdag_image_head){SDAG_JPEG, w, h, parts == 1 ? 1 : 3};
            *inks = parts == 4;
            return SDAG_OK;
        }
        if (n < 2) return sdag_why(why, SDAG_IO, "corrupt JPEG: bad segment length");
        if (len - at < (size_t)n) return sdag_why(why, SDAG_IO, "truncated JPEG");
        at += (size_t)n;
    }
}

static sdag_status read_head(sdag_image_head *head, bool *inks, const uint8_t *p, size_t len, char *why)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    *inks = false;
    if (len == 0) return sdag_why(why, SDAG_IO, "empty file");
    if (len >= 8 && memcmp(p, png, 8) == 0) return png_head(head, p, len, why);
    if (len >= 3 && p[0] == 0xff && p[1] == 0xd8 && p[2] == 0xff) return jpeg_head(head, inks, p, len, why);
    return sdag_why(why, SDAG_IO, "not a PNG or JPEG file");
}

sdag_status sdag_image_read_head(sdag_image_head *head, const void *file, size_t len, char why[SDAG_WHY])
{
    bool inks;
    return read_head(head, &inks, file, len, why);
}

/* Only the powers of two: they have vectorised inverse transforms, the eighths between do not. */
void sdag_image_decoded_size(int *h, int *w, const sdag_image_head *head, int min_side)
{
    int shift = 0, side = head->width < head->height ? head->width : head->height;
    if (head->format == SDAG_JPEG && min_side > 0)
        while (shift < 3 && ((side - 1) >> (shift + 1)) + 1 >= min_side) shift++;
    *h = ((head->height - 1) >> shift) + 1; /* rounded up, as libjpeg does */
    *w = ((head->width - 1) >> shift) + 1;
}

/* ---- the decoder ---- */

sdag_decoder *sdag_decoder_create(void)
{
    sdag_decoder *d = sdag_alloc(sizeof *d);
    if (!d) return NULL;
    d->jpeg = tjInitDecompress();
    if (d->jpeg) return d;
    sdag_free(d);
    return NULL;
}

void sdag_decoder_destroy(sdag_decoder *d)
{
    if (!d) return;
    tjDestroy(d->jpeg);
    sdag_free(d->cmyk);
    sdag_free(d);
}

static uint8_t luma(const int rgb[3]) /* the weights of ITU-R BT.601 in 16 bits, as PIL has them */
{
    return (uint8_t)((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 32768) >> 16);
}

/* ---- JPEG ---- */

static int mul255(int a, int b) /* a*b/255, rounded */
{
    int t = a * b + 128;
    return (t + (t >> 8)) >> 8;
}

/* Inks are stored inverted (Adobe's way, which everyone reads): R = K - (255 - C) K / 255. */
static void inks_to_light(uint8_t *dst, const uint8_t *cmyk, size_t pixels, int channels)
{
    for (size_t i = 0; i < pixels; i++, cmyk += 4, dst += channels) {
        int k = cmyk[3], rgb[3];
        for (int c = 0; c < 3; c++) rgb[c] = k - mul255(255 - cmyk[c], k);
        if (channels == 1) dst[0] = luma(rgb);
        else
            for (int c = 0; c < 3; c++) dst[c] = (uint8_t)rgb[c];
    }
}

static sdag_status jpeg_run(sdag_decoder *d, uint8_t *dst, int h, int w, const uint8_t *file, size_t len,
                            enum TJPF pixel, char *why)
{
    /* STOPONWARNING: a warning means damage. LIMITSCANS: a small progressive file must not take minutes. */
    int flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;
    if (tjDecompress2(d->jpeg, file, len, dst, w, 0, h, pixel, flags) == 0) return SDAG_OK;
    const char *text = tjGetErrorStr2(d->jpeg);
    if (strstr(text, "Premature end")) return sdag_why(why, SDAG_IO, "truncated JPEG");
    if (strstr(text, "emory")) return sdag_why(why, SDAG_NOMEM, "out of memory");
    return sdag_why(why, SDAG_IO, "corrupt JPEG: %s", text);
}

static sdag_status cmyk_decode(sdag_decoder *d, uint8_t *dst, int h, int w, const uint8_t *file, size_t len,
                               int channels, char *why)
{
    size_t need = (size_t)h * (size_t)w * 4;
    if (need > d->cmyk_cap) {
        uint8_t *more = sdag_realloc(d->cmyk, need, 1);
        if (!more) return sdag_why(why, SDAG_NOMEM, "out of memory");
        d->cmyk = more;
        d->cmyk_cap = need;
    }
    sdag_status s = jpeg_run(d, d->cmyk, h, w, file, len, TJPF_CMYK, why);
    if (s == SDAG_OK) inks_to_light(dst, d->cmyk, (size_t)h * (size_t)w, channels);
    return s;
}

/* ---- PNG ---- */

typedef struct png_source {
    const uint8_t *at;
    size_t left;
    sdag_status status;
    char *why;
} png_source;

static void png_read_bytes(png_structp png, png_bytep to, size_t n)
{
    png_source *src = png_get_io_ptr(png);
    if (n > src->left) png_error(png, "truncated");
    memcpy(to, src->at, n);
    src->at += n;
    src->left -= n;
}

static void png_stop(png_structp png, png_const_charp text)
{
    png_source *src = png_get_error_ptr(png);
    if (strcmp(text, "truncated") == 0) src->status = sdag_why(src->why, SDAG_IO, "truncated PNG");
    else if (strstr(text, "emory")) src->status = sdag_why(src->why, SDAG_NOMEM, "out of memory");
    else src->status = sdag_why(src->why, SDAG_IO, "corrupt PNG: %s", text);
    png_longjmp(png, 1);
}

static void png_hush(png_structp png, png_const_charp text) /* damage to optional chunks alone */
{
    (void)png, (void)text;
}

/* Colour to grey within a row; libpng's own way does not round. */
static void png_row_to_grey(png_structp png, png_row_infop row, png_bytep p)
{
    (void)png;
    for (png_uint_32 x = 0; x < row->width; x++) p[x] = luma((int[3]){p[3 * x], p[3 * x + 1], p[3 * x + 2]});
}

/* Any PNG to 8 bits and the wanted channels; in the order in which libpng applies them. */
static void png_choose_pixels(png_structp png, png_infop info, int channels)
{
    bool colour = png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR;
    png_set_expand(png); /* palettes to RGB, 1, 2 and 4 bits to 8, a transparent colour to alpha */
    png_set_scale_16(png);
    png_set_strip_alpha(png);
    if (channels == 3 && !colour) png_set_gray_to_rgb(png);
    if (channels == 1 && colour) {
        png_set_read_user_transform_fn(png, png_row_to_grey);
        png_set_user_transform_info(png, NULL, 8, 1);
    }
}

/* libpng reports by longjmp; it lands here and nowhere else, and no local is used after it. */
static void png_run(png_structp png, png_infop info, uint8_t *dst, size_t w, size_t h, int channels)
{
    if (setjmp(png_jmpbuf(png))) return;
    png_set_user_limits(png, (png_uint_32)w, (png_uint_32)h);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1); /* profiles, texts, times: skipped */
    png_read_info(png, info);
    png_choose_pixels(png, info, channels);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t row = w * (size_t)channels;
    if (png_get_rowbytes(png, info) != row) png_error(png, "unexpected row size");
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < h; y++) png_read_row(png, dst + y * row, NULL);
    png_read_end(png, NULL); /* the checksums behind the pixels, and that the file is whole */
}

static sdag_status png_decode(uint8_t *dst, int h, int w, const uint8_t *file, size_t len, int channels, char *why)
{
    png_source src = {.at = file, .left = len, .why = why};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &src, png_stop, png_hush);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (info) {
        png_set_read_fn(png, &src, png_read_bytes);
        png_run(png, info, dst, (size_t)w, (size_t)h, channels);
    } else {
        src.status = sdag_why(why, SDAG_NOMEM, "out of memory");
    }
    png_destroy_read_struct(&png, &info, NULL);
    return src.status;
}

/* ---- both ---- */

sdag_status sdag_image_decode(sdag_decoder *d, uint8_t *dst, size_t cap, int *h, int *w, const void *file, size_t len,
                              int channels, int min_side, char why[SDAG_WHY])
{
    sdag_image_head head;
    bool inks;
    sdag_status s = read_head(&head, &inks, file, len, why);
    if (s) return s;
    if (channels != 1 && channels != 3) return sdag_why(why, SDAG_FAILED, "%d channels, expected 1 or 3", channels);
    sdag_image_decoded_size(h, w, &head, min_side);
    size_t need = (size_t)*h * (size_t)*w * (size_t)channels; /* at most 3 times the pixel limit */
    if (need > cap) return sdag_why(why, SDAG_FAILED, "image needs %zu bytes, the buffer has %zu", need, cap);
    if (head.format == SDAG_PNG) return png_decode(dst, *h, *w, file, len, channels, why);
    if (inks) return cmyk_decode(d, dst, *h, *w, file, len, channels, why);
    return jpeg_run(d, dst, *h, *w, file, len, channels == 1 ? TJPF_GRAY : TJPF_RGB, why);
}
