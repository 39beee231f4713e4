/* Text: what source.text reads, what the pretext tasks make of it, what sink.text writes, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"
#include "core/data/vocab.h"
#include "core/node/collector.h"
#include "core/node/node.h"
#include "tests/support/opts.h"
#include "tests/support/pipeline.h"
#include "tests/support/temp.h"

static sdag_arena arena, *const a = &arena;
static sdag_log *logs;

static int set_up(void **state)
{
    (void)state;
    sdag_arena_init(a);
    logs = sdag_log_create(NULL);
    return logs == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    sdag_arena_free(a);
    sdag_log_destroy(logs);
    temp_clear();
    return 0;
}

static const sdag_node_type *type_of(const char *name)
{
    int n;
    const sdag_node_type *const *types = sdag_node_types(&n);
    for (int i = 0; i < n; i++)
        if (!strcmp(types[i]->name, name)) return types[i];
    fail_msg("no type %s", name);
    return NULL;
}

#define OPTS(type, ...) sdag_test_opts(a, type_of(type)->opts, type_of(type)->opts_size, __VA_ARGS__, NULL)
#define OPEN(...) open_text(OPTS("source.text", __VA_ARGS__))
#define REFUSE(text, ...) refuse_text(text, OPTS("source.text", __VA_ARGS__))
#define CHECK(text, type, ...) assert_string_equal(type_of(type)->check(OPTS(type, __VA_ARGS__)), text)

static const char *write_text(const char *name, const char *text, size_t n)
{
    return sdag_arena_str(a, temp_write(name, text, n));
}

static sdag_status try_text(sdag_dataset **d, const void *opts)
{
    return type_of("source.text")->open(d, opts, &(sdag_open){.arena = a, .log = logs, .seed = 1});
}

static sdag_dataset *open_text(const void *opts)
{
    sdag_dataset *d = NULL;
    if (try_text(&d, opts)) fail_msg("%s", temp_last(logs));
    return d;
}

static void refuse_text(const char *says, const void *opts)
{
    sdag_dataset *d;
    int before = sdag_log_count(logs);
    assert_int_equal(try_text(&d, opts), SDAG_IO);
    assert_int_equal(sdag_log_count(logs), before + 1);
    assert_true(temp_says(logs, says));
}

/* A sample as text again. */
static const char *text_of(const sdag_dataset *d, int64_t id)
{
    int32_t tokens[64];
    int64_t hw[2];
    char why[128] = "", *text = sdag_arena_get(a, 1024), *to = text;
    assert_in_range(d->tokens, 1, 64);
    assert_int_equal(d->cap, 4 * d->tokens);
    assert_int_equal(d->load(d, id, 0, (uint8_t *)tokens, hw, why), SDAG_OK);
    assert_true(hw[0] == 1 && hw[1] == d->tokens);
    for (int64_t i = 0; i < d->tokens; i++) {
        assert_in_range(tokens[i], 0, d->vocab->n - 1);
        const sdag_piece *p = &d->vocab->piece[tokens[i]];
        memcpy(to, p->at, p->n);
        to += p->n;
    }
    return text;
}

/* ---- windows ---- */

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCD"; /* 40: 36 and 4 */

static void windows(void **state)
{
    (void)state;
    const char *path = write_text("a.txt", alphabet, 40);
    const sdag_dataset *d = OPEN("path", path, "context", "8", "split", "all");
    assert_true(d->n == 4 && d->tokens == 9 && d->vocab->n == 40 && !d->labels && !d->classes);
    assert_string_equal(text_of(d, 0), "abcdefghi"); /* the context and one more */
    assert_string_equal(text_of(d, 1), "ijklmnopq");
    assert_string_equal(text_of(d, 3), "yz0123456");
    d = OPEN("path", path, "context", "8", "split", "all", "stride", "1");
    assert_int_equal(d->n, 32);
    assert_string_equal(text_of(d, 31), "56789ABCD");
    d = OPEN("path", path, "context", "8", "split", "all", "stride", "5");
    assert_int_equal(d->n, 7);
    assert_string_equal(text_of(d, 6), "456789ABC");
}

