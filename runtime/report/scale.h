/* An axis of a picture: a range of numbers, made round, on a range of units; linear or in equal factors. */
#ifndef SDAG_RUNTIME_REPORT_SCALE_H
#define SDAG_RUNTIME_REPORT_SCALE_H

#include <stdbool.h>

typedef struct sdag_scale {
    double lo, hi, step; /* step: between ticks; log: of the exponent */
    double from, to;     /* units of lo and hi */
    bool log;
} sdag_scale;

enum { SDAG_SCALE_TICKS_MAX = 12 };

/* lo <= hi, both finite. tight: the range stays as it is, and ticks lie inside. ticks: about how many there should be.
 * log: lo > 0; ticks are powers of ten. */
sdag_scale sdag_scale_make(double lo, double hi, double from, double to, int ticks, bool log, bool tight);
double sdag_scale_at(const sdag_scale *a, double v); /* its unit; never outside from..to */
int sdag_scale_ticks(double at[SDAG_SCALE_TICKS_MAX], const sdag_scale *a);
const char *sdag_scale_text(char buf[32], const sdag_scale *a, double tick);

#endif
