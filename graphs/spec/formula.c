#include "graphs/spec/formula.h"

#include <stdarg.h>
#include <string.h>

enum { STEPS_MAX = 10 * SDAG_FORMULA_TERMS_MAX };

/* A function of the formula's own: its parameters, and where its tokens begin. A call reads them again. */
typedef struct own_function {
    const char *name;
    int first, n_lets; /* first token behind '='; named values that it may use */
    int n_functions;   /* functions that it may call: those before it */
    int n;
    const char *params[SDAG_FORMULA_ARGS_MAX];
    bool used;
    int32_t at, len;
} own_function;

typedef struct binding {
    const char *name;
    int32_t term;
} binding;

typedef struct parser {
    sdag_arena *a;
    const char *text;
    const sdag_token *tokens;
    int at, depth, steps; /* steps: values read so far; functions that call functions could make them too many */
    SDAG_VEC(sdag_term) terms;
    SDAG_VEC(sdag_term_let) lets;
    SDAG_VEC(own_function) functions;
    const binding *bound;             /* inside a function: its parameters */
    int n_bound, n_lets, n_functions; /* what can be seen where it parses */
    sdag_formula_error *e;
    bool failed;
} parser;

const char *sdag_term_sign(sdag_term_kind k)
{
    static const char *const signs[] = {
        [SDAG_TERM_INDEX] = "[]",      [SDAG_TERM_TRANSPOSE] = "'",   [SDAG_TERM_NEGATE] = "-",
        [SDAG_TERM_ADD] = "+",         [SDAG_TERM_SUB] = "-",         [SDAG_TERM_MUL] = "*",
        [SDAG_TERM_DIV] = "/",         [SDAG_TERM_MATMUL] = "@",      [SDAG_TERM_POWER] = "^",
        [SDAG_TERM_LESS] = "<",        [SDAG_TERM_LESS_EQUAL] = "<=", [SDAG_TERM_MORE] = ">",
        [SDAG_TERM_MORE_EQUAL] = ">=", [SDAG_TERM_EQUAL] = "==",      [SDAG_TERM_NOT_EQUAL] = "!=",
    };
    return signs[k] ? signs[k] : "";
}

/* ---- messages: the first one counts */

static int32_t fail(parser *p, int32_t at, int32_t len, const char *fmt, ...) SDAG_PRINTF(4, 5);
static int32_t fail(parser *p, int32_t at, int32_t len, const char *fmt, ...)
{
    va_list ap;
    if (p->failed) return 0;
    p->failed = true;
    va_start(ap, fmt);
    *p->e = (sdag_formula_error){at, len, sdag_arena_vprintf(p->a, fmt, ap)};
    va_end(ap);
    return 0;
}

static const sdag_token *peek(const parser *p) { return &p->tokens[p->at]; }

static bool is_sign(const sdag_token *t, const char *sign)
{
    return t->kind == SDAG_TOKEN_SIGN && strcmp(t->sign, sign) == 0;
}

static bool take(parser *p, const char *sign)
{
    if (p->failed || !is_sign(peek(p), sign)) return false;
    p->at++;
    return true;
}

static int32_t unexpected(parser *p, const char *expected)
{
    const sdag_token *t = peek(p);
    if (t->kind == SDAG_TOKEN_END) return fail(p, t->at, 0, "the formula ends here; expected %s", expected);
    if (t->kind == SDAG_TOKEN_BREAK) return fail(p, t->at, 0, "the line ends here; expected %s", expected);
    return fail(p, t->at, t->len, "'%.*s' stands here; expected %s", t->len > 40 ? 40 : (int)t->len, p->text + t->at,
                expected);
}

/* ---- terms */

static int32_t end_of(const parser *p) { return p->at ? p->tokens[p->at - 1].at + p->tokens[p->at - 1].len : 0; }

static bool same_term(const sdag_term *a, const sdag_term *b)
{
    bool named = a->name && b->name;
    if (a->kind != b->kind || a->n != b->n || a->number != b->number || !a->name != !b->name ||
        (named && strcmp(a->name, b->name) != 0) || a->dollar != b->dollar)
        return false;
    for (int i = 0; i < a->n; i++) {
        const char *u = a->args[i].key, *v = b->args[i].key;
        if (a->args[i].term != b->args[i].term || !u != !v || (u && strcmp(u, v) != 0)) return false;
    }
    return true;
}

/* The number of a new term, or of one that says the same: what is written twice is computed once. */
static int32_t term(parser *p, sdag_term t)
{
    if (p->failed) return 0;
    for (int i = p->terms.n - 1; i >= 0; i--) /* terms are few */
        if (same_term(&p->terms.at[i], &t)) return i;
    if (p->terms.n == SDAG_FORMULA_TERMS_MAX)
        return fail(p, t.at, t.len, "a formula of more than %d parts", SDAG_FORMULA_TERMS_MAX);
    if (t.n) t.args = (const sdag_term_arg *)sdag_arena_copy(p->a, t.args, (size_t)t.n * sizeof *t.args);
    for (int i = 0; i < t.n; i++) p->terms.at[t.args[i].term].uses++;
    *SDAG_PUSH(p->a, &p->terms) = t;
    return p->terms.n - 1;
}

