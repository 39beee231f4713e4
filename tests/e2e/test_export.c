/* export: the file is read again as protocol buffers and looked at: inputs and outputs, every name made before it is
 * read, weights byte by byte those of the safetensors. That it computes the same is for tests/parity/onnx_values.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/io/safetensors.h"
#include "tests/support/child.h"
#include "tests/support/temp.h"

static child c;

/* ---- messages of protocol buffers */

typedef struct message {
    const uint8_t *at, *end;
} message;

/* One field: a number, or bytes. */
typedef struct field {
    int number;
    uint64_t value;
    message bytes;
} field;

static uint64_t varint(message *m)
{
    uint64_t v = 0;
    for (int shift = 0;; shift += 7) {
        assert_true(m->at < m->end && shift < 64);
        uint8_t b = *m->at++;
        v |= (uint64_t)(b & 127) << shift;
        if (b < 128) return v;
    }
}

/* The next field; false at the end. */
static bool next(field *f, message *m)
{
    if (m->at == m->end) return false;
    uint64_t key = varint(m);
    *f = (field){.number = (int)(key >> 3)};
    size_t n = 4;
    switch (key & 7) {
    case 0: f->value = varint(m); return true;
    case 2: n = (size_t)varint(m); break;
    case 5: break;
    default: fail_msg("a field of an unknown kind");
    }
    assert_true(n <= (size_t)(m->end - m->at));
    f->bytes = (message){m->at, m->at + n};
    m->at += n;
    return true;
}

/* The i-th field of this number. */
static bool find(field *f, message m, int number, int i)
{
    while (next(f, &m))
        if (f->number == number && i-- == 0) return true;
    return false;
}

static const char *text_of(message m)
{
    static char text[8][512];
    static int turn;
    char *t = text[turn = (turn + 1) % 8];
    size_t n = (size_t)(m.end - m.at);
    assert_true(n < sizeof text[0]);
    memcpy(t, m.at, n);
    t[n] = 0;
    return t;
}

static const char *text_at(message m, int number)
{
    field f;
    return find(&f, m, number, 0) ? text_of(f.bytes) : "";
}

static message message_at(message m, int number)
{
    field f;
    assert_true(find(&f, m, number, 0));
    return f.bytes;
}

/* ---- of ONNX */

typedef struct model {
    uint8_t *file;
    message all, graph;
} model;

static model read_model(const char *name)
{
    size_t n;
    model m = {.file = temp_read(&n, name)};
    assert_non_null(m.file);
    m.all = (message){m.file, m.file + n};
    m.graph = message_at(m.all, 7);
    return m;
}

/* "image 2[batch,8,8,1]": name, number of the element type, sizes. number: 11 inputs, 12 outputs */
static const char *port_text(message graph, int number)
{
    static char text[2][256];
    static int turn;
    char *t = text[turn = !turn];
    message port = message_at(graph, number), tensor = message_at(message_at(port, 2), 1);
    field type, dim, size;
    assert_true(find(&type, tensor, 1, 0));
    int at = snprintf(t, sizeof text[0], "%s %d[", text_at(port, 1), (int)type.value);
    message shape = message_at(tensor, 2);
    for (int i = 0; find(&dim, shape, 1, i); i++) {
        if (find(&size, dim.bytes, 1, 0))
            at += snprintf(t + at, sizeof text[0] - (size_t)at, "%s%d", i ? "," : "", (int)size.value);
        else at += snprintf(t + at, sizeof text[0] - (size_t)at, "%s%s", i ? "," : "", text_at(dim.bytes, 2));
    }
    snprintf(t + at, sizeof text[0] - (size_t)at, "]");
    return t;
}

static int count_type(message graph, const char *type)
{
    field f;
    int n = 0;
    for (int i = 0; find(&f, graph, 1, i); i++) n += !strcmp(text_at(f.bytes, 4), type);
    return n;
}

enum { NAMES_MAX = 2000 };
typedef struct names {
    char *at[NAMES_MAX];
    int n;
} names;

static bool has(const names *l, const char *name)
{
    for (int i = 0; i < l->n; i++)
        if (!strcmp(l->at[i], name)) return true;
    return false;
}

static void add(names *l, const char *name)
{
    if (has(l, name)) print_error("'%s' is made twice\n", name);
    assert_false(has(l, name));
    assert_true(l->n < NAMES_MAX);
    l->at[l->n++] = strdup(name);
}

