/* Weights whose shape the data decide: text of another vocabulary does not fit a model that was made for one, whether a
 * later phase or a probe brings it. Run from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/temp.h"

#define TEXT(file) "{type: source.text, path: " file ", context: 8, batch: 4}"
static const char train[] =
    "version: 1\n"
    "phases:\n"
    "  a:\n"
    "    steps: 2\n"
    "    nodes:\n"
    "      text: " TEXT(
        "three.txt") "\n"
                     "      next: {type: pretext.next_token, in: text}\n"
                     "      model: {type: encoder.transformer, in: next, layers: 1, width: 8, heads: 2}\n"
                     "      head: {type: head.tokens, in: model}\n"
                     "      loss: {type: loss.cross_entropy, in: {logits: head, target: next.target}}\n"
                     "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n";
static const char probe[] = "      held: {type: probe.loss, of: loss, data: " TEXT("five.txt") "}\n";
static const char judge[] =
    "  b:\n"
    "    nodes:\n"
    "      text: " TEXT("five.txt") "\n"
                                    "      next: {type: pretext.next_token, in: text}\n"
                                    "      model: {use: a.model, in: next}\n"
                                    "      head: {use: a.head, in: model}\n"
                                    "      loss: {type: loss.cross_entropy, in: {logits: head, target: next.target}}\n"
                                    "      mean: {type: probe.mean, in: loss}\n";
/* as `judge`, and it trains */
static const char go_on[] =
    "  b:\n"
    "    steps: 2\n"
    "    nodes:\n"
    "      text: " TEXT("five.txt") "\n"
                                    "      next: {type: pretext.next_token, in: text}\n"
                                    "      model: {use: a.model, in: next}\n"
                                    "      head: {use: a.head, in: model}\n"
                                    "      loss: {type: loss.cross_entropy, in: {logits: head, target: next.target}}\n"
                                    "      optimizer: {type: optimizer.sgd, in: loss, lr: 0.1}\n";

static child c;

static void run(const char *more)
{
    char text[3000];
    int n = snprintf(text, sizeof text, "%s%s", train, more);
    assert_true(n > 0 && n < (int)sizeof text);
    temp_write("model.yaml", text, (size_t)n);
    tree_remove("run");
    child_run(&c, "run", "model.yaml", "--out", "run", "--quiet");
}

static int set_up(void **state)
{
    (void)state;
    char three[600], five[600];
    for (size_t i = 0; i < sizeof three; i++) three[i] = "abc"[i % 3], five[i] = "abcde"[i % 5];
    temp_write("three.txt", three, sizeof three);
    temp_write("five.txt", five, sizeof five);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

static void test_vocabularies(void **state)
{
    (void)state;
    static const char said[] = "error: weight 'wte.weight' of 'model' is f32[3,8], but what is read here would make it "
                               "f32[5,8]";
    run("");
    assert_true(child_ends(&c, 0, NULL));
    run(judge);
    assert_true(child_ends(&c, 3, said));
    assert_true(child_says(&c, "model.yaml:16:7: "));
    assert_true(temp_exists("run/weights/a.model.safetensors")); /* the phase before is not lost */
    run(go_on);
    assert_true(child_ends(&c, 3, said));
    run(probe);
    assert_true(child_ends(&c, 3, said));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vocabularies)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
