/* memory.queue -- the keys of the last batches, as negatives beyond the batch.
 *   negatives = queue                                       f32[size,D], as it was before this batch
 *   queue <- the oldest rows replaced by the unit rows of key, after the step
 * Starts as random directions. Rows enter without gradient; a batch need not divide the size, and all views of a bundle
 * enter. In inference it stays as it is. State names as in the paper's code. He et al. 2020 (MoCo), section 3.2. */
#include "core/node/node.h"
#include "core/ops/ops.h"

typedef struct {
    int64_t size;
    bool normalize;
} queue;

static const sdag_opt opts[] = {
    SDAG_INT(queue, size, 4096, 1, 1 << 24, "rows that are kept"),
    SDAG_BOOL(queue, normalize, true, "scale rows to unit length as they enter"),
    {0},
};

static const sdag_port ins[] = {
    {"key", "f32[B,D]", "embeddings that enter after the step, as a rule of a momentum encoder", SDAG_PORT_BUNDLE},
    {0}};
static const sdag_port outs[] = {{"negatives", "f32[N,D]", "what entered in earlier steps", 0}, {0}};

static sdag_val rows(sdag_build *b, const sdag_node *self)
{
    const queue *o = sdag_node_opts(self);
    sdag_shape s = SDAG_SHAPE(o->size, sdag_dim(b, sdag_in_view(b, self, "key", 0), 1));
    return sdag_state_get(b, "queue", SDAG_DT_F32, s, (sdag_init){SDAG_INIT_UNIT_ROWS, 0}, 0);
}

static sdag_val cursor(sdag_build *b)
{
    return sdag_state_get(b, "queue_ptr", SDAG_DT_I32, SDAG_SCALAR, (sdag_init){0}, SDAG_STATE_COUNTER);
}

/* The cursor is made here, too, so that it is there in inference and in the weights. */
static void lower(sdag_build *b, const sdag_node *self)
{
    sdag_out(b, self, "negatives", rows(b, self));
    cursor(b);
}

static void update(sdag_build *b, const sdag_node *self)
{
    sdag_val key = sdag_in_joint(b, self, "key");
    if (((const queue *)sdag_node_opts(self))->normalize) key = sdag_op_l2norm(b, key, 1e-12f);
    sdag_op_enqueue(b, rows(b, self), cursor(b), key);
}

const sdag_node_type sdag_node_memory_queue = {
    .name = "memory.queue",
    .brief = "Keys of earlier batches, as negatives (MoCo).",
    .role = SDAG_ROLE_MEMORY,
    .opts = opts,
    .opts_size = sizeof(queue),
    .ins = ins,
    .outs = outs,
    .lower = lower,
    .update = update,
    .example = "{type: memory.queue, in: projector, size: 4096}",
    .paper = "He et al. 2020, arXiv:1911.05722",
};
