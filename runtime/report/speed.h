/* Which curves speak of speed: they stand in a section of their own. */
#ifndef SDAG_RUNTIME_REPORT_SPEED_H
#define SDAG_RUNTIME_REPORT_SPEED_H

#include <stdbool.h>

bool sdag_speed_is(const char *metric);

#endif
