/* Does the embedding still use its dimensions? What probe.collapse reports, and what it means. */
#include <math.h>
#include <string.h>

#include "runtime/report/plot.h"
#include "runtime/report/section.h"

/* Below, an embedding has all but lost what it could say; see nodes/probe/collapse.c for the two measures. */
static const double spread_low = 0.2, rank_low = 2;

static bool ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && !strcmp(name + n - m, ending);
}

bool sdag_collapse_shows(const sdag_folder *f, const sdag_series *s)
{
    bool spread = ends_with(s->name, ".spread"), rank = ends_with(s->name, ".rank");
    if (!spread && !rank) return false;
    int n = (int)(strrchr(s->name, '.') - s->name);
    const sdag_series *other =
        sdag_folder_series(f, s->phase, sdag_arena_printf(f->a, "%.*s.%s", n, s->name, spread ? "rank" : "spread"));
    return other && other->n;
}

/* The curve of NODE.rank beside series i, when that is NODE.spread. */
static const sdag_series *rank_beside(const sdag_folder *f, int i)
{
    const sdag_series *s = &f->series[i];
    if (!s->n || !ends_with(s->name, ".spread") || !sdag_collapse_shows(f, s)) return NULL;
    return sdag_folder_series(f, s->phase, sdag_arena_printf(f->a, "%.*s.rank", (int)strlen(s->name) - 7, s->name));
}

static bool has(sdag_folder *f)
{
    for (int i = 0; i < f->n_series; i++)
        if (rank_beside(f, i)) return true;
    return false;
}

static void put_one(sdag_page *p, const sdag_series *s, const char *title, int style)
{
    char text[32];
    SDAG_PAGE(p, "<figure class=\"curve\"><figcaption><b>", title, "</b>");
    sdag_page_f(p, "<span>%s</span></figcaption>\n", sdag_page_number(text, s->last));
    if (s->n > 1) {
        sdag_plot_line line = {s->name, s->at, s->n_at, style};
        sdag_plot_write(p, &(sdag_plot){title, "step", &line, 1, false});
        sdag_curves_data(p, s);
    }
    sdag_page_f(p, "</figure>\n");
}

static void put_pair(sdag_page *p, const sdag_series *spread, const sdag_series *rank)
{
    char a[32], b[32];
    bool low = spread->last < spread_low || rank->last < rank_low;
    SDAG_PAGE(p, "<h3>", spread->phase, " &#183; ", spread->name, "</h3>\n");
    sdag_page_f(
        p,
        "<p class=\"verdict %s\">%s A spread of %s: 1 is a sphere filled evenly, 0 a single point. An effective "
        "rank of %s: about so many directions carry the differences between samples.</p>\n",
        low ? "low" : "fine", low ? "The embedding has collapsed, or nearly so." : "No collapse.",
        sdag_page_number(a, spread->last), sdag_page_number(b, rank->last));
    sdag_page_f(p, "<div class=\"plots\">\n");
    put_one(p, spread, "spread", 0);
    put_one(p, rank, "effective rank", 1);
    sdag_page_f(p, "</div>\n");
}

static void put(sdag_page *p, sdag_folder *f)
{
    for (int i = 0; i < f->n_series; i++) {
        const sdag_series *rank = rank_beside(f, i);
        if (rank) put_pair(p, &f->series[i], rank);
    }
}

const sdag_section sdag_section_collapse = {"collapse", "Collapse", has, put};
