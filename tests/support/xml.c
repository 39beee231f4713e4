#include "tests/support/xml.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "viz/theme.h"

enum { DEPTH = 64, ATTRIBUTES = 32 };

typedef struct word {
    const char *at;
    size_t n;
} word;

typedef struct walk {
    const char *start, *p, *end;
    char *why;
    word open[DEPTH];
    int depth, roots, links, styles;
    bool may_link;
    bool page; /* of HTML */
} walk;

static bool wrong(walk *w, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = snprintf(w->why, 200, "at byte %zu: ", (size_t)(w->p - w->start));
    vsnprintf(w->why + n, 200 - (size_t)n, fmt, ap);
    va_end(ap);
    return false;
}

static bool is(const walk *w, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(w->end - w->p) >= n && memcmp(w->p, text, n) == 0;
}

static bool same(word a, word b) { return a.n == b.n && memcmp(a.at, b.at, a.n) == 0; }

static bool is_one_of(word a, const char *const *names)
{
    for (; *names; names++)
        if (same(a, (word){*names, strlen(*names)})) return true;
    return false;
}

static bool allowed(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) ||
           (c >= 0x10000 && c <= 0x10ffff);
}

static bool check_characters(walk *w)
{
    for (; w->p < w->end;) {
        uint32_t c;
        int n = sdag_utf8(&c, w->p, (size_t)(w->end - w->p));
        if (n == 0) return wrong(w, "no UTF-8");
        if (!allowed(c)) return wrong(w, "character U+%04X", c);
        w->p += n;
    }
    w->p = w->start;
    return true;
}

static bool read_entity(walk *w)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (is(w, known[i])) {
            w->p += strlen(known[i]);
            return true;
        }
    char *stop = NULL;
    bool hex = is(w, "&#x");
    unsigned long c = is(w, "&#") ? strtoul(w->p + (hex ? 3 : 2), &stop, hex ? 16 : 10) : 0;
    if (!stop || *stop != ';' || !allowed((uint32_t)c)) return wrong(w, "entity '%.12s'", w->p);
    w->p = stop + 1;
    return true;
}

static bool in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("_:-.", c));
}

static bool read_name(walk *w, word *name)
{
    name->at = w->p;
    while (w->p < w->end && in_name(*w->p)) w->p++;
    name->n = (size_t)(w->p - name->at);
    return name->n > 0 && !strchr("0123456789-.", *name->at) ? true : wrong(w, "no name");
}

static void skip_space(walk *w)
{
    while (w->p < w->end && strchr(" \t\r\n", *w->p)) w->p++;
}

/* A path below or above, of letters, digits, '.', '_', '-', '/' and %XX: no scheme, no host, no query. Graphviz writes
 * '-' as a character number. */
static bool read_link(walk *w)
{
    if (!is(w, "=\"") || w->p[2] == '/') return wrong(w, "a link that is not relative");
    for (w->p += 2; w->p < w->end && *w->p != '"'; w->p++) {
        char c = *w->p;
        if (is(w, "&#45;")) w->p += 4;
        else if (c == '%' && w->end - w->p > 2 && strspn(w->p + 1, "0123456789ABCDEF") >= 2) w->p += 2;
        else if (c == ':' || !(in_name(c) || c == '/')) return wrong(w, "'%c' in a link", c);
    }
    w->links++;
    return w->p++ < w->end ? true : wrong(w, "a link without an end");
}

/* What attributes of a page that could load or lead somewhere may begin with; no other word may hold these names. */
static const struct {
    const char *name, *starts[3];
} page_links[] = {
    {"href", {"#", "data:,\""}},
    {"src", {"data:image/png;base64,", "data:image/svg+xml;base64,"}},
    {"style", {"--", "width:"}},
};

static bool check_link(walk *w, word name)
{
    for (size_t i = 0; i < sizeof page_links / sizeof *page_links; i++) {
        if (!same(name, (word){page_links[i].name, strlen(page_links[i].name)})) continue;
        for (const char *const *start = page_links[i].starts; *start; start++)
            if (is(w, *start)) return true;
        return wrong(w, "attribute %s that leads out of the page", page_links[i].name);
    }
    return true;
}

