/* Writing a page: markup is ours and goes through as it is, text is anybody's and is always escaped.
 *
 *   SDAG_PAGE(p, "<td title=\"", path, "\">", name, "</td>");     // markup, text, markup, text, markup
 *   sdag_page_f(p, "<rect x=\"%.1f\"/>", x);                      // markup with numbers
 *
 * Pages are HTML that is well-formed XML too. What is no UTF-8, or no character of XML, becomes U+FFFD. */
#ifndef SDAG_RUNTIME_REPORT_PAGE_H
#define SDAG_RUNTIME_REPORT_PAGE_H

#include "core/base/file.h"
#include "core/base/str.h"

typedef sdag_outfile sdag_page;

/* Parts in turn: markup, text, markup, ...; NULL ends them. */
#define SDAG_PAGE(p, ...) sdag_page_mix((p), __VA_ARGS__, (const char *)NULL)
void sdag_page_mix(sdag_page *p, const char *markup, ...) __attribute__((sentinel));
void sdag_page_f(sdag_page *p, const char *markup, ...) SDAG_PRINTF(2, 3);
void sdag_page_text(sdag_page *p, const char *text);            /* escaped; NULL: nothing */
void sdag_page_textn(sdag_page *p, const char *text, size_t n); /* ... n bytes of it, which may hold NULs */
void sdag_page_base64(sdag_page *p, const void *bytes, size_t n);
/* <img/> of a PNG as a data: URI; false, and nothing written: these bytes are no PNG. */
bool sdag_page_png(sdag_page *p, const void *bytes, size_t n, const char *alt);

/* Opens the document: head, style, and what forbids the page to load or run anything. */
void sdag_page_head(sdag_page *p, const char *title);
void sdag_page_tail(sdag_page *p);

/* Numbers as people read them: four digits, "12.3k", "1:02:03", "4.2 MiB". Return buf. */
const char *sdag_page_number(char buf[32], double v);
const char *sdag_page_count(char buf[32], double v);
const char *sdag_page_clock(char buf[32], double seconds);
const char *sdag_page_bytes(char buf[32], double bytes);
const char *sdag_page_time(char buf[32], double unix_seconds); /* 2026-11-26 10:15:00 UTC */

/* The colours of series and classes are classes of the style sheet, s0..s7; the shapes go with them, so that nobody
 * needs the colours. mark: a path about 0,0, some 8 units wide. */
enum { SDAG_PAGE_COLORS = 8, SDAG_PAGE_MARKS = 7 };
extern const char *const sdag_page_marks[SDAG_PAGE_MARKS];

extern const char sdag_page_style[]; /* style.c */

#endif
