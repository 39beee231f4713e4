/* Single values of the file: by declared type and range, with messages that say what was expected. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "core/base/file.h"
#include "graphs/graph/options.h"
#include "graphs/graph/words.h"

enum { SHOWN_MAX = 40, FEW = 12, ENOUGH = 1000 };

void sdag_reader_init(sdag_reader *r, sdag_arena *a, sdag_log *log, const char *file)
{
    *r = (sdag_reader){.a = a, .log = log, .dir = sdag_path_dir(a, file ? file : "")};
}

/* ---- messages ---- */

static bool same_file(sdag_loc a, sdag_loc b)
{
    return a.file == b.file || (a.file && b.file && strcmp(a.file, b.file) == 0);
}

static bool same_place(sdag_loc a, sdag_loc b) { return a.line == b.line && a.col == b.col && same_file(a, b); }

static bool before(sdag_loc a, sdag_loc b)
{
    return same_file(a, b) && (a.line < b.line || (a.line == b.line && a.col < b.col));
}

void sdag_reader_error(sdag_reader *r, sdag_loc loc, const char *fmt, ...)
{
    va_list ap;
    r->errors++;
    if (r->found.n > SDAG_READER_ERRORS_MAX) return;
    va_start(ap, fmt);
    const char *text = sdag_arena_vprintf(r->a, fmt, ap);
    va_end(ap);
    for (int i = 0; i < r->found.n; i++)
        if (same_place(r->found.at[i].loc, loc) && strcmp(r->found.at[i].text, text) == 0) return;
    *SDAG_PUSH(r->a, &r->found) = (struct sdag_read_error){loc, text, r->use};
    int at = r->found.n - 1;
    for (; at > 0 && before(loc, r->found.at[at - 1].loc); at--) r->found.at[at] = r->found.at[at - 1];
    r->found.at[at] = (struct sdag_read_error){loc, text, r->use};
}

sdag_status sdag_reader_end(sdag_reader *r)
{
    for (int i = 0; i < r->found.n && i < SDAG_READER_ERRORS_MAX; i++) {
        sdag_log_add(r->log, SDAG_ERROR, r->found.at[i].loc, "%s", r->found.at[i].text);
        for (const sdag_read_use *u = r->found.at[i].use; u; u = u->up)
            sdag_log_add(r->log, SDAG_NOTE, u->loc, u->defined ? "%s is defined here" : "in %s, used here", u->what);
    }
    if (r->found.n > SDAG_READER_ERRORS_MAX)
        sdag_log_add(r->log, SDAG_NOTE, SDAG_NOLOC, "more than %d errors; the others are not shown",
                     SDAG_READER_ERRORS_MAX);
    return r->errors ? SDAG_INVALID : SDAG_OK;
}

void sdag_reader_unknown(sdag_reader *r, sdag_loc loc, const char *what, const char *word, const char *of,
                         const char *(*each)(const void *ctx, int i), const void *ctx)
{
    sdag_str s = {.a = r->a};
    if (r->errors >= ENOUGH) { /* looking for near names takes time */
        r->errors++;
        return;
    }
    const char *near = sdag_nearest(word, each, ctx);
    int n = 0;
    sdag_str_addf(&s, "unknown %s '%.*s'%s", what, SHOWN_MAX * 2, word, of);
    while (n <= FEW && each(ctx, n)) n++;
    if (near) sdag_str_addf(&s, "; did you mean '%s'?", near);
    else if (n > 0 && n <= FEW) {
        for (int i = 0; i < n; i++) sdag_str_addf(&s, "%s%s", i == 0 ? "; known: " : ", ", each(ctx, i));
    }
    sdag_reader_error(r, loc, "%s", s.at);
}

const char *sdag_kind_text(const sdag_spec *v)
{
    bool empty = v->kind == SDAG_SPEC_NULL || (v->kind == SDAG_SPEC_MAP && v->n == 0);
    return empty ? "empty" : v->kind == SDAG_SPEC_SCALAR ? "one value" : sdag_spec_kind_name(v);
}

/* What stands in the file, for "... is X, expected ...". */
static const char *shown(sdag_reader *r, const sdag_spec *v)
{
    double number;
    if (v->kind != SDAG_SPEC_SCALAR) return sdag_kind_text(v);
    if (v->quoted) return sdag_arena_printf(r->a, "the text \"%.*s\"", SHOWN_MAX, v->text);
    if (sdag_parse_f64(&number, v->text)) return sdag_arena_printf(r->a, "%.*s", SHOWN_MAX, v->text);
    return sdag_arena_printf(r->a, "'%.*s'%s", SHOWN_MAX, v->text, strlen(v->text) > SHOWN_MAX ? "..." : "");
}

static bool refuse(sdag_reader *r, const char *name, const sdag_spec *v, const char *expected)
{
    sdag_reader_error(r, v->loc, "%s is %s, expected %s", name, shown(r, v), expected);
    return false;
}

