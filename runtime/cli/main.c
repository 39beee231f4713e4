/* ssldag: self-supervised learning from a picture you can read. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cli/cli.h"

static const sdag_command commands[] = {
    {"run", "graph.yaml", "train, evaluate and predict: everything the file says",
     "set threads out resume quiet no-progress", 0, 1, sdag_cli_run},
    {"check", "graph.yaml", "everything but the computing: all errors at once; opens no data", "set quiet", 1, 1,
     sdag_cli_check},
    {"viz", "graph.yaml", "draw the pipeline", "set output format phase level", 1, 1, sdag_cli_viz},
    {"inspect", "[TYPE]", "the node types: ports, options, defaults, an example", "", 0, 1, sdag_cli_inspect},
    {"dump", "graph.yaml", "print one stage of the compiler", "set stage phase", 1, 1, sdag_cli_dump},
    {"bench", "graph.yaml", "time the steps of a phase", "set threads phase steps warmup json", 1, 1, sdag_cli_bench},
    {"schema", "", "JSON Schema of the language, for editors", "", 0, 0, sdag_cli_schema},
};

typedef struct option {
    const char *name, *value, *help; /* value NULL: a switch */
    char letter;
} option;

static const option options[] = {
    {"set", "KEY=VALUE", "change one value of the file: --set epochs=5; may be repeated", 's'},
    {"threads", "N", "worker threads; default: the CPUs that may be used", 't'},
    {"out", "DIR", "where the run writes; default: runs/NAME/TIME", 0},
    {"resume", "DIR", "continue the run in DIR from its last checkpoint", 0},
    {"stage", "S", "spec, graph, ops, train, plan or schedule", 0},
    {"phase", "NAME", "one phase of the file", 'p'},
    {"format", "F", "svg, png, dot, pdf or mermaid; default: by the name of the output", 'f'},
    {"level", "L", "nodes, shapes (nodes and the sizes on their wires) or ops; default: nodes", 0},
    {"output", "FILE", "write here instead of standard output", 'o'},
    {"steps", "N", "steps that are timed; default 20", 'n'},
    {"warmup", "N", "steps before them; default 3", 0},
    {"json", NULL, "one JSON object", 0},
    {"quiet", NULL, "messages only when something is wrong", 'q'},
    {"no-progress", NULL, "no bar, even on a terminal", 0},
    {"help", NULL, "this text", 'h'},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands, N_OPTIONS = sizeof options / sizeof *options };

static const char *command_name(const void *ctx, int i)
{
    (void)ctx;
    return i < N_COMMANDS ? commands[i].name : NULL;
}

static bool takes(const sdag_command *c, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = c->options; (at = strstr(at, name)); at += n)
        if ((at == c->options || at[-1] == ' ') && (at[n] == ' ' || !at[n])) return true;
    return !strcmp(name, "help");
}

/* The i-th option that a command takes. */
static const char *option_name(const void *ctx, int i)
{
    for (int k = 0; k < N_OPTIONS; k++)
        if (takes(ctx, options[k].name) && i-- == 0) return options[k].name;
    return NULL;
}

static void print_options(const sdag_command *c)
{
    for (int i = 0; i < N_OPTIONS; i++) {
        if (!takes(c, options[i].name)) continue;
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", options[i].name, options[i].value ? " " : "",
                 options[i].value ? options[i].value : "");
        char letter[8] = "   ";
        if (options[i].letter) snprintf(letter, sizeof letter, "-%c,", options[i].letter);
        printf("  %s %-18s %s\n", letter, left, options[i].help);
    }
}

static void usage(const sdag_command *c)
{
    if (c) {
        printf("usage: ssldag %s%s%s [options]\n", c->name, *c->args ? " " : "", c->args);
        if (takes(c, "resume")) printf("       ssldag %s --resume DIR [options]\n", c->name);
        printf("\n%s\n\n", c->brief);
        print_options(c);
        return;
    }
    printf("ssldag: self-supervised learning from a picture you can read\n\nusage: ssldag COMMAND [options]\n\n");
    for (int i = 0; i < N_COMMANDS; i++) {
        char left[40];
        snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].args);
        printf("  %-20s %s\n", left, commands[i].brief);
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

