/* Tokens -> the text in its normal form. */
#include "graphs/spec/format.h"

#include <string.h>

enum { STEP = 2, LEVELS_MAX = 2 * SDAG_SPEC_DEPTH_MAX + 4 };

/* A block list or map that is open. */
typedef struct level {
    sdag_yaml_token_kind kind;
    int column; /* in the source */
    int indent; /* in what is written */
    bool bare;  /* a list whose dashes stand below the key itself: no token begins or ends it */
} level;

typedef struct writer {
    const sdag_yaml_tokens *t;
    sdag_str out;
    level open[LEVELS_MAX], closed[LEVELS_MAX]; /* closed: since the last token that was written, deepest first */
    int n_open, n_closed;
    struct {
        int member, shut; /* indents of lines within the brackets, and of the closing one */
    } flows[SDAG_SPEC_DEPTH_MAX + 1];
    int flow;    /* brackets that are open */
    bool opened; /* a level was opened since the last token that was written */
    bool fresh;  /* what comes begins a line: a key, a dash, the text behind --- */
    bool too_deep;
    const sdag_yaml_token *last; /* written */
} writer;

/* ---- lines ---- */

static int column_of(const writer *w)
{
    int n = 0;
    for (size_t i = w->out.n; i > 0 && w->out.at[i - 1] != '\n'; i--)
        n += ((unsigned char)w->out.at[i - 1] & 0xc0) != 0x80;
    return n;
}

static void new_line(writer *w, bool blank, int indent)
{
    if (w->out.n && w->out.at[w->out.n - 1] != '\n') sdag_str_add(&w->out, "\n");
    if (blank && w->out.n) sdag_str_add(&w->out, "\n");
    sdag_str_addf(&w->out, "%*s", indent, "");
}

static const level *top(const writer *w)
{
    static const level none = {.column = -1};
    return w->n_open ? &w->open[w->n_open - 1] : &none;
}

/* Of what hangs below the level at hand: a value on a line of its own. */
static int inner_indent(const writer *w) { return w->n_open ? top(w)->indent + STEP : 0; }

/* Of a line within brackets. */
static int flow_indent(const writer *w, const sdag_yaml_token *t)
{
    return t->kind == SDAG_YAML_SHUT ? w->flows[w->flow].shut : w->flows[w->flow].member;
}

/* A comment belongs to the deepest level that it is indented for, among those that end here and the one that goes on.
 */
static int comment_indent(const writer *w, const sdag_comment *c)
{
    int indent = top(w)->indent, column = top(w)->column;
    for (int i = w->n_closed - 1; i >= 0 && !w->opened; i--)
        if (c->column >= w->closed[i].column && w->closed[i].column > column) {
            indent = w->closed[i].indent;
            column = w->closed[i].column;
        }
    return indent;
}

/* indent: of comments on lines of their own; -1: by their column. */
static void put_comments(writer *w, const sdag_yaml_token *t, int indent)
{
    for (int i = 0; i < t->comments.n; i++) {
        const sdag_comment *c = &t->comments.at[i];
        if (c->trailing && w->out.n) sdag_str_add(&w->out, " ");
        else new_line(w, c->blank && w->flow == 0, indent < 0 ? comment_indent(w, c) : indent);
        sdag_str_add(&w->out, c->text);
    }
}

/* ---- scalars ---- */

static size_t line_length(const char *p, const char *end)
{
    const char *to = memchr(p, '\n', (size_t)(end - p));
    return to ? (size_t)(to - p) : (size_t)(end - p);
}

static size_t spaces(const char *p, size_t n)
{
    size_t k = 0;
    while (k < n && (p[k] == ' ' || p[k] == '\t')) k++;
    return k;
}

/* Lines after the first are folded into it by YAML: how far they are indented does not matter. */
static void put_scalar(writer *w, const sdag_yaml_token *t)
{
    const char *p = t->text, *end = t->text + t->len;
    const int indent = w->flow ? flow_indent(w, t) : inner_indent(w) + (w->n_open ? 0 : STEP);
    for (bool first = true; p <= end; first = false) {
        size_t n = line_length(p, end), skip = first ? 0 : spaces(p, n), to = n;
        bool last = p + n >= end;
        while (!last && *t->text != '"' && to > skip && (p[to - 1] == ' ' || p[to - 1] == '\t')) to--;
        if (!first) sdag_str_add(&w->out, "\n");
        if (!first && to > skip) sdag_str_addf(&w->out, "%*s", indent, "");
        if (to > skip) sdag_str_addn(&w->out, p + skip, to - skip);
        if (last) break;
        p += n + 1;
    }
}

