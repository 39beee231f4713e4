/* ssldag man: the manual pages, from the tables of commands, options and node types, and from pages.c. One page a
 * command, ssldag(1), and ssldag-graph(5) for the language. In the macros of man(7). */
#include <string.h>

#include "core/base/file.h"
#include "runtime/cli/cli.h"

/* Text as roff: backslashes, dashes that are dashes, and no line that begins as a request. */
static void put(sdag_str *s, const char *text)
{
    bool start = s->n == 0 || s->at[s->n - 1] == '\n';
    for (const char *p = text; *p; p++) {
        if (start && (*p == '.' || *p == '\'')) sdag_str_add(s, "\\&");
        if (*p == '\\') sdag_str_add(s, "\\e");
        else if (*p == '-') sdag_str_add(s, "\\-");
        else sdag_str_addn(s, p, 1);
        start = *p == '\n';
    }
}

static void line(sdag_str *s, const char *macro, const char *text)
{
    sdag_str_addf(s, "%s ", macro);
    put(s, text);
    sdag_str_add(s, "\n");
}

static const char page_date[] = "2026-11-26"; /* of this version: the same tables give the same bytes */

static void head(sdag_str *s, const char *title, int section, const char *name, const char *brief)
{
    char upper[64];
    size_t n = 0;
    for (; title[n] && n + 1 < sizeof upper; n++)
        upper[n] = title[n] >= 'a' && title[n] <= 'z' ? title[n] - 32 : title[n];
    upper[n] = 0;
    sdag_str_addf(s, ".TH %s %d %s \"ssldag " SSLDAG_VERSION "\" \"ssldag\"\n.SH NAME\n", upper, section, page_date);
    put(s, name);
    sdag_str_add(s, " \\- ");
    put(s, brief);
    sdag_str_add(s, "\n");
}

/* Paragraphs parted by empty lines. */
static void paragraphs(sdag_str *s, const char *text)
{
    while (text && *text) {
        const char *end = strstr(text, "\n\n");
        size_t n = end ? (size_t)(end - text) : strlen(text);
        put(s, sdag_arena_copy(s->a, text, n));
        sdag_str_add(s, end ? "\n.PP\n" : "\n");
        text += n + (end ? 2 : 0);
    }
}

/* "command # what it does", a line each. */
static void examples(sdag_str *s, const char *text)
{
    if (text) sdag_str_add(s, ".SH EXAMPLES\n");
    while (text && *text) {
        size_t n = strcspn(text, "\n");
        const char *one = sdag_arena_copy(s->a, text, n), *about = strstr(one, " # ");
        sdag_str_add(s, ".TP\n.B ");
        put(s, about ? sdag_arena_copy(s->a, one, (size_t)(about - one)) : one);
        sdag_str_add(s, "\n");
        put(s, about ? about + 3 : "");
        sdag_str_add(s, "\n");
        text += n + (text[n] == '\n');
    }
}

static void options(sdag_str *s, const sdag_command *c)
{
    sdag_str_add(s, ".SH OPTIONS\n");
    for (int i = 0; i < sdag_cli_options_n; i++) {
        const sdag_cli_option *o = &sdag_cli_options[i];
        if (!sdag_command_takes(c, o->name)) continue;
        sdag_str_add(s, ".TP\n");
        if (o->letter) sdag_str_addf(s, ".BR \\-%c \", \" \\-\\-", o->letter);
        else sdag_str_add(s, ".B \\-\\-");
        put(s, o->name);
        if (o->value && o->letter) sdag_str_addf(s, " \" \\fI%s\\fR\"", o->value);
        else if (o->value) sdag_str_addf(s, " \\fI%s\\fR", o->value);
        sdag_str_add(s, "\n");
        put(s, o->help);
        sdag_str_add(s, ".\n");
    }
}

