/* The folder of a run that comes to nothing: it is not left behind, so that the same command can be typed again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/temp.h"

static const char text[] = "version: 1\n"
                           "name: nothing\n"
                           "phases:\n"
                           "  train:\n"
                           "    epochs: 1\n"
                           "    nodes:\n"
                           "      images: {type: source.idx, path: missing, split: train, batch: 8}\n"
                           "      encoder: {type: encoder.mlp, in: images, widths: [8]}\n"
                           "      head: {type: head.classifier, in: encoder, classes: 10}\n"
                           "      loss: {type: loss.cross_entropy, in: {logits: head, target: images.label}}\n"
                           "      optimizer: {type: optimizer.sgd, in: loss}\n";

static void test_missing_data(void **state)
{
    (void)state;
    child c;
    temp_write("nothing.yaml", text, strlen(text));
    for (int i = 0; i < 2; i++) { /* the second time says the same: the folder is not in the way */
        child_run(&c, "run", "nothing.yaml", "--out", "nothing");
        assert_true(child_ends(&c, 4, "nothing.yaml:7:7: error: neither 'train-images-idx3-ubyte'"));
        assert_false(temp_exists("nothing"));
    }
}

/* A picture that cannot be read, found when the data are open already and their classes are written down. */
static void test_corrupt_data(void **state)
{
    (void)state;
    static const char pipeline[] = "version: 1\nphases:\n  train:\n    epochs: 1\n    nodes:\n"
                                   "      images: {type: source.images, path: corrupt, size: 8, batch: 2}\n"
                                   "      encoder: {type: encoder.mlp, in: images, widths: [8]}\n"
                                   "      head: {type: head.classifier, in: encoder, classes: 2}\n"
                                   "      loss: {type: loss.cross_entropy, in: {logits: head, target: images.label}}\n"
                                   "      optimizer: {type: optimizer.sgd, in: loss}\n";
    child c;
    temp_write("corrupt/a/1.png", "none", 4);
    temp_write("corrupt/b/1.png", "none", 4);
    temp_write("corrupt.yaml", pipeline, strlen(pipeline));
    for (int i = 0; i < 2; i++) {
        child_run(&c, "run", "corrupt.yaml", "--out", "out");
        assert_true(child_ends(&c, 4, "1.png: not a PNG or JPEG file"));
        assert_false(temp_exists("out"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_missing_data), cmocka_unit_test(test_corrupt_data)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    temp_clear();
    return failed;
}
