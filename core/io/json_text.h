/* Text from outside as JSON, which holds UTF-8 only: the name of a file or folder may be any bytes. What is no UTF-8
 * becomes U+FFFD, a byte each. */
#ifndef SDAG_IO_JSON_TEXT_H
#define SDAG_IO_JSON_TEXT_H

#include <jansson.h>

json_t *sdag_json_text(const char *text); /* NULL: no memory, or no text */

#endif
