#include <fenv.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/data/dataset.h"
#include "runtime/pool/parts.h"

/* A worker without work looks for some this long before it sleeps: longer than the gaps within a step, since waking
 * takes as long, and short enough to be no burden on a machine that others use. */
enum { LOOK_NS = 50000 };

/* Waking is a system call, so one worker wakes only a few, and those wake others: all are awake in a few rounds. */
enum { WAKE_MAX = 3 };

static bool job_done(const sdag_job *j) { return !atomic_load(&j->left); }

static bool job_ready(const sdag_job *j)
{
    for (int i = 0; i < j->words; i++)
        if (atomic_load(&j->ready[i])) return true;
    return false;
}

/* The job, kept alive until leave; NULL when there is none. Saying so first and looking then is what lets
 * sdag_pool_run know when nobody is inside. */
static sdag_job *enter(sdag_worker *w)
{
    atomic_store(&w->inside, true);
    sdag_job *j = atomic_load(&w->pool->job);
    if (!j) atomic_store_explicit(&w->inside, false, memory_order_release);
    return j;
}

static void leave(sdag_worker *w) { atomic_store_explicit(&w->inside, false, memory_order_release); }

void sdag_worker_found(sdag_worker *w)
{
    w->looking = false;
    atomic_fetch_sub(&w->pool->looking, 1);
    w->since = sdag_now_ns();
}

static void look(sdag_worker *w, sdag_job *j)
{
    if (w->looking) return;
    atomic_fetch_add_explicit(&j->busy, sdag_now_ns() - w->since, memory_order_relaxed);
    w->looking = true;
    atomic_fetch_add(&w->pool->looking, 1);
}

/* One round of waiting. false: long enough. On a machine with more threads than cores, who waits gives way. */
static bool wait_round(int *rounds, int64_t *until)
{
    if (!*rounds) *until = sdag_now_ns() + LOOK_NS;
    if (++*rounds % 32 == 0) sched_yield();
    for (int i = 0; i < 8; i++) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    return sdag_now_ns() < *until;
}

/* Sleeps until there may be work again. Who makes work ready looks at `asleep` after that, and we look for work after
 * adding ourselves to it, so one of the two sees the other. own: the caller's job. */
