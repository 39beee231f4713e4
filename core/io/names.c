#include "core/io/names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"

/* Room for one more than n of each bytes. */
static bool grow(void **p, size_t *cap, size_t need, size_t each)
{
    size_t more = *cap ? *cap : 64;
    while (more < need)
        if (!sdag_mul_size(&more, more, 2)) return false;
    if (more == *cap) return true;
    void *q = sdag_realloc(*p, more, each);
    if (!q) return false;
    *p = q;
    *cap = more;
    return true;
}

bool sdag_names_add(sdag_names *l, const char *name, uint64_t size, uint64_t offset)
{
    size_t len = strlen(name) + 1;
    if (!grow((void **)&l->text, &l->text_cap, l->text_n + len, 1)) return false;
    if (!grow((void **)&l->at, &l->cap, l->n + 1, sizeof *l->at)) return false;
    memcpy(l->text + l->text_n, name, len);
    l->at[l->n++] = (sdag_name){l->text_n, size, offset};
    l->text_n += len;
    return true;
}

static int by_name(const void *a, const void *b, void *text)
{
    const sdag_name *x = a, *y = b;
    int order = strcmp((const char *)text + x->text, (const char *)text + y->text);
    return order ? order : x->text < y->text ? -1 : x->text > y->text; /* then in the order of adding */
}

void sdag_names_sort(sdag_names *l)
{
    size_t kept = 0;
    if (l->n) qsort_r(l->at, l->n, sizeof *l->at, by_name, l->text);
    for (size_t i = 0; i < l->n; i++)
        if (i + 1 == l->n || strcmp(sdag_names_text(l, i), sdag_names_text(l, i + 1)) != 0) l->at[kept++] = l->at[i];
    l->n = kept;
}

void sdag_names_free(sdag_names *l)
{
    sdag_free(l->text);
    sdag_free(l->at);
    *l = (sdag_names){0};
}

bool sdag_name_is_image(const char *name)
{
    if (name[0] == '.' || strstr(name, "/.")) return false;
    const char *dot = strrchr(name, '.');
    return dot && (strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}
