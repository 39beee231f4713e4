#include "runtime/report/svg.h"

#include <string.h>

#include "core/base/str.h"

enum { DEPTH_MAX = 64, ATTRIBUTES_MAX = 40 };

typedef struct word {
    const char *at;
    size_t n;
} word;

typedef struct walk {
    const char *p, *end;
    word open[DEPTH_MAX];
    int depth;
    sdag_arena *a;
    SDAG_VEC(word) dropped; /* parts that are left out, in their order */
} walk;

static const char *const elements[] = {
    "svg",  "g",    "title", "desc", "a",    "polygon",        "path",           "polyline", "ellipse", "circle",
    "line", "text", "tspan", "rect", "defs", "linearGradient", "radialGradient", "stop",     NULL};
static const char *const attributes[] = {"width",
                                         "height",
                                         "viewBox",
                                         "xmlns",
                                         "xmlns:xlink",
                                         "id",
                                         "class",
                                         "transform",
                                         "fill",
                                         "stroke",
                                         "stroke-width",
                                         "stroke-dasharray",
                                         "stroke-opacity",
                                         "fill-opacity",
                                         "opacity",
                                         "points",
                                         "d",
                                         "x",
                                         "y",
                                         "x1",
                                         "y1",
                                         "x2",
                                         "y2",
                                         "cx",
                                         "cy",
                                         "r",
                                         "rx",
                                         "ry",
                                         "dx",
                                         "dy",
                                         "text-anchor",
                                         "font-family",
                                         "font-size",
                                         "font-weight",
                                         "font-style",
                                         "text-decoration",
                                         "xlink:title",
                                         "offset",
                                         "stop-color",
                                         "stop-opacity",
                                         "gradientUnits",
                                         "role",
                                         "aria-label",
                                         "data-node",
                                         "data-phase",
                                         "data-level",
                                         "dominant-baseline",
                                         "preserveAspectRatio",
                                         "xml:space",
                                         "version",
                                         NULL};

static bool is_one_of(word a, const char *const *names)
{
    for (; *names; names++)
        if (strlen(*names) == a.n && memcmp(a.at, *names, a.n) == 0) return true;
    return false;
}

static bool starts(const walk *w, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(w->end - w->p) >= n && memcmp(w->p, text, n) == 0;
}

static bool skip_past(walk *w, const char *text)
{
    const char *at = memmem(w->p, (size_t)(w->end - w->p), text, strlen(text));
    if (at) w->p = at + strlen(text);
    return at != NULL;
}

static void skip_space(walk *w)
{
    while (w->p < w->end && strchr(" \t\r\n", *w->p)) w->p++;
}

static bool read_name(word *name, walk *w)
{
    name->at = w->p;
    while (w->p < w->end && ((*w->p >= 'a' && *w->p <= 'z') || (*w->p >= 'A' && *w->p <= 'Z') ||
                             (*w->p >= '0' && *w->p <= '9') || *w->p == '-' || *w->p == ':' || *w->p == '_'))
        w->p++;
    name->n = (size_t)(w->p - name->at);
    return name->n > 0;
}

/* &amp; and its four sisters, and numbers of characters that XML allows. */
static bool read_entity(walk *w)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (starts(w, known[i])) return skip_past(w, ";");
    if (!starts(w, "&#")) return false;
    uint32_t c = 0;
    bool hex = w->p + 2 < w->end && w->p[2] == 'x';
    int digits = 0;
    for (w->p += hex ? 3 : 2; w->p < w->end && digits < 7; w->p++, digits++) {
        char d = *w->p;
        uint32_t v = d >= '0' && d <= '9'          ? (uint32_t)(d - '0')
                     : hex && d >= 'a' && d <= 'f' ? (uint32_t)(d - 'a' + 10)
                     : hex && d >= 'A' && d <= 'F' ? (uint32_t)(d - 'A' + 10)
                                                   : 99;
        if (v == 99) break;
        c = c * (hex ? 16 : 10) + v;
    }
    if (!digits || w->p >= w->end || *w->p++ != ';') return false;
    return c == 9 || c == 10 || c == 13 || (c >= 0x20 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) ||
           (c >= 0x10000 && c <= 0x10ffff);
}

static bool read_value(walk *w)
{
    for (; w->p < w->end && *w->p != '"';) {
        if (*w->p == '<') return false;
        if (*w->p != '&') w->p++;
        else if (!read_entity(w)) return false;
    }
    return w->p++ < w->end;
}

static bool is_id(word a) { return a.n == 2 && memcmp(a.at, "id", 2) == 0; }
static bool is_gradient(word element) { return element.n == 14 && memcmp(element.at + 6, "Gradient", 8) == 0; }

