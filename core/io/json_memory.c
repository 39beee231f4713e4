#include "core/io/json_memory.h"

#include <jansson.h>
#include <pthread.h>

#include "core/base/alloc.h"

static _Thread_local bool starved;

static void *take(size_t n)
{
    void *p = sdag_alloc(n);
    if (!p) starved = true;
    return p;
}

static void install(void) { json_set_alloc_funcs(take, sdag_free); }

void sdag_json_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    starved = false;
}

bool sdag_json_starved(void) { return starved; }
