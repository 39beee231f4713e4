#include "core/base/log.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/str.h"

enum { QUOTE_WIDTH = 100, LEAD_IN = 40 }; /* columns of a quoted line; of them before the caret when clipped */

/* A file that messages can quote: its text and where every line starts. */
typedef struct source {
    char *file, *text;
    size_t len, *starts, n_lines;
} source;

struct sdag_log {
    pthread_mutex_t mutex;
    FILE *out;
    bool quiet, color, details;
    int errors;
    sdag_diag **diags; /* each of its own, so that sdag_log_at stays valid while the list grows */
    int n_diags;
    source *sources;
    int n_sources;
    char **names;
    int n_names;
};

sdag_log *sdag_log_create(FILE *out)
{
    sdag_log *l = sdag_alloc(sizeof *l);
    if (!l) return NULL;
    l->out = out;
    pthread_mutex_init(&l->mutex, NULL);
    return l;
}

void sdag_log_destroy(sdag_log *l)
{
    if (!l) return;
    for (int i = 0; i < l->n_diags; i++) {
        sdag_free(l->diags[i]->text);
        sdag_free(l->diags[i]);
    }
    for (int i = 0; i < l->n_sources; i++) {
        sdag_free(l->sources[i].file);
        sdag_free(l->sources[i].text);
        sdag_free(l->sources[i].starts);
    }
    for (int i = 0; i < l->n_names; i++) sdag_free(l->names[i]);
    sdag_free(l->diags);
    sdag_free(l->sources);
    sdag_free(l->names);
    pthread_mutex_destroy(&l->mutex);
    sdag_free(l);
}

static char *copy_of(const char *p, size_t n)
{
    size_t bytes;
    char *to = sdag_add_size(&bytes, n, 1) ? sdag_alloc(bytes) : NULL;
    if (to && n) memcpy(to, p, n);
    return to;
}

/* Room for one more in a list that doubles at powers of two. false: no memory, the list is as it was. */
static bool room(void *list, int n, size_t each)
{
    if (n & (n - 1)) return true;
    void *at;
    memcpy(&at, list, sizeof at);
    at = sdag_realloc(at, n ? (size_t)n * 2 : 1, each);
    if (at) memcpy(list, &at, sizeof at);
    return at != NULL;
}

/* ---- sources ---- */

/* The bytes of the line break at p, 0 when there is none. Lines are counted as YAML 1.1 parsers do. */
static size_t break_at(const char *p, const char *end)
{
    static const char *const breaks[] = {"\r\n", "\n", "\r", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
    unsigned char c = (unsigned char)*p;
    if (c > '\r' && c != 0xc2 && c != 0xe2) return 0; /* most characters */
    for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++) {
        size_t n = strlen(breaks[i]);
        if ((size_t)(end - p) >= n && memcmp(p, breaks[i], n) == 0) return n;
    }
    return 0;
}

/* Fills starts (when not NULL) and returns the number of lines. */
static size_t find_lines(size_t *starts, const char *text, size_t len)
{
    size_t n = 0, i = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* a byte order mark has no column */
    if (starts) starts[n] = i;
    n++;
    while (i < len) {
        size_t b = break_at(text + i, text + len);
        i += b ? b : 1;
        if (!b) continue;
        if (starts) starts[n] = i;
        n++;
    }
    return n;
}

void sdag_log_source(sdag_log *l, const char *file, const char *text, size_t len)
{
    source s = {.file = copy_of(file, strlen(file)), .text = copy_of(text, len), .len = len};
    s.n_lines = find_lines(NULL, text, len);
    s.starts = sdag_alloc_array(s.n_lines, sizeof *s.starts);
    pthread_mutex_lock(&l->mutex);
    bool ok = s.file && s.text && s.starts && room(&l->sources, l->n_sources, sizeof s);
    if (ok) {
        find_lines(s.starts, text, len);
        l->sources[l->n_sources++] = s;
    }
    pthread_mutex_unlock(&l->mutex);
    if (ok) return;
    sdag_free(s.file); /* messages will come without the quoted line: no reason to stop */
    sdag_free(s.text);
    sdag_free(s.starts);
}

