/* The tables of examples/README.md: the pipelines that are there, by family, from their own `name`, `family` and
 * `about` and from examples/results.tsv, where results that were measured stand. SSLDAG_GOLDEN_UPDATE=1 writes the
 * tables anew. Run from the root of the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/str.h"
#include "tests/support/examples.h"

#define README "examples/README.md"
#define RESULTS "examples/results.tsv"
static const char begin[] = "<!-- written by tests/golden/test_gallery.c -->\n",
                  end[] = "<!-- end of what is written -->\n";

enum { NOTES_MAX = 16, TEXT_MAX = 1 << 20 };

static sdag_arena arena, *const a = &arena;
static sdag_log *logs;

/* ---- the pipelines */

typedef struct entry {
    const char *path; /* "simclr/simclr.yaml" */
    const char *name, *family, *about, *data, *command;
    const char *result, *time, *where;
    bool bench; /* there to be timed, not to learn */
} entry;

static const char *text_at(const sdag_spec *map, const char *key, const char *otherwise)
{
    const sdag_spec *s = sdag_spec_get(map, key);
    return s && s->kind == SDAG_SPEC_SCALAR ? s->text : otherwise;
}

/* "../../data/cifar10.tar" -> "cifar10" */
static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *base = sdag_arena_printf(a, "%s", slash ? slash + 1 : path);
    base[strcspn(base, ".")] = 0;
    return base;
}

/* The sources below s, each once, separated by commas. */
static void add_sources(sdag_str *out, const sdag_spec *s)
{
    const char *type = s ? text_at(s, "type", "") : "", *data = NULL;
    for (int i = 0; s && i < s->n; i++) add_sources(out, s->kind == SDAG_SPEC_MAP ? s->entries[i].value : s->items[i]);
    if (strncmp(type, "source.", 7)) return;
    const char *path = text_at(s, "path", NULL);
    data = path ? base_of(path) : !strcmp(type, "source.random") ? "random pixels" : type + 7;
    if (out->n && strstr(out->at, data)) return;
    sdag_str_addf(out, "%s%s", out->n ? ", " : "", data);
}

/* Data outside of examples/ are the user's own: where they are must be said. */
static const char *command_of(const entry *e, const sdag_spec *raw)
{
    const char *data = text_at(sdag_spec_get(raw, "let"), "data", "");
    if (sdag_spec_get(sdag_spec_get(raw, "let"), "photos"))
        return sdag_arena_printf(a, "ssldag run examples/%s --set photos=PATH --set labelled=PATH", e->path);
    if (e->bench) return sdag_arena_printf(a, "ssldag bench examples/%s", e->path);
    return sdag_arena_printf(a, "ssldag run examples/%s%s", e->path,
                             strncmp(data, "../../", 6) ? "" : " --set data=PATH");
}

static const char *below_examples(const char *path)
{
    static const char folder[] = "examples/";
    for (const char *at; (at = strstr(path, folder));) path = at + strlen(folder);
    return path;
}

static void read_entry(entry *e, const char *path)
{
    const sdag_spec *raw, *spec = example_spec(&raw, a, logs, path, NULL, 0);
    sdag_str data = {.a = a};
    if (!spec) fail_msg("%s cannot be read", path);
    sdag_str_add(&data, "");
    add_sources(&data, sdag_spec_get(spec, "phases"));
    *e = (entry){.path = below_examples(path), .data = data.at, .result = "", .time = "", .where = ""};
    e->name = text_at(spec, "name", e->path);
    e->family = text_at(spec, "family", "");
    e->about = text_at(spec, "about", "");
    e->bench = !strcmp(e->data, "random pixels");
    e->command = command_of(e, raw);
}

/* By folder; in a folder, the file that is called like it first. */
static int by_place(const void *x_, const void *y_)
{
    const entry *x = x_, *y = y_;
    const size_t n = strcspn(x->path, "/");
    if (!strncmp(x->path, y->path, n + 1)) {
        const bool first = !strncmp(x->path + n + 1, x->path, n), other = !strncmp(y->path + n + 1, y->path, n);
        if (first != other) return first ? -1 : 1;
    }
    return strcmp(x->path, y->path);
}

/* ---- what was measured: path, result, time, where; a line each, tabs between */

static void read_results(entry *list, int n)
{
    char *text, *next;
    size_t len;
    assert_int_equal(sdag_file_read(&text, &len, a, logs, SDAG_NOLOC, RESULTS, TEXT_MAX), SDAG_OK);
    assert_int_equal(strncmp(text, "pipeline\tresult\ttime\twhere\n", 27), 0);
    for (char *line = text + 27; *line; line = next) {
        char *column[4] = {line};
        next = line + strcspn(line, "\n");
        if (*next) *next++ = 0;
        for (int k = 1; k < 4; k++) {
            char *tab = strchr(column[k - 1], '\t');
            if (!tab) fail_msg(RESULTS ": '%s' has fewer than four columns", line);
            *tab = 0;
            column[k] = tab + 1;
        }
        int i = 0;
        while (i < n && strcmp(list[i].path, column[0])) i++;
        if (i == n) fail_msg(RESULTS ": there is no examples/%s", column[0]);
        list[i].result = column[1];
        list[i].time = column[2];
        list[i].where = column[3];
    }
}

