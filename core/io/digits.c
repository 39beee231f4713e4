#include "core/io/digits.h"

#include <string.h>
#include <zlib.h>

#include "core/base/alloc.h"
#include "core/base/rng.h"

enum { N = SDAG_DIGITS, PIXELS = SDAG_DIGITS_SIDE * SDAG_DIGITS_SIDE, CLASSES = SDAG_DIGITS_CLASSES };
enum { TEXT_MAX = 512 << 10 }; /* the table is 264,712 bytes long */

extern const uint8_t sdag_digits_gz[], sdag_digits_gz_end[]; /* digits_data.S */

static sdag_status unpack(char *text, size_t cap, size_t *len)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)sdag_digits_gz,
                  .avail_in = (uInt)(sdag_digits_gz_end - sdag_digits_gz),
                  .next_out = (Bytef *)text,
                  .avail_out = (uInt)cap};
    int rc = inflateInit2(&z, 16 + MAX_WBITS); /* 16: a gzip header */
    if (rc == Z_OK) {
        rc = inflate(&z, Z_FINISH);
        inflateEnd(&z);
    }
    *len = cap - z.avail_out;
    return rc == Z_MEM_ERROR ? SDAG_NOMEM : rc == Z_STREAM_END ? SDAG_OK : SDAG_FAILED;
}

/* One number of at most two digits and the separator behind it. */
static bool next_number(const char **p, const char *end, int *v, char separator)
{
    const char *q = *p;
    for (*v = 0; q < end && q - *p < 2 && *q >= '0' && *q <= '9'; q++) *v = *v * 10 + (*q - '0');
    if (q == *p || q == end || *q != separator) return false;
    *p = q + 1;
    return true;
}

static bool parse(sdag_digits *d, const char *p, const char *end)
{
    for (int row = 0; row < N; row++) {
        int v;
        for (int i = 0; i < PIXELS; i++) {
            if (!next_number(&p, end, &v, ',') || v > 16) return false;
            d->pixels[row][i] = (uint8_t)((v * 255 + 8) / 16);
        }
        if (!next_number(&p, end, &v, '\n') || v >= CLASSES) return false;
        d->label[row] = (uint8_t)v;
    }
    return p == end;
}

/* quota[c]: test images of class c; whole parts first, then one each to the largest remainders (lower class first). */
static void share(int quota[CLASSES], const int count[CLASSES])
{
    int left = SDAG_DIGITS_TEST, rest[CLASSES];
    for (int c = 0; c < CLASSES; c++) {
        quota[c] = SDAG_DIGITS_TEST * count[c] / N;
        rest[c] = SDAG_DIGITS_TEST * count[c] % N;
        left -= quota[c];
    }
    for (; left > 0; left--) {
        int best = 0;
        for (int c = 1; c < CLASSES; c++)
            if (rest[c] > rest[best]) best = c;
        quota[best]++;
        rest[best] = -1;
    }
}

/* is_test[row], by the rule in the header. rows: room for N numbers. */
static void split(uint8_t *is_test, int *rows, const uint8_t *label)
{
    int count[CLASSES] = {0}, quota[CLASSES];
    for (int i = 0; i < N; i++) count[label[i]]++;
    share(quota, count);
    for (int c = 0; c < CLASSES; c++) {
        sdag_rng r = sdag_rng_at(0, sdag_hash32("digits.split"), 0, (uint32_t)c);
        int n = 0;
        for (int i = 0; i < N; i++)
            if (label[i] == c) rows[n++] = i;
        for (int i = n - 1; i > 0; i--) {
            int j = (int)sdag_rng_below(&r, (uint32_t)i + 1), t = rows[i];
            rows[i] = rows[j];
            rows[j] = t;
        }
        for (int i = 0; i < quota[c]; i++) is_test[rows[i]] = 1;
    }
}

static sdag_status fill(sdag_digits *d, sdag_log *log, char *text)
{
    uint8_t is_test[N] = {0};
    int rows[N];
    size_t len = 0;
    sdag_status s = unpack(text, TEXT_MAX, &len);
    if (s == SDAG_NOMEM) return s;
    if (s || !parse(d, text, text + len))
        return sdag_fail(log, SDAG_FAILED, SDAG_NOLOC, "the digits built into this program are damaged");
    split(is_test, rows, d->label);
    for (int i = 0; i < N; i++) {
        if (is_test[i]) d->test[d->n_test++] = i;
        else d->train[d->n_train++] = i;
    }
    return SDAG_OK;
}

sdag_status sdag_digits_load(sdag_digits *d, sdag_log *log)
{
    char *text = sdag_alloc(TEXT_MAX);
    *d = (sdag_digits){.pixels = sdag_alloc_array(N, sizeof *d->pixels),
                       .label = sdag_alloc(N),
                       .train = sdag_alloc_array(N - SDAG_DIGITS_TEST, sizeof *d->train),
                       .test = sdag_alloc_array(SDAG_DIGITS_TEST, sizeof *d->test)};
    sdag_status s = SDAG_NOMEM;
    if (text && d->pixels && d->label && d->train && d->test) s = fill(d, log, text);
    sdag_free(text);
    if (s) sdag_digits_free(d);
    return s;
}

void sdag_digits_free(sdag_digits *d)
{
    sdag_free(d->pixels);
    sdag_free(d->label);
    sdag_free(d->train);
    sdag_free(d->test);
    *d = (sdag_digits){0};
}
