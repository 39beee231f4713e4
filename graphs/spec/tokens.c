/* The words and signs of a formula. */
#include <string.h>

#include "core/base/str.h"
#include "graphs/spec/formula.h"

typedef struct lexer {
    sdag_arena *a;
    const char *text;
    int32_t at;
    int brackets; /* open ones */
    SDAG_VEC(sdag_token) tokens;
    sdag_formula_error *e;
} lexer;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static bool wrong(lexer *x, int32_t at, int32_t len, const char *text)
{
    *x->e = (sdag_formula_error){at, len, text};
    return false;
}

static sdag_token *push(lexer *x, sdag_token_kind kind, int32_t len)
{
    sdag_token *t = SDAG_PUSH(x->a, &x->tokens);
    *t = (sdag_token){.kind = kind, .at = x->at, .len = len};
    x->at += len;
    return t;
}

/* 12, 0.5, .5, 1e-3 */
static bool take_number(lexer *x)
{
    const char *p = x->text + x->at, *start = p;
    while (is_digit(*p)) p++;
    if (*p == '.') p++;
    while (is_digit(*p)) p++;
    if ((*p == 'e' || *p == 'E') && (is_digit(p[1]) || ((p[1] == '-' || p[1] == '+') && is_digit(p[2])))) {
        p += 2;
        while (is_digit(*p)) p++;
    }
    int32_t at = x->at, len = (int32_t)(p - start);
    double v = 0;
    if (is_letter(*p) || *p == '.') return wrong(x, at, len + 1, "a number ends here; a name begins with a letter");
    if (!sdag_parse_f64(&v, sdag_arena_copy(x->a, start, (size_t)len)))
        return wrong(x, at, len, "not a number that can be computed with");
    push(x, SDAG_TOKEN_NUMBER, len)->number = v;
    return true;
}

static bool take_name(lexer *x)
{
    const char *p = x->text + x->at;
    bool dollar = *p == '$';
    int32_t n = dollar;
    if (dollar && !is_letter(p[1])) return wrong(x, x->at, 1, "'$' is followed by a name");
    while (is_letter(p[n]) || is_digit(p[n]) || (dollar && p[n] == '-' && (is_letter(p[n + 1]) || is_digit(p[n + 1]))))
        n++;
    sdag_token *t = push(x, SDAG_TOKEN_NAME, n);
    t->name = sdag_arena_copy(x->a, p + dollar, (size_t)(n - dollar));
    t->dollar = dollar;
    return true;
}

/* The length of the sign at p; 0: none. */
static int sign_length(const char *p)
{
    if ((p[0] == '<' || p[0] == '>' || p[0] == '=' || p[0] == '!') && p[1] == '=') return 2;
    return *p && strchr("+-*/@^'()[],=<>", *p) ? 1 : 0;
}

static bool take_sign(lexer *x)
{
    const char *p = x->text + x->at;
    int n = sign_length(p);
    uint32_t c;
    if (p[0] == '.' && x->tokens.n && x->tokens.at[x->tokens.n - 1].kind == SDAG_TOKEN_NAME)
        return wrong(x, x->at, 1, "'.' has no meaning here: ports are wired under in:, and views have numbers, z[0]");
    if (!n) {
        int bytes = sdag_utf8(&c, p, strlen(p));
        return wrong(x, x->at, 1,
                     sdag_arena_printf(x->a, "'%.*s' has no meaning here", bytes ? bytes : 1, bytes ? p : "?"));
    }
    if (p[0] == '*' && p[1] == '*') return wrong(x, x->at, 2, "powers are written with ^");
    x->brackets += (*p == '(' || *p == '[') - ((*p == ')' || *p == ']') && x->brackets > 0);
    memcpy(push(x, SDAG_TOKEN_SIGN, n)->sign, p, (size_t)n);
    return true;
}

/* Whether the formula goes on behind a line break: after an operator, or before one that begins no value. */
static bool goes_on(const lexer *x)
{
    const sdag_token *last = x->tokens.n ? &x->tokens.at[x->tokens.n - 1] : NULL;
    const char *p = x->text + x->at;
    if (last && last->kind == SDAG_TOKEN_SIGN && !strchr(")]'", last->sign[0])) return true;
    p += strspn(p, " \t\r\n");
    return *p && strchr("+*/@^=<>!),]", *p) != NULL;
}

static void take_break(lexer *x)
{
    bool semicolon = x->text[x->at] == ';';
    bool repeated = !x->tokens.n || x->tokens.at[x->tokens.n - 1].kind == SDAG_TOKEN_BREAK;
    if (semicolon ? !repeated : !(repeated || x->brackets || goes_on(x))) push(x, SDAG_TOKEN_BREAK, 1);
    else x->at++;
}

bool sdag_formula_tokens(const sdag_token **tokens, int *n, sdag_arena *a, const char *text, sdag_formula_error *e)
{
    lexer x = {.a = a, .text = text, .e = e};
    size_t len = strlen(text);
    if (len > SDAG_FORMULA_BYTES_MAX)
        return wrong(&x, 0, 1, sdag_arena_printf(a, "a formula of more than %d bytes", SDAG_FORMULA_BYTES_MAX));
    for (bool ok = true; x.at < (int32_t)len; ok = true) {
        char c = text[x.at];
        if (c == ' ' || c == '\t' || c == '\r') x.at++;
        else if (c == '#') x.at += (int32_t)strcspn(text + x.at, "\n");
        else if (c == '\n' || c == ';') take_break(&x);
        else if (is_digit(c) || (c == '.' && is_digit(text[x.at + 1]))) ok = take_number(&x);
        else if (is_letter(c) || c == '$') ok = take_name(&x);
        else ok = take_sign(&x);
        if (!ok) return false;
    }
    push(&x, SDAG_TOKEN_END, 0);
    *tokens = x.tokens.at;
    *n = x.tokens.n;
    return true;
}