/* "a number" and its range when the value is none; the range alone, or the bound that was passed, when it is. */
static bool refuse_number(sdag_reader *r, const char *name, const sdag_spec *v, const char *what, double min,
                          double max)
{
    sdag_str s = {.a = r->a}, range = {.a = r->a};
    double given = 0;
    char bound[40];
    sdag_str_add(&range, "");
    sdag_range_text(&range, min, max);
    if (sdag_spec_f64(&given, v) && (given < min || given > max)) {
        if (min > -SDAG_OPEN_BOUND && max < SDAG_OPEN_BOUND) sdag_str_add(&s, range.at);
        else
            sdag_str_addf(&s, "at %s %s", given < min ? "least" : "most",
                          sdag_number_text(bound, given < min ? min : max));
    } else sdag_str_addf(&s, "%s%s%s", what, range.n ? ", " : "", range.at);
    return refuse(r, name, v, s.at);
}

/* ---- one value ---- */

bool sdag_read_bool(sdag_reader *r, const char *name, const sdag_spec *v, bool *out)
{
    return sdag_spec_bool(out, v) ? true : refuse(r, name, v, "true or false");
}

bool sdag_read_int(sdag_reader *r, const char *name, const sdag_spec *v, double min, double max, int64_t *out)
{
    int64_t i;
    if (!sdag_spec_i64(&i, v) || (double)i < min || (double)i > max)
        return refuse_number(r, name, v, "an integer", min, max);
    *out = i;
    return true;
}

bool sdag_read_number(sdag_reader *r, const char *name, const sdag_spec *v, double min, double max, double *out)
{
    double d;
    if (!sdag_spec_f64(&d, v) || d < min || d > max) return refuse_number(r, name, v, "a number", min, max);
    *out = d;
    return true;
}

static const char *choice_name(const void *choices, int i) { return ((const char *const *)choices)[i]; }

bool sdag_read_enum(sdag_reader *r, const char *name, const sdag_spec *v, const char *const *choices, int *out)
{
    const char *text;
    bool is_text = sdag_spec_str(&text, v);
    for (int i = 0; is_text && choices[i]; i++)
        if (strcmp(choices[i], text) == 0) {
            *out = i;
            return true;
        }
    sdag_str s = {.a = r->a};
    const char *near = is_text ? sdag_nearest(text, choice_name, choices) : NULL;
    for (int i = 0; choices[i]; i++)
        sdag_str_addf(&s, "%s%s", i == 0 ? "" : choices[i + 1] ? ", " : " or ", choices[i]);
    if (near) sdag_str_addf(&s, "; did you mean '%s'?", near);
    return refuse(r, name, v, s.at);
}

bool sdag_read_text(sdag_reader *r, const char *name, const sdag_spec *v, const char **out)
{
    const char *text;
    if (!sdag_spec_str(&text, v)) return refuse(r, name, v, "text");
    *out = sdag_arena_str(r->a, text);
    return true;
}

bool sdag_read_path(sdag_reader *r, const char *name, const sdag_spec *v, const char **out)
{
    const char *text;
    if (!sdag_spec_str(&text, v) || !*text) return refuse(r, name, v, "a path");
    *SDAG_PUSH(r->a, &r->paths) = v;
    *out = v->from_set ? sdag_arena_str(r->a, text) : sdag_path_join(r->a, v->dir ? v->dir : r->dir, text);
    return true;
}

/* ---- durations ---- */

bool sdag_parse_duration(sdag_duration *out, const char *text)
{
    static const struct {
        const char *word;
        sdag_unit unit;
    } units[] = {{"steps", SDAG_STEPS}, {"step", SDAG_STEPS}, {"epochs", SDAG_EPOCHS}, {"epoch", SDAG_EPOCHS}};
    char number[32];
    double n;
    size_t digits = strcspn(text, " ");
    const char *word = text + digits + strspn(text + digits, " ");
    if (digits == 0 || digits >= sizeof number || text[digits] != ' ') return false;
    memcpy(number, text, digits);
    number[digits] = 0;
    if (!sdag_parse_f64(&n, number)) return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(word, units[i].word) == 0) {
            *out = (sdag_duration){n, units[i].unit};
            return true;
        }
    return false;
}

bool sdag_read_duration(sdag_reader *r, const char *name, const sdag_spec *v, sdag_duration *out)
{
    double n;
    sdag_duration d;
    if (sdag_spec_f64(&n, v)) /* the commonest slip: answer with what was probably meant */
        return refuse(
            r, name, v,
            sdag_arena_printf(r->a, "a unit: '%.*s epochs' or '%.*s steps'", SHOWN_MAX, v->text, SHOWN_MAX, v->text));
    if (v->kind != SDAG_SPEC_SCALAR || !sdag_parse_duration(&d, v->text))
        return refuse(r, name, v, "a duration such as '2 epochs' or '100 steps'");
    if (d.n < 0 || d.n > 1e12) return refuse(r, name, v, d.n < 0 ? "at least 0" : "at most 1e12");
    if (d.unit == SDAG_STEPS && d.n != floor(d.n)) return refuse(r, name, v, "whole steps");
    *out = d;
    return true;
}
