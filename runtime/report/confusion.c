/* Which class is taken for which: rows are true classes, columns what was predicted; shading is per cent of a row. */
#include <math.h>
#include <stdlib.h>

#include "runtime/report/section.h"

enum { CLASSES_MAX = 100, NUMBERS_MAX = 20, MATRICES_MAX = 8, WORST = 5 };

typedef struct matrix {
    const json_t *json;
    int n;
    double *count; /* [n][n] */
    double *row;   /* [n]: sums */
    double sum, right;
} matrix;

static bool has(sdag_folder *f) { return json_array_size(f->confusion) > 0; }

static const char *class_name(char buf[32], const matrix *m, int i)
{
    const char *name = json_string_value(json_array_get(json_object_get(m->json, "classes"), (size_t)i));
    if (name) return name;
    snprintf(buf, 32, "%d", i);
    return buf;
}

static bool read_matrix(matrix *m, sdag_arena *a, const json_t *json)
{
    const json_t *counts = json_object_get(json, "counts");
    size_t n = json_array_size(counts);
    *m = (matrix){.json = json, .n = (int)n};
    if (n == 0 || n > CLASSES_MAX) return false;
    m->count = SDAG_NEWS(a, double, n *n);
    m->row = SDAG_NEWS(a, double, n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            double v = json_number_value(json_array_get(json_array_get(counts, i), k));
            v = v >= 0 && v < 1e15 ? v : 0;
            m->count[i * n + k] = v;
            m->row[i] += v;
            m->sum += v;
            m->right += i == k ? v : 0;
        }
    return m->sum > 0;
}

static void put_row(sdag_page *p, const matrix *m, int i)
{
    char a[32], b[32], text[32];
    SDAG_PAGE(p, "<tr><th>", class_name(a, m, i), "</th>");
    for (int k = 0; k < m->n; k++) {
        double v = m->count[i * m->n + k], part = m->row[i] > 0 ? v / m->row[i] : 0;
        sdag_page_f(p, "<td class=\"%s\" style=\"--v:%.3f\" title=\"",
                    part > 0.55 ? "hot"
                    : v > 0     ? "some"
                                : "none",
                    part);
        SDAG_PAGE(p, "", class_name(a, m, i), " as ", class_name(b, m, k), "");
        sdag_page_f(p, ": %.0f (%.1f %%)\">%s</td>", v, 100 * part,
                    m->n <= NUMBERS_MAX ? v > 0 ? sdag_page_count(text, v) : "&#183;" : "");
    }
    sdag_page_f(p, "<td class=\"recall\">%.1f %%</td></tr>\n",
                m->row[i] > 0 ? 100 * m->count[i * m->n + i] / m->row[i] : 0);
}

static void put_table(sdag_page *p, const matrix *m)
{
    char buf[32];
    sdag_page_f(p, "<div class=\"wide\"><table class=\"confusion%s\"><thead><tr><th></th>",
                m->n > NUMBERS_MAX ? " dense" : "");
    for (int k = 0; k < m->n; k++) SDAG_PAGE(p, "<th><span>", class_name(buf, m, k), "</span></th>");
    sdag_page_f(p, "<th class=\"recall\">found</th></tr></thead><tbody>\n");
    for (int i = 0; i < m->n; i++) put_row(p, m, i);
    sdag_page_f(p, "</tbody></table></div>\n");
}

/* The pairs that are mistaken most often, in words. */
static void put_worst(sdag_page *p, const matrix *m)
{
    char a[32], b[32];
    double below = INFINITY;
    int before = -1;
    bool any = false;
    for (int w = 0; w < WORST; w++) {
        int best = -1;
        for (int i = 0; i < m->n * m->n; i++) {
            double v = m->count[i];
            bool later = v < below || (v == below && i > before);
            if (i % m->n != i / m->n && v > 0 && later && (best < 0 || v > m->count[best])) best = i;
        }
        if (best < 0) break;
        SDAG_PAGE(p, any ? ", " : "<p class=\"quiet\">Mistaken most often: ", class_name(a, m, best / m->n), " for ",
                  class_name(b, m, best % m->n), "");
        sdag_page_f(p, " (%.0f)", m->count[best]);
        below = m->count[best];
        before = best;
        any = true;
    }
    if (any) sdag_page_f(p, ".</p>\n");
}

static void put_matrix(sdag_page *p, const matrix *m)
{
    const char *phase = json_string_value(json_object_get(m->json, "phase"));
    const char *node = json_string_value(json_object_get(m->json, "node"));
    SDAG_PAGE(p, "<figure data-confusion=\"", node ? node : "", "\"><figcaption><b>", phase ? phase : "", " &#183; ",
              node ? node : "", "</b>");
    sdag_page_f(p, "<span>%.0f of %.0f right, %.1f %%</span></figcaption>\n", m->right, m->sum,
                100 * m->right / m->sum);
    put_table(p, m);
    put_worst(p, m);
    sdag_page_f(p, "</figure>\n");
}

static void put(sdag_page *p, sdag_folder *f)
{
    size_t i;
    json_t *json;
    matrix m;
    sdag_page_f(p,
                "<p class=\"quiet\">Rows: what a sample is. Columns: what it was taken for. The shade is per cent of a "
                "row.</p>\n<div class=\"pairs\">\n");
    json_array_foreach(f->confusion, i, json)
    {
        if (i >= MATRICES_MAX) break;
        if (read_matrix(&m, f->a, json)) put_matrix(p, &m);
        else if (m.n > CLASSES_MAX)
            sdag_page_f(p, "<p class=\"quiet\">A matrix of %d classes is too large to show.</p>\n", m.n);
    }
    sdag_page_f(p, "</div>\n");
}

const sdag_section sdag_section_confusion = {"confusion", "Confusion", has, put};
