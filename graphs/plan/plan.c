#include "graphs/plan/plan.h"

#include <string.h>

#include "graphs/plan/plan_int.h"

typedef struct planner {
    sdag_arena *arena;
    sdag_log *log;
    const sdag_program *program;
    sdag_plan *plan;
    sdag_deps deps;
    sdag_val *root;   /* the value whose memory a value is in, after views and in-place results */
    int64_t *shift;   /* bytes from the root's start */
    sdag_life *lives; /* one a value (of roots), then one an op (workspaces) */
    bool *kept;
} planner;

static const sdag_value *value(const planner *x, sdag_val v) { return &x->program->values.at[v]; }

static size_t bytes_of(const planner *x, sdag_val v)
{
    size_t n = 0;
    sdag_shape_bytes(&n, value(x, v)->dtype, value(x, v)->shape);
    return n;
}

static void set_tilings(planner *x)
{
    const sdag_program *p = x->program;
    for (int i = 0; i < p->ops.n; i++) {
        const sdag_program_op *o = &p->ops.at[i];
        sdag_tensor in[SDAG_IN_MAX], out[SDAG_OUT_MAX];
        for (int k = 0; k < o->n_in; k++)
            in[k] = (sdag_tensor){.dtype = value(x, o->in[k])->dtype, .shape = value(x, o->in[k])->shape};
        for (int k = 0; k < o->n_out; k++)
            out[k] = (sdag_tensor){.dtype = value(x, o->out[k])->dtype, .shape = value(x, o->out[k])->shape};
        sdag_args a = {
            .in = in, .out = out, .n_in = o->n_in, .n_out = o->n_out, .attr = o->attr, .samples = o->samples};
        sdag_tiling *t = &x->plan->tilings[i];
        if (o->op->flags & SDAG_OP_VIEW || !x->deps.live[i]) *t = (sdag_tiling){.stages = 1};
        else sdag_op_tiling(t, o->op, &a);
        if (t->scratch > x->plan->scratch) x->plan->scratch = t->scratch;
    }
}

/* Where a root is: states, constants and what alternates between two slots are not in the block. */
static sdag_at home(const planner *x, sdag_val v)
{
    const sdag_value *t = value(x, v);
    if (t->state >= 0) return SDAG_AT_STATE;
    if (t->kind == SDAG_VAL_CONST) return SDAG_AT_CONST;
    if (t->kind == SDAG_VAL_INPUT) return SDAG_AT_FEED;
    if (t->producer < 0 || !x->deps.live[t->producer]) return SDAG_AT_NONE;
    return SDAG_AT_BLOCK;
}

static void follow_views(planner *x)
{
    for (sdag_val v = 0; v < x->program->values.n; v++) {
        const sdag_value *t = value(x, v);
        x->root[v] = t->alias ? x->root[t->alias] : v;
        x->shift[v] = t->alias ? x->shift[t->alias] + t->offset : 0;
    }
}

static void count_users(planner *x)
{
    const sdag_program *p = x->program;
    for (int i = 0; i < p->ops.n; i++) {
        if (!x->deps.live[i]) continue;
        const sdag_program_op *o = &p->ops.at[i];
        for (int k = 0; k < o->n_out; k++) *SDAG_PUSH(x->arena, &x->lives[x->root[o->out[k]]].users) = i;
        for (int k = 0; k < o->n_in; k++) *SDAG_PUSH(x->arena, &x->lives[x->root[o->in[k]]].users) = i;
    }
}

/* Whether op i, reading value v, may write its result over it: all others that touch the memory come before, or can be
 * made to. */
static bool may_overwrite(const planner *x, int32_t i, sdag_val v, sdag_val out)
{
    sdag_val r = x->root[v];
    if (home(x, r) != SDAG_AT_BLOCK || x->kept[r] || x->shift[v] ||
        x->deps.feed[i] != x->deps.feed[value(x, r)->producer])
        return false;
    if (bytes_of(x, v) != bytes_of(x, r) || bytes_of(x, out) != bytes_of(x, r)) return false;
    if (x->deps.feed[i]) return false; /* what leaves the feed alternates between slots */
    const sdag_life *l = &x->lives[r];
    for (int k = 0; k < l->users.n; k++) {
        int32_t u = l->users.at[k];
        if (u != i && x->deps.pos[u] >= x->deps.pos[i]) return false;
    }
    return true;
}

