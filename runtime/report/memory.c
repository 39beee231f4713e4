/* The memory plan as a picture: every value a rectangle, from left to right the operations of a step, from bottom to
 * top the bytes of the one block; what is free again is used again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/report/plot.h"
#include "runtime/report/scale.h"
#include "runtime/report/section.h"

enum { VALUES_MAX = 400, NODES_MAX = 64, NAMED = 7, PLANS_MAX = 8, W = 760, H = 300, LEFT = 64, BOTTOM = 28 };

typedef struct value {
    double offset, bytes, first, last;
    int node; /* of plan.names */
} value;

typedef struct plan {
    double bytes, ops, unshared;
    value at[VALUES_MAX];
    int n;
    const char *names[NODES_MAX];
    double sizes[NODES_MAX];
    int rank[NODES_MAX]; /* 0: the node that has most */
    int n_names;
} plan;

static bool has(sdag_folder *f)
{
    const char *phase;
    json_t *v;
    json_object_foreach(f->plan, phase, v) if (json_array_size(json_object_get(v, "values"))) return true;
    return false;
}

static double number(const json_t *v)
{
    double x = json_is_number(v) ? json_number_value(v) : NAN;
    return x >= 0 && x < 1e16 ? x : NAN;
}

static int node_of(plan *q, const char *name)
{
    for (int i = 0; i < q->n_names; i++)
        if (!strcmp(q->names[i], name)) return i;
    if (q->n_names == NODES_MAX) return NODES_MAX - 1;
    q->names[q->n_names] = name;
    return q->n_names++;
}

static bool read_plan(plan *q, const json_t *json)
{
    size_t i;
    json_t *row;
    *q = (plan){.bytes = number(json_object_get(json, "bytes")),
                .ops = number(json_object_get(json, "ops")),
                .unshared = number(json_object_get(json, "unshared_bytes"))};
    json_array_foreach(json_object_get(json, "values"), i, row)
    {
        value v = {number(json_array_get(row, 0)), number(json_array_get(row, 1)), number(json_array_get(row, 2)),
                   number(json_array_get(row, 3)), 0};
        const char *node = json_string_value(json_array_get(row, 4));
        if (q->n == VALUES_MAX || !(v.offset + v.bytes > 0) || !(v.last >= v.first)) continue;
        v.node = node_of(q, node ? node : "");
        q->sizes[v.node] += v.bytes;
        q->at[q->n++] = v;
        if (!(q->bytes >= v.offset + v.bytes)) q->bytes = v.offset + v.bytes;
        if (!(q->ops >= v.last + 1)) q->ops = v.last + 1;
    }
    for (int k = 0; k < q->n_names; k++)
        for (int j = 0; j < q->n_names; j++)
            q->rank[k] += q->sizes[j] > q->sizes[k] || (q->sizes[j] == q->sizes[k] && j < k);
    return q->n > 0 && q->bytes > 0;
}

static void put_drawing(sdag_page *p, const plan *q)
{
    char text[32];
    sdag_scale x = sdag_scale_make(0, q->ops, LEFT, W - 4, 8, false, true);
    sdag_scale y = sdag_scale_make(0, q->bytes, H - BOTTOM, 6, 4, false, true);
    sdag_page_f(p, "<svg class=\"plan\" viewBox=\"0 0 %d %d\" role=\"img\" data-values=\"%d\">", W, H, q->n);
    for (int i = 0; i <= 4; i++) {
        double v = q->bytes * i / 4;
        sdag_page_f(p,
                    "<path class=\"grid\" d=\"M%d,%.1fH%d\"/><text class=\"tick\" x=\"%d\" y=\"%.1f\" "
                    "text-anchor=\"end\">%s</text>",
                    LEFT, sdag_scale_at(&y, v), W - 4, LEFT - 6, sdag_scale_at(&y, v) + 3.5, sdag_page_bytes(text, v));
    }
    for (int i = 0; i < q->n; i++) {
        const value *v = &q->at[i];
        double x0 = sdag_scale_at(&x, v->first), x1 = sdag_scale_at(&x, v->last + 1);
        double y0 = sdag_scale_at(&y, v->offset + v->bytes), y1 = sdag_scale_at(&y, v->offset);
        int rank = q->rank[v->node];
        sdag_page_f(p, "<rect class=\"f%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>",
                    rank < NAMED ? rank : 7, x0, y0, fmax(x1 - x0, 0.6), fmax(y1 - y0, 0.6));
        SDAG_PAGE(p, "", q->names[v->node], ": ", sdag_page_bytes(text, v->bytes), "");
        sdag_page_f(p, ", operations %.0f to %.0f</title></rect>\n", v->first, v->last);
    }
    sdag_page_f(
        p,
        "<text class=\"tick\" x=\"%d\" y=\"%d\">first operation of the step</text><text class=\"tick\" x=\"%d\" "
        "y=\"%d\" text-anchor=\"end\">last, the %.0fth</text></svg>\n",
        LEFT, H - 8, W - 4, H - 8, q->ops);
}

static void put_legend(sdag_page *p, const plan *q)
{
    char text[32];
    sdag_page_f(p, "<ul class=\"legend\">");
    for (int r = 0; r < NAMED; r++)
        for (int k = 0; k < q->n_names; k++)
            if (q->rank[k] == r) {
                sdag_page_f(p, "<li><i class=\"swatch b%d\"></i>", r);
                SDAG_PAGE(p, "", q->names[k], " <span class=\"quiet\">", sdag_page_bytes(text, q->sizes[k]),
                          "</span></li>");
            }
    if (q->n_names > NAMED) sdag_page_f(p, "<li><i class=\"swatch b7\"></i>the others</li>");
    sdag_page_f(p, "</ul>\n");
}

static void put_plan(sdag_page *p, const char *phase, const plan *q)
{
    char text[32];
    SDAG_PAGE(p, "<figure data-plan=\"", phase, "\"><figcaption><b>", phase, "</b>");
    sdag_page_f(p, "<span>%s in one block", sdag_page_bytes(text, q->bytes));
    if (q->unshared > q->bytes)
        sdag_page_f(p, "; %s if every value had a place of its own", sdag_page_bytes(text, q->unshared));
    sdag_page_f(p, "</span></figcaption>\n");
    put_drawing(p, q);
    put_legend(p, q);
    sdag_page_f(p, "</figure>\n");
}

static void put(sdag_page *p, sdag_folder *f)
{
    const char *phase;
    json_t *v;
    int n = 0;
    plan *q = SDAG_NEW(f->a, plan);
    json_object_foreach(f->plan, phase, v) if (n < PLANS_MAX && read_plan(q, v)) put_plan(p, phase, q), n++;
}

const sdag_section sdag_section_memory = {"memory", "Memory", has, put};
