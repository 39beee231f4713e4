/* PNG and JPEG, from memory to bytes: u8[H,W,C], channels-last, C = 1 (grey) or 3 (RGB).
 *
 *   sdag_decoder *d = sdag_decoder_create();                    // one per thread
 *   sdag_image_head head;
 *   s = sdag_image_read_head(&head, file, len, why);            // no pixels: to size the buffers
 *   s = sdag_image_decode(d, dst, cap, &h, &w, file, len, 3, 0, why);
 *   sdag_decoder_destroy(d);
 *
 * What the pixels are: the colours as stored (profiles, gamma and the EXIF orientation are left alone, as PIL
 * and torchvision do), palettes looked up, 16 bits rounded to 8, transparency dropped, CMYK as PIL converts it.
 * Grey from colour is L = 0.299 R + 0.587 G + 0.114 B (of a JPEG: as it is stored); colour from grey repeats it.
 * JPEG goes through the accurate integer DCT with smooth chroma upsampling: in RGB the same bytes as PIL's.
 *
 * A damaged file is an error, not a guess: what libjpeg only warns about (a truncated file, a bad marker) and a
 * wrong checksum in a PNG are refused. Reasons go to why (see why.h). */
#ifndef SDAG_IO_IMAGE_H
#define SDAG_IO_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/io/why.h"

#define SDAG_IMAGE_MAX_PIXELS 100000000 /* more than that is refused before anything is allocated */

typedef enum sdag_image_format { SDAG_PNG = 1, SDAG_JPEG } sdag_image_format;

typedef struct sdag_image_head {
    sdag_image_format format;
    int width, height; /* from 1 */
    int channels;      /* 1 grey, 3 colour; transparency does not count */
} sdag_image_head;

/* Format by its first bytes, size and channels; reads no further than the header. Thread-safe.
 * SDAG_IO: not a PNG or JPEG, cut before the size, no pixels, or too many. */
sdag_status sdag_image_read_head(sdag_image_head *head, const void *file, size_t len, char why[SDAG_WHY]);

/* The size that decoding gives. min_side 0: the size in the file. min_side > 0: a JPEG may come out at 1/2, 1/4
 * or 1/8 in each direction, as small as keeps its shorter side at least min_side; a PNG never shrinks. */
void sdag_image_decoded_size(int *h, int *w, const sdag_image_head *head, int min_side);

/* What decoding keeps between images; one per thread. NULL when memory runs out. */
typedef struct sdag_decoder sdag_decoder;
sdag_decoder *sdag_decoder_create(void);
void sdag_decoder_destroy(sdag_decoder *d); /* NULL is fine */

/* dst u8[H,W,channels] of cap bytes, channels 1 or 3; H and W as sdag_image_decoded_size says.
 * Allocates nothing of ours but for a CMYK JPEG, whose four channels pass through a buffer of the decoder.
 * SDAG_IO: damaged file. SDAG_FAILED: dst is too small. SDAG_NOMEM. On failure dst is undefined. */
sdag_status sdag_image_decode(sdag_decoder *d, uint8_t *dst, size_t cap, int *h, int *w, const void *file, size_t len,
                              int channels, int min_side, char why[SDAG_WHY]);

#endif
