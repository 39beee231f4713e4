/* Directories and archives as one set of files: order, classes, and what goes wrong. */
#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/io/files.h"
#include "core/io/folder.h"
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

/* In bytewise order of the whole name. */
static const struct {
    const char *name;
    int label;
} known[] = {
    {"Zebra/1.JPG", 0}, {"ant b/1.png", 2},      {"ant/1.jpeg", 1}, {"ant/deep/er/2.jpg", 1},
    {"ant/z.Png", 1},   {"b\xc3\xa4r/1.jpg", 3}, {"loose.jpg", -1},
};
enum { KNOWN = sizeof known / sizeof known[0] };
static const char *const ignored[] = {"ant/notes.txt", "ant/.hidden.jpg", ".git/1.jpg", "ant/._1.jpeg",
                                      "jpg",           "x.jpg.txt"};

static void make_tree(void)
{
    char name[300];
    for (int i = KNOWN - 1; i >= 0; i--) { /* any other order than the sorted one */
        snprintf(name, sizeof name, "tree/train/%s", known[i].name);
        temp_write(name, known[i].name, strlen(known[i].name));
    }
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        snprintf(name, sizeof name, "tree/train/%s", ignored[i]);
        temp_write(name, "x", 1);
    }
    temp_write("tree/test/ant/1.png", "0123456789", 10);
    temp_write("tree/train2/ant/1.png", "", 0);
}

static void make_tar(int filter)
{
    struct archive *a = archive_write_new();
    archive_write_set_format_pax_restricted(a);
    archive_write_add_filter(a, filter);
    assert_int_equal(archive_write_open_filename(a, temp_path("tree.tar")), ARCHIVE_OK);
    for (int i = KNOWN + 6; i >= 0; i--) {
        char name[300];
        const char *last = i < KNOWN ? known[i].name : i < KNOWN + 6 ? ignored[i - KNOWN] : "../test/ant/1.png";
        snprintf(name, sizeof name, i < KNOWN + 6 ? "./train/%s" : "test/ant/1.png", last);
        struct archive_entry *e = archive_entry_new();
        archive_entry_set_pathname(e, name);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_size(e, (la_int64_t)strlen(last));
        assert_int_not_equal(archive_write_header(a, e), ARCHIVE_FATAL);
        archive_write_data(a, last, strlen(last));
        archive_entry_free(e);
    }
    assert_int_equal(archive_write_free(a), ARCHIVE_OK);
}

static void check_known(const char *path, const char *sub)
{
    sdag_files *f;
    char buf[64], why[SDAG_WHY];
    size_t n;
    if (sdag_files_open(&f, logs, SDAG_NOLOC, path, sub)) fail_msg("%s", temp_last(logs));
    uint64_t before = sdag_alloc_count();
    assert_int_equal(sdag_files_count(f), KNOWN);
    for (int i = 0; i < KNOWN; i++) {
        assert_string_equal(sdag_files_name(f, i), known[i].name);
        assert_int_equal(sdag_files_label(f, i), known[i].label);
        assert_int_equal(sdag_files_size(f, i), strlen(known[i].name));
        assert_int_equal(sdag_files_read(f, i, buf, sizeof buf, &n, why), SDAG_OK);
        assert_int_equal(n, strlen(known[i].name));
        assert_memory_equal(buf, known[i].name, n);
        assert_int_equal(sdag_files_read(f, i, buf, n - 1, &n, why), SDAG_FAILED);
    }
    assert_int_equal(sdag_files_largest(f), strlen("ant/deep/er/2.jpg"));
    assert_int_equal(sdag_files_classes(f), 4);
    assert_string_equal(sdag_files_class(f, 0), "Zebra");
    assert_string_equal(sdag_files_class(f, 1), "ant"); /* though "ant b/..." sorts before "ant/..." */
    assert_string_equal(sdag_files_class(f, 2), "ant b");
    assert_string_equal(sdag_files_class(f, 3), "b\xc3\xa4r");
    assert_int_equal(sdag_alloc_count(), before);
    sdag_files_destroy(f);
}

static void directory_and_archive_agree(void **state)
{
    (void)state;
    make_tree();
    make_tar(ARCHIVE_FILTER_NONE);
    check_known(temp_path("tree"), "train");
    check_known(temp_path("tree"), "train///");
    check_known(temp_path("tree/train"), NULL);
    check_known(temp_path("tree/train/"), "");
    check_known(temp_path("tree.tar"), "train");
    check_known(temp_path("tree.tar"), "./train//");
    make_tar(ARCHIVE_FILTER_GZIP);
    check_known(temp_path("tree.tar"), "train");
}

static void all_of_it(void **state)
{
    (void)state;
    make_tree();
    make_tar(ARCHIVE_FILTER_NONE);
    static const char *const paths[] = {"tree", "tree.tar"}, *const subs[] = {"", ".", NULL};
    for (int i = 0; i < 6; i++) {
        sdag_files *f;
        assert_int_equal(sdag_files_open(&f, logs, SDAG_NOLOC, temp_path(paths[i / 3]), subs[i % 3]), SDAG_OK);
        assert_int_equal(sdag_files_count(f), i < 3 ? KNOWN + 2 : KNOWN + 1);
        assert_string_equal(sdag_files_name(f, 0), "test/ant/1.png");
        assert_string_equal(sdag_files_class(f, sdag_files_label(f, 0)), "test");
        sdag_files_destroy(f);
    }
    sdag_files_destroy(NULL);
}

