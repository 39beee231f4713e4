#include "viz/picture.h"

#include <string.h>

#include "graphs/graph/words.h"

void sdag_picture_init(sdag_picture *p, sdag_arena *a, sdag_viz_format format)
{
    *p = (sdag_picture){.a = a, .ids = {.a = a}, .laid_out = format != SDAG_VIZ_DOT && format != SDAG_VIZ_MERMAID};
}

void sdag_picture_title(sdag_picture *p, const sdag_graph *g)
{
    p->title = sdag_picture_text(p, g->name ? g->name : "graph", 80);
    if (g->family) p->detail = sdag_picture_text(p, g->family, 40);
    if (g->about) SDAG_PICTURE_WRAP(p, p->about, g->about, 90);
}

/* ---- text ---- */

/* Shown, and with a meaning of its own only: no controls, no marks that turn or hide text, no noncharacters. */
static bool is_shown(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return false;
    if ((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f)) return false;
    if (c == 0xfeff || (c >= 0xfdd0 && c <= 0xfdef) || (c >= 0xfff0 && c <= 0xfffb)) return false;
    return (c & 0xfffe) != 0xfffe && c < 0xe0000;
}

/* What may be shown of text, white space as single spaces between words. */
static void clean(sdag_str *s, const char *text)
{
    size_t left = strlen(text);
    bool gap = false;
    sdag_str_add(s, "");
    for (int n; left > 0; text += n, left -= (size_t)n) {
        uint32_t c = 0;
        int bytes = sdag_utf8(&c, text, left);
        bool space = strchr(" \t\r\n", *text) != NULL;
        n = bytes ? bytes : 1;
        if (space) gap = s->n > 0;
        if (space || (bytes && !is_shown(c))) continue;
        if (gap) sdag_str_add(s, " ");
        gap = false;
        if (bytes) sdag_str_addn(s, text, (size_t)bytes);
        else sdag_str_add(s, "\xef\xbf\xbd");
    }
}

/* Bytes of the first n characters of clean text. */
static size_t first(const char *text, int n)
{
    size_t i = 0;
    for (; text[i] && n > 0; n--)
        for (i++; (text[i] & 0xc0) == 0x80;) i++;
    return i;
}

const char *sdag_picture_text(sdag_picture *p, const char *text, int max)
{
    sdag_str s = {.a = p->a};
    clean(&s, text);
    if (first(s.at, max) < s.n) {
        s.n = first(s.at, max - 3);
        sdag_str_add(&s, "...");
    }
    return s.n ? s.at : "?";
}

void sdag_picture_wrap(sdag_picture *p, const char **lines, size_t room, const char *text, int width)
{
    size_t n = 0;
    while (n + 1 < room && lines[n]) n++;
    const int most = (int)(room - 1 - n);
    const char *at = sdag_picture_text(p, text, (most > 0 ? most : 1) * width);
    for (; n + 1 < room && *at; n++) {
        size_t len = first(at, n + 2 == room ? (most + 1) * width : width);
        for (size_t k = len; at[len] && k > len / 4; k--)
            if (at[k] == ' ') {
                len = k;
                break;
            }
        lines[n] = sdag_arena_copy(p->a, at, len);
        at += len;
        at += strspn(at, " ");
    }
}

const char *sdag_picture_href(sdag_picture *p, const char *path)
{
    sdag_str s = {.a = p->a};
    sdag_str_add(&s, *path == '/' || !*path ? "." : ""); /* never from the root, never another host */
    for (const char *c = path; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (plain || strchr("._-/", *c)) sdag_str_addn(&s, c, 1);
        else sdag_str_addf(&s, "%%%02X", (unsigned)(unsigned char)*c);
    }
    return s.at;
}

const char *sdag_picture_value(sdag_picture *p, const sdag_program *q, sdag_val v)
{
    const sdag_value *x = &q->values.at[v];
    return sdag_shape_text(sdag_arena_get(p->a, SDAG_SHAPE_TEXT), x->dtype, x->shape);
}

/* ---- parts ---- */

