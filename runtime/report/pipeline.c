/* The pipeline as the run drew it, and coloured by what its nodes took: among the elements of the page where a picture
 * is nothing but a drawing, as an image of its own otherwise. Two buttons choose, without a script. */
#include <string.h>

#include "runtime/report/section.h"
#include "runtime/report/svg.h"

enum { PICTURE_MAX = 8 << 20 };

static const char *plain_picture(size_t *len, sdag_folder *f)
{
    char *text;
    return sdag_folder_file(&text, len, f, "graph.svg", PICTURE_MAX) ? text : NULL;
}

static bool has(sdag_folder *f)
{
    size_t len;
    return f->time_svg || plain_picture(&len, f);
}

static void put_picture(sdag_page *p, sdag_folder *f, const char *text, size_t len, int face)
{
    size_t n = 0;
    sdag_page_f(p, "<div class=\"picture m%d\">\n", face);
    const char *drawing = sdag_svg_inert(&n, f->a, text, len);
    if (drawing) sdag_out_write(p, drawing, n);
    else {
        sdag_page_f(p, "<img alt=\"the pipeline\" src=\"data:image/svg+xml;base64,");
        sdag_page_base64(p, text, len);
        sdag_page_f(p, "\"/>");
    }
    sdag_page_f(p, "</div>\n");
}

static void put(sdag_page *p, sdag_folder *f)
{
    size_t len = 0;
    const char *plain = plain_picture(&len, f);
    bool both = plain && f->time_svg;
    sdag_page_f(p, "<div class=\"%s\">\n", both ? "faces" : "face");
    if (both)
        sdag_page_f(p, "<input type=\"radio\" name=\"face\" id=\"face0\" class=\"m0\" checked=\"checked\"/>"
                       "<label for=\"face0\">What it is made of</label>"
                       "<input type=\"radio\" name=\"face\" id=\"face1\" class=\"m1\"/>"
                       "<label for=\"face1\">Where the time goes</label>\n");
    if (plain) put_picture(p, f, plain, len, 0);
    if (f->time_svg) put_picture(p, f, f->time_svg, f->time_svg_len, 1);
    sdag_page_f(p, "</div>\n");
}

const sdag_section sdag_section_pipeline = {"pipeline", "Pipeline", has, put};
