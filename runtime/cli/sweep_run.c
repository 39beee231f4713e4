/* The runs of a sweep, one after another, each a process of this very program: what goes wrong in one (a number that
 * is not finite, memory that runs out) ends that one alone, and resuming, signals and exit codes are those of `run`. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/cli/sweep.h"

static volatile sig_atomic_t signalled;
static volatile sig_atomic_t child; /* its process group, 0: none */

/* The child gets it too: it writes a checkpoint and ends. A second one has its usual effect on both. */
static void pass_on(int number)
{
    signalled = number;
    if (child) kill(-(pid_t)child, number);
}

static void watch(void)
{
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = pass_on;
    a.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
}

static bool exists(const sdag_sweep *s, const sdag_sweep_run *r)
{
    return access(sdag_arena_printf(s->c->arena, "%s/config.yaml", r->dir), F_OK) == 0;
}

static const char **arguments(const sdag_sweep *s, const sdag_sweep_run *r)
{
    sdag_cli *c = s->c;
    sdag_spec_set *sets = SDAG_NEWS(c->arena, sdag_spec_set, c->n_sets + 1);
    SDAG_VEC(const char *) v = {0};
    *SDAG_PUSH(c->arena, &v) = "ssldag";
    *SDAG_PUSH(c->arena, &v) = "run";
    if (exists(s, r)) {
        *SDAG_PUSH(c->arena, &v) = "--resume";
        *SDAG_PUSH(c->arena, &v) = r->dir;
    } else {
        sdag_sweep_sets(sets, s, r);
        for (int i = 0; i < c->n_sets; i++)
            *SDAG_PUSH(c->arena, &v) = sdag_arena_printf(c->arena, "--set=%s=%s", sets[i].path, sets[i].value);
        *SDAG_PUSH(c->arena, &v) = "--out";
        *SDAG_PUSH(c->arena, &v) = r->dir;
    }
    if (c->plugin_path) *SDAG_PUSH(c->arena, &v) = sdag_arena_printf(c->arena, "--plugin-path=%s", c->plugin_path);
    if (c->threads) *SDAG_PUSH(c->arena, &v) = sdag_arena_printf(c->arena, "--threads=%d", c->threads);
    if (c->plugin_path) *SDAG_PUSH(c->arena, &v) = sdag_arena_printf(c->arena, "--plugin-path=%s", c->plugin_path);
    if (c->no_progress) *SDAG_PUSH(c->arena, &v) = "--no-progress";
    if (c->quiet) *SDAG_PUSH(c->arena, &v) = "--quiet";
    if (!exists(s, r)) {
        *SDAG_PUSH(c->arena, &v) = "--";
        *SDAG_PUSH(c->arena, &v) = s->file;
    }
    *SDAG_PUSH(c->arena, &v) = NULL;
    return v.at;
}

/* In the child: standard output is the table's, so what `run` prints at its end is dropped. */
_Noreturn static void become_run(const char **args, pid_t parent)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* a sweep that is killed leaves nothing running */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    if (getppid() == parent && null >= 0 && dup2(null, STDOUT_FILENO) >= 0) execv("/proc/self/exe", (char **)args);
    _exit(127);
}

static sdag_status run_one(const sdag_sweep *s, const sdag_sweep_run *r, int *code)
{
    const char **args = arguments(s, r);
    pid_t parent = getpid();
    int status;
    fflush(NULL);
    sigset_t both, before;
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    sigprocmask(SIG_BLOCK, &both, &before); /* no signal is lost between fork and the note of the child */
    pid_t pid = fork();
    if (pid == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        become_run(args, parent);
    }
    if (pid > 0) {
        setpgid(pid, pid);
        child = (sig_atomic_t)pid;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) return sdag_fail(s->c->log, SDAG_FAILED, SDAG_NOLOC, "a process cannot be made: %s", strerror(errno));
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return sdag_fail(s->c->log, SDAG_FAILED, SDAG_NOLOC, "%s: %s", r->dir, strerror(errno));
    child = 0;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (*code == 127) return sdag_fail(s->c->log, SDAG_FAILED, SDAG_NOLOC, "the program cannot be started again");
    return SDAG_OK;
}

sdag_status sdag_sweep_work(sdag_sweep *s)
{
    watch();
    for (int i = 0; i < s->n_runs; i++) {
        sdag_sweep_run *r = &s->runs[i];
        int code = -1;
        if (r->code >= 0) continue;
        if (signalled) return SDAG_STOPPED;
        if (!s->c->quiet) fprintf(stderr, "%d/%d %s\n", i + 1, s->n_runs, r->label);
        sdag_status status = run_one(s, r, &code);
        if (status) return status;
        if (code == sdag_exit_code(SDAG_STOPPED) || signalled) return SDAG_STOPPED;
        r->code = code;
        if ((status = sdag_sweep_save(s))) return status;
    }
    return SDAG_OK;
}