/* The indentation of a block scalar's text in the source: the digit in its header, or that of its first line. */
static int block_indent(const writer *w, const sdag_yaml_token *t, size_t header, int *digit)
{
    const char *end = t->text + t->len;
    *digit = 0;
    for (size_t i = 1; i < header && t->text[i] != ' ' && t->text[i] != '#'; i++)
        if (t->text[i] >= '1' && t->text[i] <= '9') *digit = t->text[i] - '0';
    if (*digit) return (w->n_open ? top(w)->column : 0) + *digit;
    for (const char *p = t->text + header + 1; p < end; p += line_length(p, end) + 1) {
        size_t n = line_length(p, end), k = spaces(p, n);
        if (k < n) return (int)k;
    }
    return 0;
}

static void put_block(writer *w, const sdag_yaml_token *t)
{
    const char *end = t->text + t->len;
    size_t header = line_length(t->text, end), shown = header;
    int digit, was = block_indent(w, t, header, &digit);
    int indent = digit ? (w->n_open ? top(w)->indent : 0) + digit : inner_indent(w) + (w->n_open ? 0 : STEP);
    while (shown > 1 && (t->text[shown - 1] == ' ' || t->text[shown - 1] == '\t')) shown--;
    sdag_str_addn(&w->out, t->text, shown);
    sdag_str_add(&w->out, "\n");
    for (const char *p = t->text + header + 1; p < end; p += line_length(p, end) + 1) {
        size_t n = line_length(p, end), k = spaces(p, n);
        if (k > (size_t)was) k = (size_t)was;
        if (n > k) {
            sdag_str_addf(&w->out, "%*s", indent, "");
            sdag_str_addn(&w->out, p + k, n - k);
        }
        sdag_str_add(&w->out, "\n");
    }
}

/* ---- widths ---- */

static bool is_written(const sdag_yaml_token *t) { return t->len > 0 || t->kind == SDAG_YAML_END; }

static const sdag_yaml_token *next_written(const writer *w, const sdag_yaml_token *t)
{
    const sdag_yaml_token *end = w->t->list.at + w->t->list.n;
    for (t++; t < end; t++)
        if (is_written(t)) return t;
    return NULL;
}

static bool needs_space(const sdag_yaml_token *before, const sdag_yaml_token *t)
{
    if (before->kind == SDAG_YAML_KEY || before->kind == SDAG_YAML_OPEN) return false;
    if (t->kind == SDAG_YAML_COLON) return before->kind == SDAG_YAML_COMMA;
    if (t->kind == SDAG_YAML_COMMA || t->kind == SDAG_YAML_SHUT)
        return before->kind == SDAG_YAML_COLON || before->kind == SDAG_YAML_MARK;
    return true;
}

/* Is the line broken before t, whatever its length? Where the author did, between the members of a list or map. */
static bool breaks(const sdag_yaml_token *before, const sdag_yaml_token *t)
{
    if (t->comments.n) return true;
    return t->wrapped &&
           (before->kind == SDAG_YAML_OPEN || before->kind == SDAG_YAML_COMMA || t->kind == SDAG_YAML_SHUT);
}

static int width_of(const sdag_yaml_token *t)
{
    int n = 0;
    for (size_t i = 0; i < t->len && t->text[i] != '\n'; i++) n += ((unsigned char)t->text[i] & 0xc0) != 0x80;
    return n;
}

static bool is_dropped(const writer *w, const sdag_yaml_token *t)
{
    if (t->kind != SDAG_YAML_COMMA || t->comments.n) return false;
    const sdag_yaml_token *next = next_written(w, t);
    return next && next->kind == SDAG_YAML_SHUT; /* a comma behind the last member says nothing */
}

