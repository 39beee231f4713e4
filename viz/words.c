/* Where words stand once dot has laid out everything else. It puts the label of a line close to the line, or to the far
 * side of the free space there, which may be outside of the frame; and the lines that enter a frame strike out its
 * title. Here both are moved to a near place where the fewest lines run. */
#include <math.h>

#include "viz/sheet.h"

static bool meet(boxf a, boxf b) { return a.LL.x < b.UR.x && b.LL.x < a.UR.x && a.LL.y < b.UR.y && b.LL.y < a.UR.y; }

static boxf box_of(const textlabel_t *t, double gap)
{
    const double w = t->dimen.x / 2 + gap, h = t->dimen.y / 2;
    return (boxf){{t->pos.x - w, t->pos.y - h}, {t->pos.x + w, t->pos.y + h}};
}

static bool covers(boxf b, const textlabel_t *t, const textlabel_t *self)
{
    return t && t != self && t->set && meet(b, box_of(t, 0));
}

static pointf middle(pointf a, pointf b) { return (pointf){(a.x + b.x) / 2, (a.y + b.y) / 2}; }

/* Whether a piece of a line, four points of a Bezier curve, runs through a box: halved as long as its hull does. */
static bool runs_through(boxf b, const pointf *p, int halvings)
{
    boxf hull = {p[0], p[0]};
    for (int i = 1; i < 4; i++) {
        hull.LL.x = fmin(hull.LL.x, p[i].x), hull.LL.y = fmin(hull.LL.y, p[i].y);
        hull.UR.x = fmax(hull.UR.x, p[i].x), hull.UR.y = fmax(hull.UR.y, p[i].y);
    }
    hull.LL.x -= 0.01, hull.UR.x += 0.01, hull.LL.y -= 0.01, hull.UR.y += 0.01; /* one that is straight has an area */
    if (!meet(b, hull) || !halvings) return meet(b, hull);
    const pointf l = middle(p[0], p[1]), m = middle(p[1], p[2]), r = middle(p[2], p[3]);
    const pointf ll = middle(l, m), rr = middle(m, r), c = middle(ll, rr);
    return runs_through(b, (pointf[]){p[0], l, ll, c}, halvings - 1) ||
           runs_through(b, (pointf[]){c, rr, r, p[3]}, halvings - 1);
}

static bool line_runs_through(boxf b, const Agedge_t *e)
{
    enum { HALVINGS = 8 };
    const splines *way = ED_spl(e);
    for (int i = 0; way && i < way->size; i++)
        for (int k = 0; k + 3 < way->list[i].size; k += 3)
            if (runs_through(b, way->list[i].list + k, HALVINGS)) return true;
    return false;
}

/* What would be in the way of a text at a place: lines count once, boxes and other texts as much as many lines. */
static int count_in_the_way(const sdag_sheet *s, const textlabel_t *t, pointf at)
{
    enum { SOLID = 100 };
    textlabel_t moved = *t;
    moved.pos = at;
    const boxf b = box_of(&moved, 2);
    int n = 0;
    for (int i = 0; i < s->p->groups.n; i++) n += covers(b, GD_label(s->sub[i]), t) ? SOLID : 0;
    for (int i = 0; i < s->p->boxes.n; i++) {
        Agnode_t *v = s->node[i];
        const pointf c = ND_coord(v);
        const boxf box = {{c.x - ND_lw(v), c.y - ND_ht(v) / 2}, {c.x + ND_rw(v), c.y + ND_ht(v) / 2}};
        n += meet(b, box) ? SOLID : 0;
        for (Agedge_t *e = agfstout(s->g, v); e; e = agnxtout(s->g, e))
            n += (covers(b, ED_label(e), t) ? SOLID : 0) + line_runs_through(b, e);
    }
    return n;
}

/* How far a text may go: no farther than most, and its middle stays in `within`. */
typedef struct range {
    boxf within;
    pointf most;
} range;

/* Moves a text as little as will do: sideways rather than up and down. */
static void move_aside(const sdag_sheet *s, textlabel_t *t, const range *r)
{
    const double step = 2, row = 6;
    if (r->within.LL.x > r->within.UR.x) return;
    t->pos.x = fmin(fmax(t->pos.x, r->within.LL.x), r->within.UR.x);
    pointf best = t->pos;
    int fewest = count_in_the_way(s, t, best);
    for (int k = 0; fewest && (k + 1) / 2 * row <= r->most.y; k++)
        for (int i = 0; fewest && (i + 1) / 2 * step <= r->most.x; i++) { /* 0, 1, -1, 2, -2 ... */
            const pointf at = {t->pos.x + (i % 2 ? 1 : -1) * ((i + 1) / 2) * step,
                               t->pos.y + (k % 2 ? 1 : -1) * ((k + 1) / 2) * row};
            if (at.x < r->within.LL.x || at.x > r->within.UR.x || at.y < r->within.LL.y || at.y > r->within.UR.y)
                continue;
            const int n = count_in_the_way(s, t, at);
            if (n < fewest) fewest = n, best = at;
        }
    t->pos = best;
}

static range range_in(Agraph_t *frame, const textlabel_t *t, double x, double y)
{
    const double gap = 4; /* points */
    const boxf b = GD_bb(frame);
    const double w = t->dimen.x / 2 + gap, h = t->dimen.y / 2;
    return (range){{{b.LL.x + w, b.LL.y + h}, {b.UR.x - w, b.UR.y - h}}, {x, y}};
}

void sdag_sheet_words(const sdag_sheet *s)
{
    const sdag_picture *p = s->p;
    for (int i = 0; i < p->lines.n; i++) {
        const sdag_line *l = &p->lines.at[i];
        const int group = p->boxes.at[l->from].group;
        if (!l->label[0] || group < 0 || group != p->boxes.at[l->to].group) continue;
        for (Agedge_t *e = agfstout(s->g, s->node[l->from]); e; e = agnxtout(s->g, e)) {
            textlabel_t *t = ED_label(e);
            if (!t || !t->set || aghead(e) != s->node[l->to]) continue;
            const range r = range_in(s->sub[group], t, t->dimen.x + 8, 24);
            move_aside(s, t, &r);
        }
    }
    for (int i = 0; i < p->groups.n; i++) {
        textlabel_t *t = GD_label(s->sub[i]);
        if (!t || !t->set) continue;
        const double room = sdag_labels_room(p, i);
        t->dimen.x -= room, t->pos.x -= room / 2; /* the words alone */
        const range r = range_in(s->sub[i], t, GD_bb(s->sub[i]).UR.x - GD_bb(s->sub[i]).LL.x, 0);
        move_aside(s, t, &r);
        t->dimen.x += room, t->pos.x += room / 2;
    }
}