/* Every name is made once, before it is read; constants are read by somebody; the output is made. */
static void check_graph(message graph)
{
    names made = {0}, read = {0};
    field f, in;
    for (int i = 0; find(&f, graph, 11, i); i++) add(&made, text_at(f.bytes, 1));
    for (int i = 0; find(&f, graph, 5, i); i++) add(&made, text_at(f.bytes, 8));
    for (int i = 0; find(&f, graph, 1, i); i++) {
        for (int k = 0; find(&in, f.bytes, 1, k); k++) {
            const char *name = text_of(in.bytes);
            if (*name && !has(&made, name)) print_error("%s reads '%s'\n", text_at(f.bytes, 3), name);
            assert_true(!*name || has(&made, name));
            if (*name && !has(&read, name)) add(&read, name);
        }
        add(&made, text_at(f.bytes, 2));
    }
    for (int i = 0; find(&f, graph, 5, i); i++) {
        if (!has(&read, text_at(f.bytes, 8))) print_error("'%s' is not read\n", text_at(f.bytes, 8));
        assert_true(has(&read, text_at(f.bytes, 8)));
    }
    assert_true(has(&made, text_at(message_at(graph, 12), 1)));
    for (int i = 0; i < made.n; i++) free(made.at[i]);
    for (int i = 0; i < read.n; i++) free(read.at[i]);
}

/* Weights "NODE.NAME" of the graph are those of a file, byte by byte and in shape. Returns how many. */
static int check_weights(message graph, const char *node, const char *file)
{
    sdag_log *log = sdag_log_create(stderr);
    sdag_st *st;
    field f, dims;
    int n = 0;
    assert_int_equal(sdag_st_open(&st, log, SDAG_NOLOC, temp_path(file)), SDAG_OK);
    for (int i = 0; find(&f, graph, 5, i); i++) {
        const char *name = text_at(f.bytes, 8);
        size_t len = strlen(node);
        if (strncmp(name, node, len) || name[len] != '.') continue;
        const sdag_st_entry *e = sdag_st_find(st, name + len + 1);
        assert_non_null(e);
        message data = message_at(f.bytes, 9);
        assert_int_equal(data.end - data.at, e->bytes);
        uint8_t *bytes = malloc(e->bytes);
        assert_int_equal(sdag_st_read_raw(st, e, bytes, e->bytes, log), SDAG_OK);
        assert_memory_equal(bytes, data.at, e->bytes);
        free(bytes);
        int rank = 0;
        if (find(&dims, f.bytes, 1, 0))
            for (; dims.bytes.at < dims.bytes.end; rank++) assert_int_equal(varint(&dims.bytes), e->shape[rank]);
        assert_int_equal(rank, e->rank);
        n++;
    }
    sdag_st_close(st);
    sdag_log_destroy(log);
    return n;
}

/* ---- pipelines */

static void run_pipeline(const char *name, const char *source, const char *encoder, const char *from)
{
    char text[2000], yaml[64];
    if (temp_exists(name)) return;
    snprintf(text, sizeof text,
             "version: 1\nphases:\n  train:\n    steps: 2\n    nodes:\n      images: %s\n      encoder: %s\n"
             "      head: {type: head.classifier, in: %s, classes: 10}\n"
             "      loss: {type: loss.cross_entropy, in: {logits: head, target: images.label}}\n"
             "      optimizer: {type: optimizer.sgd, in: loss}\n",
             source, encoder, from);
    snprintf(yaml, sizeof yaml, "%s.yaml", name);
    temp_write(yaml, text, strlen(text));
    child_run(&c, "run", yaml, "--out", name, "-q");
    if (c.code) fputs(c.err, stderr);
    assert_int_equal(c.code, 0);
}

typedef struct row {
    const char *name, *encoder, *input, *output; /* 2: u8, 1: f32 */
    const char *type;                            /* of nodes, and how many of them */
    int count, weights;
} row;

/* Weights: those that inference reads; running counters are not among them. */
static const row rows[] = {
    {"mlp", "{type: encoder.mlp, in: images, widths: [6, 5]}", "image 2[batch,8,8,1]", "logits 1[batch,10]", "Gemm", 3,
     10},
    {"cnn", "{type: encoder.cnn, in: images, widths: [4, 6]}", "image 2[batch,8,8,1]", "logits 1[batch,10]", "Conv", 2,
     10},
    {"resnet", "{type: encoder.resnet, in: images, stem: small, width: 2}", "image 2[batch,8,8,1]",
     "logits 1[batch,10]", "Conv", 20, 100},
    {"vit", "{type: encoder.vit, in: images, patch: 4, width: 8, layers: 2, heads: 2}", "image 2[batch,8,8,1]",
     "logits 1[batch,10]", "Softmax", 2, 30},
};

