#include "runtime/report/plot.h"

#include <math.h>
#include <string.h>

#include "runtime/report/scale.h"

enum { WIDTH = 380, HEIGHT = 206, LEFT = 50, RIGHT = 14, TOP = 24, BOTTOM = 30, BANDS = 40, MARKS = 7, SHOWN = 6 };

typedef struct frame {
    const sdag_plot *plot;
    sdag_scale x, y;
} frame;

static bool frame_make(frame *f, const sdag_plot *c)
{
    sdag_point lo = {INFINITY, INFINITY}, hi = {-INFINITY, -INFINITY};
    for (int k = 0; k < c->n; k++)
        for (int i = 0; i < c->lines[k].n; i++) {
            sdag_point q = c->lines[k].at[i];
            lo = (sdag_point){fmin(lo.x, q.x), fmin(lo.y, q.y)};
            hi = (sdag_point){fmax(hi.x, q.x), fmax(hi.y, q.y)};
        }
    if (!(lo.x <= hi.x)) return false;
    f->plot = c;
    f->x = sdag_scale_make(lo.x, hi.x, LEFT + 4, WIDTH - RIGHT, 6, false, true);
    f->y = sdag_scale_make(lo.y, hi.y, HEIGHT - BOTTOM, TOP, 4, c->log_y && lo.y > 0, c->log_y && lo.y > 0);
    return true;
}

