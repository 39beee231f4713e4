#include "core/io/why.h"

#include <stdarg.h>
#include <stdio.h>

sdag_status sdag_why(char why[SDAG_WHY], sdag_status s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, SDAG_WHY, fmt, ap);
    va_end(ap);
    return s;
}
