/* Archives: every way of packing gives the same files, and no cut or damaged archive passes for a shorter one. */
#include <archive.h>
#include <archive_entry.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/io/tar.h"
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

/* ---- making archives ---- */

static const char *long_name(void)
{
    static char name[300];
    memset(name, 'n', sizeof name);
    memcpy(name, "deep/", 5);
    strcpy(name + 290, ".jpg");
    return name;
}

static size_t size_of(int i) { return (size_t)(i * 700 % 1537); }
static uint8_t byte_of(int i, size_t k) { return (uint8_t)(i * 31 + (int)k * 7 + 1); }

static void add(struct archive *a, const char *name, int i, mode_t type)
{
    uint8_t data[2048];
    struct archive_entry *e = archive_entry_new();
    size_t n = type == AE_IFREG ? size_of(i) : 0;
    archive_entry_set_pathname(e, name);
    archive_entry_set_filetype(e, type);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, (la_int64_t)n);
    if (type == AE_IFLNK) archive_entry_set_symlink(e, "cat/1.jpg");
    for (size_t k = 0; k < n; k++) data[k] = byte_of(i, k);
    assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, data, n), n);
    archive_entry_free(e);
}

static struct archive *begin(const char *name, int format, int filter)
{
    struct archive *a = archive_write_new();
    assert_int_equal(archive_write_set_format(a, format), ARCHIVE_OK);
    assert_int_equal(archive_write_add_filter(a, filter), ARCHIVE_OK);
    archive_write_set_bytes_per_block(a, 512);
    assert_int_equal(archive_write_open_filename(a, temp_path(name)), ARCHIVE_OK);
    return a;
}

static const char *finish(struct archive *a, const char *name)
{
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    return temp_path(name);
}

static const char *make(const char *name, int format, int filter)
{
    struct archive *a = begin(name, format, filter);
    add(a, "./", 0, AE_IFDIR);
    add(a, "./cat/", 0, AE_IFDIR);
    add(a, "./cat/1.jpg", 1, AE_IFREG);
    if (format != ARCHIVE_FORMAT_TAR_USTAR) add(a, long_name(), 2, AE_IFREG);
    add(a, "/dog//3.png", 3, AE_IFREG);
    add(a, "../up.jpg", 4, AE_IFREG);
    add(a, "notes.txt", 5, AE_IFREG);
    add(a, "cat/empty.jpg", 0, AE_IFREG);
    add(a, "cat/1.jpg", 6, AE_IFREG); /* again: the last one counts */
    return finish(a, name);
}

static sdag_status open_all(sdag_tar *t, const char *path)
{
    return sdag_tar_open(t, logs, SDAG_NOLOC, path, NULL, NULL, SDAG_TAR_MEMORY);
}

/* ---- good archives ---- */

static void check_file(const sdag_tar *t, size_t i, const char *name, int content)
{
    uint8_t buf[2048];
    size_t n;
    char why[SDAG_WHY];
    assert_string_equal(sdag_names_text(&t->names, i), name);
    assert_int_equal(t->names.at[i].size, size_of(content));
    assert_int_equal(sdag_tar_read(t, i, buf, sizeof buf, &n, why), SDAG_OK);
    assert_int_equal(n, size_of(content));
    for (size_t k = 0; k < n; k++) assert_int_equal(buf[k], byte_of(content, k));
}

static void every_format(void **state)
{
    (void)state;
    static const int formats[] = {ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FORMAT_TAR_GNUTAR,
                                  ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE, ARCHIVE_FORMAT_TAR_PAX_RESTRICTED};
    static const int filters[] = {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_BZIP2, ARCHIVE_FILTER_XZ,
                                  ARCHIVE_FILTER_ZSTD};
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 5; j++) {
            sdag_tar t;
            size_t k = 0;
            if (open_all(&t, make("a.tar", formats[i], filters[j]))) fail_msg("%s", temp_last(logs));
            assert_int_equal(t.names.n, i ? 6 : 5);
            check_file(&t, k++, "../up.jpg", 4);
            check_file(&t, k++, "cat/1.jpg", 6);
            check_file(&t, k++, "cat/empty.jpg", 0);
            if (i) check_file(&t, k++, long_name(), 2);
            check_file(&t, k++, "dog/3.png", 3);
            check_file(&t, k++, "notes.txt", 5);
            sdag_tar_close(&t);
        }
    }
}

static bool is_png(const void *ctx, const char *name)
{
    (void)ctx;
    return strstr(name, ".png") != NULL;
}

static void keeps_what_is_wanted(void **state)
{
    (void)state;
    for (int filter = 0; filter < 2; filter++) {
        sdag_tar t;
        const char *path = make("a.tar", ARCHIVE_FORMAT_TAR_USTAR, filter ? ARCHIVE_FILTER_GZIP : ARCHIVE_FILTER_NONE);
        assert_int_equal(sdag_tar_open(&t, logs, SDAG_NOLOC, path, is_png, NULL, SDAG_TAR_MEMORY), SDAG_OK);
        assert_int_equal(t.names.n, 1);
        check_file(&t, 0, "dog/3.png", 3);
        sdag_tar_close(&t);
    }
}

static void *read_many(void *arg)
{
    const sdag_tar *t = arg;
    for (int i = 0; i < 200; i++) check_file(t, 3, "dog/3.png", 3);
    return NULL;
}

static void read_by_threads(void **state)
{
    (void)state;
    sdag_tar t;
    pthread_t thread[4];
    assert_int_equal(open_all(&t, make("a.tar", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE)), SDAG_OK);
    uint64_t before = sdag_alloc_count();
    for (int i = 0; i < 4; i++) pthread_create(&thread[i], NULL, read_many, &t);
    for (int i = 0; i < 4; i++) pthread_join(thread[i], NULL);
    assert_int_equal(sdag_alloc_count(), before);
    sdag_tar_close(&t);
}