/* No window of one part sees the other, and both have the tokens of the whole. */
static void split(void **state)
{
    (void)state;
    const char *path = write_text("a.txt", alphabet, 40);
    const sdag_dataset *train = OPEN("path", path, "context", "3", "stride", "1");
    const sdag_dataset *val = OPEN("path", path, "context", "3", "split", "val");
    assert_true(train->n == 33 && val->n == 1 && train->vocab->n == 40 && val->vocab->n == 40);
    assert_string_equal(text_of(train, 32), "6789");
    assert_string_equal(text_of(val, 0), "ABCD");
    val = OPEN("path", path, "context", "3", "split", "val", "validation", "0.75", "stride", "1");
    assert_int_equal(val->n, 27);
    assert_string_equal(text_of(val, 0), "klmn");
}

static void tokenizations(void **state)
{
    (void)state;
    static const char text[] = "na\xc3\xafve\0software \xff";
    const char *path = write_text("b.txt", text, sizeof text - 1), *utf8 = write_text("c.txt", text, sizeof text - 2);
    const sdag_dataset *d = OPEN("path", path, "tokens", "bytes", "context", "2", "split", "all", "stride", "1");
    assert_true(d->vocab->n == 256 && d->n == 15);
    d = OPEN("path", utf8, "context", "2", "split", "all", "stride", "1");
    assert_true(d->vocab->n == 13 && d->n == 13); /* the i with two dots is one */
    assert_string_equal(text_of(d, 1), "a\xc3\xafv");
    d = OPEN("path", utf8, "tokens", "bpe", "tokenizer", "tests/unit/core/io/tokenizer.json", "context", "2", "split",
             "all", "stride", "1");
    assert_int_equal(d->vocab->n, 360);
    assert_string_equal(text_of(d, 0), "na\xc3");
    REFUSE("b.txt: line 1, byte 16: it is not UTF-8 (byte 0xff)", "path", path);
    REFUSE("b.txt: line 1, byte 16: it is not UTF-8 (byte 0xff)", "path", path, "tokens", "bpe", "tokenizer",
           "tests/unit/core/io/tokenizer.json");
}

static void special_tokens(void **state)
{
    (void)state;
    const char *path = write_text("a.txt", alphabet, 40);
    const sdag_vocab *v = OPEN("path", path, "context", "8", "special", "mask")->vocab;
    assert_true(v->n == 41 && v->mask == 40 && v->pad == -1);
    v = OPEN("path", path, "context", "8", "special", "mask pad")->vocab;
    assert_true(v->n == 42 && v->pad == 40 && v->mask == 41);
    v = OPEN("path", path, "context", "8", "special", "mask pad", "tokens", "bytes")->vocab;
    assert_true(v->n == 258 && v->pad == 256 && v->mask == 257);
    v = OPEN("path", path, "context", "8", "special", "mask pad", "tokens", "bpe", "tokenizer",
             "tests/unit/core/io/tokenizer_pairs.json")
            ->vocab;
    assert_true(v->n == 364 && v->mask == 360 && v->pad == 361); /* it has both */
}

