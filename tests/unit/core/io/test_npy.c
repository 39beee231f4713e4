/* .npy files: the header for any number of rows, and nothing half-written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/io/npy.h"
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

/* The header is as NumPy's format description wants it, and says this. */
static void check_header(const uint8_t *p, size_t n, const char *text)
{
    assert_true(n >= 256);
    assert_memory_equal(p, "\x93NUMPY\1\0\xf6\0", 10); /* 10 + 0xf6 = 256 */
    assert_memory_equal(p + 10, text, strlen(text));
    for (size_t i = 10 + strlen(text); i < 255; i++) assert_int_equal(p[i], ' ');
    assert_int_equal(p[255], '\n');
}

static void every_type(void **state)
{
    (void)state;
    static const struct {
        sdag_npy_dtype dtype;
        size_t size;
        int rank;
        int64_t shape[3];
        const char *text;
    } rows[] = {
        {SDAG_NPY_F32, 4, 1, {2}, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"},
        {SDAG_NPY_I32, 4, 0, {0}, "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }"},
        {SDAG_NPY_I64, 8, 0, {0}, "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }"},
        {SDAG_NPY_U8, 1, 3, {2, 1, 4}, "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 1, 4), }"},
    };
    uint8_t data[64];
    for (int i = 0; i < 64; i++) data[i] = (uint8_t)(200 - i);
    for (size_t i = 0; i < 4; i++) {
        sdag_npy w;
        size_t row = rows[i].size, n;
        for (int k = 0; k < rows[i].rank; k++) row *= (size_t)rows[i].shape[k];
        sdag_status s = sdag_npy_open(&w, logs, temp_path("a.npy"), rows[i].dtype, rows[i].rank, rows[i].shape);
        assert_int_equal(s, SDAG_OK);
        sdag_npy_rows(&w, data, 1);
        sdag_npy_rows(&w, data, 0);
        sdag_npy_rows(&w, data + row, 2);
        assert_int_equal(sdag_npy_commit(&w, logs), SDAG_OK);
        sdag_npy_abandon(&w); /* fine */
        uint8_t *p = temp_read(&n, "a.npy");
        assert_int_equal(n, 256 + 3 * row);
        check_header(p, n, rows[i].text);
        assert_memory_equal(p + 256, data, 3 * row);
        free(p);
    }
}

/* More than the buffer of sdag_out holds, so that the header's place is long on disk when it is written again. */
static void many_rows(void **state)
{
    (void)state;
    enum { ROWS = 50000 };
    sdag_npy w;
    size_t n;
    assert_int_equal(sdag_npy_open(&w, logs, temp_path("a.npy"), SDAG_NPY_I64, 0, NULL), SDAG_OK);
    for (int64_t i = 0; i < ROWS; i++) sdag_npy_rows(&w, &i, 1);
    assert_int_equal(sdag_npy_commit(&w, logs), SDAG_OK);
    uint8_t *p = temp_read(&n, "a.npy");
    check_header(p, n, "{'descr': '<i8', 'fortran_order': False, 'shape': (50000,), }");
    assert_int_equal(n, 256 + 8 * ROWS);
    for (int64_t i = 0; i < ROWS; i++) assert_memory_equal(p + 256 + 8 * i, &i, 8);
    free(p);
}

static void no_rows(void **state)
{
    (void)state;
    sdag_npy w;
    size_t n;
    assert_int_equal(sdag_npy_open(&w, logs, temp_path("a.npy"), SDAG_NPY_F32, 2, (int64_t[]){5, 0}), SDAG_OK);
    assert_int_equal(sdag_npy_commit(&w, logs), SDAG_OK);
    uint8_t *p = temp_read(&n, "a.npy");
    check_header(p, n, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 5, 0), }");
    free(p);
    static const int64_t longest[7] = {INT64_MAX, 0, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    int64_t shape[7];
    memcpy(shape, longest, sizeof shape);
    shape[0] = 0; /* all later products are 0 */
    shape[1] = INT64_MAX;
    assert_int_equal(sdag_npy_open(&w, logs, temp_path("a.npy"), SDAG_NPY_F32, 7, shape), SDAG_OK);
    w.rows = INT64_MAX;
    assert_int_equal(sdag_npy_commit(&w, logs), SDAG_OK);
    p = temp_read(&n, "a.npy");
    assert_int_equal(n, 256);
    assert_int_equal(p[255], '\n');
    assert_non_null(memchr(p, '}', 255));
    free(p);
}

static void failures(void **state)
{
    (void)state;
    sdag_npy w;
    assert_int_equal(sdag_npy_open(&w, logs, temp_path("b.npy"), SDAG_NPY_F32, 8, (int64_t[8]){0}), SDAG_FAILED);
    assert_int_equal(sdag_npy_open(&w, logs, temp_path("b.npy"), SDAG_NPY_F32, 1, (int64_t[]){-1}), SDAG_FAILED);
    assert_int_equal(sdag_npy_open(&w, logs, temp_path("b.npy"), SDAG_NPY_F32, 1, (int64_t[]){INT64_MAX}), SDAG_FAILED);
    assert_int_equal(sdag_npy_open(&w, logs, temp_path("no/b.npy"), SDAG_NPY_F32, 0, NULL), SDAG_IO);
    assert_int_equal(sdag_npy_open(&w, logs, "/dev/full", SDAG_NPY_F32, 0, NULL), SDAG_OK);
    assert_int_equal(sdag_npy_commit(&w, logs), SDAG_IO);
    assert_true(temp_says(logs, "No space left on device"));
    int before = temp_count();
    assert_int_equal(sdag_npy_open(&w, logs, temp_path("b.npy"), SDAG_NPY_F32, 1, (int64_t[]){1 << 20}), SDAG_OK);
    sdag_npy_rows(&w, NULL, SIZE_MAX / 8);
    assert_int_equal(sdag_npy_commit(&w, logs), SDAG_IO);
    assert_true(temp_says(logs, "Value too large"));
    assert_int_equal(sdag_npy_open(&w, logs, temp_path("b.npy"), SDAG_NPY_F32, 0, NULL), SDAG_OK);
    sdag_npy_abandon(&w);
    for (uint64_t n = 1; n <= 3; n++) {
        sdag_alloc_fail(n, false);
        assert_int_equal(sdag_npy_open(&w, logs, temp_path("b.npy"), SDAG_NPY_F32, 0, NULL), SDAG_NOMEM);
        sdag_alloc_fail(0, false);
    }
    assert_int_equal(temp_count(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type),
        cmocka_unit_test(many_rows),
        cmocka_unit_test(no_rows),
        cmocka_unit_test(failures),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