static void reuse_in_place(planner *x)
{
    const sdag_program *p = x->program;
    for (int n = 0; n < p->ops.n; n++) {
        int32_t i = x->deps.order[n];
        const sdag_program_op *o = &p->ops.at[i];
        if (!x->deps.live[i] || o->op->flags & (SDAG_OP_VIEW | SDAG_OP_UPDATES)) continue;
        for (int k = 0; k < 2 && k < o->n_in; k++) {
            sdag_val out = o->out[0], r = x->root[o->in[k]];
            if (!(o->op->flags & (k ? SDAG_OP_INPLACE_1 : SDAG_OP_INPLACE)) || x->kept[out]) continue;
            if (!may_overwrite(x, i, o->in[k], out)) continue;
            bool twice = false; /* the same memory must not also be read as another argument */
            for (int j = 0; j < o->n_in; j++) twice |= j != k && x->root[o->in[j]] == r;
            if (twice) continue;
            for (int j = 0; j < x->lives[r].users.n; j++)
                if (x->lives[r].users.at[j] != i) sdag_deps_add(&x->deps, x->lives[r].users.at[j], i);
            for (sdag_val v = out; v < p->values.n; v++)
                if (x->root[v] == out) x->root[v] = r;
            for (int j = 0; j < x->lives[out].users.n; j++)
                *SDAG_PUSH(x->arena, &x->lives[r].users) = x->lives[out].users.at[j];
            x->lives[out].users.n = 0;
            break;
        }
    }
}

/* Values that the body reads from the feed, or that the host reads of it, alternate between two slots. */
static void place_feed(planner *x)
{
    const sdag_program *p = x->program;
    bool *crosses = SDAG_NEWS(x->arena, bool, p->values.n);
    for (sdag_val v = 1; v < p->values.n; v++)
        if (home(x, v) == SDAG_AT_FEED ||
            (x->kept[v] && value(x, v)->producer >= 0 && x->deps.feed[value(x, v)->producer]))
            crosses[x->root[v]] = true;
    for (int i = 0; i < p->ops.n; i++)
        for (int k = 0; x->deps.live[i] && !x->deps.feed[i] && k < p->ops.at[i].n_in; k++) {
            sdag_val r = x->root[p->ops.at[i].in[k]];
            if (value(x, r)->producer >= 0 && x->deps.feed[value(x, r)->producer]) crosses[r] = true;
        }
    size_t at = 0;
    for (sdag_val v = 1; v < p->values.n; v++) {
        if (!crosses[v]) continue;
        x->plan->places[v] = (sdag_place){.at = SDAG_AT_FEED, .offset = (int64_t)at};
        at += (bytes_of(x, v) + SDAG_ALIGN - 1) / SDAG_ALIGN * SDAG_ALIGN;
    }
    x->plan->feed_block = at;
}

static void set_life(planner *x, sdag_life *l)
{
    l->offset = -1;
    l->first = INT32_MAX;
    l->last = -1;
    for (int i = 0; i < l->users.n; i++) {
        int32_t pos = x->deps.pos[l->users.at[i]];
        if (pos < l->first) {
            l->first = pos;
            l->writer = l->users.at[i];
        }
        if (pos > l->last) l->last = pos;
    }
}

