#include "core/ops/build.h"

#include <stdarg.h>
#include <string.h>

#include "core/ops/stand_in.h"

void sdag_build_init(sdag_build *b, sdag_arena *a, sdag_log *log, sdag_program *p)
{
    *b = (sdag_build){.arena = a,
                      .log = log,
                      .program = p,
                      .node = -1,
                      .node_name = "",
                      .prefix = "",
                      .inner = "",
                      .part = SDAG_PART_FORWARD};
    if (!p->values.n) *SDAG_PUSH(a, &p->values) = (sdag_value){.producer = -1, .node = -1, .state = -1};
}

bool sdag_build_failed(const sdag_build *b) { return b->status != SDAG_OK; }

void sdag_build_fail(sdag_build *b, const char *fmt, ...)
{
    if (b->status) return;
    b->status = SDAG_INVALID;
    va_list ap;
    va_start(ap, fmt);
    sdag_log_addv(b->log, SDAG_ERROR, b->loc, fmt, ap);
    va_end(ap);
}

static sdag_val new_value(sdag_build *b, sdag_value v)
{
    size_t bytes;
    if (b->status) return 0;
    if (!sdag_shape_bytes(&bytes, v.dtype, v.shape)) {
        char text[SDAG_SHAPE_TEXT];
        sdag_build_fail(b, "%s: a tensor %s is too large", b->node_name, sdag_shape_text(text, v.dtype, v.shape));
        return 0;
    }
    *SDAG_PUSH(b->arena, &b->program->values) = v;
    return b->program->values.n - 1;
}

/* Names the shapes that came in, so that the reader sees what disagrees. */
static void report_shapes(sdag_build *b, const sdag_op *op, const sdag_shaping *s)
{
    sdag_str t = {.a = b->arena};
    for (int i = 0; i < s->n_in; i++) {
        char text[SDAG_SHAPE_TEXT];
        sdag_str_addf(&t, "%s%s", i ? ", " : "", sdag_shape_text(text, s->in[i].dtype, s->in[i].shape));
    }
    const int path = (int)strlen(b->inner);
    sdag_build_fail(b, "%s%s%.*s: %s: %s (given %s)", b->node_name, path ? "." : "", path ? path - 1 : 0, b->inner,
                    op->name, s->why[0] ? s->why : "shapes disagree", t.at ? t.at : "nothing");
}

sdag_val sdag_emit(sdag_build *b, const sdag_op *op, int n_in, const sdag_val *in, const void *attr, sdag_val *out)
{
    op = sdag_stand_in_of(op);
    for (int i = 0; out && i < op->n_out; i++) out[i] = 0;
    if (b->status) return 0;
    int max = op->n_in_max ? op->n_in_max : op->n_in;
    if (n_in < op->n_in || n_in > max) {
        sdag_build_fail(b, "%s: %s takes %d to %d arguments, not %d", b->node_name, op->name, op->n_in, max, n_in);
        return 0;
    }
    sdag_program *p = b->program;
    sdag_program_op o = {.op = op,
                         .n_in = n_in,
                         .n_out = op->n_out,
                         .node = b->node,
                         .part = (int32_t)b->part,
                         .salt = (uint32_t)p->ops.n,
                         .after = -1,
                         .inner = b->inner,
                         .loc = b->inner[0] ? b->loc : SDAG_NOLOC,
                         .samples = op->flags & SDAG_OP_SAMPLES ? b->samples : NULL};
    o.in = SDAG_NEWS(b->arena, sdag_val, n_in + 1);
    o.out = SDAG_NEWS(b->arena, sdag_val, op->n_out + 1);
    o.attr = op->attr_size && attr ? sdag_arena_copy(b->arena, attr, op->attr_size) : NULL;

    sdag_tensor *args = SDAG_NEWS(b->arena, sdag_tensor, n_in + 1);
    for (int i = 0; i < n_in; i++) {
        if (!in[i]) {
            sdag_build_fail(b, "%s: %s: argument %d is missing", b->node_name, op->name, i);
            return 0;
        }
        const sdag_value *v = &p->values.at[in[i]];
        o.in[i] = in[i];
        args[i] = (sdag_tensor){.dtype = v->dtype, .shape = v->shape};
    }
    sdag_shaping s = {.in = args, .n_in = n_in, .attr = o.attr};
    if (!op->shape(&s)) {
        report_shapes(b, op, &s);
        return 0;
    }
    for (int i = 0; i < op->n_out; i++) {
        sdag_value v = {
            .dtype = s.out[i].dtype, .shape = s.out[i].shape, .producer = p->ops.n, .node = b->node, .state = -1};
        if (op->flags & SDAG_OP_VIEW) {
            v.alias = in[0];
            v.offset = (op->view_offset ? op->view_offset(&s) : 0) * (int64_t)sdag_dtype_size(v.dtype);
        }
        if (op->flags & SDAG_OP_UPDATES) {
            v.alias = in[i];
            v.state = p->values.at[in[i]].state;
        }
        o.out[i] = new_value(b, v);
        if (b->status) return 0;
        if (v.state >= 0) p->states.at[v.state].last = o.out[i];
        if (out) out[i] = o.out[i];
    }
    *SDAG_PUSH(b->arena, &p->ops) = o;
    return op->n_out ? o.out[0] : 0;
}

