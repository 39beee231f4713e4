/* Any bytes as an image: head and pixels, grey and colour, whole and shrunk, into a buffer of exactly the size told. */
#include <stdlib.h>

#include "core/base/alloc.h"
#include "core/io/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_PIXELS = 1 << 18 }; /* larger ones are slow, and no different */

static void decode(sdag_decoder *d, const sdag_image_head *head, const uint8_t *data, size_t size, int channels,
                   int min_side)
{
    int h, w, got_h, got_w;
    char why[SDAG_WHY];
    sdag_image_decoded_size(&h, &w, head, min_side);
    size_t n = (size_t)h * (size_t)w * (size_t)channels;
    uint8_t *dst = sdag_alloc(n);
    if (!dst) return;
    sdag_status s = sdag_image_decode(d, dst, n, &got_h, &got_w, data, size, channels, min_side, why);
    if (s != SDAG_OK && s != SDAG_IO) abort();
    if (s == SDAG_OK && (got_h != h || got_w != w)) abort();
    sdag_free(dst);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sdag_image_head head;
    char why[SDAG_WHY];
    sdag_status s = sdag_image_read_head(&head, data, size, why);
    if (s != SDAG_OK && s != SDAG_IO) abort();
    if (s || head.width * head.height > MOST_PIXELS) return 0;
    sdag_decoder *d = sdag_decoder_create();
    if (!d) return 0;
    decode(d, &head, data, size, 3, 0);
    decode(d, &head, data, size, 1, 8);
    sdag_decoder_destroy(d);
    return 0;
}
