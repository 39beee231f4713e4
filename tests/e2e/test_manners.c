/* Everyday manners of the command line: completions, manual pages, colours, quiet and verbose, JSON, doctor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <limits.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/cli/cli.h"
#include "tests/support/child.h"
#include "tests/support/temp.h"

static child c;

static const char pipeline[] = "version: 1\n"
                               "let: {width: 8}\n"
                               "phases:\n"
                               "  teach:\n"
                               "    epochs: 1\n"
                               "    nodes:\n"
                               "      digits: {type: source.digits, batch: 50}\n"
                               "      encoder: {type: encoder.mlp, in: digits, widths: [$width]}\n"
                               "      head: {type: head.classifier, in: encoder, classes: 10}\n"
                               "      loss: {type: loss.cross_entropy, in: {logits: head, target: digits.label}}\n"
                               "      optimizer: {type: optimizer.adamw, in: loss, lr: 1e-3}\n";
static const char wrong[] = "version: 1\nphases:\n  a:\n    nodes:\n      x: {type: source.digits, batch: -1}\n";

static int set_up(void **state)
{
    (void)state;
    temp_write("a.yaml", pipeline, sizeof pipeline - 1);
    temp_write("wrong.yaml", wrong, sizeof wrong - 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_clear();
    return 0;
}

/* ---- the tables */

static bool is_option(const char *name, size_t n)
{
    for (int i = 0; i < sdag_cli_options_n; i++)
        if (strlen(sdag_cli_options[i].name) == n && !strncmp(sdag_cli_options[i].name, name, n)) return true;
    return false;
}

static void test_tables(void **state)
{
    (void)state;
    for (int i = 0; i < sdag_commands_n; i++) {
        const sdag_command *cmd = &sdag_commands[i];
        for (int k = 0; k < i; k++) assert_string_not_equal(cmd->name, sdag_commands[k].name);
        for (const char *at = cmd->options; *at; at += at[strcspn(at, " ")] ? strcspn(at, " ") + 1 : strcspn(at, " "))
            if (!is_option(at, strcspn(at, " "))) fail_msg("%s takes no such option: %s", cmd->name, at);
        const sdag_cli_page *page = sdag_cli_pages;
        while (page->command && strcmp(page->command, cmd->name)) page++;
        if (!page->command) fail_msg("no page in the manual for '%s': runtime/cli/pages.c", cmd->name);
    }
    for (int i = 0; i < sdag_cli_options_n; i++) {
        const sdag_cli_option *o = &sdag_cli_options[i];
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(o->name, sdag_cli_options[k].name);
            if (o->letter) assert_int_not_equal(o->letter, sdag_cli_options[k].letter);
        }
        if (o->value && !sdag_cli_values(o->name)) fail_msg("no row for --%s in runtime/cli/complete.c", o->name);
    }
}

/* ---- completions */

static bool has_line(const char *text, const char *line)
{
    size_t n = strlen(line);
    for (const char *at = text; (at = strstr(at, line)); at += n)
        if ((at == text || at[-1] == '\n') && strchr("\t\n", at[n])) return true;
    return false;
}

static void test_complete(void **state)
{
    static const struct {
        const char *words[6], *has, *not ;
    } rows[] = {
        {{""}, "run", ":files"},
        {{"ch"}, "check", "run"},
        {{"run", "--th"}, "--threads", "--set"},
        {{"run", ""}, ":files yaml", "run"},
        {{"run", "--out", ""}, ":dirs", NULL},
        {{"dump", "--stage", "p"}, "plan", "ops"},
        {{"dump", "--stage=p"}, "plan", "ops"},
        {{"dump", "--stage", "=", "p"}, "plan", "ops"}, /* as bash cuts it */
        {{"inspect", "loss.n"}, "loss.nt_xent", "loss.mse"},
        {{"run", "a.yaml", "--set", ""}, "width=", NULL},
        {{"run", "a.yaml", "-s", "wi"}, "width=", "seed="},
        {{"bench", "a.yaml", "--phase", ""}, "teach", NULL},
        {{"bench", "wrong.yaml", "--phase", ""}, "a", NULL}, /* a file that is not valid helps as far as it can */
        {{"completion", ""}, "zsh", NULL},
        {{"help", "in"}, "inspect", "run"},
        {{"bench", "pipe.yaml", "--phase", ""}, NULL, "a"}, /* is not waited for */
        {{"nothing", ""}, NULL, "run"},
    };
    (void)state;
    assert_int_equal(mkfifo(temp_path("pipe.yaml"), 0600), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *args[10] = {"__complete"};
        for (int k = 0; k < 6 && rows[i].words[k]; k++) args[k + 1] = rows[i].words[k];
        c = (child){0};
        child_start(&c, args);
        child_wait(&c);
        assert_int_equal(c.code, 0);
        assert_string_equal(c.err, "");
        if (rows[i].has && !has_line(c.out, rows[i].has)) fail_msg("row %zu: no %s in:\n%s", i, rows[i].has, c.out);
        if (rows[i].not &&has_line(c.out, rows[i].not )) fail_msg("row %zu: %s in:\n%s", i, rows[i].not, c.out);
    }
}

