/* Completions, worked out by the program itself: commands, options, node types, and the phases and keys of the file
 * that stands on the line. The scripts of the shells only ask. Whatever is wrong with that file, nothing is said. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/file.h"
#include "graphs/graph/words.h"
#include "runtime/cli/cli.h"

typedef struct completing {
    sdag_cli *c;
    const char *prefix; /* what has been typed of the last word */
    const char *file;   /* the pipeline on the line, NULL */
} completing;

static void offer(const completing *x, const char *text, const char *about)
{
    if (strncmp(text, x->prefix, strlen(x->prefix))) return;
    printf("%s", text);
    if (about && *about) printf("\t%.100s", about);
    putchar('\n');
}

static void offer_words(const completing *x, const char *words)
{
    while (*words) {
        size_t n = strcspn(words, " |");
        offer(x, sdag_arena_copy(x->c->arena, words, n), NULL);
        words += n;
        words += strspn(words, " |");
    }
}

static void offer_types(const completing *x, const char *more)
{
    sdag_catalog catalog = sdag_cli_catalog(x->c);
    for (int i = 0; i < catalog.n; i++) offer(x, catalog.types[i]->name, catalog.types[i]->brief);
    if (more) offer_words(x, more);
}

/* ---- the pipeline on the line ---- */

static const sdag_spec *spec_of(const completing *x)
{
    char *text;
    size_t len;
    const sdag_spec *spec = NULL;
    if (!x->file) return NULL;
    sdag_status status =
        sdag_file_read(&text, &len, x->c->arena, x->c->log, SDAG_NOLOC, x->file, SDAG_SPEC_TEXT_MAX + 1);
    if (!status) status = sdag_spec_parse(&spec, x->c->arena, x->c->log, x->file, text, len);
    return status ? NULL : spec;
}

static const sdag_graph *graph_of(const completing *x)
{
    sdag_graph *g;
    return x->file && !sdag_cli_load(&g, NULL, x->c, x->file) ? g : NULL;
}

static void offer_phases(const completing *x)
{
    const sdag_spec *spec = spec_of(x), *phases = spec ? sdag_spec_get(spec, "phases") : NULL;
    for (int i = 0; phases && phases->kind == SDAG_SPEC_MAP && i < phases->n; i++)
        offer(x, phases->entries[i].key, NULL);
}

static void offer_let(const completing *x, const char *after)
{
    const sdag_spec *spec = spec_of(x), *let = spec ? sdag_spec_get(spec, "let") : NULL;
    for (int i = 0; let && let->kind == SDAG_SPEC_MAP && i < let->n; i++)
        offer(x, sdag_arena_printf(x->c->arena, "%s%s", let->entries[i].key, after), "a named value of the file");
}

/* The names of let:, the keys of phases and the options of their nodes. */
static void offer_keys(const completing *x, const char *after)
{
    offer_let(x, after);
    offer(x, sdag_arena_printf(x->c->arena, "seed%s", after), "names every random number");
    const sdag_graph *g = graph_of(x);
    for (int i = 0; g && i < g->n_phases; i++)
        if (g->phases[i].length.n >= 0)
            offer(x,
                  sdag_arena_printf(x->c->arena, "%s.%s%s", g->phases[i].name,
                                    g->phases[i].length.unit == SDAG_EPOCHS ? "epochs" : "steps", after),
                  "how long the phase is");
    for (int i = 0; g && i < g->n_nodes; i++) {
        const sdag_gnode *n = &g->nodes[i];
        for (const sdag_opt *o = n->use < 0 ? n->type->opts : NULL; o && o->name; o++)
            offer(x,
                  sdag_arena_printf(x->c->arena, "%s.%s.%s%s", g->phases[n->phase].name, n->name, sdag_opt_name(o),
                                    after),
                  o->help);
    }
}

static void offer_nodes(const completing *x)
{
    const sdag_graph *g = graph_of(x);
    for (int i = 0; g && i < g->n_nodes; i++)
        offer(x, sdag_arena_printf(x->c->arena, "%s.%s", g->phases[g->nodes[i].phase].name, g->nodes[i].name),
              g->nodes[i].type->brief);
}

/* ---- what an option or an argument takes ---- */

static const struct {
    const char *option, *words; /* words, or a rule after ':' */
} values[] = {
    {"set", ":set"},
    {"threads", ""},
    {"out", ":dirs"},
    {"resume", ":dirs"},
    {"stage", "spec graph ops train plan schedule"},
    {"phase", ":phase"},
    {"format", "svg png pdf dot mermaid"},
    {"level", "nodes shapes ops"},
    {"output", ":files"},
    {"steps", ""},
    {"warmup", ""},
    {"color", "auto always never"},
    {"show", "shapes time bytes"},
    {"run", ":dirs"},
    {"node", ":node"},
    {"collapse", "all"},
    {"expand", "all"},
    {"map", "workflow methods contrastive pretext"},
    {"csv", ":files"},
    {"plugin-path", ":dirs"},
    {"plugins", ":files so"},
    {"embedding", "pca tsne"},
};