static void place_block(planner *x, bool reuse)
{
    const sdag_program *p = x->program;
    int n = p->values.n + p->ops.n;
    for (sdag_val v = 1; v < p->values.n; v++) {
        sdag_life *l = &x->lives[v];
        if (x->root[v] != v || x->plan->places[v].at == SDAG_AT_FEED || home(x, v) != SDAG_AT_BLOCK || !l->users.n)
            continue;
        l->bytes = bytes_of(x, v);
        l->feed = x->deps.feed[value(x, v)->producer];
        set_life(x, l);
    }
    for (sdag_val v = 1; v < p->values.n; v++)
        if (x->kept[v]) x->lives[x->root[v]].kept = true;
    for (int i = 0; i < p->ops.n; i++) {
        sdag_life *l = &x->lives[p->values.n + i];
        if (!x->plan->tilings[i].workspace || !x->deps.live[i]) continue;
        *SDAG_PUSH(x->arena, &l->users) = i;
        l->bytes = x->plan->tilings[i].workspace;
        l->feed = x->deps.feed[i];
        set_life(x, l);
    }
    x->plan->block = sdag_lives_place(&x->deps, x->lives, n, reuse, &x->plan->n_edges_added);
    size_t alive = 0;
    int64_t *change = SDAG_NEWS(x->arena, int64_t, p->ops.n + 2);
    for (int i = 0; i < n; i++)
        if (x->lives[i].bytes) {
            change[x->lives[i].first] += (int64_t)x->lives[i].bytes;
            change[x->lives[i].kept ? p->ops.n : x->lives[i].last + 1] -= (int64_t)x->lives[i].bytes;
        }
    for (int i = 0; i <= p->ops.n; i++) {
        alive += (size_t)change[i];
        if (alive > x->plan->lower_bound) x->plan->lower_bound = alive;
    }
}

static void set_places(planner *x)
{
    const sdag_program *p = x->program;
    for (sdag_val v = 1; v < p->values.n; v++) {
        sdag_val r = x->root[v];
        sdag_place *at = &x->plan->places[v];
        const sdag_place *root = &x->plan->places[r];
        switch (home(x, r)) {
        case SDAG_AT_STATE:
            *at = (sdag_place){.at = SDAG_AT_STATE, .index = value(x, r)->state, .offset = x->shift[v]};
            break;
        case SDAG_AT_CONST: *at = (sdag_place){.at = SDAG_AT_CONST, .offset = x->shift[v], .index = r}; break;
        case SDAG_AT_NONE: *at = (sdag_place){.at = SDAG_AT_NONE}; break;
        case SDAG_AT_FEED:
        case SDAG_AT_BLOCK:
            if (root->at == SDAG_AT_FEED) {
                if (v != r) *at = (sdag_place){.at = SDAG_AT_FEED, .offset = root->offset + x->shift[v]};
            } else if (x->lives[r].users.n) {
                *at = (sdag_place){.at = SDAG_AT_BLOCK, .offset = x->lives[r].offset + x->shift[v]};
            }
            break;
        }
    }
    for (int i = 0; i < p->ops.n; i++) {
        const sdag_life *l = &x->lives[p->values.n + i];
        x->plan->workspace[i] = l->bytes ? l->offset : -1;
    }
}

static void list_pieces(planner *x)
{
    const sdag_program *p = x->program;
    const int n = p->values.n + p->ops.n;
    x->plan->pieces = SDAG_NEWS(x->arena, sdag_plan_piece, n + 1);
    for (int i = 0; i < n; i++) {
        const sdag_life *l = &x->lives[i];
        if (!l->bytes) continue;
        x->plan->pieces[x->plan->n_pieces++] = (sdag_plan_piece){.offset = l->offset,
                                                                 .bytes = (int64_t)l->bytes,
                                                                 .first = l->first,
                                                                 .last = l->kept ? p->ops.n - 1 : l->last,
                                                                 .writer = l->writer};
    }
}

static void set_edges(planner *x)
{
    sdag_plan *out = x->plan;
    int n = x->program->ops.n, total = 0;
    for (int i = 0; i < n; i++) {
        out->n_before[i] = x->deps.before[i].n;
        out->after_start[i] = total;
        total += x->deps.after[i].n;
    }
    out->after_start[n] = total;
    out->after = SDAG_NEWS(x->arena, int32_t, total + 1);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < x->deps.after[i].n; k++) out->after[out->after_start[i] + k] = x->deps.after[i].at[k];
    for (int k = n - 1; k >= 0; k--) {
        int32_t i = x->deps.order[k];
        double longest = 0;
        for (int j = 0; j < x->deps.after[i].n; j++)
            if (out->priority[x->deps.after[i].at[j]] > longest) longest = out->priority[x->deps.after[i].at[j]];
        out->priority[i] = longest + out->tilings[i].flops;
    }
}

