/* Loading a shared object: first in a process of its own, then here. */
#include <dlfcn.h>
#include <errno.h>
#include <fenv.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include "runtime/plugin/plugin.h"

/* What is being done, for the message on a crash. */
typedef enum { STAGE_LOAD, STAGE_GET, STAGE_TABLES, STAGE_INIT, STAGE_DONE } stage;
static const char *const stage_words[] = {"while it was loaded", "in sdag_plugin_get", "while its tables were read",
                                          "in its init"};

typedef struct opening {
    sdag_arena *a;
    sdag_log *log;
    sdag_loc loc;
    const char *path, *name;
    volatile int *stage;
    bool trial;
    const sdag_plugin *out;
} opening;

/* ---- the arithmetic of the process ---- */

/* -ffast-math at link time makes the loading of an object turn on flush-to-zero for this thread. */
static bool arithmetic_is_plain(void)
{
    volatile float small = 1e-38f, tiny = 1e-40f, part = 0.01f, one = 1;
    return small * part != 0 && tiny * one != 0 && fegetround() == FE_TONEAREST;
}

static void *load(opening *o, bool *changed)
{
    fenv_t before;
    bool plain = arithmetic_is_plain();
    fegetenv(&before);
    void *handle = dlopen(o->path, RTLD_NOW | RTLD_LOCAL);
    *changed = plain && !arithmetic_is_plain();
    fesetenv(&before);
    return handle;
}

/* ---- here ---- */

enum { OPEN_MAX = 256 };
static void *ready[OPEN_MAX]; /* handles whose init has been called */
static int n_ready;

static bool is_ready(const void *handle)
{
    for (int i = 0; i < n_ready; i++)
        if (ready[i] == handle) return true;
    return false;
}

static const char *dl_reason(sdag_arena *a)
{
    const char *text = dlerror();
    return text ? sdag_arena_str(a, text) : "dlopen gives no reason";
}

static sdag_status refuse(const opening *o, const char *why)
{
    return sdag_fail(o->log, SDAG_INVALID, o->loc, "plugin '%s' %s", o->name, why);
}

typedef const sdag_plugin *get_function(void);

static get_function *find_entry(void *handle)
{
    union {
        void *address;
        get_function *function;
    } entry = {.address = dlsym(handle, SDAG_PLUGIN_SYMBOL)};
    return entry.function;
}

static sdag_status read_tables(opening *o, get_function *get)
{
    char why[SDAG_PLUGIN_WHY] = "";
    *o->stage = STAGE_GET;
    const sdag_plugin *p = get();
    *o->stage = STAGE_TABLES;
    if (!p) return refuse(o, "is no plugin of ssldag: sdag_plugin_get gives NULL");
    if (!sdag_plugin_fits(why, p)) return refuse(o, why);
    o->out = sdag_plugin_extend(o->a, p);
    if (!sdag_plugin_sane(why, o->out)) return refuse(o, sdag_arena_printf(o->a, "is not in order: %s", why));
    return SDAG_OK;
}

static sdag_status start(opening *o, void *handle)
{
    if (is_ready(handle)) return SDAG_OK;
    if (n_ready == OPEN_MAX) return refuse(o, "is one too many: 256 can be loaded");
    *o->stage = STAGE_INIT;
    const char *wrong = o->out->init ? o->out->init() : NULL;
    if (wrong) return refuse(o, sdag_arena_printf(o->a, "cannot be used: %s", wrong));
    ready[n_ready++] = handle;
    return SDAG_OK;
}

static sdag_status open_here(opening *o)
{
    bool changed;
    *o->stage = STAGE_LOAD;
    void *handle = load(o, &changed);
    if (!handle)
        return sdag_fail(o->log, SDAG_IO, o->loc, "plugin '%s' cannot be loaded: %s", o->name, dl_reason(o->a));
    get_function *get = find_entry(handle);
    sdag_status status;
    if (!get)
        status = refuse(o, "is no plugin of ssldag: it has no function " SDAG_PLUGIN_SYMBOL
                           ", which SDAG_PLUGIN(...) defines");
    else status = read_tables(o, get);
    if (!status && changed)
        status = refuse(o, "changes the arithmetic of the whole process (flush-to-zero) when it is loaded: link it "
                           "without -ffast-math");
    if (!status) status = start(o, handle);
    if (status && !is_ready(handle)) dlclose(handle);
    return status;
}

/* ---- in a process of its own ---- */

static void child_signals(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGALRM, SIGTERM};
    const struct rlimit no_core = {0, 0};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &no_core);
    alarm(SDAG_PLUGIN_SECONDS);
}

_Noreturn static void child(opening *o)
{
    int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
    child_signals();
    o->log = sdag_log_create(NULL);
    if (o->log) open_here(o); /* what is wrong without a crash is found, and said, by the parent */
    *o->stage = STAGE_DONE;
    _exit(0);
}

static sdag_status judge(opening *o, int status)
{
    int at = *o->stage;
    if (at == STAGE_DONE) return SDAG_OK;
    const char *where = stage_words[at];
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        return refuse(o,
                      sdag_arena_printf(o->a, "did not come back within %d s: it hung %s", SDAG_PLUGIN_SECONDS, where));
    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        return refuse(o, sdag_arena_printf(o->a, "crashed (SIG%s) %s", name ? name : "?", where));
    }
    return refuse(o, sdag_arena_printf(o->a, "ended the process (exit code %d) %s", WEXITSTATUS(status), where));
}

static sdag_status try_out(opening *o)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) child(o);
    if (pid < 0)
        return sdag_fail(o->log, SDAG_FAILED, o->loc, "no process to try plugin '%s' in: %s", o->name, strerror(errno));
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return sdag_fail(o->log, SDAG_FAILED, o->loc, "waitpid: %s", strerror(errno));
    return judge(o, status);
}

sdag_status sdag_plugin_open(const sdag_plugin **out, sdag_arena *a, sdag_log *log, sdag_loc loc, const char *path,
                             const char *name)
{
    /* dlopen looks in the system's folders for what has no '/' */
    opening o = {.a = a, .log = log, .loc = loc, .name = name};
    o.path = strchr(path, '/') ? path : sdag_arena_printf(a, "./%s", path);
    int *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return sdag_fail(log, SDAG_FAILED, loc, "plugin '%s': %s", name, strerror(errno));
    o.stage = shared;
    opening trial = o;
    sdag_status status = try_out(&trial);
    if (!status) status = open_here(&o);
    munmap(shared, sizeof *shared);
    *out = o.out;
    return status;
}
