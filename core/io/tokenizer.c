/* tokenizer.json: what of it is supported is read, and what is not is named. */
#include "core/io/tokenizer.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/map.h"
#include "core/base/str.h"
#include "core/io/json_memory.h"
#include "core/io/text_file.h"

enum { TEXT_MAX = 64 << 20, TOKENS_MAX = 1 << 22 };

typedef struct reading {
    sdag_arena *a;
    sdag_log *log;
    sdag_loc loc;
    const char *path;
    json_t *root;
    sdag_tokenizer *t;
    sdag_vocab *v;
    sdag_piece *piece;
    sdag_map ids;  /* of the model's tokens, as the file writes them */
    char *scratch; /* of longest + 1 bytes */
    size_t longest;
} reading;

static sdag_status broken(const reading *r, const char *fmt, ...) SDAG_PRINTF(2, 3);
static sdag_status broken(const reading *r, const char *fmt, ...)
{
    char what[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return sdag_fail(r->log, SDAG_IO, r->loc, "%s: %s", r->path, what);
}

/* ---- parts that must be absent or of one kind ---- */

static const char *value_text(const json_t *v)
{
    static const char *const names[] = {"a map", "a list", "a text", "a number", "a number", "true", "false", "null"};
    return v ? names[json_typeof(v)] : "absent";
}

/* "model.type 'Unigram' is not supported, expected BPE" */
static sdag_status refuse(const reading *r, const char *part, const json_t *v, const char *expected)
{
    const char *text = json_string_value(v);
    const char *mark = text ? "'" : "";
    return broken(r, "%s %s%.60s%s is not supported%s%s", part, mark, text ? text : value_text(v), mark,
                  expected ? ", expected " : "", expected ? expected : "");
}

static bool is_blank(const json_t *v)
{
    const char *text = json_string_value(v);
    return !v || json_is_null(v) || json_is_false(v) || (text && !*text) ||
           (json_is_number(v) && json_number_value(v) == 0);
}

/* A component such as "pre_tokenizer": blank where that is allowed, or of the one type. */
static sdag_status check_component(const reading *r, const char *name, const char *type, bool may_lack)
{
    const json_t *v = json_object_get(r->root, name), *is = json_object_get(v, "type");
    char part[64];
    if (is_blank(v)) return may_lack ? SDAG_OK : refuse(r, name, v, type);
    snprintf(part, sizeof part, "%s.type", name);
    if (!type) return refuse(r, part, is, "none");
    return is && !strcmp(json_is_string(is) ? json_string_value(is) : "", type) ? SDAG_OK : refuse(r, part, is, type);
}

static sdag_status check_parts(const reading *r)
{
    static const char *const blank[] = {
        "dropout", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges"};
    const json_t *model = json_object_get(r->root, "model"), *type = json_object_get(model, "type");
    if (!json_is_object(model)) return broken(r, "it is not a tokenizer.json: it has no model");
    if (type && strcmp(json_is_string(type) ? json_string_value(type) : "", "BPE"))
        return refuse(r, "model.type", type, "BPE"); /* old files do not name it */
    sdag_status s = check_component(r, "normalizer", NULL, true);
    if (!s) s = check_component(r, "pre_tokenizer", "ByteLevel", false);
    if (!s) s = check_component(r, "post_processor", "ByteLevel", true); /* moves offsets, not tokens */
    if (!s) s = check_component(r, "decoder", "ByteLevel", true);
    for (size_t i = 0; i < sizeof blank / sizeof *blank && !s; i++) {
        const json_t *v = json_object_get(model, blank[i]);
        char part[64];
        snprintf(part, sizeof part, "model.%s", blank[i]);
        if (!is_blank(v)) s = refuse(r, part, v, NULL);
    }
    const json_t *words = json_object_get(r->root, "pre_tokenizer");
    r->t->prefix_space = json_is_true(json_object_get(words, "add_prefix_space"));
    r->t->words = !json_is_false(json_object_get(words, "use_regex"));
    return s;
}

/* ---- the alphabet of bytes (Radford et al. 2019): printable ones are themselves, others 256 and up ---- */

static bool is_printable(int b) { return (b >= '!' && b <= '~') || (b >= 0xa1 && b != 0xad); }

static void alphabet(uint32_t of_byte[256])
{
    uint32_t next = 256;
    for (int b = 0; b < 256; b++) of_byte[b] = is_printable(b) ? (uint32_t)b : next++;
}

/* The byte that a code point stands for, or -1. */
static int byte_of(uint32_t p)
{
    uint32_t of_byte[256];
    if (p < 256) return is_printable((int)p) ? (int)p : -1;
    alphabet(of_byte);
    for (int b = 0; b < 256; b++)
        if (of_byte[b] == p) return b;
    return -1;
}

/* The bytes that a token of the file stands for; one with other letters than the alphabet's stands for itself. */
static sdag_piece decode_piece(sdag_arena *a, const char *text)
{
    size_t n = strlen(text), k = 0;
    char *bytes = sdag_arena_get(a, n + 1);
    int len;
    for (size_t i = 0; i < n; i += (size_t)len) {
        uint32_t p = 0;
        len = sdag_utf8(&p, text + i, n - i);
        int b = len ? byte_of(p) : -1;
        if (b < 0) return (sdag_piece){sdag_arena_str(a, text), n};
        bytes[k++] = (char)b;
    }
    return (sdag_piece){bytes, k};
}

/* ---- tokens ---- */

static sdag_status read_id(const reading *r, int32_t *id, const char *token, const json_t *v)
{
    json_int_t n = json_integer_value(v);
    if (!json_is_integer(v) || n < 0 || n >= TOKENS_MAX)
        return broken(r, "the number of token '%.60s' is not in 0..%d", token, TOKENS_MAX - 1);
    *id = (int32_t)n;
    return SDAG_OK;
}

/* How many numbers there are, the added ones too. */
static sdag_status count_tokens(reading *r, json_t *vocab, json_t *added)
{
    const char *token;
    json_t *v;
    size_t i;
    int32_t id = 0, most = -1;
    json_object_foreach(vocab, token, v)
    {
        sdag_status s = read_id(r, &id, token, v);
        if (s) return s;
        if (id > most) most = id;
    }
    json_array_foreach(added, i, v)
    {
        const char *name = json_string_value(json_object_get(v, "content"));
        sdag_status s = read_id(r, &id, name ? name : "", json_object_get(v, "id"));
        if (s) return s;
        if (id > most) most = id;
    }
    if (most < 0) return broken(r, "model.vocab is empty");
    r->v->n = most + 1;
    r->v->piece = r->piece = SDAG_NEWS(r->a, sdag_piece, r->v->n);
    return SDAG_OK;
}

static sdag_status read_tokens(reading *r, json_t *vocab)
{
    const char *token;
    json_t *v;
    json_object_foreach(vocab, token, v)
    {
        int32_t id = (int32_t)json_integer_value(v);
        if (r->piece[id].at) return broken(r, "token number %d is given twice", (int)id);
        char *name = sdag_arena_str(r->a, token);
        r->piece[id] = decode_piece(r->a, name);
        sdag_map_put(&r->ids, name, id);
        if (strlen(name) > r->longest) r->longest = strlen(name);
    }
    r->scratch = sdag_arena_get(r->a, r->longest + 1);
    uint32_t of_byte[256];
    alphabet(of_byte);
    for (int b = 0; b < 256; b++) {
        char name[3] = {(char)of_byte[b]};
        if (of_byte[b] >= 0x80) { /* two bytes: the alphabet ends at 323 */
            name[0] = (char)(0xc0 | of_byte[b] >> 6);
            name[1] = (char)(0x80 | (of_byte[b] & 0x3f));
        }
        r->t->byte[b] = sdag_map_get(&r->ids, name);
    }
    return SDAG_OK;
}

/* ---- merges ---- */

/* The token of the letters x and then y, or -1. */
static int32_t find_token(const reading *r, sdag_piece x, sdag_piece y)
{
    if (x.n + y.n > r->longest) return -1;
    memcpy(r->scratch, x.at, x.n);
    memcpy(r->scratch + x.n, y.at, y.n);
    r->scratch[x.n + y.n] = 0;
    return sdag_map_get(&r->ids, r->scratch);
}

/* "a b" or ["a", "b"] */
static bool split_merge(sdag_piece side[2], const json_t *v)
{
    const char *both = json_string_value(v), *space = both ? strchr(both, ' ') : NULL;
    const char *left = json_string_value(json_array_get(v, 0)), *right = json_string_value(json_array_get(v, 1));
    if (both && space && !strchr(space + 1, ' ')) {
        side[0] = (sdag_piece){both, (size_t)(space - both)};
        side[1] = (sdag_piece){space + 1, strlen(space + 1)};
        return true;
    }
    if (!left || !right || json_array_size(v) != 2) return false;
    side[0] = (sdag_piece){left, strlen(left)};
    side[1] = (sdag_piece){right, strlen(right)};
    return true;
}

static int by_pair(const void *a, const void *b)
{
    const sdag_merge *x = a, *y = b;
    if (x->left != y->left) return x->left < y->left ? -1 : 1;
    if (x->right != y->right) return x->right < y->right ? -1 : 1;
    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static sdag_status read_merges(const reading *r, json_t *list)
{
    const sdag_piece none = {"", 0};
    size_t i, n = json_array_size(list);
    json_t *v;
    if (!json_is_array(list)) return broken(r, "model.merges is not a list");
    if (n > TOKENS_MAX) return broken(r, "model.merges has more than %d entries", TOKENS_MAX);
    sdag_merge *merges = SDAG_NEWS(r->a, sdag_merge, n + 1);
    json_array_foreach(list, i, v)
    {
        sdag_piece side[2];
        if (!split_merge(side, v)) return broken(r, "model.merges[%zu] is not a pair of tokens", i);
        merges[i] = (sdag_merge){.left = find_token(r, side[0], none),
                                 .right = find_token(r, side[1], none),
                                 .token = find_token(r, side[0], side[1]),
                                 .rank = (int32_t)i};
        if (merges[i].left < 0 || merges[i].right < 0 || merges[i].token < 0)
            return broken(r, "model.merges[%zu]: one of its tokens is not in model.vocab", i);
    }
    if (n) qsort(merges, n, sizeof *merges, by_pair);
    for (i = 1; i < n; i++)
        if (merges[i].left == merges[i - 1].left && merges[i].right == merges[i - 1].right)
            return broken(r, "model.merges[%d] is there before", (int)merges[i].rank);
    r->t->merges = merges;
    r->t->n_merges = n;
    return SDAG_OK;
}

/* ---- added tokens ---- */

static int by_text(const void *a, const void *b)
{
    const sdag_piece *x = &((const sdag_added *)a)->text, *y = &((const sdag_added *)b)->text;
    int c = memcmp(x->at, y->at, x->n < y->n ? x->n : y->n);
    return c ? c : x->n < y->n ? -1 : x->n > y->n;
}

/* What the added tokens are called that mean something to us. */
static void note_special(sdag_vocab *v, const char *text, int32_t token)
{
    static const char *const names[2][3] = {{"[MASK]", "<mask>", "<|mask|>"}, {"[PAD]", "<pad>", "<|pad|>"}};
    int32_t *const which[] = {&v->mask, &v->pad};
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 3; k++)
            if (!strcmp(text, names[i][k])) *which[i] = token;
}

static sdag_status read_added_token(reading *r, const json_t *v)
{
    const char *text = json_string_value(json_object_get(v, "content"));
    if (!text || !*text) return broken(r, "an added token has no content");
    if (json_is_true(json_object_get(v, "single_word")))
        return broken(r, "added token '%.60s': single_word is not supported", text);
    const int32_t id = (int32_t)json_integer_value(json_object_get(v, "id")), known = sdag_map_get(&r->ids, text);
    if (known >= 0 ? known != id : r->piece[id].at != NULL)
        return broken(r, "added token '%.60s' has the number %d of another token", text, (int)id);
    char *copy = sdag_arena_str(r->a, text);
    if (known < 0) sdag_map_put(&r->ids, copy, id);
    r->piece[id] = (sdag_piece){copy, strlen(copy)};
    note_special(r->v, copy, id);
    sdag_added_list *l = &r->t->added[json_is_true(json_object_get(v, "normalized"))];
    l->starts[(unsigned char)*copy] = true;
    l->at[l->n++] = (sdag_added){.text = r->piece[id],
                                 .token = id,
                                 .lstrip = json_is_true(json_object_get(v, "lstrip")),
                                 .rstrip = json_is_true(json_object_get(v, "rstrip"))};
    return SDAG_OK;
}

static sdag_status read_added(reading *r, json_t *list)
{
    json_t *v;
    size_t i;
    for (int k = 0; k < 2; k++) r->t->added[k].at = SDAG_NEWS(r->a, sdag_added, json_array_size(list) + 1);
    json_array_foreach(list, i, v)
    {
        sdag_status s = read_added_token(r, v);
        if (s) return s;
    }
    for (int k = 0; k < 2; k++)
        if (r->t->added[k].n) qsort(r->t->added[k].at, r->t->added[k].n, sizeof(sdag_added), by_text);
    return SDAG_OK;
}

static sdag_status read_unk(const reading *r, const json_t *v)
{
    if (is_blank(v)) return SDAG_OK;
    const char *text = json_string_value(v);
    r->t->unk = r->v->unk = text ? sdag_map_get(&r->ids, text) : -1;
    return r->v->unk < 0 ? broken(r, "model.unk_token is not one of its tokens") : SDAG_OK;
}

/* ---- all of it ---- */

static sdag_status read_root(reading *r)
{
    json_t *model = json_object_get(r->root, "model"), *added = json_object_get(r->root, "added_tokens");
    json_t *vocab = json_object_get(model, "vocab");
    sdag_status s = check_parts(r);
    if (!s && !json_is_object(vocab)) s = broken(r, "model.vocab is not a map");
    if (!s && !is_blank(added) && !json_is_array(added)) s = broken(r, "added_tokens is not a list");
    if (!s) s = count_tokens(r, vocab, added);
    if (!s) s = read_tokens(r, vocab);
    if (!s) s = read_merges(r, json_object_get(model, "merges"));
    if (!s) s = read_added(r, added);
    if (!s) s = read_unk(r, json_object_get(model, "unk_token"));
    return s;
}

static sdag_status parse(reading *r, const sdag_text_file *f)
{
    json_error_t e;
    sdag_json_begin();
    r->root = json_loadb(f->at, f->n, JSON_REJECT_DUPLICATES, &e);
    if (sdag_json_starved()) return SDAG_NOMEM;
    if (!r->root) return broken(r, "line %d: it is not valid JSON: %s", e.line, e.text);
    return json_is_object(r->root) ? SDAG_OK : broken(r, "it is not a tokenizer.json: it is no map");
}

static void release(void *p)
{
    reading *r = p;
    json_decref(r->root);
    r->root = NULL;
}

sdag_status sdag_vocab_tokenizer(sdag_vocab **out, sdag_arena *a, sdag_log *log, sdag_loc loc, const char *path)
{
    reading *r = SDAG_NEW(a, reading);
    sdag_text_file f;
    *out = NULL;
    *r = (reading){.a = a, .log = log, .loc = loc, .path = path, .ids = {.a = a}};
    r->t = SDAG_NEW(a, sdag_tokenizer);
    r->v = SDAG_NEW(a, sdag_vocab);
    r->t->unk = -1;
    *r->v = (sdag_vocab){.mask = -1, .pad = -1, .unk = -1, .impl = r->t, .encode = sdag_tokenizer_encode};
    sdag_arena_defer(a, release, r); /* the arena may escape while the JSON is read */
    sdag_status s = sdag_text_file_read(&f, log, loc, path, TEXT_MAX);
    if (s) return s;
    s = parse(r, &f);
    sdag_text_file_free(&f);
    if (!s) s = read_root(r);
    release(r);
    if (s) return s;
    for (int32_t i = 0; i < r->v->n; i++)
        if (!r->piece[i].at) r->piece[i] = (sdag_piece){"", 0}; /* a number without a token */
    *out = r->v;
    return SDAG_OK;
}
