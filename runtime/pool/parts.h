/* Private to runtime/pool: what its files share.
 *
 *   pool.c     threads: who works, who looks for work, who sleeps. It knows a job by its bitmap of ready tasks
 *   tasks.c    before the first step: which ops run, what each waits for, their ranks
 *   exec.c     before the first step: memory and arguments; then the steps and what they took
 *   work.c     in the step: takes a tile, runs it, finishes ops, makes others ready
 *   finite.c   looks for numbers that are not finite
 *   hostile.c  fills memory with NaN
 *
 * A task is an op that runs. Its number is its rank: tasks of the body first, those on the longest path first, so that
 * the first set bit of the bitmap is the tile to take. No lock is held on the way: a tile is taken by adding one to
 * the task's counter, and whoever takes the last tile of a stage clears the bit. */
#ifndef SDAG_RUNTIME_POOL_PARTS_H
#define SDAG_RUNTIME_POOL_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "runtime/pool/pool.h"

#include "core/ops/fault.h"

#define SDAG_LINE 64 /* bytes of a cache line: what threads write is kept this far apart */

typedef struct sdag_worker {
    _Alignas(SDAG_LINE) sdag_pool *pool;
    int slot;            /* 0: the thread that calls sdag_exec_step */
    _Atomic bool inside; /* may touch the job; not used for slot 0 */
    bool looking;        /* counted in sdag_pool.looking */
    bool asleep;         /* under sdag_pool.lock */
    void *scratch;       /* aligned to SDAG_ALIGN */
    int64_t since;       /* when it last found work */
    uint64_t dice;       /* hostile mode */
    sdag_fault fault;    /* of the tile being run */
    pthread_cond_t wake;
    pthread_t thread;
} sdag_worker;

struct sdag_pool {
    int threads;
    size_t scratch; /* bytes of each worker's */
    sdag_worker *workers;
    pthread_mutex_t lock; /* taken only to sleep and to wake */
    _Alignas(SDAG_LINE) _Atomic(struct sdag_job *) job;
    _Atomic bool quit;
    _Alignas(SDAG_LINE) _Atomic int looking; /* workers awake without work */
    _Atomic int asleep;
};

/* What the pool runs: a step. */
typedef struct sdag_job {
    bool (*work)(struct sdag_job *j, sdag_worker *w); /* takes a tile and runs it; false: none is ready */
    _Atomic uint64_t *ready;                          /* bit r: task r has tiles that nobody took */
    int words;
    _Alignas(SDAG_LINE) _Atomic uint64_t left; /* tasks not finished: of the body, plus 2^32 times those of the feed */
    _Alignas(SDAG_LINE) _Atomic int64_t busy;  /* thread nanoseconds with work */
} sdag_job;

void sdag_pool_run(sdag_pool *p, sdag_job *j);      /* returns when nothing is left, and nobody is inside */
bool sdag_pool_scratch(sdag_pool *p, size_t bytes); /* grows every worker's scratch; false: out of memory */
void sdag_pool_wake(sdag_pool *p, int more);        /* as many sleepers as there is work for, a few at a time */
void sdag_pool_wake_caller(sdag_pool *p);
void sdag_worker_found(sdag_worker *w); /* looking -> working */

/* A tile being run never has to look at the clock, so this is for transitions and measurements. */
static inline int64_t sdag_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline bool sdag_tensors_overlap(const sdag_tensor *s, const sdag_tensor *t)
{
    const char *a = s->data, *b = t->data;
    return a < b + sdag_elems(&t->shape) * (int64_t)sdag_dtype_size(t->dtype) &&
           b < a + sdag_elems(&s->shape) * (int64_t)sdag_dtype_size(s->dtype);
}

