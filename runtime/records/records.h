/* What a run keeps about itself while it runs: for its report, and for the pictures of its pipeline.
 *
 *   sdag_records_open(s, &at);                      // reads back what an earlier part of the run has kept
 *   sdag_records_phase(s, task, at.step);           // a phase's program is ready
 *   sdag_records_look(s, SDAG_LOOK_FIRST);
 *     sdag_records_before(s, task); step; sdag_records_after(s, task);
 *     sdag_records_look(s, SDAG_LOOK_DUE);          // at a report: pictures and maps, when they are worth their time
 *     sdag_records_moment(s, false);                // at a report, after it was written: the files
 *   sdag_records_look(s, SDAG_LOOK_LAST);           // the end of a phase, its program still there
 *   sdag_records_phase_over(s);
 *   sdag_records_moment(s, true);                   // after its summary was written
 *   sdag_records_close(s);
 *
 * It looks and never touches: results are the same to the bit with it and without. Nothing of it can fail a run: what
 * cannot be made is left out, and a file that cannot be written is warned about once. It takes at most a few hundredths
 * of the time of the run, but for the first and the last look of every phase. All functions do nothing where a session
 * has no records (sdag_run_options.no_report, `bench`).
 *
 * Files: timing.json, and report/ with plan.json, views.json and its pictures, embedding.json, confusion.json,
 * env.json; README.md of runtime says what stands in them. */
#ifndef SDAG_RUNTIME_RECORDS_RECORDS_H
#define SDAG_RUNTIME_RECORDS_RECORDS_H

#include "runtime/run/session.h"
#include "runtime/run/sweep.h"

typedef struct sdag_recorder sdag_recorder;

/* at: where the run goes on; what was kept of later moments is forgotten. */
void sdag_records_open(sdag_session *s, const sdag_cursor *at);
void sdag_records_close(sdag_session *s);

/* The program of the phase that begins, or goes on at step `from`. */
void sdag_records_phase(sdag_session *s, sdag_task *t, int64_t from);
void sdag_records_phase_over(sdag_session *s); /* before the program goes */

/* Around each step of it; between them nothing but the step. */
void sdag_records_before(sdag_session *s, const sdag_task *t);
void sdag_records_after(sdag_session *s, const sdag_task *t);

typedef enum { SDAG_LOOK_FIRST, SDAG_LOOK_DUE, SDAG_LOOK_LAST } sdag_look_when;
/* Grids of images and maps of features, by the weights of now. */
void sdag_records_look(sdag_session *s, sdag_look_when when);

/* The counts of a collector that has been closed. */
void sdag_records_confusion(sdag_session *s, const sdag_probe *p);

/* The hook: what was kept goes to the files, then the page of the report is made of them. last: the end of a phase, a
 * stop or a failure; otherwise only when the last time was some seconds ago. */
void sdag_records_moment(sdag_session *s, bool last);

#endif
