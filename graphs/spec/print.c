/* The tree -> YAML that reads back as the same tree. */
#include <string.h>

#include "graphs/spec/spec.h"

enum {
    COLUMNS = 100,
    BLOCK_DEPTH = 4, /* maps of the first levels (file, phases, a phase, nodes) are never on one line */
};

/* ---- scalars ---- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("_./+$", c) ||
           (unsigned char)c >= 0x80;
}

/* Whether text needs no quotes, inside brackets (flow) or outside: words, and within them what separates words.
 * Stricter than YAML, so that there is nothing to weigh up. */
static bool is_bare(const char *text, bool flow)
{
    const char *within = flow ? "- :=*%@()" : "- :=*%@(),";
    if (!*text || !(is_word(*text) || (*text == '-' && is_word(text[1])))) return false;
    if (strncmp(text, "...", 3) == 0) return false;
    for (const char *p = text; *p; p++) {
        uint32_t c;
        int n = sdag_utf8(&c, p, strlen(p) < 4 ? strlen(p) : 4);
        if (n == 0 || (n > 1 && (c < 0xa1 || c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff)))
            return false;
        p += n - 1;
        if (n > 1 || is_word(*p)) continue;
        if (!p[1] || !strchr(within, *p)) return false;
        if (p[1] != '-' && !is_word(p[1]) && !(*p == ',' && p[1] == ' ')) return false;
    }
    return true;
}

/* escape: a ${ is no arithmetic, so that \${ must be written. */
static void print_quoted(sdag_str *out, const char *text, bool escape)
{
    sdag_str_add(out, "\"");
    for (size_t left = strlen(text); left;) {
        uint32_t c = 0;
        int n = sdag_utf8(&c, text, left);
        if (n == 0) n = 1, c = (unsigned char)*text; /* trees hold UTF-8; this only keeps the loop going */
        if (escape && c == '$' && text[1] == '{') sdag_str_add(out, "\\\\");
        if (c == '\n') sdag_str_add(out, "\\n");
        else if (c == '\t') sdag_str_add(out, "\\t");
        else if (c == '"' || c == '\\') sdag_str_addf(out, "\\%c", (int)c);
        else if (c < 0x20 || (c >= 0x7f && c <= 0xa0)) sdag_str_addf(out, "\\x%02x", (unsigned)c);
        else if (c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff)
            sdag_str_addf(out, "\\u%04x", (unsigned)c);
        else sdag_str_addn(out, text, (size_t)n);
        text += n;
        left -= (size_t)n;
    }
    sdag_str_add(out, "\"");
}

/* $width / 2: arithmetic that is seen as such without ${ }, and in which nothing means something to YAML. */
static bool is_plain_arithmetic(const char *text)
{
    sdag_spec_code code;
    const char *inner;
    size_t n;
    bool begins = is_word(*text) || *text == '(', ends = text[0] && text[strlen(text) - 1] != ' ';
    return begins && ends && !strpbrk(text, ",\t\n") && sdag_spec_code_of(&code, &inner, &n, text, true) &&
           code == SDAG_SPEC_ARITHMETIC && inner == text;
}

static void print_scalar(sdag_str *out, const sdag_spec *s, bool flow)
{
    if (s->kind == SDAG_SPEC_NULL) sdag_str_add(out, "null");
    else if (s->code == SDAG_SPEC_PIECES) print_quoted(out, s->text, false);
    else if (s->code == SDAG_SPEC_ARITHMETIC && is_plain_arithmetic(s->text)) sdag_str_add(out, s->text);
    else if (s->code == SDAG_SPEC_ARITHMETIC) {
        sdag_str text = {.a = out->a};
        sdag_str_addf(&text, "${%s}", s->text);
        print_quoted(out, text.at, false);
    } else if (!s->quoted && (sdag_spec_special(s->text) || is_bare(s->text, flow))) sdag_str_add(out, s->text);
    else print_quoted(out, s->text, true);
}

static void print_key(sdag_str *out, const char *key)
{
    if (is_bare(key, true) && *key != '$') sdag_str_add(out, key);
    else print_quoted(out, key, true);
    sdag_str_add(out, ":");
}