/* Columns from t to the end of its member (with the comma and the brackets that close behind it), or to where the line
 * is broken anyway. alone: of t with all that it opens, when it is no member. */
static int member_width(const writer *w, const sdag_yaml_token *t, bool alone)
{
    const sdag_yaml_token *before = NULL;
    int depth = 0, n = 0;
    bool shut = false;
    for (; t; t = next_written(w, t)) {
        if (is_dropped(w, t)) continue;
        if (before && breaks(before, t)) break;
        if (shut && t->kind != SDAG_YAML_SHUT && t->kind != SDAG_YAML_COMMA) break;
        n += width_of(t) + (before && needs_space(before, t));
        if (memchr(t->text, '\n', t->len)) break;
        if (t->kind == SDAG_YAML_OPEN) depth++;
        if (t->kind == SDAG_YAML_SHUT && --depth < 0) shut = true;
        if (t->kind == SDAG_YAML_COMMA && depth <= 0) break;
        if (alone && depth == 0 && t->kind != SDAG_YAML_MARK) break;
        if (t->kind == SDAG_YAML_END) break;
        before = t;
    }
    return n;
}

/* A bracket opens. Where its closing one stands on a line of its own, that is further in than the block at hand, as
 * YAML wants it, and the members further still. */
static void open_flow(writer *w, const sdag_yaml_token *t)
{
    const sdag_yaml_token *shut = t;
    int depth = 1, outer = w->flow ? w->flows[w->flow].member : top(w)->indent;
    if (w->flow == SDAG_SPEC_DEPTH_MAX) {
        w->too_deep = true;
        return;
    }
    if (w->flow == 0 && top(w)->kind == SDAG_YAML_LIST) outer += STEP;
    while (depth && (shut = next_written(w, shut)))
        depth += shut->kind == SDAG_YAML_OPEN ? 1 : shut->kind == SDAG_YAML_SHUT ? -1 : 0;
    bool alone = shut && (shut->wrapped || shut->comments.n);
    int inner = alone && w->flow == 0 && top(w)->kind != SDAG_YAML_LIST ? outer + STEP : outer;
    w->flow++;
    w->flows[w->flow].shut = inner;
    w->flows[w->flow].member = inner + STEP;
}

/* ---- where a token goes ---- */

static void begin_line(writer *w, const sdag_yaml_token *t)
{
    bool compact = w->last && w->last->kind == SDAG_YAML_DASH && w->opened;
    if (compact && !t->comments.n) {
        sdag_str_add(&w->out, " ");
        return;
    }
    put_comments(w, t, -1);
    new_line(w, t->blank && !compact, top(w)->indent);
}

/* Within brackets, and the brackets themselves. */
static void place_in_flow(writer *w, const sdag_yaml_token *t)
{
    const int indent = flow_indent(w, t);
    bool member = w->last->kind == SDAG_YAML_COMMA && t->kind != SDAG_YAML_SHUT;
    if (breaks(w->last, t)) {
        put_comments(w, t, indent);
        new_line(w, false, indent);
        return;
    }
    int width = member ? member_width(w, t, false) : 0;
    bool over = member && column_of(w) + 1 + width > SDAG_FORMAT_COLUMNS;
    const sdag_yaml_token *next = t->kind == SDAG_YAML_SCALAR ? next_written(w, t) : NULL;
    bool nested = t->kind == SDAG_YAML_OPEN || (next && next->kind == SDAG_YAML_COLON);
    if (over && (!nested || indent + width <= SDAG_FORMAT_COLUMNS)) new_line(w, false, indent);
    else if (needs_space(w->last, t)) sdag_str_add(&w->out, " ");
}

/* Behind a key, a dash, an anchor or a tag. */
static void place_value(writer *w, const sdag_yaml_token *t)
{
    const int indent = inner_indent(w);
    bool over = t->wrapped && column_of(w) + 1 + member_width(w, t, true) > SDAG_FORMAT_COLUMNS;
    if (t->comments.n || over) {
        put_comments(w, t, indent);
        new_line(w, false, indent);
    } else if (needs_space(w->last, t)) sdag_str_add(&w->out, " ");
}

