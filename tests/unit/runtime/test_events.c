/* Events for TensorBoard: checksums of known vectors, records decoded again, and files that are gone on with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/report/events.h"
#include "runtime/report/tfrecord.h"
#include "tests/support/temp.h"

#define FILE_NAME "run/tensorboard/events.out.tfevents.ssldag"

static sdag_arena arena;
static sdag_log *logs;

static int set_up(void **state)
{
    (void)state;
    sdag_arena_init(&arena);
    logs = sdag_log_create(NULL);
    return logs == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    sdag_arena_free(&arena);
    sdag_log_destroy(logs);
    temp_clear();
    return 0;
}

/* RFC 3720, appendix B.4, and the check value of the catalogue of CRCs. */
static void test_crc(void **state)
{
    uint8_t b[32];
    (void)state;
    memset(b, 0, sizeof b);
    assert_int_equal(sdag_crc32c(b, 32), 0x8a9136aau);
    memset(b, 0xff, sizeof b);
    assert_int_equal(sdag_crc32c(b, 32), 0x62a8ab43u);
    for (int i = 0; i < 32; i++) b[i] = (uint8_t)i;
    assert_int_equal(sdag_crc32c(b, 32), 0x46dd794eu);
    for (int i = 0; i < 32; i++) b[i] = (uint8_t)(31 - i);
    assert_int_equal(sdag_crc32c(b, 32), 0x113fdb5cu);
    assert_int_equal(sdag_crc32c("123456789", 9), 0xe3069283u);
    assert_int_equal(sdag_crc32c("", 0), 0);
    /* the mask of record_writer.h: rotated by 15 bits, and a constant added */
    assert_int_equal(sdag_crc32c_masked("123456789", 9),
                     (uint32_t)((0xe3069283u >> 15 | 0xe3069283u << 17) + 0xa282ead8u));
}

/* ---- a reader of what is written: independent of the writer but for the checksum */

typedef struct event {
    double wall;
    int64_t step;
    char version[32];
    struct {
        char tag[64];
        float value;
    } at[8];
    int n;
} event;

static uint64_t varint(const uint8_t **p, const uint8_t *end)
{
    uint64_t v = 0;
    for (int shift = 0;; shift += 7) {
        assert_true(*p < end && shift < 64);
        uint8_t b = *(*p)++;
        v |= (uint64_t)(b & 127) << shift;
        if (!(b & 128)) return v;
    }
}

static void read_value(event *e, const uint8_t *p, const uint8_t *end)
{
    assert_true(e->n < 8);
    while (p < end) {
        uint64_t key = varint(&p, end);
        if (key == (1 << 3 | 2)) {
            size_t n = varint(&p, end);
            assert_true(n < 64 && (size_t)(end - p) >= n);
            memcpy(e->at[e->n].tag, p, n);
            e->at[e->n].tag[n] = 0;
            p += n;
        } else {
            assert_int_equal(key, 2 << 3 | 5);
            assert_true(end - p >= 4);
            memcpy(&e->at[e->n].value, p, 4); /* the test, not the program, needs a little-endian machine */
            p += 4;
        }
    }
    e->n++;
}

static void read_event(event *e, const uint8_t *p, const uint8_t *end)
{
    *e = (event){0};
    while (p < end) {
        uint64_t key = varint(&p, end);
        if (key == (1 << 3 | 1)) memcpy(&e->wall, p, 8), p += 8;
        else if (key == (2 << 3 | 0)) e->step = (int64_t)varint(&p, end);
        else {
            size_t n = varint(&p, end);
            const uint8_t *stop = p + n;
            assert_true((size_t)(end - p) >= n);
            if (key == (3 << 3 | 2)) {
                assert_true(n < 32);
                memcpy(e->version, p, n);
            } else {
                assert_int_equal(key, 5 << 3 | 2);
                while (p < stop) {
                    assert_int_equal(varint(&p, stop), 1 << 3 | 2);
                    size_t m = varint(&p, stop);
                    read_value(e, p, p + m);
                    p += m;
                }
            }
            p = stop;
        }
    }
}

/* All events of the file; every checksum must be right, and nothing may stand behind the last one. */
static int read_file(event *e, int most)
{
    size_t size, at = 0;
    uint8_t *bytes = temp_read(&size, FILE_NAME);
    assert_non_null(bytes);
    int n = 0;
    for (; at < size; n++) {
        int64_t len = sdag_tfrecord_check(bytes + at, size - at);
        assert_true(len >= 0 && n < most);
        read_event(&e[n], bytes + at + 12, bytes + at + 12 + len);
        at += (size_t)len + SDAG_TFRECORD_EXTRA;
    }
    free(bytes);
    return n;
}

