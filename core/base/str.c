#include "core/base/str.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

/* ---- growing text ---- */

static void str_room(sdag_str *s, size_t more)
{
    size_t need;
    if (!sdag_add_size(&need, s->n, more) || !sdag_add_size(&need, need, 1)) sdag_arena_escape(s->a);
    if (need <= s->cap) return;
    size_t cap = s->cap ? s->cap : 64;
    while (cap < need) cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    char *to = sdag_arena_get(s->a, cap);
    if (s->n) memcpy(to, s->at, s->n);
    s->at = to;
    s->cap = cap;
}

void sdag_str_addn(sdag_str *s, const char *text, size_t n)
{
    str_room(s, n);
    if (n) memcpy(s->at + s->n, text, n);
    s->n += n;
    s->at[s->n] = 0;
}

void sdag_str_add(sdag_str *s, const char *text) { sdag_str_addn(s, text, strlen(text)); }

void sdag_str_addf(sdag_str *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n <= 0) return;
    str_room(s, (size_t)n);
    va_start(ap, fmt);
    vsnprintf(s->at + s->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    s->n += (size_t)n;
}

/* ---- nearest names ---- */

enum { WORD_MAX = 63, CANDIDATES_MAX = 4096 };

/* Damerau-Levenshtein distance (neighbours may swap), or limit + 1 when it is more than limit. */
static int distance(const char *a, int n, const char *b, int m, int limit)
{
    int rows[3][WORD_MAX + 1];
    if (abs(n - m) > limit) return limit + 1;
    for (int j = 0; j <= m; j++) rows[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *d = rows[i % 3], *d1 = rows[(i + 2) % 3], *d2 = rows[(i + 1) % 3], least = d[0] = i;
        for (int j = 1; j <= m; j++) {
            int best = d1[j - 1] + (a[i - 1] != b[j - 1]);
            if (d1[j] + 1 < best) best = d1[j] + 1;
            if (d[j - 1] + 1 < best) best = d[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d2[j - 2] + 1 < best)
                best = d2[j - 2] + 1;
            d[j] = best;
            if (best < least) least = best;
        }
        if (least > limit + 1) return limit + 1; /* a swap may still take one off the row before */
    }
    return rows[n % 3][m];
}

const char *sdag_nearest(const char *word, const char *(*each)(const void *ctx, int i), const void *ctx)
{
    size_t n = strlen(word);
    if (n == 0 || n > WORD_MAX) return NULL;
    int limit = (int)n / 3 > 1 ? (int)n / 3 : 1;
    const char *found = NULL, *candidate;
    for (int i = 0; i < CANDIDATES_MAX && limit >= 0 && (candidate = each(ctx, i)); i++) {
        size_t m = strnlen(candidate, WORD_MAX + 1);
        if (m == 0 || m > WORD_MAX) continue;
        int d = distance(word, (int)n, candidate, (int)m, limit);
        if (d <= limit) {
            found = candidate;
            limit = d - 1; /* only better ones from now on */
        }
    }
    return found;
}

/* ---- numbers ---- */

static locale_t c_locale;

static void c_locale_init(void) { c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

/* The C locale; glibc has it built in, so this does not fail there. (locale_t)0 otherwise. */
static locale_t locale_c(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, c_locale_init);
    return c_locale;
}

static double read_f64(const char *text) { return locale_c() ? strtod_l(text, NULL, locale_c()) : strtod(text, NULL); }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static const char *skip_digits(const char *p)
{
    while (is_digit(*p)) p++;
    return p;
}

/* The value of c as a digit, or 99. */
static int digit_of(char c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 99;
}

bool sdag_parse_i64(int64_t *out, const char *text)
{
    int base = text[0] == '0' && text[1] == 'x' ? 16 : text[0] == '0' && text[1] == 'o' ? 8 : 10;
    bool minus = text[0] == '-';
    const char *p = text + (base != 10 ? 2 : minus || text[0] == '+');
    int64_t v = 0;
    if (!*p) return false;
    for (; *p; p++) { /* towards the sign, so that INT64_MIN is reached */
        int d = digit_of(*p);
        if (d >= base || __builtin_mul_overflow(v, (int64_t)base, &v)) return false;
        if (__builtin_add_overflow(v, (int64_t)(minus ? -d : d), &v)) return false;
    }
    *out = v;
    return true;
}

