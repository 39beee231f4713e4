/* The picture through Graphviz. What the library asks of its callers, and how it is met here:
 *
 * - It is not thread-safe: one lock, one context. The context lives as long as the process, because the Pango plugin of
 *   version 2.42 keeps a pointer to the name of the last font, which dies with the context that it came from.
 * - It reports to stderr: a hook collects what it says, and the log gets it.
 * - It escapes labels, but turns \N into the node's name there, and leaves other attributes open: texts go into labels
 *   (HTML-like, every character that means something escaped) and tooltips alone.
 * - It numbers names by their addresses, and orders subgraphs by number: our own numbering makes the order that of
 *   creation.
 * - Nothing here may leave while it holds the lock: labels are made before, the result is copied after. */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "viz/sheet.h"

/* ---- names to numbers, in the order of creation ---- */

static void *ids_open(Agraph_t *g, Agdisc_t *disc)
{
    static uint64_t next; /* of the one graph that is open */
    (void)g, (void)disc;
    next = 0;
    return &next;
}

/* Numbers only: cgraph keeps the names itself where a discipline cannot. */
static long ids_map(void *state, int kind, char *name, IDTYPE *id, int create)
{
    (void)kind;
    if (name || !create) return 0;
    *id = (IDTYPE)(++*(uint64_t *)state);
    return 1;
}

static long ids_alloc(void *state, int kind, IDTYPE id) { return (void)state, (void)kind, (void)id, 0; }
static void ids_free(void *state, int kind, IDTYPE id) { (void)state, (void)kind, (void)id; }
static char *ids_print(void *state, int kind, IDTYPE id) { return (void)state, (void)kind, (void)id, NULL; }
static void ids_close(void *state) { (void)state; }
static void ids_register(void *state, int kind, void *obj) { (void)state, (void)kind, (void)obj; }

/* ---- drawing ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GVC_t *context; /* guarded by lock, as is what follows */
static char said[512];

static int hear(char *text)
{
    size_t n = strlen(said);
    snprintf(said + n, sizeof said - n, "%s", text);
    return 0;
}

typedef struct drawn {
    char *data;
    size_t len;
    bool ok;
    char said[sizeof said];
} drawn;

/* DOT is written without a layout: it is what Graphviz itself would read. */
static bool write_dot(drawn *d, Agraph_t *g)
{
    FILE *f = open_memstream(&d->data, &d->len);
    if (!f) return false;
    bool ok = agwrite(g, f) == 0;
    return fclose(f) == 0 && ok;
}

/* dot sometimes routes a line between boxes of one rank twice, and would draw it double: the first way is kept. */
static void keep_one_way(const sdag_sheet *s)
{
    for (int i = 0; i < s->p->boxes.n; i++)
        for (Agedge_t *e = agfstout(s->g, s->node[i]); e; e = agnxtout(s->g, e)) {
            splines *way = ED_spl(e);
            while (way && way->size > 1) free(way->list[--way->size].list);
        }
}

/* Pairs of frames side by side of which the later stands to the left. */
static int count_flips(const sdag_sheet *s)
{
    int flips = 0;
    for (int i = 0; i < s->p->groups.n; i++)
        for (int k = i + 1; k < s->p->groups.n && s->p->groups.at[i].parent < 0; k++) {
            if (s->p->groups.at[k].parent >= 0) continue;
            boxf a = GD_bb(s->sub[i]), b = GD_bb(s->sub[k]);
            flips += a.LL.y < b.UR.y && b.LL.y < a.UR.y && b.UR.x <= a.LL.x;
        }
    return flips;
}

static bool lay_out(sdag_sheet *s, Agdisc_t *disc, bool forward, bool hung)
{
    s->forward = forward;
    s->hung = hung;
    s->g = agopen(TEXT("ssldag"), Agdirected, disc);
    if (!s->g) return false;
    sdag_sheet_fill(s);
    if (s->format == SDAG_VIZ_DOT) return true;
    if (!context) context = gvContext();
    return context && gvLayout(context, s->g, "dot") == 0;
}

static void clear(sdag_sheet *s)
{
    if (s->g && context && s->format != SDAG_VIZ_DOT) gvFreeLayout(context, s->g);
    if (s->g) agclose(s->g);
    s->g = NULL;
}

/* Where nothing else decides, dot lays out the boxes of a pipeline from the last to the first, and those of a map,
 * which hang from one box, from the first; and it may turn phases round. Then other ways are tried, and the best is
 * kept; what is large is laid out once, from the first. */