static const char *const lines[] = {
    "{\"phase\":\"pretrain\",\"step\":10,\"epoch\":1,\"loss\":5.25,\"images_per_s\":100,\"optimizer.lr\":0.5}",
    "{\"phase\":\"pretrain\",\"step\":10,\"epoch\":1,\"metric\":\"loss\",\"value\":5.25}",
    "{\"phase\":\"pretrain\",\"step\":300000000000,\"epoch\":2,\"metric\":\"knn\",\"value\":null}",
    "{\"phase\":\"predict\",\"step\":0,\"epoch\":0,\"metric\":\"accuracy\",\"value\":1}",
};
enum { LINES = sizeof lines / sizeof *lines };

static void write_lines(int n)
{
    char text[2000] = "";
    for (int i = 0; i < n; i++) strcat(strcat(text, lines[i]), "\n");
    temp_write("run/metrics.jsonl", text, strlen(text));
}

static sdag_events *open_events(void)
{
    sdag_arena_free(&arena);
    return sdag_events_open(&arena, logs, temp_path("run/tensorboard"), temp_path("run/metrics.jsonl"));
}

static void add_lines(sdag_events *e, int from)
{
    for (int i = from; i < LINES; i++) {
        json_t *line = json_loads(lines[i], 0, NULL);
        sdag_events_add(e, line);
        json_decref(line);
    }
    sdag_events_close(e);
}

static void check_file(void)
{
    event e[8];
    assert_int_equal(read_file(e, 8), 1 + LINES);
    assert_string_equal(e[0].version, "brain.Event:2");
    assert_int_equal(e[1].n, 2);
    assert_string_equal(e[1].at[0].tag, "pretrain/images_per_s");
    assert_string_equal(e[1].at[1].tag, "pretrain/optimizer.lr");
    assert_true(e[1].at[0].value == 100 && e[1].at[1].value == 0.5f && e[1].step == 10);
    assert_int_equal(e[2].n, 1);
    assert_string_equal(e[2].at[0].tag, "pretrain/loss");
    assert_true(e[2].at[0].value == 5.25f && e[2].step == 10);
    assert_true(e[3].step == 300000000000 && isnan(e[3].at[0].value));
    assert_string_equal(e[4].at[0].tag, "predict/accuracy");
    assert_true(e[4].step == 0 && e[4].at[0].value == 1);
    for (int i = 0; i <= LINES; i++) assert_true(e[i].wall > 1.7e9 && e[i].wall < 1e11);
}

static void write_all(void)
{
    temp_write("run/metrics.jsonl", "", 0);
    add_lines(open_events(), 0);
}

static void test_new(void **state)
{
    (void)state;
    write_all();
    check_file();
}

/* A run that was killed after any byte, and whose metrics are cut back to any line, goes on with every step once. */
static void test_continued(void **state)
{
    (void)state;
    write_all();
    size_t size;
    uint8_t *whole = temp_read(&size, FILE_NAME);
    for (size_t n = 0; n <= size; n += n < 80 ? 1 : 5)
        for (int kept = 0; kept <= LINES; kept += 2) {
            temp_write(FILE_NAME, whole, n);
            write_lines(kept);
            add_lines(open_events(), kept);
            check_file();
        }
    for (size_t i = 0; i < size; i += 3) { /* one byte is wrong: what follows is made again */
        whole[i] ^= 0x10;
        temp_write(FILE_NAME, whole, size);
        whole[i] ^= 0x10;
        write_lines(LINES);
        sdag_events_close(open_events());
        check_file();
    }
    free(whole);
    assert_int_equal(sdag_log_count(logs), 0);
}

static void test_refused(void **state)
{
    (void)state;
    temp_write("run/tensorboard", "a file", 6);
    sdag_events *e = open_events();
    add_lines(e, 0);
    assert_true(temp_says(logs, "nothing is written for TensorBoard"));
    assert_int_equal(sdag_log_errors(logs), 0);
    char *name = calloc(1, 200 << 10);
    assert_non_null(name);
    memset(name, 'a', (200 << 10) - 1);
    temp_write("b/metrics.jsonl", "", 0);
    e = sdag_events_open(&arena, logs, temp_path("b/tensorboard"), temp_path("b/metrics.jsonl"));
    json_t *line = json_pack("{s:s, s:s, s:f}", "phase", name, "metric", name, "value", 1.0);
    sdag_events_add(e, line); /* the name is cut */
    sdag_events_close(e);
    json_decref(line);
    free(name);
    assert_int_equal(sdag_log_count(logs), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_crc, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_new, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_continued, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