static void windows_refused(void **state)
{
    (void)state;
    const char *path = write_text("a.txt", alphabet, 40), *empty = write_text("empty.txt", "", 0);
    REFUSE("the training part of '", "path", path, "context", "36");
    REFUSE("a.txt' has 36 tokens, too few for a context of 36 and one more", "path", path, "context", "36");
    REFUSE("the validation part of '", "path", path, "context", "4", "split", "val");
    REFUSE("'/nowhere.txt': No such file or directory", "path", "/nowhere.txt");
    REFUSE("it is not a regular file", "path", "/dev/zero", "tokens", "bytes");
    REFUSE("it is not a regular file", "path", temp_path(""), "tokens", "bytes");
    REFUSE("empty.txt' is empty", "path", empty);
    REFUSE("empty.txt' is empty", "path", empty, "tokens", "bytes");
    REFUSE("empty.txt' is empty", "path", path, "vocabulary", empty);
    CHECK("tokenizer goes with tokens: bpe, and bpe needs it", "source.text", "path", "x", "tokens", "bpe");
    CHECK("tokenizer goes with tokens: bpe, and bpe needs it", "source.text", "path", "x", "tokenizer", "y");
    CHECK("vocabulary goes with tokens: char", "source.text", "path", "x", "tokens", "bytes", "vocabulary", "y");
    CHECK("special is a list of mask and pad", "source.text", "path", "x", "special", "[CLS]");
    CHECK("stride goes with format: text", "source.text", "path", "x", "format", "lines", "stride", "2");
    CHECK("validation is 0, so split: val is empty", "source.text", "path", "x", "split", "val", "validation", "0");
    CHECK("lines are filled up with a padding token: add special: [pad]", "source.text", "path", "x", "format",
          "lines");
}

/* A file with a hole, as long as no machine has memory for: refused by its size. */
static void huge(void **state)
{
    (void)state;
    const char *path = write_text("huge.txt", "a", 1);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, 1l << 40, SEEK_SET), 0);
    assert_int_equal(fputc('b', f), 'b');
    assert_int_equal(fclose(f), 0);
    REFUSE("huge.txt' has 1099511627777 bytes, more than the limit of 1073741824", "path", path, "tokens", "bytes");
}

/* ---- lines ---- */

static void lines(void **state)
{
    (void)state;
    static const char text[] = "one\n\ntwo three four\r\nfive\n\r\nsix";
    const char *path = write_text("l.txt", text, sizeof text - 1);
    const sdag_dataset *d = OPEN("path", path, "format", "lines", "context", "5", "special", "pad", "split", "all");
    assert_true(d->n == 4 && d->tokens == 6 && !d->labels);
    assert_string_equal(text_of(d, 0), "one[PAD][PAD][PAD]");
    assert_string_equal(text_of(d, 1), "two th"); /* cut at the context and one more */
    assert_string_equal(text_of(d, 2), "five[PAD][PAD]");
    assert_string_equal(text_of(d, 3), "six[PAD][PAD][PAD]");
    d = OPEN("path", path, "format", "lines", "context", "5", "special", "pad", "split", "val", "validation", "0.5");
    assert_int_equal(d->n, 2);
    assert_string_equal(text_of(d, 0), "five[PAD][PAD]");
}

static void labelled(void **state)
{
    (void)state;
    static const char text[] = "pos\tgood\nneg\tbad\twith tab\n2\tx\npos\tfine\n";
    const char *path = write_text("l.tsv", text, sizeof text - 1);
    const sdag_dataset *d = OPEN("path", path, "format", "labelled", "context", "3", "special", "pad", "split", "all");
    const int32_t want[] = {2, 1, 0, 2};
    assert_true(d->n == 4 && d->classes == 3);
    assert_memory_equal(d->labels, want, sizeof want);
    assert_string_equal(d->class_names[0], "2");
    assert_string_equal(d->class_names[1], "neg");
    assert_string_equal(d->class_names[2], "pos");
    assert_string_equal(text_of(d, 1), "bad\t");
    d = OPEN("path", path, "format", "labelled", "context", "3", "special", "pad", "split", "val", "validation", "0.5");
    assert_true(d->n == 2 && d->classes == 3 && d->labels[0] == 0 && d->labels[1] == 2); /* classes of the whole file */
}

/* The tokens of a labelled task are those of another text. */
static void vocabulary(void **state)
{
    (void)state;
    const char *from = write_text("a.txt", alphabet, 40), *path = write_text("l.tsv", "x\tbad\ny\tcab\n", 12);
    const char *other = write_text("m.tsv", "x\tbad\ny\tca!\n", 12);
#define TASK "format", "labelled", "context", "3", "special", "pad", "vocabulary", from
    const sdag_dataset *d = OPEN("path", path, TASK, "split", "all");
    assert_int_equal(d->vocab->n, 41);
    assert_string_equal(text_of(d, 1), "cab[PAD]");
    REFUSE("m.tsv: line 2, byte 10: the character '!' (U+0021) is not in the vocabulary", "path", other, TASK);
}

