/* Safetensors: what is written is read, is the same bytes again, and every lie in a header is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/io/safetensors.h"
#include "tests/support/temp.h"

static sdag_log *logs;

static int set_up(void **state)
{
    (void)state;
    logs = sdag_log_create(NULL);
    return logs == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    sdag_log_destroy(logs);
    temp_clear();
    return 0;
}

/* A file from a header, padded by as many spaces as make n bytes of data follow at a multiple of 8. */
static const char *make(const char *name, const char *header, const void *data, size_t n)
{
    uint64_t len = (strlen(header) + 7) / 8 * 8;
    char *file = malloc(8 + len + n);
    memcpy(file, &len, 8);
    memset(file + 8, ' ', len);
    memcpy(file + 8, header, strlen(header));
    if (n) memcpy(file + 8 + len, data, n);
    const char *path = temp_write(name, file, 8 + len + n);
    free(file);
    return path;
}

static sdag_st *must_open(const char *path)
{
    sdag_st *st;
    if (sdag_st_open(&st, logs, SDAG_NOLOC, path)) fail_msg("%s", temp_last(logs));
    return st;
}

/* ---- round trip ---- */

static const float weights[6] = {1.5f, -0.0f, 3e-42f, 1e38f, 7, -8};
static const int64_t steps = 1234567890123;
static const uint8_t mask[3] = {1, 0, 1};
static const sdag_st_tensor tensors[] = {
    {"conv1.weight", SDAG_ST_F32, 2, {2, 3}, weights},
    {"mask", SDAG_ST_BOOL, 1, {3}, mask},
    {"bn1.num_batches_tracked", SDAG_ST_I64, 0, {0}, &steps},
    {"a \"name\" \\ \xc3\xa4\x01", SDAG_ST_F32, 3, {1, 1, 1}, weights},
    {"empty", SDAG_ST_F32, 2, {0, 5}, NULL},
};
static const sdag_st_pair meta[] = {{"version", "1"}, {"format", "pt"}, {"\xc3\xa4", "a\nb"}};

static void round_trip(void **state)
{
    (void)state;
    float w[6];
    int64_t v;
    uint8_t b[3];
    if (sdag_st_write(logs, temp_path("a.st"), tensors, 5, meta, 3)) fail_msg("%s", temp_last(logs));
    sdag_st *st = must_open(temp_path("a.st"));
    assert_int_equal(sdag_st_count(st), 5);
    for (int i = 1; i < 5; i++) assert_true(strcmp(sdag_st_at(st, i - 1)->name, sdag_st_at(st, i)->name) < 0);
    const sdag_st_entry *e = sdag_st_find(st, "conv1.weight");
    assert_non_null(e);
    assert_int_equal(e->dtype, SDAG_ST_F32);
    assert_int_equal(e->rank, 2);
    assert_int_equal(e->shape[1], 3);
    assert_int_equal(e->count, 6);
    assert_int_equal(sdag_st_read_f32(st, e, w, 6, logs), SDAG_OK);
    assert_memory_equal(w, weights, sizeof w);
    e = sdag_st_find(st, "bn1.num_batches_tracked");
    assert_int_equal(e->rank, 0);
    assert_int_equal(e->count, 1);
    assert_int_equal(sdag_st_read_i64(st, e, &v, 1, logs), SDAG_OK);
    assert_int_equal(v, steps);
    assert_int_equal(sdag_st_read_raw(st, sdag_st_find(st, "mask"), b, 3, logs), SDAG_OK);
    assert_memory_equal(b, mask, 3);
    assert_non_null(sdag_st_find(st, tensors[3].name));
    assert_int_equal(sdag_st_read_f32(st, sdag_st_find(st, "empty"), w, 0, logs), SDAG_OK);
    assert_null(sdag_st_find(st, "conv1"));
    assert_int_equal(sdag_st_meta_count(st), 3);
    assert_string_equal(sdag_st_meta(st, "format"), "pt");
    assert_string_equal(sdag_st_meta(st, "\xc3\xa4"), "a\nb");
    assert_string_equal(sdag_st_meta_at(st, 0)->key, "format");
    assert_null(sdag_st_meta(st, "none"));
    sdag_st_close(st);
    sdag_st_close(NULL);
}

