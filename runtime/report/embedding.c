/* The embedding as a map: the same samples at several moments of the training, two numbers each. The moment is chosen
 * by radio buttons, which the style sheet reads; every point carries its places, so that it travels. No script. */
#include <math.h>
#include <string.h>

#include "runtime/report/plot.h"
#include "runtime/report/scale.h"
#include "runtime/report/section.h"

enum { MOMENTS_MAX = 6, POINTS_MAX = 600, MAPS_MAX = 6, CLASSES_MAX = 200, W = 420, H = 330, ROOM = 12 };

typedef struct map {
    const json_t *json;
    int number, n, n_moments; /* of the map in the page; points; moments */
    const json_t *moments[MOMENTS_MAX];
    sdag_point *at; /* [n_moments][n], in units of the drawing; NAN: no point */
    int *label;     /* [n]; -1: none */
    int n_classes;
} map;

static bool has(sdag_folder *f)
{
    size_t i;
    json_t *m;
    json_array_foreach(f->embedding, i, m) if (json_array_size(json_object_get(m, "moments"))) return true;
    return false;
}

static double coordinate(const json_t *xy, size_t i, size_t axis)
{
    const json_t *v = json_array_get(json_array_get(xy, i), axis);
    double x = json_is_number(v) ? json_number_value(v) : NAN;
    return fabs(x) < 1e100 ? x : NAN;
}

/* The points of a moment fill the drawing, with one scale for both axes. */
static void place(sdag_point *at, const json_t *xy, int n)
{
    double lo[2] = {INFINITY, INFINITY}, hi[2] = {-INFINITY, -INFINITY};
    for (int i = 0; i < n; i++)
        for (size_t k = 0; k < 2; k++) {
            lo[k] = fmin(lo[k], coordinate(xy, (size_t)i, k));
            hi[k] = fmax(hi[k], coordinate(xy, (size_t)i, k));
        }
    double scale = fmin((W - 2 * ROOM) / fmax(hi[0] - lo[0], 1e-12), (H - 2 * ROOM) / fmax(hi[1] - lo[1], 1e-12));
    for (int i = 0; i < n; i++)
        at[i] = (sdag_point){W / 2 + scale * (coordinate(xy, (size_t)i, 0) - (lo[0] + hi[0]) / 2),
                             H / 2 - scale * (coordinate(xy, (size_t)i, 1) - (lo[1] + hi[1]) / 2)};
}

static bool read_map(map *m, sdag_arena *a, const json_t *json, int number)
{
    size_t i;
    json_t *moment;
    *m = (map){.json = json, .number = number};
    json_array_foreach(json_object_get(json, "moments"), i, moment)
    {
        size_t n = json_array_size(json_object_get(moment, "xy"));
        if (m->n_moments == MOMENTS_MAX || n == 0) continue;
        m->moments[m->n_moments++] = moment;
        if ((int)n > m->n) m->n = n < POINTS_MAX ? (int)n : POINTS_MAX;
    }
    if (m->n == 0) return false;
    m->at = SDAG_NEWS(a, sdag_point, (size_t)m->n * MOMENTS_MAX);
    m->label = SDAG_NEWS(a, int, m->n);
    for (int k = 0; k < m->n_moments; k++) place(m->at + k * m->n, json_object_get(m->moments[k], "xy"), m->n);
    const json_t *labels = json_object_get(json, "labels");
    for (int k = 0; k < m->n; k++) {
        const json_t *v = json_array_get(labels, (size_t)k);
        double l = json_is_number(v) ? json_number_value(v) : -1;
        m->label[k] = l >= 0 && l < CLASSES_MAX ? (int)l : -1;
        if (m->label[k] >= m->n_classes) m->n_classes = m->label[k] + 1;
    }
    return true;
}

static const char *class_name(char buf[32], const map *m, int label)
{
    const char *name = json_string_value(json_array_get(json_object_get(m->json, "classes"), (size_t)label));
    if (name) return name;
    snprintf(buf, 32, "%d", label);
    return buf;
}

/* Colours repeat after eight classes and marks after seven: the pair after 56. */
static int color_of(int label) { return label < 0 ? 7 : label % SDAG_PAGE_COLORS; }
static int mark_of(int label) { return label < 0 ? 0 : label % SDAG_PAGE_MARKS; }

/* The places of one thing at all moments, as numbers that the style sheet reads. */
static void put_places(sdag_page *p, const map *m, const sdag_point *at, int stride)
{
    sdag_page_f(p, " style=\"");
    for (int k = 0; k < m->n_moments; k++) {
        sdag_point q = at[k * stride];
        if (!isfinite(q.x) || !isfinite(q.y)) q = (sdag_point){-99, -99}; /* outside */
        sdag_page_f(p, "--x%d:%.4g;--y%d:%.4g;", k, q.x, k, q.y);
    }
    sdag_page_f(p, "\"");
}

static void put_points(sdag_page *p, const map *m)
{
    char buf[32];
    for (int i = 0; i < m->n; i++) {
        sdag_page_f(p, "<path class=\"p f%d\" d=\"%s\"", color_of(m->label[i]), sdag_page_marks[mark_of(m->label[i])]);
        put_places(p, m, m->at + i, m->n);
        if (m->label[i] >= 0) SDAG_PAGE(p, "><title>", class_name(buf, m, m->label[i]), "</title></path>\n");
        else sdag_page_f(p, "/>\n");
    }
}

