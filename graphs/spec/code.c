/* Which scalars are arithmetic. ${...} always is; plain text is when it holds a $name and nothing but names, numbers
 * and signs: `$width / 2`, `0.3 * $batch / 256`. Other text that has a $ inside stays text. */
#include <string.h>

#include "graphs/spec/arith.h"
#include "graphs/spec/spec.h"

const char *sdag_spec_find_code(const char *text)
{
    for (const char *p = text; (p = strstr(p, "${")) != NULL; p += 2)
        if (p == text || p[-1] != '\\') return p;
    return NULL;
}

/* text with every `from` replaced; text itself when there is none. */
static const char *replaced(sdag_arena *a, const char *text, const char *from, const char *to)
{
    sdag_str out = {.a = a};
    const char *next = strstr(text, from);
    for (; next; next = strstr(text, from)) {
        sdag_str_addn(&out, text, (size_t)(next - text));
        sdag_str_add(&out, to);
        text = next + strlen(from);
    }
    if (!out.n) return text;
    sdag_str_add(&out, text);
    return out.at;
}

const char *sdag_spec_unescape(sdag_arena *a, const char *text) { return replaced(a, text, "\\${", "${"); }

const char *sdag_spec_escape(sdag_arena *a, const char *text) { return replaced(a, text, "${", "\\${"); }

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Words are numbers, $names and functions; there is a $name, and a sign. */
static bool is_arithmetic(const char *text)
{
    bool names = false, signs = false;
    for (const char *p = text; *p;) {
        size_t n = 0;
        bool dollar = *p == '$';
        while (is_word(p[n + dollar]) || (dollar && n && p[1 + n] == '-' && is_word(p[2 + n]))) n++;
        if (dollar && !n) return false;
        if (!dollar && n && !(*p >= '0' && *p <= '9') && !sdag_arith_find(p, n)) return false;
        if (!dollar && !n && !strchr(" \t\n.+-*/^(),", *p)) return false;
        names |= dollar;
        signs |= !n && strchr("+-*/^(", *p) != NULL;
        p += n ? n + dollar : 1;
    }
    return names && signs;
}

bool sdag_spec_code_of(sdag_spec_code *out, const char **inner, size_t *n, const char *text, bool plain)
{
    const char *open = sdag_spec_find_code(text);
    *out = SDAG_SPEC_AS_IS;
    *inner = text;
    *n = strlen(text);
    if (!open) {
        if (plain && strchr(text, '$') && is_arithmetic(text)) *out = SDAG_SPEC_ARITHMETIC;
        return true;
    }
    for (const char *p = open, *end; p; p = sdag_spec_find_code(end))
        if (!(end = strchr(p, '}'))) {
            *inner = p;
            return false;
        }
    const char *close = strchr(open, '}');
    bool whole = open == text && !close[1];
    *out = whole ? SDAG_SPEC_ARITHMETIC : SDAG_SPEC_PIECES;
    if (whole) {
        *inner = open + 2;
        *n = (size_t)(close - open) - 2;
    }
    return true;
}
