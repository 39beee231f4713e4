/* Files: read whole within a limit; written whole or not at all. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/alloc.h"
#include "core/base/file.h"

static char dir[64];
static sdag_arena a;
static sdag_log *l;

static char *in_dir(const char *name) { return sdag_path_join(&a, dir, name); }

static int files_in(const char *path)
{
    DIR *d = opendir(path);
    int n = -2; /* . and .. */
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static const char *last_message(void) { return sdag_log_at(l, sdag_log_count(l) - 1)->text; }

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/ssldag_file_XXXXXX");
    sdag_arena_init(&a);
    l = sdag_log_create(NULL);
    return mkdtemp(dir) ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    sdag_log_destroy(l);
    sdag_arena_free(&a);
    return system(command);
}

static void put(const char *path, const void *p, size_t n)
{
    sdag_outfile o;
    assert_int_equal(sdag_out_open(&o, l, path), SDAG_OK);
    sdag_out_write(&o, p, n);
    assert_int_equal(sdag_out_commit(&o, l), SDAG_OK);
}

static void test_read(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 100000};
    char *text, *path = in_dir("f");
    size_t len;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *data = sdag_arena_get(&a, sizes[i] + 1);
        memset(data, 'q', sizes[i]);
        put(path, data, sizes[i]);
        assert_int_equal(sdag_file_read(&text, &len, &a, l, SDAG_NOLOC, path, sizes[i]), SDAG_OK);
        assert_int_equal(len, sizes[i]);
        assert_string_equal(text, data); /* the NUL is there */
        assert_int_equal(sdag_file_read(&text, &len, &a, l, SDAG_NOLOC, path, SIZE_MAX), SDAG_OK);
        if (sizes[i]) assert_int_equal(sdag_file_read(&text, &len, &a, l, SDAG_NOLOC, path, sizes[i] - 1), SDAG_IO);
    }
    assert_non_null(strstr(last_message(), "longer than the limit"));
}

static void test_read_bad(void **state)
{
    (void)state;
    char *text;
    size_t len;
    sdag_loc loc = {"g.yaml", 3, 4, 0};
    assert_int_equal(sdag_file_read(&text, &len, &a, l, loc, in_dir("missing"), 10), SDAG_IO);
    assert_non_null(strstr(last_message(), "No such file"));
    assert_int_equal(sdag_log_at(l, sdag_log_count(l) - 1)->loc.line, 3);
    assert_int_equal(sdag_file_read(&text, &len, &a, l, loc, dir, 10), SDAG_IO);
    assert_non_null(strstr(last_message(), "directory"));
}

