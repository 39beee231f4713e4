/* Is a drawing inert, and well-formed, so that it may stand in a page among its elements? */
#ifndef SDAG_RUNTIME_REPORT_SVG_H
#define SDAG_RUNTIME_REPORT_SVG_H

#include <stdbool.h>
#include <stddef.h>

/* true: text[*from, len) is one <svg> element of drawing elements and attributes alone: no script, handler, link out of
 * the page, style sheet, image or entity of its own. Anything else may still be shown as an image of its own, in which
 * browsers run and load nothing. */
bool sdag_svg_is_inert(size_t *from, const char *text, size_t len);

#endif