static bool read_element(walk *w)
{
    word name, seen[ATTRIBUTES_MAX];
    w->p++;
    if (!read_name(&name, w) || !is_one_of(name, elements)) return false;
    if (w->depth == 0 && (name.n != 3 || memcmp(name.at, "svg", 3))) return false;
    for (int n = 0;; n++) {
        const char *before = w->p;
        skip_space(w);
        if (starts(w, ">") || starts(w, "/>")) break;
        if (w->p == before || n == ATTRIBUTES_MAX || !read_name(&seen[n], w) || !is_one_of(seen[n], attributes))
            return false;
        for (int i = 0; i < n; i++)
            if (seen[i].n == seen[n].n && !memcmp(seen[i].at, seen[n].at, seen[n].n)) return false;
        if (!starts(w, "=\"")) return false;
        w->p += 2;
        const char *value = w->p;
        if (!read_value(w)) return false;
        word v = {value, (size_t)(w->p - 1 - value)};
        if (seen[n].n >= 5 && !memcmp(seen[n].at, "xmlns", 5) && (v.n < 18 || memcmp(v.at, "http://www.w3.org/", 18)))
            return false;
        /* names are the page's: those of groups serve nobody, and two pictures have the same ones */
        if (is_id(seen[n]) && !is_gradient(name))
            *SDAG_PUSH(w->a, &w->dropped) = (word){before, (size_t)(w->p - before)};
        const char *url = memmem(v.at, v.n, "url(", 4); /* a gradient of its own, and nothing farther */
        if (url && (url + 4 >= v.at + v.n || url[4] != '#')) return false;
    }
    bool empty = *w->p == '/';
    w->p += empty ? 2 : 1;
    if (empty) return true;
    if (w->depth == DEPTH_MAX) return false;
    w->open[w->depth++] = name;
    return true;
}

static bool read_end(walk *w)
{
    word name;
    w->p += 2;
    if (!read_name(&name, w) || w->depth == 0) return false;
    word open = w->open[--w->depth];
    if (open.n != name.n || memcmp(open.at, name.at, name.n)) return false;
    skip_space(w);
    return starts(w, ">") ? (w->p++, true) : false;
}

static bool read_comment(walk *w)
{
    w->p += 4;
    const char *at = memmem(w->p, (size_t)(w->end - w->p), "--", 2);
    if (!at || at + 2 >= w->end || at[2] != '>') return false;
    w->p = at + 3;
    return true;
}

static bool is_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t c;
        int n = sdag_utf8(&c, text + i, len - i);
        if (n == 0 || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xfffe || c == 0xffff || c == 0x7f)
            return false;
        i += (size_t)n;
    }
    return true;
}

/* <?xml ...?>, <!DOCTYPE svg ...> without brackets, comments: what stands before the drawing, and is left out. */
static bool skip_prolog(walk *w)
{
    for (;;) {
        skip_space(w);
        if (starts(w, "<?xml ")) {
            if (!skip_past(w, "?>")) return false;
        } else if (starts(w, "<!DOCTYPE svg ")) {
            const char *stop = memchr(w->p, '>', (size_t)(w->end - w->p));
            if (!stop || memchr(w->p, '[', (size_t)(stop - w->p))) return false;
            w->p = stop + 1;
        } else if (starts(w, "<!--")) {
            if (!read_comment(w)) return false;
        } else return starts(w, "<svg");
    }
}

/* A style sheet of its own would be one for the whole page. */
static bool read_style(walk *w)
{
    const char *from = w->p;
    w->p += strlen("<style>");
    const char *end = memchr(w->p, '<', (size_t)(w->end - w->p));
    if (!end || w->depth == 0) return false;
    w->p = end;
    if (!starts(w, "</style>")) return false;
    w->p += strlen("</style>");
    *SDAG_PUSH(w->a, &w->dropped) = (word){from, (size_t)(w->p - from)};
    return true;
}

static bool read_drawing(walk *w)
{
    do {
        bool fine = true;
        if (starts(w, "<!--")) fine = read_comment(w);
        else if (starts(w, "<style>")) fine = read_style(w);
        else if (starts(w, "</")) fine = read_end(w);
        else if (starts(w, "<")) fine = read_element(w);
        else if (starts(w, "&")) fine = read_entity(w);
        else if (starts(w, "]]>")) fine = false;
        else w->p++;
        if (!fine) return false;
    } while (w->depth > 0 && w->p < w->end);
    const char *end = w->p;
    skip_space(w);
    bool whole = w->depth == 0 && w->p == w->end;
    w->p = end;
    return whole;
}

const char *sdag_svg_inert(size_t *out_len, sdag_arena *a, const char *text, size_t len)
{
    walk w = {.p = text, .end = text + len, .a = a};
    if (!is_text(text, len) || !skip_prolog(&w)) return NULL;
    const char *from = w.p;
    if (!read_drawing(&w)) return NULL;
    char *out = sdag_arena_get(a, (size_t)(w.p - from) + 1), *to = out;
    for (int i = 0; i <= w.dropped.n; i++) {
        const char *end = i < w.dropped.n ? w.dropped.at[i].at : w.p;
        memcpy(to, from, (size_t)(end - from));
        to += end - from;
        if (i < w.dropped.n) from = end + w.dropped.at[i].n;
    }
    *out_len = (size_t)(to - out);
    return out;
}