static void exit_status(sdag_str *s)
{
    static const struct {
        int code;
        const char *what;
    } codes[] = {{0, "done"},
                 {1, "the run failed"},
                 {2, "the command was typed wrongly"},
                 {3, "the graph is invalid"},
                 {4, "data or input and output"},
                 {5, "a number was not finite; the message names the node and its line"},
                 {75, "stopped by a signal, after a checkpoint"}};
    sdag_str_add(s, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        sdag_str_addf(s, ".TP\n.B %d\n%s\n", codes[i].code, codes[i].what);
}

static const sdag_cli_page *page_of(const char *name)
{
    const sdag_cli_page *page = sdag_cli_pages;
    while (page->command && strcmp(page->command, name)) page++;
    return page;
}

static void command_page(sdag_str *s, const sdag_command *c)
{
    const sdag_cli_page *page = page_of(c->name);
    const char *name = sdag_arena_printf(s->a, "ssldag-%s", c->name);
    head(s, name, 1, name, c->brief);
    sdag_str_add(s, ".SH SYNOPSIS\n.B ssldag ");
    put(s, c->name);
    sdag_str_add(s, "\n");
    if (*c->args) line(s, ".I", c->args);
    sdag_str_add(s, "[options]\n");
    if (page->about) sdag_str_add(s, ".SH DESCRIPTION\n");
    paragraphs(s, page->about);
    options(s, c);
    examples(s, page->examples);
    exit_status(s);
    sdag_str_add(s, ".SH SEE ALSO\n.BR ssldag (1),\n.BR ssldag\\-graph (5)\n");
}

static void main_page(sdag_str *s)
{
    head(s, "SSLDAG", 1, "ssldag", "self-supervised learning from a picture you can read");
    sdag_str_add(s, ".SH SYNOPSIS\n.B ssldag\n.I command\n[options]\n.SH DESCRIPTION\n");
    paragraphs(s, page_of("ssldag")->about);
    sdag_str_add(s, ".SH COMMANDS\n");
    for (int i = 0; i < sdag_commands_n; i++) {
        sdag_str_add(s, ".TP\n.BR ssldag\\-");
        put(s, sdag_commands[i].name);
        sdag_str_add(s, " (1)\n");
        put(s, sdag_commands[i].brief);
        sdag_str_add(s, "\n");
    }
    examples(s, page_of("ssldag")->examples);
    sdag_str_add(s, ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\n");
    put(s, "When it is set and not empty, messages have no colours. Nothing in the environment changes a result.");
    sdag_str_add(s, "\n");
    exit_status(s);
    sdag_str_add(s, ".SH SEE ALSO\n.BR ssldag\\-graph (5),\n.BR dot (1)\n");
}

static void graph_page(sdag_cli *c, sdag_str *s)
{
    sdag_catalog catalog = sdag_cli_catalog(c);
    head(s, "SSLDAG-GRAPH", 5, "ssldag-graph", "the language of pipelines");
    sdag_str_add(s, ".SH DESCRIPTION\n");
    paragraphs(s, page_of("ssldag-graph")->about);
    sdag_str_add(s, ".SH NODE TYPES\n");
    for (int r = 0; r < SDAG_ROLE_COUNT; r++) {
        bool any = false;
        for (int i = 0; i < catalog.n; i++) {
            if ((int)catalog.types[i]->role != r) continue;
            if (!any) line(s, ".SS", sdag_role_name((sdag_role)r));
            any = true;
            sdag_str_add(s, ".TP\n");
            line(s, ".B", catalog.types[i]->name);
            put(s, catalog.types[i]->brief);
            sdag_str_add(s, "\n");
        }
    }
    sdag_str_add(s, ".SH SEE ALSO\n.BR ssldag (1),\n.BR ssldag\\-inspect (1)\n");
}

static sdag_status write_page(sdag_cli *c, const sdag_str *s, const char *name)
{
    return sdag_cli_write(c, sdag_path_join(c->arena, c->args[0], name), s->at, s->n);
}

sdag_status sdag_cli_man(sdag_cli *c)
{
    sdag_status status = sdag_make_dirs(c->log, SDAG_NOLOC, c->args[0]);
    sdag_str s = {.a = c->arena}, g = {.a = c->arena};
    main_page(&s);
    graph_page(c, &g);
    if (!status) status = write_page(c, &s, "ssldag.1");
    if (!status) status = write_page(c, &g, "ssldag-graph.5");
    for (int i = 0; i < sdag_commands_n && !status; i++) {
        sdag_str one = {.a = c->arena};
        command_page(&one, &sdag_commands[i]);
        status = write_page(c, &one, sdag_arena_printf(c->arena, "ssldag-%s.1", sdag_commands[i].name));
    }
    return status;
}
