/* The handwritten digits that are built into the program: 1,797 grey images of 8x8 pixels, with labels.
 *
 *   sdag_digits d;
 *   s = sdag_digits_load(&d, log);
 *   for (int i = 0; i < d.n_train; i++) use(d.pixels[d.train[i]], d.label[d.train[i]]);
 *   sdag_digits_free(&d);
 *
 * "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository
 * (examples/data/README.md). A pixel there is a count from 0 to 16; here p = round(255 v / 16), which
 * sdag_digits_value turns back.
 *
 * The split into 1,297 training and 500 test images is fixed for ever. It is stratified: every class gives its share
 * of the test images, 500 n_c / 1797, rounded by largest remainders (48 to 51 each). Which ones: the rows of a class,
 * in file order, are shuffled (Fisher-Yates, from the last place down) by the random stream with seed 0, node
 * "digits.split", epoch 0, sample c; the first so many are test images. */
#ifndef SDAG_IO_DIGITS_H
#define SDAG_IO_DIGITS_H

#include <stdint.h>

#include "core/base/log.h"

enum { SDAG_DIGITS = 1797, SDAG_DIGITS_TEST = 500, SDAG_DIGITS_CLASSES = 10, SDAG_DIGITS_SIDE = 8 };

typedef struct sdag_digits {
    uint8_t (*pixels)[SDAG_DIGITS_SIDE * SDAG_DIGITS_SIDE]; /* u8[1797,8,8]; owned, with all below */
    uint8_t *label;                                         /* u8[1797], 0..9 */
    int *train, *test;                                      /* rows of each part, ascending */
    int n_train, n_test;
} sdag_digits;

sdag_status sdag_digits_load(sdag_digits *d, sdag_log *log); /* fails only when memory runs out */
void sdag_digits_free(sdag_digits *d);

static inline int sdag_digits_value(uint8_t pixel) { return (pixel * 16 + 127) / 255; } /* 0..16, as in the source */

#endif