static void same_content_same_bytes(void **state)
{
    (void)state;
    sdag_st_tensor turned[5];
    sdag_st_pair turned_meta[3];
    size_t n, m;
    for (int i = 0; i < 5; i++) turned[i] = tensors[4 - i];
    for (int i = 0; i < 3; i++) turned_meta[i] = meta[2 - i];
    assert_int_equal(sdag_st_write(logs, temp_path("a.st"), tensors, 5, meta, 3), SDAG_OK);
    assert_int_equal(sdag_st_write(logs, temp_path("b.st"), turned, 5, turned_meta, 3), SDAG_OK);
    uint8_t *a = temp_read(&n, "a.st"), *b = temp_read(&m, "b.st");
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    uint64_t len;
    memcpy(&len, a, 8);
    assert_int_equal(len % 8, 0);
    free(a), free(b);
    assert_int_equal(sdag_st_write(logs, temp_path("a.st"), tensors, 1, NULL, 0), SDAG_OK);
    static const char want[] = "\x48\0\0\0\0\0\0\0"
                               "{\"conv1.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}    ";
    a = temp_read(&n, "a.st");
    assert_int_equal(n, sizeof want - 1 + 24);
    assert_memory_equal(a, want, sizeof want - 1);
    free(a);
    assert_int_equal(sdag_st_write(logs, temp_path("a.st"), NULL, 0, NULL, 0), SDAG_OK);
    sdag_st *st = must_open(temp_path("a.st"));
    assert_int_equal(sdag_st_count(st), 0);
    assert_null(sdag_st_find(st, ""));
    assert_null(sdag_st_meta(st, ""));
    sdag_st_close(st);
}

/* ---- types ---- */

static void conversions(void **state)
{
    (void)state;
    static const uint16_t f16[8] = {0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x7c00};
    static const float from_f16[8] = {0, -0.0f, 1, -2, 65504, 0x1p-24f, 1023 * 0x1p-24f, INFINITY};
    static const uint16_t bf16[3] = {0x3f80, 0xc049, 0x7f80};
    static const float from_bf16[3] = {1, -3.140625f, INFINITY};
    static const double f64[3] = {0.1, 1e300, -2};
    float f[8];
    int64_t v[4];
    sdag_st *st = must_open(make("a", "{\"x\":{\"dtype\":\"F16\",\"shape\":[8],\"data_offsets\":[0,16]}}", f16, 16));
    assert_int_equal(sdag_st_read_f32(st, sdag_st_at(st, 0), f, 8, logs), SDAG_OK);
    assert_memory_equal(f, from_f16, sizeof from_f16);
    sdag_st_close(st);
    st = must_open(make("a", "{\"x\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[0,6]}}", bf16, 6));
    assert_int_equal(sdag_st_read_f32(st, sdag_st_at(st, 0), f, 3, logs), SDAG_OK);
    assert_memory_equal(f, from_bf16, sizeof from_bf16);
    sdag_st_close(st);
    st = must_open(make("a", "{\"x\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[0,24]}}", f64, 24));
    assert_int_equal(sdag_st_read_f32(st, sdag_st_at(st, 0), f, 3, logs), SDAG_OK);
    assert_true(f[0] == 0.1f && isinf(f[1]) && f[2] == -2);
    sdag_st_close(st);
    st = must_open(make("a",
                        "{\"x\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                        "\"y\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[8,12]}}",
                        "\xff\xff\xff\xff\5\0\0\0\0\1\xfe\xff", 12));
    assert_int_equal(sdag_st_read_i64(st, sdag_st_at(st, 0), v, 2, logs), SDAG_OK);
    assert_true(v[0] == -1 && v[1] == 5);
    assert_int_equal(sdag_st_read_i64(st, sdag_st_at(st, 1), v, 4, logs), SDAG_OK);
    assert_true(v[0] == 0 && v[1] == 1 && v[2] == 254 && v[3] == 255);
    sdag_st_close(st);
}

