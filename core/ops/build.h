/* The builder: operations are emitted as if they were computed, and become one static program.
 *
 *   sdag_val y = sdag_op_relu(b, sdag_op_matmul_nt(b, x, w, 1.0f));     // see core/ops/ops.h
 *
 * It is sticky: after a failure every emit returns 0 and the caller checks sdag_build_failed once at the end.
 * A failure is reported once, with the place of the node being lowered and the shapes that disagree.
 * Values are ids; their memory is planned later. Everything lives in the builder's arena. */
#ifndef SDAG_OPS_BUILD_H
#define SDAG_OPS_BUILD_H

#include "core/base/arena.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/ops/op.h"

typedef enum { SDAG_PART_FEED, SDAG_PART_FORWARD, SDAG_PART_BACKWARD, SDAG_PART_UPDATE } sdag_part;

typedef enum {
    SDAG_VAL_TEMP,  /* result of an op */
    SDAG_VAL_INPUT, /* filled by the host before each step */
    SDAG_VAL_CONST, /* bytes known now */
    SDAG_VAL_STATE, /* first version of a state of the program */
} sdag_val_kind;

typedef struct sdag_value {
    sdag_val_kind kind;
    sdag_dtype dtype;
    sdag_shape shape;
    int32_t producer; /* op index, -1: none */
    int32_t node;     /* index of the node that made it, -1 */
    int32_t state;    /* index of the state that it is a version of, -1 */
    sdag_val alias;   /* VIEW: the value whose memory it is in; 0: own */
    int64_t offset;   /* bytes from alias's start */
    const void *data; /* CONST */
} sdag_value;

/* How a parameter starts. a, b: the numbers of the rule. */
typedef enum {
    SDAG_INIT_ZEROS,
    SDAG_INIT_ONES,
    SDAG_INIT_CONST /* a */,
    SDAG_INIT_UNIFORM /* -a..a */,
    SDAG_INIT_NORMAL /* std a */,
    SDAG_INIT_UNIT_ROWS /* directions, evenly */
} sdag_init_rule;
typedef struct sdag_init {
    sdag_init_rule rule;
    float a;
} sdag_init;

enum {
    SDAG_STATE_TRAINED = 1,  /* a parameter: gradients, optimizer */
    SDAG_STATE_BIAS = 2,     /* no weight decay by default */
    SDAG_STATE_NORM = 4,     /* scale or shift of a normalisation: no weight decay by default */
    SDAG_STATE_COUNTER = 8,  /* i32 that PyTorch stores as an i64 scalar (num_batches_tracked) */
    SDAG_STATE_SLOT = 16,    /* optimizer's own: not a weight, saved in checkpoints only */
    SDAG_STATE_DROPPED = 32, /* of a phase that is over: not saved any more */
};

typedef struct sdag_state {
    const char *node; /* name of the owning node in its phase */
    const char *name; /* "layer1.0.conv1.weight", unique in the node */
    sdag_dtype dtype;
    sdag_shape shape;
    sdag_init init;
    unsigned flags;
    bool frozen;
    const char *copy_node, *copy_name; /* starts as this state of the same phase; NULL: by its rule */
    sdag_val first, last;              /* versions at the start and at the end of a step */
    int32_t node_index;
} sdag_state;

typedef struct sdag_scheduled {
    sdag_val val; /* f32[] INPUT */
    const struct sdag_schedule *schedule;
} sdag_scheduled;

/* A batch of a data set that the host chooses before each step. */
typedef struct sdag_feed {
    sdag_val ids;    /* i32[B] INPUT */
    sdag_val labels; /* i32[B] INPUT, -1 where unknown */
    int32_t node;    /* the source */
    int64_t batch;
} sdag_feed;

typedef struct sdag_program {
    SDAG_VEC(sdag_value) values; /* at[0] is the null value */
    SDAG_VEC(sdag_program_op) ops;
    SDAG_VEC(sdag_state) states;
    SDAG_VEC(sdag_scheduled) schedules;
    SDAG_VEC(sdag_feed) feeds;
} sdag_program;

struct sdag_build {
    sdag_arena *arena;
    sdag_log *log;
    sdag_program *program;
    sdag_status status; /* sticky */
    int32_t node;       /* being lowered */
    sdag_loc loc;       /* of that node */
    const char *node_name;
    const char *prefix; /* put before the names of states: "encoder." */
    const char *inner;  /* where in a module: "layer1.0.conv1.", put behind the prefix; "" for a plain node */
    const char *copy;   /* node whose states those made now are copies of, under their names without prefix; NULL */
    sdag_part part;
    bool training;                      /* batch statistics, dropout, ... */
    bool frozen;                        /* states made now are not trained */
    const struct sdag_dataset *samples; /* of the source being lowered */
    void *host;                         /* the lowering stage's own */
};

void sdag_build_init(sdag_build *b, sdag_arena *a, sdag_log *log, sdag_program *p);
bool sdag_build_failed(const sdag_build *b);
void sdag_build_fail(sdag_build *b, const char *fmt, ...) SDAG_PRINTF(2, 3); /* SDAG_INVALID at b->loc */

/* Emits op with its arguments; out receives op->n_out values (or NULL). attr is copied. Returns the first result. */
sdag_val sdag_emit(sdag_build *b, const sdag_op *op, int n_in, const sdag_val *in, const void *attr, sdag_val *out);
sdag_val sdag_emit1(sdag_build *b, const sdag_op *op, sdag_val x, const void *attr);
sdag_val sdag_emit2(sdag_build *b, const sdag_op *op, sdag_val x, sdag_val y, const void *attr);

const sdag_value *sdag_value_at(const sdag_build *b, sdag_val v); /* the null value after a failure: rank 0 */
sdag_shape sdag_shape_at(const sdag_build *b, sdag_val v);
int64_t sdag_dim(const sdag_build *b, sdag_val v, int axis); /* negative axes count from the end; 1 after a failure */

sdag_val sdag_input(sdag_build *b, sdag_dtype t, sdag_shape s);
sdag_val sdag_const(sdag_build *b, sdag_dtype t, sdag_shape s, const void *data); /* copied */
sdag_val sdag_const_f32(sdag_build *b, float v);                                  /* f32[] */
sdag_val sdag_filled(sdag_build *b, sdag_shape s, float v);                       /* f32 constant */

/* The state `name` of the node being lowered: made on the first call, its current version later (so that weights are
 * shared). shape and flags must agree. The optimizer's slots and running statistics are states without
 * SDAG_STATE_TRAINED. An op with SDAG_OP_UPDATES moves the current version on. */
sdag_val sdag_state_get(sdag_build *b, const char *name, sdag_dtype t, sdag_shape s, sdag_init init, unsigned flags);
sdag_val sdag_param(sdag_build *b, const char *name, sdag_shape s, sdag_init init, unsigned flags); /* f32, trained */

#endif
