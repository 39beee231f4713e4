/* What it ran with: versions, machine, command line. */
#include <math.h>
#include <string.h>

#include "runtime/report/section.h"

enum { ROWS_MAX = 60, DEPTH_MAX = 4 };

static bool has(sdag_folder *f) { return json_object_size(f->env) > 0; }

static void put_value(sdag_page *p, const char *key, const json_t *v)
{
    char text[32];
    bool time = strstr(key, "started") || strstr(key, "finished");
    if (json_is_string(v)) sdag_page_text(p, json_string_value(v));
    else if (json_is_number(v) && time && json_number_value(v) > 1e9)
        sdag_page_f(p, "%s", sdag_page_time(text, json_number_value(v)));
    else if (json_is_number(v)) sdag_page_f(p, "%.12g", json_number_value(v));
    else if (json_is_boolean(v)) sdag_page_f(p, "%s", json_is_true(v) ? "yes" : "no");
}

/* A row a value; the keys of what is nested are put before its own. */
static void put_rows(sdag_page *p, sdag_arena *a, const json_t *o, const char *before, int depth, int *rows)
{
    const char *key;
    json_t *v, *word;
    size_t i;
    json_object_foreach((json_t *)o, key, v)
    {
        bool plain = !*before || !strcmp(before, "versions");
        const char *name = !plain ? sdag_arena_printf(a, "%s: %s", before, key) : key;
        if (json_is_object(v) && depth < DEPTH_MAX) {
            put_rows(p, a, v, name, depth + 1, rows);
            continue;
        }
        if (json_is_null(v) || ++*rows > ROWS_MAX) continue;
        SDAG_PAGE(p, "<tr><th>", name, "</th><td>");
        if (json_is_array(v)) {
            json_array_foreach(v, i, word)
            {
                if (i) sdag_page_f(p, " ");
                if (i < 100) put_value(p, key, word);
            }
        } else put_value(p, key, v);
        sdag_page_f(p, "</td></tr>\n");
    }
}

static void put(sdag_page *p, sdag_folder *f)
{
    int rows = 0;
    sdag_page_f(p, "<div class=\"wide\"><table class=\"plain facts\"><tbody>\n");
    put_rows(p, f->a, f->env, "", 0, &rows);
    sdag_page_f(p, "</tbody></table></div>\n");
}

const sdag_section sdag_section_versions = {"versions", "Made with", has, put};