bool sdag_parse_f64(double *out, const char *text)
{
    int64_t whole;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'o')) { /* the only integers that the form below lacks */
        if (!sdag_parse_i64(&whole, text)) return false;
        *out = (double)whole;
        return true;
    }
    const char *p = text + (*text == '-' || *text == '+'), *start = p;
    p = skip_digits(p);
    bool digits = p > start;
    if (*p == '.') {
        start = ++p;
        p = skip_digits(p);
        digits = digits || p > start;
    }
    if (digits && (*p == 'e' || *p == 'E')) {
        p += p[1] == '-' || p[1] == '+' ? 2 : 1;
        if (!is_digit(*p)) return false;
        p = skip_digits(p);
    }
    if (!digits || *p) return false;
    double v = read_f64(text);
    if (!isfinite(v)) return false;
    *out = v;
    return true;
}

/* v with n significant digits, as short as we write numbers: no '+', no zeros that pad the exponent. */
static void write_digits(char buf[32], double v, int n)
{
    char e[32], digits[24];
    locale_t before = locale_c() ? uselocale(locale_c()) : (locale_t)0;
    snprintf(e, sizeof e, "%.*e", n - 1, v);
    if (before) uselocale(before);

    const char *sign = *e == '-' ? "-" : "", *p = e + (*e == '-');
    int exponent = atoi(strchr(p, 'e') + 1), k = 0;
    for (; *p != 'e'; p++)
        if (is_digit(*p)) digits[k++] = *p; /* whatever the decimal point looks like */
    while (k > 1 && digits[k - 1] == '0') k--;
    while (exponent <= 15 && k <= exponent) digits[k++] = '0';
    digits[k] = 0;

    if (exponent < -2 || exponent > 15)
        snprintf(buf, 32, "%s%c%s%se%d", sign, digits[0], k > 1 ? "." : "", digits + 1, exponent);
    else if (exponent < 0) snprintf(buf, 32, "%s0.%s%s", sign, exponent == -2 ? "0" : "", digits);
    else if (k == exponent + 1) snprintf(buf, 32, "%s%s", sign, digits);
    else snprintf(buf, 32, "%s%.*s.%s", sign, exponent + 1, digits, digits + exponent + 1);
}

static const char *not_finite(double v) { return isnan(v) ? ".nan" : v > 0 ? ".inf" : "-.inf"; }

const char *sdag_f64_text(char buf[32], double v)
{
    if (!isfinite(v)) return strcpy(buf, not_finite(v));
    for (int n = 1; n <= 17; n++) {
        write_digits(buf, v, n);
        if (read_f64(buf) == v) break;
    }
    return buf;
}

const char *sdag_f32_text(char buf[32], float v)
{
    if (!isfinite(v)) return strcpy(buf, not_finite(v));
    for (int n = 1; n <= 9; n++) {
        write_digits(buf, v, n);
        if ((float)read_f64(buf) == v) break;
    }
    return buf;
}

/* ---- UTF-8 ---- */

int sdag_utf8(uint32_t *cp, const char *p, size_t n)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000}; /* shorter forms exist below: refused */
    const unsigned char *u = (const unsigned char *)p;
    if (n == 0) return 0;
    int len = u[0] < 0x80                   ? 1
              : u[0] >= 0xc2 && u[0] < 0xe0 ? 2
              : u[0] >= 0xe0 && u[0] < 0xf0 ? 3
              : u[0] >= 0xf0 && u[0] < 0xf5 ? 4
                                            : 0;
    if (len == 0 || (size_t)len > n) return 0;
    uint32_t v = len == 1 ? u[0] : u[0] & (0x7fu >> len);
    for (int i = 1; i < len; i++) {
        if ((u[i] & 0xc0) != 0x80) return 0;
        v = v << 6 | (u[i] & 0x3f);
    }
    if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000)) return 0;
    *cp = v;
    return len;
}
