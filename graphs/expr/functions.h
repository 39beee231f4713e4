/* Private to graphs/expr: the values that a formula computes with while it is lowered, and the table of functions. */
#ifndef SDAG_GRAPHS_EXPR_FUNCTIONS_H
#define SDAG_GRAPHS_EXPR_FUNCTIONS_H

#include "core/ops/ops.h"
#include "graphs/expr/expr.h"

typedef enum {
    SDAG_EXPR_NUMBER, /* number: known now */
    SDAG_EXPR_TENSOR,
    SDAG_EXPR_INTS, /* list: whole numbers, known now */
    SDAG_EXPR_LIST, /* list: numbers in brackets, an argument */
} sdag_expr_kind;

/* A tensor is scale t + shift, where t is val, val with its last two axes swapped, or the product of x and y; what is
 * not emitted yet can become part of what follows: z @ z' / t is one matrix product. */
typedef struct sdag_expr_value {
    sdag_expr_kind kind;
    double number;
    int n;
    const double *list;
    sdag_val val, x, y;   /* val 0: the product */
    bool swapped, tx, ty; /* tx, ty: x, y transposed */
    double scale, shift;
} sdag_expr_value;

typedef struct sdag_exprs {
    sdag_build *b;
    const sdag_node *self;
    const sdag_expr *e;
    const sdag_expr_opts *o;
    const sdag_term *term; /* being lowered */
    sdag_expr_value *v;    /* of each term */
    sdag_val *inputs;      /* of each port; 0: not read yet */
    int64_t constants;     /* numbers in constants so far */
} sdag_exprs;

enum { SDAG_EXPR_AXIS = 1, SDAG_EXPR_KEEP = 2, SDAG_EXPR_UNBIASED = 4, SDAG_EXPR_EPS = 8 }; /* named arguments */

/* The arguments of a call. */
typedef struct sdag_expr_args {
    int n;
    sdag_expr_value *at[SDAG_FORMULA_ARGS_MAX];
    int n_axes, axes[SDAG_RANK_MAX]; /* n_axes 0: not given */
    bool keep, unbiased;
    double eps; /* < 0: not given */
} sdag_expr_args;

/* How the shape of the result follows: enough to know where it is one number whatever comes in. */
typedef enum { SDAG_EXPR_EACH, SDAG_EXPR_REDUCES, SDAG_EXPR_COUNTS, SDAG_EXPR_OTHER } sdag_expr_shape;

typedef struct sdag_expr_function {
    const char *name, *form, *help; /* form: what stands in the brackets */
    int least, most;                /* arguments without a name; one more where axis may be given so */
    unsigned named;
    sdag_expr_shape shape;
    sdag_expr_value (*call)(sdag_exprs *x, const sdag_expr_args *a);
    sdag_val (*each)(sdag_build *b, sdag_val v); /* or element by element, of one argument ... */
    double (*of)(double v);                      /* ... and of a number */
} sdag_expr_function;

/* The rows of a group end with an empty one. */
extern const sdag_expr_function sdag_expr_each_functions[], sdag_expr_reduce_functions[], sdag_expr_matrix_functions[],
    sdag_expr_move_functions[];
#define SDAG_EXPR_ROW_EACH(name, op, of, help)                 \
    {                                                          \
        name, "x", help, 1, 1, 0, SDAG_EXPR_EACH, NULL, op, of \
    }
#define SDAG_EXPR_ROW(name, form, least, most, named, shape, call, help)          \
    {                                                                             \
        name, form, help, least, most, named, SDAG_EXPR_##shape, call, NULL, NULL \
    }
const sdag_expr_function *sdag_expr_function_at(int i); /* NULL past the last */
const sdag_expr_function *sdag_expr_function_find(const char *name);
const char *sdag_expr_function_name(const void *ctx, int i); /* for sdag_nearest */
bool sdag_expr_constant(double *out, const char *name);      /* inf, pi, true, false */

/* ---- args.c: what is asked of arguments; false, -1: reported */
sdag_shape sdag_expr_arg_shape(sdag_exprs *x, const sdag_expr_args *a, int i);
bool sdag_expr_arg_number(sdag_exprs *x, const sdag_expr_args *a, int i, const char *what, double *out);
bool sdag_expr_arg_whole(sdag_exprs *x, const sdag_expr_args *a, int i, const char *what, double min, double max,
                         int64_t *out);
/* Room for so many more numbers in constants, which are made at once and kept. */
bool sdag_expr_room(sdag_exprs *x, int64_t n);
int sdag_expr_one_axis(sdag_exprs *x, const sdag_expr_args *a); /* the axis that is given, or the last */
bool sdag_expr_axes_exist(sdag_exprs *x, const sdag_expr_args *a);

/* ---- values.c */
sdag_expr_value sdag_expr_tensor(sdag_val v);
sdag_expr_value sdag_expr_number(double v);
/* The value as one of the program; f32: whole numbers become floats. 0 after a failure. */
sdag_val sdag_expr_force(sdag_exprs *x, sdag_expr_value *v);
sdag_val sdag_expr_force_f32(sdag_exprs *x, sdag_expr_value *v);
sdag_shape sdag_expr_shape_of(const sdag_exprs *x, const sdag_expr_value *v);
const char *sdag_expr_shape_text(sdag_exprs *x, const sdag_expr_value *v); /* "f32[3,5]" */
/* Reports at the term being lowered: "loss: ...". */
void sdag_expr_fail(sdag_exprs *x, const char *fmt, ...) SDAG_PRINTF(2, 3);
sdag_expr_value sdag_expr_binary(sdag_exprs *x, sdag_term_kind k, sdag_expr_value *u, sdag_expr_value *v);
sdag_expr_value sdag_expr_scaled(sdag_exprs *x, sdag_expr_value *v, double scale, double shift);
sdag_expr_value sdag_expr_product(sdag_exprs *x, sdag_expr_value *u, sdag_expr_value *v);
sdag_expr_value sdag_expr_transposed(sdag_exprs *x, sdag_expr_value *v);
/* Repeated to one shape; false: reported. */
bool sdag_expr_broadcast(sdag_exprs *x, int n, sdag_val *v);

void sdag_expr_lower(sdag_build *b, const sdag_node *self);

#endif
