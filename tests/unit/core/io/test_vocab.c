/* Vocabularies: characters, bytes, and byte pairs against Hugging Face's tokenizers (tests/parity/tokenizer_values.py).
 * Runs from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/io/text_file.h"
#include "core/io/vocab.h"
#include "core/io/words.h"
#include "tests/support/temp.h"
#include "tests/unit/core/io/tokenizer_values.h"

#define COUNT(x) (sizeof(x) / sizeof *(x))
#define PLAIN "tests/unit/core/io/tokenizer.json"
#define PAIRS "tests/unit/core/io/tokenizer_pairs.json"

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

static sdag_vocab *chars_of(const char *text, size_t n)
{
    sdag_vocab *v;
    assert_int_equal(sdag_vocab_chars(&v, a, logs, SDAG_NOLOC, "some.txt", text, n), SDAG_OK);
    return v;
}

/* Text to tokens and back is the text. */
static void check_round(const sdag_vocab *v, const char *text, size_t n)
{
    sdag_tokens t = {0};
    size_t at = 0;
    assert_int_equal(sdag_vocab_encode(v, &t, logs, SDAG_NOLOC, "some.txt", text, 0, n), SDAG_OK);
    for (size_t i = 0; i < t.n; i++) {
        assert_in_range(t.at[i], 0, v->n - 1);
        const sdag_piece *p = &v->piece[t.at[i]];
        assert_true(p->n <= n - at);
        assert_memory_equal(text + at, p->at, p->n);
        at += p->n;
    }
    assert_int_equal(at, n);
    sdag_free(t.at);
}

static void characters(void **state)
{
    (void)state;
    static const char text[] = "b\xc3\xa9\xe6\x97\xa5"
                               "a\n\0\xf0\x9f\x98\x80"
                               "a"; /* b é 日 a newline NUL smile a */
    static const int32_t want[] = {3, 4, 5, 2, 1, 0, 6, 2};
    const sdag_vocab *v = chars_of(text, sizeof text - 1);
    sdag_tokens t = {0};
    size_t at;
    char why[SDAG_WHY];
    assert_int_equal(v->n, 7);
    assert_true(v->mask == -1 && v->pad == -1 && v->unk == -1);
    assert_int_equal(v->encode(v, &t, text, sizeof text - 1, &at, why), SDAG_OK);
    assert_int_equal(t.n, 8);
    assert_memory_equal(t.at, want, sizeof want);
    assert_int_equal(v->encode(v, &t, "bb", 2, &at, why), SDAG_OK); /* appends */
    assert_true(t.n == 10 && t.at[9] == 3);
    sdag_free(t.at);
    check_round(v, text, sizeof text - 1);
}

/* Every code point is its own token, in order. */
static void all_characters(void **state)
{
    (void)state;
    char *text = sdag_arena_get(a, 5 << 20);
    size_t n = 0;
    for (uint32_t p = 0; p < 0x110000; p++) {
        if (p >= 0xd800 && p < 0xe000) continue;
        if (p < 0x80) text[n++] = (char)p;
        else if (p < 0x800) n += (size_t)sprintf(text + n, "%c%c", 0xc0 | (int)(p >> 6), 0x80 | (int)(p & 63));
        else if (p < 0x10000)
            n += (size_t)sprintf(text + n, "%c%c%c", 0xe0 | (int)(p >> 12), 0x80 | (int)(p >> 6 & 63),
                                 0x80 | (int)(p & 63));
        else
            n += (size_t)sprintf(text + n, "%c%c%c%c", 0xf0 | (int)(p >> 18), 0x80 | (int)(p >> 12 & 63),
                                 0x80 | (int)(p >> 6 & 63), 0x80 | (int)(p & 63));
    }
    const sdag_vocab *v = chars_of(text, n);
    assert_int_equal(v->n, 0x110000 - 0x800);
    check_round(v, text, n);
}