static void sleep_until_woken(sdag_worker *w, const sdag_job *own)
{
    sdag_pool *p = w->pool;
    pthread_mutex_lock(&p->lock);
    w->asleep = true;
    atomic_fetch_add(&p->asleep, 1);
    atomic_fetch_sub(&p->looking, 1);
    const sdag_job *j = own ? own : enter(w);
    if (atomic_load(&p->quit) || (j && job_ready(j)) || (own && job_done(own))) {
        w->asleep = false;
        atomic_fetch_sub(&p->asleep, 1);
        atomic_fetch_add(&p->looking, 1);
    }
    if (j && !own) leave(w);
    while (w->asleep) pthread_cond_wait(&w->wake, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

/* Under the lock. Who is woken counts as looking at once, so that nobody else is woken for the same work. */
static void wake(sdag_worker *w)
{
    w->asleep = false;
    atomic_fetch_add(&w->pool->looking, 1);
    atomic_fetch_sub(&w->pool->asleep, 1);
    pthread_cond_signal(&w->wake);
}

void sdag_pool_wake(sdag_pool *p, int more)
{
    int n = more - atomic_load(&p->looking);
    if (n <= 0) return;
    if (n > WAKE_MAX) n = WAKE_MAX;
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < p->threads && n > 0; i++) {
        if (!p->workers[i].asleep) continue;
        wake(&p->workers[i]);
        n--;
    }
    pthread_mutex_unlock(&p->lock);
}

void sdag_pool_wake_caller(sdag_pool *p)
{
    if (!atomic_load(&p->asleep)) return;
    pthread_mutex_lock(&p->lock);
    if (p->workers[0].asleep) wake(&p->workers[0]);
    pthread_mutex_unlock(&p->lock);
}

void sdag_pool_run(sdag_pool *p, sdag_job *j)
{
    sdag_worker *w = &p->workers[0];
    fenv_t callers;
    int rounds = 0;
    int64_t until = 0;
    fegetenv(&callers); /* a library that the caller loaded may have changed how numbers are rounded */
    fesetenv(FE_DFL_ENV);
    w->looking = true;
    atomic_fetch_add(&p->looking, 1);
    atomic_store(&p->job, j);
    while (!job_done(j)) {
        if (j->work(j, w)) {
            rounds = 0;
            continue;
        }
        look(w, j);
        if (wait_round(&rounds, &until)) continue;
        sleep_until_woken(w, j);
        rounds = 0;
    }
    look(w, j);
    w->looking = false;
    atomic_fetch_sub(&p->looking, 1);
    atomic_store(&p->job, NULL);
    for (int i = 1; i < p->threads; i++)
        for (rounds = 0; atomic_load(&p->workers[i].inside);) wait_round(&rounds, &until);
    fesetenv(&callers);
}

/* Inside only to look and to work, not to wait: sdag_pool_run need not wait for who has lost the processor meanwhile.
 */
static void *worker_main(void *arg)
{
    sdag_worker *w = arg;
    sdag_pool *p = w->pool;
    int rounds = 0;
    int64_t until = 0;
    fesetenv(FE_DFL_ENV);
    while (!atomic_load(&p->quit)) {
        sdag_job *j = enter(w);
        if (j) {
            while (j->work(j, w)) rounds = 0;
            look(w, j);
            leave(w);
        }
        if (wait_round(&rounds, &until)) continue;
        sleep_until_woken(w, NULL);
        rounds = 0;
    }
    return NULL;
}

/* Threads inherit the signal mask: signals are for the thread that was there first. */
static int start(sdag_worker *w)
{
    sigset_t all, before;
    char name[16];
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    atomic_fetch_add(&w->pool->looking, 1);
    w->looking = true;
    int err = pthread_create(&w->thread, NULL, worker_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err) return err;
    snprintf(name, sizeof name, "ssldag-%d", w->slot);
    pthread_setname_np(w->thread, name);
    return 0;
}

sdag_pool *sdag_pool_create(sdag_log *log, int threads)
{
    if (threads < 1 || threads > SDAG_SLOTS_MAX) {
        sdag_fail(log, SDAG_USAGE, SDAG_NOLOC, "%d threads, expected 1 .. %d", threads, SDAG_SLOTS_MAX);
        return NULL;
    }
    sdag_pool *p = sdag_alloc_aligned(sizeof *p, SDAG_LINE);
    sdag_worker *workers = p ? sdag_alloc_aligned((size_t)threads * sizeof *workers, SDAG_LINE) : NULL;
    if (!workers) {
        sdag_free(p);
        sdag_fail(log, SDAG_NOMEM, SDAG_NOLOC, "out of memory for %d threads", threads);
        return NULL;
    }
    memset(p, 0, sizeof *p);
    memset(workers, 0, (size_t)threads * sizeof *workers);
    p->workers = workers;
    pthread_mutex_init(&p->lock, NULL);
    for (int i = 0; i < threads; i++) {
        sdag_worker *w = &workers[i];
        w->pool = p;
        w->slot = i;
        pthread_mutex_init(&w->fault.lock, NULL);
        pthread_cond_init(&w->wake, NULL);
        p->threads = i; /* for destroy */
        int err = i ? start(w) : 0;
        if (!err) continue;
        sdag_fail(log, SDAG_FAILED, SDAG_NOLOC, "cannot start thread %d of %d: %s", i + 1, threads, strerror(err));
        pthread_cond_destroy(&w->wake);
        pthread_mutex_destroy(&w->fault.lock);
        sdag_pool_destroy(p);
        return NULL;
    }
    p->threads = threads;
    return p;
}

void sdag_pool_destroy(sdag_pool *p)
{
    if (!p) return;
    atomic_store(&p->quit, true);
    pthread_mutex_lock(&p->lock);
    for (int i = 1; i < p->threads; i++)
        if (p->workers[i].asleep) wake(&p->workers[i]);
    pthread_mutex_unlock(&p->lock);
    for (int i = 1; i < p->threads; i++) pthread_join(p->workers[i].thread, NULL);
    for (int i = 0; i < p->threads; i++) {
        sdag_free(p->workers[i].scratch);
        pthread_mutex_destroy(&p->workers[i].fault.lock);
        pthread_cond_destroy(&p->workers[i].wake);
    }
    pthread_mutex_destroy(&p->lock);
    sdag_free(p->workers);
    sdag_free(p);
}

int sdag_pool_threads(const sdag_pool *p) { return p->threads; }

bool sdag_pool_scratch(sdag_pool *p, size_t bytes)
{
    if (bytes <= p->scratch) return true;
    for (int i = 0; i < p->threads; i++) {
        void *more = sdag_alloc_aligned(bytes, SDAG_ALIGN);
        if (!more) return false; /* those before it are larger than said, which does no harm */
        sdag_free(p->workers[i].scratch);
        p->workers[i].scratch = more;
    }
    p->scratch = bytes;
    return true;
}