static bool check_sizes(planner *x)
{
    size_t total = 0, n;
    for (sdag_val v = 1; v < x->program->values.n; v++)
        if (!sdag_shape_bytes(&n, value(x, v)->dtype, value(x, v)->shape) || n > SIZE_MAX / 4 - total) return false;
        else total += n;
    for (int i = 0; i < x->program->ops.n; i++)
        if (x->plan->tilings[i].workspace > SIZE_MAX / 4 - total) return false;
        else total += x->plan->tilings[i].workspace;
    return total < SIZE_MAX / 4;
}

sdag_status sdag_plan_build(sdag_plan **out, sdag_arena *a, sdag_log *log, const sdag_program *p,
                            const sdag_plan_options *o)
{
    int n = p->ops.n, nv = p->values.n;
    planner x = {.arena = a, .log = log, .program = p};
    x.plan = SDAG_NEW(a, sdag_plan);
    x.plan->program = p;
    x.plan->places = SDAG_NEWS(a, sdag_place, nv + 1);
    x.plan->tilings = SDAG_NEWS(a, sdag_tiling, n + 1);
    x.plan->workspace = SDAG_NEWS(a, int64_t, n + 1);
    x.plan->n_before = SDAG_NEWS(a, int32_t, n + 1);
    x.plan->after_start = SDAG_NEWS(a, int32_t, n + 2);
    x.plan->priority = SDAG_NEWS(a, double, n + 1);
    x.root = SDAG_NEWS(a, sdag_val, nv + 1);
    x.shift = SDAG_NEWS(a, int64_t, nv + 1);
    x.lives = SDAG_NEWS(a, sdag_life, nv + n + 1);
    x.kept = SDAG_NEWS(a, bool, nv + 1);
    sdag_deps_build(&x.deps, a, p, o->keep, o->n_keep);
    set_tilings(&x);
    if (!check_sizes(&x))
        return sdag_fail(log, SDAG_INVALID, SDAG_NOLOC, "the program needs more memory than can be addressed");
    follow_views(&x);
    for (int i = 0; i < o->n_keep; i++)
        if (o->keep[i]) x.kept[o->keep[i]] = x.kept[x.root[o->keep[i]]] = true;
    count_users(&x);
    if (!o->no_reuse) reuse_in_place(&x);
    place_feed(&x);
    place_block(&x, !o->no_reuse);
    set_places(&x);
    list_pieces(&x);
    set_edges(&x);
    x.plan->feed = x.deps.feed;
    *out = x.plan;
    return SDAG_OK;
}

void sdag_plan_print(sdag_str *s, const sdag_plan *p)
{
    static const char *const where[] = {"-", "block", "feed", "state", "const"};
    const sdag_program *g = p->program;
    sdag_str_addf(s, "block %zu bytes (at least %zu alive at once), feed 2 x %zu, scratch %zu, %d added dependencies\n",
                  p->block, p->lower_bound, p->feed_block, p->scratch, p->n_edges_added);
    for (sdag_val v = 1; v < g->values.n; v++) {
        char text[SDAG_SHAPE_TEXT];
        const sdag_place *at = &p->places[v];
        if (at->at == SDAG_AT_NONE) continue;
        sdag_shape_text(text, g->values.at[v].dtype, g->values.at[v].shape);
        if (at->at == SDAG_AT_STATE) sdag_str_addf(s, "  %%%-5d %-24s state %d\n", v, text, at->index);
        else sdag_str_addf(s, "  %%%-5d %-24s %-5s %lld\n", v, text, where[at->at], (long long)at->offset);
    }
}

void sdag_schedule_print(sdag_str *s, const sdag_plan *p)
{
    const sdag_program *g = p->program;
    for (int i = 0; i < g->ops.n; i++) {
        const sdag_tiling *t = &p->tilings[i];
        if (!t->tiles[0]) continue;
        sdag_str_addf(s, "  op %-4d %-20s %s tiles", i, g->ops.at[i].op->name,
                      g->ops.at[i].part == SDAG_PART_FEED ? "feed" : "body");
        for (int k = 0; k < t->stages; k++) sdag_str_addf(s, "%s%lld", k ? "+" : " ", (long long)t->tiles[k]);
        sdag_str_addf(s, " waits for %d, priority %.3g, then", p->n_before[i], p->priority[i]);
        for (int k = p->after_start[i]; k < p->after_start[i + 1]; k++) sdag_str_addf(s, " %d", p->after[k]);
        sdag_str_addf(s, "\n");
    }
}