static void long_conversion(void **state) /* more than passes through at once */
{
    (void)state;
    enum { N = 20001 };
    double *d = malloc(N * sizeof *d);
    float *f = malloc(N * sizeof *f);
    for (int i = 0; i < N; i++) d[i] = i * 0.25;
    const sdag_st_tensor t = {"x", SDAG_ST_F64, 1, {N}, d};
    assert_int_equal(sdag_st_write(logs, temp_path("a"), &t, 1, NULL, 0), SDAG_OK);
    sdag_st *st = must_open(temp_path("a"));
    assert_int_equal(sdag_st_read_f32(st, sdag_st_at(st, 0), f, N, logs), SDAG_OK);
    for (int i = 0; i < N; i++) assert_true(f[i] == (float)d[i]);
    sdag_st_close(st);
    free(d), free(f);
}

static void wrong_reads(void **state)
{
    (void)state;
    float f[8];
    int64_t v[8];
    assert_int_equal(sdag_st_write(logs, temp_path("a.st"), tensors, 3, NULL, 0), SDAG_OK);
    sdag_st *st = must_open(temp_path("a.st"));
    const sdag_st_entry *w = sdag_st_find(st, "conv1.weight"), *n = sdag_st_find(st, "bn1.num_batches_tracked");
    assert_int_equal(sdag_st_read_f32(st, w, f, 5, logs), SDAG_IO);
    assert_true(temp_says(logs, "cannot read 'conv1.weight' of '"));
    assert_true(temp_says(logs, "it has another number of elements"));
    assert_int_equal(sdag_st_read_raw(st, w, f, 6, logs), SDAG_IO);
    assert_int_equal(sdag_st_read_f32(st, n, f, 1, logs), SDAG_IO);
    assert_true(temp_says(logs, "its elements are not floating-point numbers"));
    assert_int_equal(sdag_st_read_i64(st, w, v, 6, logs), SDAG_IO);
    assert_true(temp_says(logs, "its elements are not whole numbers"));
    assert_int_equal(truncate(temp_path("a.st"), 100), 0);
    assert_int_equal(sdag_st_read_f32(st, w, f, 6, logs), SDAG_IO);
    assert_true(temp_says(logs, "the file has become shorter"));
    sdag_st_close(st);
}

/* ---- bad files ---- */

static void refuse(const char *path, const char *message)
{
    sdag_st *st;
    int errors = sdag_log_errors(logs);
    sdag_status s = sdag_st_open(&st, logs, SDAG_NOLOC, path);
    if (s != SDAG_IO) fail_msg("status %s, expected \"%s\"", sdag_status_name(s), message);
    assert_null(st);
    assert_int_equal(sdag_log_errors(logs), errors + 1);
    assert_true(temp_says(logs, message));
    assert_true(temp_says(logs, path));
}

#define X(dtype, shape, offsets) "{\"x\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define F(name, from, to) "\"" name "\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" from "," to "]}"

