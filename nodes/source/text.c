/* source.text -- text as tokens: windows of one long text, or one line a sample.
 *   tokens i32[B,T],  label i32[B],  id i32[B];   beside tokens: the one that follows each, i32[B,T]
 * Tokens are Unicode characters (of this text, or of the one that `vocabulary` names), bytes, or byte pairs from a
 * tokenizer.json. A window is T tokens and the one behind them; windows start every `stride` tokens. The first part of
 * the text is for training, the last for validation. A line is cut at T + 1 tokens and filled up with the padding
 * token. Special tokens are added behind all others and only when `special` asks for them, so that a plain language
 * model has the vocabulary of its text and nothing else. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/io/text_file.h"
#include "core/io/vocab.h"
#include "core/node/node.h"
#include "core/ops/ops.h"

typedef struct {
    sdag_source_opts common;
    const char *path, *tokenizer, *vocabulary;
    int64_t context, stride;
    int tokens, split, format;
    float validation;
    sdag_strs special;
} text;

enum { CHAR, BYTES, BPE };
enum { TRAIN, VAL, ALL };
enum { TEXT, LINES, LABELLED };
enum { TEXT_MAX = 1 << 30 };
static const char *const tokenizations[] = {"char", "bytes", "bpe", NULL};
static const char *const splits[] = {"train", "val", "all", NULL};
static const char *const formats[] = {"text", "lines", "labelled", NULL};

static const sdag_opt opts[] = {
    SDAG_SOURCE_OPTS(text),
    SDAG_PATH_REQ(text, path, "file of the text, at most 1 GiB"),
    SDAG_ENUM(text, tokens, CHAR, tokenizations, "what a token is: a character (UTF-8), a byte, or pairs of bytes"),
    SDAG_PATH(text, tokenizer, NULL, "tokenizer.json of Hugging Face, for tokens: bpe"),
    SDAG_PATH(text, vocabulary, NULL, "text whose characters are the tokens, for tokens: char; this one if not given"),
    SDAG_STRS(text, special, NULL, "special tokens to add if there are none: mask (to hide tokens), pad (for lines)"),
    SDAG_INT(text, context, 64, 1, 1 << 20, "tokens of a sample"),
    SDAG_ENUM(text, split, TRAIN, splits, "the first part of the tokens or lines, the last part, or all of them"),
    SDAG_F32(text, validation, 0.1, 0, 0.99, "how much of the text is the last part"),
    SDAG_INT(text, stride, 0, 0, 1 << 30, "a window starts every so many tokens; 0: as many as context, no overlap"),
    SDAG_ENUM(text, format, TEXT, formats, "one text, a sample a line, or lines of label TAB text"),
    {0},
};
static const sdag_port outs[] = {
    {.name = "tokens", .type = "i32[B,T]", .help = "numbers of the tokens"},
    {.name = "label", .type = "i32[B]", .help = "class of each line, -1 where unknown"},
    {.name = "id", .type = "i32[B]", .help = "number of each window or line"},
    {0},
};

/* A sample is tokens[at .. at + n). */
typedef struct line {
    size_t at, n;
    const char *label; /* in the file, while it is there; not ended by NUL */
    size_t n_label;
} line;

typedef struct data {
    sdag_text_file file; /* while it is opened */
    sdag_tokens tokens;
    int64_t from, stride; /* windows */
    const line *lines;    /* NULL: windows */
    SDAG_VEC(line) all;
    SDAG_VEC(sdag_piece) classes;
} data;

typedef struct opening {
    const text *o;
    const sdag_open *op;
    data *x;
    sdag_vocab *vocab;
    sdag_dataset *set;
} opening;

/* ---- samples ---- */