static void lines_refused(void **state)
{
    (void)state;
#define LABELLED(text) "path", write_text("l.tsv", text, sizeof(text) - 1), "format", "labelled", "special", "pad"
    REFUSE("l.tsv: line 2, byte 4: there is no TAB between a label and a text", LABELLED("a\tb\nb\n"));
    REFUSE("l.tsv: line 1, byte 1: the label is empty or has a NUL", LABELLED("\tb\n"));
    REFUSE("the label is empty or has a NUL", LABELLED("a\0b\tb\n"));
    REFUSE("l.tsv: line 1, byte 2: there is no text behind the label", LABELLED("a\t\n"));
    REFUSE("the training part of '", LABELLED("\n\n"));
    REFUSE("has no padding token for lines: add special: [pad]", "path", write_text("x", "a", 1), "format", "lines",
           "tokens", "bpe", "tokenizer", "tests/unit/core/io/tokenizer.json");
}

/* ---- memory ---- */

static sdag_status open_once(void *opts)
{
    sdag_dataset *d;
    sdag_status s = try_text(&d, opts);
    int32_t tokens[16];
    int64_t hw[2];
    char why[128];
    return s ? s : d->load(d, 0, 0, (uint8_t *)tokens, hw, why);
}

static void starve(const void *opts)
{
    sdag_arena kept = *a; /* holds the options */
    sdag_status s = SDAG_NOMEM;
    for (uint64_t n = 1; s != SDAG_OK && n < 1000; n++) {
        sdag_arena_init(a);
        sdag_alloc_fail(n, false);
        s = sdag_arena_try(a, open_once, (void *)opts);
        sdag_alloc_fail(0, false);
        assert_true(s == SDAG_OK || s == SDAG_NOMEM);
        sdag_arena_free(a);
    }
    *a = kept;
    assert_int_equal(s, SDAG_OK);
    assert_int_equal(sdag_log_count(logs), 0);
}

static void out_of_memory(void **state)
{
    (void)state;
    const char *path = write_text("a.txt", alphabet, 40), *tsv = write_text("l.tsv", "x\tbad\ny\tcab\n", 12);
    starve(OPTS("source.text", "path", path, "context", "8", "special", "mask"));
    starve(
        OPTS("source.text", "path", tsv, "context", "8", "special", "pad", "format", "labelled", "vocabulary", path));
}

/* ---- pretext ---- */

static const char next_yaml[] = "version: 1\nphases:\n  a:\n    nodes:\n"
                                "      text: {type: source.text, path: %s, split: all, batch: 3, context: 4, special: "
                                "[pad], format: lines}\n"
                                "      next: {type: pretext.next_token, in: text}\n"
                                "      one: {type: sink.npy, in: next.input, path: a.npy}\n"
                                "      two: {type: sink.npy, in: next.target, path: b.npy}\n";

static const int32_t *ints(const pipeline *p, const char *node, const char *port)
{
    sdag_tensor t = pipeline_value(p, node, port);
    assert_non_null(t.data);
    return t.data;
}

static void open_pipeline(pipeline *p, pipeline_options *o, const char *yaml, const char *path)
{
    *o = (pipeline_options){.yaml = sdag_arena_printf(a, yaml, path)};
    assert_int_equal(pipeline_open(p, o), SDAG_OK);
    assert_int_equal(pipeline_step(p), SDAG_OK);
}

