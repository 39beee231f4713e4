/* `weights:` takes files as PyTorch writes them: entries that the node does not need are left alone, counters may be
 * missing; what is missing otherwise, or has another shape or type, is told with the place in the YAML file.
 *
 * The program is $SSLDAG, or the argument. */
#include <math.h>
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

#include "core/io/safetensors.h"
#include "tests/support/temp.h"

enum { IN = 64, OUT = 4, IMAGES = 500, TEXT_MAX = 1 << 14 };

static const char *program;
static float zeros[IN * OUT], ones[OUT] = {1, 1, 1, 1};
static const float bias[OUT] = {0.25f, -1, 2, 0.5f}, mean[OUT] = {1, 1, 1, -1}, var[OUT] = {1, 4, 0.25f, 1};
static const int64_t count = 7;

/* The weights of encoder.mlp with one layer of OUT on the digits, and others. */
static const sdag_st_tensor whole[] = {
    {"0.weight", SDAG_ST_F32, 2, {OUT, IN}, zeros}, {"1.weight", SDAG_ST_F32, 1, {OUT}, ones},
    {"1.bias", SDAG_ST_F32, 1, {OUT}, bias},        {"1.running_mean", SDAG_ST_F32, 1, {OUT}, mean},
    {"1.running_var", SDAG_ST_F32, 1, {OUT}, var},  {"1.num_batches_tracked", SDAG_ST_I64, 0, {0}, &count},
    {"fc.weight", SDAG_ST_F32, 2, {1, OUT}, ones},  {"fc.bias", SDAG_ST_F32, 1, {1}, ones},
};
enum { N = sizeof whole / sizeof *whole, WEIGHT = 0, MEAN = 3, COUNTER = 5 };

/* Runs the encoder with a file of these tensors; what the program said, and its exit code. A dry run only checks. */
static int run_with(char said[TEXT_MAX], const char *name, const sdag_st_tensor *t, int n, bool dry)
{
    char text[2000], command[3000], file[64], out[64];
    snprintf(file, sizeof file, "%s.safetensors", name);
    snprintf(out, sizeof out, "%s.out", name);
    sdag_log *log = sdag_log_create(stderr);
    if (n) assert_int_equal(sdag_st_write(log, temp_path(file), t, n, NULL, 0), SDAG_OK);
    sdag_log_destroy(log);
    int len = snprintf(text, sizeof text,
                       "version: 1\nname: w\nphases:\n  infer:\n    nodes:\n"
                       "      data: {type: source.digits, split: test, batch: 100}\n"
                       "      encoder: {type: encoder.mlp, in: data, widths: [4], weights: %s}\n"
                       "      features: {type: sink.npy, in: encoder, path: features.npy}\n",
                       file);
    const char *yaml = temp_write("w.yaml", text, (size_t)len);
    if (dry) snprintf(command, sizeof command, "'%s' check '%s' 2>&1", program, yaml);
    else snprintf(command, sizeof command, "'%s' run '%s' --out '%s' 2>&1", program, yaml, temp_path(out));
    FILE *p = popen(command, "r");
    assert_non_null(p);
    said[fread(said, 1, TEXT_MAX - 1, p)] = 0;
    int status = pclose(p);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void says(const char *said, const char *text)
{
    if (!strstr(said, text)) fail_msg("expected: %s\nsaid: %s", text, said);
}

/* Features of all images are relu(bias - mean / sqrt(var + eps)). */
static void right_features(const char *path)
{
    size_t n;
    uint8_t *bytes = temp_read(&n, path);
    assert_true(n > IMAGES * OUT * sizeof(float));
    const uint8_t *at = bytes + n - IMAGES * OUT * sizeof(float);
    for (int i = 0; i < IMAGES * OUT; i++) {
        float x, want = bias[i % OUT] - mean[i % OUT] / sqrtf(var[i % OUT] + 1e-5f);
        memcpy(&x, at + (size_t)i * sizeof x, sizeof x);
        assert_true(fabsf(x - fmaxf(want, 0)) < 1e-6f);
    }
    free(bytes);
}

static void surplus_is_ignored(void **state)
{
    (void)state;
    char said[TEXT_MAX];
    if (run_with(said, "whole", whole, N, false)) fail_msg("%s", said);
    right_features("whole.out/features.npy");
}

static void counter_may_be_missing(void **state)
{
    (void)state;
    char said[TEXT_MAX];
    if (run_with(said, "old", whole, COUNTER, false)) fail_msg("%s", said);
    right_features("old.out/features.npy");
}

/* One tensor is not as it should be; said: two parts of the message. */
static void refused(const char *name, int which, sdag_st_tensor other, int code, const char *one, const char *two)
{
    char said[TEXT_MAX];
    sdag_st_tensor t[N];
    memcpy(t, whole, sizeof t);
    t[which] = other;
    assert_int_equal(run_with(said, name, t, N, false), code);
    says(said, one);
    says(said, two);
}

static void missing_is_named(void **state)
{
    (void)state;
    sdag_st_tensor t = whole[MEAN];
    t.name = "1.runing_mean";
    refused("missing", MEAN, t, 4, "w.yaml:7:68: error: ",
            "missing.safetensors has no weight '1.running_mean' f32[4] for 'encoder'; did you mean '1.runing_mean'?");
    char said[TEXT_MAX];
    t.name = "embedding";
    assert_int_equal(run_with(said, "foreign", &t, 1, false), 4);
    says(said, "foreign.safetensors has no weight '0.weight' f32[4,64] for 'encoder'; its first one is 'embedding'");
}

static void shapes_are_told(void **state)
{
    (void)state;
    sdag_st_tensor t = whole[WEIGHT];
    t.shape[0] = IN;
    t.shape[1] = OUT;
    refused("turned", WEIGHT, t, 4, "weight '0.weight' of 'encoder' is f32[4,64], but ",
            "turned.safetensors has f32[64,4]");
}

static void types_are_told(void **state)
{
    (void)state;
    static const int64_t whole_numbers[OUT];
    sdag_st_tensor t = {"1.running_mean", SDAG_ST_I64, 1, {OUT}, whole_numbers};
    refused("type", MEAN, t, 4, "w.yaml:7:68: error: ", "'1.running_mean'");
}

static void not_a_number_is_found(void **state)
{
    (void)state;
    static const float bad[OUT] = {1, NAN, 1, 1};
    sdag_st_tensor t = {"1.running_mean", SDAG_ST_F32, 1, {OUT}, bad};
    refused("nan", MEAN, t, 5, "w.yaml:7:7: error: ", "encoder: norm_apply gave a number that is not finite");
}

static void file_is_opened_by_run_alone(void **state)
{
    (void)state;
    char said[TEXT_MAX];
    if (run_with(said, "absent", NULL, 0, true)) fail_msg("%s", said);
    assert_int_equal(run_with(said, "absent", NULL, 0, false), 4);
    says(said, "w.yaml:7:68: error: ");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(surplus_is_ignored),
        cmocka_unit_test(counter_may_be_missing),
        cmocka_unit_test(missing_is_named),
        cmocka_unit_test(shapes_are_told),
        cmocka_unit_test(types_are_told),
        cmocka_unit_test(not_a_number_is_found),
        cmocka_unit_test(file_is_opened_by_run_alone),
    };
    program = argc > 1 ? argv[1] : getenv("SSLDAG");
    if (!program) program = "build/ssldag";
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    temp_clear();
    return failed;
}
