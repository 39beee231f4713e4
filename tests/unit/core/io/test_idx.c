/* IDX files, plain and gzipped: what is read, and every way in which a header may lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/io/idx.h"
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

static const char *zip(const char *name, const void *bytes, size_t n)
{
    const char *path = temp_path(name);
    gzFile gz = gzopen(path, "wb");
    assert_int_equal(gzwrite(gz, bytes, (unsigned)n), n);
    assert_int_equal(gzclose(gz), Z_OK);
    return path;
}

#define IMAGES "\0\0\10\3\0\0\0\2\0\0\0\3\0\0\0\4"
#define LABELS "\0\0\10\1\0\0\0\5"

static void images(void **state)
{
    (void)state;
    uint8_t file[16 + 24];
    memcpy(file, IMAGES, 16);
    for (int i = 0; i < 24; i++) file[16 + i] = (uint8_t)(i * 9);
    for (int gz = 0; gz < 2; gz++) {
        sdag_idx x;
        const char *path = gz ? zip("a.gz", file, sizeof file) : temp_write("a", file, sizeof file);
        if (sdag_idx_read(&x, logs, SDAG_NOLOC, path)) fail_msg("%s", temp_last(logs));
        assert_int_equal(x.rank, 3);
        assert_int_equal(x.count, 24);
        assert_int_equal(x.dim[0], 2);
        assert_int_equal(x.dim[1], 3);
        assert_int_equal(x.dim[2], 4);
        assert_int_equal(x.dim[3], 1);
        assert_memory_equal(x.data, file + 16, 24);
        sdag_idx_free(&x);
        sdag_idx_free(&x); /* twice is fine */
    }
}

static void labels_and_colour(void **state)
{
    (void)state;
    sdag_idx x;
    assert_int_equal(sdag_idx_read(&x, logs, SDAG_NOLOC, temp_write("a", LABELS "abcde", 13)), SDAG_OK);
    assert_int_equal(x.rank, 1);
    assert_int_equal(x.count, 5);
    assert_memory_equal(x.data, "abcde", 5);
    sdag_idx_free(&x);
    assert_int_equal(
        sdag_idx_read(&x, logs, SDAG_NOLOC, temp_write("a", "\0\0\10\4\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\3rgb", 23)),
        SDAG_OK);
    assert_int_equal(x.rank, 4);
    assert_int_equal(x.dim[3], 3);
    sdag_idx_free(&x);
}

static void refuse(const char *path, const char *message)
{
    sdag_idx x;
    int errors = sdag_log_errors(logs);
    assert_int_equal(sdag_idx_read(&x, logs, SDAG_NOLOC, path), SDAG_IO);
    assert_int_equal(sdag_log_errors(logs), errors + 1);
    assert_true(temp_says(logs, message));
    assert_true(temp_says(logs, path));
    assert_null(x.data);
}

static void bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *message;
    } rows[] = {
        {"", 0, "it is truncated"},
        {"\0\0\10", 3, "it is truncated"},
        {"PK\3\4....", 8, "it is not an IDX file"},
        {"\0\0\7\1\0\0\0\1x", 9, "it is not an IDX file"},
        {"\0\0\15\1\0\0\0\1xxxx", 12, "holds 32-bit floats, only unsigned bytes are read"},
        {"\0\0\10\2\0\0\0\1\0\0\0\1x", 13, "has rank 2, expected 1 (labels), 3 or 4 (images)"},
        {"\0\0\10\0", 4, "has rank 0"},
        {IMAGES, 15, "it is truncated"},
        {LABELS "abcd", 12, "it is truncated"},
        {LABELS "abcdef", 14, "there are bytes behind the data"},
        {"\0\0\10\1\0\0\0\0", 8, "it is empty"},
        {"\0\0\10\1\xff\xff\xff\xff", 8, "it is truncated"},
        {"\0\0\10\4\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\xff\0\0\0\3", 20, "its dimensions are too large"},
        {"\0\0\10\3\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\1", 16, "it is truncated"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t before = sdag_alloc_count();
        refuse(temp_write("bad", rows[i].bytes, rows[i].n), rows[i].message);
        if (rows[i].n) refuse(zip("bad.gz", rows[i].bytes, rows[i].n), rows[i].message);
        assert_true(sdag_alloc_count() - before < 20);
    }
    refuse(temp_path("missing"), "No such file or directory");
    refuse(temp_path(""), "it is not a regular file");
}

static void bad_gzip(void **state)
{
    (void)state;
    uint8_t file[16 + 24] = IMAGES;
    for (int i = 0; i < 24; i++) file[16 + i] = (uint8_t)(i * 101);
    size_t n;
    zip("a.gz", file, sizeof file);
    uint8_t *z = temp_read(&n, "a.gz");
    for (size_t k = 0; k < n; k++) refuse(temp_write("cut.gz", z, k), "it is ");
    z[n - 6] ^= 1; /* the checksum */
    refuse(temp_write("bad.gz", z, n), "incorrect data check");
    z[n - 6] ^= 1;
    for (size_t i = 0; i < n * 8; i++) { /* the sum catches every bit that means something */
        sdag_idx x;
        z[i / 8] ^= (uint8_t)(1 << i % 8);
        if (sdag_idx_read(&x, logs, SDAG_NOLOC, temp_write("bad.gz", z, n)) == SDAG_OK) {
            assert_int_equal(x.count, 24);
            assert_memory_equal(x.data, file + 16, 24);
            sdag_idx_free(&x);
        }
        z[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    free(z);
}

static void out_of_memory(void **state)
{
    (void)state;
    sdag_idx x;
    const char *path = temp_write("a", LABELS "abcde", 13);
    sdag_alloc_fail(1, false);
    assert_int_equal(sdag_idx_read(&x, logs, SDAG_NOLOC, path), SDAG_NOMEM);
    sdag_alloc_fail(0, false);
    assert_null(x.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images),   cmocka_unit_test(labels_and_colour), cmocka_unit_test(bad_files),
        cmocka_unit_test(bad_gzip), cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
