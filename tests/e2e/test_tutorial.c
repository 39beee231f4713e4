/* examples/TUTORIAL.md, typed as it stands there: its ```sh blocks one by one in a folder of their own, the ```yaml
 * block saved as it says. What a ```text block behind a command shows must be said by it, but for the numbers. */
#include <ctype.h>
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/temp.h"

#define PAGE "examples/TUTORIAL.md"

enum { TEXT_MAX = 1 << 16, BLOCKS_MAX = 64 };

typedef struct block {
    char kind[16];
    char *text;
    int line;
} block;

static block blocks[BLOCKS_MAX];
static int n_blocks;

static char *read_all(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, TEXT_MAX + 1);
    assert_non_null(f);
    assert_non_null(text);
    *n = fread(text, 1, TEXT_MAX, f);
    fclose(f);
    return text;
}

/* The fenced blocks of the page. */
static void read_page(void)
{
    size_t n;
    int line = 1;
    char *page = read_all(PAGE, &n);
    block *open = NULL;
    for (char *at = page, *end; *at; at = end + 1, line++) {
        end = strchr(at, '\n');
        assert_non_null(end);
        *end = 0;
        bool fence = !strncmp(at, "```", 3);
        if (fence && open) open = NULL;
        else if (fence) {
            assert_true(n_blocks < BLOCKS_MAX);
            open = &blocks[n_blocks++];
            open->line = line;
            snprintf(open->kind, sizeof open->kind, "%s", at + 3);
            open->text = calloc(1, n + 1);
        } else if (open) {
            strcat(strcat(open->text, at), "\n");
        }
    }
    assert_null(open);
    free(page);
}

/* Types a block into a shell; what it said, as one text. */
static char *type_block(const block *b)
{
    static char program[PATH_MAX], command[4 * PATH_MAX];
    const char *given = getenv("SSLDAG");
    size_t n;
    assert_non_null(given);
    assert_non_null(realpath(given, program));
    temp_write("block.sh", b->text, strlen(b->text));
    snprintf(command, sizeof command, "cd '%s' && PATH='%s':\"$PATH\" sh -eu block.sh >said.txt 2>&1", temp_path(""),
             dirname(program));
    int code = system(command);
    char *said = read_all(temp_path("said.txt"), &n);
    if (code) print_error("%s:%d: the command failed:\n%s\n%s\n", PAGE, b->line, b->text, said);
    assert_int_equal(code, 0);
    return said;
}

/* Every number becomes one #: they differ from machine to machine. */
static char *without_numbers(const char *text)
{
    char *out = calloc(1, strlen(text) + 1), *to = out;
    assert_non_null(out);
    for (const char *p = text; *p;) {
        if (!isdigit((unsigned char)*p)) {
            *to++ = *p++;
            continue;
        }
        char *end;
        strtod(p, &end);
        if (end == p) end = (char *)p + 1;
        p = end;
        *to++ = '#';
    }
    return out;
}

static void must_say(const block *b, const char *said)
{
    char *have = without_numbers(said), *want = without_numbers(b->text);
    for (char *line = strtok(want, "\n"); line; line = strtok(NULL, "\n")) {
        if (!strstr(have, line)) print_error("%s:%d: '%s' is not said:\n%s\n", PAGE, b->line, line, said);
        assert_non_null(strstr(have, line));
    }
    free(have);
    free(want);
}

/* ---- what must have come of it */

static const char *const files[] = {"photos/rings-100.png",
                                    "photos.svg",
                                    "labelled/dots/dots-010.png",
                                    "run/config.yaml",
                                    "run/classes.json",
                                    "predictions.csv",
                                    "features.npy",
                                    "features.csv",
                                    "model.onnx",
                                    "run/weights/finetune.head.safetensors",
                                    "run/report.html"};

/* Lines of predictions.csv, and how many name the pattern that the file is called by. */
static void check_predictions(void)
{
    size_t n;
    int rows = 0, right = 0;
    char *text = read_all(temp_path("predictions.csv"), &n), *save;
    strtok_r(text, "\n", &save);
    for (char *line; (line = strtok_r(NULL, "\n", &save)); rows++) {
        char file[64], class[64];
        assert_int_equal(sscanf(line, "photos/%63[a-z]-%*[0-9].png,%63[a-z],", file, class), 2);
        right += !strcmp(file, class);
    }
    free(text);
    assert_int_equal(rows, 400);
    assert_true(right > 300); /* 100 would be chance; from scratch the same network gets 278 */
}

static void check_features(void)
{
    size_t n;
    char *npy = read_all(temp_path("features.npy"), &n);
    assert_non_null(strstr(npy + 10, "'shape': (400, 96)"));
    free(npy);
}

static void test_page(void **state)
{
    (void)state;
    char *said = NULL;
    int typed = 0, shown = 0;
    size_t n;
    read_page();
    for (int i = 0; i < n_blocks; i++) {
        const block *b = &blocks[i];
        if (!strcmp(b->kind, "yaml")) temp_write("photos.yaml", b->text, strlen(b->text));
        if (!strcmp(b->kind, "text")) {
            assert_non_null(said);
            must_say(b, said);
            shown++;
        }
        if (strcmp(b->kind, "sh")) continue;
        free(said);
        said = type_block(b);
        typed++;
    }
    free(said);
    assert_true(typed >= 8 && shown >= 6);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!temp_exists(files[i])) print_error("%s is not there\n", files[i]);
        assert_true(temp_exists(files[i]));
    }
    char *yaml = read_all("examples/tutorial/photos.yaml", &n), *saved = read_all(temp_path("photos.yaml"), &n);
    assert_string_equal(yaml, saved); /* the page shows the file */
    free(yaml);
    free(saved);
    check_predictions();
    check_features();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_page)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (int i = 0; i < n_blocks; i++) free(blocks[i].text);
    temp_clear();
    return failed;
}