typedef struct sdag_task {
    const sdag_op *op;
    int stages;
    int64_t tiles[SDAG_STAGES];
    int32_t index;  /* of the op in the program */
    int32_t before; /* tasks that it waits for */
    int32_t n_after;
    const int32_t *after; /* ranks of those that wait for it */
    uint64_t order;       /* of failures: the body first, then a topological order as near the program's as can be */
    bool feed;
    uint8_t scan;   /* results to look at when it has finished: bit k for out[k] */
    uint16_t check; /* gradients to look at before each tile: bit k for in[k] */
    size_t scratch; /* bytes */
    size_t workspace;
    sdag_args args[2]; /* for even and odd steps, but for what each tile sets */
} sdag_task;

/* What of a task changes in a step. */
typedef struct sdag_turn {
    _Alignas(32) _Atomic uint64_t next; /* stage << SDAG_STAGE_SHIFT | next tile; more than there are: all taken */
    _Atomic int64_t done;               /* tiles of this stage */
    _Atomic int32_t unmet;              /* tasks that it still waits for */
} sdag_turn;
#define SDAG_STAGE_SHIFT 56

/* The failure that wins so far. */
typedef struct sdag_hit {
    uint64_t order; /* then stage and tile, so that the first tile of an op wins */
    int64_t tile;
    int stage; /* SDAG_STAGES: its results, when all was done */
    bool feed;
    int32_t op; /* index of the op to be named */
    sdag_status status;
    char text[256];
} sdag_hit;

typedef struct sdag_hostile {
    int32_t *start, *reads;  /* CSR: reads[start[r] .. start[r+1]) are the values whose memory task r reads */
    int32_t *readers;        /* tasks that read value v; 0: it is never filled */
    _Atomic int32_t *unread; /* those that have not finished */
    uint32_t chaos;
} sdag_hostile;

#define SDAG_LIMIT(order, stage) ((order) << 3 | (unsigned)(stage))

struct sdag_exec {
    sdag_job job; /* first: a job is its exec */
    sdag_pool *pool;
    sdag_log *log;
    const sdag_plan *plan;
    const sdag_program *program;
    sdag_task *tasks; /* by rank: n_body, then the feed's */
    sdag_turn *turns;
    int n, n_body;
    uint64_t *first[2]; /* ready at the start: of the body, of the feed */
    int32_t *rank;      /* of op i; -1: it never runs */
    char *block, *feed[2];
    void *const *states;
    const char *const *node_names;
    const sdag_loc *node_locs;
    sdag_hostile *hostile; /* NULL: not */

    sdag_step steps[2];                         /* of the body, of the feed */
    int parity[2];                              /* which args each uses */
    _Alignas(SDAG_LINE) _Atomic uint64_t limit; /* stages of tasks after this SDAG_LIMIT are dropped */
    pthread_mutex_t hit_lock;
    sdag_hit hit;

    bool timing;
    _Atomic int64_t *op_ns;
    double *op_s;
    int64_t body_end;
    sdag_exec_stats stats;
};

void sdag_tasks_build(sdag_exec *x, sdag_arena *a); /* tasks but args, ranks, first, turns */
bool sdag_exec_work(sdag_job *j, sdag_worker *w);
void sdag_exec_hit(sdag_exec *x, const sdag_hit *h);
sdag_val sdag_exec_root(const sdag_exec *x, sdag_val v); /* the value in whose memory v is, following views */

enum { SDAG_HAS_INF = 1, SDAG_HAS_NAN = 2 };
unsigned sdag_finite_scan(const float *x, int64_t n);                       /* worst of what is there, 0: all finite */
void sdag_finite_plan(sdag_exec *x);                                        /* sets scan and check of every task */
void sdag_finite_outs(sdag_exec *x, const sdag_task *t);                    /* after the task's last tile */
bool sdag_finite_ins(sdag_exec *x, const sdag_task *t, const sdag_args *a); /* before a tile; false: do not run it */

void sdag_hostile_plan(sdag_exec *x, sdag_arena *a, const sdag_memory *m); /* needs args */
void sdag_hostile_step(sdag_exec *x, bool body);
void sdag_hostile_begin(sdag_exec *x, const sdag_task *t); /* before the task is made ready */
void sdag_hostile_end(sdag_exec *x, int rank);             /* before what waits for it is */
void sdag_hostile_tile(const sdag_worker *w, const sdag_task *t);

#endif
