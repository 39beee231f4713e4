/* ssldag: self-supervised learning from a picture you can read. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cli/cli.h"

static const char *command_name(const void *ctx, int i)
{
    (void)ctx;
    return i < sdag_commands_n ? sdag_commands[i].name : NULL;
}

/* The i-th option that a command takes. */
static const char *option_name(const void *ctx, int i)
{
    for (int k = 0; k < sdag_cli_options_n; k++)
        if (sdag_command_takes(ctx, sdag_cli_options[k].name) && i-- == 0) return sdag_cli_options[k].name;
    return NULL;
}

static void print_options(const sdag_command *c)
{
    for (int i = 0; i < sdag_cli_options_n; i++) {
        if (!sdag_command_takes(c, sdag_cli_options[i].name)) continue;
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", sdag_cli_options[i].name, sdag_cli_options[i].value ? " " : "",
                 sdag_cli_options[i].value ? sdag_cli_options[i].value : "");
        char letter[8] = "   ";
        if (sdag_cli_options[i].letter) snprintf(letter, sizeof letter, "-%c,", sdag_cli_options[i].letter);
        printf("  %s %-18s %s\n", letter, left, sdag_cli_options[i].help);
    }
}

static void usage(const sdag_command *c)
{
    if (c) {
        printf("usage: ssldag %s%s%s [options]\n", c->name, *c->args ? " " : "", c->args);
        if (sdag_command_takes(c, "resume")) printf("       ssldag %s --resume DIR [options]\n", c->name);
        printf("\n%s\n\n", c->brief);
        print_options(c);
        return;
    }
    printf("ssldag: self-supervised learning from a picture you can read\n\nusage: ssldag COMMAND [options]\n\n");
    for (int i = 0; i < sdag_commands_n; i++) {
        char left[40];
        snprintf(left, sizeof left, "%s %s", sdag_commands[i].name, sdag_commands[i].args);
        printf("  %-20s %s\n", left, sdag_commands[i].brief);
    }
    printf("\nssldag COMMAND --help lists a command's options; ssldag --version prints the version.\n"
           "exit codes: 0 done, 1 failed, 2 wrong usage, 3 the graph is invalid, 4 data or I/O, 5 diverged,\n"
           "            75 stopped by a signal after a checkpoint\n");
}

static sdag_status wrong(sdag_cli *c, const char *fmt, const char *word, const char *near)
{
    char text[256];
    snprintf(text, sizeof text, fmt, word);
    if (near) return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "%s; did you mean '%s'?", text, near);
    return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "%s (see ssldag --help)", text);
}

static bool whole_number(int *out, const char *text, int lo, int hi)
{
    int64_t v;
    if (!sdag_parse_i64(&v, text) || v < lo || v > hi) return false;
    *out = (int)v;
    return true;
}

static sdag_status read_set(sdag_cli *c, const char *value)
{
    char *equals = strchr(value, '=');
    if (!equals || equals == value) return wrong(c, "--set takes KEY=VALUE, not '%s'", value, NULL);
    if (c->n_sets == SDAG_CLI_SETS) return wrong(c, "too many --set, at '%s'", value, NULL);
    char *key = sdag_arena_copy(c->arena, value, (size_t)(equals - value));
    c->sets[c->n_sets++] = (sdag_spec_set){key, equals + 1};
    return SDAG_OK;
}

static sdag_status set_option(sdag_cli *c, const sdag_cli_option *o, const char *value)
{
    void *field = (char *)c + o->offset;
    char text[128];
    switch (o->kind) {
    case SDAG_CLI_SET: return read_set(c, value);
    case SDAG_CLI_SWITCH: *(bool *)field = true; return SDAG_OK;
    case SDAG_CLI_TEXT:
        *(const char **)field = value;
        return *value ? SDAG_OK : wrong(c, "--%s needs a value that is not empty", o->name, NULL);
    case SDAG_CLI_NUMBER:
        if (whole_number(field, value, o->lo, o->hi)) return SDAG_OK;
        if (o->hi < 1000) snprintf(text, sizeof text, "--%s takes %d to %d, not '%%s'", o->name, o->lo, o->hi);
        else snprintf(text, sizeof text, "--%s takes a number from %d, not '%%s'", o->name, o->lo);
        return wrong(c, text, value, NULL);
    }
    return SDAG_OK;
}

