/* What a language model writes: the beginning of the text files that sinks wrote. */
#include <string.h>

#include "runtime/report/section.h"

enum { FILES_MAX = 6, FILE_MAX = 16 << 20, SHOWN = 3000 };

static bool has(sdag_folder *f)
{
    const char *names[FILES_MAX];
    return sdag_folder_find(names, FILES_MAX, f, ".txt") > 0;
}

static void put_file(sdag_page *p, sdag_folder *f, const char *name)
{
    char *text;
    size_t n;
    if (!sdag_folder_file(&text, &n, f, name, FILE_MAX)) return;
    size_t shown = n < SHOWN ? n : SHOWN;
    while (shown < n && shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80) shown--; /* whole characters */
    SDAG_PAGE(p, "<figure data-file=\"", name, "\"><figcaption><b>", name, "</b>");
    if (shown < n) sdag_page_f(p, "<span>the first %zu of %zu bytes</span>", shown, n);
    sdag_page_f(p, "</figcaption>\n<pre class=\"prose\">\n"); /* the first end of line is not one of the text */
    sdag_page_textn(p, text, shown);
    sdag_page_f(p, "</pre></figure>\n");
}

static void put(sdag_page *p, sdag_folder *f)
{
    const char *names[FILES_MAX];
    int n = sdag_folder_find(names, FILES_MAX, f, ".txt");
    sdag_page_f(p, "<div class=\"pairs\">\n");
    for (int i = 0; i < n; i++) put_file(p, f, names[i]);
    sdag_page_f(p, "</div>\n");
}

const sdag_section sdag_section_texts = {"texts", "What the model writes", has, put};