static sdag_status load(const sdag_dataset *d, int64_t id, int slot, uint8_t *dst, int64_t hw[2], char *why)
{
    const data *x = d->impl;
    int32_t *to = (int32_t *)dst;
    const size_t most = (size_t)d->tokens;
    size_t at = (size_t)(x->from + id * x->stride), n = most;
    (void)slot, (void)why;
    if (x->lines) {
        at = x->lines[id].at;
        if (x->lines[id].n < n) n = x->lines[id].n;
    }
    memcpy(to, x->tokens.at + at, n * sizeof *to);
    for (size_t i = n; i < most; i++) to[i] = d->vocab->pad;
    hw[0] = 1;
    hw[1] = d->tokens;
    return SDAG_OK;
}

/* How many of n lie before the validation part. */
static int64_t cut(const text *o, int64_t n)
{
    const double last = round((double)o->validation * 1e6) / 1e6; /* the number that was typed: 0.1, not 0.1f */
    return (int64_t)((double)n * (1 - last));
}

/* The part [from, to) of n tokens or lines. */
static void take_split(const text *o, int64_t n, int64_t *from, int64_t *to)
{
    *from = o->split == VAL ? cut(o, n) : 0;
    *to = o->split == TRAIN ? cut(o, n) : n;
}

static const char *part_name(const text *o)
{
    static const char *const names[] = {"the training part of ", "the validation part of ", ""};
    return names[o->split];
}

/* ---- one text ---- */

static sdag_status take_windows(opening *t)
{
    const text *o = t->o;
    int64_t from, to;
    take_split(o, (int64_t)t->x->tokens.n, &from, &to);
    t->x->from = from;
    t->x->stride = o->stride ? o->stride : o->context;
    if (to - from < o->context + 1)
        return sdag_fail(t->op->log, SDAG_IO, t->op->loc,
                         "%s'%s' has %lld tokens, too few for a context of %lld and one more", part_name(o), o->path,
                         (long long)(to - from), (long long)o->context);
    t->set->n = (to - from - o->context - 1) / t->x->stride + 1;
    return SDAG_OK;
}

static sdag_status open_text(opening *t)
{
    const sdag_text_file *f = &t->x->file;
    sdag_status s = sdag_vocab_encode(t->vocab, &t->x->tokens, t->op->log, t->op->loc, t->o->path, f->at, 0, f->n);
    return s ? s : take_windows(t);
}

/* ---- lines ---- */

static sdag_status bad_line(const opening *t, size_t at, const char *why)
{
    return sdag_vocab_fail(t->op->log, t->op->loc, t->o->path, t->x->file.at, at, why);
}

/* Bytes [from, to) of the file, without the end of the line; an empty line is no sample. */
static sdag_status add_line(opening *t, size_t from, size_t to)
{
    const char *file = t->x->file.at;
    line l = {.at = t->x->tokens.n};
    if (to > from && file[to - 1] == '\r') to--;
    if (to == from) return SDAG_OK;
    if (t->o->format == LABELLED) {
        const char *tab = memchr(file + from, '\t', to - from);
        if (!tab) return bad_line(t, from, "there is no TAB between a label and a text");
        l.label = file + from;
        l.n_label = (size_t)(tab - l.label);
        from += l.n_label + 1;
        if (!l.n_label || memchr(l.label, 0, l.n_label)) return bad_line(t, from, "the label is empty or has a NUL");
        if (to == from) return bad_line(t, from, "there is no text behind the label");
    }
    sdag_status s =
        sdag_vocab_encode(t->vocab, &t->x->tokens, t->op->log, t->op->loc, t->o->path, file, from, to - from);
    l.n = t->x->tokens.n - l.at;
    if (!s) *SDAG_PUSH(t->op->arena, &t->x->all) = l;
    return s;
}

static int by_bytes(const void *a, const void *b)
{
    const sdag_piece *x = a, *y = b;
    int c = memcmp(x->at, y->at, x->n < y->n ? x->n : y->n);
    return c ? c : x->n < y->n ? -1 : x->n > y->n;
}