/* A word that every format takes as a name without quotes, and that no two parts share. */
static const char *unique_id(sdag_picture *p, const char *id)
{
    char *word = sdag_arena_printf(p->a, "%.80s", id);
    for (char *c = word; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9'))) *c = '_';
    const char *name = word;
    for (int i = 2; !sdag_map_put(&p->ids, name, i); i++) name = sdag_arena_printf(p->a, "%s_%d", word, i);
    return name;
}

int sdag_picture_group(sdag_picture *p, int parent, const char *id, const char *title)
{
    *SDAG_PUSH(p->a, &p->groups) =
        (sdag_group){.id = unique_id(p, id), .title = sdag_picture_text(p, title, 80), .parent = parent, .look = -1};
    return p->groups.n - 1;
}

int sdag_picture_box(sdag_picture *p, int group, int look, const char *id, const char *name)
{
    *SDAG_PUSH(p->a, &p->boxes) =
        (sdag_box){.id = unique_id(p, id), .name = sdag_picture_text(p, name, 48), .group = group, .look = look};
    return p->boxes.n - 1;
}

int sdag_picture_line(sdag_picture *p, int from, int to, sdag_line_kind kind)
{
    *SDAG_PUSH(p->a, &p->lines) = (sdag_line){.from = from, .to = to, .kind = kind};
    return p->lines.n - 1;
}

void sdag_picture_add(const char **list, size_t room, const char *text)
{
    for (size_t i = 0; i + 1 < room; i++)
        if (!list[i]) {
            list[i] = text;
            return;
        }
}

int64_t sdag_picture_reach(const sdag_picture *p)
{
    int *rank = SDAG_NEWS(p->a, int, p->boxes.n);
    int64_t reach = 0;
    bool labels = false;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < p->lines.n; i++) { /* in the order of their ends: ranks of earlier boxes are final */
            const sdag_line *l = &p->lines.at[i];
            int gap = rank[l->to] - rank[l->from];
            if (l->kind >= SDAG_LINE_ORDER) continue;
            labels |= l->label[0] != NULL;
            if (pass) reach += gap > 1 ? gap : 1;
            else if (gap < 1) rank[l->to] = rank[l->from] + 1;
        }
    return labels ? 2 * reach : reach; /* a label takes a rank of its own */
}

/* ---- names as they are typed ---- */

bool sdag_picture_named(const sdag_graph *g, const sdag_gnode *n, const char *name)
{
    const char *phase = g->phases[n->phase].name;
    size_t len = strlen(phase);
    if (strcmp(n->name, name) == 0) return true;
    return strncmp(name, phase, len) == 0 && name[len] == '.' && strcmp(n->name, name + len + 1) == 0;
}

static const char *each_name(const void *ctx, int i)
{
    const sdag_graph *g = ctx;
    if (i < g->n_phases) return g->phases[i].name;
    return i - g->n_phases < g->n_nodes ? g->nodes[i - g->n_phases].name : NULL;
}

sdag_status sdag_picture_unknown(sdag_log *log, const sdag_graph *g, const char *option, const char *name,
                                 const char *what)
{
    const char *near = sdag_nearest(name, each_name, g);
    return sdag_fail(log, SDAG_USAGE, SDAG_NOLOC, "--%s: '%.60s' is no %s of this pipeline%s%s%s", option, name, what,
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* ---- phases ---- */

/* Whether a label of the data reaches the node through its wires. */
static bool sees_labels(const sdag_graph *g, bool *seen, int32_t id)
{
    const sdag_gnode *n = &g->nodes[id];
    seen[id] = true;
    for (int i = 0; i < n->n_in; i++)
        for (int k = 0; k < n->in[i].n; k++) {
            const sdag_ref *r = &n->in[i].refs[k];
            const sdag_node_type *from = g->nodes[r->node].type;
            if (from->role == SDAG_ROLE_SOURCE && strcmp(from->outs[r->port].name, "label") == 0) return true;
            if (!seen[r->node] && sees_labels(g, seen, r->node)) return true;
        }
    return false;
}

bool sdag_picture_labelled(sdag_picture *p, const sdag_graph *g, const sdag_phase *phase)
{
    return sees_labels(g, SDAG_NEWS(p->a, bool, g->n_nodes), phase->optimizer);
}

static const char *phase_kind(sdag_picture *p, const sdag_graph *g, const sdag_phase *phase)
{
    bool takes = false, tunes = false;
    if (phase->optimizer < 0) return "one pass, no training";
    for (int i = 0; i < phase->n_nodes; i++) {
        const sdag_gnode *n = &g->nodes[phase->order[i]];
        takes |= n->use >= 0 || n->weights;
        tunes |= (n->use >= 0 || n->weights) && !n->freeze;
    }
    bool labels = sdag_picture_labelled(p, g, phase);
    if (!labels) return takes ? "pretext task (unsupervised, from earlier weights)" : "pretext task (unsupervised)";
    if (!takes) return "supervised, from scratch";
    return tunes ? "downstream task (fine-tuning)" : "downstream task (frozen weights)";
}

int sdag_picture_phase(sdag_picture *p, const sdag_graph *g, int32_t phase)
{
    const sdag_phase *f = &g->phases[phase];
    int group = sdag_picture_group(p, -1, sdag_arena_printf(p->a, "phase_%d", (int)phase + 1),
                                   sdag_arena_printf(p->a, "Phase %d: %s", (int)phase + 1, f->name));
    SDAG_PICTURE_ADD(p->groups.at[group].details, phase_kind(p, g, f));
    if (f->length.n >= 0) {
        sdag_str length = {.a = p->a};
        sdag_duration_text(&length, f->length);
        SDAG_PICTURE_ADD(p->groups.at[group].details, length.at);
    }
    if (f->about) SDAG_PICTURE_WRAP(p, p->groups.at[group].about, f->about, 44);
    return group;
}