static void characters_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        const char *says;
    } bad[] = {
        {"ab\ncd\n\xff\n", 8, "some.txt: line 3, byte 6: it is not UTF-8 (byte 0xff)"},
        {"\xc3", 1, "some.txt: line 1, byte 0: it is not UTF-8 (byte 0xc3)"},
        {"a\xc0\x80", 3, "line 1, byte 1: it is not UTF-8 (byte 0xc0)"},
        {"ab\xed\xa0\x80", 5, "line 1, byte 2: it is not UTF-8 (byte 0xed)"},
        {"", 0, "'some.txt' is empty"},
    };
    sdag_vocab *v;
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(sdag_vocab_chars(&v, a, logs, SDAG_NOLOC, "some.txt", bad[i].text, bad[i].n), SDAG_IO);
        assert_true(temp_says(logs, bad[i].says));
        assert_null(v);
    }
    sdag_tokens t = {0};
    v = chars_of("abc", 3);
    assert_int_equal(sdag_vocab_encode(v, &t, logs, SDAG_NOLOC, "b.txt", "aa\nbca\xc3\xa9", 4, 4), SDAG_IO);
    assert_true(temp_says(logs, "b.txt: line 2, byte 6: the character '\xc3\xa9' (U+00E9) is not in the vocabulary"));
    assert_int_equal(sdag_vocab_encode(v, &t, logs, SDAG_NOLOC, "b.txt", "a\n", 0, 2), SDAG_IO);
    assert_true(temp_says(logs, "b.txt: line 1, byte 1: the character '' (U+000A) is not in the vocabulary"));
    sdag_free(t.at);
}

static void bytes(void **state)
{
    (void)state;
    const sdag_vocab *v = sdag_vocab_bytes(a);
    char text[512];
    for (int i = 0; i < 512; i++) text[i] = (char)(i * 7);
    assert_int_equal(v->n, 256);
    for (int i = 0; i < 256; i++) assert_true(v->piece[i].n == 1 && *v->piece[i].at == (char)i);
    check_round(v, text, sizeof text);
    check_round(v, "", 0);
}

static void special(void **state)
{
    (void)state;
    sdag_vocab *v = chars_of("abc", 3);
    sdag_vocab_special(v, a, 0);
    assert_true(v->n == 3 && v->mask == -1 && v->pad == -1);
    sdag_vocab_special(v, a, SDAG_VOCAB_MASK);
    assert_true(v->n == 4 && v->mask == 3 && v->pad == -1);
    sdag_vocab_special(v, a, SDAG_VOCAB_MASK | SDAG_VOCAB_PAD);
    assert_true(v->n == 5 && v->mask == 3 && v->pad == 4);
    assert_memory_equal(v->piece[3].at, "[MASK]", v->piece[3].n);
    assert_memory_equal(v->piece[4].at, "[PAD]", v->piece[4].n);
    check_round(v, "cba", 3);
}

/* ---- byte pairs ---- */

static sdag_vocab *tokenizer_of(const char *path)
{
    sdag_vocab *v = NULL;
    if (sdag_vocab_tokenizer(&v, a, logs, SDAG_NOLOC, path)) fail_msg("%s", temp_last(logs));
    return v;
}

static void check_tokens(const sdag_vocab *v, const tokenized *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sdag_tokens t = {0};
        size_t at;
        char why[SDAG_WHY];
        assert_int_equal(v->encode(v, &t, list[i].text, (size_t)list[i].n_text, &at, why), SDAG_OK);
        bool same = t.n == (size_t)list[i].n && (!t.n || !memcmp(t.at, list[i].tokens, t.n * sizeof *t.at));
        if (!same) fail_msg("text %zu: %s", i, list[i].text);
        sdag_free(t.at);
    }
}

static void byte_pairs(void **state)
{
    (void)state;
    const sdag_vocab *plain = tokenizer_of(PLAIN), *pairs = tokenizer_of(PAIRS);
    check_tokens(plain, tokenizer, COUNT(tokenizer));
    check_tokens(pairs, tokenizer_pairs, COUNT(tokenizer_pairs));
    assert_true(plain->n == 360 && plain->mask == -1 && plain->pad == -1);
    assert_true(pairs->n == 364 && pairs->mask == 360 && pairs->pad == 361);
    for (size_t i = 0; i < COUNT(tokenizer); i++) check_round(plain, tokenizer[i].text, (size_t)tokenizer[i].n_text);
}

/* A word of a million letters is no matter of hours. */
static void long_word(void **state)
{
    (void)state;
    const size_t n = 1 << 20;
    char *text = sdag_arena_get(a, n);
    for (size_t i = 0; i < n; i++) text[i] = "software"[i * i % 8];
    check_round(tokenizer_of(PLAIN), text, n);
}

