/* Pixels into a PNG file: u8[H,W,C], channels-last, C = 1 (grey) or 3 (RGB), 8 bits.
 *
 *   s = sdag_png_write(log, "out/grid.png", pixels, 200, 300, 3);
 *
 * The file appears whole or not at all (sdag_outfile). Nothing but the pixels is stored: no time, no program. */
#ifndef SDAG_IO_PNG_WRITE_H
#define SDAG_IO_PNG_WRITE_H

#include "core/base/file.h"

/* SDAG_FAILED: no pixels, too many (see SDAG_IMAGE_MAX_PIXELS) or other channels. SDAG_IO, SDAG_NOMEM. */
sdag_status sdag_png_write(sdag_log *log, const char *path, const uint8_t *pixels, int64_t h, int64_t w, int channels);
/* The same into a file that the caller has opened, and commits; after a failure it is abandoned. */
sdag_status sdag_png_put(sdag_outfile *o, sdag_log *log, const uint8_t *pixels, int64_t h, int64_t w, int channels);

#endif