static bool lay_out_well(sdag_sheet *s, Agdisc_t *disc)
{
    static const struct {
        bool forward, hung;
    } ways[] = {{false, false}, {false, true}, {true, false}, {true, true}};
    enum { WAYS = sizeof ways / sizeof *ways };
    int best = 0, fewest = INT_MAX;
    if (s->format == SDAG_VIZ_DOT || s->p->plain || s->l->reach > SDAG_SHEET_LARGE)
        return lay_out(s, disc, s->p->plain ? s->p->hangs : s->l->reach > SDAG_SHEET_LARGE, false);
    for (int i = 0; i < WAYS; i++) {
        if (!lay_out(s, disc, ways[i].forward, ways[i].hung)) return false;
        const int flips = count_flips(s);
        if (!flips) return true;
        if (flips < fewest) fewest = flips, best = i;
        clear(s);
    }
    return lay_out(s, disc, ways[best].forward, ways[best].hung);
}

static bool render(drawn *d, sdag_sheet *s)
{
    static const char *const formats[] = {"svg", "png", "pdf"};
    unsigned len = 0;
    keep_one_way(s);
    sdag_sheet_words(s);
    bool ok = gvRenderData(context, s->g, formats[s->format], &d->data, &len) == 0;
    d->len = len;
    return ok;
}

static void draw(drawn *d, sdag_sheet *s)
{
    static Agiddisc_t ids = {ids_open, ids_map, ids_alloc, ids_free, ids_print, ids_close, ids_register};
    pthread_mutex_lock(&lock);
    Agdisc_t disc = {&AgMemDisc, &ids, &AgIoDisc};
    agusererrf before = agseterrf(hear);
    said[0] = 0;
    if (lay_out_well(s, &disc)) d->ok = s->format == SDAG_VIZ_DOT ? write_dot(d, s->g) : render(d, s);
    clear(s);
    agseterrf(before);
    memcpy(d->said, said, sizeof said);
    pthread_mutex_unlock(&lock);
}

/* Cairo writes the time of day into a PDF; the same graph must give the same bytes. */
static void forget_time(drawn *d)
{
    static const char key[] = "/CreationDate (D:", date[] = "19700101000000";
    char *at = memmem(d->data, d->len, key, sizeof key - 1), *end = d->data + d->len;
    if (!at || (size_t)(end - at) < sizeof key + sizeof date) return;
    memcpy(at + sizeof key - 1, date, sizeof date - 1);
    for (at += sizeof key + sizeof date - 2; at < end && *at != ')'; at++) /* "Z", or "+01'00": its length stays */
        if (*at >= '0' && *at <= '9') *at = '0';
}

typedef struct copying {
    sdag_arena *a;
    const drawn *from;
    sdag_str to;
} copying;

/* An SVG gets the rule for dark pages, as the first thing in its root. */
static sdag_status copy(void *arg)
{
    copying *c = arg;
    const drawn *d = c->from;
    const char *root = memmem(d->data, d->len, "<svg", 4);
    const char *end = root ? memchr(root, '>', d->len - (size_t)(root - d->data)) : NULL;
    size_t head = end && memcmp(d->data, "<?xml", 5) == 0 ? (size_t)(end + 1 - d->data) : 0;
    sdag_str_addn(&c->to, d->data, head);
    if (head) sdag_str_add(&c->to, sdag_theme_dark);
    sdag_str_addn(&c->to, d->data + head, d->len - head);
    return SDAG_OK;
}

sdag_status sdag_picture_draw(char **out, size_t *len, const sdag_picture *p, sdag_log *log, sdag_viz_format format)
{
    drawn d = {.ok = false};
    sdag_labels l = sdag_picture_labels(p);
    sdag_sheet s = {.p = p, .l = &l, .format = format};
    s.sub = SDAG_NEWS(p->a, Agraph_t *, p->groups.n);
    s.node = SDAG_NEWS(p->a, Agnode_t *, p->boxes.n);
    draw(&d, &s);
    copying c = {.a = p->a, .from = &d, .to = {.a = p->a}};
    bool ok = d.ok && d.data;
    if (ok && format == SDAG_VIZ_PDF) forget_time(&d);
    sdag_status status = ok ? sdag_arena_try(p->a, copy, &c) : SDAG_FAILED;
    if (format == SDAG_VIZ_DOT) free(d.data);
    else gvFreeRenderData(d.data);
    for (size_t n = strlen(d.said); n > 0 && (d.said[n - 1] == '\n' || d.said[n - 1] == ' ');) d.said[--n] = 0;
    if (!ok)
        return sdag_fail(log, status, SDAG_NOLOC, "graphviz: %s", d.said[0] ? d.said : "the picture was not drawn");
    if (d.said[0]) sdag_log_add(log, SDAG_WARNING, SDAG_NOLOC, "graphviz: %s", d.said);
    *out = c.to.at;
    *len = c.to.n;
    return status;
}
