/* Private to the plan stage. */
#ifndef SDAG_GRAPHS_PLAN_PLAN_INT_H
#define SDAG_GRAPHS_PLAN_PLAN_INT_H

#include "graphs/plan/plan.h"

typedef SDAG_VEC(int32_t) sdag_ints32;

/* Which op waits for which, and a linear order that the lifetimes are counted in. */
typedef struct sdag_deps {
    sdag_arena *arena;
    const sdag_program *program;
    int n, words;
    bool *live;           /* something needs the op's results */
    bool *feed;           /* runs in the feed loop */
    sdag_ints32 *after;   /* ops that wait for op i */
    sdag_ints32 *before;  /* ops that op i waits for */
    uint64_t *ancestors;  /* n rows of bits: all that must finish before op i starts */
    int32_t *pos, *order; /* place of an op in the linear order, and back */
    int32_t *stack;       /* scratch: room for every op */
} sdag_deps;

void sdag_deps_build(sdag_deps *d, sdag_arena *a, const sdag_program *p, const sdag_val *keep, int n_keep);
bool sdag_deps_ordered(const sdag_deps *d, int32_t first, int32_t then); /* first must finish before then starts */
void sdag_deps_add(sdag_deps *d, int32_t first, int32_t then); /* pos[first] < pos[then]; keeps ancestors right */

/* A piece of memory with a life: a tensor with everything that shares its memory, or an op's workspace. */
typedef struct sdag_life {
    size_t bytes;
    int64_t offset;      /* in the block; -1: not placed yet */
    int32_t writer;      /* the op that makes it */
    int32_t first, last; /* positions */
    bool feed, kept;     /* kept: until the end of the step */
    sdag_ints32 users;   /* all ops that touch it, the writer included */
} sdag_life;

/* Gives every life an offset; returns the size of the block. */
size_t sdag_lives_place(sdag_deps *d, sdag_life *lives, int n, bool reuse, int *edges_added);

#endif