/* An operation on what begins at byte `at` and ends with the last token. */
static int32_t operation(parser *p, sdag_term_kind kind, int32_t at, int n, int32_t x, int32_t y, double number)
{
    const sdag_term_arg args[2] = {{NULL, x, at}, {NULL, y, at}};
    return term(p, (sdag_term){.kind = kind, .at = at, .len = end_of(p) - at, .number = number, .n = n, .args = args});
}

static bool enter(parser *p)
{
    if (p->depth == SDAG_FORMULA_DEPTH_MAX)
        fail(p, peek(p)->at, peek(p)->len, "more than %d levels within each other", SDAG_FORMULA_DEPTH_MAX);
    else p->depth++;
    return !p->failed;
}

/* ---- values */

static int32_t value(parser *p);
static int32_t unary(parser *p);

/* The name of t, as far as the formula explains it: a parameter of the function at hand, a named value. -1. */
static int32_t explained(parser *p, const sdag_token *t)
{
    for (int i = 0; i < p->n_bound; i++)
        if (!t->dollar && strcmp(p->bound[i].name, t->name) == 0) return p->bound[i].term;
    for (int i = p->n_lets - 1; i >= 0; i--)
        if (!t->dollar && strcmp(p->lets.at[i].name, t->name) == 0) {
            p->lets.at[i].used = true;
            return p->lets.at[i].term;
        }
    return -1;
}

static int32_t name(parser *p, const sdag_token *t)
{
    int32_t known = explained(p, t);
    return known >= 0
               ? known
               : term(p, (sdag_term){
                             .kind = SDAG_TERM_NAME, .at = t->at, .len = t->len, .name = t->name, .dollar = t->dollar});
}

/* Arguments up to the closing sign. named: whether key=value is allowed. Returns how many. */
static int arguments(parser *p, sdag_term_arg *args, const char *close, bool named)
{
    int n = 0;
    if (take(p, close)) return 0;
    do {
        const sdag_token *t = peek(p);
        if (n == SDAG_FORMULA_ARGS_MAX) fail(p, t->at, t->len, "more than %d arguments", SDAG_FORMULA_ARGS_MAX);
        if (p->failed) return 0;
        args[n] = (sdag_term_arg){.at = t->at};
        if (named && t->kind == SDAG_TOKEN_NAME && !t->dollar && is_sign(t + 1, "=")) {
            args[n].key = t->name;
            p->at += 2;
        }
        args[n++].term = value(p);
    } while (take(p, ","));
    if (!p->failed && !take(p, close)) unexpected(p, sdag_arena_printf(p->a, "',' or '%s'", close));
    return p->failed ? 0 : n;
}

static int own_index(const parser *p, const char *called)
{
    for (int i = p->n_functions - 1; i >= 0; i--)
        if (strcmp(p->functions.at[i].name, called) == 0) return i;
    return -1;
}

/* The body of function number id with its parameters standing for the arguments. */
static int32_t call_own(parser *p, int id, const sdag_token *t, int n, const sdag_term_arg *args)
{
    own_function *f = &p->functions.at[id];
    binding bound[SDAG_FORMULA_ARGS_MAX];
    parser was = *p;
    f->used = true;
    if (n != f->n) return fail(p, t->at, t->len, "%s takes %d arguments, not %d", f->name, f->n, n);
    for (int i = 0; i < n; i++) {
        if (args[i].key) return fail(p, args[i].at, (int32_t)strlen(args[i].key), "%s names no argument", f->name);
        bound[i] = (binding){f->params[i], args[i].term};
    }
    if (!enter(p)) return 0;
    p->at = f->first;
    p->bound = bound;
    p->n_bound = n;
    p->n_lets = f->n_lets;
    p->n_functions = f->n_functions;
    int32_t v = value(p);
    p->at = was.at;
    p->depth = was.depth;
    p->bound = was.bound;
    p->n_bound = was.n_bound;
    p->n_lets = was.n_lets;
    p->n_functions = was.n_functions;
    return v;
}

static int32_t call(parser *p, const sdag_token *t)
{
    sdag_term_arg args[SDAG_FORMULA_ARGS_MAX];
    p->at++; /* ( */
    int n = arguments(p, args, ")", true), own = own_index(p, t->name);
    if (p->failed) return 0;
    if (own >= 0) return call_own(p, own, t, n, args);
    return term(
        p, (sdag_term){
               .kind = SDAG_TERM_CALL, .at = t->at, .len = end_of(p) - t->at, .name = t->name, .n = n, .args = args});
}