static void bad_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header, *message;
    } rows[] = {
        /* each before 8 bytes of data */
        {"[]", "its header is not JSON"},
        {" {}", "its header is not JSON"},
        {"{", "its header is not valid JSON"},
        {"{}}", "its header is not valid JSON"},
        {"{}", "8 bytes behind the data"},
        {"{\"x\":3}", "entry 'x': expected dtype, shape and data_offsets, and nothing else"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2]}}", "entry 'x': expected dtype, shape and data_offsets"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"y\":1}}", "and nothing else"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"shape\":[2]}}", "duplicate object key"},
        {"{" F("x", "0", "4") "," F("x", "4", "8") "}", "duplicate object key"},
        {X("3", "[2]", "[0,8]"), "dtype is not a string"},
        {X("\"F33\"", "[2]", "[0,8]"), "unknown dtype 'F33'"},
        {X("\"F32\"", "2", "[0,8]"), "shape is not a list"},
        {X("\"F32\"", "[2.0]", "[0,8]"), "a dimension is not a number from 0"},
        {X("\"F32\"", "[-2]", "[0,8]"), "a dimension is not a number from 0"},
        {X("\"F32\"", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), "rank 9, at most 8"},
        {X("\"F32\"", "[4294967296,4294967296]", "[0,8]"), "its shape is too large"},
        {X("\"F32\"", "[4611686018427387906]", "[0,8]"), "its shape does not fit its 8 bytes"},
        {X("\"F32\"", "[99999999999999999999]", "[0,8]"), "too big integer"},
        {X("\"F32\"", "[3]", "[0,8]"), "its shape does not fit its 8 bytes"},
        {X("\"F32\"", "[2]", "[0,9]"), "data_offsets [0, 9] are not within the 8 bytes of data"},
        {X("\"F32\"", "[2]", "[8,0]"), "data_offsets [8, 0] are not within"},
        {X("\"F32\"", "[2]", "[-1,7]"), "data_offsets [-1, 7] are not within"},
        {X("\"F32\"", "[2]", "[0]"), "data_offsets are not two numbers"},
        {X("\"F32\"", "[2]", "[0,8,8]"), "data_offsets are not two numbers"},
        {X("\"F32\"", "[2]", "{\"a\":0,\"b\":8}"), "data_offsets are not two numbers"},
        {X("\"F32\"", "[2]", "[0.0,8.0]"), "data_offsets are not two numbers"},
        {X("\"U8\"", "[4]", "[0,4]"), "4 bytes behind the data"},
        {X("\"U8\"", "[4]", "[4,8]"), "entry 'x': its data leave a hole"},
        {"{" F("x", "0", "4") "," F("y", "0", "4") "}", "overlap another's"},
        {"{" F("x", "0", "4") "," F("y", "3", "7") "}", "entry 'y': its data overlap another's"},
        {"{\"x\\u0000y\":{}}", "\\u0000"},
        {"{\"\xff\":{}}", "unable to decode byte 0xff"},
        {"{\"__metadata__\":[]," F("x", "0", "4") "," F("y", "4", "8") "}", "__metadata__ is not a map"},
        {"{\"__metadata__\":{\"a\":1}," F("x", "0", "4") "," F("y", "4", "8") "}", "the value of 'a' is not a string"},
        {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}", "duplicate object key"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refuse(make("bad", rows[i].header, "12345678", 8), rows[i].message);
    char deep[8000] = "{\"x\":";
    memset(deep + 5, '[', 7000);
    refuse(make("bad", deep, "", 0), "maximum parsing depth reached");
}