/* The labels of all lines, each once, sorted bytewise. */
static void find_classes(opening *t)
{
    data *x = t->x;
    sdag_piece *all = SDAG_NEWS(t->op->arena, sdag_piece, x->all.n + 1);
    for (int i = 0; i < x->all.n; i++) all[i] = (sdag_piece){x->all.at[i].label, x->all.at[i].n_label};
    if (x->all.n) qsort(all, (size_t)x->all.n, sizeof *all, by_bytes);
    for (int i = 0; i < x->all.n; i++)
        if (!i || by_bytes(&all[i], &all[i - 1])) *SDAG_PUSH(t->op->arena, &x->classes) = all[i];
    const char **names = SDAG_NEWS(t->op->arena, const char *, x->classes.n + 1);
    for (int i = 0; i < x->classes.n; i++)
        names[i] = sdag_arena_copy(t->op->arena, x->classes.at[i].at, x->classes.at[i].n);
    t->set->classes = x->classes.n;
    t->set->class_names = names;
}

static void take_labels(opening *t)
{
    const data *x = t->x;
    int32_t *labels = SDAG_NEWS(t->op->arena, int32_t, t->set->n);
    find_classes(t);
    for (int64_t i = 0; i < t->set->n; i++) {
        const sdag_piece key = {x->lines[i].label, x->lines[i].n_label};
        const sdag_piece *at = bsearch(&key, x->classes.at, (size_t)x->classes.n, sizeof key, by_bytes);
        labels[i] = (int32_t)(at - x->classes.at);
    }
    t->set->labels = labels;
}

static sdag_status open_lines(opening *t)
{
    const sdag_text_file *f = &t->x->file;
    sdag_status s = SDAG_OK;
    if (t->vocab->pad < 0)
        return sdag_fail(t->op->log, SDAG_IO, t->op->loc, "'%s' has no padding token for lines: add special: [pad]",
                         t->o->tokenizer);
    for (size_t i = 0; i < f->n && !s;) {
        const char *end = memchr(f->at + i, '\n', f->n - i);
        size_t to = end ? (size_t)(end - f->at) : f->n;
        s = add_line(t, i, to);
        i = to + 1;
    }
    if (s) return s;
    int64_t from, to;
    take_split(t->o, t->x->all.n, &from, &to);
    if (to - from < 1)
        return sdag_fail(t->op->log, SDAG_IO, t->op->loc, "%s'%s' has no lines", part_name(t->o), t->o->path);
    t->x->lines = t->x->all.at + from;
    t->set->n = to - from;
    if (t->o->format == LABELLED) take_labels(t);
    return SDAG_OK;
}

/* ---- opening ---- */

static unsigned specials(const text *o)
{
    unsigned which = 0;
    for (int i = 0; i < o->special.n; i++) which |= !strcmp(o->special.at[i], "pad") ? SDAG_VOCAB_PAD : SDAG_VOCAB_MASK;
    return which;
}

static sdag_status open_vocab(opening *t)
{
    const text *o = t->o;
    const sdag_open *op = t->op;
    sdag_status s = SDAG_OK;
    if (o->tokens == BPE) s = sdag_vocab_tokenizer(&t->vocab, op->arena, op->log, op->loc, o->tokenizer);
    if (o->tokens == BYTES) t->vocab = sdag_vocab_bytes(op->arena);
    if (o->tokens == CHAR && o->vocabulary)
        s = sdag_text_file_read(&t->x->file, op->log, op->loc, o->vocabulary, TEXT_MAX);
    if (o->tokens == CHAR && !s)
        s = sdag_vocab_chars(&t->vocab, op->arena, op->log, op->loc, o->vocabulary ? o->vocabulary : o->path,
                             t->x->file.at, t->x->file.n);
    if (!s) sdag_vocab_special(t->vocab, op->arena, specials(o));
    return s;
}

static void release(void *p)
{
    data *x = p;
    sdag_text_file_free(&x->file);
    sdag_free(x->tokens.at);
}

static sdag_status read_text(opening *t)
{
    sdag_text_file_free(&t->x->file);
    return sdag_text_file_read(&t->x->file, t->op->log, t->op->loc, t->o->path, TEXT_MAX);
}