static void one_image(void **state)
{
    (void)state;
    sdag_files *f;
    char bytes[16], why[SDAG_WHY];
    size_t n;
    make_tree();
    const char *path = temp_path("tree/test/ant/1.png");
    assert_int_equal(sdag_files_open(&f, logs, SDAG_NOLOC, path, ""), SDAG_OK);
    assert_int_equal(sdag_files_count(f), 1);
    assert_string_equal(sdag_files_name(f, 0), path);
    assert_int_equal(sdag_files_classes(f), 0);
    assert_int_equal(sdag_files_label(f, 0), -1);
    assert_int_equal(sdag_files_read(f, 0, bytes, sizeof bytes, &n, why), SDAG_OK);
    assert_int_equal(n, 10);
    assert_memory_equal(bytes, "0123456789", 10);
    sdag_files_destroy(f);
}

static void refuse(const char *path, const char *sub, const char *message)
{
    sdag_files *f;
    int errors = sdag_log_errors(logs);
    assert_int_equal(sdag_files_open(&f, logs, SDAG_NOLOC, path, sub), SDAG_IO);
    assert_int_equal(sdag_log_errors(logs), errors + 1);
    assert_true(temp_says(logs, message));
    assert_null(f);
}

static void what_cannot_be_opened(void **state)
{
    (void)state;
    make_tree();
    make_tar(ARCHIVE_FILTER_NONE);
    refuse(temp_path("nowhere"), "", "nowhere': No such file or directory");
    refuse(temp_path("tree"), "trian", "tree/trian': No such file or directory");
    temp_write("odd.txt", "x", 1);
    refuse(temp_path("odd.txt"), "", "Unrecognized archive format");
    refuse(temp_path("tree/train/loose.jpg"), "train", "loose.jpg' is one image: there is no 'train' below it");
    refuse(temp_path("tree.tar"), "trian", "tree.tar' under trian");
    temp_write("empty/notes.txt", "x", 1);
    refuse(temp_path("empty"), "", "no PNG or JPEG file in '");
    assert_int_equal(symlink("..", temp_path("tree/train/loop")), 0);
    refuse(temp_path("tree"), "", "tree/train/loop': a link to a directory that contains it");
    unlink(temp_path("tree/train/loop"));
    assert_int_equal(symlink("nothing", temp_path("tree/train/dead.jpg")), 0);
    refuse(temp_path("tree"), "train", "train/dead.jpg': No such file");
    unlink(temp_path("tree/train/dead.jpg"));
    assert_int_equal(symlink("nothing", temp_path("tree/train/dead.txt")), 0);
    assert_int_equal(symlink("../test", temp_path("tree/train/also")), 0);
    sdag_files *f;
    assert_int_equal(sdag_files_open(&f, logs, SDAG_NOLOC, temp_path("tree"), "train"), SDAG_OK);
    assert_int_equal(sdag_files_count(f), KNOWN + 1); /* through the link to a directory */
    sdag_files_destroy(f);
    unlink(temp_path("tree/train/dead.txt"));
    unlink(temp_path("tree/train/also"));
}

static void files_that_change(void **state)
{
    (void)state;
    sdag_files *f;
    char buf[64], why[SDAG_WHY];
    size_t n;
    temp_write("moving/a.png", "12345", 5);
    assert_int_equal(sdag_files_open(&f, logs, SDAG_NOLOC, temp_path("moving"), ""), SDAG_OK);
    assert_int_equal(sdag_files_classes(f), 0);
    temp_write("moving/a.png", "1234", 4);
    assert_int_equal(sdag_files_read(f, 0, buf, sizeof buf, &n, why), SDAG_IO);
    assert_string_equal(why, "the file has changed its size since the start");
    temp_write("moving/a.png", "123456", 6);
    assert_int_equal(sdag_files_read(f, 0, buf, sizeof buf, &n, why), SDAG_IO);
    unlink(temp_path("moving/a.png"));
    assert_int_equal(sdag_files_read(f, 0, buf, sizeof buf, &n, why), SDAG_IO);
    assert_string_equal(why, "cannot open the file: No such file or directory");
    sdag_files_destroy(f);
}

static void out_of_memory(void **state)
{
    (void)state;
    make_tree();
    make_tar(ARCHIVE_FILTER_NONE);
    static const char *const names[] = {"tree", "tree.tar"};
    for (int i = 0; i < 2; i++) {
        const char *path = temp_path(names[i]);
        sdag_files *f;
        uint64_t before = sdag_alloc_count();
        assert_int_equal(sdag_files_open(&f, logs, SDAG_NOLOC, path, "train"), SDAG_OK);
        sdag_files_destroy(f);
        uint64_t needed = sdag_alloc_count() - before;
        for (uint64_t n = 1; n <= needed; n++) {
            sdag_alloc_fail(n, n % 2);
            assert_int_equal(sdag_files_open(&f, logs, SDAG_NOLOC, path, "train"), SDAG_NOMEM);
            sdag_alloc_fail(0, false);
            assert_null(f);
        }
    }
}

static void names_sort_and_grow(void **state)
{
    (void)state;
    sdag_names l = {0};
    char name[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "%03d", (i * 617) % 500); /* each twice */
        assert_true(sdag_names_add(&l, name, (uint64_t)i, 0));
    }
    sdag_names_sort(&l);
    assert_int_equal(l.n, 500);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "%03d", i);
        assert_string_equal(sdag_names_text(&l, (size_t)i), name);
        assert_true(l.at[i].size >= 500); /* the later one */
    }
    sdag_names_free(&l);
    sdag_names_sort(&l); /* empty */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directory_and_archive_agree),
        cmocka_unit_test(all_of_it),
        cmocka_unit_test(one_image),
        cmocka_unit_test(what_cannot_be_opened),
        cmocka_unit_test(files_that_change),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(names_sort_and_grow),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
