/* Private to the run: one phase, trained or swept. */
#ifndef SDAG_RUNTIME_RUN_PHASE_H
#define SDAG_RUNTIME_RUN_PHASE_H

#include "runtime/run/session.h"

sdag_status sdag_session_init(sdag_session *s, const sdag_run_options *o, sdag_arena *a, sdag_log *log);

/* Continues at at->step; keeps *at right, so that it can be saved whenever the function returns. SDAG_STOPPED: a signal
 * came, a checkpoint was written. */
sdag_status sdag_phase_train(sdag_session *s, sdag_cursor *at);
sdag_status sdag_phase_infer(sdag_session *s, sdag_cursor *at);

/* Steps of a duration, at least 1. */
int64_t sdag_duration_steps(sdag_duration d, int64_t steps_per_epoch);

#endif
