/* The examples of GPT and BERT learn: on sentences of a few words the loss on held-out ones falls well below that of
 * letters by their frequency, GPT writes such words, and BERT learns a task from a few labelled lines. Run from the
 * root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "tests/support/child.h"
#include "tests/support/examples.h"
#include "tests/support/temp.h"

static child c;
static const char *const words[] = {"the", "king", "said", "no", "word", "of", "his", "sword", "and", "went"};

static const char *path_of(const char *end)
{
    const example *list;
    for (int i = 0, n = examples(&list); i < n; i++)
        if (strstr(list[i].path, end)) return list[i].path;
    fail_msg("no example %s", end);
    return NULL;
}

/* The last value of a metric of a run. */
static double metric(const char *file, const char *name)
{
    size_t n;
    char *lines = (char *)temp_read(&n, file), *at = NULL, *next = lines;
    lines[n] = 0;
    while ((next = strstr(next, name))) at = next++;
    if (!at || !(at = strstr(at, "\"value\":"))) fail_msg("no metric %s", name);
    double v = strtod(at + strlen("\"value\":"), NULL);
    free(lines);
    return v;
}

/* Words drawn at random, eight a line. */
static void write_text(uint32_t different)
{
    static char text[12000];
    sdag_rng r = sdag_rng_at(7, 0, 0, 0);
    size_t n = 0;
    for (int i = 0; n < sizeof text - 16; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", words[sdag_rng_below(&r, different)],
                              i % 8 == 7 ? "\n" : " ");
    temp_write("text.txt", text, n);
}

/* Three words a line; in every other line one of them has its second and third letter swapped. */
static void write_lines(const char *name, int count, uint32_t seed)
{
    static char text[20000];
    sdag_rng r = sdag_rng_at(seed, 0, 0, 0);
    size_t n = 0;
    for (int i = 0; i < count; i++) {
        char line[3][8];
        for (int k = 0; k < 3; k++) strcpy(line[k], words[sdag_rng_below(&r, 10)]);
        char *one = line[sdag_rng_below(&r, 3)];
        if (i % 2) {
            strcpy(one, "sword");
            one[1] = 'o';
            one[2] = 'w';
        }
        n += (size_t)snprintf(text + n, sizeof text - n, "%s\t%s %s %s\n", i % 2 ? "wrong" : "right", line[0], line[1],
                              line[2]);
    }
    temp_write(name, text, n);
}

static void test_gpt(void **state)
{
    (void)state;
    write_text(10);
    child_run(&c, "run", path_of("gpt/gpt.yaml"), "--out", "gpt", "--quiet", "--set", "data=text.txt", "--set",
              "width=32", "--set", "phases.pretrain.steps=200", "--set",
              "phases.pretrain.nodes.greedy.prompt=\"the \"");
    assert_true(child_ends(&c, 0, NULL));
    const double loss = metric("gpt/metrics.jsonl", "\"val_loss\"");
    size_t n;
    char *text = (char *)temp_read(&n, "gpt/greedy.txt");
    assert_int_equal(n, 204);
    assert_memory_equal(text, "the ", 4);
    int known = 0, all = 0;
    text[n] = 0;
    text[strcspn(text + 180, " \n") + 180] = 0; /* the last word may be cut */
    for (char *w = strtok(text, " \n"); w; w = strtok(NULL, " \n"), all++)
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) known += !strcmp(w, words[i]);
    free(text);
    print_message("gpt: loss %.2f, %d of %d words known\n", loss, known, all);
    assert_true(loss < 1.2); /* letters by their frequency: 2.5; the words themselves: 0.55 */
    assert_true(known > all * 8 / 10 && all > 20);
}

static void test_bert(void **state)
{
    (void)state;
    write_text(4);
    child_run(&c, "run", path_of("bert/bert.yaml"), "--out", "bert", "--quiet", "--set", "data=text.txt", "--set",
              "width=32", "--set", "phases.pretrain.steps=500", "--set", "phases.pretrain.nodes.text.context=16",
              "--set", "phases.pretrain.nodes.val_loss.data.context=16");
    assert_true(child_ends(&c, 0, NULL));
    const double loss = metric("bert/metrics.jsonl", "\"val_loss\"");
    print_message("bert: loss %.2f\n", loss);
    assert_true(loss < 1.2); /* letters by their frequency: 2.4 */
}

/* All phases, with the labelled lines. */
static void test_finetuned(void **state)
{
    (void)state;
    write_text(10);
    write_lines("few.tsv", 200, 1);
    write_lines("test.tsv", 100, 2);
    child_run(&c, "run", path_of("bert/shakespeare.yaml"), "--out", "task", "--quiet", "--set", "data=text.txt",
              "--set", "labelled=few.tsv", "--set", "test=test.tsv", "--set", "width=32", "--set",
              "phases.pretrain.steps=300", "--set", "phases.pretrain.nodes.text.batch=32", "--set",
              "phases.finetune.epochs=60");
    assert_true(child_ends(&c, 0, NULL));
    size_t n;
    char *lines = (char *)temp_read(&n, "task/metrics.jsonl"), *at;
    lines[n] = 0;
    at = strstr(lines, "\"phase\":\"predict\"");
    assert_non_null(at);
    at = strstr(strstr(at, "\"accuracy\""), "\"value\":");
    const double accuracy = strtod(at + strlen("\"value\":"), NULL);
    free(lines);
    print_message("fine-tuned: %.2f of the lines\n", accuracy);
    assert_true(accuracy > 0.7); /* by chance: 0.5 */
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gpt), cmocka_unit_test(test_bert),
                                       cmocka_unit_test(test_finetuned)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
