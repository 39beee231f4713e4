/* Data sets that a test makes for itself, below the directory of temp.h.
 *
 *   picture_write("data/train/cat/1.png", 20, 13, 7);
 *   pictures_pack("data.tar", "data");
 *   pictures_mnist("mnist", 300, 60);
 *
 * The same arguments give the same files. Any failure ends the test program. */
#ifndef SDAG_TESTS_PICTURES_H
#define SDAG_TESTS_PICTURES_H

#include <stddef.h>
#include <stdint.h>

/* A colour PNG or JPEG, as the name ends; seeds differ in their patterns. */
void picture_write(const char *name, int h, int w, int seed);
/* All files below dir as a plain tar archive, in sorted order. */
void pictures_pack(const char *tar, const char *dir);
/* n bytes behind a header of IDX with these sizes. */
void idx_write(const char *name, int rank, const int *dims, const uint8_t *bytes, size_t n);
/* The four files of MNIST in a folder: 28x28, ten classes. */
void pictures_mnist(const char *dir, int n_train, int n_test);
/* train/ and test/ with class folders of 32x32 PNG. */
void pictures_tree(const char *dir, int classes, int train_each, int test_each);

#endif