static void next_token(void **state)
{
    (void)state;
    const char *path = write_text("l.txt", "abcab\nca\nb\n", 11); /* newline is token 0, the padding 4 */
    const int32_t input[] = {1, 2, 3, 1, 3, 1, 4, 4, 2, 4, 4, 4};
    const int32_t target[] = {2, 3, 1, 2, 1, -100, -100, -100, -100, -100, -100, -100};
    pipeline p;
    pipeline_options o;
    open_pipeline(&p, &o, next_yaml, path);
    assert_memory_equal(ints(&p, "next", "input"), input, sizeof input);
    assert_memory_equal(ints(&p, "next", "target"), target, sizeof target);
    pipeline_close(&p);
}

static const char mask_yaml[] = "version: 1\nphases:\n  a:\n    nodes:\n"
                                "      text: {type: source.text, path: %s, split: all, batch: 32, context: 40, stride: "
                                "1, special: [mask]}\n"
                                "      hide: {type: pretext.mask_tokens, in: text}\n"
                                "      one: {type: sink.npy, in: text.tokens, path: c.npy}\n"
                                "      two: {type: sink.npy, in: hide.input, path: a.npy}\n"
                                "      three: {type: sink.npy, in: hide.target, path: b.npy}\n";

/* 15 % of the tokens, of these 80 % masked, 10 % other tokens, 10 % themselves. */
static void mask_tokens(void **state)
{
    (void)state;
    enum { N = 4000, B = 32, T = 40 };
    char *text = sdag_arena_get(a, N);
    sdag_rng r = sdag_rng_at(5, 0, 0, 0);
    for (int i = 0; i < N; i++) text[i] = (char)('a' + sdag_rng_below(&r, 26));
    pipeline p;
    pipeline_options o;
    open_pipeline(&p, &o, mask_yaml, write_text("m.txt", text, N));
    int chosen = 0, masked = 0, other = 0, first[T] = {0};
    for (int step = 0; step < 60; step++) {
        const int32_t *x = ints(&p, "text", "tokens"), *in = ints(&p, "hide", "input"),
                      *target = ints(&p, "hide", "target");
        for (int i = 0; i < B; i++) {
            int here = 0;
            for (int j = i * T; j < (i + 1) * T; j++) {
                assert_true(target[j] == -100 ? in[j] == x[j] : target[j] == x[j]);
                assert_in_range(in[j], 0, 26);
                here += target[j] != -100;
                masked += in[j] == 26;
                other += in[j] != 26 && in[j] != x[j];
                first[j - i * T] += target[j] != -100;
            }
            assert_int_equal(here, 6); /* of 40 */
            chosen += here;
        }
        assert_int_equal(pipeline_step(&p), SDAG_OK);
    }
    pipeline_close(&p);
    assert_true(fabs(masked / (double)chosen - 0.8) < 0.015);
    assert_true(fabs(other / (double)chosen - 0.1 * 25 / 26) < 0.012);
    for (int j = 0; j < T; j++) assert_true(fabs(first[j] / 1920.0 - 0.15) < 0.04); /* every place alike */
}

/* What is hidden belongs to the sample, not to its place in a batch or to the threads. */
static void mask_tokens_named(void **state)
{
    (void)state;
    const char *path =
        write_text("m.txt", "the quick brown fox jumps over the lazy dog and comes back again, twice", 71);
    int32_t seen[2][32 * 40];
    for (int k = 0; k < 2; k++) {
        pipeline p;
        pipeline_options o = {.yaml = sdag_arena_printf(a, mask_yaml, path), .threads = k ? 4 : 1};
        assert_int_equal(pipeline_open(&p, &o), SDAG_OK);
        assert_int_equal(pipeline_step(&p), SDAG_OK);
        if (k) assert_int_equal(pipeline_step(&p), SDAG_OK); /* samples 32, 33, ... of 31: from the second again */
        memcpy(seen[k], ints(&p, "hide", "input"), sizeof seen[k]);
        pipeline_close(&p);
    }
    assert_memory_equal(seen[0] + 40, seen[1], 30 * 40 * sizeof **seen);
}