static void offer_rule(const completing *x, const char *rule)
{
    if (!strcmp(rule, ":set")) offer_keys(x, "=");
    else if (!strcmp(rule, ":key")) offer_keys(x, "");
    else if (!strcmp(rule, ":phase")) offer_phases(x);
    else if (!strcmp(rule, ":node")) offer_nodes(x);
    else if (!strcmp(rule, ":type")) offer_types(x, NULL);
    else if (*rule == ':') puts(rule);
    else offer_words(x, rule);
}

const char *sdag_cli_values(const char *option)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (!strcmp(values[i].option, option)) return values[i].words;
    return NULL;
}

static void offer_value(const completing *x, const char *option)
{
    const char *rule = sdag_cli_values(option);
    if (rule) offer_rule(x, rule);
}

/* The argument that stands at place i of "graph.yaml KEY", "RUN...", "bash|zsh|fish". */
static void offer_argument(const completing *x, const sdag_command *cmd, int i)
{
    static const struct {
        const char *word, *rule;
    } rules[] = {{"graph.yaml", ":files yaml"}, {"TYPE", ":type"}, {"KEY", ":key"},
                 {"PLUGIN", ":files so"},       {"RUN", ":dirs"},  {"DIR", ":dirs"}};
    const char *at = cmd->args;
    for (int k = 0; k < i && strchr(at, ' '); k++) at = strchr(at, ' ') + 1;
    if (i >= cmd->max_args) return;
    size_t n = strcspn(at, " ");
    for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) {
        const char *found = strstr(at, rules[k].word);
        if (found && (size_t)(found - at) < n) {
            offer_rule(x, rules[k].rule);
            return;
        }
    }
    if (memchr(at, '|', n)) offer_words(x, sdag_arena_copy(x->c->arena, at, n));
    else puts(":files");
}

static const sdag_cli_option *option_of(const sdag_command *cmd, const char *word)
{
    size_t n = strcspn(word + 2, "=");
    for (int i = 0; i < sdag_cli_options_n && word[0] == '-'; i++) {
        const sdag_cli_option *o = &sdag_cli_options[i];
        bool same = word[1] == '-' ? strlen(o->name) == n && !strncmp(o->name, word + 2, n)
                                   : word[1] && word[1] == o->letter && !word[2];
        if (same && sdag_command_takes(cmd, o->name)) return o;
    }
    return NULL;
}

static void offer_options(const completing *x, const sdag_command *cmd)
{
    for (int i = 0; i < sdag_cli_options_n; i++)
        if (sdag_command_takes(cmd, sdag_cli_options[i].name))
            offer(x, sdag_arena_printf(x->c->arena, "--%s", sdag_cli_options[i].name), sdag_cli_options[i].help);
}

/* words[0] is the command, words[n - 1] what is being typed; a shell may have cut "--set a=b" at its '='. */
static void complete_command(completing *x, const sdag_command *cmd, int n, char **words)
{
    const sdag_cli_option *waits = NULL; /* an option that wants a value */
    int n_args = 0;
    struct stat st;
    for (int i = 1; i < n - 1; i++) {
        if (!strcmp(words[i], "=") && waits) continue;
        if (waits) {
            waits = NULL;
            continue;
        }
        const sdag_cli_option *o = option_of(cmd, words[i]);
        if (o) waits = o->value && !strchr(words[i], '=') ? o : NULL;
        else if (words[i][0] != '-') {
            size_t len = strlen(words[i]);
            const bool yaml = len > 5 && !strcmp(words[i] + len - 5, ".yaml");
            if (yaml && !stat(words[i], &st) && S_ISREG(st.st_mode))
                x->file = words[i]; /* a pipe would be waited for */
            n_args++;
        }
    }
    const char *equals = x->prefix[0] == '-' && x->prefix[1] == '-' ? strchr(x->prefix, '=') : NULL;
    const sdag_cli_option *o = equals ? option_of(cmd, x->prefix) : NULL;
    if (!strcmp(x->prefix, "=") && waits) x->prefix = "";
    if (waits) offer_value(x, waits->name);
    else if (o && o->value) {
        x->prefix = equals + 1;
        offer_value(x, o->name);
    } else if (x->prefix[0] == '-') offer_options(x, cmd);
    else offer_argument(x, cmd, n_args);
}

sdag_status sdag_cli_complete(sdag_cli *c, int n, char **words)
{
    completing x = {.c = c, .prefix = n ? words[n - 1] : ""};
    sdag_log_quiet(c->log, true);
    c->no_plugins = true; /* a press of a key runs nobody's code */
    const sdag_command *cmd = n > 1 ? sdag_command_find(words[0]) : NULL;
    if (n <= 1) {
        for (int i = 0; i < sdag_commands_n; i++) offer(&x, sdag_commands[i].name, sdag_commands[i].brief);
        offer(&x, "help", "what a command does");
        offer(&x, "--version", NULL);
    } else if (!strcmp(words[0], "help") && n == 2) {
        for (int i = 0; i < sdag_commands_n; i++) offer(&x, sdag_commands[i].name, sdag_commands[i].brief);
    } else if (cmd) complete_command(&x, cmd, n, words);
    return SDAG_OK;
}