const char *sdag_log_intern(sdag_log *l, const char *file)
{
    const char *found = NULL;
    pthread_mutex_lock(&l->mutex);
    for (int i = 0; i < l->n_names && !found; i++)
        if (strcmp(l->names[i], file) == 0) found = l->names[i];
    if (!found) {
        char *name = copy_of(file, strlen(file));
        if (name && room(&l->names, l->n_names, sizeof *l->names)) found = l->names[l->n_names++] = name;
        else sdag_free(name);
    }
    pthread_mutex_unlock(&l->mutex);
    return found;
}

/* ---- writing ---- */

/* Colours of a terminal (ECMA-48 "select graphic rendition"): bold place, a level, the caret. */
#define PLAIN "\033[0m"
#define BOLD "\033[1m"
static const char *const level_colors[] = {
    [SDAG_DETAIL] = "\033[2m", [SDAG_NOTE] = "\033[1;36m", [SDAG_WARNING] = "\033[1;35m", [SDAG_ERROR] = "\033[1;31m"};
static const char caret_color[] = "\033[1;32m";

/* Columns that a character takes in a terminal; of its own, since wcwidth depends on the locale. */
static int width_of(uint32_t c)
{
    static const struct {
        uint32_t from, to;
        int width;
    } ranges[] = {
        {0x300, 0x36f, 0},     {0x1100, 0x115f, 2},   {0x200b, 0x200f, 0},   {0x2e80, 0xa4cf, 2}, {0xac00, 0xd7a3, 2},
        {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},   {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2}, {0xffe0, 0xffe6, 2},
        {0x1f300, 0x1f64f, 2}, {0x1f900, 0x1f9ff, 2}, {0x20000, 0x3fffd, 2},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (c >= ranges[i].from && c <= ranges[i].to) return ranges[i].width;
    return 1;
}

/* Characters that would move the cursor or reorder the text: a stranger's file must not drive the terminal. */
static bool unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

static void write_safe(FILE *out, const char *text)
{
    for (size_t left = strlen(text); left;) {
        uint32_t c = 0;
        int n = sdag_utf8(&c, text, left);
        if (n == 0) fprintf(out, "\\x%02x", (unsigned)(unsigned char)*text);
        else if (unsafe(c) && c != '\n') fprintf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
        else fwrite(text, 1, (size_t)n, out);
        text += n ? n : 1;
        left -= n ? (size_t)n : 1;
    }
}

/* One character of a quoted line: how to show it. A tab or a character that must not be shown is one column,
 * so that the caret below stands where it should. */
typedef struct glyph {
    const char *text;
    int bytes; /* of the line */
    int shown; /* bytes of text */
    int width;
} glyph;

static glyph glyph_at(const char *p, const char *end)
{
    uint32_t c = 0;
    int n = sdag_utf8(&c, p, (size_t)(end - p));
    if (n == 0) return (glyph){"?", 1, 1, 1};
    if (c == '\t') return (glyph){" ", n, 1, 1};
    if (unsafe(c)) return (glyph){"?", n, 1, 1};
    return (glyph){p, n, n, width_of(c)};
}

/* The line of loc, from its first word, and a caret below the column; a long line is clipped around it. */
static void write_quote(FILE *out, const source *s, sdag_loc loc, bool color)
{
    size_t line = (size_t)loc.line - 1, from = s->starts[line];
    const char *p = s->text + from, *end = p;
    while (end < s->text + s->len && !break_at(end, s->text + s->len)) end++;
    int caret = loc.col - 1, upto = caret + (loc.len > 1 ? loc.len : 1);

    int skip = 0, i = 0;
    while (p + skip < end && (p[skip] == ' ' || p[skip] == '\t') && (caret < 0 || skip < caret)) skip++;
    bool clipped = caret - skip > QUOTE_WIDTH - LEAD_IN / 2;
    if (clipped) skip = caret - LEAD_IN;
    for (; i < skip && p < end; i++) p += glyph_at(p, end).bytes;

    int pad = clipped ? 3 : 0, under = 0, shown = 0;
    fputs(clipped ? "    ..." : "    ", out);
    for (; p < end && shown < QUOTE_WIDTH; i++) {
        glyph g = glyph_at(p, end);
        fwrite(g.text, 1, (size_t)g.shown, out);
        shown += g.width;
        if (i < caret) pad += g.width;
        else if (i < upto) under += g.width;
        p += g.bytes;
    }
    fputs(p < end ? "...\n" : "\n", out);
    if (caret < 0) return;
    fprintf(out, "    %*s%s^", pad, "", color ? caret_color : "");
    while (--under > 0) fputc('~', out);
    fputs(color ? PLAIN "\n" : "\n", out);
}

static void write_diag(const sdag_log *l, sdag_level level, sdag_loc loc, const char *text)
{
    static const char *const names[] = {
        [SDAG_DETAIL] = "detail", [SDAG_NOTE] = "note", [SDAG_WARNING] = "warning", [SDAG_ERROR] = "error"};
    FILE *out = l->out;
    if (l->color) fputs(BOLD, out);
    write_safe(out, loc.file ? loc.file : "ssldag");
    if (loc.file && loc.line > 0) fprintf(out, ":%d", loc.line);
    if (loc.file && loc.line > 0 && loc.col > 0) fprintf(out, ":%d", loc.col);
    fputs(l->color ? ":" PLAIN " " : ": ", out);
    fprintf(out, "%s%s:%s ", l->color ? level_colors[level] : "", names[level], l->color ? PLAIN : "");
    write_safe(out, text);
    fputc('\n', out);
    for (int i = l->n_sources - 1; loc.file && i >= 0; i--) /* newest first: a file may be given again */
        if (strcmp(l->sources[i].file, loc.file) == 0) {
            if (loc.line > 0 && (size_t)loc.line <= l->sources[i].n_lines)
                write_quote(out, &l->sources[i], loc, l->color);
            break;
        }
    fflush(out);
}

/* ---- messages ---- */

void sdag_log_addv(sdag_log *l, sdag_level level, sdag_loc loc, const char *fmt, va_list ap)
{
    if (level == SDAG_DETAIL && !l->details) return;
    char brief[512]; /* what is said of a message that there is no memory for */
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(brief, sizeof brief, fmt, ap);
    if (n < 0) n = 0, brief[0] = 0;
    sdag_diag *d = sdag_alloc(sizeof *d);
    char *text = sdag_alloc((size_t)n + 1);
    if (text) vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);

    pthread_mutex_lock(&l->mutex);
    if (level == SDAG_ERROR) l->errors++;
    if (l->out && !l->quiet) write_diag(l, level, loc, text ? text : brief);
    bool keep = d && text && room(&l->diags, l->n_diags, sizeof *l->diags);
    if (keep) {
        *d = (sdag_diag){level, loc, text};
        l->diags[l->n_diags++] = d;
    }
    pthread_mutex_unlock(&l->mutex);
    if (keep) return;
    sdag_free(d);
    sdag_free(text);
}