static void refuse_yaml(const char *says, const char *node, const char *source)
{
    sdag_log_destroy(logs);
    logs = sdag_log_create(NULL);
    const char *path = write_text("m.txt", alphabet, 40);
    pipeline_options o = {.yaml = sdag_arena_printf(a,
                                                    "version: 1\nphases:\n  a:\n    nodes:\n"
                                                    "      text: {type: source.text, path: %s, context: 4%s}\n"
                                                    "      hide: {%s}\n"
                                                    "      one: {type: sink.npy, in: hide.input, path: a.npy}\n",
                                                    path, source, node)};
    pipeline p;
    assert_int_equal(pipeline_open(&p, &o), SDAG_INVALID);
    assert_true(temp_says(p.log, says));
    pipeline_close(&p);
}

static void pretext_refused(void **state)
{
    (void)state;
    refuse_yaml("hide: the data have no mask token; give their source special: [mask]",
                "type: pretext.mask_tokens, in: text", "");
    refuse_yaml("ratio must be above 0 and below 1", "type: pretext.mask_tokens, in: text, ratio: 0",
                ", special: [mask]");
    refuse_yaml("ratio must be above 0 and below 1", "type: pretext.mask_tokens, in: text, ratio: 1",
                ", special: [mask]");
    refuse_yaml("mask and random are more than 1 together",
                "type: pretext.mask_tokens, in: text, mask: 0.8, random: 0.3", ", special: [mask]");
    refuse_yaml("what follows these tokens is not known",
                "type: pretext.next_token, in: {type: pretext.mask_tokens, in: text}", ", special: [mask]");
}

/* ---- generating ---- */

enum { CONTEXT = 4 };

/* Runs sink.text on a model that says: after token x comes x + 1 (score 3) or x + 2 (score 2.5), of V tokens. Returns
 * what it wrote. */
static char *generate(const void *opts, const sdag_vocab *v, int64_t scores, sdag_status want)
{
    const sdag_collect *k = type_of("sink.text")->collect;
    const sdag_dataset like = {.tokens = CONTEXT + 1, .vocab = v};
    sdag_collector c = {.opts = opts, .log = logs, .node = "said", .out_dir = temp_path(""), .seed = 3};
    void *state = NULL;
    c.data[0] = &like;
    sdag_status s = k->open(&state, &c);
    if (s) {
        assert_int_equal(s, want);
        return NULL;
    }
    const int64_t n = k->rows(opts);
    float *logits = SDAG_NEWS(a, float, n *CONTEXT *scores);
    int32_t tokens[CONTEXT + 1];
    while (!c.done && !s) {
        for (int64_t i = 0; i < n; i++) {
            k->load(state, i, tokens, CONTEXT + 1);
            for (int j = 0; j < CONTEXT; j++) {
                float *y = logits + (i * CONTEXT + j) * scores;
                for (int64_t t = 0; t < scores; t++) y[t] = -2;
                y[(tokens[j] + 1) % scores] = 3;
                y[(tokens[j] + 2) % scores] = 2.5f;
            }
        }
        const sdag_tensor ports[3] = {{logits, SDAG_DT_F32, SDAG_SHAPE(n, CONTEXT, scores)}};
        s = k->batch(state, &c, 0, ports, 3);
    }
    assert_int_equal(s, want);
    assert_int_equal(k->close(state, &c, !s), SDAG_OK);
    if (s) return NULL;
    size_t len;
    char *read = (char *)temp_read(&len, "said.txt"), *text = sdag_arena_copy(a, read, len);
    free(read);
    return text;
}

static void greedy(void **state)
{
    (void)state;
    const sdag_vocab *v = OPEN("path", write_text("a.txt", "abcdefgh\n", 9), "context", "4", "split", "all")->vocab;
#define SAID "path", "said.txt", "prompt"
    assert_string_equal(generate(OPTS("sink.text", SAID, "b", "temperature", "0", "length", "9"), v, 9, SDAG_OK),
                        "bcdefgh\nab");
    /* A prompt longer than the context; two samples. */
    assert_string_equal(
        generate(OPTS("sink.text", SAID, "hhhhhb", "temperature", "0", "length", "3", "samples", "2"), v, 9, SDAG_OK),
        "hhhhhbcde\n----------------\nhhhhhbcde");
    assert_string_equal(generate(OPTS("sink.text", SAID, "a", "top_k", "1", "length", "3"), v, 9, SDAG_OK), "abcd");
}

