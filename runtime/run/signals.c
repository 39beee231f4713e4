#include "runtime/run/signals.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t seen;

static void note(int signal_number) { seen = signal_number; }

void sdag_signals_watch(void)
{
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = note;
    a.sa_flags = SA_RESTART | (int)SA_RESETHAND; /* the next one has its usual effect */
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int sdag_signals_seen(void) { return seen; }