void sdag_log_add(sdag_log *l, sdag_level level, sdag_loc loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    sdag_log_addv(l, level, loc, fmt, ap);
    va_end(ap);
}

sdag_status sdag_fail(sdag_log *l, sdag_status s, sdag_loc loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    sdag_log_addv(l, SDAG_ERROR, loc, fmt, ap);
    va_end(ap);
    return s;
}

static int locked_get(const sdag_log *l, const int *field)
{
    pthread_mutex_lock((pthread_mutex_t *)&l->mutex);
    int v = *field;
    pthread_mutex_unlock((pthread_mutex_t *)&l->mutex);
    return v;
}

int sdag_log_errors(const sdag_log *l) { return locked_get(l, &l->errors); }

int sdag_log_count(const sdag_log *l) { return locked_get(l, &l->n_diags); }

const sdag_diag *sdag_log_at(const sdag_log *l, int i)
{
    pthread_mutex_lock((pthread_mutex_t *)&l->mutex);
    const sdag_diag *d = i >= 0 && i < l->n_diags ? l->diags[i] : NULL;
    pthread_mutex_unlock((pthread_mutex_t *)&l->mutex);
    return d;
}

void sdag_log_style(sdag_log *l, bool details, bool color)
{
    l->details = details;
    l->color = color;
}

void sdag_log_quiet(sdag_log *l, bool quiet)
{
    pthread_mutex_lock(&l->mutex);
    l->quiet = quiet;
    pthread_mutex_unlock(&l->mutex);
}