/* The name of each class in the midst of its points. */
static void put_names(sdag_page *p, const map *m)
{
    char buf[32];
    for (int c = 0; c < m->n_classes && m->n_classes <= 30; c++) {
        sdag_point mid[MOMENTS_MAX];
        int n = 0;
        for (int k = 0; k < m->n_moments; k++) {
            sdag_point sum = {0};
            n = 0;
            for (int i = 0; i < m->n; i++) {
                sdag_point q = m->at[k * m->n + i];
                if (m->label[i] == c && isfinite(q.x) && isfinite(q.y)) sum.x += q.x, sum.y += q.y, n++;
            }
            mid[k] = (sdag_point){n ? sum.x / n : NAN, n ? sum.y / n : NAN};
        }
        sdag_page_f(p, "<text class=\"p name\"");
        put_places(p, m, mid, 1);
        SDAG_PAGE(p, ">", class_name(buf, m, c), "</text>\n");
    }
}

static const char *moment_name(char buf[64], const map *m, int k)
{
    double epoch = json_number_value(json_object_get(m->moments[k], "epoch"));
    double step = json_number_value(json_object_get(m->moments[k], "step"));
    if (epoch > 0) snprintf(buf, 64, "epoch %.12g", epoch);
    else snprintf(buf, 64, step > 0 ? "step %.12g" : "at the start", step);
    return buf;
}

static void put_choices(sdag_page *p, const map *m)
{
    char text[64];
    for (int k = 0; k < m->n_moments && m->n_moments > 1; k++)
        sdag_page_f(p, "<input type=\"radio\" name=\"map%d\" id=\"map%dm%d\" class=\"m%d\" aria-label=\"%s\"%s/>",
                    m->number, m->number, k, k, moment_name(text, m, k),
                    k == m->n_moments - 1 ? " checked=\"checked\"" : "");
}

/* Every moment small: the buttons of the large one, and all of them on paper. */
static void put_small(sdag_page *p, const map *m)
{
    char text[64];
    if (m->n_moments < 2) return;
    sdag_page_f(p, "<div class=\"small\">\n");
    for (int k = 0; k < m->n_moments; k++)
        sdag_page_f(p,
                    "<label for=\"map%dm%d\" class=\"m%d\"><svg viewBox=\"0 0 %d %d\"><use href=\"#points%d\" "
                    "style=\"--w%d:1\"/></svg>%s</label>\n",
                    m->number, k, k, W, H, m->number, k, moment_name(text, m, k));
    sdag_page_f(p, "</div>\n");
}

static void put_legend(sdag_page *p, const map *m)
{
    char buf[32];
    if (m->n_classes == 0) return;
    sdag_page_f(p, "<ul class=\"legend\">");
    for (int c = 0; c < m->n_classes && c < 56; c++) {
        sdag_page_f(p, "<li><svg class=\"key\" viewBox=\"-6 -6 12 12\"><path class=\"f%d\" d=\"%s\"/></svg>",
                    color_of(c), sdag_page_marks[mark_of(c)]);
        SDAG_PAGE(p, "", class_name(buf, m, c), "</li>");
    }
    sdag_page_f(p, "</ul>\n");
}

static void put_map(sdag_page *p, const map *m)
{
    const char *phase = json_string_value(json_object_get(m->json, "phase"));
    const char *node = json_string_value(json_object_get(m->json, "node"));
    const char *method = json_string_value(json_object_get(m->json, "method"));
    bool pca = method && !strcmp(method, "pca");
    SDAG_PAGE(p, "<figure class=\"map\" data-node=\"", node ? node : "", "\"><figcaption><b>", phase ? phase : "",
              " &#183; ", node ? node : "", "</b><span>",
              pca      ? "the two directions of largest variance (PCA)"
              : method ? method
                       : "",
              "</span></figcaption>\n");
    put_choices(p, m);
    sdag_page_f(p,
                "<div class=\"large\" data-points=\"%d\" data-moments=\"%d\"><svg viewBox=\"0 0 %d %d\" role=\"img\">"
                "<g class=\"now%s\"><g id=\"points%d\">\n",
                m->n, m->n_moments, W, H, m->n_moments == 1 ? " m0" : "", m->number);
    put_points(p, m);
    sdag_page_f(p, "</g>\n");
    put_names(p, m);
    sdag_page_f(p, "</g></svg></div>\n");
    put_small(p, m);
    put_legend(p, m);
    sdag_page_f(p, "</figure>\n");
}

static void put(sdag_page *p, sdag_folder *f)
{
    size_t i;
    json_t *json;
    int n = 0;
    map m;
    sdag_page_f(p,
                "<p class=\"quiet\">The same samples at every moment; each map has a scale of its own. Samples of one "
                "class should find together; a self-supervised phase is never told the classes.</p>\n<div "
                "class=\"maps\">\n");
    json_array_foreach(f->embedding, i, json) if (n < MAPS_MAX && read_map(&m, f->a, json, n)) put_map(p, &m), n++;
    sdag_page_f(p, "</div>\n");
}

const sdag_section sdag_section_embedding = {"embedding", "Embedding", has, put};
