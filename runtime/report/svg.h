/* Is a drawing inert, and well-formed, so that it may stand in a page among its elements? */
#ifndef SDAG_RUNTIME_REPORT_SVG_H
#define SDAG_RUNTIME_REPORT_SVG_H

#include "core/base/arena.h"

/* The drawing as one <svg> element of drawing elements and attributes alone: what stands before it, its style sheets
 * and the names of its groups are taken out. NULL: there is more in it (a script, handler, link, image, entity of its
 * own), or it is not well-formed. That may still be shown as an image of its own, in which browsers run and load
 * nothing. */
const char *sdag_svg_inert(size_t *out_len, sdag_arena *a, const char *text, size_t len);

#endif
