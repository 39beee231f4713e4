#include "core/io/chart.h"

#include <math.h>
#include <stdio.h>

#include "core/base/file.h"
#include "core/base/str.h"

enum { WIDTH = 640, HEIGHT = 400, LEFT = 70, RIGHT = 170, TOP = 44, BOTTOM = 58, TICKS = 6, STYLES = 6 };

/* Okabe and Ito's colours, which people tell apart whatever their eyes; dashes and marks for those who see none. */
static const struct {
    const char *color, *dash, *mark; /* mark: a path about 0,0 */
} styles[STYLES] = {
    {"#0072b2", "none", "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z"},
    {"#d55e00", "7,4", "M-4,-4h8v8h-8z"},
    {"#009e73", "2,3", "M0,-5l5,9h-10z"},
    {"#cc79a7", "9,3,2,3", "M0,-5l5,5l-5,5l-5,-5z"},
    {"#7a6a00", "12,3", "M-5,-4h10l-5,9z"},
    {"#555555", "4,2", "M-5,-1h4v-4h2v4h4v2h-4v4h-2v-4h-4z"},
};

typedef struct axis {
    double lo, hi, step; /* step: of the marks; 0: marks at the points */
    int from, to;        /* pixels of lo and hi */
    bool log;
} axis;

static int pixel(const axis *a, double v)
{
    double lo = a->log ? log(a->lo) : a->lo, hi = a->log ? log(a->hi) : a->hi, x = a->log ? log(v) : v;
    double part = hi > lo ? (x - lo) / (hi - lo) : 0.5;
    return (int)lround(a->from + part * (a->to - a->from));
}

/* The smallest of 1, 2, 5 times a power of ten that leaves no more than TICKS marks. */
static double nice_step(double range)
{
    static const double parts[] = {1, 2, 5, 10};
    double ten = pow(10, floor(log10(range / TICKS)));
    for (int i = 0; i < 4; i++)
        if (range / (parts[i] * ten) <= TICKS) return parts[i] * ten;
    return 10 * ten;
}

static axis y_axis(const sdag_chart *c)
{
    axis a = {.lo = INFINITY, .hi = -INFINITY, .from = HEIGHT - BOTTOM, .to = TOP};
    for (int k = 0; k < c->n_lines; k++)
        for (int i = 0; i < c->n; i++)
            if (isfinite(c->lines[k].y[i])) {
                a.lo = fmin(a.lo, c->lines[k].y[i]);
                a.hi = fmax(a.hi, c->lines[k].y[i]);
            }
    if (!(a.lo <= a.hi)) a.lo = 0, a.hi = 1;    /* no point at all */
    double room = fmax(0.5, 0.05 * fabs(a.hi)); /* about numbers that are all the same */
    if (a.hi - a.lo < 1e-9 * fmax(fabs(a.hi), 1e-9)) a.lo -= room, a.hi += room;
    a.step = nice_step(a.hi - a.lo);
    a.lo = floor(a.lo / a.step) * a.step;
    a.hi = ceil(a.hi / a.step) * a.step;
    return a;
}

static void put_text(sdag_outfile *o, const char *text)
{
    for (const char *p = text; *p; p++) switch (*p) {
        case '&': sdag_out_printf(o, "&amp;"); break;
        case '<': sdag_out_printf(o, "&lt;"); break;
        case '>': sdag_out_printf(o, "&gt;"); break;
        case '"': sdag_out_printf(o, "&quot;"); break;
        default: sdag_out_write(o, (unsigned char)*p < 32 ? " " : p, 1); /* control characters are no XML */
        }
}

static void put_label(sdag_outfile *o, int x, int y, const char *how, const char *text)
{
    sdag_out_printf(o, "<text x=\"%d\" y=\"%d\" %s>", x, y, how);
    put_text(o, text);
    sdag_out_printf(o, "</text>\n");
}

/* A mark of an axis, without what the steps to it lost. */
static const char *mark_text(char text[32], double v, double step)
{
    snprintf(text, 32, "%.12g", rint(v / step) * step + 0.0);
    return text;
}

