#include "runtime/report/scale.h"

#include <math.h>
#include <stdio.h>

#include "runtime/report/page.h"

/* The smallest of 1, 2, 5 times a power of ten that leaves no more than `ticks` steps. */
static double nice_step(double range, int ticks)
{
    static const double parts[] = {1, 2, 5, 10};
    double ten = pow(10, floor(log10(range / ticks)));
    for (int i = 0; i < 4; i++)
        if (range / (parts[i] * ten) <= ticks * (1 + 1e-9)) return parts[i] * ten;
    return 10 * ten;
}

sdag_scale sdag_scale_make(double lo, double hi, double from, double to, int ticks, bool log, bool tight)
{
    sdag_scale a = {.from = from, .to = to, .log = log};
    if (log) lo = log10(lo), hi = log10(hi);
    double room = log ? 0.5 : fmax(fabs(hi) * 0.05, fabs(hi) < 1e-9 ? 0.5 : 1e-12); /* about numbers that are all one */
    if (hi - lo <= 1e-9 * fmax(fabs(hi), fabs(lo)) || hi - lo < 1e-300) lo -= room, hi += room;
    a.step = nice_step(hi - lo, ticks);
    if (log && a.step < 1) a.step = 1;
    a.lo = tight ? lo : floor(lo / a.step + 1e-9) * a.step;
    a.hi = tight ? hi : ceil(hi / a.step - 1e-9) * a.step;
    return a;
}

double sdag_scale_at(const sdag_scale *a, double v)
{
    if (a->log) v = v > 0 ? log10(v) : a->lo;
    double part = (v - a->lo) / (a->hi - a->lo);
    return a->from + fmin(fmax(part, 0), 1) * (a->to - a->from);
}

int sdag_scale_ticks(double at[SDAG_SCALE_TICKS_MAX], const sdag_scale *a)
{
    int n = 0;
    double first = ceil(a->lo / a->step - 1e-9);
    for (; n < SDAG_SCALE_TICKS_MAX; n++) {
        double v = (first + n) * a->step;
        if (v > a->hi + a->step * 1e-9) break;
        at[n] = a->log ? pow(10, v) : v;
    }
    return n;
}

const char *sdag_scale_text(char buf[32], const sdag_scale *a, double tick)
{
    if (fabs(tick) >= 1e4) return sdag_page_count(buf, tick);
    if (!a->log) tick = rint(tick / a->step) * a->step + 0.0; /* without what the steps to it lost */
    snprintf(buf, 32, "%.6g", tick);
    return buf;
}
