#include "tests/support/opts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void give_up(const char *what, const char *name)
{
    fprintf(stderr, "tests/support/opts.c: %s '%s'\n", what, name);
    abort();
}

/* Numbers of "[1, 2]" or "1"; at most max. */
static int numbers(double *out, int max, const char *text)
{
    int n = 0;
    for (const char *p = text; *p && n < max;) {
        char *end;
        double v = strtod(p, &end);
        if (end == p) p++;
        else out[n++] = v, p = end;
    }
    return n;
}

static void set_list(sdag_arena *a, void *field, sdag_opt_kind kind, const char *text)
{
    double v[64];
    int n = numbers(v, 64, text ? text : "");
    if (kind == SDAG_OPT_INTS) {
        int64_t *at = SDAG_NEWS(a, int64_t, n + 1);
        for (int i = 0; i < n; i++) at[i] = (int64_t)v[i];
        *(sdag_ints *)field = (sdag_ints){n, at};
    } else {
        float *at = SDAG_NEWS(a, float, n + 1);
        for (int i = 0; i < n; i++) at[i] = (float)v[i];
        *(sdag_floats *)field = (sdag_floats){n, at};
    }
}

/* "a b c" */
static void set_strs(sdag_arena *a, sdag_strs *field, const char *text)
{
    const char **at = SDAG_NEWS(a, const char *, 64);
    int n = 0;
    char *copy = sdag_arena_str(a, text ? text : "");
    for (char *p = strtok(copy, " "); p && n < 64; p = strtok(NULL, " ")) at[n++] = p;
    *field = (sdag_strs){n, at};
}

static int choice_of(const sdag_opt *o, const char *text)
{
    for (int i = 0; o->choices[i]; i++)
        if (!strcmp(o->choices[i], text)) return i;
    give_up("no choice", text);
}

static void set(sdag_arena *a, char *base, const sdag_opt *o, const char *text, bool given)
{
    void *field = base + o->offset;
    double v = given ? strtod(text, NULL) : o->def;
    if (given && o->kind == SDAG_OPT_BOOL) v = !strcmp(text, "true");
    if (!given) text = o->text;
    switch (o->kind) {
    case SDAG_OPT_BOOL: *(bool *)field = v != 0; break;
    case SDAG_OPT_INT: *(int64_t *)field = (int64_t)v; break;
    case SDAG_OPT_F32: *(float *)field = (float)v; break;
    case SDAG_OPT_ENUM: *(int *)field = given ? choice_of(o, text) : (int)v; break;
    case SDAG_OPT_STR:
    case SDAG_OPT_PATH: *(const char **)field = sdag_arena_str(a, text); break;
    case SDAG_OPT_INTS:
    case SDAG_OPT_F32S: set_list(a, field, o->kind, text); break;
    case SDAG_OPT_STRS: set_strs(a, field, text); break;
    default: break;
    }
}

static void *fill(sdag_arena *a, const sdag_opt *table, size_t size, va_list ap)
{
    char *base = sdag_arena_get(a, size);
    for (const sdag_opt *o = table; o->name; o++) set(a, base, o, NULL, false);
    for (const char *name; (name = va_arg(ap, const char *));) {
        const char *text = va_arg(ap, const char *);
        const sdag_opt *o = table;
        for (; o->name; o++) {
            const char *dot = strrchr(o->name, '.');
            if (!strcmp(dot ? dot + 1 : o->name, name)) break;
        }
        if (!o->name) give_up("no option", name);
        set(a, base, o, text, true);
    }
    return base;
}

void *sdag_test_opts(sdag_arena *a, const sdag_opt *table, size_t size, ...)
{
    va_list ap;
    va_start(ap, size);
    void *o = fill(a, table, size, ap);
    va_end(ap);
    return o;
}

sdag_record sdag_test_record(sdag_arena *a, const sdag_record_type *const *types, const char *name, ...)
{
    for (; *types && strcmp((*types)->name, name); types++) {
    }
    if (!*types) give_up("no record", name);
    va_list ap;
    va_start(ap, name);
    sdag_record r = {*types, fill(a, (*types)->opts, (*types)->opts_size, ap)};
    va_end(ap);
    return r;
}
