/* The effective config: the file that would run again. Keys, comments and text are told apart. */
#include <string.h>

#include "runtime/report/section.h"

static bool has(sdag_folder *f) { return f->config_text != NULL; }

static bool is_key(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
}

/* One line: a comment, or words before a colon as keys. Where it guesses wrong, a word has another colour. */
static void put_line(sdag_page *p, const char *line, size_t n)
{
    size_t at = 0;
    while (at < n && line[at] == ' ') at++;
    if (at < n && line[at] == '#') {
        sdag_page_f(p, "<i>");
        sdag_page_textn(p, line, n);
        sdag_page_f(p, "</i>");
        return;
    }
    size_t from = 0;
    for (size_t i = at; i < n; i++) {
        if (line[i] != ':' || (i + 1 < n && line[i + 1] != ' ')) continue;
        size_t key = i;
        while (key > from && is_key(line[key - 1])) key--;
        if (key == i) continue;
        sdag_page_textn(p, line + from, key - from);
        sdag_page_f(p, "<b>");
        sdag_page_textn(p, line + key, i - key);
        sdag_page_f(p, "</b>");
        from = i;
    }
    sdag_page_textn(p, line + from, n - from);
}

static void put(sdag_page *p, sdag_folder *f)
{
    sdag_page_f(p, "<details class=\"config\"%s><summary>config.yaml</summary>\n<pre>",
                f->config_len < 6000 ? " open=\"open\"" : "");
    for (size_t from = 0; from < f->config_len;) {
        const char *end = memchr(f->config_text + from, '\n', f->config_len - from);
        size_t to = end ? (size_t)(end - f->config_text) : f->config_len;
        put_line(p, f->config_text + from, to - from);
        sdag_page_f(p, "\n");
        from = to + 1;
    }
    sdag_page_f(p, "</pre></details>\n");
}

const sdag_section sdag_section_config = {"config", "Config", has, put};
