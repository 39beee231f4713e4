/* What plugins are compiled against stays as it is, or its version is raised: the structs and functions of the public
 * headers (runtime/plugin/exports.cmake lists them) and the sizes of the structs in tables, as tests/golden/abi.txt has
 * them. core/node/plugin.h says which change raises SDAG_ABI_MINOR and which SDAG_ABI_MAJOR. With one of them raised,
 * SSLDAG_GOLDEN_UPDATE=1 writes the file anew. Run from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/str.h"
#include "core/node/plugin.h"

#define GOLDEN "tests/golden/abi.txt"
#define LIST "runtime/plugin/exports.cmake"
enum { TEXT_MAX = 1 << 20 };

static sdag_arena arena, *const a = &arena;
static sdag_log *logs;

static char *read_file(const char *path)
{
    char *text;
    size_t len;
    assert_int_equal(sdag_file_read(&text, &len, a, logs, SDAG_NOLOC, path, TEXT_MAX), SDAG_OK);
    return text;
}

/* Comments and lines of the preprocessor become spaces. */
static void strip(char *p)
{
    bool start = true;
    while (*p) {
        if (p[0] == '/' && p[1] == '*') {
            while (!(p[0] == '*' && p[1] == '/')) *p++ = ' ';
            *p++ = ' ';
            *p++ = ' ';
        } else if (start && *p == '#') {
            while (*p && *p != '\n') {
                if (p[0] == '\\' && p[1] == '\n') *p++ = ' ';
                *p++ = ' ';
            }
        } else {
            start = *p == '\n' || (start && *p == ' ');
            p++;
        }
    }
}

/* One declaration in one line; code that is compiled into the plugin is the plugin's own. */
static void add_declaration(sdag_str *out, const char *from, const char *to)
{
    bool space = false;
    while (from < to && strchr(" \n\t;", *from)) from++;
    if (from == to || !strncmp(from, "static", 6) || !strncmp(from, "SDAG_", 5)) return;
    for (; from < to; from++) {
        if (!strchr(" \n\t", *from)) {
            if (space) sdag_str_add(out, " ");
            sdag_str_addn(out, from, 1);
            space = false;
        } else space = true;
    }
    sdag_str_add(out, "\n");
}

static void add_header(sdag_str *out, const char *path)
{
    char *text = read_file(path);
    const char *from = text;
    int depth = 0;
    strip(text);
    sdag_str_addf(out, "\n%s\n", path);
    for (char *p = text; *p; p++) {
        depth += (*p == '{') - (*p == '}');
        bool body = *p == '}' && depth == 0 &&
                    (strstr(from, "static") == from + strspn(from, " \n\t") ||
                     strstr(from, "SDAG_INLINE") == from + strspn(from, " \n\t"));
        if (depth || (*p != ';' && !body)) continue;
        add_declaration(out, from, p);
        from = p + 1;
    }
}

static const char *describe(void)
{
    sdag_str s = {.a = a};
    sdag_str_addf(&s, "ABI %d.%d\n\nbytes\n", SDAG_ABI_MAJOR, SDAG_ABI_MINOR);
#define X(t, how) sdag_str_addf(&s, "sdag_%s %zu %s\n", #t, sizeof(sdag_##t), #how);
    SDAG_ABI_STRUCTS(X)
#undef X
    char *list = read_file(LIST);
    for (char *word = strtok(list, " \n)"); word; word = strtok(NULL, " \n)"))
        if (!strncmp(word, "core/", 5)) add_header(&s, word);
    return s.at;
}

static void say_difference(const char *was, const char *now)
{
    const char *begin = now;
    while (*was && *was == *now) was++, now++;
    while (now > begin && now[-1] != '\n') now--, was--;
    print_error("was: %.*s\nnow: %.*s\n", (int)strcspn(was, "\n"), was, (int)strcspn(now, "\n"), now);
}

static void test_abi(void **state)
{
    (void)state;
    const char *now = describe(), *was = read_file(GOLDEN);
    assert_true(strlen(now) > 10000 && strstr(now, "typedef struct sdag_node_type {"));
    if (!strcmp(was, now)) return;
    bool raised = strncmp(was, now, strcspn(now, "\n") + 1) != 0;
    say_difference(was, now);
    if (!raised)
        fail_msg("what plugins are compiled against has changed: raise SDAG_ABI_MINOR or SDAG_ABI_MAJOR in "
                 "core/node/plugin.h (it says which), then SSLDAG_GOLDEN_UPDATE=1");
    if (!getenv("SSLDAG_GOLDEN_UPDATE"))
        fail_msg(GOLDEN " is of another version: SSLDAG_GOLDEN_UPDATE=1 writes it anew");
    FILE *f = fopen(GOLDEN, "w");
    assert_true(f && fputs(now, f) >= 0 && !fclose(f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_abi)};
    sdag_arena_init(a);
    logs = sdag_log_create(stderr);
    int failed = cmocka_run_group_tests_name("abi", tests, NULL, NULL);
    sdag_log_destroy(logs);
    sdag_arena_free(a);
    return failed;
}