/* Whether a text of several lines, such as a formula, is best read after '|', where it stands as it is. */
static bool is_lines(const sdag_spec *s)
{
    if (s->kind != SDAG_SPEC_SCALAR || s->code == SDAG_SPEC_ARITHMETIC || !strchr(s->text, '\n')) return false;
    if (strchr(" \n$\\", s->text[0]) || (!s->code && strstr(s->text, "${"))) return false;
    for (const char *p = s->text; *p; p++) {
        if ((unsigned char)*p < 0x20 && *p != '\n') return false;
        if ((unsigned char)*p == 0x7f || (unsigned char)*p == 0xc2 || (unsigned char)*p == 0xe2 ||
            (unsigned char)*p == 0xef)
            return false; /* some that begin so are breaks or not printable */
        if (*p == '\n' && p[1] == ' ' && !p[1 + strspn(p + 1, " ")]) return false;
        if (*p == '\n' && p[1] == ' ' && p[1 + strspn(p + 1, " ")] == '\n') return false;
    }
    return true;
}

static void print_lines(sdag_str *out, const char *text, int indent)
{
    size_t n = strlen(text), ends = 0;
    while (ends < n && text[n - 1 - ends] == '\n') ends++;
    sdag_str_add(out, ends == 0 ? "|-\n" : ends == 1 ? "|\n" : "|+\n");
    for (const char *end; *text; text = end + (*end == '\n')) {
        end = text + strcspn(text, "\n");
        if (end > text) sdag_str_addf(out, "%*s", indent, "");
        sdag_str_addn(out, text, (size_t)(end - text));
        sdag_str_add(out, "\n");
    }
}

static bool has_lines(const sdag_spec *s)
{
    bool found = is_lines(s);
    for (int i = 0; !found && s->kind == SDAG_SPEC_LIST && i < s->n; i++) found = has_lines(s->items[i]);
    for (int i = 0; !found && s->kind == SDAG_SPEC_MAP && i < s->n; i++) found = has_lines(s->entries[i].value);
    return found;
}

/* ---- lists and maps ---- */

/* On one line. Stops early, with a text that is too long, once it is past max bytes. */
static void print_flow(sdag_str *out, const sdag_spec *s, size_t max, bool inside)
{
    if (s->kind < SDAG_SPEC_LIST) {
        print_scalar(out, s, inside);
        return;
    }
    bool list = s->kind == SDAG_SPEC_LIST;
    sdag_str_add(out, list ? "[" : "{");
    for (int i = 0; i < s->n && out->n <= max; i++) {
        if (i) sdag_str_add(out, ", ");
        if (!list) {
            print_key(out, s->entries[i].key);
            sdag_str_add(out, " ");
        }
        print_flow(out, list ? s->items[i] : s->entries[i].value, max, true);
    }
    sdag_str_add(out, list ? "]" : "}");
}

/* Tries one line from the given column; false: it does not fit, and out is as it was. */
static bool print_line(sdag_str *out, const sdag_spec *s, int depth, size_t column)
{
    if (s->kind == SDAG_SPEC_MAP && depth < BLOCK_DEPTH && s->n > 0) return false;
    if (s->kind >= SDAG_SPEC_LIST && has_lines(s)) return false;
    size_t before = out->n, max = before + (column < COLUMNS ? COLUMNS - column : 0);
    print_flow(out, s, max, false);
    if (s->kind < SDAG_SPEC_LIST || s->n == 0 || out->n <= max) return true;
    out->n = before;
    out->at[before] = 0;
    return false;
}

static void print_block(sdag_str *out, const sdag_spec *s, int depth, int indent)
{
    for (int i = 0; i < s->n; i++) {
        bool list = s->kind == SDAG_SPEC_LIST;
        const sdag_spec *value = list ? s->items[i] : s->entries[i].value;
        size_t line = out->n;
        if (i) sdag_str_addf(out, "%*s", indent, ""); /* the first stands where the caller put the cursor */
        if (list) sdag_str_add(out, "- ");
        else print_key(out, s->entries[i].key);
        size_t column = (i ? 0 : (size_t)indent) + (out->n - line);
        if (!list) sdag_str_add(out, " ");
        if (is_lines(value)) print_lines(out, value->text, indent + 2);
        else if (print_line(out, value, depth + 1, column + !list)) {
            sdag_str_add(out, "\n");
        } else if (list) {
            print_block(out, value, depth + 1, indent + 2);
        } else {
            out->at[out->n - 1] = '\n';
            sdag_str_addf(out, "%*s", indent + 2, "");
            print_block(out, value, depth + 1, indent + 2);
        }
    }
}

void sdag_spec_print(sdag_str *out, const sdag_spec *s)
{
    if (s->kind < SDAG_SPEC_LIST || s->n == 0) {
        print_flow(out, s, SIZE_MAX, false);
        sdag_str_add(out, "\n");
        return;
    }
    print_block(out, s, 0, 0);
}

void sdag_spec_print_line(sdag_str *out, const sdag_spec *s) { print_flow(out, s, SIZE_MAX, false); }
