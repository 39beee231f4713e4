/* The three ways to convolve, private to core/cpu. Each has the plan and the run of conv.h; conv.c chooses. */
#ifndef SDAG_CPU_CONV_INT_H
#define SDAG_CPU_CONV_INT_H

#include "core/cpu/conv.h"
#include "core/cpu/kern.h"

/* One call of sdag_conv_run. */
typedef struct sdag_conv_job {
    const sdag_conv *cv;
    sdag_conv_kind kind;
    int64_t oh, ow;
    const float *a, *b;
    float *out, *work, *scratch;
    int stage;
    int64_t tile;
} sdag_conv_job;

bool sdag_conv_fits_winograd(const sdag_conv *cv);
void sdag_conv_plan_winograd(const sdag_conv_job *j, sdag_tiling *t);
void sdag_conv_run_winograd(const sdag_conv_job *j);

bool sdag_conv_fits_depthwise(const sdag_conv *cv);
void sdag_conv_plan_depthwise(const sdag_conv_job *j, sdag_tiling *t);
void sdag_conv_run_depthwise(const sdag_conv_job *j);

void sdag_conv_plan_gather(const sdag_conv_job *j, sdag_tiling *t);
void sdag_conv_run_gather(const sdag_conv_job *j);

static inline int64_t sdag_min_i64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t sdag_max_i64(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t sdag_ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; } /* a >= 0, b >= 1 */

#endif