static void put_frame(sdag_outfile *o, const sdag_chart *c, const axis *x, const axis *y)
{
    char text[32];
    for (int k = 0; k <= (int)lround((y->hi - y->lo) / y->step); k++) {
        double v = y->lo + k * y->step;
        sdag_out_printf(o, "<path class=\"grid\" d=\"M%d,%dH%d\"/>\n", LEFT, pixel(y, v), WIDTH - RIGHT);
        put_label(o, LEFT - 8, pixel(y, v) + 4, "text-anchor=\"end\"", mark_text(text, v, y->step));
    }
    for (int i = 0; i < c->n; i++) {
        sdag_out_printf(o, "<path class=\"axis\" d=\"M%d,%dv5\"/>\n", pixel(x, c->x[i]), HEIGHT - BOTTOM);
        put_label(o, pixel(x, c->x[i]), HEIGHT - BOTTOM + 20, "text-anchor=\"middle\"",
                  sdag_f32_text(text, (float)c->x[i]));
    }
    sdag_out_printf(o, "<path class=\"axis\" d=\"M%d,%dV%dH%d\"/>\n", LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT);
    if (c->title) put_label(o, LEFT, TOP - 18, "class=\"title\"", c->title);
    if (c->x_label) put_label(o, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "text-anchor=\"middle\"", c->x_label);
    if (c->y_label) {
        sdag_out_printf(o, "<g transform=\"translate(18,%d) rotate(-90)\">", (TOP + HEIGHT - BOTTOM) / 2);
        put_label(o, 0, 0, "text-anchor=\"middle\"", c->y_label);
        sdag_out_printf(o, "</g>\n");
    }
}

static void put_mark(sdag_outfile *o, int style, int x, int y)
{
    sdag_out_printf(o, "<path transform=\"translate(%d,%d)\" d=\"%s\" fill=\"%s\"/>\n", x, y, styles[style].mark,
                    styles[style].color);
}

static void put_line(sdag_outfile *o, const sdag_chart *c, int k, const axis *x, const axis *y)
{
    const sdag_chart_line *l = &c->lines[k];
    int style = k % STYLES, at = TOP + 14 + 24 * k, left = WIDTH - RIGHT + 16;
    const char *stroke = "\" fill=\"none\" stroke-width=\"2\"";
    bool pen = false;
    sdag_out_printf(o, "<g><title>");
    put_text(o, l->name);
    sdag_out_printf(o, "</title>\n<path d=\"");
    for (int i = 0; i < c->n; i++) {
        bool here = isfinite(l->y[i]);
        if (here) sdag_out_printf(o, "%c%d,%d", pen ? 'L' : 'M', pixel(x, c->x[i]), pixel(y, l->y[i]));
        pen = here;
    }
    sdag_out_printf(o, "%s stroke=\"%s\" stroke-dasharray=\"%s\"/>\n", stroke, styles[style].color, styles[style].dash);
    for (int i = 0; i < c->n; i++)
        if (isfinite(l->y[i])) put_mark(o, style, pixel(x, c->x[i]), pixel(y, l->y[i]));
    sdag_out_printf(o, "<path d=\"M%d,%dh30%s stroke=\"%s\" stroke-dasharray=\"%s\"/>\n", left, at, stroke,
                    styles[style].color, styles[style].dash);
    put_mark(o, style, left + 15, at);
    put_label(o, left + 38, at + 4, "", l->name);
    sdag_out_printf(o, "</g>\n");
}

sdag_status sdag_chart_write(const sdag_chart *c, sdag_log *log, const char *path)
{
    sdag_outfile o;
    sdag_status status = sdag_out_open(&o, log, path);
    if (status) return status;
    axis x = {.lo = c->x[0], .hi = c->x[c->n - 1], .from = LEFT + 16, .to = WIDTH - RIGHT - 16, .log = c->log_x};
    axis y = y_axis(c);
    sdag_out_printf(&o,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n"
                    "<style>text{font:13px sans-serif;fill:#222}.title{font-weight:bold;font-size:15px}"
                    ".grid{stroke:#ddd;fill:none}.axis{stroke:#444;fill:none}</style>\n"
                    "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
                    WIDTH, HEIGHT, WIDTH, HEIGHT);
    put_frame(&o, c, &x, &y);
    for (int k = 0; k < c->n_lines; k++) put_line(&o, c, k, &x, &y);
    sdag_out_printf(&o, "</svg>\n");
    return sdag_out_commit(&o, log);
}
