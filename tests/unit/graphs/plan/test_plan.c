/* Properties that every plan must have, checked from the program, the places and the dependencies alone, for every
 * program of the examples, with and without reuse of memory:
 *
 *   - what an op reads has been made by an op that it waits for, directly or not, or stands outside the block;
 *   - of two tensors with memory in common, all uses of one are over before the other is first written; an op may write
 *     over its own argument where its flags say so, and when nobody else reads that later;
 *   - nothing of the feed, which runs beside the body, shares memory with the body; nothing alternates in one place;
 *   - the new version of a state is written when all readers of the old one are done;
 *   - the dependencies are counted rightly and have no cycle, and priorities fall along them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/examples.h"
#include "tests/support/programs.h"
#include "tests/support/temp.h"

/* ---- the checker */

/* Memory of the block with a life: a value and its views, or the workspace of an op. */
typedef struct piece {
    const char *what;
    int32_t id;           /* value or op */
    int64_t from, to;     /* bytes */
    int32_t writer;       /* op that writes it first */
    const int32_t *users; /* all ops that touch it */
    int n_users;
    bool kept, feed;
} piece;

typedef struct checker {
    sdag_arena *a;
    const sdag_program *program;
    const sdag_plan *plan;
    const sdag_plan_options *options;
    int n;           /* ops */
    uint8_t *before; /* [n][n]: op i must have finished before op j starts */
    bool *feed;      /* op runs in the feed's loop */
    piece *pieces;
    int n_pieces;
    char wrong[300]; /* "": nothing */
} checker;

static bool runs(const checker *c, int32_t op) { return c->plan->tilings[op].tiles[0] > 0; }
static bool is_before(const checker *c, int32_t i, int32_t j)
{
    return c->before[(size_t)i * (size_t)c->n + (size_t)j];
}

static sdag_val own_memory(const checker *c, sdag_val v)
{
    while (c->program->values.at[v].alias) v = c->program->values.at[v].alias;
    return v;
}

static int64_t bytes_of(const checker *c, sdag_val v)
{
    const sdag_value *t = &c->program->values.at[v];
    return sdag_elems(&t->shape) * (int64_t)sdag_dtype_size(t->dtype);
}

#define WRONG(c, ...) ((c)->wrong[0] ? (void)0 : (void)snprintf((c)->wrong, sizeof(c)->wrong, __VA_ARGS__))

