#include "runtime/onnx/model.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "core/base/file.h"
#include "runtime/onnx/proto.h"

enum { ONE_INT = -1, ONE_F32 = -2, ONE_TEXT = -3 };

/* ---- building ---- */

const char *sdag_onnx_node(sdag_onnx_model *m, const char *type, ...)
{
    va_list ap;
    SDAG_VEC(const char *) in = {0};
    va_start(ap, type);
    for (const char *name; (name = va_arg(ap, const char *));) *SDAG_PUSH(m->a, &in) = name;
    va_end(ap);
    while (in.n && !*in.at[in.n - 1]) in.n--; /* what is left out at the end is not there */
    sdag_onnx_step s = {.type = type, .in = in.at, .n_in = in.n};
    s.name = s.out =
        sdag_arena_printf(m->a, "%s%s%s_%d", m->scope ? m->scope : "", m->scope ? "/" : "", type, m->fresh++);
    *SDAG_PUSH(m->a, &m->steps) = s;
    return s.out;
}

static void attribute(sdag_onnx_model *m, sdag_onnx_attr attr)
{
    *SDAG_PUSH(m->a, &m->steps.at[m->steps.n - 1].attrs) = attr;
}

void sdag_onnx_int(sdag_onnx_model *m, const char *name, int64_t v)
{
    attribute(m, (sdag_onnx_attr){.name = name, .n = ONE_INT, .i = v});
}

void sdag_onnx_f32(sdag_onnx_model *m, const char *name, float v)
{
    attribute(m, (sdag_onnx_attr){.name = name, .n = ONE_F32, .f = v});
}

void sdag_onnx_text(sdag_onnx_model *m, const char *name, const char *text)
{
    attribute(m, (sdag_onnx_attr){.name = name, .n = ONE_TEXT, .text = text});
}

static const int64_t *copy_ints(sdag_onnx_model *m, int n, const int64_t *v)
{
    return (const int64_t *)(const void *)sdag_arena_copy(m->a, v, (size_t)n * sizeof *v);
}

void sdag_onnx_ints(sdag_onnx_model *m, const char *name, int n, const int64_t *v)
{
    attribute(m, (sdag_onnx_attr){.name = name, .n = n, .ints = copy_ints(m, n, v)});
}

const char *sdag_onnx_const(sdag_onnx_model *m, const char *name, sdag_onnx_dtype t, int rank, const int64_t *dims,
                            const void *data, size_t bytes)
{
    sdag_onnx_tensor x = {.name = name, .dtype = t, .rank = rank, .data = data, .bytes = bytes};
    for (int i = 0; i < rank; i++) x.dims[i] = dims[i];
    *SDAG_PUSH(m->a, &m->tensors) = x;
    return name;
}

/* The same constant again; NULL: there is none. Those of the builder are few and small. */
static const char *known(const sdag_onnx_model *m, sdag_onnx_dtype t, int rank, const void *data, size_t bytes)
{
    for (int i = 0; i < m->tensors.n && bytes <= 64; i++) {
        const sdag_onnx_tensor *x = &m->tensors.at[i];
        if (x->dtype == t && x->rank == rank && x->bytes == bytes && !strncmp(x->name, "const_", 6) &&
            !memcmp(x->data, data, bytes))
            return x->name;
    }
    return NULL;
}

const char *sdag_onnx_list(sdag_onnx_model *m, int n, const int64_t *v)
{
    const char *name = known(m, SDAG_ONNX_I64, 1, v, (size_t)n * sizeof *v);
    if (name) return name;
    return sdag_onnx_const(m, sdag_arena_printf(m->a, "const_%d", m->fresh++), SDAG_ONNX_I64, 1, (int64_t[]){n},
                           copy_ints(m, n, v), (size_t)n * sizeof *v);
}

const char *sdag_onnx_number(sdag_onnx_model *m, float v)
{
    const char *name = known(m, SDAG_ONNX_F32, 0, &v, sizeof v);
    if (name) return name;
    return sdag_onnx_const(m, sdag_arena_printf(m->a, "const_%d", m->fresh++), SDAG_ONNX_F32, 0, NULL,
                           sdag_arena_copy(m->a, &v, sizeof v), sizeof v);
}

void sdag_onnx_value(sdag_onnx_model *m, bool in, const char *name, sdag_onnx_dtype t, int rank, const int64_t *dims,
                     const char *about)
{
    sdag_onnx_port p = {.name = name, .about = about, .dtype = t, .rank = rank};
    for (int i = 0; i < rank; i++) p.dims[i] = dims[i];
    if (in) *SDAG_PUSH(m->a, &m->ins) = p;
    else *SDAG_PUSH(m->a, &m->outs) = p;
}

void sdag_onnx_meta(sdag_onnx_model *m, const char *key, const char *value)
{
    *SDAG_PUSH(m->a, &m->meta) = (sdag_onnx_pair){key, value};
}

/* ---- as messages; the numbers are those of onnx.proto ---- */

static sdag_proto attr_message(const sdag_onnx_model *m, const sdag_onnx_attr *t)
{
    enum { FLOAT = 1, INT = 2, STRING = 3, INTS = 7 };
    sdag_proto p = {.a = m->a};
    sdag_proto_text(&p, 1, t->name);
    if (t->n == ONE_F32) sdag_proto_f32(&p, 2, t->f);
    else if (t->n == ONE_INT) sdag_proto_int(&p, 3, t->i);
    else if (t->n == ONE_TEXT) sdag_proto_text(&p, 4, t->text);
    else sdag_proto_ints(&p, 8, t->ints, t->n);
    sdag_proto_int(&p, 20, t->n == ONE_F32 ? FLOAT : t->n == ONE_INT ? INT : t->n == ONE_TEXT ? STRING : INTS);
    return p;
}

