#include "runtime/report/page.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* clang-format off */
const char *const sdag_page_marks[SDAG_PAGE_MARKS] = {
    "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z",
    "M-3.5,-3.5h7v7h-7z",
    "M0,-4.6l4.4,8h-8.8z",
    "M0,-5l4.6,5l-4.6,5l-4.6,-5z",
    "M-4.4,-3.6h8.8l-4.4,8z",
    "M-4.5,-1.3h3.2v-3.2h2.6v3.2h3.2v2.6h-3.2v3.2h-2.6v-3.2h-3.2z",
    "M-4,-2.4l1.6,-1.6l2.4,2.4l2.4,-2.4l1.6,1.6l-2.4,2.4l2.4,2.4l-1.6,1.6l-2.4,-2.4l-2.4,2.4l-1.6,-1.6l2.4,-2.4z",
};
/* clang-format on */

static const char *escape_of(uint32_t c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    }
    bool fine = c == '\t' || c == '\n' || (c >= 0x20 && c < 0x7f) || (c >= 0xa0 && c <= 0xfffd) || c >= 0x10000;
    /* marks that turn the direction of the text around them would let a name rewrite the page's own words */
    bool turns = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f;
    return fine && !turns ? NULL : "\xef\xbf\xbd";
}

void sdag_page_textn(sdag_page *p, const char *text, size_t n)
{
    size_t from = 0;
    for (size_t i = 0; i < n;) {
        uint32_t c = 0;
        int k = sdag_utf8(&c, text + i, n - i);
        const char *instead = k ? escape_of(c) : "\xef\xbf\xbd";
        size_t next = i + (size_t)(k ? k : 1);
        if (instead) {
            sdag_out_write(p, text + from, i - from);
            sdag_out_write(p, instead, strlen(instead));
            from = next;
        }
        i = next;
    }
    sdag_out_write(p, text + from, n - from);
}

void sdag_page_text(sdag_page *p, const char *text)
{
    if (text) sdag_page_textn(p, text, strlen(text));
}

void sdag_page_mix(sdag_page *p, const char *markup, ...)
{
    va_list ap;
    va_start(ap, markup);
    bool text = true;
    sdag_out_write(p, markup, strlen(markup));
    for (const char *part; (part = va_arg(ap, const char *)); text = !text) {
        if (text) sdag_page_text(p, part);
        else sdag_out_write(p, part, strlen(part));
    }
    va_end(ap);
}

void sdag_page_f(sdag_page *p, const char *markup, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, markup);
    int n = vsnprintf(text, sizeof text, markup, ap);
    va_end(ap);
    if (n >= 0 && n < (int)sizeof text) sdag_out_write(p, text, (size_t)n);
    else p->err = p->err ? p->err : EINVAL; /* numbers are short: a mistake of ours */
}

void sdag_page_base64(sdag_page *p, const void *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *b = bytes;
    char out[4096];
    size_t fill = 0;
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)b[i] << 16 | (i + 1 < n ? (unsigned)b[i + 1] << 8 : 0) | (i + 2 < n ? b[i + 2] : 0u);
        out[fill++] = digits[v >> 18];
        out[fill++] = digits[v >> 12 & 63];
        out[fill++] = i + 1 < n ? digits[v >> 6 & 63] : '=';
        out[fill++] = i + 2 < n ? digits[v & 63] : '=';
        if (fill == sizeof out) sdag_out_write(p, out, fill), fill = 0;
    }
    sdag_out_write(p, out, fill);
}

bool sdag_page_png(sdag_page *p, const void *bytes, size_t n, const char *alt)
{
    if (n < 33 || memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) != 0 || memcmp((const char *)bytes + 12, "IHDR", 4) != 0)
        return false;
    const unsigned char *b = bytes;
    unsigned w = (unsigned)b[16] << 24 | (unsigned)b[17] << 16 | (unsigned)b[18] << 8 | b[19];
    /* small grids are drawn larger, in whole pixels */
    unsigned times = w < 80 ? 4 : w < 200 ? 3 : w < 400 ? 2 : 1;
    SDAG_PAGE(p, "<img class=\"pixels\" alt=\"", alt, "\" src=\"data:image/png;base64,");
    sdag_page_base64(p, bytes, n);
    if (w < 100000) sdag_page_f(p, "\" width=\"%u", w * times);
    sdag_page_f(p, "\"/>");
    return true;
}

void sdag_page_head(sdag_page *p, const char *title)
{
    SDAG_PAGE(p,
              "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
              "<meta charset=\"utf-8\"/>\n"
              "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
              "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\"/>\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
              "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
              "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>",
              title, "</title>\n<link rel=\"icon\" href=\"data:,\"/>\n<style>\n");
    sdag_out_write(p, sdag_page_style, strlen(sdag_page_style));
    sdag_page_f(p, "</style>\n</head>\n<body>\n");
}

void sdag_page_tail(sdag_page *p) { sdag_page_f(p, "</body>\n</html>\n"); }

/* ---- numbers */

const char *sdag_page_number(char buf[32], double v)
{
    double size = fabs(v);
    if (!isfinite(v)) return strcpy(buf, "not finite");
    if (size >= 1e5 && size < 1e15) return sdag_page_count(buf, v);
    if (size >= 0.01 || size == 0) snprintf(buf, 32, size >= 1e15 ? "%.3g" : "%.4g", v);
    else if (size >= 1e-3) snprintf(buf, 32, "%.3g", v);
    else {
        int n = (int)floor(log10(size) + 1e-12);
        snprintf(buf, 32, "%.3ge%d", v / pow(10, n), n);
    }
    return buf;
}

const char *sdag_page_count(char buf[32], double v)
{
    static const struct {
        double size;
        const char *name;
    } units[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e4, "k"}};
    if (!isfinite(v)) return strcpy(buf, "not finite");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (fabs(v) >= units[i].size) {
            snprintf(buf, 32, "%.3g%s", v / (units[i].size == 1e4 ? 1e3 : units[i].size), units[i].name);
            return buf;
        }
    snprintf(buf, 32, v == rint(v) ? "%.0f" : "%.4g", v);
    return buf;
}

const char *sdag_page_clock(char buf[32], double seconds)
{
    if (!(seconds >= 0 && seconds < 1e10)) return strcpy(buf, "-");
    if (seconds < 9.95) {
        snprintf(buf, 32, seconds < 0.01 ? "%.1g s" : "%.2g s", seconds);
        return buf;
    }
    long n = (long)(seconds + 0.5);
    if (n < 60) snprintf(buf, 32, "%ld s", n);
    else if (n < 3600) snprintf(buf, 32, "%ld:%02ld min", n / 60, n % 60);
    else snprintf(buf, 32, "%ld:%02ld:%02ld h", n / 3600, n / 60 % 60, n % 60);
    return buf;
}

const char *sdag_page_bytes(char buf[32], double bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    int u = 0;
    if (!(bytes >= 0 && bytes < 1e18)) return strcpy(buf, "-");
    for (; bytes >= 1024 && u < 4; u++) bytes /= 1024;
    snprintf(buf, 32, u == 0 || bytes >= 100 ? "%.0f %s" : "%.1f %s", bytes, units[u]);
    return buf;
}

const char *sdag_page_time(char buf[32], double unix_seconds)
{
    struct tm tm;
    time_t t = unix_seconds > 0 && unix_seconds < 1e11 ? (time_t)unix_seconds : 0;
    strftime(buf, 32, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&t, &tm));
    return buf;
}