sdag_val sdag_emit1(sdag_build *b, const sdag_op *op, sdag_val x, const void *attr)
{
    return sdag_emit(b, op, 1, &x, attr, NULL);
}

sdag_val sdag_emit2(sdag_build *b, const sdag_op *op, sdag_val x, sdag_val y, const void *attr)
{
    return sdag_emit(b, op, 2, (sdag_val[]){x, y}, attr, NULL);
}

const sdag_value *sdag_value_at(const sdag_build *b, sdag_val v) { return &b->program->values.at[b->status ? 0 : v]; }

sdag_shape sdag_shape_at(const sdag_build *b, sdag_val v) { return sdag_value_at(b, v)->shape; }

int64_t sdag_dim(const sdag_build *b, sdag_val v, int axis)
{
    sdag_shape s = sdag_shape_at(b, v);
    int i = sdag_axis(&s, axis);
    return i < 0 ? 1 : s.d[i];
}

sdag_val sdag_input(sdag_build *b, sdag_dtype t, sdag_shape s)
{
    return new_value(
        b, (sdag_value){.kind = SDAG_VAL_INPUT, .dtype = t, .shape = s, .producer = -1, .node = b->node, .state = -1});
}

sdag_val sdag_const(sdag_build *b, sdag_dtype t, sdag_shape s, const void *data)
{
    size_t bytes;
    if (b->status || !sdag_shape_bytes(&bytes, t, s)) return 0;
    void *copy = sdag_arena_get(b->arena, bytes + 64);
    copy = (void *)(((uintptr_t)copy + 63) & ~(uintptr_t)63); /* kernels may load whole cache lines */
    memcpy(copy, data, bytes);
    return new_value(b, (sdag_value){.kind = SDAG_VAL_CONST,
                                     .dtype = t,
                                     .shape = s,
                                     .producer = -1,
                                     .node = b->node,
                                     .state = -1,
                                     .data = copy});
}

sdag_val sdag_const_f32(sdag_build *b, float v) { return sdag_const(b, SDAG_DT_F32, SDAG_SCALAR, &v); }

sdag_val sdag_filled(sdag_build *b, sdag_shape s, float v)
{
    int64_t n;
    if (b->status || !sdag_shape_count(&n, s)) return 0;
    float *x = SDAG_NEWS(b->arena, float, n > 0 ? n : 1);
    for (int64_t i = 0; i < n; i++) x[i] = v;
    return sdag_const(b, SDAG_DT_F32, s, x);
}

sdag_val sdag_state_get(sdag_build *b, const char *name, sdag_dtype t, sdag_shape s, sdag_init init, unsigned flags)
{
    if (b->status) return 0;
    sdag_program *p = b->program;
    if (b->inner[0]) name = sdag_arena_printf(b->arena, "%s%s", b->inner, name);
    const char *full = b->prefix[0] ? sdag_arena_printf(b->arena, "%s%s", b->prefix, name) : name;
    for (int i = 0; i < p->states.n; i++) {
        const sdag_state *have = &p->states.at[i];
        if (strcmp(have->node, b->node_name) || strcmp(have->name, full)) continue;
        if (have->dtype == t && sdag_shape_equal(have->shape, s)) return have->last;
        char was[SDAG_SHAPE_TEXT], now[SDAG_SHAPE_TEXT];
        sdag_build_fail(b, "%s: weight '%s' is %s for one view and %s for another", b->node_name, full,
                        sdag_shape_text(was, have->dtype, have->shape), sdag_shape_text(now, t, s));
        return 0;
    }
    sdag_val v = new_value(
        b, (sdag_value){
               .kind = SDAG_VAL_STATE, .dtype = t, .shape = s, .producer = -1, .node = b->node, .state = p->states.n});
    if (!v) return 0;
    *SDAG_PUSH(b->arena, &p->states) = (sdag_state){.node = sdag_arena_str(b->arena, b->node_name),
                                                    .name = sdag_arena_str(b->arena, full),
                                                    .dtype = t,
                                                    .shape = s,
                                                    .init = init,
                                                    .flags = flags,
                                                    .frozen = b->frozen,
                                                    .copy_node = b->copy,
                                                    .copy_name = b->copy ? sdag_arena_str(b->arena, name) : NULL,
                                                    .first = v,
                                                    .last = v,
                                                    .node_index = b->node};
    return v;
}

sdag_val sdag_param(sdag_build *b, const char *name, sdag_shape s, sdag_init init, unsigned flags)
{
    return sdag_state_get(b, name, SDAG_DT_F32, s, init, flags | SDAG_STATE_TRAINED);
}