static int32_t list(parser *p, const sdag_token *t)
{
    sdag_term_arg args[SDAG_FORMULA_ARGS_MAX];
    int n = arguments(p, args, "]", false);
    return term(p, (sdag_term){.kind = SDAG_TERM_LIST, .at = t->at, .len = end_of(p) - t->at, .n = n, .args = args});
}

static int32_t primary(parser *p)
{
    const sdag_token *t = peek(p);
    int32_t v = 0;
    if (!p->failed && ++p->steps > STEPS_MAX)
        fail(p, t->at, t->len, "too much to work out: its functions call each other too often");
    if (p->failed || !enter(p)) return 0;
    if (t->kind == SDAG_TOKEN_NUMBER) {
        p->at++;
        v = term(p, (sdag_term){.kind = SDAG_TERM_NUMBER, .at = t->at, .len = t->len, .number = t->number});
    } else if (t->kind == SDAG_TOKEN_NAME) {
        p->at++;
        v = !t->dollar && is_sign(peek(p), "(") ? call(p, t) : name(p, t);
    } else if (take(p, "(")) {
        v = value(p);
        if (!p->failed && !take(p, ")")) unexpected(p, "')'");
    } else if (take(p, "[")) v = list(p, t);
    else unexpected(p, "a value");
    p->depth--;
    return v;
}

static int32_t postfix(parser *p)
{
    int32_t at = peek(p)->at, v = primary(p);
    while (!p->failed) {
        if (take(p, "'")) v = operation(p, SDAG_TERM_TRANSPOSE, at, 1, v, 0, 0);
        else if (take(p, "[")) {
            const sdag_token *t = peek(p);
            bool whole = t->kind == SDAG_TOKEN_NUMBER && t->number == (double)(int32_t)t->number;
            if (!whole) return unexpected(p, "the number of a view: 0, 1, ...");
            p->at++;
            if (!take(p, "]")) return unexpected(p, "']'");
            v = operation(p, SDAG_TERM_INDEX, at, 1, v, 0, t->number);
        } else break;
    }
    return v;
}

static int32_t power(parser *p)
{
    int32_t at = peek(p)->at, x = postfix(p);
    if (!take(p, "^") || !enter(p)) return x;
    int32_t y = unary(p);
    p->depth--;
    return operation(p, SDAG_TERM_POWER, at, 2, x, y, 0);
}

static int32_t unary(parser *p)
{
    int32_t at = peek(p)->at;
    if (!take(p, "-")) return power(p);
    if (!enter(p)) return 0;
    int32_t x = unary(p);
    p->depth--;
    return operation(p, SDAG_TERM_NEGATE, at, 1, x, 0, 0);
}

static int32_t product(parser *p)
{
    int32_t at = peek(p)->at, x = unary(p);
    while (!p->failed) {
        sdag_term_kind kind = take(p, "*")   ? SDAG_TERM_MUL
                              : take(p, "/") ? SDAG_TERM_DIV
                              : take(p, "@") ? SDAG_TERM_MATMUL
                                             : SDAG_TERM_NUMBER;
        if (kind == SDAG_TERM_NUMBER) break;
        int32_t y = unary(p);
        x = operation(p, kind, at, 2, x, y, 0);
    }
    return x;
}

static int32_t sum(parser *p)
{
    int32_t at = peek(p)->at, x = product(p);
    while (!p->failed) {
        sdag_term_kind kind = take(p, "+") ? SDAG_TERM_ADD : take(p, "-") ? SDAG_TERM_SUB : SDAG_TERM_NUMBER;
        if (kind == SDAG_TERM_NUMBER) break;
        int32_t y = product(p);
        x = operation(p, kind, at, 2, x, y, 0);
    }
    return x;
}

static sdag_term_kind comparison(parser *p)
{
    for (sdag_term_kind k = SDAG_TERM_LESS; k <= SDAG_TERM_NOT_EQUAL; k++)
        if (take(p, sdag_term_sign(k))) return k;
    return SDAG_TERM_NUMBER;
}

static int32_t value(parser *p)
{
    int32_t at = peek(p)->at, x = sum(p);
    sdag_term_kind kind = comparison(p);
    if (kind == SDAG_TERM_NUMBER) return x;
    int32_t y = sum(p);
    x = operation(p, kind, at, 2, x, y, 0);
    const sdag_token *t = peek(p);
    if (comparison(p) != SDAG_TERM_NUMBER) fail(p, t->at, t->len, "two comparisons in a row: use brackets");
    return x;
}

/* ---- statements */