static sdag_status open_source(sdag_dataset **out, const void *opts_, const sdag_open *op)
{
    opening t = {.o = opts_, .op = op, .x = SDAG_NEW(op->arena, data), .set = SDAG_NEW(op->arena, sdag_dataset)};
    sdag_arena_defer(op->arena, release, t.x);
    sdag_status s = t.o->vocabulary ? SDAG_OK : read_text(&t);
    if (!s) s = open_vocab(&t);
    if (!s && t.o->vocabulary) s = read_text(&t);
    if (s) return s;
    *t.set = (sdag_dataset){
        .tokens = t.o->context + 1, .vocab = t.vocab, .cap = (size_t)(t.o->context + 1) * 4, .impl = t.x, .load = load};
    if (!t.x->file.n) return sdag_fail(op->log, SDAG_IO, op->loc, "'%s' is empty", t.o->path);
    s = t.o->format == TEXT ? open_text(&t) : open_lines(&t);
    sdag_text_file_free(&t.x->file); /* the tokens are all that is kept of it */
    *out = t.set;
    return s;
}

/* What is known of the vocabulary: all of it once it is open, that of bytes before. */
static sdag_beside vocab_of(const sdag_build *b, const text *o)
{
    const unsigned which = specials(o);
    sdag_arena *a = b->arena;
    const sdag_vocab *v = b->samples ? b->samples->vocab : NULL;
    if (!v && o->tokens == BYTES) {
        sdag_vocab *bytes = sdag_vocab_bytes(a);
        sdag_vocab_special(bytes, a, which);
        v = bytes;
    }
    if (v) return (sdag_beside){.vocab = v->n, .mask_id = v->mask + 1, .pad_id = v->pad + 1};
    const bool perhaps = o->tokens == BPE; /* its file may have them */
    return (sdag_beside){.mask_id = which & SDAG_VOCAB_MASK || perhaps, .pad_id = which & SDAG_VOCAB_PAD ? 1 : 0};
}

static void lower(sdag_build *b, const sdag_node *self)
{
    const text *o = sdag_node_opts(self);
    sdag_val ids = sdag_source_ids(b, self), labels = sdag_source_labels(b, self);
    sdag_val rows = sdag_op_read_tokens(b, ids, o->context + 1);
    sdag_beside beside = vocab_of(b, o);
    beside.next = sdag_op_slice(b, rows, 1, 1, o->context + 1);
    sdag_out(b, self, "tokens", sdag_op_slice(b, rows, 1, 0, o->context));
    sdag_out_beside(b, self, "tokens", &beside);
    sdag_out(b, self, "label", labels);
    sdag_out(b, self, "id", ids);
}

static const char *check(const void *opts_)
{
    const text *o = opts_;
    bool pad = false;
    for (int i = 0; i < o->special.n; i++) {
        if (strcmp(o->special.at[i], "mask") && strcmp(o->special.at[i], "pad"))
            return "special is a list of mask and pad";
        pad |= !strcmp(o->special.at[i], "pad");
    }
    if (!o->tokenizer != (o->tokens != BPE)) return "tokenizer goes with tokens: bpe, and bpe needs it";
    if (o->vocabulary && o->tokens != CHAR) return "vocabulary goes with tokens: char";
    if (o->stride && o->format != TEXT) return "stride goes with format: text";
    if (o->split == VAL && o->validation == 0) return "validation is 0, so split: val is empty";
    if (o->format != TEXT && o->tokens != BPE && !pad)
        return "lines are filled up with a padding token: add special: [pad]";
    return NULL;
}

const sdag_node_type sdag_node_source_text = {
    .name = "source.text",
    .brief = "Text as characters, bytes or byte pairs: windows, or lines with labels.",
    .role = SDAG_ROLE_SOURCE,
    .opts = opts,
    .opts_size = sizeof(text),
    .outs = outs,
    .check = check,
    .lower = lower,
    .open = open_source,
    .example = "{type: source.text, path: ../data/shakespeare.txt, tokens: char, context: 64, batch: 12}",
};
