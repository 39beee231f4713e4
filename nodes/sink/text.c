/* sink.text -- text that a language model goes on with, token by token.
 *   logits = of(the last T tokens), T the context           f32[samples,T,V]
 *   p = softmax(logits at the last token / temperature), the top_k largest alone;  temperature 0: the largest
 *   next ~ p, appended, and again, until `length` tokens are there
 * The model must be causal: the prompt stands at the beginning of the window, and what fills the rest is not seen.
 * Special tokens are never drawn. A draw is named by seed, node, sample and place. Several samples stand in one file
 * with a line of dashes between them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/rng.h"
#include "core/data/vocab.h"
#include "core/node/collector.h"
#include "core/node/node.h"
#include "nodes/sink/path.h"

typedef struct {
    const char *path, *prompt;
    int64_t length, samples, top_k;
    float temperature;
} text;

static const sdag_opt opts[] = {
    {.name = "path",
     .help = "of the file, below the directory of the run",
     .kind = SDAG_OPT_STR,
     .offset = offsetof(text, path),
     .required = true},
    {.name = "prompt",
     .help = "what the text begins with",
     .kind = SDAG_OPT_STR,
     .offset = offsetof(text, prompt),
     .required = true},
    SDAG_INT(text, length, 500, 1, 1 << 20, "tokens to add"),
    SDAG_INT(text, samples, 1, 1, 4096, "how many texts"),
    SDAG_F32(text, temperature, 1, 0, 100, "below 1: likely tokens become likelier; 0: always the likeliest (greedy)"),
    SDAG_INT(text, top_k, 0, 0, 1 << 24, "draw among so many likeliest tokens only; 0: among all"),
    {0},
};
static const sdag_port ins[] = {
    {.name = "of", .type = "f32[B,T,V]", .help = "scores of the next token", .flags = SDAG_PORT_EVAL | SDAG_PORT_KEY},
    {.name = "like",
     .type = "i32[B,T]",
     .help = "a source of text: its tokens and its context are used",
     .flags = SDAG_PORT_DATA | SDAG_PORT_KEY},
    {0},
};
static const char *const passes[] = {"like", NULL};

typedef struct {
    const text *o;
    const sdag_vocab *vocab;
    sdag_tokens prompt;
    int32_t *tokens; /* [samples, room] */
    int64_t n, room; /* tokens of each sample by now, and at the end */
    float *score;    /* [2, V]: those of one place, and sorted */
    char *path;
} state;

/* ---- opening and closing ---- */

static void destroy(state *s)
{
    sdag_free(s->prompt.at);
    sdag_free(s->tokens);
    sdag_free(s->score);
    sdag_free(s->path);
    sdag_free(s);
}

static sdag_status encode_prompt(state *s, const sdag_collector *c)
{
    char why[128] = "";
    size_t at = 0;
    const char *prompt = s->o->prompt;
    sdag_status st = s->vocab->encode(s->vocab, &s->prompt, prompt, strlen(prompt), &at, why);
    if (st == SDAG_IO) st = sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: prompt, byte %zu: %s", c->node, at, why);
    return st;
}

static sdag_status prepare(state *s, const sdag_collector *c)
{
    sdag_status st = encode_prompt(s, c);
    if (st) return st;
    s->n = (int64_t)s->prompt.n;
    s->room = s->n + s->o->length;
    size_t all;
    if (!sdag_mul_size(&all, (size_t)s->room, (size_t)s->o->samples)) return SDAG_NOMEM;
    s->tokens = sdag_alloc_array(all, sizeof *s->tokens);
    s->score = sdag_alloc_array(2 * (size_t)s->vocab->n, sizeof *s->score);
    if (!s->tokens || !s->score) return SDAG_NOMEM;
    for (int64_t i = 0; i < s->o->samples; i++)
        memcpy(s->tokens + i * s->room, s->prompt.at, s->prompt.n * sizeof *s->tokens);
    return sdag_sink_path(&s->path, c, s->o->path);
}

static sdag_status open_text(void **out, sdag_collector *c)
{
    state *s = sdag_alloc(sizeof *s);
    if (!s) return SDAG_NOMEM;
    s->o = c->opts;
    s->vocab = c->data[0]->vocab;
    sdag_status st = prepare(s, c);
    if (st) destroy(s);
    else *out = s;
    return st;
}

static sdag_status write_all(const state *s, const sdag_collector *c)
{
    sdag_outfile f;
    sdag_status st = sdag_out_open(&f, c->log, s->path);
    if (st) return st;
    for (int64_t i = 0; i < s->o->samples; i++) {
        if (i) sdag_out_printf(&f, "\n----------------\n");
        for (int64_t k = 0; k < s->room; k++) {
            const sdag_piece *p = &s->vocab->piece[s->tokens[i * s->room + k]];
            sdag_out_write(&f, p->at, p->n);
        }
    }
    return sdag_out_commit(&f, c->log);
}