/* The tokens that follow one another, counted: token i + step. */
static double share(const char *text, const char *order, int step)
{
    int n = (int)strlen(order), hits = 0, all = 0;
    for (const char *p = text; p[1]; p++, all++)
        hits += ((strchr(order, p[0]) - order) + step) % n == strchr(order, p[1]) - order;
    return hits / (double)all;
}

static void sampled(void **state)
{
    (void)state;
    const char *path = write_text("a.txt", "abcdefghi", 9), *order = "abcdefghi";
    const sdag_vocab *v = OPEN("path", path, "context", "4", "split", "all")->vocab;
    const void *two = OPTS("sink.text", SAID, "a", "top_k", "2", "length", "4000");
    char *text = generate(two, v, 9, SDAG_OK);
    assert_string_equal(text, generate(two, v, 9, SDAG_OK)); /* the same draws every time */
    const double p = 1 / (1 + exp(-0.5));
    assert_true(fabs(share(text, order, 1) - p) < 0.025);
    assert_true(fabs(share(text, order, 1) + share(text, order, 2) - 1) < 1e-9);
    text = generate(OPTS("sink.text", SAID, "a", "top_k", "2", "temperature", "0.2", "length", "4000"), v, 9, SDAG_OK);
    assert_true(fabs(share(text, order, 1) - 1 / (1 + exp(-2.5))) < 0.02);
    text = generate(OPTS("sink.text", SAID, "a", "length", "4000"), v, 9, SDAG_OK); /* all nine */
    const double sum = exp(3) + exp(2.5) + 7 * exp(-2);
    assert_true(fabs(share(text, order, 1) - exp(3) / sum) < 0.025);
    assert_true(fabs(share(text, order, 5) - exp(-2) / sum) < 0.003);
    text = generate(OPTS("sink.text", SAID, "a", "samples", "2", "length", "50"), v, 9, SDAG_OK);
    assert_memory_not_equal(text, strchr(text, '\n') + 18, 51); /* samples differ */
}

static void no_special_tokens(void **state)
{
    (void)state;
    const char *path = write_text("a.txt", "abc", 3);
    const sdag_vocab *v = OPEN("path", path, "context", "2", "split", "all", "special", "mask pad")->vocab;
    assert_int_equal(v->n, 5);
    const char *text = generate(OPTS("sink.text", SAID, "a", "temperature", "100", "length", "3000"), v, 5, SDAG_OK);
    assert_int_equal(strspn(text, "abc"), 3001);
}

static void sink_refused(void **state)
{
    (void)state;
    const sdag_vocab *v = OPEN("path", write_text("a.txt", "abc", 3), "context", "2", "split", "all")->vocab;
    generate(OPTS("sink.text", SAID, "abX"), v, 3, SDAG_INVALID);
    assert_true(temp_says(logs, "said: prompt, byte 2: the character 'X' (U+0058) is not in the vocabulary"));
    generate(OPTS("sink.text", SAID, "ab"), v, 4, SDAG_INVALID);
    assert_true(temp_says(logs, "said: 4 scores for a vocabulary of 3 tokens"));
    CHECK("prompt is empty: the model needs something to go on with, such as \"\\n\"", "sink.text", SAID, "");
    CHECK("path leaves the directory of the run", "sink.text", "path", "../x", "prompt", "a");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(windows),       T(split),      T(tokenizations),     T(special_tokens),    T(windows_refused),
        T(huge),          T(lines),      T(labelled),          T(vocabulary),        T(lines_refused),
        T(out_of_memory), T(next_token), T(mask_tokens),       T(mask_tokens_named), T(pretext_refused),
        T(greedy),        T(sampled),    T(no_special_tokens), T(sink_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