static sdag_status set_option(sdag_cli *c, const char *name, const char *value)
{
    static const struct {
        const char *name;
        size_t offset;
    } texts[] = {{"out", offsetof(sdag_cli, out)},       {"resume", offsetof(sdag_cli, resume)},
                 {"stage", offsetof(sdag_cli, stage)},   {"phase", offsetof(sdag_cli, phase)},
                 {"format", offsetof(sdag_cli, format)}, {"level", offsetof(sdag_cli, level)},
                 {"output", offsetof(sdag_cli, output)}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(name, texts[i].name)) {
            *(const char **)((char *)c + texts[i].offset) = value;
            return *value ? SDAG_OK : wrong(c, "--%s needs a value that is not empty", name, NULL);
        }
    if (!strcmp(name, "json")) c->json = true;
    else if (!strcmp(name, "quiet")) c->quiet = true;
    else if (!strcmp(name, "help")) c->help = true;
    else if (!strcmp(name, "no-progress")) c->no_progress = true;
    else if (!strcmp(name, "threads")) {
        if (!whole_number(&c->threads, value, 1, SDAG_SLOTS_MAX - 1))
            return wrong(c, "--threads takes 1 to 255, not '%s'", value, NULL);
    } else if (!strcmp(name, "steps")) {
        if (!whole_number(&c->steps, value, 1, 1000000))
            return wrong(c, "--steps takes a number from 1, not '%s'", value, NULL);
    } else if (!strcmp(name, "warmup")) {
        if (!whole_number(&c->warmup, value, 0, 1000000))
            return wrong(c, "--warmup takes a number from 0, not '%s'", value, NULL);
    } else {
        char *equals = strchr(value, '=');
        if (!equals || equals == value) return wrong(c, "--set takes KEY=VALUE, not '%s'", value, NULL);
        if (c->n_sets == SDAG_CLI_SETS) return wrong(c, "too many --set, at '%s'", value, NULL);
        char *key = sdag_arena_copy(c->arena, value, (size_t)(equals - value));
        c->sets[c->n_sets++] = (sdag_spec_set){key, equals + 1};
    }
    return SDAG_OK;
}

/* argv[*i] begins with '-': takes it and its value. */
static sdag_status read_option(sdag_cli *c, const sdag_command *cmd, int argc, char **argv, int *i)
{
    const char *arg = argv[*i], *value = NULL;
    const option *o = NULL;
    char name[40];
    if (arg[1] == '-') {
        size_t n = strcspn(arg + 2, "=");
        snprintf(name, sizeof name, "%.*s", (int)n, arg + 2);
        if (arg[2 + n]) value = arg + 3 + n;
        for (int k = 0; k < N_OPTIONS; k++)
            if (!strcmp(options[k].name, name)) o = &options[k];
    } else {
        snprintf(name, sizeof name, "%c", arg[1]);
        if (arg[2]) value = arg + 2;
        for (int k = 0; k < N_OPTIONS; k++)
            if (options[k].letter && options[k].letter == arg[1]) o = &options[k];
    }
    if (!o) {
        const char *near = arg[1] == '-' ? sdag_nearest(name, option_name, cmd) : NULL;
        return wrong(c, "unknown option '%s'", arg, near ? sdag_arena_printf(c->arena, "--%s", near) : NULL);
    }
    if (!takes(cmd, o->name)) {
        char text[128];
        snprintf(text, sizeof text, "'ssldag %s' has no option --%s", cmd->name, o->name);
        return wrong(c, "%s", text, NULL);
    }
    if (!o->value && value) return wrong(c, "--%s takes no value", o->name, NULL);
    if (o->value && !value) {
        if (*i + 1 >= argc) return wrong(c, "--%s needs a value", o->name, NULL);
        value = argv[++*i];
    }
    return set_option(c, o->name, value ? value : "");
}

static sdag_status parse(sdag_cli *c, const sdag_command *cmd, int argc, char **argv)
{
    bool only_args = false;
    for (int i = 2; i < argc; i++) {
        sdag_status status = SDAG_OK;
        if (!only_args && !strcmp(argv[i], "--")) only_args = true;
        else if (!only_args && argv[i][0] == '-' && argv[i][1]) status = read_option(c, cmd, argc, argv, &i);
        else if (c->n_args == 4) status = wrong(c, "too many arguments, at '%s'", argv[i], NULL);
        else c->args[c->n_args++] = argv[i];
        if (status) return status;
    }
    if (c->help) return SDAG_OK;
    if (c->n_args < cmd->min_args) return wrong(c, "'ssldag %s' needs the path of a pipeline", cmd->name, NULL);
    if (c->n_args > cmd->max_args) return wrong(c, "one argument too many: '%s'", c->args[cmd->max_args], NULL);
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
    bool help = !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
    if (help && s->argc == 2) {
        usage(NULL);
        return SDAG_OK;
    }
    if (!strcmp(word, "--version")) return sdag_cli_print(c, "ssldag " SSLDAG_VERSION "\n");
    if (help) word = s->argv[2];
    const sdag_command *cmd = NULL;
    for (int i = 0; i < N_COMMANDS; i++)
        if (!strcmp(commands[i].name, word)) cmd = &commands[i];
    if (help && cmd) {
        usage(cmd);
        return SDAG_OK;
    }
    if (!cmd) return wrong(c, "unknown command '%s'", word, sdag_nearest(word, command_name, NULL));
    c->command = cmd->name;
    sdag_status status = parse(c, cmd, s->argc, s->argv);
    if (status || !c->help) return status ? status : cmd->run(c);
    usage(cmd);
    return SDAG_OK;
}

int main(int argc, char **argv)
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