static sdag_status close_text(void *state_, sdag_collector *c, bool ok)
{
    state *s = state_;
    sdag_status st = ok && s->n == s->room ? write_all(s, c) : SDAG_OK;
    destroy(s);
    return st;
}

/* ---- generating ---- */

static int64_t rows(const void *opts_) { return ((const text *)opts_)->samples; }

/* A sample of the source is its context and one token more, which is not looked at here. */
static void load(const void *state_, int64_t row, int32_t *to, int64_t n)
{
    const state *s = state_;
    const int64_t used = s->n < n - 1 ? s->n : n - 1;
    memcpy(to, s->tokens + row * s->room + s->n - used, (size_t)used * sizeof *to);
    for (int64_t i = used; i < n; i++) to[i] = s->vocab->pad < 0 ? 0 : s->vocab->pad;
}

static int falling(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return x > y ? -1 : x < y;
}

/* The next token, by the scores in s->score; those that may not come are -infinity. */
static int32_t draw(const state *s, sdag_rng r)
{
    const int32_t n = s->vocab->n;
    const int64_t k = s->o->top_k;
    float *x = s->score, *sorted = x + n;
    int32_t best = 0;
    for (int32_t i = 1; i < n; i++) best = x[i] > x[best] ? i : best;
    if (s->o->temperature <= 0) return best;
    if (k > 0 && k < n) {
        memcpy(sorted, x, (size_t)n * sizeof *x);
        qsort(sorted, (size_t)n, sizeof *x, falling);
        for (int32_t i = 0; i < n; i++)
            if (x[i] < sorted[k - 1]) x[i] = -INFINITY;
    }
    const double top = (double)x[best], t = (double)s->o->temperature;
    double sum = 0, u = (double)sdag_rng_u32(&r) / 4294967296.0;
    for (int32_t i = 0; i < n; i++) sum += exp(((double)x[i] - top) / t);
    for (int32_t i = 0; i < n; i++) {
        const double p = exp(((double)x[i] - top) / t) / sum;
        if (u < p) return i;
        u -= p;
    }
    return best; /* rounding left a little over */
}

static sdag_status batch(void *state_, sdag_collector *c, int pass, const sdag_tensor *ports, int n_ports)
{
    state *s = state_;
    const sdag_vocab *v = s->vocab;
    const int64_t t = ports[0].shape.d[1], at = (s->n < t ? s->n : t) - 1;
    (void)pass, (void)n_ports;
    if (ports[0].shape.d[2] != v->n)
        return sdag_fail(c->log, SDAG_INVALID, c->loc, "%s: %lld scores for a vocabulary of %d tokens", c->node,
                         (long long)ports[0].shape.d[2], (int)v->n);
    for (int64_t i = 0; i < s->o->samples; i++) {
        memcpy(s->score, SDAG_DATA_F32(ports[0]) + (i * t + at) * v->n, (size_t)v->n * sizeof *s->score);
        for (int32_t k = 0; k < v->n; k++)
            if (!isfinite(s->score[k]))
                return sdag_fail(c->log, SDAG_DIVERGED, c->loc, "%s: scores are not finite", c->node);
        if (v->mask >= 0) s->score[v->mask] = -INFINITY;
        if (v->pad >= 0) s->score[v->pad] = -INFINITY;
        s->tokens[i * s->room + s->n] =
            draw(s, sdag_rng_at(c->seed, sdag_hash32(c->node), (uint32_t)s->n, (uint32_t)i));
    }
    s->n++;
    c->done = s->n == s->room;
    return SDAG_OK;
}

static const char *check(const void *opts_)
{
    const text *o = opts_;
    if (!o->prompt[0]) return "prompt is empty: the model needs something to go on with, such as \"\\n\"";
    return sdag_sink_path_check(o->path);
}

static const sdag_collect collect = {
    .passes = passes, .open = open_text, .batch = batch, .close = close_text, .rows = rows, .load = load};
const sdag_node_type sdag_node_sink_text = {
    .name = "sink.text",
    .brief = "Writes text that a language model makes up from a prompt.",
    .role = SDAG_ROLE_SINK,
    .opts = opts,
    .opts_size = sizeof(text),
    .ins = ins,
    .check = check,
    .collect = &collect,
    .example = "{type: sink.text, of: head, like: text, prompt: \"\\n\", temperature: 0.8, path: text.txt}",
};
