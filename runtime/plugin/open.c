/* Loading a shared object: first in a process of its own, then here. */
#include <dlfcn.h>
#include <fenv.h>
#include <string.h>

#include "runtime/plugin/apart.h"
#include "runtime/plugin/plugin.h"

/* What is being done, for the message on a crash. */
typedef enum { STAGE_LOAD, STAGE_GET, STAGE_TABLES, STAGE_INIT } stage;
static const char *const stage_words[] = {"while it was loaded", "in sdag_plugin_get", "while its tables were read",
                                          "in its init"};

typedef struct opening {
    sdag_arena *a; /* of messages */
    sdag_log *log;
    sdag_loc loc;
    const char *path, *name;
    volatile int *stage;
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

sdag_arena *sdag_plugin_memory(void)
{
    static sdag_arena memory; /* all zero is empty */
    return &memory;
}

enum { OPEN_MAX = 256 };
static struct {
    void *handle;
    const sdag_plugin *plugin;
} ready[OPEN_MAX]; /* whose init has been called */
static int n_ready;

static const sdag_plugin *find_ready(const void *handle)
{
    for (int i = 0; i < n_ready; i++)
        if (ready[i].handle == handle) return ready[i].plugin;
    return NULL;
}

/* The same file once more, by a later pipeline of this process. */
static const sdag_plugin *opened_before(const char *path)
{
    void *handle = n_ready ? dlopen(path, RTLD_NOW | RTLD_NOLOAD) : NULL;
    const sdag_plugin *plugin = handle ? find_ready(handle) : NULL;
    if (handle) dlclose(handle);
    return plugin;
}

static const char *dl_reason(sdag_arena *a)
{
    const char *text = dlerror(),
               *newer = text && strstr(text, "undefined symbol: sdag_") ? "; is it for a newer ssldag?" : "";
    return text ? sdag_arena_printf(a, "%s%s", text, newer) : "dlopen gives no reason";
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

typedef struct extension {
    const sdag_plugin *from, *to;
} extension;

static sdag_status extend(void *arg)
{
    extension *e = arg;
    e->to = sdag_plugin_extend(sdag_plugin_memory(), e->from);
    return SDAG_OK;
}

static sdag_status read_tables(opening *o, get_function *get)
{
    char why[SDAG_PLUGIN_WHY] = "";
    *o->stage = STAGE_GET;
    const sdag_plugin *p = get();
    *o->stage = STAGE_TABLES;
    if (!p) return refuse(o, "is no plugin of ssldag: sdag_plugin_get gives NULL");
    if (!sdag_plugin_fits(why, p)) return refuse(o, why);
    extension e = {.from = p};
    sdag_status status = sdag_arena_try(sdag_plugin_memory(), extend, &e);
    if (status) return status;
    o->out = e.to;
    if (!sdag_plugin_sane(why, o->out)) return refuse(o, sdag_arena_printf(o->a, "is not in order: %s", why));
    return SDAG_OK;
}

static sdag_status start(opening *o, void *handle)
{
    if (n_ready == OPEN_MAX) return refuse(o, "is one too many: 256 can be loaded");
    *o->stage = STAGE_INIT;
    const char *wrong = o->out->init ? o->out->init() : NULL;
    if (wrong) return refuse(o, sdag_arena_printf(o->a, "cannot be used: %s", wrong));
    ready[n_ready].handle = handle;
    ready[n_ready++].plugin = o->out;
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
    return status; /* never unloaded, also when refused: something of it may be known by its address */
}

/* ---- in a process of its own ---- */

/* Copied to the child, but for *stage. What is wrong without a crash is found, and said, by the parent. */
static void try_in_child(void *arg)
{
    opening *o = arg;
    o->log = sdag_log_create(NULL);
    if (o->log) open_here(o);
}

static sdag_status try_out(opening *o)
{
    opening trial = *o;
    const char *end = sdag_apart_run(o->a, SDAG_PLUGIN_SECONDS, try_in_child, &trial);
    return end ? refuse(o, sdag_arena_printf(o->a, "%s %s", end, stage_words[*o->stage])) : SDAG_OK;
}

sdag_status sdag_plugin_open(const sdag_plugin **out, sdag_arena *a, sdag_log *log, sdag_loc loc, const char *path,
                             const char *name)
{
    /* dlopen looks in the system's folders for what has no '/' */
    opening o = {.a = a, .log = log, .loc = loc, .name = name};
    o.path = strchr(path, '/') ? path : sdag_arena_printf(a, "./%s", path);
    if ((*out = opened_before(o.path))) return SDAG_OK;
    int *shared = sdag_apart_memory(sizeof *shared);
    if (!shared) return SDAG_NOMEM;
    o.stage = shared;
    sdag_status status = try_out(&o);
    if (!status) status = open_here(&o);
    sdag_apart_free(shared, sizeof *shared);
    *out = o.out;
    return status;
}
