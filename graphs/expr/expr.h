/* type: expr -- a formula over wires.
 *
 *   loss:
 *     type: expr
 *     in: {za: projector.view_i, zb: projector.view_j}
 *     params: {temperature: 0.5}
 *     formula: |
 *       z = normalize(concat(za, zb))
 *       s = offdiag(z @ z' / temperature, -inf)
 *       mean(cross_entropy(s, roll(arange(rows(z)), rows(za))))
 *
 * The graph stage gives such a node a type of its own: an input port for each wire, an output for the value (`out`) and
 * for each name of `outputs`, the role of a loss where the value is one number. The lowering emits public operations
 * (core/ops/ops.h), whose adjoints give the gradient. What the functions mean stands in their table (functions.c), from
 * which `inspect expr` is written. */
#ifndef SDAG_GRAPHS_EXPR_EXPR_H
#define SDAG_GRAPHS_EXPR_EXPR_H

#include "graphs/graph/builder.h"
#include "graphs/spec/formula.h"

/* Options of every expr. */
typedef struct sdag_expr_opts {
    const char *formula;
    sdag_schedules params, learn;
    sdag_strs outputs;
    int role;
    bool map;
} sdag_expr_opts;

/* The type made for one node. */
typedef struct sdag_expr {
    sdag_node_type type;   /* first: a pointer to it is one to this */
    sdag_formula formula;  /* formula.n 0: it was refused */
    const sdag_spec *text; /* of the formula, for places */
    bool number;           /* its value is one number whatever the shapes of the inputs */
} sdag_expr;

/* What all have in common, for `inspect` and the schema. */
extern const sdag_node_type sdag_expr_static;

/* The type of node n, whose `type` is expr. Errors are reported; never NULL. */
const sdag_node_type *sdag_expr_type(sdag_builder *b, sdag_gnode *n);

/* What a formula is made of, in lines of less than 78 columns, as `inspect expr` says it. */
extern const char *const sdag_expr_grammar_help[]; /* ends with NULL */

/* The functions of formulas, as `inspect expr` lists them: "sum(x, axis=all, keep=false)". */
typedef struct sdag_expr_help {
    const char *form, *help;
} sdag_expr_help;
const sdag_expr_help *sdag_expr_functions_help(sdag_arena *a, int *n);

#endif