static void test_read_pipe(void **state)
{
    (void)state;
    int fd[2];
    char path[32], *text, data[50000];
    size_t len;
    assert_int_equal(pipe(fd), 0);
    memset(data, 'p', sizeof data);
    assert_int_equal(write(fd[1], data, sizeof data), sizeof data);
    close(fd[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", fd[0]);
    assert_int_equal(sdag_file_read(&text, &len, &a, l, SDAG_NOLOC, path, 1 << 20), SDAG_OK);
    assert_int_equal(len, sizeof data);
    close(fd[0]);
}

static sdag_status read_it(void *arg)
{
    char *text;
    size_t len;
    return sdag_file_read(&text, &len, &a, l, SDAG_NOLOC, arg, 1 << 20);
}

static void test_read_no_memory(void **state)
{
    (void)state;
    static char data[300000];
    char *path = in_dir("f");
    put(path, data, sizeof data);
    int fds = files_in("/proc/self/fd");
    sdag_alloc_fail(1, true);
    sdag_status s = sdag_arena_try(&a, read_it, path);
    sdag_alloc_fail(0, false);
    assert_int_equal(s, SDAG_NOMEM);
    assert_int_equal(files_in("/proc/self/fd"), fds); /* closed on the way out */
}

static void test_commit_is_atomic(void **state)
{
    (void)state;
    char *text, *path = in_dir("out");
    size_t len;
    sdag_outfile o;
    put(path, "old", 3);
    assert_int_equal(sdag_out_open(&o, l, path), SDAG_OK);
    for (int i = 0; i < 30000; i++) sdag_out_printf(&o, "%d\n", i);
    sdag_out_printf(&o, "%0700d", 1);
    assert_int_equal(sdag_file_read(&text, &len, &a, l, SDAG_NOLOC, path, 1 << 20), SDAG_OK);
    assert_string_equal(text, "old");
    uint64_t bytes = o.bytes;
    assert_int_equal(sdag_out_commit(&o, l), SDAG_OK);
    sdag_out_abandon(&o); /* fine after commit */
    assert_int_equal(sdag_file_read(&text, &len, &a, l, SDAG_NOLOC, path, 1 << 20), SDAG_OK);
    assert_int_equal(len, bytes);
    assert_memory_equal(text, "0\n1\n2\n", 6);
    assert_int_equal(files_in(dir), 1);
}

static void test_abandon(void **state)
{
    (void)state;
    sdag_outfile o;
    char big[100000] = {0};
    assert_int_equal(sdag_out_open(&o, l, in_dir("out")), SDAG_OK);
    assert_int_equal(files_in(dir), 1);
    sdag_out_write(&o, big, sizeof big);
    sdag_out_abandon(&o);
    sdag_out_abandon(&o);
    assert_int_equal(files_in(dir), 0);
    assert_int_equal(sdag_out_commit(&o, l), SDAG_IO);
}

static void test_write_error(void **state)
{
    (void)state;
    struct rlimit was, small = {1000, RLIM_INFINITY};
    sdag_outfile o;
    char big[5000] = {0}, *text, *path = in_dir("out");
    size_t len;
    put(path, "old", 3);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &was);
    small.rlim_max = was.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    sdag_status opened = sdag_out_open(&o, l, path);
    for (int i = 0; i < 100; i++) sdag_out_write(&o, big, sizeof big);
    sdag_status s = sdag_out_commit(&o, l);
    setrlimit(RLIMIT_FSIZE, &was);
    assert_int_equal(opened, SDAG_OK);
    assert_int_equal(s, SDAG_IO);
    assert_non_null(strstr(last_message(), "File too large"));
    assert_int_equal(files_in(dir), 1);
    assert_int_equal(sdag_file_read(&text, &len, &a, l, SDAG_NOLOC, path, 100), SDAG_OK);
    assert_string_equal(text, "old"); /* the good file before it is untouched */
}

static void test_open_error(void **state)
{
    (void)state;
    sdag_outfile o;
    assert_int_equal(sdag_out_open(&o, l, in_dir("no/such/place")), SDAG_IO);
    sdag_out_write(&o, "x", 1); /* harmless */
    sdag_out_abandon(&o);
    assert_int_equal(sdag_out_open(&o, l, dir), SDAG_IO); /* a directory */
    for (uint64_t nth = 1; nth <= 3; nth++) {
        sdag_alloc_fail(nth, false);
        sdag_status s = sdag_out_open(&o, l, "/tmp/ssldag_never");
        sdag_alloc_fail(0, false);
        assert_int_equal(s, SDAG_NOMEM);
    }
    assert_int_not_equal(access("/tmp/ssldag_never", F_OK), 0);
}

static void test_device(void **state)
{
    (void)state;
    sdag_outfile o;
    struct stat st;
    put("/dev/null", "x", 1);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode)); /* and not replaced by a file */
    if (access("/dev/full", W_OK) != 0) return;
    assert_int_equal(sdag_out_open(&o, l, "/dev/full"), SDAG_OK);
    sdag_out_write(&o, "x", 1);
    assert_int_equal(sdag_out_commit(&o, l), SDAG_IO);
    assert_non_null(strstr(last_message(), "No space left"));
}

/* A regular file behind a descriptor is written on where it stands; its name is not replaced. */
static void test_descriptor(void **state)
{
    (void)state;
    sdag_outfile o;
    char path[40], text[8] = {0};
    FILE *f = fopen(in_dir("shared"), "w+");
    assert_non_null(f);
    assert_int_equal(write(fileno(f), "ab", 2), 2);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(f));
    assert_int_equal(sdag_out_open(&o, l, path), SDAG_OK);
    sdag_out_write(&o, "cd", 2);
    assert_int_equal(sdag_out_commit(&o, l), SDAG_OK);
    assert_int_equal(pread(fileno(f), text, 4, 0), 4);
    assert_string_equal(text, "abcd");
    fclose(f);
    assert_int_equal(sdag_out_open(&o, l, path), SDAG_IO); /* closed */
}

static void test_dirs(void **state)
{
    (void)state;
    struct stat st;
    char *deep = in_dir("a/b//c/");
    assert_int_equal(sdag_make_dirs(l, SDAG_NOLOC, deep), SDAG_OK);
    assert_int_equal(sdag_make_dirs(l, SDAG_NOLOC, deep), SDAG_OK);
    assert_int_equal(stat(deep, &st), 0);
    put(in_dir("file"), "x", 1);
    assert_int_equal(sdag_make_dirs(l, SDAG_NOLOC, in_dir("file/x")), SDAG_IO);
    assert_non_null(strstr(last_message(), "Not a directory"));
    static char long_path[10000];
    memset(long_path, 'x', sizeof long_path - 1);
    assert_int_equal(sdag_make_dirs(l, SDAG_NOLOC, long_path), SDAG_IO);
}

static void test_paths(void **state)
{
    (void)state;
    static const char *const joins[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"a", "/b", "/b"}, {"/", "b", "/b"}};
    static const char *const dirs[][2] = {{"b", ""}, {"a/b", "a"}, {"/b", "/"}, {"/a/b/c", "/a/b"}};
    for (size_t i = 0; i < sizeof joins / sizeof joins[0]; i++)
        assert_string_equal(sdag_path_join(&a, joins[i][0], joins[i][1]), joins[i][2]);
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
        assert_string_equal(sdag_path_dir(&a, dirs[i][0]), dirs[i][1]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_read),    T(test_read_bad),    T(test_read_pipe),  T(test_read_no_memory), T(test_commit_is_atomic),
        T(test_abandon), T(test_write_error), T(test_open_error), T(test_device),         T(test_descriptor),
        T(test_dirs),    T(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
