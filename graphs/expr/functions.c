/* The functions of formulas, group by group: each group is a file with its code and its rows. */
#include "graphs/expr/functions.h"

#include <math.h>
#include <string.h>

static const sdag_expr_function *const groups[] = {sdag_expr_each_functions, sdag_expr_reduce_functions,
                                                   sdag_expr_matrix_functions, sdag_expr_move_functions};

const sdag_expr_function *sdag_expr_function_at(int i)
{
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        for (const sdag_expr_function *f = groups[g]; f->name; f++)
            if (i-- == 0) return f;
    return NULL;
}

const sdag_expr_function *sdag_expr_function_find(const char *name)
{
    const sdag_expr_function *f;
    for (int i = 0; (f = sdag_expr_function_at(i)) != NULL; i++)
        if (strcmp(f->name, name) == 0) return f;
    return NULL;
}

const char *sdag_expr_function_name(const void *ctx, int i)
{
    const sdag_expr_function *f = sdag_expr_function_at(i);
    (void)ctx;
    return f ? f->name : NULL;
}

bool sdag_expr_constant(double *out, const char *name)
{
    static const struct {
        const char *name;
        double value;
    } constants[] = {{"inf", INFINITY}, {"pi", M_PI}, {"true", 1}, {"false", 0}};
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
        if (strcmp(constants[i].name, name) == 0) {
            *out = constants[i].value;
            return true;
        }
    return false;
}

const sdag_expr_help *sdag_expr_functions_help(sdag_arena *a, int *n)
{
    SDAG_VEC(sdag_expr_help) help = {0};
    const sdag_expr_function *f;
    for (int i = 0; (f = sdag_expr_function_at(i)) != NULL; i++)
        *SDAG_PUSH(a, &help) = (sdag_expr_help){sdag_arena_printf(a, "%s(%s)", f->name, f->form), f->help};
    *n = help.n;
    return help.at;
}

const char *const sdag_expr_grammar_help[] = {
    "+ - * / ^ work element by element, @ multiplies matrices, x' is transposed.",
    "< <= > >= == != give 0 or 1. Axes of size 1 are repeated, as in NumPy.",
    "name = value    a named value, for the lines below it",
    "f(x) = value    a function of the formula's own",
    "The last line is the value. Lines end at a line break (of a text after '|') or",
    "';', but not within brackets or behind an operator. '#' begins a comment.",
    "Constants: inf, pi, true, false.",
    NULL,
};