static void test_encoders(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const row *r = &rows[i];
        char file[128];
        run_pipeline(r->name, "{type: source.digits, batch: 16}", r->encoder, "encoder");
        child_run(&c, "export", r->name, "-o", "m.onnx", "-q");
        assert_true(child_ends(&c, 0, NULL));
        model m = read_model("m.onnx");
        assert_string_equal(port_text(m.graph, 11), r->input);
        assert_string_equal(port_text(m.graph, 12), r->output);
        assert_int_equal(count_type(m.graph, r->type), r->count);
        check_graph(m.graph);
        snprintf(file, sizeof file, "%s/weights/train.encoder.safetensors", r->name);
        int n = check_weights(m.graph, "encoder", file);
        snprintf(file, sizeof file, "%s/weights/train.head.safetensors", r->name);
        assert_int_equal(check_weights(m.graph, "head", file), 2);
        if (n != r->weights) print_error("%s: %d weights\n", r->name, n);
        assert_int_equal(n, r->weights);
        free(m.file);
    }
}

/* Between convolutions images stay as ONNX has them: one Transpose in front, none behind. */
static void test_layouts(void **state)
{
    (void)state;
    run_pipeline("cnn", "{type: source.digits, batch: 16}", rows[1].encoder, "encoder");
    child_run(&c, "export", "cnn", "-o", "m.onnx", "--node", "encoder");
    model m = read_model("m.onnx");
    assert_int_equal(count_type(m.graph, "Transpose"), 1);
    free(m.file);
    child_run(&c, "export", "cnn", "-o", "m.onnx", "--node", "encoder.map"); /* leaves as the run has it */
    m = read_model("m.onnx");
    assert_string_equal(port_text(m.graph, 12), "map 1[batch,4,4,6]");
    assert_int_equal(count_type(m.graph, "Transpose"), 2);
    free(m.file);
}

static void test_head_of_file(void **state)
{
    (void)state;
    field f;
    run_pipeline("cnn", "{type: source.digits, batch: 16}", rows[1].encoder, "encoder");
    child_run(&c, "export", "cnn", "-o", "m.onnx", "--json");
    assert_true(child_ends(&c, 0, NULL));
    json_t *j = json_loads(c.out, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(j, "input")), "image u8[batch,8,8,1]");
    assert_string_equal(json_string_value(json_object_get(j, "onnx")), "m.onnx");
    json_decref(j);
    model m = read_model("m.onnx");
    assert_true(find(&f, m.all, 1, 0));
    assert_int_equal(f.value, 8); /* IR version */
    assert_true(find(&f, message_at(m.all, 8), 2, 0));
    assert_int_equal(f.value, 17); /* operator set */
    assert_string_equal(text_at(m.all, 2), "ssldag");
    free(m.file);
}

/* Normalize goes into the model, or stays outside; sizes are the caller's. Names of classes go with a classifier. */
static void test_preprocess(void **state)
{
    (void)state;
    static const char text[] = "version: 1\nphases:\n  train:\n    steps: 2\n    nodes:\n"
                               "      photos: {type: source.images, path: photos, size: 0, batch: 4}\n"
                               "      view: {type: augment, in: photos, ops: [{resize: {size: [12, 12]}}, {normalize: "
                               "{mean: 0.5, std: 0.2}}]}\n"
                               "      encoder: {type: encoder.cnn, in: view, widths: [4]}\n"
                               "      head: {type: head.classifier, in: encoder, classes: 4}\n"
                               "      loss: {type: loss.cross_entropy, in: {logits: head, target: photos.label}}\n"
                               "      optimizer: {type: optimizer.sgd, in: loss}\n";
    char from[64], to[64];
    child_run(&c, "samples", "all", "-q");
    for (int i = 0; i < 4; i++) {
        static const char *const kinds[] = {"checks", "dots", "rings", "stripes"};
        size_t n;
        snprintf(from, sizeof from, "all/%s-001.png", kinds[i]);
        snprintf(to, sizeof to, "photos/%s/1.png", kinds[i]);
        uint8_t *png = temp_read(&n, from);
        temp_write(to, png, n);
        free(png);
    }
    temp_write("p.yaml", text, strlen(text));
    child_run(&c, "run", "p.yaml", "--out", "p", "-q");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "export", "p", "-o", "m.onnx");
    assert_true(child_ends(&c, 0, "left out: resize"));
    model m = read_model("m.onnx");
    assert_string_equal(port_text(m.graph, 11), "image 2[batch,12,12,3]");
    assert_int_equal(count_type(m.graph, "Cast"), 1);
    check_graph(m.graph);
    field f;
    bool named = false;
    for (int i = 0; find(&f, m.all, 14, i); i++)
        named |=
            !strcmp(text_at(f.bytes, 1), "classes") && !strcmp(text_at(f.bytes, 2), "checks\ndots\nrings\nstripes");
    assert_true(named);
    free(m.file);
    child_run(&c, "export", "p", "-o", "m.onnx", "--no-preprocess");
    assert_true(child_ends(&c, 0, "image f32[batch,12,12,3] -> logits f32[batch,4]"));
    m = read_model("m.onnx");
    assert_int_equal(count_type(m.graph, "Cast"), 0);
    free(m.file);
}