static void not_utf8(void **state)
{
    (void)state;
    sdag_tokens t = {0};
    const sdag_vocab *v = tokenizer_of(PLAIN);
    assert_int_equal(sdag_vocab_encode(v, &t, logs, SDAG_NOLOC, "b.txt", "one\ntwo \xe9", 0, 9), SDAG_IO);
    assert_true(temp_says(logs, "b.txt: line 2, byte 8: it is not UTF-8 (byte 0xe9)"));
    sdag_free(t.at);
}

/* The plain tokenizer with one part replaced. */
static void refuse(const char *from, const char *to, const char *says)
{
    sdag_text_file f;
    sdag_vocab *v;
    assert_int_equal(sdag_text_file_read(&f, logs, SDAG_NOLOC, PLAIN, 1 << 20), SDAG_OK);
    char *at = strstr(f.at, from), *text = sdag_arena_get(a, f.n + strlen(to) + 1);
    assert_non_null(at);
    size_t n = (size_t)(at - f.at), m = strlen(from);
    memcpy(text, f.at, n);
    strcpy(text + n, to);
    strcpy(text + n + strlen(to), at + m);
    sdag_text_file_free(&f);
    const char *path = temp_write("tokenizer.json", text, strlen(text));
    int before = sdag_log_errors(logs);
    assert_int_equal(sdag_vocab_tokenizer(&v, a, logs, SDAG_NOLOC, path), SDAG_IO);
    assert_int_equal(sdag_log_errors(logs), before + 1);
    assert_true(temp_says(logs, says) && temp_says(logs, "tokenizer.json: "));
}

static void parts_refused(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"\"BPE\"", "\"Unigram\"", "model.type 'Unigram' is not supported, expected BPE"},
        {"\"BPE\"", "7", "model.type a number is not supported, expected BPE"},
        {"\"normalizer\":null", "\"normalizer\":{\"type\":\"NFC\"}",
         "normalizer.type 'NFC' is not supported, expected none"},
        {"\"pre_tokenizer\":{\"type\":\"ByteLevel\"", "\"pre_tokenizer\":{\"type\":\"Sequence\"",
         "pre_tokenizer.type 'Sequence' is not supported, expected ByteLevel"},
        {"\"pre_tokenizer\":{", "\"pre_tokenizer\":null,\"x\":{",
         "pre_tokenizer null is not supported, expected ByteLevel"},
        {"\"post_processor\":{\"type\":\"ByteLevel\"", "\"post_processor\":{\"type\":\"TemplateProcessing\"",
         "post_processor.type 'TemplateProcessing' is not supported, expected ByteLevel"},
        {"\"decoder\":{\"type\":\"ByteLevel\"", "\"decoder\":{\"type\":\"Metaspace\"", "decoder.type 'Metaspace'"},
        {"\"dropout\":null", "\"dropout\":0.1", "model.dropout a number is not supported"},
        {"\"end_of_word_suffix\":null", "\"end_of_word_suffix\":\"</w>\"",
         "model.end_of_word_suffix '</w>' is not supported"},
        {"\"byte_fallback\":false", "\"byte_fallback\":true", "model.byte_fallback true is not supported"},
        {"\"ignore_merges\":false", "\"ignore_merges\":true", "model.ignore_merges true is not supported"},
        {"\"fuse_unk\":false", "\"fuse_unk\":true", "model.fuse_unk true is not supported"},
        {"\"unk_token\":null", "\"unk_token\":\"[UNK]\"", "model.unk_token is not one of its tokens"},
        {"\"single_word\":false", "\"single_word\":true", "added token '<|endoftext|>': single_word is not supported"},
        {"\"content\":\"<|endoftext|>\"", "\"content\":\"\"", "an added token has no content"},
        {"{\"id\":0,", "{\"id\":1,", "added token '<|endoftext|>' has the number 1 of another token"},
        {"{\"id\":0,", "{\"id\":-1,", "the number of token '<|endoftext|>' is not in 0..4194303"},
        {"\"!\":1,", "\"!\":1.5,", "the number of token '!' is not in 0..4194303"},
        {"\"!\":1,", "\"!\":99999999999,", "the number of token '!' is not in 0..4194303"},
        {"\"!\":1,", "\"!\":2,", "token number 2 is given twice"},
        {"\"!\":1,", "\"\\\"\":1,", "it is not valid JSON"}, /* a key twice */
        {"\"merges\":[\"", "\"merges\":[\"zzz\",\"", "model.merges[0] is not a pair of tokens"},
        {"\"merges\":[\"", "\"merges\":[\"a b c\",\"", "model.merges[0] is not a pair of tokens"},
        {"\"merges\":[\"", "\"merges\":[[\"a\"],\"", "model.merges[0] is not a pair of tokens"},
        {"\"merges\":[\"", "\"merges\":[\"q z\",\"", "model.merges[0]: one of its tokens is not in model.vocab"},
        {"\"merges\":[", "\"merges\":7,\"x\":[", "model.merges is not a list"},
        {"\"vocab\":{", "\"vocab\":[],\"x\":{", "model.vocab is not a map"},
        {"\"added_tokens\":[", "\"added_tokens\":{},\"x\":[", "added_tokens is not a list"},
        {"\"model\":{", "\"modell\":{", "it is not a tokenizer.json: it has no model"},
        {"{\"version\"", "[{\"version\"", "it is not valid JSON"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) refuse(cases[i][0], cases[i][1], cases[i][2]);
}

