#include "nodes/augment/image.h"

#include <string.h>

#include "nodes/augment/resample.h"

void sdag_image_begin(sdag_image *im, sdag_raster src, float *buf0, float *buf1, float *tmp)
{
    *im = (sdag_image){.h = src.h, .w = src.w, .c = src.c, .src = src, .buf = {buf0, buf1}, .front = -1, .tmp = tmp};
}

float *sdag_image_spare(sdag_image *im) { return im->buf[im->front == 0]; }

void sdag_image_swap(sdag_image *im, int64_t h, int64_t w)
{
    im->front = im->front == 0;
    im->h = h;
    im->w = w;
    im->src = (sdag_raster){.at = im->buf[im->front], .h = h, .w = w, .c = im->c, .stride = w * im->c};
    im->lazy = SDAG_FILTER_NONE;
}

/* Copies the window, which is not to be resampled, to dst with rows of `stride` floats. dst may be the beginning of
 * the buffer that the window is in: rows move towards the start. */
static void copy_rows(float *dst, const sdag_raster *s, int64_t stride)
{
    int64_t n = s->w * s->c;
    if (s->bytes && s->stride == n && stride == n) {
        sdag_bytes_to_f32(dst, s->at, s->h * n);
        return;
    }
    for (int64_t y = 0; y < s->h; y++) {
        if (s->bytes) sdag_bytes_to_f32(dst + y * stride, (const uint8_t *)s->at + y * s->stride, n);
        else memmove(dst + y * stride, (const float *)s->at + y * s->stride, (size_t)n * sizeof(float));
    }
}

void sdag_image_finish(sdag_image *im, float *out)
{
    if (im->lazy) sdag_resample(out, &im->src, (sdag_resample_to){im->h, im->w, 0, 0, im->h, im->w}, im->lazy, im->tmp);
    else copy_rows(out, &im->src, im->w * im->c);
}

float *sdag_image_px(sdag_image *im)
{
    if (im->front >= 0 && !im->lazy && im->src.at == im->buf[im->front] && im->src.stride == im->w * im->c)
        return im->buf[im->front];
    if (im->front >= 0 && !im->lazy) im->front = !im->front; /* a window of our own: move it within its buffer */
    sdag_image_finish(im, sdag_image_spare(im));
    sdag_image_swap(im, im->h, im->w);
    return im->buf[im->front];
}

void sdag_image_resize(sdag_image *im, int64_t h, int64_t w, sdag_filter f)
{
    if (h == im->h && w == im->w) return; /* every weight would be one */
    if (im->lazy) sdag_image_px(im);
    im->lazy = f;
    im->h = h;
    im->w = w;
}

/* The window passes the edge: zeros, and what there is of the image among them. */
static void crop_padded(sdag_image *im, int64_t y, int64_t x, int64_t h, int64_t w)
{
    if (im->lazy) sdag_image_px(im);
    sdag_raster s = im->src;
    int64_t y0 = y > 0 ? y : 0, x0 = x > 0 ? x : 0, y1 = y + h < s.h ? y + h : s.h, x1 = x + w < s.w ? x + w : s.w;
    float *dst = sdag_image_spare(im);
    memset(dst, 0, (size_t)(h * w * im->c) * sizeof *dst);
    if (y0 < y1 && x0 < x1) {
        int64_t skip = y0 * s.stride + x0 * s.c;
        s.at = s.bytes ? (const void *)((const uint8_t *)s.at + skip) : (const void *)((const float *)s.at + skip);
        s.h = y1 - y0;
        s.w = x1 - x0;
        copy_rows(dst + ((y0 - y) * w + x0 - x) * s.c, &s, w * s.c);
    }
    sdag_image_swap(im, h, w);
}

void sdag_image_crop(sdag_image *im, int64_t y, int64_t x, int64_t h, int64_t w)
{
    if (y < 0 || x < 0 || y + h > im->h || x + w > im->w) {
        crop_padded(im, y, x, h, w);
    } else if (im->lazy) { /* only the window is resampled */
        sdag_resample(sdag_image_spare(im), &im->src, (sdag_resample_to){im->h, im->w, y, x, h, w}, im->lazy, im->tmp);
        sdag_image_swap(im, h, w);
    } else {
        int64_t skip = y * im->src.stride + x * im->c;
        im->src.at = im->src.bytes ? (const void *)((const uint8_t *)im->src.at + skip)
                                   : (const void *)((const float *)im->src.at + skip);
        im->h = im->src.h = h;
        im->w = im->src.w = w;
    }
}
