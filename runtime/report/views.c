/* Pictures: the images as the model sees them, what it makes of them, and the PNG and SVG files that sinks wrote. */
#include <string.h>

#include "runtime/report/section.h"

enum { PNG_MAX = 4 << 20, FIGURES_MAX = 24, SINKS_MAX = 12 };

/* A file beside views.json: a plain name. */
static bool is_plain(const char *name) { return name && *name && *name != '.' && !strchr(name, '/'); }

static bool has(sdag_folder *f)
{
    const char *names[SINKS_MAX];
    return json_array_size(f->views) > 0 || sdag_folder_find(names, SINKS_MAX, f, ".png") > 0 ||
           sdag_folder_find(names, SINKS_MAX, f, ".svg") > 1 /* graph.svg */;
}

static const char *word(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

static void put_figure(sdag_page *p, sdag_folder *f, const char *file, const char *title, const char *phase,
                       const char *node)
{
    char *bytes;
    size_t n;
    if (!sdag_folder_file(&bytes, &n, f, file, PNG_MAX)) return;
    SDAG_PAGE(p, "<figure class=\"grid-of-images\" data-file=\"", file, "\">");
    if (!sdag_page_png(p, bytes, n, title)) SDAG_PAGE(p, "<p class=\"quiet\">", file, " is no PNG file.</p>");
    SDAG_PAGE(p, "<figcaption><b>", title, "</b>");
    if (*phase || *node) SDAG_PAGE(p, "<span>", phase, *phase && *node ? " &#183; " : "", node, "</span>");
    sdag_page_f(p, "</figcaption></figure>\n");
}

/* As an image of its own: a chart that a sink drew has a white ground and a style sheet. */
static void put_drawing(sdag_page *p, sdag_folder *f, const char *file)
{
    char *text;
    size_t n;
    if (!sdag_folder_file(&text, &n, f, file, PNG_MAX)) return;
    SDAG_PAGE(p, "<figure data-file=\"", file, "\"><img class=\"drawing\" alt=\"", file,
              "\" src=\"data:image/svg+xml;base64,");
    sdag_page_base64(p, text, n);
    SDAG_PAGE(p, "\"/><figcaption><b>", file, "</b></figcaption></figure>\n");
}

static void put(sdag_page *p, sdag_folder *f)
{
    const char *names[SINKS_MAX];
    size_t i;
    json_t *v;
    sdag_page_f(p, "<div class=\"images\">\n");
    json_array_foreach(f->views, i, v)
    {
        const char *file = word(v, "file"), *title = word(v, "title"), *node = word(v, "node");
        if (i >= FIGURES_MAX) break;
        if (is_plain(file))
            put_figure(p, f, sdag_arena_printf(f->a, "report/%s", file), *title ? title : node, word(v, "phase"), node);
    }
    int n = sdag_folder_find(names, SINKS_MAX, f, ".png");
    for (int k = 0; k < n; k++) put_figure(p, f, names[k], names[k], "", "");
    n = sdag_folder_find(names, SINKS_MAX, f, ".svg");
    for (int k = 0; k < n; k++)
        if (strcmp(names[k], "graph.svg")) put_drawing(p, f, names[k]);
    sdag_page_f(p, "</div>\n");
}

const sdag_section sdag_section_views = {"views", "What the model sees", has, put};