static void test_text(void **state)
{
    (void)state;
    temp_write("t.txt", "0\tone two\n1\tthree\n2\tfour five\n0\tsix\n", 36);
    run_pipeline("bert",
                 "{type: source.text, path: t.txt, tokens: bytes, special: [pad], format: labelled, split: all, "
                 "context: 6, batch: 2}",
                 "{type: encoder.transformer, in: images, layers: 1, heads: 2, width: 8, norm: post}",
                 "encoder.pooled");
    assert_int_equal(remove(temp_path("t.txt")), 0); /* bytes are bytes: the text is not asked for */
    child_run(&c, "export", "bert", "-o", "m.onnx");
    assert_true(child_ends(&c, 0, "tokens i32[batch,6] -> logits f32[batch,10]"));
    model m = read_model("m.onnx");
    check_graph(m.graph);
    assert_true(check_weights(m.graph, "encoder", "bert/weights/train.encoder.safetensors") > 10);
    free(m.file);
}

/* A decoder of drawn codes takes the codes. */
static void test_codes(void **state)
{
    (void)state;
    static const char text[] = "version: 1\nphases:\n  train:\n    steps: 2\n    nodes:\n"
                               "      photos: {type: source.random, size: [8, 8], batch: 4}\n"
                               "      encoder: {type: encoder.mlp, in: photos, widths: [3]}\n"
                               "      decoder: {type: decoder.conv, in: encoder, widths: [4], size: 8, channels: 3}\n"
                               "      loss: {type: loss.mse, in: {x: decoder, y: photos}}\n"
                               "      optimizer: {type: optimizer.sgd, in: loss}\n"
                               "  draw:\n    nodes:\n"
                               "      code: {type: source.normal, width: 3, count: 4}\n"
                               "      decoder: {use: train.decoder, in: code}\n"
                               "      new: {type: sink.npy, in: decoder, path: new.npy}\n";
    temp_write("code.yaml", text, strlen(text));
    child_run(&c, "run", "code.yaml", "--out", "code", "-q");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "export", "code", "--node", "draw.decoder", "-o", "m.onnx");
    assert_true(child_ends(&c, 0, "code f32[batch,3] -> image f32[batch,8,8,3]"));
    child_run(&c, "embed", "code", "code.yaml", "--node", "draw.decoder");
    assert_true(child_ends(&c, 2, "'draw.decoder' reads what source.normal makes: it takes no files"));
    child_run(&c, "export", "code", "--node", "train.encoder", "-o", "mean.onnx");
    assert_true(child_ends(&c, 0, "image u8[batch,8,8,3]"));
}

/* A pretext task that only computes is in the model, or before it. */
static void test_lightness(void **state)
{
    (void)state;
    static const char text[] = "version: 1\nphases:\n  train:\n    steps: 2\n    nodes:\n"
                               "      photos: {type: source.random, size: [8, 8], batch: 4}\n"
                               "      grey: {type: pretext.colorize, in: photos}\n"
                               "      encoder: {type: encoder.cnn, in: grey.image, widths: [4, 4]}\n"
                               "      decoder: {type: decoder.conv, in: encoder.map, widths: [4], channels: 2}\n"
                               "      loss: {type: loss.mse, in: {x: decoder, y: grey.ab}}\n"
                               "      optimizer: {type: optimizer.sgd, in: loss}\n";
    temp_write("c.yaml", text, strlen(text));
    child_run(&c, "run", "c.yaml", "--out", "c", "-q");
    assert_true(child_ends(&c, 0, NULL));
    child_run(&c, "export", "c", "-o", "c.onnx");
    assert_true(child_ends(&c, 0, "image u8[batch,8,8,3] -> features f32[batch,4]"));
    model m = read_model("c.onnx");
    assert_int_equal(count_type(m.graph, "Pow"), 2);
    check_graph(m.graph);
    free(m.file);
    child_run(&c, "export", "c", "-o", "bare.onnx", "--no-preprocess");
    assert_true(child_ends(&c, 0, "image f32[batch,8,8,1] -> features f32[batch,4]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoders),   cmocka_unit_test(test_layouts), cmocka_unit_test(test_head_of_file),
        cmocka_unit_test(test_preprocess), cmocka_unit_test(test_text),    cmocka_unit_test(test_codes),
        cmocka_unit_test(test_lightness),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    temp_clear();
    return failed;
}