/* What a shell command prints on its standard output. */
static const char *shell(const char *command)
{
    static char text[4096];
    FILE *f = popen(command, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = 0;
    pclose(f);
    return text;
}

/* bash itself runs its script; zsh and fish read theirs where they are installed. */
static void test_scripts(void **state)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    char command[3 * PATH_MAX], real[PATH_MAX];
    (void)state;
    assert_non_null(realpath(getenv("SSLDAG"), real));
    for (int i = 0; i < 3; i++) {
        child_run(&c, "completion", shells[i]);
        assert_int_equal(c.code, 0);
        temp_write(shells[i], c.out, strlen(c.out));
        snprintf(command, sizeof command,
                 "if command -v %s >/dev/null; then %s %s '%s' 2>&1 && echo fine; else echo fine; fi", shells[i],
                 shells[i], i == 2 ? "--no-execute" : "-n", temp_path(shells[i]));
        assert_string_equal(shell(command), "fine\n");
    }
    snprintf(command, sizeof command,
             "bash -c 'source \"%s\"; COMP_WORDS=(\"%s\" inspect loss.ba); COMP_CWORD=2; _ssldag 2>/dev/null; echo "
             "\"${COMPREPLY[*]}\"'",
             temp_path("bash"), real);
    assert_string_equal(shell(command), "loss.barlow_twins\n");
    /* "--stage=p" is one word for fish, and two for bash */
    snprintf(command, sizeof command,
             "if command -v fish >/dev/null; then PATH='%.*s':\"$PATH\" HOME='%s' fish -c 'source \"%s\"; complete -C "
             "\"ssldag "
             "dump --stage=p\"'; else echo --stage=plan; fi",
             (int)(strrchr(real, '/') - real), real, temp_path(""), temp_path("fish"));
    assert_string_equal(shell(command), "--stage=plan\n");
    child_run(&c, "completion", "bas");
    assert_true(child_ends(&c, 2, "did you mean 'bash'?"));
}