/* ---- bad archives ---- */

static void refuse(const char *path, const char *message)
{
    sdag_tar t;
    int errors = sdag_log_errors(logs);
    sdag_status s = open_all(&t, path);
    if (s != SDAG_IO) fail_msg("%s: status %s, expected \"%s\"", path, sdag_status_name(s), message);
    assert_int_equal(sdag_log_errors(logs), errors + 1);
    assert_true(temp_says(logs, message));
    assert_true(temp_says(logs, path));
    assert_int_equal(t.names.n, 0);
}

static void every_cut(void **state)
{
    (void)state;
    size_t n;
    make("a.tar", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE);
    uint8_t *all = temp_read(&n, "a.tar");
    while (n > 512 && !memcmp(all + n - 512, (uint8_t[512]){0}, 512)) n -= 512; /* the end mark: one block must stay */
    for (size_t k = 0; k < n + 512; k += 97) refuse(temp_write("cut.tar", all, k), "cut.tar");
    for (size_t k = 0; k <= n; k += 512) refuse(temp_write("cut.tar", all, k), "cut.tar");
    free(all);
    make("a.tar", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_GZIP);
    all = temp_read(&n, "a.tar");
    for (size_t k = 0; k < n; k++) refuse(temp_write("cut.tar", all, k), "cut.tar");
    free(all);
}

static void damage(void **state)
{
    (void)state;
    size_t n;
    make("a.tar", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE);
    uint8_t *all = temp_read(&n, "a.tar");
    all[1024 + 3] ^= 4; /* in the third header: the files behind it must not vanish silently */
    refuse(temp_write("bad.tar", all, n), "Damaged tar archive");
    free(all);
    refuse(temp_write("bad.tar", "", 0), "Unrecognized archive format");
    refuse(temp_write("bad.tar", "this is not an archive", 22), "Unrecognized archive format");
    refuse(temp_path("missing.tar"), "No such file");
    refuse(temp_path(""), "it is not a regular file");
    assert_int_equal(mkfifo(temp_path("pipe.tar"), 0600), 0);
    refuse(temp_path("pipe.tar"), "it is not a regular file");
}

static void links_and_sparse_files(void **state)
{
    (void)state;
    struct archive *a = begin("link.tar", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE);
    add(a, "cat/1.jpg", 1, AE_IFREG);
    add(a, "cat/2.jpg", 1, AE_IFLNK);
    refuse(finish(a, "link.tar"), "it is stored as a link; pack it again with tar --dereference");

    a = begin("sparse.tar", ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE, ARCHIVE_FILTER_NONE);
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, "hole.bin");
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_size(e, 1 << 20);
    archive_entry_sparse_add_entry(e, 4096, 512);
    assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
    uint8_t *zeros = calloc(1, 1 << 20);
    assert_int_equal(archive_write_data(a, zeros, 1 << 20), 1 << 20);
    free(zeros);
    archive_entry_free(e);
    add(a, "dog/3.png", 3, AE_IFREG);
    const char *path = finish(a, "sparse.tar");
    refuse(path, "it is stored as a sparse file");
    sdag_tar t; /* but one that nobody wants does not matter */
    assert_int_equal(sdag_tar_open(&t, logs, SDAG_NOLOC, path, is_png, NULL, 0), SDAG_OK);
    assert_int_equal(t.names.n, 1);
    check_file(&t, 0, "dog/3.png", 3);
    sdag_tar_close(&t);
}

static void limits(void **state)
{
    (void)state;
    sdag_tar t;
    uint8_t small[10];
    size_t n;
    char why[SDAG_WHY];
    const char *path = make("a.tar", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_GZIP);
    assert_int_equal(sdag_tar_open(&t, logs, SDAG_NOLOC, path, NULL, NULL, 3000), SDAG_IO);
    assert_true(temp_says(logs, "decompress it, a plain .tar is read in place"));
    path = make("a.tar", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE);
    assert_int_equal(sdag_tar_open(&t, logs, SDAG_NOLOC, path, NULL, NULL, 0), SDAG_OK);
    assert_int_equal(sdag_tar_read(&t, 1, small, sizeof small, &n, why), SDAG_FAILED);
    assert_string_equal(why, "file has 1126 bytes, the buffer 10");
    uint8_t buf[2048];
    temp_write("a.tar", "", 0); /* someone empties it while we read */
    assert_int_equal(sdag_tar_read(&t, 1, buf, sizeof buf, &n, why), SDAG_IO);
    assert_string_equal(why, "the archive has become shorter");
    sdag_tar_close(&t);
    sdag_tar_close(&t); /* twice is fine */
}

static void out_of_memory(void **state)
{
    (void)state;
    for (int packed = 0; packed < 2; packed++) {
        const char *path =
            make("a.tar", ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE, packed ? ARCHIVE_FILTER_GZIP : ARCHIVE_FILTER_NONE);
        uint64_t before = sdag_alloc_count();
        sdag_tar t;
        assert_int_equal(open_all(&t, path), SDAG_OK);
        sdag_tar_close(&t);
        uint64_t needed = sdag_alloc_count() - before;
        assert_true(needed > 2);
        for (uint64_t n = 1; n <= needed; n++) {
            sdag_alloc_fail(n, n % 2);
            assert_int_equal(open_all(&t, path), SDAG_NOMEM);
            sdag_alloc_fail(0, false);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format),    cmocka_unit_test(keeps_what_is_wanted),
        cmocka_unit_test(read_by_threads), cmocka_unit_test(every_cut),
        cmocka_unit_test(damage),          cmocka_unit_test(links_and_sparse_files),
        cmocka_unit_test(limits),          cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