/* Whether "name(names) =" begins here; reads it. */
static bool own_head(parser *p, own_function *f)
{
    const sdag_token *t = peek(p);
    int i = 2;
    if (t->kind != SDAG_TOKEN_NAME || t->dollar || !is_sign(t + 1, "(")) return false;
    *f =
        (own_function){.name = t->name, .at = t->at, .len = t->len, .n_lets = p->lets.n, .n_functions = p->functions.n};
    while (t[i].kind == SDAG_TOKEN_NAME && !t[i].dollar && f->n < SDAG_FORMULA_ARGS_MAX) {
        f->params[f->n++] = t[i++].name;
        if (!is_sign(&t[i], ",")) break;
        i++;
    }
    if (!is_sign(&t[i], ")") || !is_sign(&t[i + 1], "=")) return false;
    p->at += i + 2;
    f->first = p->at;
    return true;
}

/* The body is read once here, with parameters that stand for nothing, so that its mistakes are found where they are;
 * the terms that this made are dropped. */
static void define(parser *p, const own_function *f)
{
    binding bound[SDAG_FORMULA_ARGS_MAX];
    int n = p->terms.n;
    for (int i = 0; i < f->n; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(f->params[i], f->params[k]) == 0)
                fail(p, f->at, f->len, "two arguments of %.40s are called '%.40s'", f->name, f->params[i]);
    int32_t zero = term(p, (sdag_term){.kind = SDAG_TERM_NUMBER, .at = f->at, .len = f->len});
    for (int i = 0; i < f->n; i++) bound[i] = (binding){f->params[i], zero};
    int32_t *uses = SDAG_NEWS(p->a, int32_t, n);
    for (int i = 0; i < n; i++) uses[i] = p->terms.at[i].uses;
    p->bound = bound;
    p->n_bound = f->n;
    value(p);
    p->bound = NULL;
    p->n_bound = 0;
    if (p->failed) return;
    for (int i = 0; i < n; i++) p->terms.at[i].uses = uses[i];
    p->terms.n = n;
    *SDAG_PUSH(p->a, &p->functions) = *f;
}

/* One line. Returns its value when it has no name; -1. */
static int32_t statement(parser *p)
{
    const sdag_token *t = peek(p);
    own_function f;
    p->n_lets = p->lets.n;
    p->n_functions = p->functions.n;
    if (own_head(p, &f)) {
        define(p, &f);
        return -1;
    }
    if (t->kind == SDAG_TOKEN_NAME && !t->dollar && is_sign(t + 1, "=")) {
        p->at += 2;
        int32_t v = value(p);
        if (!p->failed) *SDAG_PUSH(p->a, &p->lets) = (sdag_term_let){.name = t->name, .term = v, .at = t->at};
        return -1;
    }
    return value(p);
}

static void expect_end(parser *p)
{
    const sdag_token *t = peek(p);
    if (p->failed || t->kind == SDAG_TOKEN_END || t->kind == SDAG_TOKEN_BREAK) return;
    if (is_sign(t, "=")) fail(p, t->at, t->len, "'=' gives a value a name, at the start of a line; '==' compares");
    else if (t->kind == SDAG_TOKEN_NAME && (is_sign(t + 1, "=") || is_sign(t + 1, "(")))
        fail(p, t->at, t->len, "'%.40s' begins something new: put ';' before it, or a line break (of a text after '|')",
             t->name);
    else unexpected(p, "an operator or the end of the line");
}

static void statements(parser *p, sdag_formula *f)
{
    f->value = -1;
    while (!p->failed && peek(p)->kind != SDAG_TOKEN_END) {
        int32_t at = peek(p)->at, v = statement(p);
        expect_end(p);
        if (p->failed) return;
        if (peek(p)->kind == SDAG_TOKEN_BREAK) p->at++;
        if (v >= 0 && peek(p)->kind != SDAG_TOKEN_END)
            fail(p, at, end_of(p) - at, "this value has no name, so that nothing can use it: name = ...");
        f->value = v;
    }
    if (!p->failed && f->value < 0) unexpected(p, "a value: the last line is what the formula gives");
}

bool sdag_formula_parse(sdag_formula *f, sdag_arena *a, const char *text, sdag_formula_error *e)
{
    parser p = {.a = a, .text = text, .e = e};
    int n;
    *f = (sdag_formula){.text = text};
    if (!sdag_formula_tokens(&p.tokens, &n, a, text, e)) return false;
    statements(&p, f);
    for (int i = 0; i < p.functions.n && !p.failed; i++)
        if (!p.functions.at[i].used)
            fail(&p, p.functions.at[i].at, p.functions.at[i].len, "'%s' is never used", p.functions.at[i].name);
    if (p.failed) return false;
    p.terms.at[f->value].uses++;
    f->terms = p.terms.at;
    f->n = p.terms.n;
    f->lets = p.lets.at;
    f->n_lets = p.lets.n;
    return true;
}
