/* Every file of this folder is refused, with the messages that its first lines promise:
 *
 *   # expect: 7:23: error: unknown type 'encoder.mpl'; did you mean 'encoder.mlp'?
 *   # exit: 3
 *
 * A line or column of '*' is any; the text is the beginning of the message. The exit code is 3 unless given. Where a
 * .txt stands beside a file, it is all that `ssldag check` prints; SSLDAG_BLESS=1 writes those files anew.
 *
 * Run from the root of the project. The program is $SSLDAG, or the argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <dirent.h>

#define FOLDER "tests/bad"
enum { TEXT_MAX = 1 << 16 };

static const char *program;

static bool read_all(FILE *f, char *text)
{
    size_t n = f ? fread(text, 1, TEXT_MAX - 1, f) : 0;
    text[n] = 0;
    return f != NULL;
}

/* What `ssldag check` prints for the file, and its exit code. */
static int check(const char *file, char *said)
{
    char command[1024];
    snprintf(command, sizeof command, "'%s' check '%s' 2>&1", program, file);
    FILE *p = popen(command, "r");
    assert_true(read_all(p, said));
    int status = pclose(p);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Does "LINE:COL: error: text" begin what follows the file's name in some line of said? */
static bool is_said(const char *file, const char *said, const char *expected)
{
    char line[16], column[16], start[1024];
    int at = 0;
    if (sscanf(expected, "%15[^:]:%15[^:]: %n", line, column, &at) < 2 || !at) return false;
    for (const char *p = said; p; p = (p = strchr(p, '\n')) ? p + 1 : NULL) {
        char l[16], c[16];
        snprintf(start, sizeof start, "%s:", file);
        if (strncmp(p, start, strlen(start)) != 0) continue;
        const char *rest = p + strlen(start);
        int text = 0;
        if (sscanf(rest, "%15[0-9]:%15[0-9]: %n", l, c, &text) < 2 || !text) continue;
        if ((strcmp(line, "*") == 0 || strcmp(line, l) == 0) && (strcmp(column, "*") == 0 || strcmp(column, c) == 0) &&
            strncmp(rest + text, expected + at, strlen(expected + at)) == 0)
            return true;
    }
    return false;
}

/* The promises in the first lines of the file. Returns the number of those that are not kept. */
static int compare(const char *file, const char *said, int code)
{
    char text[TEXT_MAX];
    int wrong = 0, expected_code = 3, promises = 0;
    FILE *f = fopen(file, "r");
    assert_true(read_all(f, text));
    fclose(f);
    for (char *line = text; line && *line == '#';) {
        char *end = strchr(line, '\n');
        if (end) *end = 0;
        if (strncmp(line, "# exit: ", 8) == 0) expected_code = atoi(line + 8);
        if (strncmp(line, "# expect: ", 10) == 0 && ++promises && !is_said(file, said, line + 10)) {
            print_error("%s: not said: %s\n", file, line + 10);
            wrong++;
        }
        line = end ? end + 1 : NULL;
    }
    if (!promises) print_error("%s: expects nothing\n", file);
    if (code != expected_code) print_error("%s: exit code %d, expected %d\n", file, code, expected_code);
    return wrong + (code != expected_code) + !promises;
}

static int compare_all(const char *file, const char *said)
{
    char path[512], text[TEXT_MAX];
    const char *bless = getenv("SSLDAG_BLESS");
    snprintf(path, sizeof path, "%.*s.txt", (int)(strlen(file) - strlen(".yaml")), file);
    FILE *f = fopen(path, bless ? "w" : "r");
    if (!f) return 0;
    if (bless) fputs(said, f);
    else read_all(f, text);
    fclose(f);
    if (bless || strcmp(text, said) == 0) return 0;
    print_error("%s: differs from what is said now\n", path);
    return 1;
}

static int is_yaml(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 5 && strcmp(e->d_name + n - 5, ".yaml") == 0;
}

static void test_bad(void **state)
{
    (void)state;
    struct dirent **files;
    char said[TEXT_MAX], path[512];
    int n = scandir(FOLDER, &files, is_yaml, alphasort), wrong = 0;
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, FOLDER "/%.200s", files[i]->d_name);
        int code = check(path, said), here = compare(path, said, code) + compare_all(path, said);
        if (here) print_error("%s said:\n%s\n", path, said);
        wrong += here;
        free(files[i]);
    }
    free(files);
    assert_int_equal(wrong, 0);
}

int main(int argc, char **argv)
{
    program = argc > 1 ? argv[1] : getenv("SSLDAG");
    if (!program) {
        fputs("usage: test_bad PROGRAM, or SSLDAG=PROGRAM in the environment\n", stderr);
        return 2;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
