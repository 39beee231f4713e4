/* The pipeline as the run drew it: graph.svg among the elements of the page where it is nothing but a drawing, as an
 * image of its own otherwise. With the times of the nodes where there are some. */
#include <string.h>

#include "runtime/report/section.h"
#include "runtime/report/svg.h"

enum { PICTURE_MAX = 8 << 20 };

static const char *picture_of(size_t *len, sdag_folder *f)
{
    static const char *const files[] = {"report/time.svg", "graph.svg"};
    char *text;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (sdag_folder_file(&text, len, f, files[i], PICTURE_MAX)) return text;
    return NULL;
}

static bool has(sdag_folder *f)
{
    size_t len;
    return picture_of(&len, f) != NULL;
}

static void put(sdag_page *p, sdag_folder *f)
{
    size_t len = 0, n = 0;
    const char *text = picture_of(&len, f);
    if (!text) return;
    sdag_page_f(p, "<div class=\"picture\">\n");
    const char *drawing = sdag_svg_inert(&n, f->a, text, len);
    if (drawing) sdag_out_write(p, drawing, n);
    else {
        sdag_page_f(p, "<img alt=\"the pipeline\" src=\"data:image/svg+xml;base64,");
        sdag_page_base64(p, text, len);
        sdag_page_f(p, "\"/>");
    }
    sdag_page_f(p, "</div>\n");
}

const sdag_section sdag_section_pipeline = {"pipeline", "Pipeline", has, put};