static void bad_lengths(void **state)
{
    (void)state;
    refuse(temp_write("bad", "", 0), "it is truncated");
    refuse(temp_write("bad", "\1\0\0", 3), "it is truncated");
    refuse(temp_write("bad", "\0\0\0\0\0\0\0\0", 8), "header of 0 bytes");
    refuse(temp_write("bad", "PK\3\4\0\0\10\10", 8), "it is not a safetensors file: header of 5787");
    refuse(temp_write("bad", "\2\0\0\0\0\0\0\0{", 9), "it is truncated: 9 bytes");
    refuse(temp_write("bad", "\1\341\365\5\0\0\0\0{}", 10), "header of 100000001 bytes");
    refuse(temp_path("missing"), "No such file or directory");
    refuse(temp_path(""), "it is not a regular file");
    size_t n;
    assert_int_equal(sdag_st_write(logs, temp_path("a.st"), tensors, 5, meta, 3), SDAG_OK);
    uint8_t *all = temp_read(&n, "a.st");
    for (size_t k = 0; k < n; k++) refuse(temp_write("cut", all, k), "truncated");
    all = realloc(all, n + 1);
    all[n] = 0;
    refuse(temp_write("long", all, n + 1), "1 bytes behind the data");
    for (size_t i = 0; i < 8 * 300; i++) { /* one bit wrong: an error or another valid file, never harm */
        sdag_st *st;
        all[i / 8] ^= (uint8_t)(1 << i % 8);
        if (sdag_st_open(&st, logs, SDAG_NOLOC, temp_write("bit", all, n)) == SDAG_OK) sdag_st_close(st);
        all[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    free(all);
}

/* ---- bad writes ---- */

static void refuse_write(const sdag_st_tensor *t, int n, const sdag_st_pair *m, int n_meta, const char *message)
{
    int errors = sdag_log_errors(logs);
    assert_int_equal(sdag_st_write(logs, temp_path("never.st"), t, n, m, n_meta), SDAG_FAILED);
    assert_int_equal(sdag_log_errors(logs), errors + 1);
    assert_true(temp_says(logs, message));
    assert_false(temp_exists("never.st"));
}

static void bad_writes(void **state)
{
    (void)state;
    static const char *const not_utf8[] = {"\xff", "a\x80", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"};
    sdag_st_tensor t[2] = {{"x", SDAG_ST_F32, 1, {1}, weights}, {"x", SDAG_ST_I64, 0, {0}, &steps}};
    refuse_write(t, 2, NULL, 0, "'x' into '");
    refuse_write(t, 2, NULL, 0, "the name is used twice");
    t[0].name = "__metadata__";
    refuse_write(t, 1, NULL, 0, "the name is reserved");
    for (int i = 0; i < 6; i++) {
        t[0].name = not_utf8[i];
        refuse_write(t, 1, NULL, 0, "the name is not UTF-8");
        refuse_write(NULL, 0, &(sdag_st_pair){"k", not_utf8[i]}, 1, "the text is not UTF-8");
    }
    refuse_write(NULL, 0, (sdag_st_pair[]){{"k", "1"}, {"k", "2"}}, 2, "the name is used twice");
    t[0] = (sdag_st_tensor){"x", SDAG_ST_F32, 9, {1}, weights};
    refuse_write(t, 1, NULL, 0, "its rank is not from 0 to 8");
    t[0] = (sdag_st_tensor){"x", SDAG_ST_F32, 1, {-1}, weights};
    refuse_write(t, 1, NULL, 0, "its shape is negative or too large");
    t[0] = (sdag_st_tensor){"x", SDAG_ST_F32, 2, {INT64_MAX, 4}, weights};
    refuse_write(t, 1, NULL, 0, "its shape is negative or too large");
    assert_int_equal(sdag_st_write(logs, temp_path("no/such/dir.st"), tensors, 1, NULL, 0), SDAG_IO);
    assert_int_equal(sdag_st_write(logs, "/dev/full", tensors, 1, NULL, 0), SDAG_IO);
    assert_true(temp_says(logs, "No space left on device"));
}

static void out_of_memory(void **state)
{
    (void)state;
    sdag_st *st;
    uint64_t before = sdag_alloc_count();
    assert_int_equal(sdag_st_write(logs, temp_path("a.st"), tensors, 5, meta, 3), SDAG_OK);
    uint64_t to_write = sdag_alloc_count() - before;
    sdag_st_close(must_open(temp_path("a.st")));
    uint64_t to_read = sdag_alloc_count() - before - to_write;
    assert_true(to_write > 20 && to_read > 20);
    int left = temp_count();
    for (uint64_t n = 1; n <= 2 * to_write; n++) {
        sdag_alloc_fail((n + 1) / 2, n % 2);
        assert_int_equal(sdag_st_write(logs, temp_path("b.st"), tensors, 5, meta, 3), SDAG_NOMEM);
        sdag_alloc_fail(0, false);
    }
    assert_int_equal(temp_count(), left);
    for (uint64_t n = 1; n <= 2 * to_read; n++) {
        sdag_alloc_fail((n + 1) / 2, n % 2);
        assert_int_equal(sdag_st_open(&st, logs, SDAG_NOLOC, temp_path("a.st")), SDAG_NOMEM);
        sdag_alloc_fail(0, false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),    cmocka_unit_test(same_content_same_bytes),
        cmocka_unit_test(conversions),   cmocka_unit_test(long_conversion),
        cmocka_unit_test(wrong_reads),   cmocka_unit_test(bad_headers),
        cmocka_unit_test(bad_lengths),   cmocka_unit_test(bad_writes),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
