/* An operation: one const struct that says everything about it. One file an op; no switch over kinds elsewhere.
 *
 *   const sdag_op sdag_op_relu_ = {
 *       .name = "relu", .math = "y = max(x, 0)", .n_in = 1, .n_out = 1,
 *       .flags = SDAG_OP_INPLACE, .split = SDAG_SPLIT_ELEMS,
 *       .shape = sdag_shape_like_first, .cpu = {.run = relu_run}, .grad = relu_grad,
 *       .check = (const sdag_op_check[]){{.in = {"f32[3,5]"}}, {0}},
 *   };
 *
 * Facts (flags, split, shape, grad, check) are the operation's; how it runs is a backend's (cpu). */
#ifndef SDAG_OPS_OP_H
#define SDAG_OPS_OP_H

#include "core/base/log.h"
#include "core/cpu/tiling.h"
#include "core/tensor/tensor.h"

typedef int32_t sdag_val; /* a value of the program being built; 0: none */
typedef struct sdag_build sdag_build;
typedef struct sdag_op sdag_op;

#define SDAG_IN_MAX 16
#define SDAG_OUT_MAX 4

enum {
    SDAG_OP_INPLACE = 1,   /* out[0] may be given the memory of in[0] (same bytes) */
    SDAG_OP_INPLACE_1 = 2, /* out[0] may be given the memory of in[1] */
    SDAG_OP_VIEW = 4,      /* out[0] is in[0]'s memory at an offset; nothing runs (see view_offset) */
    SDAG_OP_UPDATES = 8,   /* out[i] is the new version of state in[i], in its own memory, for i < n_out */
    SDAG_OP_INFINITE = 32, /* may give infinities on purpose (masks); NaN never is on purpose */
    SDAG_OP_SAMPLES = 128, /* reads samples of a data set (args.samples) */
    SDAG_OP_RANDOM = 64,   /* draws random numbers, in inference too */
    SDAG_OP_NOGRAD = 256,  /* no gradient passes (stop-gradient, comparisons, indices) */
};

typedef enum {
    SDAG_SPLIT_NONE,  /* one tile */
    SDAG_SPLIT_ELEMS, /* tiles are ranges [lo,hi) of the elements of out[0] */
    SDAG_SPLIT_ROWS,  /* ranges of the rows of in[0]: its elements / its last axis */
    SDAG_SPLIT_FIRST, /* ranges of the first axis of out[0] (samples) */
    SDAG_SPLIT_PLAN,  /* the kernel's own plan */
} sdag_split;

/* What a running step knows; the same for all ops of the step. */
typedef struct sdag_step {
    uint64_t seed;
    uint32_t epoch; /* of the phase */
    int64_t step;   /* of the phase, from 0 */
    int training;   /* 0 or 1 */
} sdag_step;

/* Arguments of one tile. The run function reads and writes tensors only through these; it may run on any
 * worker, must not allocate, and must not keep anything. */
typedef struct sdag_args {
    const sdag_tensor *in, *out;
    int n_in, n_out;
    const void *attr;
    void *workspace, *scratch;
    int stage;
    int64_t tile, lo, hi; /* [lo,hi): the range, when split is not PLAN */
    uint32_t salt;        /* differs for every op of a program; the node word of sdag_rng_at */
    const sdag_step *step;
    const struct sdag_dataset *samples; /* with SDAG_OP_SAMPLES */
    struct sdag_fault *fault;           /* see sdag_op_fail */
    int32_t op;                         /* index in the program */
    int slot;                           /* number of the worker, below SDAG_SLOTS_MAX */
} sdag_args;

/* Reports that the tile cannot do its work (a corrupt image): the step ends, the run stops with s, and the message
 * carries the place of the op's node. The first report of the lowest op wins. */
void sdag_op_fail(const sdag_args *a, sdag_status s, const char *fmt, ...) SDAG_PRINTF(3, 4);

typedef struct sdag_kernel {
    void (*plan)(sdag_tiling *t, const sdag_args *a); /* with SPLIT_PLAN, or to add workspace, scratch or flops to
                                                         another split; data pointers are NULL here; t is zeroed
                                                         but for stages = 1 */
    void (*run)(const sdag_args *a);
} sdag_kernel;

/* Shapes of the results from the shapes of the arguments. */
typedef struct sdag_shaping {
    const sdag_tensor *in; /* data is NULL */
    int n_in;
    const void *attr;
    sdag_tensor out[SDAG_OUT_MAX]; /* to be set: dtype and shape */
    char why[200];                 /* on failure: the sentence after "op: " */
} sdag_shaping;

/* One line of the table-driven test: argument types and shapes, and the attributes. How values are drawn:
 * "f32[3,5]" standard normal; "f32[3]>0" positive; "f32[3]<1" in 0..1; "f32[3]#4" whole numbers 0..3; "f32[]=0.1" this
 * number; "i32[4]<10" and "u8[4]<10" whole numbers below 10 (i32 without a bound: below 8; u8: any). */
typedef struct sdag_op_check {
    const void *attr;
    const char *in[SDAG_IN_MAX];
    double tolerance; /* of the gradient check, relative; 0: 1e-4 with a double reference, otherwise 1e-2 */
    unsigned fixed;   /* bit i: no gradient is checked for in[i] */
    unsigned silent;  /* bit i: no gradient comes to out[i] */
    int training;     /* value of step.training */
} sdag_op_check;

typedef struct sdag_program_op {
    const sdag_op *op;
    const void *attr;
    sdag_val *in, *out;
    int n_in, n_out;
    int32_t node; /* index of the node that it comes from, -1: the compiler */
    int32_t part; /* sdag_part */
    uint32_t salt;
    int32_t after; /* op that must have finished first although nothing of it is read; -1 */
    const struct sdag_dataset *samples;
    const char *inner; /* of a module: the path within the node, "layer1.0.conv1."; "": none */
    sdag_loc loc;      /* of that inner node; no place for a plain node */
} sdag_program_op;

struct sdag_op {
    const char *name, *math;
    int n_in, n_in_max; /* n_in_max 0: exactly n_in */
    int n_out;
    size_t attr_size; /* 0: no attributes; otherwise a plain struct without padding that matters */
    unsigned flags;
    sdag_split split;
    bool (*shape)(sdag_shaping *s);
    int64_t (*view_offset)(const sdag_shaping *s); /* VIEW: elements from the start of in[0]; NULL: 0 */
    sdag_kernel cpu;
    /* Emits the adjoint: given gout[i] (0: no gradient reaches out[i]), sets gin[i] for every i that wants[i].
     * Leaves 0 where the gradient is zero. NULL: not differentiable in any argument. */
    void (*grad)(sdag_build *b, const sdag_program_op *o, const sdag_val *gout, const bool *wants, sdag_val *gin);
    /* Emits a cheap recomputation of out[0] from the op's arguments and its other results, so that out[0] need not be
     * kept for the backward pass; gives 0 when that is not cheap here. NULL: never. */
    sdag_val (*again)(sdag_build *b, const sdag_program_op *o);
    const sdag_op_check *check; /* rows of the table-driven test */
};

bool sdag_shape_like_first(sdag_shaping *s);
bool sdag_shape_fail(sdag_shaping *s, const char *fmt, ...) SDAG_PRINTF(2, 3); /* returns false */

/* Tiling of any op: by its split and its plan. */
void sdag_op_tiling(sdag_tiling *t, const sdag_op *op, const sdag_args *a);
/* Sets a->lo and a->hi for a->tile. */
void sdag_op_range(sdag_args *a, const sdag_op *op);

#endif
