/* Is a text well-formed XML, and inert? For pictures: they must show in any browser, and do nothing there.
 *
 *   char why[200];
 *   if (!xml_is_sound(svg, len, why)) fail_msg("%s", why);
 *
 * Checked: UTF-8 of allowed characters, comments, nesting and names of elements, attributes quoted and not repeated,
 * the five entities and character numbers, one root. Inert: elements of a drawing only, no handler (on...), no link, no
 * style but the one of sdag_theme_dark.
 *
 * xml_is_map: links that are relative paths and nothing else are fine; *links counts them. */
#ifndef SDAG_TESTS_XML_H
#define SDAG_TESTS_XML_H

#include <stdbool.h>
#include <stddef.h>

bool xml_is_sound(const char *text, size_t len, char why[200]);
bool xml_is_map(const char *text, size_t len, int *links, char why[200]);

/* The same for a page of HTML that is written as XML, drawings within it included. Inert: no script, form, frame or
 * object, no handler; links lead into the page, images are data: URIs, styles load nothing. */
bool page_is_sound(const char *text, size_t len, char why[200]);

#endif
