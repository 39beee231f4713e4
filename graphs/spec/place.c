/* Places inside a scalar. Folding, indentation and escapes change white space alone, or write one character as several;
 * so the n-th character of the text that is no white space is the n-th of the file's, escapes counted as one. */
#include <string.h>

#include "graphs/spec/spec.h"

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* Characters that are no white space in the first n bytes of text. */
static int count_dark(const char *text, int n)
{
    int dark = 0;
    for (int i = 0; i < n && text[i]; i++) dark += !is_space(text[i]) && ((unsigned char)text[i] & 0xc0) != 0x80;
    return dark;
}

static int utf8_bytes(const char *p)
{
    int n = 1;
    while (((unsigned char)p[n] & 0xc0) == 0x80) n++;
    return n;
}

/* The bytes of the character at p as the file writes it; *dark: whether it is one that is counted. */
static int written(const char *p, char quote, bool *dark)
{
    *dark = !is_space(*p);
    if (quote == '\'' && p[0] == '\'' && p[1] == '\'') return 2;
    if (quote != '"' || p[0] != '\\' || !p[1]) return utf8_bytes(p);
    *dark = strchr("nrt abefv0NLP_\n\r", p[1]) == NULL;
    if (p[1] == 'x') return (int)strnlen(p, 4);
    if (p[1] == 'u') return (int)strnlen(p, 6);
    return p[1] == 'U' ? (int)strnlen(p, 10) : 1 + utf8_bytes(p + 1);
}

/* Where the characters of the text begin: behind an anchor and a tag, the quote, the head of a block "|-2 # a comment".
 * *quote: the kind of quotes, 0 for none. */
static const char *body_of(const char *raw, char *quote)
{
    const char *p = raw;
    while (*p == '&' || *p == '!') {
        p += strcspn(p, " \t\r\n");
        p += strspn(p, " \t\r\n");
    }
    *quote = *p == '"' || *p == '\'' ? *p : 0;
    return *quote ? p + 1 : *p == '|' || *p == '>' ? p + strcspn(p, "\n") : p;
}

static void step(sdag_loc *loc, const char *p, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        if (p[i] == '\n') {
            loc->line++;
            loc->col = 1;
        } else if (((unsigned char)p[i] & 0xc0) != 0x80) loc->col++;
    }
}

sdag_loc sdag_spec_place(const sdag_spec *s, int at, int len)
{
    sdag_loc loc = s->loc;
    if (s->kind != SDAG_SPEC_SCALAR || !loc.line || (s->raw && !*s->raw)) return loc;
    loc.len = len;
    if (!s->raw) {
        step(&loc, s->text, at);
        return loc;
    }
    char quote;
    const char *p = body_of(s->raw, &quote);
    const char *is = s->text + strnlen(s->text, (size_t)at);
    int dark_before = count_dark(s->text, at), skip = dark_before + s->lead;
    bool behind = dark_before && (!*is || is_space(*is)); /* an end: right behind what stands before it */
    step(&loc, s->raw, (int)(p - s->raw));
    for (bool dark, last = false; *p && !(last && behind);) {
        int bytes = written(p, quote, &dark);
        if (dark && skip == 0) break;
        skip -= dark;
        last = dark && skip == 0;
        step(&loc, p, bytes);
        p += bytes;
    }
    int line = (int)strcspn(p, "\r\n");
    if (loc.len > line) loc.len = line;
    return loc;
}