static void put_axes(sdag_page *p, const frame *f)
{
    double at[SDAG_SCALE_TICKS_MAX];
    char text[32];
    int n = sdag_scale_ticks(at, &f->y);
    for (int i = 0; i < n; i++) {
        double y = sdag_scale_at(&f->y, at[i]);
        sdag_page_f(p,
                    "<path class=\"grid\" d=\"M%d,%.1fH%d\"/><text class=\"tick\" x=\"%d\" y=\"%.1f\" "
                    "text-anchor=\"end\">%s</text>",
                    LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 3.5, sdag_scale_text(text, &f->y, at[i]));
    }
    n = sdag_scale_ticks(at, &f->x);
    for (int i = 0; i < n; i++)
        sdag_page_f(p, "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                    sdag_scale_at(&f->x, at[i]), HEIGHT - BOTTOM + 14, sdag_scale_text(text, &f->x, at[i]));
    sdag_page_f(p, "<path class=\"axis\" d=\"M%d,%dH%d\"/>", LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT);
    if (f->plot->x_label) {
        sdag_page_f(p, "<text class=\"tick\" x=\"%d\" y=\"%d\" text-anchor=\"end\">", WIDTH - RIGHT, HEIGHT - 4);
        SDAG_PAGE(p, "", f->plot->x_label, f->y.log ? ", log scale</text>" : "</text>");
    }
}

static void put_line(sdag_page *p, const frame *f, const sdag_plot_line *l)
{
    int color = l->style % SDAG_PAGE_COLORS;
    SDAG_PAGE(p, "<g><title>", l->name, "</title>");
    sdag_page_f(p, "<path class=\"line s%d\" d=\"", color);
    for (int i = 0; i < l->n; i++)
        sdag_page_f(p, "%c%.1f,%.1f", i ? 'L' : 'M', sdag_scale_at(&f->x, l->at[i].x),
                    sdag_scale_at(&f->y, l->at[i].y));
    sdag_page_f(p, "\"/>");
    int marks = f->plot->n > 1 ? MARKS : 1; /* a single line is known by itself: its last value is marked */
    for (int k = 0; k < marks && l->n; k++) {
        int i = marks == 1 || l->n == 1 ? l->n - 1 : (int)((int64_t)k * (l->n - 1) / (marks - 1));
        sdag_page_f(p, "<path class=\"mark f%d\" transform=\"translate(%.1f,%.1f) scale(0.8)\" d=\"%s\"/>", color,
                    sdag_scale_at(&f->x, l->at[i].x), sdag_scale_at(&f->y, l->at[i].y),
                    sdag_page_marks[l->style % SDAG_PAGE_MARKS]);
    }
    sdag_page_f(p, "</g>");
}

static const sdag_point *nearest(const sdag_plot_line *l, double x)
{
    const sdag_point *best = NULL;
    for (int i = 0; i < l->n; i++)
        if (!best || fabs(l->at[i].x - x) < fabs(best->x - x)) best = &l->at[i];
    return best;
}

/* What stands under the pointer: a strip of the drawing that shows its numbers while the pointer is over it. */
static void put_band(sdag_page *p, const frame *f, double from, double to)
{
    const sdag_plot *c = f->plot;
    double unit = (from + to) / 2, v = f->x.lo + (unit - f->x.from) / (f->x.to - f->x.from) * (f->x.hi - f->x.lo);
    const sdag_point *at[SHOWN] = {0};
    int n = c->n < SHOWN ? c->n : SHOWN;
    for (int k = 0; k < n; k++) {
        at[k] = nearest(&c->lines[k], at[0] ? at[0]->x : v);
        if (at[k] && fabs(at[k]->x - v) > (f->x.hi - f->x.lo) * 0.05) at[k] = NULL;
    }
    char text[32];
    const sdag_point *first = NULL;
    for (int k = 0; k < n && !first; k++) first = at[k];
    if (!first) return;
    sdag_page_f(p, "<g class=\"band\"><rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/><g class=\"tip\">", from,
                TOP - 4, to - from, HEIGHT - TOP - BOTTOM + 8);
    double x = sdag_scale_at(&f->x, first->x);
    sdag_page_f(p, "<path class=\"axis\" d=\"M%.1f,%dV%d\"/>", x, TOP, HEIGHT - BOTTOM);
    for (int k = 0; k < n; k++)
        if (at[k])
            sdag_page_f(p, "<circle class=\"f%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.2\"/>",
                        c->lines[k].style % SDAG_PAGE_COLORS, sdag_scale_at(&f->x, at[k]->x),
                        sdag_scale_at(&f->y, at[k]->y));
    sdag_page_f(p, "<text x=\"%d\" y=\"14\">", LEFT);
    SDAG_PAGE(p, "", c->x_label ? c->x_label : "", " ", sdag_page_count(text, first->x), "");
    for (int k = 0; k < n; k++) {
        if (!at[k]) continue;
        sdag_page_f(p, "<tspan class=\"f%d\" dx=\"8\">%s</tspan>", c->lines[k].style % SDAG_PAGE_COLORS,
                    sdag_page_number(text, at[k]->y));
    }
    sdag_page_f(p, "</text></g></g>");
}

void sdag_plot_write(sdag_page *p, const sdag_plot *c)
{
    frame f;
    if (!frame_make(&f, c)) return;
    sdag_page_f(p, "<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\">", WIDTH, HEIGHT);
    put_axes(p, &f);
    for (int k = 0; k < c->n; k++) put_line(p, &f, &c->lines[k]);
    double wide = (f.x.to - f.x.from) / BANDS;
    for (int i = 0; i < BANDS; i++) put_band(p, &f, f.x.from + i * wide, f.x.from + (i + 1) * wide);
    sdag_page_f(p, "</svg>\n");
}

void sdag_plot_mark(sdag_page *p, int style)
{
    sdag_page_f(p, "<svg class=\"key\" viewBox=\"-6 -6 12 12\"><path class=\"f%d\" d=\"%s\"/></svg>",
                style % SDAG_PAGE_COLORS, sdag_page_marks[style % SDAG_PAGE_MARKS]);
}

void sdag_plot_legend(sdag_page *p, const sdag_plot *c)
{
    sdag_page_f(p, "<ul class=\"legend\">");
    for (int k = 0; k < c->n; k++) {
        sdag_page_f(p, "<li>");
        sdag_plot_mark(p, c->lines[k].style);
        SDAG_PAGE(p, "", c->lines[k].name, "</li>");
    }
    sdag_page_f(p, "</ul>\n");
}
