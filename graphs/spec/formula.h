/* Formulas: text -> terms. One grammar for the arithmetic of ${...} and for `type: expr`.
 *
 *   formula   = { statement end } value
 *   statement = name "=" sum            a named value, for the lines below
 *             | name "(" names ")" "=" sum      a function of the formula's own, put in where it is called
 *   end       = line break | ";"        not inside brackets, nor where a line ends or the next begins with an operator
 *   value     = sum [("<" | "<=" | ">" | ">=" | "==" | "!=") sum]
 *   sum       = product {("+" | "-") product}
 *   product   = unary {("*" | "/" | "@") unary}
 *   unary     = "-" unary | power
 *   power     = postfix ["^" unary]                   -x^2 is -(x^2), 2^3^2 is 2^(3^2)
 *   postfix   = primary {"'" | "[" integer "]"}
 *   primary   = number | ["$"] name | name "(" arguments ")" | "(" value ")" | "[" value {"," value} "]"
 *
 * A comparison may stand wherever a value does. "#" begins a comment.
 *
 *   sdag_formula f;
 *   sdag_formula_error e;
 *   if (!sdag_formula_parse(&f, arena, text, &e)) complain(sdag_spec_place(spec, e.at, e.len), "%s", e.text);
 *
 * Terms lie in the order in which they can be computed, so that who works on them needs no recursion. What names and
 * functions mean is the reader's: graphs/spec/arith.h (numbers) and graphs/expr (tensors). Any text is safe to parse:
 * length, depth and number of terms are bounded. */
#ifndef SDAG_GRAPHS_SPEC_FORMULA_H
#define SDAG_GRAPHS_SPEC_FORMULA_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"

enum {
    SDAG_FORMULA_BYTES_MAX = 8 << 10,
    SDAG_FORMULA_TERMS_MAX = 2000,
    SDAG_FORMULA_DEPTH_MAX = 64, /* brackets, signs and powers within each other; functions that call each other */
    SDAG_FORMULA_ARGS_MAX = 16,
};

typedef enum {
    SDAG_TERM_NUMBER,    /* number */
    SDAG_TERM_NAME,      /* name: one that the formula does not explain itself */
    SDAG_TERM_CALL,      /* name(args) */
    SDAG_TERM_LIST,      /* [args] */
    SDAG_TERM_INDEX,     /* args[0] [number] */
    SDAG_TERM_TRANSPOSE, /* args[0] ' */
    SDAG_TERM_NEGATE,    /* - args[0] */
    SDAG_TERM_ADD,       /* args[0] + args[1], and so on */
    SDAG_TERM_SUB,
    SDAG_TERM_MUL,
    SDAG_TERM_DIV,
    SDAG_TERM_MATMUL,
    SDAG_TERM_POWER,
    SDAG_TERM_LESS,
    SDAG_TERM_LESS_EQUAL,
    SDAG_TERM_MORE,
    SDAG_TERM_MORE_EQUAL,
    SDAG_TERM_EQUAL,
    SDAG_TERM_NOT_EQUAL,
} sdag_term_kind;
const char *sdag_term_sign(sdag_term_kind k); /* "+", "'"; "" for a number, a name, a call or a list */

typedef struct sdag_term_arg {
    const char *key; /* of a named argument, axis=1; NULL */
    int32_t term, at;
} sdag_term_arg;

typedef struct sdag_term {
    sdag_term_kind kind;
    int32_t at, len; /* bytes of the text: the whole of it, its arguments included */
    int32_t uses;    /* how many other terms read it; the value of the formula counts one more */
    double number;
    const char *name;
    bool dollar; /* NAME: written $name */
    int n;       /* arguments, each a term that comes before */
    const sdag_term_arg *args;
} sdag_term;

/* A named value of the formula. */
typedef struct sdag_term_let {
    const char *name;
    int32_t term, at;
    bool used;
} sdag_term_let;

typedef struct sdag_formula {
    const char *text;
    int n, value; /* value: the term that is the result */
    sdag_term *terms;
    int n_lets;
    sdag_term_let *lets;
} sdag_formula;

typedef struct sdag_formula_error {
    int32_t at, len; /* bytes of the text */
    const char *text;
} sdag_formula_error;

/* text must live as long as *f. false: *e says what is wrong. */
bool sdag_formula_parse(sdag_formula *f, sdag_arena *a, const char *text, sdag_formula_error *e);

/* ---- tokens: for the sources of this folder */

typedef enum { SDAG_TOKEN_END, SDAG_TOKEN_BREAK, SDAG_TOKEN_NUMBER, SDAG_TOKEN_NAME, SDAG_TOKEN_SIGN } sdag_token_kind;

typedef struct sdag_token {
    sdag_token_kind kind;
    int32_t at, len;
    char sign[3]; /* "+", "<=" */
    double number;
    const char *name;
    bool dollar;
} sdag_token;

/* false: *e says which character is none of a formula's. *tokens ends with an END. */
bool sdag_formula_tokens(const sdag_token **tokens, int *n, sdag_arena *a, const char *text, sdag_formula_error *e);

#endif
