#include "core/node/opt.h"

/* Whole steps of a duration; a negative one counts as none. */
static int64_t steps_of(sdag_duration d, int64_t steps_per_epoch)
{
    double n = d.unit == SDAG_EPOCHS ? d.n * (double)steps_per_epoch : d.n;
    if (!(n > 0)) return 0;
    return n < 9e18 ? llrint(n) : INT64_MAX;
}

/* How far step t has come between the end of the warm-up and the last step: 0..1. A single step is at the start. */
static double progress(int64_t t, int64_t warmup, int64_t steps)
{
    if (t <= warmup) return 0;
    if (t >= steps - 1) return 1;
    return (double)(t - warmup) / (double)(steps - warmup - 1);
}

float sdag_schedule_at(const sdag_schedule *s, int64_t step, int64_t steps, int64_t steps_per_epoch)
{
    int64_t warmup = steps_of(s->warmup, steps_per_epoch);
    if (step < warmup) return (float)(s->from * ((double)(step + 1) / (double)warmup));

    double from = s->from, to = s->to, u = progress(step, warmup, steps), factor = 1;
    switch (s->rule) {
    case SDAG_SCHED_COSINE: return (float)(to - (to - from) * (cos(M_PI * u) + 1) / 2);
    case SDAG_SCHED_LINEAR: return (float)(from + (to - from) * u);
    case SDAG_SCHED_STEPS:
        for (int i = 0; i < s->n_at && steps_of(s->at[i], steps_per_epoch) <= step; i++) factor *= s->factor;
        return (float)(from * factor);
    case SDAG_SCHED_CONST: break;
    }
    return s->from;
}
