/* What a person sees while a phase trains: a bar on a terminal, a line an epoch elsewhere. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/run/session.h"

enum { BAR = 24 };

void sdag_progress_begin(sdag_session *s, int64_t step)
{
    sdag_progress *p = &s->progress;
    p->bar = s->options->progress && isatty(STDERR_FILENO);
    p->quiet = s->options->quiet;
    p->began = sdag_now();
    p->shown = 0;
    p->first = step;
}

static const char *clock_text(char buf[32], double seconds)
{
    long n = seconds > 0 && seconds < 1e8 ? (long)(seconds + 0.5) : 0;
    if (n >= 3600) snprintf(buf, 32, "%ld:%02ld:%02ld", n / 3600, n / 60 % 60, n % 60);
    else snprintf(buf, 32, "%ld:%02ld", n / 60, n % 60);
    return buf;
}

static const char *rate_text(char buf[32], double v)
{
    if (v >= 1e4) snprintf(buf, 32, "%.1fk", v / 1e3);
    else snprintf(buf, 32, "%.0f", v);
    return buf;
}

void sdag_progress_show(sdag_session *s, const sdag_progress_now *n)
{
    sdag_progress *p = &s->progress;
    double now = sdag_now();
    bool last = n->step == n->steps;
    if (p->quiet || (!p->bar && !n->epoch_end)) return;
    if (!last && now - p->shown < (p->bar ? 0.1 : 5)) return;
    p->shown = now;
    char left[32], rate[32], bar[BAR + 1];
    int64_t done = n->step - p->first;
    clock_text(left, done > 0 ? (now - p->began) / (double)done * (double)(n->steps - n->step) : 0);
    int fill = n->steps ? (int)(n->step * BAR / n->steps) : BAR;
    for (int i = 0; i < BAR; i++) bar[i] = i < fill ? '#' : '.';
    bar[BAR] = 0;
    int64_t epoch = n->steps_per_epoch ? (n->step + n->steps_per_epoch - 1) / n->steps_per_epoch : 0;
    int64_t epochs = n->steps_per_epoch ? (n->steps + n->steps_per_epoch - 1) / n->steps_per_epoch : 0;
    fprintf(stderr, "%s%-10s epoch %*lld/%lld [%s] loss %.4f  %6s images/s  left %s  data wait %2.0f%%%s",
            p->bar ? "\r" : "", n->phase, snprintf(NULL, 0, "%lld", (long long)epochs), (long long)epoch,
            (long long)epochs, bar, n->loss, rate_text(rate, n->images_per_s), left, 100 * n->wait_share,
            p->bar ? "\033[K" : "\n");
    fflush(stderr);
}

void sdag_progress_end(sdag_session *s)
{
    if (s->progress.bar && s->progress.shown > 0 && !s->progress.quiet) fputc('\n', stderr);
    s->progress.shown = 0;
}