/* ---- the tables */

static const char *const families[][3] = {
    {"generative", "Generative", "What was taken away from a sample, or what comes next, is made."},
    {"contrastive", "Contrastive", "Views of one sample are told apart from other samples."},
    {"non-contrastive", "Non-contrastive",
     "Views of one sample agree, and something other than negatives keeps the encoder from giving the same for all."},
    {"pretext", "Pretext", "The label comes from the data themselves."},
    {"", "The whole way", "From data without labels to predictions."},
    {"bench", "Benchmarks", "What `ssldag bench` times."},
};
enum { FAMILIES = sizeof families / sizeof *families };

/* A text in a cell of a table. */
static void add_cell(sdag_str *s, const char *text)
{
    sdag_str_add(s, " ");
    for (; *text; text++) {
        if (*text == '|') sdag_str_add(s, "\\");
        sdag_str_addn(s, text, 1);
    }
    sdag_str_add(s, " |");
}

static int note_of(const char **notes, int *n, const char *where)
{
    int i = 0;
    while (i < *n && strcmp(notes[i], where)) i++;
    assert_true(i < NOTES_MAX);
    if (i == *n) notes[(*n)++] = where;
    return i + 1;
}

static void add_row(sdag_str *s, const entry *e, const char **notes, int *n_notes)
{
    const int folder = (int)strcspn(e->path, "/"), stem = (int)(strlen(e->path) - strlen(".yaml"));
    const char *picture = sdag_arena_printf(a, "%.*s.svg", stem, e->path);
    const char *page = sdag_arena_printf(a, "%.*s/README.md", folder, e->path);
    const bool has_picture = !access(sdag_arena_printf(a, "examples/%s", picture), R_OK);
    const bool has_page = !access(sdag_arena_printf(a, "examples/%s", page), R_OK);
    sdag_str_add(s, "|");
    add_cell(s, sdag_arena_printf(a, "[%s](%s)%s", e->name, has_page ? page : e->path,
                                  has_picture ? sdag_arena_printf(a, " ([picture](%s))", picture) : ""));
    add_cell(s, e->about);
    add_cell(s, e->data);
    add_cell(s, e->result);
    add_cell(s, *e->where ? sdag_arena_printf(a, "%s [%d]", e->time, note_of(notes, n_notes, e->where)) : e->time);
    add_cell(s, sdag_arena_printf(a, "`%s`", e->command));
    sdag_str_add(s, "\n");
}

static int family_of(const entry *e)
{
    if (e->bench) return FAMILIES - 1;
    for (int f = 0; f < FAMILIES; f++)
        if (!strcmp(families[f][0], e->family)) return f;
    fail_msg("examples/%s: family '%s' has no table", e->path, e->family);
    return -1;
}

static const char *tables(const entry *list, int n)
{
    const char *notes[NOTES_MAX];
    int n_notes = 0;
    sdag_str s = {.a = a};
    for (int f = 0; f < FAMILIES; f++) {
        int rows = 0;
        for (int i = 0; i < n; i++) {
            if (family_of(&list[i]) != f) continue;
            if (!rows++)
                sdag_str_addf(&s, "\n### %s\n\n%s\n\n%s\n%s\n", families[f][1], families[f][2],
                              "| pipeline | what | data | result | time on 2 cores | command |",
                              "|---|---|---|---|---|---|");
            add_row(&s, &list[i], notes, &n_notes);
        }
    }
    for (int i = 0; i < n_notes; i++) sdag_str_addf(&s, "%s[%d] %s\n", i ? "" : "\n", i + 1, notes[i]);
    sdag_str_add(&s, "\n");
    return s.at;
}

/* ---- the page */

static void write_page(const char *text)
{
    sdag_outfile o;
    assert_int_equal(sdag_out_open(&o, logs, README), SDAG_OK);
    sdag_out_write(&o, text, strlen(text));
    assert_int_equal(sdag_out_commit(&o, logs), SDAG_OK);
}

static void test_gallery(void **state)
{
    (void)state;
    const example *all;
    const int n = examples(&all);
    entry *list = SDAG_NEWS(a, entry, n);
    for (int i = 0; i < n; i++) read_entry(&list[i], all[i].path);
    qsort(list, (size_t)n, sizeof *list, by_place);
    read_results(list, n);
    char *page;
    size_t len;
    assert_int_equal(sdag_file_read(&page, &len, a, logs, SDAG_NOLOC, README, TEXT_MAX), SDAG_OK);
    const char *from = strstr(page, begin), *to = from ? strstr(from, end) : NULL;
    if (!to) fail_msg(README " has lost the lines between which the tables stand:\n%s%s", begin, end);
    from += strlen(begin);
    const char *want = sdag_arena_printf(a, "%.*s%s%s", (int)(from - page), page, tables(list, n), to);
    if (getenv("SSLDAG_GOLDEN_UPDATE")) write_page(want);
    else if (strcmp(want, page))
        fail_msg(README " is stale: SSLDAG_GOLDEN_UPDATE=1 build/tests/golden-test_gallery writes its tables anew");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gallery)};
    sdag_arena_init(a);
    logs = sdag_log_create(stderr);
    const int failed = logs ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    sdag_log_destroy(logs);
    sdag_arena_free(a);
    return failed;
}
