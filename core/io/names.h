/* A growing list of file names: what folder.h and tar.h find, and files.h offers.
 *
 * Names are relative, with '/' between folders. Sorted bytewise, so that the order (and with it the number of a
 * sample) depends neither on the file system nor on the locale. */
#ifndef SDAG_IO_NAMES_H
#define SDAG_IO_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sdag_name {
    size_t text;           /* where the name begins in the list's text */
    uint64_t size, offset; /* bytes of the file; where they begin in the archive, if it is in one */
} sdag_name;

typedef struct sdag_names { /* zeroed: empty */
    char *text;
    sdag_name *at;
    size_t text_n, text_cap, n, cap;
} sdag_names;

/* false when memory runs out; the list is as before. */
bool sdag_names_add(sdag_names *l, const char *name, uint64_t size, uint64_t offset);
void sdag_names_sort(sdag_names *l); /* of equal names the one added last stays, as unpacking a tar would do */
void sdag_names_free(sdag_names *l);

static inline const char *sdag_names_text(const sdag_names *l, size_t i) { return l->text + l->at[i].text; }

/* Ends in .png, .jpg or .jpeg in any case, and neither the file nor a folder above it is hidden (begins with '.'). */
bool sdag_name_is_image(const char *name);

#endif
