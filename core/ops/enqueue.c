/* enqueue: a queue of rows, as a ring.   queue f32[N,...], cursor i32[], rows f32[B,...]
 *   queue_((cursor + r) mod N) <- rows_r,  cursor <- (cursor + B) mod N
 * Any B: a batch that does not divide N wraps around the end; of one that is longer, the last N rows stay. Tiles of
 * stage 0 write rows, stage 1 moves the cursor. */
#include <string.h>

#include "core/ops/op_list.h"
#include "core/ops/ops.h"
#include "core/ops/rules.h"

enum { TILE = 65536 };

static bool enqueue_shape(sdag_shaping *s)
{
    if (!sdag_rule_dtype(s, 0, SDAG_DT_F32) || !sdag_rule_dtype(s, 1, SDAG_DT_I32) ||
        !sdag_rule_dtype(s, 2, SDAG_DT_F32))
        return false;
    sdag_shape queue = s->in[0].shape, rows = s->in[2].shape;
    if (queue.rank < 1 || queue.d[0] < 1) return sdag_shape_fail(s, "the queue has no rows");
    if (s->in[1].shape.rank) return sdag_shape_fail(s, "the cursor must be a scalar");
    bool same = rows.rank == queue.rank;
    for (int i = 1; same && i < queue.rank; i++) same = rows.d[i] == queue.d[i];
    if (!same) return sdag_shape_fail(s, "the rows are not like those of the queue");
    s->out[0] = s->in[0];
    s->out[1] = s->in[1];
    return true;
}

static int64_t width_of(const sdag_args *a) /* of a row */ { return sdag_elems(&a->in[0].shape) / a->in[0].shape.d[0]; }

static int64_t rows_of(const sdag_args *a) /* in a tile */
{
    const int64_t width = width_of(a);
    return width < 1 || width > TILE ? 1 : TILE / width;
}

static void enqueue_plan(sdag_tiling *t, const sdag_args *a)
{
    const int64_t n = a->in[2].shape.d[0], each = rows_of(a);
    t->stages = 2;
    t->tiles[0] = n > each ? (n + each - 1) / each : 1;
    t->tiles[1] = 1;
}

static void enqueue_run(const sdag_args *a)
{
    const int64_t n = a->in[0].shape.d[0], batch = a->in[2].shape.d[0], width = width_of(a), each = rows_of(a);
    const int32_t at = *SDAG_DATA_I32(a->in[1]);
    const int64_t cursor = at > 0 ? at % n : 0;
    if (a->stage == 1) {
        *SDAG_DATA_I32(a->out[1]) = (int32_t)((cursor + batch) % n);
        return;
    }
    const int64_t lo = a->tile * each, hi = lo + each < batch ? lo + each : batch;
    for (int64_t r = batch - n > lo ? batch - n : lo; r < hi; r++)
        memcpy(SDAG_DATA_F32(a->out[0]) + (cursor + r) % n * width, SDAG_DATA_F32(a->in[2]) + r * width,
               (size_t)width * sizeof(float));
}

const sdag_op sdag_opdef_enqueue = {
    .name = "enqueue",
    .math = "queue[(cursor + r) mod N] <- rows[r], cursor <- (cursor + B) mod N",
    .n_in = 3,
    .n_out = 2,
    .flags = SDAG_OP_UPDATES,
    .split = SDAG_SPLIT_PLAN,
    .shape = enqueue_shape,
    .cpu = {.plan = enqueue_plan, .run = enqueue_run},
    .check = (const sdag_op_check[]){{.in = {"f32[7,3]", "i32[]<7", "f32[3,3]"}},
                                     {.in = {"f32[3,5]", "i32[]<3", "f32[8,5]"}},
                                     {.in = {"f32[4,2,3]", "i32[]<4", "f32[4,2,3]"}},
                                     {.in = {"f32[1,1]", "i32[]<1", "f32[1,1]"}},
                                     {.in = {"f32[5]", "i32[]<5", "f32[4]"}},
                                     {.in = {"f32[3001,131]", "i32[]<3001", "f32[2003,131]"}},
                                     {0}},
};

void sdag_op_enqueue(sdag_build *b, sdag_val queue, sdag_val cursor, sdag_val rows)
{
    sdag_emit(b, &sdag_opdef_enqueue, 3, (sdag_val[]){queue, cursor, rows}, NULL, NULL);
}
