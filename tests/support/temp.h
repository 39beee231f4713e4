/* Files for a test, in a directory of its own, and what a log said.
 *
 *   const char *p = temp_write("a/b.bin", bytes, n);   // makes a/
 *   ...
 *   temp_clear();                                      // at the end of the program
 *
 * Paths that are returned live until 16 more have been asked for. Any failure here ends the test program. */
#ifndef SDAG_TESTS_TEMP_H
#define SDAG_TESTS_TEMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/log.h"

const char *temp_path(const char *name); /* "": the directory itself */
const char *temp_write(const char *name, const void *bytes, size_t n);
uint8_t *temp_read(size_t *n, const char *name); /* free() it */
bool temp_exists(const char *name);
int temp_count(void); /* entries of the directory itself: to see that nothing was left behind */
void temp_clear(void);

const char *temp_last(const sdag_log *l);            /* the last message, "" when there is none */
bool temp_says(const sdag_log *l, const char *text); /* ... contains text; otherwise it is printed to stderr */

#endif