static void files_refused(void **state)
{
    (void)state;
    sdag_vocab *v;
    assert_int_equal(sdag_vocab_tokenizer(&v, a, logs, SDAG_NOLOC, "/nowhere.json"), SDAG_IO);
    assert_true(temp_says(logs, "cannot read '/nowhere.json': No such file or directory"));
    assert_int_equal(sdag_vocab_tokenizer(&v, a, logs, SDAG_NOLOC, "/dev/null"), SDAG_IO);
    assert_true(temp_says(logs, "it is not a regular file"));
    assert_int_equal(sdag_vocab_tokenizer(&v, a, logs, SDAG_NOLOC, temp_write("list", "[1]", 3)), SDAG_IO);
    assert_true(temp_says(logs, "it is not a tokenizer.json: it is no map"));
    assert_int_equal(sdag_vocab_tokenizer(&v, a, logs, SDAG_NOLOC, temp_write("none", "", 0)), SDAG_IO);
    assert_true(temp_says(logs, "line 1: it is not valid JSON"));
    sdag_text_file f;
    assert_int_equal(sdag_text_file_read(&f, logs, SDAG_NOLOC, temp_write("long", "12345", 5), 4), SDAG_IO);
    assert_true(temp_says(logs, "has 5 bytes, more than the limit of 4"));
    assert_int_equal(sdag_text_file_read(&f, logs, SDAG_NOLOC, temp_path("long"), 5), SDAG_OK);
    assert_true(f.n == 5 && !memcmp(f.at, "12345", 6));
    sdag_text_file_free(&f);
}

/* ---- memory ---- */

static sdag_status open_and_encode(void *arg)
{
    static const char text[] = "The Software <mask> is provided; x <norm> y";
    const char *path = arg;
    sdag_vocab *v;
    sdag_tokens t = {0};
    sdag_status s = sdag_vocab_tokenizer(&v, a, logs, SDAG_NOLOC, path);
    if (!s) s = sdag_vocab_encode(v, &t, logs, SDAG_NOLOC, "text", text, 0, sizeof text - 1);
    sdag_free(t.at);
    return s;
}

/* Some hundred allocations make the file's tokens; every 7th is enough to see all kinds. */
static void out_of_memory(void **state)
{
    (void)state;
    sdag_status s = SDAG_NOMEM;
    for (uint64_t n = 1; s != SDAG_OK && n < 100000; n += n < 60 ? 1 : 7) {
        sdag_arena_free(a);
        sdag_arena_init(a);
        sdag_alloc_fail(n, false);
        s = sdag_arena_try(a, open_and_encode, PAIRS);
        sdag_alloc_fail(0, false);
        assert_true(s == SDAG_OK || s == SDAG_NOMEM);
    }
    assert_int_equal(s, SDAG_OK);
    assert_int_equal(sdag_log_count(logs), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(characters), T(all_characters), T(characters_refused), T(bytes),         T(special),       T(byte_pairs),
        T(long_word),  T(not_utf8),       T(parts_refused),      T(files_refused), T(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