/* Everything that follows from the edges; a topological order proves that there is no cycle. */
static void close_edges(checker *c)
{
    int n = c->n, done = 0;
    int32_t *unmet = SDAG_NEWS(c->a, int32_t, n + 1), *order = SDAG_NEWS(c->a, int32_t, n + 1);
    c->before = sdag_arena_array(c->a, (size_t)n + 1, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        for (int k = c->plan->after_start[i]; k < c->plan->after_start[i + 1]; k++) unmet[c->plan->after[k]]++;
    for (int i = 0; i < n; i++) {
        if (unmet[i] != c->plan->n_before[i])
            WRONG(c, "op %d waits for %d ops, but counts %d", i, unmet[i], c->plan->n_before[i]);
        if (!unmet[i]) order[done++] = i;
    }
    for (int at = 0; at < done; at++) {
        int i = order[at];
        for (int k = c->plan->after_start[i]; k < c->plan->after_start[i + 1]; k++) {
            int32_t j = c->plan->after[k];
            uint8_t *to = c->before;
            for (int m = 0; m < n; m++)
                if (m == i || is_before(c, m, i)) to[(size_t)m * (size_t)n + (size_t)j] = 1;
            if (c->plan->priority[i] < c->plan->priority[j]) WRONG(c, "op %d comes after op %d in priority", i, j);
            if (--unmet[j] == 0) order[done++] = j;
        }
    }
    if (done != n) WRONG(c, "the dependencies have a cycle");
}

/* The feed is what the program says, but for what reads something of the body. */
static void find_feed(checker *c)
{
    c->feed = SDAG_NEWS(c->a, bool, c->n + 1);
    for (int i = 0; i < c->n; i++) {
        const sdag_program_op *o = &c->program->ops.at[i];
        c->feed[i] = o->part == SDAG_PART_FEED;
        for (int k = 0; k < o->n_in; k++) {
            int32_t p = c->program->values.at[o->in[k]].producer;
            if (p >= 0 && !c->feed[p]) c->feed[i] = false;
        }
    }
}

static bool is_kept(const checker *c, sdag_val root)
{
    for (int i = 0; i < c->options->n_keep; i++)
        if (c->options->keep[i] && own_memory(c, c->options->keep[i]) == root) return true;
    return false;
}

static void add_value(checker *c, sdag_val v)
{
    SDAG_VEC(int32_t) users = {0};
    const sdag_value *t = &c->program->values.at[v];
    for (int i = 0; i < c->n; i++) {
        const sdag_program_op *o = &c->program->ops.at[i];
        bool uses = false;
        for (int k = 0; k < o->n_in; k++) uses |= own_memory(c, o->in[k]) == v;
        for (int k = 0; k < o->n_out; k++) uses |= own_memory(c, o->out[k]) == v;
        if (uses && runs(c, i)) *SDAG_PUSH(c->a, &users) = i;
    }
    const sdag_place *at = &c->plan->places[v];
    if (at->offset < 0 || at->offset % SDAG_ALIGN || (size_t)(at->offset + bytes_of(c, v)) > c->plan->block)
        WRONG(c, "value %d lies at %lld, outside the block", v, (long long)at->offset);
    if (t->producer < 0 || !runs(c, t->producer)) WRONG(c, "value %d has a place, but nobody makes it", v);
    c->pieces[c->n_pieces++] = (piece){.what = "value",
                                       .id = v,
                                       .from = at->offset,
                                       .to = at->offset + bytes_of(c, v),
                                       .writer = t->producer,
                                       .users = users.at,
                                       .n_users = users.n,
                                       .kept = is_kept(c, v),
                                       .feed = t->producer >= 0 && c->feed[t->producer]};
}

static void list_pieces(checker *c)
{
    c->pieces = SDAG_NEWS(c->a, piece, c->program->values.n + c->n + 1);
    for (sdag_val v = 1; v < c->program->values.n; v++)
        if (own_memory(c, v) == v && c->plan->places[v].at == SDAG_AT_BLOCK) add_value(c, v);
    for (int32_t i = 0; i < c->n; i++) {
        int64_t at = c->plan->workspace[i], bytes = (int64_t)c->plan->tilings[i].workspace;
        if (!runs(c, i) || !bytes) continue;
        if (at < 0 || at % SDAG_ALIGN || (size_t)(at + bytes) > c->plan->block) WRONG(c, "op %d has no workspace", i);
        int32_t *user = SDAG_NEW(c->a, int32_t);
        *user = i;
        c->pieces[c->n_pieces++] = (piece){.what = "workspace",
                                           .id = i,
                                           .from = at,
                                           .to = at + bytes,
                                           .writer = i,
                                           .users = user,
                                           .n_users = 1,
                                           .feed = c->feed[i]};
    }
}

/* May op write the result w over its argument a? */
static bool in_place(const checker *c, int32_t op, const piece *a, const piece *w)
{
    const sdag_program_op *o = &c->program->ops.at[op];
    if (strcmp(a->what, "value") || strcmp(w->what, "value") || a->from != w->from || a->to != w->to) return false;
    if (own_memory(c, o->out[0]) != w->id) return false;
    int reads = 0, which = -1;
    for (int k = 0; k < o->n_in; k++)
        if (own_memory(c, o->in[k]) == a->id) {
            reads++;
            which = k;
        }
    return reads == 1 &&
           ((which == 0 && o->op->flags & SDAG_OP_INPLACE) || (which == 1 && o->op->flags & SDAG_OP_INPLACE_1));
}

/* Everything that touches a is over when b is first written. */
static bool dies_before(const checker *c, const piece *a, const piece *b)
{
    if (a->kept) return false;
    for (int i = 0; i < a->n_users; i++)
        if (!is_before(c, a->users[i], b->writer) && !(a->users[i] == b->writer && in_place(c, b->writer, a, b)))
            return false;
    return true;
}

static void check_pieces(checker *c)
{
    for (int i = 0; i < c->n_pieces; i++)
        for (int k = i + 1; k < c->n_pieces; k++) {
            const piece *a = &c->pieces[i], *b = &c->pieces[k];
            if (a->to <= b->from || b->to <= a->from) continue;
            if (a->feed != b->feed || (!dies_before(c, a, b) && !dies_before(c, b, a)))
                WRONG(c, "%s %d and %s %d may be alive at once in the same memory", a->what, a->id, b->what, b->id);
        }
}

/* What alternates between two steps. */
static void check_feed_block(checker *c)
{
    for (sdag_val v = 1; v < c->program->values.n; v++) {
        const sdag_place *p = &c->plan->places[v];
        if (p->at != SDAG_AT_FEED || own_memory(c, v) != v) continue;
        if (p->offset < 0 || p->offset % SDAG_ALIGN || (size_t)(p->offset + bytes_of(c, v)) > c->plan->feed_block)
            WRONG(c, "value %d lies at %lld, outside the feed's block", v, (long long)p->offset);
        for (sdag_val w = v + 1; w < c->program->values.n; w++) {
            const sdag_place *q = &c->plan->places[w];
            if (q->at != SDAG_AT_FEED || own_memory(c, w) != w) continue;
            if (p->offset < q->offset + bytes_of(c, w) && q->offset < p->offset + bytes_of(c, v))
                WRONG(c, "values %d and %d of the feed share memory", v, w);
        }
    }
}

/* Argument v of op i is there when the op starts. */
static void check_argument(checker *c, int32_t i, sdag_val v)
{
    sdag_val root = own_memory(c, v);
    const sdag_value *t = &c->program->values.at[v];
    const sdag_place *at = &c->plan->places[v], *from = &c->plan->places[root];
    int64_t shift = 0;
    for (sdag_val w = v; w != root; w = c->program->values.at[w].alias) shift += c->program->values.at[w].offset;
    if (at->at == SDAG_AT_NONE) WRONG(c, "op %d reads value %d, which has no memory", i, v);
    if (at->at != from->at ||
        (at->at != SDAG_AT_STATE && at->at != SDAG_AT_CONST && at->offset != from->offset + shift))
        WRONG(c, "value %d does not lie in the memory of %d", v, root);
    int32_t maker = t->producer; /* through views, which do not run */
    while (maker >= 0 && !runs(c, maker) && c->program->ops.at[maker].op->flags & SDAG_OP_VIEW)
        maker = c->program->values.at[c->program->ops.at[maker].in[0]].producer;
    if (maker < 0) return;
    if (!runs(c, maker)) WRONG(c, "op %d reads value %d, which is never made", i, v);
    else if (c->feed[maker] == c->feed[i] ? !is_before(c, maker, i) : at->at != SDAG_AT_FEED)
        WRONG(c, "op %d does not wait for op %d, which makes value %d", i, maker, v);
}

static bool same_state_version(const checker *c, sdag_val a, sdag_val b)
{
    const sdag_value *x = &c->program->values.at[a], *y = &c->program->values.at[b];
    while (x->alias && !(x->producer >= 0 && c->program->ops.at[x->producer].op->flags & SDAG_OP_UPDATES)) {
        a = x->alias;
        x = &c->program->values.at[a];
    }
    while (y->alias && !(y->producer >= 0 && c->program->ops.at[y->producer].op->flags & SDAG_OP_UPDATES)) {
        b = y->alias;
        y = &c->program->values.at[b];
    }
    return a == b;
}

static void check_updates(checker *c, int32_t i)
{
    const sdag_program_op *o = &c->program->ops.at[i];
    for (int k = 0; k < o->n_out && o->op->flags & SDAG_OP_UPDATES; k++)
        for (int32_t j = 0; j < c->n; j++) {
            const sdag_program_op *r = &c->program->ops.at[j];
            bool reads = false;
            for (int m = 0; m < r->n_in; m++) reads |= same_state_version(c, r->in[m], o->in[k]);
            if (reads && j != i && runs(c, j) && !is_before(c, j, i))
                WRONG(c, "op %d writes a state that op %d may still read", i, j);
        }
}

static const char *check_plan(sdag_arena *a, const sdag_plan *plan, const sdag_plan_options *o)
{
    checker *c = SDAG_NEW(a, checker);
    *c = (checker){.a = a, .program = plan->program, .plan = plan, .options = o, .n = plan->program->ops.n};
    close_edges(c);
    find_feed(c);
    list_pieces(c);
    check_pieces(c);
    check_feed_block(c);
    for (int32_t i = 0; i < c->n; i++) {
        if (!runs(c, i)) continue;
        for (int k = 0; k < c->program->ops.at[i].n_in; k++) check_argument(c, i, c->program->ops.at[i].in[k]);
        check_updates(c, i);
    }
    for (int i = 0; i < o->n_keep; i++)
        if (o->keep[i] && plan->places[o->keep[i]].at == SDAG_AT_NONE) WRONG(c, "value %d is not kept", o->keep[i]);
    if (plan->block < plan->lower_bound && !c->wrong[0]) WRONG(c, "the block is smaller than what is alive at once");
    return c->wrong;
}

/* ---- the programs */

/* Every fifth result, of any loop: more than a run ever keeps. */
static sdag_plan_options keep_many(programs *p)
{
    const sdag_program *program = &p->task->lowered->program;
    SDAG_VEC(sdag_val) keep = {0};
    for (sdag_val v = 1; v < program->values.n; v++)
        if (program->values.at[v].kind == SDAG_VAL_TEMP && v % 5 == 0) *SDAG_PUSH(&p->task->arena, &keep) = v;
    return (sdag_plan_options){.keep = keep.at, .n_keep = keep.n};
}

static void check_program(programs *p)
{
    const sdag_plan_options keeps[] = {p->keep, {0}, keep_many(p)};
    for (int reuse = 0; reuse < 2; reuse++)
        for (int k = 0; k < 3; k++) {
            sdag_plan_options o = keeps[k];
            o.no_reuse = !reuse;
            sdag_plan *plan;
            assert_int_equal(sdag_plan_build(&plan, &p->task->arena, p->log, &p->task->lowered->program, &o), SDAG_OK);
            const char *wrong = check_plan(&p->task->arena, plan, &o);
            if (*wrong) fail_msg("%s%s, keep %d: %s", p->name, reuse ? "" : ", without reuse", k, wrong);
        }
}

static void each_program(void (*look)(programs *p))
{
    const example *list;
    int n = examples(&list);
    for (int i = 0; i < n; i++) {
        sdag_arena a;
        sdag_arena_init(&a);
        sdag_spec_set sets[EXAMPLE_SETS];
        int n_sets = example_shrink(sets, &a, &list[i], sdag_arena_str(&a, temp_path("data")));
        programs p;
        programs_open(&p, list[i].path, sets, n_sets, 1);
        while (programs_next(&p)) look(&p);
        programs_close(&p);
        sdag_arena_free(&a);
    }
}

static void test_examples(void **state)
{
    (void)state;
    each_program(check_program);
}

/* A plan whose memory is moved is seen: the checker itself is checked. */
static void spoil_plan(programs *p)
{
    sdag_plan *plan;
    int seen = 0, tried = 0;
    assert_int_equal(sdag_plan_build(&plan, &p->task->arena, p->log, &p->task->lowered->program, &p->keep), SDAG_OK);
    for (sdag_val v = 1; v < plan->program->values.n; v++) {
        sdag_place *at = &plan->places[v];
        if (at->at != SDAG_AT_BLOCK || plan->program->values.at[v].alias || at->offset < 2 * SDAG_ALIGN) continue;
        at->offset -= 2 * SDAG_ALIGN;
        seen += *check_plan(&p->task->arena, plan, &p->keep) != 0;
        at->offset += 2 * SDAG_ALIGN;
        if (++tried == 40) break;
    }
    if (seen * 2 < tried) fail_msg("%s: %d of %d moved tensors were seen", p->name, seen, tried);
    for (int i = 0; i < plan->program->ops.n; i++) /* an edge less */
        if (plan->after_start[i + 1] > plan->after_start[i]) {
            int32_t *last = &plan->after[plan->after_start[i + 1] - 1], was = *last;
            *last = i ? 0 : plan->program->ops.n - 1;
            assert_true(*last == was || *check_plan(&p->task->arena, plan, &p->keep));
            *last = was;
            break;
        }
}

static void test_checker(void **state)
{
    (void)state;
    const example *list;
    int n = examples(&list);
    for (int i = 0; i < n; i++) {
        if (!strstr(list[i].path, "simclr/simclr.yaml")) continue;
        programs p;
        programs_open(&p, list[i].path, NULL, 0, 1);
        assert_true(programs_next(&p));
        spoil_plan(&p);
        programs_close(&p);
    }
}

static int set_up(void **state)
{
    (void)state;
    examples_data("data");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples), cmocka_unit_test(test_checker)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
