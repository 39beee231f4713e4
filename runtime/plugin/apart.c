#include "runtime/plugin/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void *sdag_apart_memory(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void sdag_apart_free(void *p, size_t bytes)
{
    if (p) munmap(p, bytes);
}

/* No core files, no handlers of ours, nothing printed, and an end to waiting. */
static void prepare_child(int seconds)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGALRM, SIGTERM, SIGINT};
    const struct rlimit no_core = {0, 0};
    int null = open("/dev/null", O_RDWR);
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++) dup2(null, fd);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &no_core);
    alarm((unsigned)seconds);
}

static const char *end_of(sdag_arena *a, int seconds, bool late, int status)
{
    if (late || (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM))
        return sdag_arena_printf(a, "did not come back within %d s", seconds);
    if (!WIFSIGNALED(status)) return sdag_arena_printf(a, "ended the process (exit code %d)", WEXITSTATUS(status));
    const char *name = sigabbrev_np(WTERMSIG(status));
    return sdag_arena_printf(a, "crashed (SIG%s)", name ? name : "?");
}

/* Its alarm ends a child that hangs; one that blocks or ignores the alarm is ended a second later. *late: it was. */
static int wait_for(pid_t pid, int seconds, bool *late)
{
    int status = 0, ready = 1;
    struct pollfd end = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    while (end.fd >= 0 && (ready = poll(&end, 1, 1000 * (seconds + 1))) < 0 && errno == EINTR) continue;
    *late = ready == 0;
    if (*late) kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (end.fd >= 0) close(end.fd);
    return status;
}

const char *sdag_apart_run(sdag_arena *a, int seconds, void (*fn)(void *arg), void *arg)
{
    bool late, *back = sdag_apart_memory(sizeof *back);
    pid_t pid = back ? fork() : -1;
    if (pid < 0) {
        const char *why = sdag_arena_printf(a, "cannot be tried in a process of its own: %s", strerror(errno));
        sdag_apart_free(back, sizeof *back);
        return why;
    }
    if (pid == 0) {
        prepare_child(seconds);
        fn(arg);
        *back = true;
        _exit(0);
    }
    const int status = wait_for(pid, seconds, &late);
    const char *end = *back ? NULL : end_of(a, seconds, late, status);
    sdag_apart_free(back, sizeof *back);
    return end;
}
