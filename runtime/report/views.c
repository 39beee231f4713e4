/* Pictures: the images as the model sees them, what it makes of them, and the PNG files that sinks wrote. */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/report/section.h"

enum { PNG_MAX = 4 << 20, FIGURES_MAX = 24, SINKS_MAX = 12 };

/* A file beside views.json: a plain name. */
static bool is_plain(const char *name) { return name && *name && *name != '.' && !strchr(name, '/'); }

static bool ends_in_png(const char *name)
{
    size_t n = strlen(name);
    return n > 4 && !strcmp(name + n - 4, ".png");
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void close_dir(void *d) { closedir(d); }

/* PNG files of the folder itself, by name. */
static int find_pictures(const char *out[SINKS_MAX], sdag_folder *f)
{
    DIR *d = opendir(f->dir);
    if (!d) return 0;
    sdag_arena_defer(f->a, close_dir, d);
    SDAG_VEC(const char *) names = {0};
    for (struct dirent *e; (e = readdir(d)) && names.n < 1000;)
        if (is_plain(e->d_name) && ends_in_png(e->d_name)) *SDAG_PUSH(f->a, &names) = sdag_arena_str(f->a, e->d_name);
    if (names.n) qsort(names.at, (size_t)names.n, sizeof *names.at, by_name);
    int n = names.n < SINKS_MAX ? names.n : SINKS_MAX;
    for (int i = 0; i < n; i++) out[i] = names.at[i];
    return n;
}

static bool has(sdag_folder *f)
{
    const char *names[SINKS_MAX];
    return json_array_size(f->views) > 0 || find_pictures(names, f) > 0;
}

static const char *word(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

static void put_figure(sdag_page *p, sdag_folder *f, const char *file, const char *title, const char *phase,
                       const char *node)
{
    char *bytes;
    size_t n;
    if (!sdag_folder_file(&bytes, &n, f, file, PNG_MAX)) return;
    SDAG_PAGE(p, "<figure class=\"grid-of-images\" data-file=\"", file, "\">");
    if (!sdag_page_png(p, bytes, n, title)) SDAG_PAGE(p, "<p class=\"quiet\">", file, " is no PNG file.</p>");
    SDAG_PAGE(p, "<figcaption><b>", title, "</b>");
    if (*phase || *node) SDAG_PAGE(p, "<span>", phase, *phase && *node ? " &#183; " : "", node, "</span>");
    sdag_page_f(p, "</figcaption></figure>\n");
}

static void put(sdag_page *p, sdag_folder *f)
{
    const char *names[SINKS_MAX];
    size_t i;
    json_t *v;
    sdag_page_f(p, "<div class=\"images\">\n");
    json_array_foreach(f->views, i, v)
    {
        const char *file = word(v, "file"), *title = word(v, "title"), *node = word(v, "node");
        if (i >= FIGURES_MAX) break;
        if (is_plain(file))
            put_figure(p, f, sdag_arena_printf(f->a, "report/%s", file), *title ? title : node, word(v, "phase"), node);
    }
    int n = find_pictures(names, f);
    for (int k = 0; k < n; k++) put_figure(p, f, names[k], names[k], "", "");
    sdag_page_f(p, "</div>\n");
}

const sdag_section sdag_section_views = {"views", "What the model sees", has, put};