/* argv[*i] begins with '-': takes it and its value. */
static sdag_status read_option(sdag_cli *c, const sdag_command *cmd, int argc, char **argv, int *i)
{
    const char *arg = argv[*i], *value = NULL;
    const sdag_cli_option *o = NULL;
    char name[40];
    if (arg[1] == '-') {
        size_t n = strcspn(arg + 2, "=");
        snprintf(name, sizeof name, "%.*s", (int)n, arg + 2);
        if (arg[2 + n]) value = arg + 3 + n;
        for (int k = 0; k < sdag_cli_options_n; k++)
            if (!strcmp(sdag_cli_options[k].name, name)) o = &sdag_cli_options[k];
    } else {
        snprintf(name, sizeof name, "%c", arg[1]);
        if (arg[2]) value = arg + 2;
        for (int k = 0; k < sdag_cli_options_n; k++)
            if (sdag_cli_options[k].letter && sdag_cli_options[k].letter == arg[1]) o = &sdag_cli_options[k];
    }
    if (!o) {
        const char *near = arg[1] == '-' ? sdag_nearest(name, option_name, cmd) : NULL;
        return wrong(c, "unknown option '%s'", arg, near ? sdag_arena_printf(c->arena, "--%s", near) : NULL);
    }
    if (!sdag_command_takes(cmd, o->name)) {
        char text[128];
        snprintf(text, sizeof text, "'ssldag %s' has no option --%s", cmd->name, o->name);
        return wrong(c, "%s", text, NULL);
    }
    if (!o->value && value) return wrong(c, "--%s takes no value", o->name, NULL);
    if (o->value && !value) {
        if (*i + 1 >= argc) return wrong(c, "--%s needs a value", o->name, NULL);
        value = argv[++*i];
    }
    return set_option(c, o, value ? value : "");
}

static sdag_status parse(sdag_cli *c, const sdag_command *cmd, int argc, char **argv)
{
    bool only_args = false;
    c->args = SDAG_NEWS(c->arena, const char *, argc);
    for (int i = 2; i < argc; i++) {
        sdag_status status = SDAG_OK;
        if (!only_args && !strcmp(argv[i], "--")) only_args = true;
        else if (!only_args && argv[i][0] == '-' && argv[i][1]) status = read_option(c, cmd, argc, argv, &i);
        else c->args[c->n_args++] = argv[i];
        if (status) return status;
    }
    if (c->help) return SDAG_OK;
    if (c->n_args < cmd->min_args)
        return wrong(c,
                     sdag_arena_printf(c->arena, "'ssldag %%s' needs %s",
                                       strcmp(cmd->args, "graph.yaml") ? cmd->args : "the path of a pipeline"),
                     cmd->name, NULL);
    if (!strcmp(cmd->args, "DIR") && !*c->args[0]) return wrong(c, "the DIR of 'ssldag %s' is empty", cmd->name, NULL);
    if (c->n_args > cmd->max_args) return wrong(c, "one argument too many: '%s'", c->args[cmd->max_args], NULL);
    return SDAG_OK;
}

/* Colours where a person looks; https://no-color.org: NO_COLOR, when it is not empty, means none. */
static sdag_status set_style(sdag_cli *c)
{
    static const char *const whens[] = {"auto", "always", "never"};
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    bool color = isatty(STDERR_FILENO) && !(none && *none) && term && strcmp(term, "dumb");
    int when = 0;
    while (c->color && when < 3 && strcmp(c->color, whens[when])) when++;
    if (when == 3) return wrong(c, "--color takes auto, always or never, not '%s'", c->color, NULL);
    sdag_log_style(c->log, c->verbose, when ? when == 1 : color);
    return SDAG_OK;
}

typedef struct start {
    sdag_cli *cli;
    int argc;
    char **argv;
} start;

static sdag_status dispatch(void *arg)
{
    start *s = arg;
    sdag_cli *c = s->cli;
    if (s->argc < 2) {
        usage(NULL);
        return SDAG_USAGE;
    }
    const char *word = s->argv[1];
    set_style(c);
    if (!strcmp(word, "__complete")) return sdag_cli_complete(c, s->argc - 2, s->argv + 2);
    bool help = !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
    if (help && s->argc == 2) {
        usage(NULL);
        return SDAG_OK;
    }
    if (!strcmp(word, "--version")) return sdag_cli_print(c, "ssldag " SSLDAG_VERSION "\n");
    if (help) word = s->argv[2];
    const sdag_command *cmd = sdag_command_find(word);
    if (help && cmd) {
        usage(cmd);
        return SDAG_OK;
    }
    if (!cmd) return wrong(c, "unknown command '%s'", word, sdag_nearest(word, command_name, NULL));
    c->command = cmd->name;
    sdag_status status = parse(c, cmd, s->argc, s->argv);
    if (!status) status = set_style(c);
    if (status || !c->help) return status ? status : cmd->run(c);
    usage(cmd);
    return SDAG_OK;
}

int sdag_main(int argc, char **argv)
{
    sdag_arena arena;
    signal(SIGXFSZ, SIG_IGN); /* a file that grows too large is an error of the write, as a full disk is */
    sdag_arena_init(&arena);
    sdag_log *log = sdag_log_create(stderr);
    sdag_cli cli = {.arena = &arena, .log = log, .steps = 20, .warmup = 3};
    start s = {&cli, argc, argv};
    sdag_status status = log ? sdag_arena_try(&arena, dispatch, &s) : SDAG_NOMEM;
    if (status == SDAG_NOMEM) fputs("ssldag: error: out of memory\n", stderr);
    sdag_arena_free(&arena);
    sdag_log_destroy(log);
    if (fflush(stdout) && !status) {
        fprintf(stderr, "ssldag: error: standard output: %s\n", strerror(errno));
        status = SDAG_IO;
    }
    return sdag_exit_code(status);
}