static sdag_proto step_message(const sdag_onnx_model *m, const sdag_onnx_step *s)
{
    sdag_proto p = {.a = m->a};
    for (int i = 0; i < s->n_in; i++) sdag_proto_text(&p, 1, s->in[i]);
    sdag_proto_text(&p, 2, s->out);
    sdag_proto_text(&p, 3, s->name);
    sdag_proto_text(&p, 4, s->type);
    for (int i = 0; i < s->attrs.n; i++) {
        sdag_proto t = attr_message(m, &s->attrs.at[i]);
        sdag_proto_message(&p, 5, &t);
    }
    return p;
}

/* All of it but the data, which are its last field. */
static sdag_proto tensor_head(const sdag_onnx_model *m, const sdag_onnx_tensor *t)
{
    sdag_proto p = {.a = m->a};
    if (t->rank) sdag_proto_ints(&p, 1, t->dims, t->rank);
    sdag_proto_int(&p, 2, t->dtype);
    sdag_proto_text(&p, 8, t->name);
    sdag_proto_head(&p, 9, t->bytes);
    return p;
}

static sdag_proto port_message(const sdag_onnx_model *m, const sdag_onnx_port *v)
{
    sdag_proto p = {.a = m->a}, type = {.a = m->a}, tensor = {.a = m->a}, shape = {.a = m->a};
    for (int i = 0; i < v->rank; i++) {
        sdag_proto dim = {.a = m->a};
        if (v->dims[i] < 0) sdag_proto_text(&dim, 2, "batch");
        else sdag_proto_int(&dim, 1, v->dims[i]);
        sdag_proto_message(&shape, 1, &dim);
    }
    sdag_proto_int(&tensor, 1, v->dtype);
    sdag_proto_message(&tensor, 2, &shape);
    sdag_proto_message(&type, 1, &tensor);
    sdag_proto_text(&p, 1, v->name);
    sdag_proto_message(&p, 2, &type);
    if (v->about) sdag_proto_text(&p, 3, v->about);
    return p;
}

/* What stands before the graph, and behind its own fields. */
static sdag_proto model_head(const sdag_onnx_model *m)
{
    sdag_proto p = {.a = m->a}, set = {.a = m->a};
    sdag_proto_int(&p, 1, SDAG_ONNX_IR);
    sdag_proto_text(&p, 2, "ssldag");
    sdag_proto_text(&p, 3, SSLDAG_VERSION);
    if (m->about) sdag_proto_text(&p, 6, m->about);
    sdag_proto_text(&set, 1, "");
    sdag_proto_int(&set, 2, SDAG_ONNX_OPSET);
    sdag_proto_message(&p, 8, &set);
    for (int i = 0; i < m->meta.n; i++) {
        sdag_proto pair = {.a = m->a};
        sdag_proto_text(&pair, 1, m->meta.at[i].key);
        sdag_proto_text(&pair, 2, m->meta.at[i].value);
        sdag_proto_message(&p, 14, &pair);
    }
    return p;
}

static sdag_proto graph_head(const sdag_onnx_model *m)
{
    sdag_proto p = {.a = m->a};
    for (int i = 0; i < m->steps.n; i++) {
        sdag_proto s = step_message(m, &m->steps.at[i]);
        sdag_proto_message(&p, 1, &s);
    }
    sdag_proto_text(&p, 2, m->name);
    for (int i = 0; i < m->ins.n + m->outs.n; i++) {
        bool in = i < m->ins.n;
        sdag_proto v = port_message(m, in ? &m->ins.at[i] : &m->outs.at[i - m->ins.n]);
        sdag_proto_message(&p, in ? 11 : 12, &v);
    }
    return p;
}

sdag_status sdag_onnx_save(const sdag_onnx_model *m, sdag_log *log, const char *path)
{
    sdag_proto head = model_head(m), graph = graph_head(m), *tensors = SDAG_NEWS(m->a, sdag_proto, m->tensors.n + 1);
    sdag_proto *keys = SDAG_NEWS(m->a, sdag_proto, m->tensors.n + 1);
    size_t bytes = graph.n;
    for (int i = 0; i < m->tensors.n; i++) { /* weights go to the file from where they lie */
        tensors[i] = tensor_head(m, &m->tensors.at[i]);
        keys[i].a = m->a;
        sdag_proto_head(&keys[i], 5, tensors[i].n + m->tensors.at[i].bytes);
        bytes += keys[i].n + tensors[i].n + m->tensors.at[i].bytes;
        if (m->tensors.at[i].bytes > INT_MAX || bytes + head.n + 16 > INT_MAX)
            return sdag_fail(log, SDAG_FAILED, SDAG_NOLOC, "cannot write '%s': an ONNX file holds 2 GiB at most", path);
    }
    sdag_proto_head(&head, 7, bytes);
    sdag_outfile o;
    sdag_status status = sdag_out_open(&o, log, path);
    if (status) return status;
    sdag_out_write(&o, head.at, head.n);
    sdag_out_write(&o, graph.at, graph.n);
    for (int i = 0; i < m->tensors.n; i++) {
        sdag_out_write(&o, keys[i].at, keys[i].n);
        sdag_out_write(&o, tensors[i].at, tensors[i].n);
        sdag_out_write(&o, m->tensors.at[i].data, m->tensors.at[i].bytes);
    }
    return sdag_out_commit(&o, log);
}