static void put_token(writer *w, const sdag_yaml_token *t)
{
    if (w->fresh || !w->last) begin_line(w, t);
    else if (t->kind == SDAG_YAML_COLON) sdag_str_add(&w->out, w->last->kind == SDAG_YAML_COMMA ? " " : "");
    else if (w->flow) place_in_flow(w, t);
    else place_value(w, t);
    w->fresh = false;
    if (t->kind == SDAG_YAML_OPEN) open_flow(w, t);
    if (t->kind == SDAG_YAML_SHUT) w->flow--;
    if (t->kind == SDAG_YAML_BLOCK) put_block(w, t);
    else if (t->kind == SDAG_YAML_SCALAR) put_scalar(w, t);
    else if (t->kind != SDAG_YAML_KEY) sdag_str_addn(&w->out, t->text, t->len);
    w->last = t;
    w->n_closed = 0;
    w->opened = false;
}

/* ---- levels ---- */

static void open_level(writer *w, const sdag_yaml_token *t, bool bare)
{
    if (w->n_open == LEVELS_MAX) {
        w->too_deep = true;
        return;
    }
    int indent = w->n_open ? top(w)->indent + STEP : 0;
    w->open[w->n_open++] = (level){bare ? SDAG_YAML_LIST : t->kind, t->column, indent, bare};
    w->opened = true;
}

static void close_level(writer *w)
{
    if (w->n_open == 0) return;
    if (w->n_closed < LEVELS_MAX) w->closed[w->n_closed++] = w->open[w->n_open - 1];
    w->n_open--;
}

static void take(writer *w, const sdag_yaml_token *t)
{
    if (is_dropped(w, t)) return;
    switch (t->kind) {
    case SDAG_YAML_MAP:
    case SDAG_YAML_LIST: open_level(w, t, false); break;
    case SDAG_YAML_CLOSE:
        if (top(w)->bare) close_level(w);
        close_level(w);
        break;
    case SDAG_YAML_KEY:
        if (w->flow == 0) {
            if (top(w)->bare) close_level(w);
            w->fresh = true;
        }
        if (t->len) put_token(w, t);
        break;
    case SDAG_YAML_DASH:
        if (top(w)->kind != SDAG_YAML_LIST) open_level(w, t, true);
        w->fresh = true;
        put_token(w, t);
        break;
    case SDAG_YAML_LINE:
        w->fresh = true;
        put_token(w, t);
        w->fresh = true;
        break;
    case SDAG_YAML_END: put_comments(w, t, -1); break;
    default: put_token(w, t);
    }
}

static const char *write_all(sdag_arena *a, const sdag_yaml_tokens *t)
{
    writer *w = SDAG_NEW(a, writer);
    *w = (writer){.t = t, .out = {.a = a}};
    sdag_str_add(&w->out, "");
    for (int i = 0; i < t->list.n && !w->too_deep; i++) take(w, &t->list.at[i]);
    if (w->out.n && w->out.at[w->out.n - 1] != '\n') sdag_str_add(&w->out, "\n");
    return w->too_deep ? "" : w->out.at;
}

/* Without a byte order mark, lines ended by \n alone. */
static char *plain_lines(sdag_arena *a, const char *text, size_t *len)
{
    size_t from = *len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, n = 0;
    char *to = sdag_arena_copy(a, text, *len);
    for (size_t i = from; i < *len; i++) {
        if (text[i] == '\r' && i + 1 < *len && text[i + 1] == '\n') continue;
        to[n++] = text[i] == '\r' ? '\n' : text[i];
    }
    to[n] = 0;
    *len = n;
    return to;
}

sdag_status sdag_format(char **out, sdag_arena *a, sdag_log *log, const char *file_name, const char *text, size_t len)
{
    const sdag_spec *tree;
    sdag_yaml_tokens tokens;
    *out = NULL;
    sdag_status status = sdag_spec_parse(&tree, a, log, file_name, text, len);
    if (status) return status;
    text = plain_lines(a, text, &len);
    status = sdag_yaml_tokens_read(&tokens, a, text, len);
    if (status) return sdag_fail(log, status, tree->loc, "the tokens of the file are not understood");
    char *now = (char *)write_all(a, &tokens);
    status = sdag_format_prove(a, log, tree, &tokens, now, strlen(now));
    if (!status) *out = now;
    return status;
}