static bool read_attribute(walk *w, word *seen, int n)
{
    static const char *const links[] = {"href", "src", "style", "xlink:href", "xml:base", "srcset", "action", "ping"};
    if (n == ATTRIBUTES || !read_name(w, &seen[n])) return n == ATTRIBUTES ? wrong(w, "too many attributes") : false;
    for (int i = 0; i < n; i++)
        if (same(seen[i], seen[n])) return wrong(w, "attribute %.*s twice", (int)seen[n].n, seen[n].at);
    if (w->may_link && same(seen[n], (word){"xlink:href", 10})) return read_link(w);
    for (size_t i = w->page ? 3 : 0; i < sizeof links / sizeof *links; i++)
        if (same(seen[n], (word){links[i], strlen(links[i])})) return wrong(w, "attribute %s", links[i]);
    if (seen[n].n > 2 && memcmp(seen[n].at, "on", 2) == 0) return wrong(w, "a handler");
    if (!is(w, "=\"")) return wrong(w, "attribute without a quoted value");
    static const char *const words[] = {"title", "xlink:title", "alt", "aria-label",
                                        NULL}; /* text for people: loads nothing */
    bool says = is_one_of(seen[n], words) || (seen[n].n > 5 && memcmp(seen[n].at, "data-", 5) == 0);
    w->p += 2;
    if (w->page && !check_link(w, seen[n])) return false;
    while (w->p < w->end && *w->p != '"') {
        if (!says && (is(w, "url(") || is(w, "javascript:"))) return wrong(w, "an address in an attribute");
        if (*w->p == '<') return wrong(w, "'<' in an attribute");
        if (*w->p != '&') w->p++;
        else if (!read_entity(w)) return false;
    }
    return w->p++ < w->end ? true : wrong(w, "an attribute without an end");
}

static bool read_open(walk *w)
{
    static const char *const drawing[] = {"svg",      "g",       "title", "a",    "polygon", "path",
                                          "polyline", "ellipse", "text",  "rect", NULL};
    static const char *const text[] = {
        "html",    "head",    "meta",       "title", "link",   "style", "body", "div", "header", "nav",   "main",
        "section", "figure",  "h1",         "h2",    "h3",     "p",     "span", "b",   "i",      "small", "ul",
        "li",      "table",   "thead",      "tbody", "tr",     "th",    "td",   "img", "label",  "input", "pre",
        "details", "summary", "figcaption", "use",   "circle", "tspan", "code", "br",  NULL};
    word name, seen[ATTRIBUTES];
    w->p++;
    if (!read_name(w, &name)) return false;
    if (!is_one_of(name, drawing) && !(w->page && is_one_of(name, text)))
        return wrong(w, "element %.*s", (int)name.n, name.at);
    for (int n = 0;; n++) {
        const char *before = w->p;
        skip_space(w);
        if (is(w, ">") || is(w, "/>")) break;
        if (w->p == before) return wrong(w, "no space between attributes");
        if (!read_attribute(w, seen, n)) return false;
    }
    bool empty = *w->p == '/';
    w->p += empty ? 2 : 1;
    if (w->depth == 0 && ++w->roots > 1) return wrong(w, "a second root");
    if (empty) return true;
    if (w->depth == DEPTH) return wrong(w, "too deep");
    w->open[w->depth++] = name;
    return true;
}

static bool read_close(walk *w)
{
    word name;
    w->p += 2;
    if (!read_name(w, &name)) return false;
    if (w->depth == 0 || !same(name, w->open[--w->depth]))
        return wrong(w, "</%.*s> closes nothing", (int)name.n, name.at);
    skip_space(w);
    return is(w, ">") ? (w->p++, true) : wrong(w, "an end without '>'");
}

static bool read_comment(walk *w)
{
    for (w->p += 4; w->p < w->end; w->p++)
        if (is(w, "--")) return is(w, "-->") ? (w->p += 3, true) : wrong(w, "'--' in a comment");
    return wrong(w, "a comment without an end");
}

static bool read_part(walk *w)
{
    if (is(w, "<!--")) return read_comment(w);
    if (is(w, sdag_theme_dark) && w->depth == 1 && !w->styles++) {
        w->p += strlen(sdag_theme_dark);
        return true;
    }
    if (w->page && w->roots == 0 && is(w, "<!DOCTYPE html>")) return w->p += 15, true;
    if (is(w, "<?xml ") || (is(w, "<!DOCTYPE svg ") && w->roots == 0)) { /* as Graphviz writes them, without brackets */
        while (w->p < w->end && *w->p != '>') w->p++;
        return w->p++ < w->end;
    }
    if (is(w, "</")) return read_close(w);
    if (is(w, "<")) return read_open(w);
    if (is(w, "]]>")) return wrong(w, "']]>' in text");
    if (w->depth == 0 && !strchr(" \t\r\n", *w->p)) return wrong(w, "text outside the root");
    if (is(w, "&")) return read_entity(w);
    w->p++;
    return true;
}

static bool is_sound(walk *w)
{
    if (!check_characters(w)) return false;
    while (w->p < w->end)
        if (!read_part(w)) return false;
    return w->depth == 0 && w->roots == 1 ? true : wrong(w, "%d elements are open, %d roots", w->depth, w->roots);
}

bool xml_is_map(const char *text, size_t len, int *links, char why[200])
{
    walk w = {.start = text, .p = text, .end = text + len, .why = why, .may_link = true};
    bool sound = is_sound(&w);
    *links = w.links;
    return sound;
}

bool xml_is_sound(const char *text, size_t len, char why[200])
{
    return is_sound(&(walk){.start = text, .p = text, .end = text + len, .why = why});
}

bool page_is_sound(const char *text, size_t len, char why[200])
{
    return is_sound(&(walk){.start = text, .p = text, .end = text + len, .why = why, .page = true});
}