/* What `new` writes works as it is, or is not written. */
static void test_new(void **state)
{
    static const struct {
        const char *name, *says;
    } rows[] = {
        {"loss.mse", "the node type 'loss.mse' is built in"},
        {"op.relu", "the operation 'relu' is built in"},
        {"op.blend", "the node type 'math.blend' is built in"},
        {"augment.noise", "the transform 'noise' is built in"},
        {"loss.test", "'loss.test' cannot be built as a plugin: CMake has a 'test' of its own"},
        {"los.mine", "did you mean 'loss'?"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        child_run(&c, "new", "node", rows[i].name, "--out", "new");
        assert_true(child_ends(&c, 2, rows[i].says));
        assert_int_not_equal(access(temp_path("new"), F_OK), 0);
    }
}

/* ---- the manual */

static void test_man(void **state)
{
    char command[2 * PATH_MAX];
    (void)state;
    child_run(&c, "man", "pages/man1");
    assert_true(child_ends(&c, 0, NULL));
    assert_int_equal(files_like("pages/man1", ".1"), sdag_commands_n + 1);
    for (int i = 0; i < sdag_commands_n; i++) {
        char name[128];
        size_t n;
        snprintf(name, sizeof name, "pages/man1/ssldag-%s.1", sdag_commands[i].name);
        char *text = (char *)temp_read(&n, name);
        text[n] = 0;
        assert_non_null(strstr(text, ".SH OPTIONS"));
        assert_non_null(strstr(text, ".BR \\-h \", \" \\-\\-help\n"));
        free(text);
    }
    child_run(&c, "man", ""); /* not into the root */
    assert_true(child_ends(&c, 2, "the DIR of 'ssldag man' is empty"));
    snprintf(command, sizeof command,
             "if command -v mandoc >/dev/null; then mandoc -Tlint -Wwarning '%s'/*.[15]; fi; echo fine",
             temp_path("pages/man1"));
    assert_string_equal(shell(command), "fine\n");
}

/* ---- colours, quiet, verbose */

static void test_colors(void **state)
{
    (void)state;
    child_run(&c, "check", "wrong.yaml");
    assert_true(child_ends(&c, 3, "wrong.yaml:5:39: error: "));
    assert_null(strchr(c.err, '\033')); /* no terminal */
    child_run(&c, "check", "wrong.yaml", "--color", "always");
    assert_int_equal(c.code, 3);
    assert_true(child_says(&c, "\033[1;31merror:\033[0m"));
    child_run(&c, "check", "wrong.yaml", "--color=never");
    assert_null(strchr(c.err, '\033'));
    child_run(&c, "check", "a.yaml", "--color", "sometimes");
    assert_true(child_ends(&c, 2, "--color takes auto, always or never, not 'sometimes'"));
}

/* On a terminal: with this TERM and this NO_COLOR (NULL: not set), are there colours? */
static bool is_colored(const char *term, const char *no_color)
{
    char said[4096];
    size_t n = 0;
    int fd, status;
    pid_t pid = forkpty(&fd, NULL, NULL, NULL);
    assert_true(pid >= 0);
    if (pid == 0) {
        setenv("TERM", term, 1);
        unsetenv("NO_COLOR");
        if (no_color) setenv("NO_COLOR", no_color, 1);
        execl(getenv("SSLDAG"), "ssldag", "check", temp_path("wrong.yaml"), (char *)NULL);
        _exit(126);
    }
    for (ssize_t k; n < sizeof said - 1 && (k = read(fd, said + n, sizeof said - 1 - n)) > 0;) n += (size_t)k;
    said[n] = 0;
    close(fd);
    assert_true(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 3);
    assert_non_null(strstr(said, "error:"));
    return strchr(said, '\033') != NULL;
}

/* https://no-color.org */
static void test_terminal(void **state)
{
    (void)state;
    assert_true(is_colored("xterm", NULL));
    assert_true(is_colored("xterm", ""));
    assert_false(is_colored("xterm", "1"));
    assert_false(is_colored("dumb", NULL));
}

static void test_quiet_and_verbose(void **state)
{
    (void)state;
    child_run(&c, "run", "a.yaml", "--out", "quiet", "--quiet");
    assert_int_equal(c.code, 0);
    assert_string_equal(c.out, "");
    assert_string_equal(c.err, "");
    child_run(&c, "run", "a.yaml", "--out", "verbose", "-v");
    assert_int_equal(c.code, 0);
    assert_true(child_says(&c, "detail: phase 'teach': "));
    assert_true(child_says(&c, "weights/teach.encoder.safetensors"));
    assert_true(runs_agree("quiet", "verbose"));
}

/* ---- JSON */

static json_t *answer(void)
{
    json_error_t e;
    json_t *v = json_loads(c.out, 0, &e);
    if (!v) fail_msg("%s in:\n%s", e.text, c.out);
    return v;
}

static void test_check_json(void **state)
{
    (void)state;
    child_run(&c, "check", "wrong.yaml", "--json");
    assert_int_equal(c.code, 3);
    assert_string_equal(c.err, "");
    json_t *v = answer(), *m = json_array_get(json_object_get(v, "messages"), 0);
    assert_true(json_is_false(json_object_get(v, "valid")));
    assert_string_equal(json_string_value(json_object_get(m, "level")), "error");
    assert_string_equal(json_string_value(json_object_get(m, "file")), "wrong.yaml");
    assert_int_equal(json_integer_value(json_object_get(m, "line")), 5);
    assert_int_equal(json_integer_value(json_object_get(m, "column")), 39);
    json_decref(v);
    child_run(&c, "check", "a.yaml", "--json");
    assert_int_equal(c.code, 0);
    v = answer();
    json_t *p = json_array_get(json_object_get(v, "phases"), 0);
    assert_true(json_is_true(json_object_get(v, "valid")));
    assert_string_equal(json_string_value(json_object_get(p, "name")), "teach");
    assert_true(json_is_true(json_object_get(p, "trains")));
    assert_true(json_integer_value(json_object_get(p, "weights")) > 64 * 8);
    json_decref(v);
    child_run(&c, "check", "no\xff.yaml", "--json"); /* a name that is no text */
    assert_int_equal(c.code, 4);
    json_decref(answer());
}

static void test_run_json(void **state)
{
    (void)state;
    child_run(&c, "run", "a.yaml", "--out", "json", "--json");
    assert_int_equal(c.code, 0);
    json_t *v = answer();
    assert_string_equal(json_string_value(json_object_get(v, "folder")), "json");
    json_t *loss = json_object_get(json_object_get(json_object_get(v, "phases"), "teach"), "loss");
    assert_true(json_is_real(loss));
    assert_true(json_real_value(loss) == run_metric("json", "teach", "loss"));
    json_decref(v);
}

static void test_doctor(void **state)
{
    (void)state;
    child_run(&c, "doctor");
    assert_true(child_ends(&c, 0, NULL));
    assert_non_null(strstr(c.out, "OpenBLAS"));
    child_run(&c, "doctor", "--json");
    assert_int_equal(c.code, 0);
    json_t *v = answer(), *list = json_object_get(v, "checks");
    assert_true(json_array_size(list) >= 5);
    for (size_t i = 0; i < json_array_size(list); i++)
        assert_string_not_equal(json_string_value(json_object_get(json_array_get(list, i), "verdict")), "fails");
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),   cmocka_unit_test(test_complete),
        cmocka_unit_test(test_scripts),  cmocka_unit_test(test_new),
        cmocka_unit_test(test_man),      cmocka_unit_test(test_colors),
        cmocka_unit_test(test_terminal), cmocka_unit_test(test_quiet_and_verbose),
        cmocka_unit_test(test_run_json), cmocka_unit_test(test_check_json),
        cmocka_unit_test(test_doctor),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
